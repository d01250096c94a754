/*
 * spf_check - one SPF check (RFC 7208), evaluated by libspf2 on records that
 * we parsed, limited and generated
 *
 * HELO and MAIL FROM are two checks. No text from the DNS or from the message
 * reaches libspf2: it sees short records of our making whose names stand in
 * for the real ones, and the addresses that they lead to.
 *
 * Bounds of one check: spf_limits. Whatever is published, a check with the
 * default limits asks at most 1 + 10 * (1 + 10) + (1 + 10) + 1 = 123
 * questions: the record, ten terms with ten names each, the client's names
 * for %{p}, and the explanation. Time is bounded by the account of lookups.
 * Memory is bounded by the limits too, about 100 KB at the worst.
 */
#ifndef MILLGATE_SPF_CHECK_H
#define MILLGATE_SPF_CHECK_H

#include "mail/facts.h"

struct arena;
struct lookups;

#define SPF_TERMS_MAX	20	/* more are not counted on libspf2 to bear */

struct spf_limits {
	/*
	 * DNS terms of the whole evaluation, RFC 7208 4.6.4: 10. A larger
	 * number than SPF_TERMS_MAX counts as that.
	 */
	unsigned	 terms;
	unsigned	 voids;		/* lookups without an answer: 2 */
	unsigned	 mx;		/* names; more is permerror: 10 */
	unsigned	 ptr;		/* names; more are not looked at: 10 */
	unsigned	 queries;	/* of one check; more is permerror */
};
extern const struct spf_limits spf_default_limits;

struct spf_question {
	struct netaddr	 client;
	const char	*helo;		/* as given; may be NULL or garbage */
	const char	*sender;	/* local@domain; "" or NULL: null sender */
	const char	*receiver;	/* our host name, for %{r} */
	bool		 check_helo;	/* the HELO identity, not MAIL FROM */
	uint64_t	 now;		/* seconds, for %{t} */
};

/*
 * Start in the background what the check will ask: the record, and as records
 * arrive, the lookups of their terms in the order of evaluation, within the
 * limits: never more than limits->queries. Never blocks; never changes a
 * result as long as the account's own budget holds. What is needed of `q` and
 * `limits` is copied. Callbacks run in the resolver's thread and use only
 * memory of their own, which goes with the account.
 */
void	spf_prefetch(struct lookups *l, const struct spf_question *q,
	    const struct spf_limits *limits);

/*
 * Evaluate; waits for lookups as needed. `f` is filled, its strings in
 * `arena`. Never fails: trouble is temperror or permerror. Several threads
 * may do so at the same time, each with its own account and arena.
 */
void	spf_check(struct lookups *l, const struct spf_question *q,
	    const struct spf_limits *limits, struct arena *arena,
	    struct spf_facts *f);

/*
 * The value of a Received-SPF field (RFC 7208 9.1) for the HELO or the MAIL
 * FROM check, beginning with a blank, folded with LF TAB; NULL when that
 * check was not done. Words from the wire are quoted, or dropped when they
 * cannot be. Pure: spf_received.c.
 */
const char *spf_received_format(struct arena *a, const struct facts *f,
	    const char *receiver, bool helo);
/*
 * True when a reader could take a field with this value for one that we
 * wrote as `receiver`: its receiver= is us (any case, quoting, comments) or
 * names nobody, or there is none; or our name opens its comment. What cannot
 * be read and has our name in it is ours, too. Pure: spf_received_claims.c.
 */
bool	spf_received_claims(const char *value, const char *receiver);

#endif
