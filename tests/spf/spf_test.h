/*
 * spf_test - one SPF check over a zone text, for the tests of spf_check
 *
 * Include it after test.h.
 */
#ifndef MILLGATE_SPF_TEST_H
#define MILLGATE_SPF_TEST_H

#include "base/arena.h"
#include "dns/resolver.h"
#include "spf/spf_check.h"

#define BOUND	123		/* questions; spf_check.h says why */

static inline struct resolver *
zone(const char *text)
{
	struct resolver	*r;
	char		*why;

	r = resolver_zone_new(text, &why);
	if (r == NULL)
		fail_msg("zone: %s", why);
	return r;
}

/* The facts of one check; strings in the arena. */
static inline unsigned
run(struct resolver *r, const struct spf_question *q,
    const struct spf_limits *limits, bool prefetch, struct arena *a,
    struct spf_facts *f)
{
	static const struct lookup_limits account = { 5000, 2000 };
	struct lookups	*l = lookups_new(r, &account);
	unsigned	 questions;

	if (prefetch)
		spf_prefetch(l, q, limits);
	spf_check(l, q, limits, a, f);
	assert_true(f->done);
	questions = lookups_count(l);
	lookups_free(&l);
	return questions;
}

static inline struct spf_question
question(const char *client, const char *sender)
{
	struct spf_question q = {
		.helo = "mail.example.org", .sender = sender,
		.receiver = "mx.example.net", .now = 1700000000
	};

	assert_true(netaddr_parse(client, &q.client));
	return q;
}

static inline bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

#endif
