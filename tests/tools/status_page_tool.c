/*
 * status_page_tool - print the status page of a site that is made up
 *
 *	status_page_tool	a usual site
 *	status_page_tool NAME	NAME in every place that can have a name from
 *				mail or from a person
 *
 * The first line is the Content-Security-Policy, the second one is empty. The
 * tests of the page in a browser serve it.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "status/status_priv.h"
#include "dns/resolver.h"
#include "session/services.h"
#include "store/store.h"
#include "store/store_settings.h"

#define NOW	1796079840	/* 2026-11-30 23:04:00 UTC */
#define DAY	86400

static const char site[] =
    "plan bulk { recipients-per-hour = 5000  recipients-per-day = 20000 }\n"
    "plan small { recipients-per-hour = 200  bytes-per-day = \"50M\" }\n"
    "group acme { domains = {\"acme.example\"} "
    "recipients-per-hour = 1500 }\n"
    "user news@shop.example { plan = bulk }\n"
    "user scanner@acme.example { plan = small }\n"
    "listener submission { daemon-ports = {587} direction = submission "
    "plan = standard }\n";

static const char *name;	/* NULL: a usual site */

static time_t
tool_now(void)
{
	return NOW;
}

/* Three hours after the start, in the midst of a minute. */
static uint64_t
tool_ticks(void)
{
	return (2 * DAY + 3 * 3600) * 1000ull + 40000;
}

static const char *
or_name(const char *usual)
{
	return name != NULL ? name : usual;
}

static void
sent(struct services *sv, const char *key, unsigned recipients,
    uint64_t bytes)
{
	struct store_account	 account = { key, STORE_LIMITS_NONE };
	struct reservation	*r;
	struct store_usage	 usage;

	account.limits.of[STORE_BYTES][STORE_DAY] = STORE_LIMIT_MAX;
	r = store_reservation_new(sv->store, &account, 1);
	store_set_bytes(r, bytes);
	while (recipients-- > 0)
		store_reserve(r, NOW - 600, &usage);
	store_commit(&r, NOW - 600, &usage);
}

static void
blocked(struct services *sv, const char *key, const char *reason,
    time_t until)
{
	struct store_setting	t = { .blocked_until = until,
				    .changed = NOW - 900 };
	char			error[STORE_ERROR];

	snprintf(t.reason, sizeof(t.reason), "%s", reason);
	store_setting_put(sv->store, key, STORE_PART_BLOCK, &t, error);
}

static void
fill_traffic(struct services *sv)
{
	static const char *const	rules[] = { "quota", "dmarc", "from",
	    "blocked", "auth-required" };
	uint64_t	ticks;
	unsigned	i, j, wave;

	for (i = 0; i < TRAFFIC_MINUTES; i++) {
		ticks = tool_ticks() - i * 60000ull;
		wave = 40 + i % 17 * 3 + (i * 7) % 23;
		for (j = 0; j < wave; j++)
			traffic_note(sv->traffic, ticks, "eom",
			    ACTION_ACCEPT, NULL);
		for (j = 0; j < 2 + i % 5; j++)
			traffic_note(sv->traffic, ticks, "eom", ACTION_TAG,
			    NULL);
		for (j = 0; j < i % 3; j++)
			traffic_note(sv->traffic, ticks, "eom", ACTION_DEFER,
			    "quota");
		for (j = 0; j < (i > 20 && i < 27 ? 30u : i % 4); j++)
			traffic_note(sv->traffic, ticks, "eom",
			    ACTION_REJECT, or_name(rules[1 + j % 4]));
		if (i % 11 == 0)
			traffic_note(sv->traffic, ticks, "eom", ACTION_HOLD,
			    "dmarc");
		traffic_note(sv->traffic, ticks, "rcpt", ACTION_DEFER,
		    "quota");
	}
}

static void
fill_authors(struct services *sv)
{
	static const char *const	domains[] = { "bank.example",
	    "shop.example", "list.example", "club.example" };
	unsigned	i;

	for (i = 0; i < 420; i++)
		traffic_author(sv->traffic, tool_ticks(),
		    or_name(domains[i % 7 % 4]), i % 9 == 0 ? RESULT_FAIL :
		    i % 31 == 0 ? RESULT_TEMPERROR : RESULT_PASS, i % 9 == 0);
}

