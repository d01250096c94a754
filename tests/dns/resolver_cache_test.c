/*
 * resolver_cache: lifetime of answers, bounds of the table
 */
#include "test.h"

#include "resolver_fake.h"

/* --- the cache -------------------------------------------------------- */

static const struct {
	const char	*name;
	enum dns_status	 status;
	uint32_t	 ttl;
	unsigned	 kept, gone;		/* seconds; 0, 0: never kept */
} lives[] = {
	{ "as long as the owner says", DNS_OK, 300, 299, 300 },
	{ "not at all", DNS_OK, 0, 0, 0 },
	{ "a day at most", DNS_OK, 604800, 86399, 86400 },
	{ "denied with SOA", DNS_NXDOMAIN, 600, 599, 600 },
	{ "denied for an hour at most", DNS_NODATA, 86400, 3599, 3600 },
	{ "denied without SOA", DNS_NODATA, DNS_TTL_UNKNOWN, 59, 60 },
	{ "failed", DNS_TEMPFAIL, 300, 0, 0 },
};

static void
answers_live_as_long_as_they_may(void **state)
{
	struct world	*w = *state;
	char		 name[32];
	unsigned	 i;
	bool		 kept;

	for (i = 0; i < NELEM(lives); i++) {
		w->fake.n = 0;
		snprintf(name, sizeof(name), "n%u.test", i);
		lookups_start(w->one, name, DNS_TXT);
		if (lives[i].status == DNS_OK)
			fake_txt(&w->fake, 0, lives[i].ttl, "x");
		else
			fake_status(&w->fake, 0, lives[i].status,
			    lives[i].ttl);
		test_time += 1000 * lives[i].kept;
		kept = cached(w, name);
		if (kept != (lives[i].gone > 0))
			row_fail(lives[i].name, "kept: %d", kept);
		test_time += 1000 * (lives[i].gone - lives[i].kept);
		if (cached(w, name))
			row_fail(lives[i].name, "not forgotten");
	}
}

/* Thousands of sessions may hold it. */
static void
an_answer_is_shared_not_copied(void **state)
{
	const struct dns_answer	*a;
	struct world		*w = *state;

	lookups_start(w->one, "a.test", DNS_TXT);
	fake_txt(&w->fake, 0, 300, "x");
	a = lookups_ask(w->one, "a.test", DNS_TXT);
	assert_int_equal(a->ttl, 300);
	test_time += 100000;
	assert_ptr_equal(lookups_ask(w->two, "a.test", DNS_TXT), a);
}

/* An answer in use stays valid after the cache has dropped it. */
static void
a_forgotten_answer_stays_readable(void **state)
{
	struct world	*w = *state;
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);

	fake_txt(&w->fake, 0, 10, "old");
	test_time += 20000;
	assert_false(cached(w, "a.test"));
	fake_txt(&w->fake, 1, 10, "new");
	assert_txt(lookup_peek(p), "old");
	assert_txt(lookups_ask(w->two, "a.test", DNS_TXT), "new");
}

static struct answer *
an_answer(const char *name, size_t octets, uint64_t now)
{
	static const uint64_t	 key[2] = { 1, 2 };
	char			*rdata = xcalloc(1, octets);
	char			*const list[] = { rdata };
	const int		 len[] = { (int)octets };
	const struct dns_reply	 reply = {
		.status = DNS_OK, .ttl = 10, .n = 1, .rdata = list, .len = len
	};
	struct question		 qn = { .type = DNS_TXT, .name = name };
	struct answer		*a;

	qn.len = strlen(name);
	qn.hash = question_hash(key, name, qn.len, qn.type);
	a = answer_new(&qn, &reply, now);
	free(rdata);
	return a;
}

static void
cache_add(struct dns_cache *c, const char *name, size_t octets, uint64_t now)
{
	struct answer *a = an_answer(name, octets, now);

	dns_cache_insert(c, a);
	answer_unref(a);
}

static bool
cache_has(struct dns_cache *c, const char *name, uint64_t now)
{
	struct answer *want = an_answer(name, 1, now);
	struct answer *a = dns_cache_find(c, &want->question, now);

	answer_unref(want);
	if (a == NULL)
		return false;
	answer_unref(a);
	return true;
}

