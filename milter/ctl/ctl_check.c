/*
 * ctl_check - millgatectl check: judge one message file offline, and print
 * the verdict, the edits and the reasons
 *
 * The message passes through the same session as mail from an MTA. The quota
 * is counted in memory; of the state only those pending keys are read that
 * were seen in the DNS. Lookups go to the configured name servers, or to a
 * zone file.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/monotonic.h"
#include "conf/users_query.h"
#include "dns/resolver.h"
#include "mta/replay.h"
#include "session/services.h"
#include "store/store.h"
#include "ctl_common_priv.h"

#define REPEATED_MAX	100	/* --rcpt, --macro */
#define MESSAGE_MAX	(64u * 1024 * 1024)

static const char usage[] =
    "usage: millgatectl [-c FILE] check [options] MESSAGE\n"
    "  --client IP         client address (default 192.0.2.1); \"local\" is\n"
    "                      mail from sendmail(1), which has no --port\n"
    "  --client-name NAME  client host name\n"
    "  --helo NAME         HELO name (default: client name, else address)\n"
    "  --from ADDRESS      envelope sender (default: null sender)\n"
    "  --rcpt ADDRESS      recipient; may be repeated\n"
    "  --login LOGIN       authenticated login (default: none)\n"
    "  --mechanism NAME    SASL mechanism of the login (default PLAIN)\n"
    "  --tls VERSION       TLS version, for example TLSv1.3 (default: no TLS)\n"
    "  --bits N            cipher bits of the TLS session (default 256)\n"
    "  --port PORT         the MTA's {daemon_port} (default 25)\n"
    "  --daemon-name NAME  the MTA's {daemon_name}\n"
    "  --daemon-addr IP    the MTA's {daemon_addr}\n"
    "  --macro NAME=VALUE  another macro of the MTA; may be repeated\n"
    "  --zone FILE         look names up in this zone file, not in the DNS\n"
    "  --json              print JSON\n"
    "MESSAGE is a file, or - for standard input. Exit status: 0 accepted,\n"
    "1 held, deferred or rejected, 2 usage or trouble.\n";

struct check {
	const char	*client, *client_name, *helo, *from;
	const char	*rcpt[REPEATED_MAX];
	size_t		 nrcpt;
	const char	*login, *mechanism, *tls, *bits;
	const char	*port, *daemon_name, *daemon_addr;
	struct {
		const char *name, *value;
	}		 macro[REPEATED_MAX];
	size_t		 nmacros;
	const char	*zone;
};

enum { OPT_CLIENT = CTL_OPT_OWN, OPT_CLIENT_NAME, OPT_HELO, OPT_FROM, OPT_RCPT,
    OPT_LOGIN, OPT_MECHANISM, OPT_TLS, OPT_BITS, OPT_PORT, OPT_DAEMON_NAME,
    OPT_DAEMON_ADDR, OPT_MACRO, OPT_ZONE };

static const struct option options[] = {
	{ "client",	 required_argument, NULL, OPT_CLIENT },
	{ "client-name", required_argument, NULL, OPT_CLIENT_NAME },
	{ "helo",	 required_argument, NULL, OPT_HELO },
	{ "from",	 required_argument, NULL, OPT_FROM },
	{ "rcpt",	 required_argument, NULL, OPT_RCPT },
	{ "login",	 required_argument, NULL, OPT_LOGIN },
	{ "mechanism",	 required_argument, NULL, OPT_MECHANISM },
	{ "tls",	 required_argument, NULL, OPT_TLS },
	{ "bits",	 required_argument, NULL, OPT_BITS },
	{ "port",	 required_argument, NULL, OPT_PORT },
	{ "daemon-name", required_argument, NULL, OPT_DAEMON_NAME },
	{ "daemon-addr", required_argument, NULL, OPT_DAEMON_ADDR },
	{ "macro",	 required_argument, NULL, OPT_MACRO },
	{ "zone",	 required_argument, NULL, OPT_ZONE },
	CTL_OPTION_JSON,
	CTL_OPTION_END
};

