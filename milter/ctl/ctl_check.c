/*
 * ctl_check - one message file through the session, offline: the verdict,
 * the edits and the reasons
 *
 * The state file is not touched: the quota is counted in memory. Lookups go
 * to the configured name servers, or to a zone file.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "mta/replay.h"
#include "session/services.h"
#include "store/store.h"
#include "ctl_priv.h"

#define RECIPIENTS	100
#define MESSAGE_MAX	(64u * 1024 * 1024)

static const char usage[] =
    "usage: millgatectl [-c FILE] check [options] MESSAGE\n"
    "  --client IP         the client's address, or \"local\" for sendmail(1)\n"
    "                      (default 192.0.2.1)\n"
    "  --client-name NAME  its name\n"
    "  --helo NAME         its HELO (default: the client's name)\n"
    "  --from ADDRESS      the envelope sender (default: null sender)\n"
    "  --rcpt ADDRESS      a recipient; may be repeated\n"
    "  --login LOGIN       authenticated as\n"
    "  --mechanism NAME    by this SASL mechanism (default PLAIN)\n"
    "  --tls VERSION       under TLS, \"TLSv1.3\"\n"
    "  --bits N            with a cipher of N bits (default 256)\n"
    "  --port PORT         the MTA's {daemon_port} (default 25)\n"
    "  --daemon-name NAME  the MTA's {daemon_name}\n"
    "  --daemon-addr IP    the MTA's {daemon_addr}\n"
    "  --macro NAME=VALUE  any other macro; may be repeated\n"
    "  --zone FILE         answer lookups from a zone file\n"
    "  --json              print JSON\n"
    "MESSAGE is a file, or - for standard input. Exit status: 0 accepted,\n"
    "1 held, deferred or rejected, 2 usage or trouble.\n";

struct check {
	const char	*client, *client_name, *helo, *from;
	const char	*rcpt[RECIPIENTS];
	size_t		 nrcpt;
	const char	*login, *mechanism, *tls, *bits;
	const char	*port, *daemon_name, *daemon_addr;
	char		*macro[RECIPIENTS];
	size_t		 nmacros;
	const char	*zone, *message;
	bool		 json;
};

enum { OPT_CLIENT = 256, OPT_CLIENT_NAME, OPT_HELO, OPT_FROM, OPT_RCPT,
    OPT_LOGIN, OPT_MECHANISM, OPT_TLS, OPT_BITS, OPT_PORT, OPT_DAEMON_NAME,
    OPT_DAEMON_ADDR, OPT_MACRO, OPT_ZONE, OPT_JSON, OPT_HELP };

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
	{ "json",	 no_argument,	    NULL, OPT_JSON },
	{ "help",	 no_argument,	    NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 }
};

/* Options that set one string, by their number. */
static const char **
text_option(struct check *k, int opt)
{
	switch (opt) {
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
take_option(struct check *k, int opt)
{
	const char **text = text_option(k, opt);

	if (text != NULL)
		*text = optarg;
	else if (opt == OPT_RCPT && k->nrcpt < RECIPIENTS)
		k->rcpt[k->nrcpt++] = optarg;
	else if (opt == OPT_MACRO && k->nmacros < RECIPIENTS &&
	    strchr(optarg, '=') != NULL)
		k->macro[k->nmacros++] = optarg;
	else if (opt == OPT_JSON)
		k->json = true;
	else
		return false;
	return true;
}

static bool
read_all(const char *path, struct buf *b)
{
	char	 piece[16384];
	size_t	 n;
	FILE	*f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");

	if (f == NULL) {
		fprintf(stderr, "millgatectl: %s: %s\n", path,
		    strerror(errno));
		return false;
	}
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0 &&
	    b->len < MESSAGE_MAX)
		buf_add(b, piece, n);
	if (f != stdin)
		fclose(f);
	return true;
}

static struct resolver *
open_resolver(const struct check *k, const struct conf *c)
{
	struct resolver_options	 o = {
		.servers = c->resolver.servers.s,
		.nservers = c->resolver.servers.n,
		.trust_anchor = c->resolver.trust_anchor,
	};
	struct resolver		*r;
	struct buf		 zone = BUF_INIT;
	const char		*text = NULL;
	char			*why = NULL;

	if (k->zone == NULL) {
		r = resolver_unbound_new(&o, &text);
		if (r == NULL)
			fprintf(stderr, "millgatectl: resolver: %s\n", text);
		return r;
	}
	if (!read_all(k->zone, &zone))
		return NULL;
	r = resolver_zone_new(buf_str(&zone), &why);
	if (r == NULL)
		fprintf(stderr, "millgatectl: %s: %s\n", k->zone, why);
	free(why);
	buf_free(&zone);
	return r;
}

static struct services *
open_services(const struct ctl *ctl, const struct check *k)
{
	static char	 hostname[256];
	char		*why = NULL;
	struct conf	*c = conf_load(ctl->conf_path, &why);
	struct setup	*st = c != NULL ? setup_new(c, &why) : NULL;
	struct resolver	*r;
	struct services	*sv = NULL;

	if (st != NULL) {
		if (gethostname(hostname, sizeof(hostname) - 1) != 0)
			snprintf(hostname, sizeof(hostname), "localhost");
		r = open_resolver(k, st->conf);
		if (r == NULL) {
			setup_unref(&st);
			return NULL;
		}
		sv = services_new(st, r, store_open_memory(), hostname);
	}
	if (sv == NULL)
		fprintf(stderr, "%s\n", why);
	free(why);
	return sv;
}

static void
set_macros(struct replay *r, const struct check *k)
{
	char	*equals;
	size_t	 i;

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
	for (i = 0; i < k->nmacros; i++) {
		equals = strchr(k->macro[i], '=');
		*equals = '\0';
		replay_macro(r, k->macro[i], equals + 1);
		*equals = '=';
	}
}

/* The worst answer to the message as a whole. */
static struct verdict
play(struct replay *r, const struct check *k, const struct buf *message)
{
	struct verdict	 v;
	size_t		 i, accepted = 0;

	replay_helo(r, k->helo != NULL ? k->helo : k->client_name != NULL ?
	    k->client_name : k->client);
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

static void
print_json(const struct replay *r, const struct verdict *v)
{
	printf("{\"action\":\"%s\",\"record\":%s}\n", action_name(v->action),
	    replay_record_json(r));
}

static int
check(const struct ctl *ctl, const struct check *k)
{
	struct buf	 message = BUF_INIT;
	struct services	*sv;
	struct replay	*r;
	struct verdict	 v;

	if (!read_all(k->message, &message))
		return CTL_TROUBLE;
	sv = open_services(ctl, k);
	if (sv == NULL) {
		buf_free(&message);
		return CTL_TROUBLE;
	}
	r = replay_new(sv);
	set_macros(r, k);
	if (!replay_connect(r, k->client, k->client_name)) {
		fprintf(stderr, "millgatectl: --client %s: no address\n",
		    k->client);
		v = verdict_note(ACTION_REJECT, "usage", "usage");
	} else {
		v = play(r, k, &message);
		if (k->json || ctl->json)
			print_json(r, &v);
		else
			fputs(replay_outcome(r), stdout);
	}
	replay_free(&r);
	services_free(&sv);
	buf_free(&message);
	if (strcmp(v.rule, "usage") == 0)
		return CTL_TROUBLE;
	return v.action < ACTION_HOLD ? CTL_GOOD : CTL_NO;
}

int
ctl_check(const struct ctl *ctl, int argc, char **argv)
{
	struct check	k = {
		.client = "192.0.2.1", .from = "<>", .mechanism = "PLAIN",
		.bits = "256", .port = "25",
	};
	int		opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == OPT_HELP) {
			fputs(usage, stdout);
			return CTL_GOOD;
		}
		if (!take_option(&k, opt)) {
			fputs(usage, stderr);
			return CTL_TROUBLE;
		}
	}
	if (optind + 1 != argc) {
		fputs(usage, stderr);
		return CTL_TROUBLE;
	}
	k.message = argv[optind];
	return check(ctl, &k);
}
