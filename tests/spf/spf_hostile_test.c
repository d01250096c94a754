/*
 * spf_check over hostile zones: the verdict is the RFC's, and questions, memory
 * and time stay within the bounds in spf_check.h. Under AddressSanitizer this
 * is the crash test, too.
 */
#include "test.h"

#include <pthread.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dns/resolver.h"
#include "spf/spf_check.h"

#define BOUND		123		/* questions of one check */
#define MEMORY		(100 * 1024)	/* octets of the arena */

static struct resolver *
zone(const struct buf *text)
{
	struct resolver	*r;
	char		*why;

	r = resolver_zone_new(buf_str(text), &why);
	if (r == NULL)
		fail_msg("zone: %s", why);
	return r;
}

static struct spf_question
question(void)
{
	struct spf_question q = {
		.helo = "mail.example.org", .sender = "user@d.example",
		.receiver = "mx.example.net", .now = 1700000000
	};

	assert_true(netaddr_parse("192.0.2.1", &q.client));
	return q;
}

static void
judge(const char *name, const struct buf *text, enum result want,
    bool want_explanation)
{
	static const struct lookup_limits account = { 5000, 100000 };
	struct spf_question	 q = question();
	struct resolver		*r = zone(text);
	struct arena		*a;
	struct lookups		*l;
	struct spf_facts	 f;
	int			 early;

	for (early = 0; early < 2; early++) {
		a = arena_new(4096);
		l = lookups_new(r, &account);
		if (early)
			spf_prefetch(l, &q, &spf_default_limits);
		spf_check(l, &q, &spf_default_limits, a, &f);
		if (f.result != want)
			row_fail(name, "got %s: %s", result_name(f.result),
			    f.reason);
		if ((f.explanation != NULL) != want_explanation)
			row_fail(name, "explanation %s", f.explanation);
		if (f.explanation && strlen(f.explanation) > 255)
			row_fail(name, "long explanation");
		if (lookups_count(l) > BOUND * (early + 1u))
			row_fail(name, "%u questions", lookups_count(l));
		if (arena_used(a) > MEMORY)
			row_fail(name, "%zu octets", arena_used(a));
		arena_free(&a);
		lookups_free(&l);
	}
	resolver_free(&r);
}

static void
add_times(struct buf *b, const char *s, unsigned n)
{
	while (n-- > 0)
		buf_addstr(b, s);
}

/* --- many questions ---------------------------------------------------- */

/* 9 includes of 9 includes of 9 terms that cost eleven questions each. */
static void
trees_of_includes(void **state)
{
	struct buf	b = BUF_INIT;
	int		i, j;

	(void)state;
	buf_addstr(&b, "d.example TXT \"v=spf1");
	for (i = 0; i < 9; i++)
		buf_printf(&b, " include:i%d.example", i);
	buf_addstr(&b, " -all\"\n");
	for (i = 0; i < 9; i++) {
		buf_printf(&b, "i%d.example TXT \"v=spf1", i);
		for (j = 0; j < 9; j++)
			buf_printf(&b, " include:i%d%d.example", i, j);
		buf_addstr(&b, " -all\"\n");
		for (j = 0; j < 9; j++) {
			buf_printf(&b, "i%d%d.example TXT \"v=spf1", i, j);
			add_times(&b, " mx:m.example", 9);
			buf_addstr(&b, " -all\"\n");
		}
	}
	for (i = 0; i < 10; i++)
		buf_printf(&b, "m.example MX %d h%d.example\n"
		    "h%d.example A 203.0.113.1\n", i, i, i);
	judge("9x9x9", &b, RESULT_PERMERROR, false);
	buf_free(&b);
}

/* The maximum that the RFC's limits allow, and all of it is asked. */
static void
ten_mx_of_ten_names(void **state)
{
	struct buf	b = BUF_INIT;
	int		i, j;

	(void)state;
	buf_addstr(&b, "d.example TXT \"v=spf1");
	for (i = 0; i < 10; i++)
		buf_printf(&b, " mx:m%d.example", i);
	buf_addstr(&b, " exp=%{p}.e.example -all\"\n"
	    "unknown.e.example TXT \"no\"\n");
	for (i = 0; i < 10; i++)
		for (j = 0; j < 10; j++)
			buf_printf(&b, "m%d.example MX 1 h%d%d.example\n"
			    "h%d%d.example A 203.0.113.1\n", i, i, j, i, j);
	for (i = 0; i < 60; i++)
		buf_printf(&b, "1.2.0.192.in-addr.arpa PTR h0%d.example\n",
		    i % 10);
	judge("10 mx of 10", &b, RESULT_FAIL, true);
	buf_addstr(&b, "m9.example MX 1 h9a.example\n");
	judge("11 names in the last", &b, RESULT_PERMERROR, false);
	buf_free(&b);
}

/* Each record includes two more without end; names grow with each step. */
static void
records_without_an_end(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_addstr(&b, "d.example TXT \"v=spf1 include:%{d} include:%{d} "
	    "redirect=%{d}\"\n");
	judge("itself, three times", &b, RESULT_PERMERROR, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1 include:e.example -all\"\n"
	    "e.example TXT \"v=spf1 redirect=d.example\"\n");
	judge("round in circles", &b, RESULT_PERMERROR, false);
	buf_free(&b);
}