static void
fill_store(struct services *sv)
{
	sent(sv, or_name("news@shop.example"), 3120, 91 << 20);
	sent(sv, "alice@acme.example", 642, 12 << 20);
	sent(sv, "scanner@acme.example", 200, 43 << 20);
	sent(sv, "bob@example.org", 87, 3 << 20);
	sent(sv, "carol@example.org", 12, 1 << 20);
	sent(sv, "group acme", 842, 55 << 20);
	sent(sv, "listener submission", 41, 1 << 20);
	blocked(sv, or_name("mallory@example.org"),
	    "fuse: 9 client networks in an hour (limit 8)", NOW + 2700);
	blocked(sv, "dave@acme.example", "contract ended", STORE_FOREVER);
	atomic_store(&sv->tallies.fuse[FUSE_NETWORKS], 1);
}

static void
fill_resolver(struct services *sv)
{
	static const unsigned	 us[] = { 300, 900, 2000, 4000, 8000, 20000,
	    40000, 90000 };
	struct histogram	*h = resolver_latency(sv->resolver);
	unsigned		 i;

	for (i = 0; i < 4000; i++)
		histogram_add(h, us[(i * i / 3 + i) % 8 * (i % 3 > 0)]);
}

/* Keys of files and of a database, in each state; whose MTA was read. */
static void
fill_keys(struct status *s)
{
	static const struct {
		const char	*domain, *selector;
		enum key_state	 state;
		enum status_record record;
	} rows[] = {
		{ "shop.example", "s2026", KEY_ACTIVE, RECORD_PUBLISHED },
		{ "shop.example", "s2027", KEY_PENDING, RECORD_NOT_PUBLISHED },
		{ "shop.example", "s2025", KEY_RETIRED, RECORD_NOT_CHECKED },
		{ "club.example", "a", KEY_ACTIVE, RECORD_NOT_PUBLISHED },
		{ "list.example", "b", KEY_ACTIVE, RECORD_DIFFERENT },
		{ "bank.example", "c", KEY_ACTIVE, RECORD_NOT_CHECKED },
	};
	struct status_key	*k;
	size_t			 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		k = &s->key[s->nkeys++];
		k->domain = or_name(rows[i].domain);
		k->selector = or_name(rows[i].selector);
		k->algorithm = i % 2 == 0 ? "rsa-sha256" : NULL;
		k->state = key_state_name(rows[i].state);
		k->record = rows[i].record;
		k->since = NOW - (time_t)(i * 9 * DAY) - 60;
		k->checked = i % 2 == 0 ? NOW - 900 : 0;
		s->keys_of[rows[i].state]++;
	}
	s->database_from = 3;
	s->mta_read = or_name("Postfix in /etc/postfix");
	s->mta_time = NOW - 1200;
	advice_key_record(&s->advice, or_name("club.example"), or_name("a"),
	    "there is no such record");
}

static struct services *
tool_services(void)
{
	char		*why = NULL;
	struct conf	*c = conf_load_text(or_name("/etc/millgate/"
	    "millgate.conf"), site, &why);
	struct services	*sv;

	if (c == NULL) {
		fprintf(stderr, "%s\n", why);
		return NULL;
	}
	sv = services_new(setup_new(c, &why), resolver_zone_new("", &why),
	    store_open_memory(), or_name("mx.example.net"));
	sv->now = tool_now;
	sv->ticks = tool_ticks;
	counter_add(&sv->counters.open_connections, 23);
	atomic_store(&sv->tallies.loaded_at, NOW - 7200);
	counter_add(&sv->tallies.reloads_good, 3);
	return sv;
}

int
main(int argc, char **argv)
{
	const struct status_start	 start = { NOW - 2 * DAY - 3 * 3600,
					    40000 };
	struct buf			 b = BUF_INIT;
	struct services			*sv;
	struct status			*s;

	name = argc > 1 ? argv[1] : NULL;
	sv = tool_services();
	if (sv == NULL)
		return 1;
	fill_traffic(sv);
	fill_authors(sv);
	fill_store(sv);
	fill_resolver(sv);
	s = status_gather(sv, &start);
	fill_keys(s);
	if (name != NULL)
		advice_add(&s->advice, "test", name, name, "%s", name);
	status_write_page(s, &b);
	status_free(&s);
	printf("%s\n\n", status_policy());
	fwrite(b.data, 1, b.len, stdout);
	buf_free(&b);
	services_free(&sv);
	return 0;
}
