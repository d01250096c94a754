/*
 * ctl_stats - millgatectl stats: what the daemon has counted since it started
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "conf/conf.h"
#include "ctl_ask_priv.h"
#include "ctl_priv.h"

static const char usage_text[] =
    "usage: millgatectl [-c FILE] stats [--json]\n\n"
    "What the running daemon has counted since it started.\n";

static void
print_uptime(uint64_t seconds)
{
	printf("running for ");
	if (seconds >= 86400)
		printf("%" PRIu64 " days ", seconds / 86400);
	printf("%02u:%02u:%02u", (unsigned)(seconds / 3600 % 24),
	    (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

static void
print_row(struct json object, const char *title, const char *const *names)
{
	printf("%-10s", title);
	for (; *names != NULL; names++)
		printf("  %s %" PRIu64, *names,
		    json_get_number(object, *names));
	putchar('\n');
}

static void
print_listener(struct arena *a, struct json l)
{
	struct json	rules, at = { NULL, NULL }, key, n;

	printf("%-16s %10" PRIu64 " %10" PRIu64, json_get_text(a, l, "name"),
	    json_get_number(l, "sessions"), json_get_number(l, "messages"));
	printf(" %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n",
	    json_get_number(l, "accept") + json_get_number(l, "tag"),
	    json_get_number(l, "hold"), json_get_number(l, "defer"),
	    json_get_number(l, "reject"));
	if (!json_get(l, "rules", &rules))
		return;
	while (json_next(rules, &at, &key, &n))
		printf("    %-28s %10" PRIu64 "\n", json_text(a, key),
		    json_number(n));
}

static void
print_all(struct arena *a, struct json v)
{
	static const char *const messages[] = { "messages", "accepted",
	    "held", "deferred", "rejected", "aborted", NULL };
	static const char *const quota[] = { "quota_refusals",
	    "store_failures", "outcomes_lost", NULL };
	static const char *const told[] = { "warnings", "notify_dropped",
	    NULL };
	static const char *const dns[] = { "queries", "cache_hits", "shared",
	    "timeouts", "failures", NULL };
	struct json sub, at = { NULL, NULL }, l;

	printf("millgate %s, ", json_get_text(a, v, "version"));
	print_uptime(json_get_number(v, "uptime"));
	printf(", %s, process %" PRIu64 "\n", json_get_text(a, v, "mode"),
	    json_get_number(v, "pid"));
	printf("%-10s  connections %" PRIu64 "  open messages %" PRIu64 "\n",
	    "now", json_get_number(v, "connections"),
	    json_get_number(v, "open_messages"));
	print_row(v, "messages", messages);
	print_row(v, "state", quota);
	print_row(v, "site", told);
	if (json_get(v, "resolver", &sub))
		print_row(sub, "dns", dns);
	printf("\n%-16s %10s %10s %8s %8s %8s %8s\n", "LISTENER", "SESSIONS",
	    "MESSAGES", "ACCEPTED", "HELD", "DEFERRED", "REJECTED");
	if (!json_get(v, "listeners", &sub))
		return;
	while (json_next(sub, &at, NULL, &l))
		print_listener(a, l);
}

static int
stats(const struct conf *c, bool json)
{
	struct arena	*a = arena_new(4096);
	struct buf	 text = BUF_INIT;
	struct json	 v;
	int		 status = CTL_TROUBLE;

	if (ctl_ask(c, "stats", &text, &v)) {
		if (json)
			fputs(buf_str(&text), stdout);
		else
			print_all(a, v);
		status = CTL_GOOD;
	}
	buf_free(&text);
	arena_free(&a);
	return status;
}

int
ctl_stats(const struct ctl *c, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json",	no_argument,	NULL, 'j' },
		{ "help",	no_argument,	NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct conf	*conf;
	char		*why = NULL;
	bool		 json = c->json;
	int		 ch, status;

	while ((ch = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (ch == 'h')
			fputs(usage_text, stdout);
		if (ch != 'j')
			return ch == 'h' ? CTL_GOOD : CTL_TROUBLE;
		json = true;
	}
	if (optind != argc) {
		fputs(usage_text, stderr);
		return CTL_TROUBLE;
	}
	conf = conf_load(c->conf_path, &why);
	if (conf == NULL) {
		fprintf(stderr, "%s\n", why);
		free(why);
		return CTL_TROUBLE;
	}
	status = stats(conf, json);
	conf_unref(&conf);
	return status;
}
