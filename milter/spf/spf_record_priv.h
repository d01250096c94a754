/*
 * spf_record - the text of an SPF record (RFC 7208 sections 4.5, 4.6, 12)
 *
 * Pure and strict: a record is valid as a whole or not at all. It is read once,
 * term by term. Terms point into the text, nothing is allocated, and the time
 * is linear in its length.
 */
#ifndef MILLGATE_SPF_RECORD_H
#define MILLGATE_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/netaddr.h"

enum spf_term_kind {
	TERM_ALL, TERM_IP4, TERM_IP6,
	/* these ask the DNS and are counted (RFC 7208 4.6.4) */
	TERM_A, TERM_MX, TERM_PTR, TERM_EXISTS, TERM_INCLUDE, TERM_REDIRECT,
	TERM_EXP, TERM_UNKNOWN_MODIFIER
};

struct spf_term {
	enum spf_term_kind kind;
	char		 qualifier;	/* + - ~ ?; modifiers have + */
	const char	*spec;		/* domain-spec; NULL: none given */
	size_t		 spec_len;
	unsigned	 bits4, bits6;	/* a, mx: prefix length by family */
	struct netblock	 network;	/* ip4, ip6 */
};

struct spf_record {
	bool		 has_redirect, has_exp;
	struct spf_term	 redirect, exp;
	/* when it is invalid: static text, and the term, counted from 1 */
	const char	*error;
	unsigned	 error_term;
	/* the state of the parser */
	const char	*at, *end;
	unsigned	 nterms;
};

/* True for an SPF record: "v=spf1", then a blank or the end of the text. */
bool	spf_record_is(const char *text, size_t len);

/*
 * Read the terms of a record in their order, modifiers included. The record is
 * valid only when the end is reached without an error: spf_record_next returns
 * false and rec->error is NULL. `text` must outlive *rec and the terms.
 */
void	spf_record_begin(struct spf_record *rec, const char *text, size_t len);
bool	spf_record_next(struct spf_record *rec, struct spf_term *term);

/* True for a, mx, ptr, exists, include and redirect. */
bool	spf_term_asks_dns(const struct spf_term *term);

#endif
