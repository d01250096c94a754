/*
 * spf_check - one SPF check (RFC 7208), evaluated by libspf2 on records that
 * we parsed, limited and generated; see research notes in the source
 */
#ifndef MILLGATE_SPF_CHECK_H
#define MILLGATE_SPF_CHECK_H

#include "facts.h"

struct arena;
struct lookups;

struct spf_limits {
	unsigned	 terms;		/* DNS terms, RFC 7208 4.6.4: 10 */
	unsigned	 voids;		/* void lookups: 2 */
	unsigned	 mx, ptr;	/* names looked at: 10 */
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
 * Start in the background what the check will ask: the record, and as
 * records arrive, the lookups of their terms, within the limits. Never
 * blocks. `q` and its strings, and `arena`, must live until lookups_free.
 * Callbacks run in the resolver's thread and use only memory of their own.
 */
void	spf_prefetch(struct lookups *l, const struct spf_question *q,
	    const struct spf_limits *limits);

/*
 * Evaluate; waits for lookups as needed. `f` is filled, its strings in
 * `arena`. Never fails: trouble is temperror or permerror.
 */
void	spf_check(struct lookups *l, const struct spf_question *q,
	    const struct spf_limits *limits, struct arena *arena,
	    struct spf_facts *f);

#endif
