/*
 * spf_state - the state of one SPF check: whose domain, which limits, which
 * names the client has
 *
 * Every question of a check is asked here, so that the limits of RFC 7208
 * 4.6.4 hold wherever it comes from: a question, term or empty answer over a
 * limit decides the verdict. The evaluation is in spf_eval.c.
 */
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "dns/resolver.h"
#include "mail/domain.h"
#include "spf_priv.h"

const struct spf_limits spf_default_limits = {
	.terms = 10, .voids = 2, .mx = 10, .ptr = 10, .queries = 123
};

/* --- whose domain ----------------------------------------------------- */

static const char *
or_unknown(struct arena *a, const char *s)
{
	return arena_strdup(a, s != NULL && s[0] != '\0' ? s : "unknown");
}

/* An IPv4-mapped IPv6 client counts as IPv4 (RFC 7208 5). */
static struct netaddr
unmapped_client(const struct netaddr *client)
{
	struct netaddr plain = *client;

	if (client->family == NETADDR_IPV6)
		netaddr_from_octets(client->octets, 16, &plain);
	return plain;
}

static const char *
join_address(struct arena *a, const char *local, const char *domain)
{
	size_t	 len = strlen(local), domain_len = strlen(domain);
	char	*s = arena_alloc(a, len + domain_len + 2);

	memcpy(s, local, len);
	s[len] = '@';
	memcpy(s + len + 1, domain, domain_len);
	return s;
}

/*
 * RFC 7208 4.3: a domain that is empty, an address literal, malformed or a
 * single label is not checked. An empty local part becomes "postmaster".
 */
bool
spf_identity_init(struct arena *a, const struct spf_question *q,
    struct spf_identity *id)
{
	struct spf_macro_values	*v = &id->values;
	bool			 null = !q->sender || q->sender[0] == '\0';
	const char		*address, *at;

	memset(id, 0, sizeof(*id));
	id->postmaster = null && !q->check_helo;
	address = null || q->check_helo ? q->helo : q->sender;
	if (address == NULL)
		return false;
	at = null || q->check_helo ? NULL : strrchr(address, '@');
	v->local = at == NULL || at == address ? "postmaster" :
	    arena_memdup(a, address, (size_t)(at - address));
	if (at != NULL)
		address = at + 1;
	id->domain = domain_canonical(a, address, strlen(address));
	if (id->domain == NULL || domain_labels(id->domain) < 2)
		return false;
	v->sender = join_address(a, v->local, id->domain);
	v->sender_domain = v->domain = id->domain;
	v->helo = or_unknown(a, q->helo);
	v->receiver = or_unknown(a, q->receiver);
	v->client = unmapped_client(&q->client);
	v->now = q->now;
	return v->client.family != NETADDR_NONE;
}

void
spf_eval_init(struct spf_eval *ev, const struct spf_identity *id,
    struct lookups *l, const struct spf_limits *limits, struct arena *arena)
{
	struct spf_token *top;

	memset(ev, 0, sizeof(*ev));
	ev->lookups = l;
	ev->arena = arena;
	ev->limits = *limits;
	if (ev->limits.terms > SPF_TERMS_MAX)
		ev->limits.terms = SPF_TERMS_MAX;
	ev->values = id->values;
	spf_token_add(ev, TOKEN_TOP, id->domain, &top);
}

/* --- verdict, limits, tokens ------------------------------------------ */

void
spf_decide(struct spf_eval *ev, enum result result, const char *fmt, ...)
{
	va_list ap;

	if (ev->decided)
		return;
	ev->decided = true;
	ev->result = result;
	va_start(ap, fmt);
	ev->reason = arena_vprintf(ev->arena, fmt, ap);
	va_end(ap);
}

bool
spf_count_term(struct spf_eval *ev)
{
	ev->term_is_void = false;
	if (ev->terms < ev->limits.terms) {
		ev->terms++;
		return true;
	}
	spf_decide(ev, RESULT_PERMERROR,
	    "more than %u terms that ask the DNS", ev->limits.terms);
	return false;
}

const struct dns_answer *
spf_ask(struct spf_eval *ev, const char *name, enum dns_type type)
{
	if (ev->queries >= ev->limits.queries) {
		spf_decide(ev, RESULT_PERMERROR, "more than %u DNS queries",
		    ev->limits.queries);
		return NULL;
	}
	ev->queries++;
	return lookups_ask(ev->lookups, name, type);
}

const char *
spf_printable(struct arena *a, const char *name)
{
	char *copy = arena_strdup(a, name), *p;

	for (p = copy; *p != '\0'; p++)
		if (!ascii_is_alnum(*p) && strchr("._-", *p) == NULL)
			*p = '?';
	return copy;
}

