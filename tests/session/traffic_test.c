/*
 * traffic: minutes, rules and author domains are counted, and end in time
 */
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "session/traffic.h"

#define MINUTE	60000u
#define HOUR	3600000u
#define THREADS	4
#define EACH	20000u

static void
a_minute_lasts_an_hour(void **state)
{
	struct traffic_minute	 m[TRAFFIC_MINUTES];
	struct traffic		*t = traffic_new();
	uint64_t		 begin = 7 * HOUR + 30000;

	(void)state;
	traffic_note(t, begin, "eom", ACTION_ACCEPT, NULL);
	traffic_note(t, begin + MINUTE, "eom", ACTION_REJECT, "dmarc");
	traffic_note(t, begin + MINUTE, "rcpt", ACTION_DEFER, "quota");
	traffic_note(t, begin + MINUTE, "rcpt", ACTION_DEFER, "quota");
	traffic_hour(t, begin + MINUTE, m);
	assert_int_equal(m[TRAFFIC_MINUTES - 2].n[ACTION_ACCEPT], 1);
	assert_int_equal(m[TRAFFIC_MINUTES - 2].n[ACTION_REJECT], 0);
	assert_int_equal(m[TRAFFIC_MINUTES - 1].n[ACTION_REJECT], 1);
	assert_int_equal(m[TRAFFIC_MINUTES - 1].n[TRAFFIC_RECIPIENTS], 2);
	assert_int_equal(m[TRAFFIC_MINUTES - 1].n[ACTION_DEFER], 0);

	traffic_hour(t, begin + 59 * MINUTE, m);
	assert_int_equal(m[0].n[ACTION_ACCEPT], 1);
	assert_int_equal(m[1].n[ACTION_REJECT], 1);
	traffic_hour(t, begin + 60 * MINUTE, m);
	assert_int_equal(m[0].n[ACTION_ACCEPT], 0);
	assert_int_equal(m[0].n[ACTION_REJECT], 1);

	/* the same cell, an hour later */
	traffic_note(t, begin + 60 * MINUTE, "eom", ACTION_ACCEPT, NULL);
	traffic_hour(t, begin + 60 * MINUTE, m);
	assert_int_equal(m[TRAFFIC_MINUTES - 1].n[ACTION_ACCEPT], 1);
	traffic_free(&t);
	assert_null(t);
}

/* The clock begins with the machine. */
static void
the_first_minute_is_not_special(void **state)
{
	struct traffic_minute	 m[TRAFFIC_MINUTES];
	struct traffic		*t = traffic_new();
	size_t			 i;

	(void)state;
	traffic_note(t, 0, "eom", ACTION_HOLD, "fuse");
	traffic_hour(t, 0, m);
	for (i = 0; i < TRAFFIC_MINUTES; i++)
		assert_int_equal(m[i].n[ACTION_HOLD],
		    i == TRAFFIC_MINUTES - 1);
	traffic_free(&t);
}

static void
rules_are_counted(void **state)
{
	static char		 names[2 * TRAFFIC_RULES][16];
	struct traffic_rule	 r[TRAFFIC_RULES];
	struct traffic		*t = traffic_new();
	size_t			 i;

	(void)state;
	traffic_note(t, 0, "eom", ACTION_REJECT, "dmarc");
	traffic_note(t, 0, "eom", ACTION_REJECT, "dmarc");
	traffic_note(t, HOUR, "rcpt", ACTION_DEFER, "quota");
	traffic_note(t, HOUR, "eom", ACTION_ACCEPT, NULL);
	assert_int_equal(traffic_rules(t, HOUR, r), 2);
	assert_string_equal(r[0].name, "quota");
	assert_int_equal(r[0].hour, 1);
	assert_string_equal(r[1].name, "dmarc");
	assert_int_equal(r[1].hour, 0);
	assert_int_equal(r[1].total, 2);
	for (i = 0; i < 2 * TRAFFIC_RULES; i++) {
		snprintf(names[i], sizeof(names[i]), "rule-%zu", i);
		traffic_note(t, HOUR, "eom", ACTION_REJECT, names[i]);
	}
	assert_int_equal(traffic_rules(t, HOUR, r), TRAFFIC_RULES);
	traffic_free(&t);
}

