/*
 * ctl_conf - millgatectl conf: check and show the configuration
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "conf/conf.h"
#include "conf/conf_options.h"
#include "daemon/privileges.h"
#include "session/services.h"
#include "ctl_priv.h"

static const char usage_text[] =
    "usage: millgatectl [-c FILE] conf check [--json]    is it good?\n"
    "       millgatectl [-c FILE] conf show [--json]     all options\n"
    "       millgatectl conf options [--json]            what there is\n";

/* "[\"line\", ...]" of text of lines. */
static void
print_json_lines(const char *text)
{
	struct buf	 b = BUF_INIT, one = BUF_INIT;
	size_t		 len;

	buf_addch(&b, '[');
	while (*text != '\0') {
		len = strcspn(text, "\n");
		buf_reset(&one);
		buf_add(&one, text, len);
		json_string(&b, buf_str(&one));
		text += len + (text[len] == '\n');
		if (*text != '\0')
			buf_addstr(&b, ", ");
	}
	buf_addch(&b, ']');
	fputs(buf_str(&b), stdout);
	buf_free(&b);
	buf_free(&one);
}

/* As `millgate -t` does. */
static int
check(const struct ctl *c, bool json)
{
	char		*why = NULL;
	struct conf	*conf = conf_load(c->conf_path, &why);
	struct setup	*st = NULL;
	const char	*warnings;

	if (conf != NULL) {
		privileges_test(conf->user);
		st = setup_try(conf, &why);
	}
	warnings = st != NULL ? st->conf->warnings : "";
	if (json) {
		printf("{\"good\": %s, \"errors\": ",
		    st != NULL ? "true" : "false");
		print_json_lines(why != NULL ? why : "");
		fputs(", \"warnings\": ", stdout);
		print_json_lines(warnings);
		fputs("}\n", stdout);
	} else if (st == NULL) {
		fprintf(stderr, "%s\n", why);
	} else {
		if (warnings[0] != '\0')
			fprintf(stderr, "%s\n", warnings);
		printf("%s: good (%zu listeners, %zu users, %zu keys)\n",
		    st->conf->path, st->conf->nlisteners,
		    users_count(st->conf->users), keyring_count(st->keys));
	}
	free(why);
	if (st == NULL)
		return CTL_NO;
	setup_unref(&st);
	return CTL_GOOD;
}

static int
show(const struct ctl *c, bool json)
{
	char		*why = NULL;
	struct conf	*conf = conf_load(c->conf_path, &why);

	if (conf == NULL) {
		fprintf(stderr, "%s\n", why);
		free(why);
		return CTL_TROUBLE;
	}
	if (json)
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

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][1] == NULL)
			continue;
		buf_printf(&b, "%s\"%s\": ", i == 0 ? "{" : ", ",
		    pairs[i][0]);
		json_string(&b, pairs[i][1]);
	}
	printf("%s}", buf_str(&b));
	buf_free(&b);
}

static int
options(bool json)
{
	size_t i;

	fputs(json ? "[\n" : "", stdout);
	for (i = 0; i < conf_noptions; i++) {
		if (json) {
			fputs(i > 0 ? ",\n" : "", stdout);
			print_json_option(&conf_options[i]);
		} else {
			print_option(&conf_options[i]);
		}
	}
	fputs(json ? "\n]\n" : "", stdout);
	return CTL_GOOD;
}

int
ctl_conf(const struct ctl *c, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json",	no_argument,	NULL, 'j' },
		{ "help",	no_argument,	NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	bool		 json = c->json;
	const char	*what;
	int		 ch;

	while ((ch = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (ch == 'h')
			fputs(usage_text, stdout);
		if (ch != 'j')
			return ch == 'h' ? CTL_GOOD : CTL_TROUBLE;
		json = true;
	}
	what = optind + 1 == argc ? argv[optind] : "";
	if (strcmp(what, "check") == 0)
		return check(c, json);
	if (strcmp(what, "show") == 0)
		return show(c, json);
	if (strcmp(what, "options") == 0)
		return options(json);
	fputs(usage_text, stderr);
	return CTL_TROUBLE;
}
