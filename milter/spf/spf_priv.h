/*
 * spf_priv - shared by the files of one SPF check; each calls those above it
 *
 * spf_state.c	whose domain; every DNS question, with the limits
 * spf_eval.c	records fetched, checked and generated; lookups of terms
 * spf_check.c	the door to libspf2, which knows real names only by number
 * spf_prefetch.c starts the same lookups early; uses spf_state.c alone
 *
 * A number that libspf2 gets is an index into `token`. Its questions are
 * resolved by that index and never by the spelling of a name, so that no name
 * in the DNS or in the message can be mistaken for one of ours.
 */
#ifndef MILLGATE_SPF_PRIV_H
#define MILLGATE_SPF_PRIV_H

#include "dns/answer.h"
#include "spf/spf_check.h"
#include "spf_macro_priv.h"
#include "spf_record_priv.h"

/* The identity that is checked: RFC 7208 2.3, 2.4, 4.3. */
struct spf_identity {
	const char	*domain;	/* canonical; NULL: not a domain */
	bool		 postmaster;	/* null sender: the HELO name's */
	struct spf_macro_values values;
};

/* --- spf_state.c ---------------------------------------------------- */

/* Strings are in the arena. False: there is no domain to check (4.3). */
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
	/* TERM: the domain of its record; else the name itself */
	const char	*domain;
	unsigned	 bits;		/* that must match, client's family */
	unsigned	 level;		/* of includes */
};

#define SPF_TEXT_MAX	1024	/* octets of a generated record */

struct spf_eval {
	struct lookups	*lookups;
	struct arena	*arena;
	struct spf_limits limits;
	struct spf_macro_values values;
	unsigned	 terms, voids, queries;
	bool		 term_is_void;	/* the term at hand is in `voids` */

	struct spf_token *token;
	size_t		 ntokens, size;
	char		 text[SPF_TEXT_MAX];	/* the generated record */
	size_t		 text_len;

	/* A verdict that libspf2 cannot reach itself; the first one is kept. */
	bool		 decided;
	enum result	 result;
	const char	*reason;

	/* exp= of the record in force at include level 0 (6.2) */
	bool		 has_exp;
	struct spf_term	 exp;
	const char	*exp_domain;

	/* The client's validated names for %{p}, looked up once. */
	bool		 names_known;
	const char	**name;
	size_t		 nnames;
};

void	spf_eval_init(struct spf_eval *ev, const struct spf_identity *id,
	    struct lookups *l, const struct spf_limits *limits,
	    struct arena *arena);

/* Decide the verdict, unless it is decided already. */
void	spf_decide(struct spf_eval *ev, enum result result, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));
/* Count one term that asks the DNS; false: over the limit, decided. */
bool	spf_count_term(struct spf_eval *ev);
/* Ask and count the query; NULL: over the limit, decided. */
const struct dns_answer *spf_ask(struct spf_eval *ev, const char *name,
	    enum dns_type type);
/* The same; the first void lookup of a term counts (4.6.4). */
const struct dns_answer *spf_ask_term(struct spf_eval *ev, const char *name,
	    enum dns_type type);
/* Add a token; its index. The pointer is valid until the next call. */
size_t	spf_token_add(struct spf_eval *ev, enum spf_token_kind kind,
	    const char *domain, struct spf_token **token);

/*
 * The name that a domain-spec of a record of `domain` expands to, or `domain`
 * when spec is NULL. NULL: the verdict is decided.
 */
const char *spf_expand(struct spf_eval *ev, const char *domain,
	    const char *spec, size_t len);
/* %{p} in a record of `domain` (7.3); NULL: unknown, or decided. */
const char *spf_validated_name(struct spf_eval *ev, const char *domain);
/* A validated name of the client is within `target` (5.5). */
bool	spf_ptr_matches(struct spf_eval *ev, const char *target);
/* A name with "?" for octets that may not appear in a reason. */
const char *spf_printable(struct arena *a, const char *name);

/* A for IPv4, AAAA for IPv6 (section 5). */
enum dns_type spf_address_type(const struct netaddr *client);
/* Record selection (4.5): the number of records, *rr the last of them. */
unsigned spf_select_record(const struct dns_answer *answer,
	    const struct dns_rr **rr);
/* An ip4, ip6 or all that matches: no later term is evaluated. */
bool	spf_term_ends(const struct spf_term *t, const struct netaddr *client);

/* --- spf_eval.c ----------------------------------------------------- */

/*
 * The record of token n (the top, an include or a redirect) as generated text
 * for libspf2, valid until the next call. NULL: the verdict is decided.
 */
const char *spf_eval_record(struct spf_eval *ev, size_t n);

enum spf_reply_kind {
	REPLY_STOP,		/* the verdict is decided: unwind */
	REPLY_NOTHING,		/* no such record, or no match */
	REPLY_MATCH,		/* matches any address */
	REPLY_ADDRESSES,	/* compare with these */
	REPLY_HOSTS		/* ask about these tokens */
};

struct spf_reply {
	enum spf_reply_kind kind;
	const struct dns_answer *addresses;
	size_t		 first, n;	/* hosts */
};

/* The lookup of token n (a, mx, ptr, exists, or a host). */
void	spf_eval_lookup(struct spf_eval *ev, size_t n, struct spf_reply *r);

/* After a fail: the domain's explanation, or NULL (6.2). */
const char *spf_eval_explanation(struct spf_eval *ev);

#endif
