/*
 * ctl_stats - millgatectl stats: the counters of the running daemon
 *
 * The daemon answers over its control socket in JSON: --json prints its answer
 * unchanged, otherwise it becomes a table.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "ctl_ask_priv.h"
#include "ctl_common_priv.h"

static const char usage[] =
    "usage: millgatectl [-c FILE] stats [--json]\n\n"
    "Show what the running daemon has counted since it started.\n";

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
stats_row(struct json object, const char *title, const char *const *names)
{
	printf("%-10s", title);
	for (; *names != NULL; names++)
		printf("  %s %" PRIu64, *names,
		    json_get_number(object, *names));
	putchar('\n');
}

static void
stats_listener(struct arena *a, struct json l)
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
stats_print(struct arena *a, struct json v)
{
	static const char *const now[] = { "open_connections",
	    "open_messages", "memory", NULL };
	static const char *const messages[] = { "connections", "messages",
	    "accepted", "held", "deferred", "rejected", "aborted", NULL };
	static const char *const quota[] = { "quota_refusals",
	    "store_failures", "outcomes_lost", NULL };
	static const char *const ceiling[] = { "over_max_sessions",
	    "over_max_memory", "refused_connections", NULL };
	static const char *const site[] = { "warnings", "notify_dropped",
	    NULL };
	static const char *const users[] = { "asked", "cached", "stale",
	    "failed", "kept", NULL };
	static const char *const dns[] = { "queries", "cache_hits", "shared",
	    "timeouts", "failures", NULL };
	static const char *const keys[] = { "asked", "stale", "failed",
	    "refused", "domains", "keys", "octets", "dropped", NULL };
	struct json sub, at = { NULL, NULL }, l;

	printf("millgate %s, ", json_get_text(a, v, "version"));
	print_uptime(json_get_number(v, "uptime"));
	printf(", %s, process %" PRIu64 "\n", json_get_text(a, v, "mode"),
	    json_get_number(v, "pid"));
	stats_row(v, "now", now);
	stats_row(v, "total", messages);
	stats_row(v, "state", quota);
	stats_row(v, "ceiling", ceiling);
	stats_row(v, "site", site);
	if (json_get(v, "users", &sub))
		stats_row(sub, "users", users);
	if (json_get(v, "owners", &sub))
		stats_row(sub, "owners", users);
	if (json_get(v, "resolver", &sub))
		stats_row(sub, "dns", dns);
	if (json_get(v, "keys", &sub))
		stats_row(sub, "keys", keys);
	printf("\n%-16s %10s %10s %8s %8s %8s %8s\n", "LISTENER", "SESSIONS",
	    "MESSAGES", "ACCEPTED", "HELD", "DEFERRED", "REJECTED");
	if (!json_get(v, "listeners", &sub))
		return;
	while (json_next(sub, &at, NULL, &l))
		stats_listener(a, l);
}

int
ctl_stats(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		CTL_OPTION_JSON,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options, NULL, 0, 0 };
	struct arena	*a;
	struct conf	*conf;
	struct buf	 text = BUF_INIT;
	struct json	 answer;
	int		 status = ctl_parse(c, &syntax, NULL, argc, argv);

	if (status != CTL_PARSED)
		return status;
	conf = ctl_load_conf(c);
	if (conf == NULL)
		return CTL_TROUBLE;
	a = arena_new(4096);
	status = CTL_TROUBLE;
	if (ctl_ask(conf, "stats", &text, &answer)) {
		if (c->json)
			fputs(buf_str(&text), stdout);
		else
			stats_print(a, answer);
		status = CTL_GOOD;
	}
	buf_free(&text);
	arena_free(&a);
	conf_unref(&conf);
	return status;
}
