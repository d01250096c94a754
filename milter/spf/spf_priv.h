/*
 * spf_priv - between the files of one SPF check
 *
 * spf_eval.c	whose domain is checked; records fetched, checked, generated
 * spf_terms.c	the lookups of the terms, with their limits
 * spf_check.c	the door to libspf2, which knows real names by number only
 * spf_prefetch.c the same lookups, started early
 *
 * A number that libspf2 is given is a place in `token`. What it asks about is
 * found by that place, never by how a name is spelled: none of the names in
 * the DNS or in the message can pretend to be one of ours.
 */
#ifndef MILLGATE_SPF_PRIV_H
#define MILLGATE_SPF_PRIV_H

#include "dns/answer.h"
#include "spf/spf_check.h"
#include "spf_macro_priv.h"
#include "spf_record_priv.h"

/* Who is checked: RFC 7208 2.3, 2.4, 4.3. */
struct spf_identity {
	const char	*domain;	/* canonical; NULL: none that could be */
	bool		 postmaster;	/* null sender: the HELO name's */
	struct spf_macro_values values;
};

/* Strings in the arena. False: there is no domain to check (4.3). */
bool	spf_identity_init(struct arena *a, const struct spf_question *q,
	    struct spf_identity *id);

enum spf_token_kind {
	TOKEN_TOP,		/* the record of the identity's domain */
	TOKEN_TERM,		/* a term of a record */
	TOKEN_HOST		/* a name from an MX answer */
};

struct spf_token {
	enum spf_token_kind kind;
	struct spf_term	 term;
	/* TERM: of the record in which it stands; else the name itself */
	const char	*domain;
	unsigned	 bits;		/* that must match, in client's family */
	unsigned	 level;		/* of includes */
};

#define SPF_TEXT_MAX	1024	/* octets of a record that we generate */

struct spf_eval {
	struct lookups	*lookups;
	struct arena	*arena;
	struct spf_limits limits;
	struct spf_macro_values values;
	unsigned	 terms, voids, queries;

	struct spf_token *token;
	size_t		 ntokens, size;
	char		 text[SPF_TEXT_MAX];	/* what libspf2 gets */
	size_t		 text_len;

	/* A verdict that libspf2 cannot reach by itself; the first one stays. */
	bool		 decided;
	enum result	 result;
	const char	*reason;

	/* exp= of the record in force at include level 0 (6.2) */
	bool		 has_exp;
	struct spf_term	 exp;
	const char	*exp_domain;

	/* The client's validated names for %{p}, found once. */
	bool		 names_known;
	const char	**name;
	size_t		 nnames;
};

void	spf_eval_init(struct spf_eval *ev, const struct spf_identity *id,
	    struct lookups *l, const struct spf_limits *limits,
	    struct arena *arena);

/* Add a token; its number. The pointer goes stale with the next one. */
size_t	spf_token_add(struct spf_eval *ev, enum spf_token_kind kind,
	    const char *domain, struct spf_token **token);

/*
 * The record that token number n (the top, an include or a redirect) stands
 * for, as generated text for libspf2, valid until the next call. NULL: the
 * verdict is decided.
 */
const char *spf_eval_record(struct spf_eval *ev, size_t n);

enum spf_reply_kind {
	REPLY_STOP,		/* the verdict is decided: unwind */
	REPLY_NOTHING,		/* no such record, or no match */
	REPLY_MATCH,		/* whatever the address: it matches */
	REPLY_ADDRESSES,	/* compare with these */
	REPLY_HOSTS		/* ask about these tokens */
};

struct spf_reply {
	enum spf_reply_kind kind;
	const struct dns_answer *addresses;
	size_t		 first, n;	/* hosts */
};

/* What token number n (a, mx, ptr, exists, or a host) leads to. */
void	spf_eval_lookup(struct spf_eval *ev, size_t n, struct spf_reply *r);

/* After a fail: what the domain says about it, or NULL (6.2). */
const char *spf_eval_explanation(struct spf_eval *ev);

/* Fix the verdict, unless it is. */
void	spf_decide(struct spf_eval *ev, enum result result, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));
/* One more term that asks the DNS; false: too many, decided. */
bool	spf_count_term(struct spf_eval *ev);
/* Counts the question; NULL: too many, decided. */
const struct dns_answer *spf_ask(struct spf_eval *ev, const char *name,
	    enum dns_type type);
/* The name that a spec stands for in a record of `domain`; NULL: decided. */
const char *spf_expand(struct spf_eval *ev, const char *domain,
	    const char *spec, size_t len);
/* What %{p} stands for in a record of `domain`; NULL: unknown, or decided. */
const char *spf_validated_name(struct spf_eval *ev, const char *domain);
/* A name as it may stand in a reason. */
const char *spf_printable(struct arena *a, const char *name);

/* A for IPv4, AAAA for IPv6 (section 5). */
enum dns_type spf_address_type(const struct netaddr *client);
/* One of the addresses is the client's. */
bool	spf_has_address(const struct dns_answer *answer,
	    const struct netaddr *client);
/* What section 4.5 selects: the records found, *rr the last of them. */
unsigned spf_select_record(const struct dns_answer *answer,
	    const struct dns_rr **rr);
/* An ip4, ip6 or all that matches: nothing behind it is looked at. */
bool	spf_term_ends(const struct spf_term *t, const struct netaddr *client);

#endif
