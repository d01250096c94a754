/*
 * spf_terms - what the terms of an SPF record ask the DNS (RFC 7208 5.3-5.7)
 *
 * Every limit of 4.6.4 is enforced here or in spf_eval.c; exceeding one fixes
 * the verdict, and libspf2 is told to unwind. Comparing addresses is left to
 * libspf2, but for a prefix length of 0, which it does not know.
 */
#include <string.h>

#include "base/arena.h"
#include "mail/domain.h"
#include "spf_priv.h"

enum dns_type
spf_address_type(const struct netaddr *client)
{
	return client->family == NETADDR_IPV6 ? DNS_AAAA : DNS_A;
}

bool
spf_has_address(const struct dns_answer *answer, const struct netaddr *client)
{
	size_t len = client->family == NETADDR_IPV6 ? 16 : 4, i;

	for (i = 0; i < answer->n; i++)
		if (answer->rr[i].len == len &&
		    memcmp(answer->rr[i].data, client->octets, len) == 0)
			return true;
	return false;
}

/*
 * A question that counts as void when nothing is there (4.6.4). A name that
 * cannot be asked for is as if not there (4.3 by analogy; the RFC is silent),
 * but then nothing was looked up.
 */
static const struct dns_answer *
ask_term(struct spf_eval *ev, const char *name, enum dns_type type)
{
	const struct dns_answer *a = spf_ask(ev, name, type);

	if (a == NULL ||
	    (a->status != DNS_NXDOMAIN && a->status != DNS_NODATA))
		return a;
	if (ev->voids < ev->limits.voids) {
		ev->voids++;
		return a;
	}
	spf_decide(ev, RESULT_PERMERROR,
	    "more than %u lookups without an answer", ev->limits.voids);
	return NULL;
}

/* The same where a failure is a temperror (section 5): not for ptr. */
static const struct dns_answer *
ask_strict(struct spf_eval *ev, const char *name, enum dns_type type)
{
	const struct dns_answer *a = ask_term(ev, name, type);

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

/* More than ten names are an error of the domain, whichever match (4.6.4). */
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

/* --- the client's names (5.5, 7.3) ------------------------------------ */

/*
 * 5.5: errors here are no temperror; they validate nothing. Names over the
 * limit are not looked at: not the domain, but the client's network lists
 * them. *n is how many may be; 0 when the verdict is decided, too.
 */
static const struct dns_answer *
ask_names(struct spf_eval *ev, size_t *n)
{
	const struct dns_answer	*a;
	char			 reverse[80];

	*n = 0;
	netaddr_reverse_name(&ev->values.client, reverse);
	a = ask_term(ev, reverse, DNS_PTR);
	if (a != NULL)
		*n = a->n < ev->limits.ptr ? a->n : ev->limits.ptr;
	return a;
}

static bool
is_validated(struct spf_eval *ev, const char *name)
{
	const struct netaddr	*client = &ev->values.client;
	const struct dns_answer	*a;

	a = ask_term(ev, name, spf_address_type(client));
	return a != NULL && spf_has_address(a, client);
}

static void
look_ptr(struct spf_eval *ev, const char *target, struct spf_reply *r)
{
	const struct dns_answer	*names;
	size_t			 i, n;

	r->kind = REPLY_NOTHING;
	/* the resolver's names are lower case; a macro may bring others */
	target = arena_strlower(ev->arena, target);
	names = ask_names(ev, &n);
	for (i = 0; i < n && !ev->decided; i++)
		if (is_validated(ev, names->rr[i].data) &&
		    domain_is_within(names->rr[i].data, target)) {
			r->kind = REPLY_MATCH;
			break;
		}
	if (ev->decided)
		r->kind = REPLY_STOP;
}

/* All of them, asked for once in a check: bounds the questions of %{p}. */
static void
find_names(struct spf_eval *ev)
{
	const struct dns_answer	*names;
	size_t			 i, n;

	if (ev->names_known)
		return;
	ev->names_known = true;
	names = ask_names(ev, &n);
	ev->name = arena_array(ev->arena, n, sizeof(*ev->name));
	for (i = 0; i < n && !ev->decided; i++)
		if (is_validated(ev, names->rr[i].data))
			ev->name[ev->nnames++] = names->rr[i].data;
}

/* 7.3: the domain itself, else one below it, else any. */
const char *
spf_validated_name(struct spf_eval *ev, const char *domain)
{
	const char	*below = NULL;
	size_t		 i;

	find_names(ev);
	domain = arena_strlower(ev->arena, domain);
	for (i = 0; i < ev->nnames; i++) {
		if (strcmp(ev->name[i], domain) == 0)
			return ev->name[i];
		if (below == NULL && domain_is_within(ev->name[i], domain))
			below = ev->name[i];
	}
	return below != NULL || ev->nnames == 0 ? below : ev->name[0];
}

/* --- what libspf2 asks ------------------------------------------------ */

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
		look_ptr(ev, name, r);
		break;
	default:
		look_exists(ev, name, r);
		break;
	}
}