static void
ten_thousand_terms(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_addstr(&b, "d.example TXT \"v=spf1");
	add_times(&b, " a", 10000);
	buf_addstr(&b, " -all\"\nd.example A 203.0.113.1\n");
	judge("10000 a", &b, RESULT_PERMERROR, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1");
	add_times(&b, " ?all", 10000);
	buf_addstr(&b, " -all\"\n");
	judge("10000 all", &b, RESULT_NEUTRAL, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1");
	add_times(&b, " x=y", 10000);
	buf_addstr(&b, " -all\"\n");
	judge("10000 unknown modifiers", &b, RESULT_FAIL, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1");
	add_times(&b, " exists:%{d}", 5000);
	buf_addstr(&b, " moo\"\n");
	judge("error behind 5000 terms", &b, RESULT_PERMERROR, false);
	buf_free(&b);
}

/* --- long texts -------------------------------------------------------- */

/* libspf2 silently drops terms behind 511 octets of its own form. */
static void
many_networks(void **state)
{
	struct buf	b = BUF_INIT;
	int		i;

	(void)state;
	buf_addstr(&b, "d.example TXT \"v=spf1");
	for (i = 0; i < 64; i++)
		buf_printf(&b, " ip4:203.0.113.%d", i);
	buf_addstr(&b, " -all\"\n");
	judge("64 ip4 and -all", &b, RESULT_FAIL, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1");
	for (i = 0; i < 1000; i++)
		buf_printf(&b, " ip6:2001:db8:%d::/48", i);
	buf_addstr(&b, " ip4:192.0.2.1 -all\"\n");
	judge("1000 ip6 and the one that matches", &b, RESULT_PASS, false);
	buf_free(&b);
}

/* 4 labels of 60 octets and more: cut at 253 octets from the left (7.3). */
static void
long_literals(void **state)
{
	struct buf	b = BUF_INIT;
	char		label[62];
	int		i;

	(void)state;
	memset(label, 'x', 60);
	label[60] = '.';
	label[61] = '\0';
	buf_addstr(&b, "d.example TXT \"v=spf1 a:");
	for (i = 0; i < 1000; i++)
		buf_addstr(&b, label);
	buf_addstr(&b, "example -all\"\n");
	buf_printf(&b, "%s%s%s%sexample A 192.0.2.1\n", label, label, label,
	    label);
	judge("literal of 61 kilobytes", &b, RESULT_PASS, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1 a:");
	add_times(&b, "x", 300);
	buf_addstr(&b, ".example a:");
	add_times(&b, "x", 60000);
	buf_addstr(&b, ".example ip4:192.0.2.1 -all\"\n");
	judge("labels that no name has", &b, RESULT_PASS, false);
	buf_free(&b);
}

static void
record_of_64_kilobytes(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_addstr(&b, "d.example TXT \"v=spf1");
	/* with a length octet for each 255: less than 65535 on the wire */
	add_times(&b, " ip4:203.0.113.1", 4075);
	buf_addstr(&b, " ip4:192.0.2.1 -all\"\n");
	judge("64 KiB", &b, RESULT_PASS, false);
	buf_free(&b);
}

/* --- records that crash libspf2's compiler ------------------------------ */

static void
macros_and_a_literal(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_addstr(&b, "d.example TXT \"v=spf1 a:");
	add_times(&b, "%{d}", 127);
	add_times(&b, "x", 4000);
	buf_addstr(&b, ".example -all\"\n");
	judge("127 macros, 4000 octets in a term", &b, RESULT_FAIL, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1 -all exp=e.example\"\n"
	    "e.example TXT \"");
	add_times(&b, "%{d}", 127);
	add_times(&b, "x", 4000);
	buf_addstr(&b, "\"\n");
	judge("127 macros, 4000 octets in an explanation", &b, RESULT_FAIL,
	    true);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1 -all exp=");
	add_times(&b, "%{d}", 127);
	buf_addstr(&b, "xxxx.example\"\n");
	judge("127 macros in exp=", &b, RESULT_FAIL, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1 -all exp=e.example\"\n"
	    "e.example TXT \"");
	add_times(&b, "%{S128r.-+,/_=}", 200);
	buf_addstr(&b, "\"\n");
	judge("escape and reverse", &b, RESULT_FAIL, true);
	buf_free(&b);
}

static void
octets_that_end_strings(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_addstr(&b, "d.example TXT \"v=spf1 a:\\000 -all\"\n");
	judge("NUL for a domain", &b, RESULT_PERMERROR, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1 -all exp=e.example\\000\"\n");
	judge("NUL in exp=", &b, RESULT_PERMERROR, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1 -all exp=e.example\"\n"
	    "e.example TXT \"a\\000b\"\n");
	judge("NUL in an explanation", &b, RESULT_FAIL, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"\\000\"\nd.example TXT \"\"\n"
	    "d.example TXT \"\\255\\254\"\nd.example TXT \"v=spf1 -all\"\n");
	judge("odd texts beside the record", &b, RESULT_FAIL, false);
	buf_reset(&b);
	buf_addstr(&b, "d.example TXT \"v=spf1 x=%{l}\\000 -all\"\n");
	judge("NUL in an unknown modifier", &b, RESULT_PERMERROR, false);
	buf_free(&b);
}

/*
 * The most expensive expansion: records that have only macros. Ten of them
 * must take less than a second even here, under a sanitizer.
 */
static void
work_is_bounded(void **state)
{
	static const struct lookup_limits account = { 5000, 1000 };
	struct buf		 b = BUF_INIT, local = BUF_INIT;
	struct spf_question	 q = question();
	struct resolver		*r;
	struct arena		*a = arena_new(4096);
	struct lookups		*l;
	struct spf_facts	 f;
	struct timespec		 begin, end;
	int			 i;

	(void)state;
	for (i = 0; i < 10; i++) {
		buf_printf(&b, i == 0 ? "d.example" : "d%d.example", i);
		buf_printf(&b, " TXT \"v=spf1 redirect=");
		add_times(&b, "%{sr}", 12000);
		buf_printf(&b, ".d%d.example\"\n", i + 1);
	}
	add_times(&local, "a.", 32);
	buf_addstr(&local, "a@d.example");
	q.sender = local.data;
	r = zone(&b);
	l = lookups_new(r, &account);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	spf_check(l, &q, &spf_default_limits, a, &f);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	assert_int_equal(f.result, RESULT_PERMERROR);
	/* of the processor, which other processes do not use up */
	assert_in_range(end.tv_sec - begin.tv_sec, 0, 9);
	assert_true(arena_used(a) < MEMORY);
	lookups_free(&l);
	resolver_free(&r);
	arena_free(&a);
	buf_free(&local);
	buf_free(&b);
}

/* --- threads ----------------------------------------------------------- */

#define THREADS		4
#define CHECKS		200

struct worker {
	pthread_t	 thread;
	struct resolver	*r;
	unsigned	 n, wrong;
};

static void *
work(void *arg)
{
	static const struct lookup_limits account = { 5000, 1000 };
	static const char *const senders[] = {
		"u@pass.example", "u@fail.example", "u@perm.example",
		"u@temp.example", "u@none.example"
	};
	static const enum result want[] = {
		RESULT_PASS, RESULT_FAIL, RESULT_PERMERROR, RESULT_TEMPERROR,
		RESULT_NONE
	};
	struct worker		*w = arg;
	struct spf_question	 q = question();
	struct arena		*a = arena_new(4096);
	struct lookups		*l;
	struct spf_facts	 f;
	unsigned		 i;

	for (i = 0; i < CHECKS; i++) {
		q.sender = senders[(w->n + i) % NELEM(senders)];
		l = lookups_new(w->r, &account);
		if (i % 2)
			spf_prefetch(l, &q, &spf_default_limits);
		spf_check(l, &q, &spf_default_limits, a, &f);
		if (f.result != want[(w->n + i) % NELEM(senders)])
			w->wrong++;
		arena_reset(a);
		lookups_free(&l);
	}
	arena_free(&a);
	return NULL;
}

static void
threads_do_not_mix(void **state)
{
	static const char text[] =
	    "pass.example TXT \"v=spf1 include:i.example mx -all\"\n"
	    "pass.example MX 1 h.example\n"
	    "i.example TXT \"v=spf1 a:h2.example ~all\"\n"
	    "h.example A 192.0.2.1\nh2.example A 192.0.2.2\n"
	    "fail.example TXT \"v=spf1 a:h2.example -all exp=e.example\"\n"
	    "e.example TXT \"%{i}\"\n"
	    "perm.example TXT \"v=spf1 include:perm.example -all\"\n"
	    "temp.example TXT \"v=spf1 a:t.example -all\"\n"
	    "t.example SERVFAIL\n";
	struct buf	 b = BUF_INIT;
	struct worker	 w[THREADS];
	unsigned	 i;

	(void)state;
	buf_addstr(&b, text);
	w[0].r = zone(&b);
	for (i = 0; i < THREADS; i++) {
		w[i].r = w[0].r;
		w[i].n = i;
		w[i].wrong = 0;
		assert_int_equal(pthread_create(&w[i].thread, NULL, work,
		    &w[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		assert_int_equal(w[i].wrong, 0);
	}
	resolver_free(&w[0].r);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_of_includes),
		cmocka_unit_test(ten_mx_of_ten_names),
		cmocka_unit_test(records_without_an_end),
		cmocka_unit_test(ten_thousand_terms),
		cmocka_unit_test(many_networks),
		cmocka_unit_test(long_literals),
		cmocka_unit_test(record_of_64_kilobytes),
		cmocka_unit_test(macros_and_a_literal),
		cmocka_unit_test(octets_that_end_strings),
		cmocka_unit_test(work_is_bounded),
		cmocka_unit_test(threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
