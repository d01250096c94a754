/*
 * spf_eval - answers the questions of libspf2: records and term lookups
 *
 * Published text never reaches libspf2. It gets a generated record of the
 * terms that remain to be evaluated: those that ask the DNS, each with a
 * number instead of a name, and the ip4, ip6 or all that ends the evaluation.
 * A generated record thus has at most one term more than the limit. It is far
 * below the 511 octets above which libspf2 silently drops terms. libspf2
 * compares the addresses, except for a prefix length of 0, which it does not
 * support.
 */
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "spf_priv.h"

/* --- records ---------------------------------------------------------- */

/*
 * 4.4 and 4.5. A missing record gives none, or permerror when it is the target
 * of an include or a redirect (5.2, 6.1).
 */
static const struct dns_rr *
spf_fetch(struct spf_eval *ev, const char *name, bool top)
{
	const struct dns_answer	*answer = spf_ask(ev, name, DNS_TXT);
	const struct dns_rr	*rr = NULL;
	const char		*shown;
	unsigned		 n;

	if (answer == NULL)
		return NULL;
	n = spf_select_record(answer, &rr);
	if (n == 1)
		return rr;
	shown = spf_printable(ev->arena, name);
	if (answer->status == DNS_TEMPFAIL)
		spf_decide(ev, RESULT_TEMPERROR, "TXT of %s: %s", shown,
		    answer->why);
	else if (n == 0)
		spf_decide(ev, top ? RESULT_NONE : RESULT_PERMERROR,
		    "%s has no SPF record", shown);
	else
		spf_decide(ev, RESULT_PERMERROR,
		    "%s has more than one SPF record", shown);
	return NULL;
}

/* --- the generated record ----------------------------------------------- */

/* It always fits: SPF_TERMS_MAX + 1 terms of at most 25 octets. */
static void
text_put(struct spf_eval *ev, const char *s)
{
	size_t len = strlen(s);

	if (len >= sizeof(ev->text) - ev->text_len)
		return;
	memcpy(ev->text + ev->text_len, s, len + 1);
	ev->text_len += len;
}

static void
text_put_number(struct spf_eval *ev, size_t n)
{
	char digits[24], *p = digits + sizeof(digits);

	*--p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	text_put(ev, p);
}

static void
text_put_qualifier(struct spf_eval *ev, char qualifier)
{
	const char text[] = { ' ', qualifier, '\0' };

	text_put(ev, text);
}

/*
 * One term with a number instead of its name. libspf2 takes a prefix length
 * of 0 for "all bits", so spf_eval_lookup answers such a term with a match. A
 * ptr becomes an exists, because we validate the names ourselves.
 */
static void
text_put_term(struct spf_eval *ev, const struct spf_term *t, const char *domain,
    unsigned level)
{
	static const char *const words[] = {
		[TERM_A] = "a:", [TERM_MX] = "mx:", [TERM_PTR] = "exists:",
		[TERM_EXISTS] = "exists:", [TERM_INCLUDE] = "include:",
		[TERM_REDIRECT] = "redirect="
	};
	bool		 v6 = ev->values.client.family == NETADDR_IPV6;
	struct spf_token *token;
	size_t		 n;

	n = spf_token_add(ev, TOKEN_TERM, domain, &token);
	token->term = *t;
	token->bits = v6 ? t->bits6 : t->bits4;
	token->level = t->kind == TERM_INCLUDE ? level + 1 : level;
	if (t->kind == TERM_REDIRECT)
		text_put(ev, " ");
	else
		text_put_qualifier(ev, t->qualifier);
	text_put(ev, words[t->kind]);
	text_put(ev, "t");
	text_put_number(ev, n);
	text_put(ev, ".x");
	if (token->bits > 0 && token->bits < (v6 ? 128u : 32u) &&
	    (t->kind == TERM_A || t->kind == TERM_MX)) {
		text_put(ev, v6 ? "//" : "/");
		text_put_number(ev, token->bits);
	}
}

/*
 * The record is read to its end, since a syntax error anywhere makes all of it
 * invalid (4.6). Terms after the first one over the limit are left out: either
 * that one is evaluated, which is a permerror, or an earlier one matched.
 */
static bool
generate(struct spf_eval *ev, struct spf_record *rec, const char *domain,
    unsigned level)
{
	unsigned	 room = ev->limits.terms - ev->terms + 1;
	struct spf_term	 t;

	ev->text_len = 0;
	text_put(ev, "v=spf1");
	while (spf_record_next(rec, &t)) {
		if (room == 0)
			continue;
		if (spf_term_ends(&t, &ev->values.client)) {
			text_put_qualifier(ev, t.qualifier);
			text_put(ev, "all");
			room = 0;
		} else if (spf_term_asks_dns(&t) && t.kind != TERM_REDIRECT) {
			text_put_term(ev, &t, domain, level);
			room--;
		}
	}
	if (rec->error != NULL)
		return false;
	if (room > 0 && rec->has_redirect)
		text_put_term(ev, &rec->redirect, domain, level);
	return true;
}