/* The member that an option sets to its value; NULL: it is another kind. */
static const char **
text_option(struct check *k, int option)
{
	switch (option) {
	case OPT_CLIENT:	return &k->client;
	case OPT_CLIENT_NAME:	return &k->client_name;
	case OPT_HELO:		return &k->helo;
	case OPT_FROM:		return &k->from;
	case OPT_LOGIN:		return &k->login;
	case OPT_MECHANISM:	return &k->mechanism;
	case OPT_TLS:		return &k->tls;
	case OPT_BITS:		return &k->bits;
	case OPT_PORT:		return &k->port;
	case OPT_DAEMON_NAME:	return &k->daemon_name;
	case OPT_DAEMON_ADDR:	return &k->daemon_addr;
	case OPT_ZONE:		return &k->zone;
	default:		return NULL;
	}
}

static bool
check_option(void *arg, int option, char *value)
{
	struct check	 *k = arg;
	const char	**text = text_option(k, option);
	char		 *equals = strchr(value, '=');
	bool		  is_rcpt = option == OPT_RCPT;

	if (text != NULL) {
		*text = value;
		return true;
	}
	if ((is_rcpt ? k->nrcpt : k->nmacros) == REPEATED_MAX)
		return ctl_complain("%s may be repeated %d times at most",
		    is_rcpt ? "--rcpt" : "--macro", REPEATED_MAX);
	if (is_rcpt) {
		k->rcpt[k->nrcpt++] = value;
		return true;
	}
	if (equals == NULL)
		return ctl_refuse("--macro", "NAME=VALUE", value);
	*equals = '\0';
	k->macro[k->nmacros].name = value;
	k->macro[k->nmacros++].value = equals + 1;
	return true;
}

/* NULL: the reason is on stderr. */
static struct services *
check_services(const struct ctl *ctl, const struct check *k)
{
	static char	 hostname[256];
	char		*why = NULL;
	struct conf	*c = ctl_load_conf(ctl);
	struct setup	*st = c != NULL ? setup_new(c, &why) : NULL;
	struct resolver	*r;

	if (st == NULL) {
		if (why != NULL)
			ctl_fail(why);
		return NULL;
	}
	ctl_recall_keys(ctl, st->conf, st->keys);
	r = ctl_resolver(st->conf, k->zone);
	if (r == NULL) {
		setup_unref(&st);
		return NULL;
	}
	if (gethostname(hostname, sizeof(hostname) - 1) != 0)
		snprintf(hostname, sizeof(hostname), "localhost");
	return services_new(st, r, store_open_memory(), hostname);
}

static void
set_macros(struct replay *r, const struct check *k)
{
	size_t i;

	replay_macro(r, "{daemon_port}", k->port);
	replay_macro(r, "{daemon_name}", k->daemon_name);
	replay_macro(r, "{daemon_addr}", k->daemon_addr);
	if (k->login != NULL) {
		replay_macro(r, "{auth_authen}", k->login);
		replay_macro(r, "{auth_type}", k->mechanism);
	}
	if (k->tls != NULL) {
		replay_macro(r, "{tls_version}", k->tls);
		replay_macro(r, "{cipher_bits}", k->bits);
	}
	for (i = 0; i < k->nmacros; i++)
		replay_macro(r, k->macro[i].name, k->macro[i].value);
}

/*
 * The answer that ends the message: at MAIL, at RCPT if no recipient is
 * accepted, or at end of message.
 */
static struct verdict
check_play(struct replay *r, const struct check *k, const struct buf *message)
{
	struct verdict	 v;
	size_t		 i, accepted = 0;

	replay_helo(r, k->helo);
	v = replay_mail(r, k->from);
	if (v.action >= ACTION_DEFER)
		return v;
	for (i = 0; i < k->nrcpt; i++) {
		v = replay_rcpt(r, k->rcpt[i]);
		accepted += v.action < ACTION_DEFER;
	}
	if (accepted == 0 && k->nrcpt > 0)
		return v;
	return replay_message(r, buf_str(message), message->len);
}

