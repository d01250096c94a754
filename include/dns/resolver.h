/*
 * resolver - one DNS for everything a message needs
 *
 * A `resolver` is shared by all threads: it owns the cache of answers and
 * the library behind it. A `lookups` is one message's account with it: a
 * deadline, a budget of queries, and each question asked only once. All
 * started lookups run at the same time; waiting never lasts longer than the
 * deadline. What has no answer by then, or is over the budget, is answered
 * DNS_TEMPFAIL: a failed lookup is a fact, never an error path.
 *
 * Bounds: at most `max_queries` different questions per message, at most
 * `timeout_ms` of waiting per message in all, a name at most 253 octets
 * and labels of 1 to 63 octets (else DNS_BADNAME, without a query), at most
 * RESOLVER_MAX_RR records and RESOLVER_MAX_RDATA octets of one answer.
 */
#ifndef MILLGATE_RESOLVER_H
#define MILLGATE_RESOLVER_H

#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"

struct resolver;
struct lookups;
struct lookup;

#define RESOLVER_MAX_RR		64
#define RESOLVER_MAX_RDATA	65535

/* --- making one ------------------------------------------------------- */

struct resolver_options {
	const char *const *servers;	/* "192.0.2.1", "192.0.2.1@5353" */
	size_t		 nservers;	/* 0: /etc/resolv.conf */
	const char	*trust_anchor;	/* file; NULL: no validation */
	size_t		 cache_entries;	/* answers kept; 0: the default */
};

/*
 * libunbound behind it. NULL with *why set (static or malloced once, never
 * to be freed) when the library refuses the options. Threads are started by
 * the first lookup, not here, so that it may be made before a fork.
 */
struct resolver	*resolver_unbound_new(const struct resolver_options *o,
		    const char **why);

/*
 * A zone text behind it, for tests, scenarios and `millgatectl check --zone`:
 *   ; comment
 *   name  TXT  "string" "string"      \DDD and \" are understood in strings
 *   name  A 192.0.2.1 | AAAA 2001:db8::1 | MX 10 name | PTR name
 *   name  CNAME name
 *   name  SERVFAIL | TIMEOUT | REFUSED   the name answers with a failure
 * Names are absolute, with or without the final dot; \DDD and quotes are
 * understood in them, too. A name above a listed one exists (NODATA); all
 * others are NXDOMAIN. A name with a failure and records answers the types
 * that are listed and fails for all others. Every lookup is answered at
 * once. NULL with *why "line N: ..." (malloced; the caller frees) on a syntax
 * error.
 */
struct resolver	*resolver_zone_new(const char *text, char **why);

/* All accounts must have been freed. Ends at once, whatever is asked. */
void		 resolver_free(struct resolver **rp);

/* Counters since the start, for metrics. */
struct resolver_stats {
	uint64_t queries, cache_hits, shared, timeouts, failures;
};
void		 resolver_stats(struct resolver *r, struct resolver_stats *st);

/* --- one message ------------------------------------------------------ */

struct lookup_limits {
	unsigned	 timeout_ms;	/* of a lookup; and of all waiting */
	unsigned	 max_queries;	/* different questions */
};

/*
 * An account for one message. Each lookup may take timeout_ms from its start,
 * and all waiting together may; so a client that pauses for minutes between
 * MAIL and the end of its message costs no answer. Lookups may be started by
 * any one thread at a time and by callbacks.
 */
struct lookups	*lookups_new(struct resolver *r,
		    const struct lookup_limits *limits);

/*
 * Ends all: callbacks that run are waited for, none runs afterwards; every
 * struct lookup and dns_answer of this account is gone. Not for callbacks.
 */
void		 lookups_free(struct lookups **lp);

/*
 * Call fn(arg) at the end of lookups_free, when no callback runs any more:
 * the place to free what callbacks work on. The last one added goes first.
 */
void		 lookups_atexit(struct lookups *l, void (*fn)(void *),
		    void *arg);

/*
 * Ask for name and type, or find the same question asked before. `name` is
 * text; case and one final dot do not matter. Never NULL, never blocks.
 */
struct lookup	*lookups_start(struct lookups *l, const char *name,
		    enum dns_type type);

/*
 * Call fn(arg, answer) once when the answer is there: at once, in this
 * thread, if it is there already; else in the resolver's thread, or in the
 * one that waits when the deadline passes. fn must not block or wait; it may
 * start further lookups of the same account and add callbacks to them.
 *
 * Callbacks of one account never run at the same time, and never one inside
 * another: what becomes ready while one runs is run behind it, in that
 * thread. Several callbacks on one lookup are run in the order of adding.
 */
typedef void	 lookup_fn(void *arg, const struct dns_answer *answer);
void		 lookup_then(struct lookup *l, lookup_fn *fn, void *arg);

/* Wait until answered or the deadline has passed. Never NULL. */
const struct dns_answer *lookup_wait(struct lookup *l);
/* The answer, or NULL if there is none yet. */
const struct dns_answer *lookup_peek(struct lookup *l);

/* Different questions asked so far, and milliseconds spent in waiting. */
unsigned	 lookups_count(struct lookups *l);
unsigned	 lookups_waited_ms(struct lookups *l);

/* lookups_start and lookup_wait. */
const struct dns_answer *lookups_ask(struct lookups *l, const char *name,
		    enum dns_type type);

#endif
