/*
 * ctl_conf - millgatectl conf: check or show the configuration, list options
 *
 * `conf check` finds the errors that a start of the daemon would find, and
 * warnings; `conf show` prints a configuration with all options, which can be
 * read again; `conf options` prints the table of options.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "conf/conf_options.h"
#include "daemon/start_check.h"
#include "session/services.h"
#include "ctl_common_priv.h"

static const char usage[] =
    "usage: millgatectl [-c FILE] conf check [--probe] [--json]\n"
    "\tcheck for errors; with --probe, ask the databases, too\n"
    "       millgatectl [-c FILE] conf show [--json]   show all values\n"
    "       millgatectl conf options [--json]          list all options\n";

/* The lines of a text as a list. */
static void
json_lines(struct buf *b, const char *name, const char *text)
{
	size_t len;

	json_put_open(b, name, '[');
	while (*text != '\0') {
		len = strcspn(text, "\n");
		json_put_name(b, NULL);
		json_string_of(b, text, len);
		text += len + (text[len] == '\n');
	}
	buf_addch(b, ']');
}

static void
print_probe(const struct probed *p)
{
	if (p->why != NULL)
		fprintf(stderr, "%s \"%s\": %s\n", p->option, p->place,
		    p->why);
	else
		ctl_print_probe(p);
}

/*
 * Ask each database, and append a list of them to `json` unless it is NULL.
 * False: one of them does not answer as it must.
 */
static bool
probe_databases(const struct setup *st, struct buf *json)
{
	struct arena	*a = arena_new(0);
	size_t		 i, n;
	struct probed	*p = setup_probe(st, a, &n);
	bool		 good = true;

	if (json != NULL)
		json_put_open(json, "probes", '[');
	for (i = 0; i < n; i++) {
		good = good && p[i].why == NULL;
		if (json != NULL)
			ctl_json_probe(json, &p[i]);
		else
			print_probe(&p[i]);
	}
	if (json != NULL)
		buf_addch(json, ']');
	arena_free(&a);
	return good;
}

/* False: the configuration is wrong, or a database does not answer. */
static bool
check_as_json(const struct start_check *r, bool probe)
{
	struct buf	b = BUF_INIT;
	bool		good = r->setup != NULL;

	buf_addch(&b, '{');
	json_put_bool(&b, "good", good);
	json_lines(&b, "errors", buf_str(&r->errors));
	json_lines(&b, "warnings", buf_str(&r->warnings));
	if (good && probe)
		good = probe_databases(r->setup, &b);
	printf("%s}\n", buf_str(&b));
	buf_free(&b);
	return good;
}

static bool
check_as_text(const struct start_check *r, bool probe)
{
	const struct conf *conf;

	if (r->warnings.len > 0)
		fprintf(stderr, "%s\n", buf_str(&r->warnings));
	if (r->setup == NULL) {
		fprintf(stderr, "%s\n", buf_str(&r->errors));
		return false;
	}
	conf = r->setup->conf;
	printf("%s: good (%zu listeners, %zu users, %zu keys)\n", conf->path,
	    conf->nlisteners, users_count(conf->users),
	    keyring_count(r->setup->keys));
	return !probe || probe_databases(r->setup, NULL);
}

/* The same checks as `millgate -t`. */
static int
check_conf(const struct ctl *c, bool probe)
{
	struct start_check	r;
	bool			good;

	start_check(c->conf_path, &r);
	good = (c->json ? check_as_json : check_as_text)(&r, probe);
	start_check_free(&r);
	return good ? CTL_GOOD : CTL_NO;
}

static int
show_conf(const struct ctl *c)
{
	struct conf *conf = ctl_load_conf(c);

	if (conf == NULL)
		return CTL_TROUBLE;
	if (c->json)
		conf_print_json(conf, stdout);
	else
		conf_print(conf, stdout);
	conf_unref(&conf);
	return CTL_GOOD;
}

static void
print_option(const struct conf_option *o)
{
	printf("%s%s%s\n\t%s\n", o->section,
	    o->section[0] != '\0' ? " " : "", o->name, o->help);
	if (o->words != NULL || o->max > o->min) {
		fputs("\tvalues: ", stdout);
		conf_option_print_values(o, stdout);
		putchar('\n');
	}
	if (o->def == NULL)
		printf("\tdefault: %s\n", o->def_said);
	else
		printf("\tdefault: %s\n", o->def[0] != '\0' ? o->def : "empty");
	if (o->restart)
		puts("\ttakes effect at a restart, not at a reload");
}

static void
print_json_option(const struct conf_option *o)
{
	const char *pairs[][2] = {
		{ "section", o->section }, { "name", o->name },
		{ "default", o->def }, { "default_is", o->def_said },
		{ "help", o->help }
	};
	struct buf	 b = BUF_INIT;
	size_t		 i;

	buf_addch(&b, '{');
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		json_put_text(&b, pairs[i][0], pairs[i][1]);
	json_put_bool(&b, "restart", o->restart);
	printf("%s}", buf_str(&b));
	buf_free(&b);
}

static int
list_options(bool json)
{
	const struct conf_option	*o;
	size_t				 i;

	fputs(json ? "[\n" : "", stdout);
	for (i = 0; (o = conf_option(i)) != NULL; i++) {
		if (json) {
			fputs(i > 0 ? ",\n" : "", stdout);
			print_json_option(o);
		} else {
			print_option(o);
		}
	}
	fputs(json ? "\n]\n" : "", stdout);
	return CTL_GOOD;
}

static bool
conf_option_take(void *arg, int option, char *value)
{
	bool *probe = arg;

	(void)option;		/* there is one */
	(void)value;
	*probe = true;
	return true;
}

int
ctl_conf(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "probe", no_argument, NULL, CTL_OPT_OWN },
		CTL_OPTION_JSON,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options,
	    conf_option_take, 1, 1 };
	bool		 probe = false;
	int		 status = ctl_parse(c, &syntax, &probe, argc, argv);
	const char	*what;

	if (status != CTL_PARSED)
		return status;
	what = c->operand[0];
	if (strcmp(what, "check") == 0)
		return check_conf(c, probe);
	if (probe) {
		ctl_complain("--probe belongs to conf check");
		return ctl_usage(usage);
	}
	if (strcmp(what, "show") == 0)
		return show_conf(c);
	if (strcmp(what, "options") == 0)
		return list_options(c->json);
	ctl_complain("unknown command \"conf %s\"", what);
	return ctl_usage(usage);
}