size_t
spf_token_add(struct spf_eval *ev, enum spf_token_kind kind,
    const char *domain, struct spf_token **token)
{
	struct spf_token *bigger;

	if (ev->ntokens == ev->size) {
		ev->size = ev->size > 0 ? 2 * ev->size : 16;
		bigger = arena_array(ev->arena, ev->size, sizeof(*bigger));
		if (ev->ntokens > 0)
			memcpy(bigger, ev->token,
			    ev->ntokens * sizeof(*bigger));
		ev->token = bigger;
	}
	*token = &ev->token[ev->ntokens];
	(*token)->kind = kind;
	(*token)->domain = domain;
	return ev->ntokens++;
}

/* --- addresses and records -------------------------------------------- */

unsigned
spf_select_record(const struct dns_answer *answer, const struct dns_rr **rr)
{
	unsigned n = 0;
	size_t	 i;

	for (i = 0; i < answer->n; i++)
		if (spf_record_is(answer->rr[i].data, answer->rr[i].len)) {
			*rr = &answer->rr[i];
			n++;
		}
	return n;
}

enum dns_type
spf_address_type(const struct netaddr *client)
{
	return client->family == NETADDR_IPV6 ? DNS_AAAA : DNS_A;
}

static bool
lists_address(const struct dns_answer *answer, const struct netaddr *client)
{
	size_t len = client->family == NETADDR_IPV6 ? 16 : 4, i;

	for (i = 0; i < answer->n; i++)
		if (answer->rr[i].len == len &&
		    memcmp(answer->rr[i].data, client->octets, len) == 0)
			return true;
	return false;
}

bool
spf_term_ends(const struct spf_term *t, const struct netaddr *client)
{
	if (t->kind == TERM_IP4 || t->kind == TERM_IP6)
		return netblock_contains(&t->network, client);
	return t->kind == TERM_ALL;
}

/* --- questions of a term ---------------------------------------------- */

/*
 * 4.6.4 limits the terms with void lookups, not the lookups: for an IPv6
 * client an mx whose hosts have IPv4 addresses alone counts once.
 *
 * A name that cannot be put into a query is treated as nonexistent (by analogy
 * with 4.3; RFC 7208 says nothing here). It is not a void lookup, because
 * nothing was looked up.
 */
const struct dns_answer *
spf_ask_term(struct spf_eval *ev, const char *name, enum dns_type type)
{
	const struct dns_answer *a = spf_ask(ev, name, type);

	if (a == NULL ||
	    (a->status != DNS_NXDOMAIN && a->status != DNS_NODATA))
		return a;
	if (ev->term_is_void)
		return a;
	ev->term_is_void = true;
	if (ev->voids < ev->limits.voids) {
		ev->voids++;
		return a;
	}
	spf_decide(ev, RESULT_PERMERROR,
	    "more than %u terms with void lookups", ev->limits.voids);
	return NULL;
}

/* --- the client's names (5.5, 7.3) ------------------------------------ */

/*
 * The client's PTR names. A DNS error is not a temperror here: it validates
 * no name (5.5). Names over the limit are ignored, not a permerror, because
 * the client's network publishes them, not the domain. *n: the names to
 * check, 0 when the verdict is decided.
 */
static const struct dns_answer *
ask_names(struct spf_eval *ev, size_t *n)
{
	const struct dns_answer	*a;
	char			 reverse[80];

	*n = 0;
	netaddr_reverse_name(&ev->values.client, reverse);
	a = spf_ask_term(ev, reverse, DNS_PTR);
	if (a != NULL)
		*n = a->n < ev->limits.ptr ? a->n : ev->limits.ptr;
	return a;
}

static bool
is_validated(struct spf_eval *ev, const char *name)
{
	const struct netaddr	*client = &ev->values.client;
	const struct dns_answer	*a;

	a = spf_ask_term(ev, name, spf_address_type(client));
	return a != NULL && lists_address(a, client);
}

bool
spf_ptr_matches(struct spf_eval *ev, const char *target)
{
	const struct dns_answer	*names;
	size_t			 i, n;

	/* the resolver's names are lower case; a macro may bring others */
	target = arena_strlower(ev->arena, target);
	names = ask_names(ev, &n);
	for (i = 0; i < n && !ev->decided; i++)
		if (is_validated(ev, names->rr[i].data) &&
		    domain_is_within(names->rr[i].data, target))
			return true;
	return false;
}

/* Once per check, which bounds the queries for %{p}. */
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

/* 7.3: prefer the domain itself, then a subdomain of it, then any name. */
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

const char *
spf_expand(struct spf_eval *ev, const char *domain, const char *spec,
    size_t len)
{
	struct spf_macro_values *v = &ev->values;

	if (spec == NULL)
		return domain;
	if (spf_macro_uses_p(spec, len)) {
		v->validated = spf_validated_name(ev, domain);
		if (ev->decided)
			return NULL;
	}
	v->domain = domain;
	return spf_macro_name(ev->arena, v, spec, len);
}
