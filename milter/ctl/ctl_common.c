/*
 * ctl_common - functions that several subcommands of millgatectl share
 *
 * Help that was asked for goes to stdout with exit status 0. The usage that
 * follows an error goes to stderr, below one line that says what is wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "conf/users_query.h"
#include "dns/resolver.h"
#include "policy/policy_limit.h"
#include "session/services.h"
#include "ctl_common_priv.h"

#define ZONE_MAX	(64u * 1024 * 1024)

/* --- complaints ---------------------------------------------------------- */

bool
ctl_complain(const char *fmt, ...)
{
	va_list ap;

	fputs("millgatectl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return false;
}

bool
ctl_refuse(const char *option, const char *values, const char *value)
{
	return ctl_complain("%s takes %s, not \"%s\"", option, values, value);
}

int
ctl_usage(const char *usage)
{
	fputs(usage, stderr);
	return CTL_TROUBLE;
}

int
ctl_fail(char *why)
{
	size_t len = strlen(why);

	fprintf(stderr, "%s%s", why, len > 0 && why[len - 1] == '\n' ? "" :
	    "\n");
	free(why);
	return CTL_TROUBLE;
}

/* --- the command line ---------------------------------------------------- */

/* getopt_long(3) has found an error behind argv[optind - 1]. */
static bool
complain_of_option(int error, char **argv)
{
	const char *text = argv[optind - 1];

	if (error == ':')
		return ctl_complain("option \"%s\" requires a value", text);
	/* of "-xy" optind has not moved on yet */
	if (optopt > 0 && optopt < CTL_OPT_HELP)
		return ctl_complain("invalid option \"-%c\"", optopt);
	return ctl_complain("invalid option \"%s\"", text);
}

static bool
take_shared_option(struct ctl *c, int option, char *value)
{
	switch (option) {
	case CTL_OPT_JSON:
		return c->json = true;
	case CTL_OPT_STATE:
		c->state = value;
		return true;
	default:
		return false;
	}
}

bool
ctl_check_operands(int n, char **operand, int least, int most)
{
	if (n < least)
		return ctl_complain("an argument is missing");
	return n <= most || ctl_complain("unexpected argument \"%s\"",
	    operand[most]);
}

int
ctl_parse(struct ctl *c, const struct ctl_syntax *s, void *arg, int argc,
    char **argv)
{
	int option;

	optind = 0;	/* glibc: begin anew, at argv[1] */
	opterr = 0;
	while ((option = getopt_long(argc, argv, s->letters != NULL ?
	    s->letters : ":", s->options, NULL)) != -1) {
		if (option == CTL_OPT_HELP) {
			fputs(s->usage, stdout);
			return CTL_GOOD;
		}
		if (option == ':' || option == '?') {
			complain_of_option(option, argv);
			return ctl_usage(s->usage);
		}
		if (!take_shared_option(c, option, optarg) &&
		    !s->take(arg, option, optarg))
			return ctl_usage(s->usage);
	}
	c->operand = argv + optind;
	c->noperands = argc - optind;
	if (!ctl_check_operands(c->noperands, c->operand, s->least, s->most))
		return ctl_usage(s->usage);
	return CTL_PARSED;
}

int
ctl_dispatch(const struct ctl_command *commands, const char *usage,
    struct ctl *c, int argc, char **argv)
{
	if (argc < 2)
		return ctl_usage(usage);
	if (strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return CTL_GOOD;
	}
	for (; commands->name != NULL; commands++)
		if (strcmp(argv[1], commands->name) == 0)
			return commands->run(c, argc - 1, argv + 1);
	ctl_complain("unknown command \"%s %s\"", argv[0], argv[1]);
	return ctl_usage(usage);
}

/* --- configuration, state, files, resolver ------------------------------- */

struct conf *
ctl_load_conf(const struct ctl *c)
{
	char		*why = NULL;
	struct conf	*conf = conf_load(c->conf_path, &why);

	if (conf == NULL)
		ctl_fail(why);
	return conf;
}

struct store_place
ctl_state(const struct ctl *c, const struct conf *conf)
{
	struct store_place place = { .spec = NULL };

	if (conf != NULL)
		place = conf_state(conf);
	if (c->state != NULL)
		place.spec = c->state;
	return place;
}

bool
ctl_read_file(const char *path, size_t max, struct buf *b)
{
	char	 chunk[16384];
	size_t	 n;
	bool	 failed;
	FILE	*f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

	if (f == NULL)
		return ctl_complain("%s: %s", path, strerror(errno));
	while (b->len < max && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(b, chunk, n);
	failed = ferror(f);
	if (failed)
		ctl_complain("%s: %s", path, strerror(errno));
	if (f != stdin)
		fclose(f);
	return !failed;
}

static struct resolver *
zone_resolver(const char *path)
{
	struct resolver	*r = NULL;
	struct buf	 zone = BUF_INIT;
	char		*why = NULL;

	if (ctl_read_file(path, ZONE_MAX, &zone)) {
		r = resolver_zone_new(buf_str(&zone), &why);
		if (r == NULL)
			ctl_complain("%s: %s", path, why);
	}
	free(why);
	buf_free(&zone);
	return r;
}

struct resolver *
ctl_resolver(const struct conf *conf, const char *zone)
{
	struct resolver_options	 o = { .servers = NULL };
	const char		*why = "";
	struct resolver		*r;

	if (zone != NULL)
		return zone_resolver(zone);
	if (conf != NULL) {
		o.servers = conf->resolver.servers.s;
		o.nservers = conf->resolver.servers.n;
		o.trust_anchor = conf->resolver.trust_anchor;
	}
	r = resolver_unbound_new(&o, &why);
	if (r == NULL)
		ctl_complain("resolver: %s", why);
	return r;
}

const struct session_rules *
ctl_find_listener(const struct conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->nlisteners; i++)
		if (strcmp(conf->listeners[i]->name, name) == 0)
			return conf->listeners[i];
	return NULL;
}

/* --- limits and blocks --------------------------------------------------- */

void
ctl_print_limit(enum store_unit unit, uint64_t limit)
{
	char text[SIZE_TEXT];

	printf("%s %s", policy_limit_text(text, unit, limit),
	    policy_limit_unit(unit));
}

const char *
ctl_block_name(enum store_block block)
{
	static const char *const names[] = {
		[STORE_BLOCK_DEFER] = "defer",
		[STORE_BLOCK_REJECT] = "reject",
		[STORE_BLOCK_HOLD] = "hold",
	};

	return names[block];
}

void
ctl_print_until(time_t until)
{
	char		when[40];
	struct tm	tm;

	if (until >= STORE_FOREVER)
		return;
	gmtime_r(&until, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	printf(" until %s UTC", when);
}

void
ctl_print_block(const struct store_setting *s)
{
	ctl_print_until(s->blocked_until);
	if (s->block == STORE_BLOCK_HOLD)
		fputs(", mail is held", stdout);
	if (s->reason[0] != '\0')
		printf(": %s", s->reason);
}

/* --- JSON ---------------------------------------------------------------- */

void
ctl_json_limit(struct buf *b, const char *name, uint64_t limit)
{
	if (limit == STORE_UNLIMITED)
		json_put_text(b, name, "unlimited");
	else
		json_put_number(b, name, limit);
}

/* --- databases ----------------------------------------------------------- */

static const char *
database_answer(const struct users_reply *r)
{
	if (r->answer == USERS_UNKNOWN)
		return r->why;
	if (r->server == NULL)
		return "not asked, because the configuration has an entry";
	return r->answer == USERS_FOUND ? "an entry" : "no entry";
}

const char *
ctl_database_said(const struct conf *conf, const struct users_reply *r,
    struct arena *a)
{
	if (conf->users_database == NULL)
		return NULL;
	if (r->answer == USERS_UNKNOWN)		/* it names the server */
		return r->why;
	return arena_printf(a, "%s: %s", r->server != NULL ? r->server :
	    conf->users_database, database_answer(r));
}

void
ctl_json_database(struct buf *b, const struct conf *conf,
    const struct users_reply *r)
{
	if (conf->users_database == NULL) {
		json_put_or_null(b, "users-database", NULL);
		return;
	}
	json_put_open(b, "users-database", '{');
	json_put_text(b, "place", conf->users_database);
	json_put_or_null(b, "server", r->server);
	json_put_text(b, "answer", database_answer(r));
	buf_addch(b, '}');
}

void
ctl_print_probe(const struct probed *p)
{
	printf("%s \"%s\": %s answers (%" PRIu64 " ms)\n", p->option, p->place,
	    p->server, p->ms);
}

void
ctl_json_probe(struct buf *b, const struct probed *p)
{
	json_put_open(b, NULL, '{');
	json_put_text(b, "option", p->option);
	json_put_text(b, "place", p->place);
	json_put_or_null(b, "server", p->server);
	json_put_or_null(b, "error", p->why);
	json_put_number(b, "ms", p->ms);
	buf_addch(b, '}');
}