/* What the database of users said, as the message found it. */
static struct users_reply
check_database(const struct setup *st, const char *login, struct arena *a)
{
	struct users_reply none = { .answer = USERS_NONE };

	return login == NULL ? none : users_lookup(st->conf->users,
	    st->users, users_qualify(st->conf->users, a, login),
	    monotonic_ms(), a);
}

static void
print_check(struct services *sv, const struct check *k, struct replay *r,
    enum action action, bool json)
{
	struct arena		*a = arena_new(0);
	struct setup		*st = services_setup(sv);
	struct users_reply	 said = check_database(st, k->login, a);
	struct buf		 b = BUF_INIT;

	if (!json)
		fputs(replay_outcome(r), stdout);
	if (!json && k->login != NULL && st->users != NULL)
		printf("users-database %s\n", ctl_database_said(st->conf,
		    &said, a));
	if (json && k->login != NULL)
		ctl_json_database(&b, st->conf, &said);
	if (json)
		printf("{\"action\":\"%s\",\"edits\":[%s],\"record\":%s"
		    "%s%s}\n", action_name(action), replay_edits_json(r),
		    replay_record_json(r), b.len > 0 ? "," : "",
		    buf_str(&b));
	buf_free(&b);
	setup_unref(&st);
	arena_free(&a);
}

/* Play the session, and print the verdict; the exit status. */
static int
check_judge(struct services *sv, struct replay *r, const struct check *k,
    const struct buf *message, bool json)
{
	struct verdict v;

	if (!replay_connect(r, k->client, k->client_name)) {
		ctl_refuse("--client", "an IP address or local", k->client);
		return CTL_TROUBLE;
	}
	replay_exact(r);
	v = check_play(r, k, message);
	print_check(sv, k, r, v.action, json);
	return v.action < ACTION_HOLD ? CTL_GOOD : CTL_NO;
}

/*
 * Fill in what depends on the client. sendmail(1) comes as Postfix reports it:
 * from localhost and through no port, which selects the listener.
 */
static bool
check_client(struct check *k)
{
	bool local = strcmp(k->client, "local") == 0;

	if (local && (k->port != NULL || k->daemon_name != NULL ||
	    k->daemon_addr != NULL))
		return ctl_complain("--client local does not take %s: "
		    "sendmail(1) connects to no service of the MTA",
		    k->port != NULL ? "--port" : k->daemon_name != NULL ?
		    "--daemon-name" : "--daemon-addr");
	if (k->port == NULL)
		k->port = local ? "0" : "25";
	if (k->helo == NULL)
		k->helo = k->client_name != NULL ? k->client_name : local ?
		    "localhost" : k->client;
	return true;
}

int
ctl_check(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_syntax syntax = { usage, options,
	    check_option, 1, 1 };
	struct check	 k = {
		.client = "192.0.2.1", .from = "<>", .mechanism = "PLAIN",
		.bits = "256",
	};
	struct buf	 message = BUF_INIT;
	struct services	*sv = NULL;
	struct replay	*r;
	int		 status = ctl_parse(c, &syntax, &k, argc, argv);

	if (status != CTL_PARSED)
		return status;
	if (!check_client(&k))
		return ctl_usage(usage);
	status = CTL_TROUBLE;
	if (ctl_read_file(c->operand[0], MESSAGE_MAX, &message))
		sv = check_services(c, &k);
	if (sv != NULL) {
		r = replay_new(sv);
		set_macros(r, &k);
		status = check_judge(sv, r, &k, &message, c->json);
		replay_free(&r);
		services_free(&sv);
	}
	buf_free(&message);
	return status;
}
