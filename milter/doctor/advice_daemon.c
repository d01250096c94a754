/*
 * advice_daemon - advice about the daemon: it does not answer, or its lookups,
 * its state or the delivery of its mail are in trouble
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "doctor/advice.h"

#define WHERE	"millgate"

static void
advise_no_answer(struct advice_list *l, const struct advice_daemon *d)
{
	switch (d->answer) {
	case DAEMON_ANSWERED:
		break;
	case DAEMON_DOWN:
		advice_add(l, "daemon-down", WHERE,
		    "systemctl start millgate; if it runs, name its "
		    "configuration file with -c", "nobody answers at %s: the "
		    "daemon is not running, and the MTA defers mail or "
		    "accepts it without a check", d->control);
		break;
	case DAEMON_DENIED:
		advice_add(l, "daemon-denied", WHERE,
		    "run millgatectl doctor as root, or as the user of the "
		    "daemon", "this user may not ask the daemon at %s: what "
		    "it has observed is unknown", d->control);
		break;
	case DAEMON_OFF:
		advice_add(l, "daemon-denied", WHERE,
		    "remove control-socket from the configuration, and "
		    "restart millgate", "control-socket = none: the daemon "
		    "cannot be asked, and what it has observed is unknown");
		break;
	case DAEMON_SILENT:
		advice_add(l, "daemon-silent", WHERE,
		    "read its log, then run: systemctl restart millgate",
		    "the daemon at %s gives no answer: it is too busy or "
		    "hangs, and mail may be waiting for it", d->control);
		break;
	case DAEMON_OLD:
		advice_add(l, "daemon-old", WHERE, "systemctl restart millgate",
		    "the running daemon does not know this question: it was "
		    "started before an update");
		break;
	}
}

/* "dig @192.0.2.1 -p 5353 . NS" */
static const char *
dig_command(struct arena *a, const char *server)
{
	const char *at;

	if (server == NULL)
		return "dig . NS";
	at = strchr(server, '@');
	if (at == NULL)
		return arena_printf(a, "dig @%s . NS", server);
	return arena_printf(a, "dig @%.*s -p %s . NS", (int)(at - server),
	    server, at + 1);
}

static void
advise_lookups(struct advice_list *l, const struct advice_daemon *d)
{
	if (d->lookups_failing < ADVICE_LOOKUPS)
		return;
	advice_add(l, "dns-failing", WHERE, arena_printf(l->arena,
	    "start the name server, or set another one in section resolver; "
	    "test it with: %s", dig_command(l->arena, d->server)),
	    "all DNS lookups fail, %" PRIu64 " since the last answer: inbound "
	    "mail is deferred or delivered without a result",
	    d->lookups_failing);
}

static void
advise_store(struct advice_list *l, const struct advice_daemon *d)
{
	if (d->store_failures == 0 ||
	    d->store_failure_age > ADVICE_STORE_SECONDS)
		return;
	advice_add(l, "store-failing", WHERE,
	    "find the reason in the log (store-error=, or state:), for example "
	    "a full disk, permissions, or a Redis server that is down",
	    "the state %s fails, the last time %" PRIu64 " seconds ago: mail "
	    "of logins is treated as on-store-failure says", d->state,
	    d->store_failure_age);
}

static void
advise_held(struct advice_list *l, const struct advice_daemon *d)
{
	if (d->held == 0 || d->held_age > ADVICE_HELD_SECONDS)
		return;
	advice_add(l, "held", WHERE,
	    "Postfix: list with postqueue -p (marked with !), release with "
	    "postsuper -H ID, delete with postsuper -d ID; Sendmail: list "
	    "with mailq -qQ, release with sendmail -qQ -Q -qIID",
	    "mail is being held, %" PRIu64 " messages since the start: it "
	    "stays in the MTA's queue until you release or delete it",
	    d->held);
}

static void
advise_sandbox(struct advice_list *l, const struct advice_daemon *d)
{
	if (d->not_limited == NULL || d->not_limited[0] == '\0')
		return;
	advice_add(l, "sandbox-open", WHERE, "set sandbox = yes and restart "
	    "millgate; if it is set, the log says at the start what the "
	    "kernel or the build lacks", "the daemon is not confined: %s are "
	    "not limited, so that a fault in a library can be used for more",
	    d->not_limited);
}

static void
advise_keys(struct advice_list *l, const struct advice_daemon *d)
{
	if (d->keys_swappable)
		advice_add(l, "keys-swappable", WHERE, "set LimitMEMLOCK="
		    "infinity in the systemd unit, or run ulimit -l unlimited "
		    "before the start; then restart millgate", "the memory of "
		    "the key process is not locked: private keys may be "
		    "written to swap");
}

void
advice_daemon(struct advice_list *l, const struct advice_daemon *d)
{
	advise_no_answer(l, d);
	if (d->answer != DAEMON_ANSWERED)
		return;
	advise_lookups(l, d);
	advise_store(l, d);
	advise_held(l, d);
	advise_sandbox(l, d);
	advise_keys(l, d);
}
