/*
 * resolver - all DNS lookups of all messages
 *
 * A `resolver` is shared by all threads: it owns the cache of answers and
 * the backend that asks the network. A `lookups` is the account of one
 * message: a deadline, a budget of queries, and each question only once. All
 * started lookups run in parallel; waiting never lasts longer than the
 * deadline. A lookup that is late or over the budget is answered
 * DNS_TEMPFAIL: a failed lookup is a fact, not an error.
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

struct histogram;
struct resolver;
struct lookups;
struct lookup;

#define RESOLVER_MAX_RR		64
#define RESOLVER_MAX_RDATA	65535

/* --- create and free -------------------------------------------------- */

struct resolver_options {
	const char *const *servers;	/* "192.0.2.1", "192.0.2.1@5353" */
	size_t		 nservers;	/* 0: /etc/resolv.conf */
	const char	*trust_anchor;	/* file; NULL: no validation */
	size_t		 cache_entries;	/* answers to keep; 0: the default */
	/*
	 * The library has failed, and all later lookups will fail: called
	 * once, from any thread. NULL: nobody wants to know.
	 */
	void		(*failed)(void *arg);
	void		*failed_arg;
};

/* Questions that libunbound may ask at once, each from a socket of its own. */
#define RESOLVER_ASKED_MAX	4096u

/*
 * A resolver with libunbound as its backend. It asks as many questions at once
 * as a quarter of the present RLIMIT_NOFILE, at most RESOLVER_ASKED_MAX. NULL
 * with *why set (a static text) when the library refuses the options. The
 * first lookup starts the threads, so a resolver may be created before a fork.
 */
struct resolver	*resolver_unbound_new(const struct resolver_options *o,
		    const char **why);

/*
 * A resolver that answers from a zone text, for tests, scenarios and
 * `millgatectl check --zone`:
 *   ; comment
 *   name  TXT  "string" "string"      \DDD and \" are allowed in strings
 *   name  A 192.0.2.1 | AAAA 2001:db8::1 | MX 10 name | PTR name
 *   name  CNAME name
 *   name  SERVFAIL | TIMEOUT | REFUSED   the name answers with a failure
 * Names are absolute, with or without the final dot, and may also contain
 * \DDD and quotes. A name above a listed one exists (NODATA); all others are
 * NXDOMAIN. A name with a failure and records answers the listed types and
 * fails for all others. Every lookup is answered at once. On a syntax error
 * NULL, with *why "line N: ..." (malloced; the caller frees it).
 */
struct resolver	*resolver_zone_new(const char *text, char **why);

/* All accounts must be freed before. Does not wait for pending queries. */
void		 resolver_free(struct resolver **rp);

/* Counters since the start, for metrics. */
struct resolver_stats {
	uint64_t queries, cache_hits, shared, timeouts, failures;
	uint64_t failing;	/* lookups that failed since the last answer */
	uint64_t pending_max;	/* more questions at once are refused */
};
void		 resolver_stats(struct resolver *r, struct resolver_stats *st);
/* From each query to its answer, or to the end of all attempts. */
struct histogram *resolver_latency(struct resolver *r);

/* --- one message ------------------------------------------------------ */

struct lookup_limits {
	unsigned	 timeout_ms;	/* of a lookup; and of all waiting */
	unsigned	 max_queries;	/* different questions */
};

/*
 * An account for one message. Each lookup may take timeout_ms from its start,
 * and all waiting together may take timeout_ms. So no answer is lost when a
 * client pauses for minutes between MAIL and the end of its message. One
 * thread at a time, and callbacks, may start lookups.
 */
struct lookups	*lookups_new(struct resolver *r,
		    const struct lookup_limits *limits);

/*
 * Waits for a running callback. The callbacks that have not run are called
 * here with NULL, and none runs afterwards. Every struct lookup and dns_answer
 * of the account becomes invalid. Callbacks must not call this.
 *
 * A lookup holds its answer until then. Answers are shared with the cache and
 * with other accounts, not copied; the last one who holds an answer frees it.
 */
void		 lookups_free(struct lookups **lp);

/*
 * Ask for name and type, or find the same question of the same account.
 * `name` is text; case and one final dot do not matter. Never NULL, never
 * blocks.
 */
struct lookup	*lookups_start(struct lookups *l, const char *name,
		    enum dns_type type);

/*
 * Call fn(arg, answer) once, when the answer arrives. If it is there already,
 * fn is called at once in this thread; else in the resolver's thread, or at
 * the deadline in the thread that waits. fn must not block or wait; it may
 * start lookups of the same account and add callbacks to them.
 *
 * answer NULL: the account ends first. fn may then only free what belongs to
 * arg. Since each callback is called exactly once, data that several callbacks
 * share can be freed by the last of them.
 *
 * Callbacks of one account never run at the same time and never nest: a
 * callback that becomes ready while another one runs is called after it, in
 * the same thread. Callbacks of one lookup run in the order of adding.
 */
typedef void	 lookup_fn(void *arg, const struct dns_answer *answer);
void		 lookup_then(struct lookup *l, lookup_fn *fn, void *arg);

/* Wait for the answer, at most until the deadline. Never NULL. */
const struct dns_answer *lookup_wait(struct lookup *l);
/* The answer, or NULL while there is none. */
const struct dns_answer *lookup_peek(struct lookup *l);

/* The number of different questions, and the milliseconds spent waiting. */
unsigned	 lookups_count(struct lookups *l);
unsigned	 lookups_waited_ms(struct lookups *l);

/* lookups_start, then lookup_wait. */
const struct dns_answer *lookups_ask(struct lookups *l, const char *name,
		    enum dns_type type);

#endif
