/*
 * file_limit - the limit of open files: each session needs one
 *
 * The resolver's sockets and some files of our own come first. Of the rest an
 * eighth is for connections above max-sessions: without a free descriptor
 * libmilter cannot accept them, and ends after two minutes without success.
 */
#include <sys/resource.h>

#include <limits.h>
#include <stdatomic.h>

#include "base/log.h"
#include "directory/directory.h"
#include "dns/resolver.h"
#include "session/services.h"
#include "status/http.h"
#include "file_limit_priv.h"

#define OWN_FILES	128	/* state, sockets, logs, notify-commands */
#define ROUND		1024	/* advice is a multiple of it */

void
file_limit_raise(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

struct file_limit
file_limit_share(unsigned long files, unsigned lookups, unsigned others,
    unsigned wanted)
{
	struct file_limit	 l;
	unsigned long		 own = OWN_FILES + (unsigned long)others;
	unsigned long		 used = lookups + own;
	unsigned long		 left = files > used + 8 ? files - used : 8;

	l.connections = left < UINT_MAX ? (unsigned)left : UINT_MAX;
	l.sessions = l.connections - l.connections / 8;
	/* with more files the resolver uses more, too */
	l.needed = wanted + wanted / 7 + 1 + own + RESOLVER_ASKED_MAX;
	l.needed += ROUND - 1;
	l.needed -= l.needed % ROUND;
	return l;
}

/* HTTP clients, and the connections to databases of the site. */
static unsigned
files_of_others(struct services *sv)
{
	struct setup	*st = services_setup(sv);
	const struct conf *c = st->conf;
	size_t		 databases = c->sender_login_maps.n;
	unsigned	 n = c->http_listen != NULL ? HTTP_CLIENTS : 0;

	databases += st->users != NULL ? 1 : 0;
	databases += st->keybase != NULL ? 1 : 0;
	setup_unref(&st);
	return n + (unsigned)databases * DIRECTORY_LINKS;
}

void
file_limit_check(struct services *sv)
{
	struct resolver_stats	 st;
	struct file_limit	 l;
	struct rlimit		 rl;
	unsigned		 wanted;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return;
	resolver_stats(sv->resolver, &st);
	wanted = atomic_load(&sv->ceiling.max_sessions);
	l = file_limit_share(rl.rlim_cur, (unsigned)st.pending_max,
	    files_of_others(sv), wanted);
	atomic_store(&sv->ceiling.fit_sessions, l.sessions);
	atomic_store(&sv->ceiling.fit_connections, l.connections);
	if (l.sessions >= wanted)
		return;
	log_printf(LOG_LEVEL_WARNING, "max-sessions = %u, but the limit of "
	    "%lu open files is enough for %u sessions; messages of further "
	    "ones are deferred. In the systemd unit, set LimitNOFILE=%lu; in "
	    "a shell, run ulimit -n %lu before the start; or set "
	    "max-sessions = %u", wanted, (unsigned long)rl.rlim_cur,
	    l.sessions, l.needed, l.needed, l.sessions);
}
