/*
 * spf_check - one SPF check (RFC 7208): parsed and limited here, evaluated by
 * libspf2
 *
 * HELO and MAIL FROM are two checks. No text from the DNS or from the message
 * reaches libspf2. It sees short generated records with numbers in place of
 * the real names, and the addresses of these names.
 *
 * Bounds of one check: spf_limits. With the default limits, a check asks at
 * most 1 + 10 * (1 + 10) + (1 + 10) + 1 = 123 questions, whatever is
 * published: the record, ten terms with ten names each, the client's names
 * for %{p}, and the explanation. Time is bounded by the account of lookups.
 * Memory is bounded by the limits too, about 100 KB at most.
 */
#ifndef MILLGATE_SPF_CHECK_H
#define MILLGATE_SPF_CHECK_H

#include "mail/facts.h"

struct arena;
struct lookups;

/* A generated record of more terms could exceed libspf2's 511 octets. */
#define SPF_TERMS_MAX	20

struct spf_limits {
	/*
	 * DNS terms of the whole evaluation, RFC 7208 4.6.4: 10. A larger
	 * number than SPF_TERMS_MAX is lowered to it.
	 */
	unsigned	 terms;
	unsigned	 voids;		/* terms with void lookups: 2 */
	unsigned	 mx;		/* names; more is permerror: 10 */
	unsigned	 ptr;		/* names; more are ignored: 10 */
	unsigned	 queries;	/* of one check; more is permerror */
};
extern const struct spf_limits spf_default_limits;

struct spf_question {
	struct netaddr	 client;
	const char	*helo;		/* as given; may be NULL or invalid */
	const char	*sender;	/* local@domain; "", NULL: null */
	const char	*receiver;	/* our host name, for %{r} */
	bool		 check_helo;	/* the HELO identity, not MAIL FROM */
	uint64_t	 now;		/* seconds, for %{t} */
};

/*
 * Start the lookups of the check in the background: the record, and as records
 * arrive, the lookups of their terms in the order of evaluation, never more
 * than limits->queries. Never blocks. Does not change a result as long as the
 * account's own budget suffices. `q` and `limits` are copied as needed.
 * Callbacks run in the resolver's thread and use only their own memory. The
 * last one frees it: as soon as no more lookups can start, and at the latest
 * when the account is freed.
 */
void	spf_prefetch(struct lookups *l, const struct spf_question *q,
	    const struct spf_limits *limits);

/*
 * Evaluate; waits for lookups as needed. Fills `f`, its strings in `arena`.
 * Never fails: an error is a temperror or a permerror. Several threads may
 * call this at the same time, each with its own account and arena.
 */
void	spf_check(struct lookups *l, const struct spf_question *q,
	    const struct spf_limits *limits, struct arena *arena,
	    struct spf_facts *f);

#endif