static void
the_cache_is_bounded_in_entries(void **state)
{
	struct dns_cache	c;
	char		name[32];
	int		i;

	(void)state;
	dns_cache_init(&c, 10, 1 << 20);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		cache_add(&c, name, 10, 0);
		assert_true(cache_has(&c, "n0.test", 1));
	}
	assert_int_equal(c.entries, 10);
	/* the one in use and the nine latest */
	assert_false(cache_has(&c, "n90.test", 1));
	for (i = 91; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		assert_true(cache_has(&c, name, 1));
	}
	dns_cache_clear(&c);
}

static void
the_cache_is_bounded_in_octets(void **state)
{
	struct dns_cache	c;
	char		name[32];
	int		i;

	(void)state;
	dns_cache_init(&c, 1000, 200000);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		cache_add(&c, name, 60000, 0);
		assert_true(c.bytes <= 200000);
	}
	assert_int_equal(c.entries, 3);
	assert_true(cache_has(&c, "n19.test", 1));
	cache_add(&c, "small.test", 10, 0);
	assert_int_equal(c.entries, 4);
	/* the same name again replaces the old answer */
	cache_add(&c, "small.test", 20, 0);
	assert_int_equal(c.entries, 4);
	assert_false(cache_has(&c, "small.test", 10000));
	assert_int_equal(c.entries, 3);
	dns_cache_clear(&c);
}

static void
what_is_larger_than_the_cache_is_not_kept(void **state)
{
	struct dns_cache c;

	(void)state;
	dns_cache_init(&c, 1000, 10000);
	cache_add(&c, "small.test", 10, 0);
	cache_add(&c, "large.test", 60000, 0);
	assert_false(cache_has(&c, "large.test", 1));
	assert_true(cache_has(&c, "small.test", 1));
	/* nor may an old answer stay, which is wrong now */
	cache_add(&c, "small.test", 60000, 0);
	assert_false(cache_has(&c, "small.test", 1));
	assert_int_equal(c.entries, 0);
	assert_int_equal(c.bytes, 0);
	dns_cache_clear(&c);
}

static void
the_hash_depends_on_all_of_it(void **state)
{
	static const uint64_t	key[2] = { 1, 2 }, other[2] = { 1, 3 };
	uint64_t		h = question_hash(key, "abcdefgh.test", 13,
				    DNS_TXT);

	(void)state;
	assert_true(h == question_hash(key, "abcdefgh.test", 13, DNS_TXT));
	assert_true(h != question_hash(other, "abcdefgh.test", 13, DNS_TXT));
	assert_true(h != question_hash(key, "abcdefgh.test", 13, DNS_A));
	assert_true(h != question_hash(key, "abcdefgh.test", 12, DNS_TXT));
	assert_true(h != question_hash(key, "abcdefgh.tesu", 13, DNS_TXT));
	assert_true(h != question_hash(key, "bbcdefgh.test", 13, DNS_TXT));
}

/* Records beyond our bounds are dropped, the others are kept. */
static void
an_answer_is_bounded(void **state)
{
	static char	 big[40000];
	char		*list[RESOLVER_MAX_RR + 10];
	int		 len[NELEM(list)];
	struct dns_reply reply = {
		.status = DNS_OK, .ttl = 1, .rdata = list, .len = len
	};
	struct question	 qn = { .type = DNS_TXT, .len = 1, .name = "a" };
	struct answer	*a;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(list); i++) {
		list[i] = big;
		len[i] = 1;
	}
	reply.n = NELEM(list);
	a = answer_new(&qn, &reply, 0);
	assert_int_equal(a->dns.n, RESOLVER_MAX_RR);
	answer_unref(a);
	len[1] = len[2] = sizeof(big);
	a = answer_new(&qn, &reply, 0);
	assert_int_equal(a->dns.n, 2);
	answer_unref(a);
	len[0] = -1;
	a = answer_new(&qn, &reply, 0);
	assert_int_equal(a->dns.status, DNS_NODATA);
	answer_unref(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_live_as_long_as_they_may),
		TEST(an_answer_is_shared_not_copied),
		TEST(a_forgotten_answer_stays_readable),
		cmocka_unit_test(the_cache_is_bounded_in_entries),
		cmocka_unit_test(the_cache_is_bounded_in_octets),
		cmocka_unit_test(what_is_larger_than_the_cache_is_not_kept),
		cmocka_unit_test(the_hash_depends_on_all_of_it),
		cmocka_unit_test(an_answer_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