const char *
spf_eval_record(struct spf_eval *ev, size_t n)
{
	struct spf_token	 token = ev->token[n];
	struct spf_record	 rec;
	const struct dns_rr	*rr;
	const char		*name = token.domain;

	if (ev->decided)
		return NULL;
	if (token.kind == TOKEN_TERM) {
		if (!spf_count_term(ev))
			return NULL;
		name = spf_expand(ev, token.domain, token.term.spec,
		    token.term.spec_len);
	}
	rr = name != NULL ? spf_fetch(ev, name, token.kind == TOKEN_TOP) : NULL;
	if (rr == NULL)
		return NULL;
	spf_record_begin(&rec, rr->data, rr->len);
	if (!generate(ev, &rec, name, token.level)) {
		spf_decide(ev, RESULT_PERMERROR, "record of %s, term %u: %s",
		    spf_printable(ev->arena, name), rec.error_term,
		    rec.error);
		return NULL;
	}
	if (token.level == 0) {
		ev->has_exp = rec.has_exp;
		ev->exp = rec.exp;
		ev->exp_domain = name;
	}
	return ev->text;
}

/* --- lookups of terms (5.3 to 5.7) ------------------------------------ */

/* spf_ask_term with a temperror on failure (section 5): not for ptr. */
static const struct dns_answer *
ask_strict(struct spf_eval *ev, const char *name, enum dns_type type)
{
	const struct dns_answer *a = spf_ask_term(ev, name, type);

	if (a == NULL || a->status != DNS_TEMPFAIL)
		return a;
	spf_decide(ev, RESULT_TEMPERROR, "%s of %s: %s",
	    type == DNS_MX ? "MX" : type == DNS_A ? "A" : "AAAA",
	    spf_printable(ev->arena, name), a->why);
	return NULL;
}

static void
look_addresses(struct spf_eval *ev, const char *name, unsigned bits,
    struct spf_reply *r)
{
	const struct dns_answer *a;

	a = ask_strict(ev, name, spf_address_type(&ev->values.client));
	if (a == NULL || a->n == 0)
		r->kind = a == NULL ? REPLY_STOP : REPLY_NOTHING;
	else if (bits == 0)
		r->kind = REPLY_MATCH;
	else {
		r->kind = REPLY_ADDRESSES;
		r->addresses = a;
	}
}

/* More than ten names are a permerror even if one of them matches (4.6.4). */
static void
look_mx(struct spf_eval *ev, const char *name, unsigned bits,
    struct spf_reply *r)
{
	const struct dns_answer	*a = ask_strict(ev, name, DNS_MX);
	struct spf_token	*host;
	size_t			 i;

	if (a != NULL && a->n > ev->limits.mx) {
		spf_decide(ev, RESULT_PERMERROR, "more than %u MX of %s",
		    ev->limits.mx, spf_printable(ev->arena, name));
		a = NULL;
	}
	if (a == NULL || a->n == 0) {
		r->kind = a == NULL ? REPLY_STOP : REPLY_NOTHING;
		return;
	}
	r->kind = REPLY_HOSTS;
	r->first = ev->ntokens;
	r->n = a->n;
	for (i = 0; i < a->n; i++) {
		spf_token_add(ev, TOKEN_HOST, a->rr[i].data, &host);
		host->bits = bits;
	}
}

static void
look_exists(struct spf_eval *ev, const char *name, struct spf_reply *r)
{
	const struct dns_answer *a = ask_strict(ev, name, DNS_A);

	r->kind = a == NULL ? REPLY_STOP :
	    a->n > 0 ? REPLY_MATCH : REPLY_NOTHING;
}


void
spf_eval_lookup(struct spf_eval *ev, size_t n, struct spf_reply *r)
{
	struct spf_token	 token = ev->token[n];
	const char		*name = token.domain;

	memset(r, 0, sizeof(*r));
	r->kind = REPLY_STOP;
	if (ev->decided)
		return;
	if (token.kind == TOKEN_HOST) {
		look_addresses(ev, name, token.bits, r);
		return;
	}
	if (!spf_count_term(ev))
		return;
	name = spf_expand(ev, name, token.term.spec, token.term.spec_len);
	if (name == NULL)
		return;
	switch (token.term.kind) {
	case TERM_A:
		look_addresses(ev, name, token.bits, r);
		break;
	case TERM_MX:
		look_mx(ev, name, token.bits, r);
		break;
	case TERM_PTR:
		if (spf_ptr_matches(ev, name))
			r->kind = REPLY_MATCH;
		else if (!ev->decided)
			r->kind = REPLY_NOTHING;
		break;
	default:
		look_exists(ev, name, r);
		break;
	}
}

/* --- explanation ------------------------------------------------------ */

/*
 * 6.2: without exactly one TXT record of valid syntax, exp= is ignored. The
 * verdict has been read already, so that an error here cannot change it. Void
 * lookups no longer count: a %{p} without a name is "unknown".
 */
const char *
spf_eval_explanation(struct spf_eval *ev)
{
	const struct dns_answer	*answer;
	const struct dns_rr	*rr;
	const char		*name, *text;

	if (!ev->has_exp)
		return NULL;
	ev->limits.voids = UINT_MAX;
	name = spf_expand(ev, ev->exp_domain, ev->exp.spec, ev->exp.spec_len);
	if (name == NULL)
		return NULL;
	answer = spf_ask(ev, name, DNS_TXT);
	if (answer == NULL || answer->status != DNS_OK || answer->n != 1)
		return NULL;
	rr = &answer->rr[0];
	if (!spf_macro_valid(rr->data, rr->len, MACRO_TEXT))
		return NULL;
	if (spf_macro_uses_p(rr->data, rr->len))
		ev->values.validated = spf_validated_name(ev, ev->exp_domain);
	ev->values.domain = ev->exp_domain;
	text = spf_macro_text(ev->arena, &ev->values, rr->data, rr->len);
	return text[0] != '\0' ? text : NULL;
}