static void
an_author_lasts_a_day(void **state)
{
	struct traffic_domain	 d[4];
	struct traffic		*t = traffic_new();
	uint64_t		 now = 1000 * (uint64_t)HOUR;

	(void)state;
	traffic_author(t, now, "example.org", RESULT_PASS, false);
	traffic_author(t, now, "example.net", RESULT_FAIL, true);
	traffic_author(t, now + HOUR, "example.net", RESULT_FAIL, false);
	assert_int_equal(traffic_authors(t, now + HOUR, d, 4), 2);
	assert_string_equal(d[0].domain, "example.net");
	assert_int_equal(d[0].messages, 2);
	assert_int_equal(d[0].n[RESULT_FAIL], 2);
	assert_int_equal(d[0].n[TRAFFIC_REFUSED], 1);
	assert_int_equal(d[1].n[RESULT_PASS], 1);
	assert_int_equal(traffic_authors(t, now + HOUR, d, 1), 1);

	assert_int_equal(traffic_authors(t, now + 23u * HOUR, d, 4), 2);
	assert_int_equal(traffic_authors(t, now + 24u * HOUR, d, 4), 1);
	assert_int_equal(d[0].messages, 1);
	assert_int_equal(traffic_authors(t, now + 25u * HOUR, d, 4), 0);
	traffic_author(t, now + 1000ull * HOUR, "a.example", RESULT_NONE, 0);
	assert_int_equal(traffic_authors(t, now + 1000ull * HOUR, d, 4), 1);
	traffic_free(&t);
}

/* Forged domains do not displace a busy one, however long they are. */
static void
authors_are_bounded(void **state)
{
	static struct traffic_domain d[TRAFFIC_AUTHORS + 1];
	struct traffic	*t = traffic_new();
	char		 name[2000];
	unsigned	 i;

	(void)state;
	for (i = 0; i < 3; i++)
		traffic_author(t, 0, "busy.example", RESULT_PASS, false);
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%u.%01500d.example", i, 0);
		traffic_author(t, 0, name, RESULT_FAIL, true);
	}
	assert_int_equal(traffic_authors(t, 0, d, TRAFFIC_AUTHORS + 1),
	    TRAFFIC_AUTHORS);
	assert_string_equal(d[0].domain, "busy.example");
	assert_int_equal(strlen(d[1].domain), TRAFFIC_DOMAIN - 1);
	traffic_free(&t);
}

static void *
note_many(void *arg)
{
	unsigned i;

	/* all threads cross the ends of minutes together */
	for (i = 0; i < EACH; i++)
		traffic_note(arg, i * 6u, "eom", ACTION_ACCEPT, "rule");
	return NULL;
}

static void
no_count_is_lost(void **state)
{
	struct traffic_minute	 m[TRAFFIC_MINUTES];
	struct traffic_rule	 r[TRAFFIC_RULES];
	struct traffic		*t = traffic_new();
	pthread_t		 thread[THREADS];
	uint64_t		 sum = 0;
	size_t			 i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, note_many,
		    t), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	traffic_hour(t, EACH * 6u, m);
	for (i = 0; i < TRAFFIC_MINUTES; i++)
		sum += m[i].n[ACTION_ACCEPT];
	assert_int_equal(sum, THREADS * EACH);
	assert_int_equal(traffic_rules(t, EACH * 6u, r), 1);
	assert_int_equal(r[0].hour, THREADS * EACH);
	traffic_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minute_lasts_an_hour),
		cmocka_unit_test(the_first_minute_is_not_special),
		cmocka_unit_test(rules_are_counted),
		cmocka_unit_test(an_author_lasts_a_day),
		cmocka_unit_test(authors_are_bounded),
		cmocka_unit_test(no_count_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
