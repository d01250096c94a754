/*
 * spf_eval - one check's state: whose domain, which records, what verdict
 *
 * Published text is judged here and goes no further. libspf2 gets a record
 * made of what is left to evaluate: the terms that ask the DNS, each with a
 * number instead of a name, and the ip4, ip6 or all that would end it. So a
 * generated record has at most one term more than may be evaluated, and is
 * far below the 511 octets at which libspf2 drops terms without a word.
 */
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
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

/* A client that is IPv4 in an IPv6 coat counts as IPv4 (section 5). */
static struct netaddr
plain_client(const struct netaddr *client)
{
	struct netaddr plain = *client;

	if (client->family == NETADDR_IPV6)
		netaddr_from_octets(client->octets, 16, &plain);
	return plain;
}

static const char *
join(struct arena *a, const char *local, const char *domain)
{
	size_t	 len = strlen(local), domain_len = strlen(domain);
	char	*s = arena_alloc(a, len + domain_len + 2);

	memcpy(s, local, len);
	s[len] = '@';
	memcpy(s + len + 1, domain, domain_len);
	return s;
}

/*
 * 4.3: no domain is checked that is empty, a literal, malformed or a single
 * label; without a local part it is postmaster's.
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
	v->sender = join(a, v->local, id->domain);
	v->sender_domain = v->domain = id->domain;
	v->helo = or_unknown(a, q->helo);
	v->receiver = or_unknown(a, q->receiver);
	v->client = plain_client(&q->client);
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

/* --- small things that the other files use, too ----------------------- */

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

const char *
spf_printable(struct arena *a, const char *name)
{
	char *copy = arena_strdup(a, name), *p;

	for (p = copy; *p != '\0'; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
		    !(*p >= '0' && *p <= '9') && strchr("._-", *p) == NULL)
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

/* --- records ---------------------------------------------------------- */

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

/*
 * 4.4 and 4.5. Without a record the result is none, but permerror where an
 * include or a redirect led to it (5.2, 6.1).
 */
static const struct dns_rr *
fetch(struct spf_eval *ev, const char *name, bool top)
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

bool
spf_term_ends(const struct spf_term *t, const struct netaddr *client)
{
	if (t->kind == TERM_IP4 || t->kind == TERM_IP6)
		return netblock_contains(&t->network, client);
	return t->kind == TERM_ALL;
}

/* --- what libspf2 gets -------------------------------------------------- */

/* A record has SPF_TERMS_MAX + 1 terms of at most 25 octets. */
static void
put(struct spf_eval *ev, const char *s)
{
	size_t len = strlen(s);

	if (len >= sizeof(ev->text) - ev->text_len)
		return;
	memcpy(ev->text + ev->text_len, s, len + 1);
	ev->text_len += len;
}

static void
put_number(struct spf_eval *ev, size_t n)
{
	char digits[24], *p = digits + sizeof(digits);

	*--p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	put(ev, p);
}

static void
put_qualifier(struct spf_eval *ev, char qualifier)
{
	const char text[] = { ' ', qualifier, '\0' };

	put(ev, text);
}

/*
 * One term with a number for its name. A prefix length of 0 means "all bits"
 * inside libspf2; spf_terms.c answers such a term so that it matches. A ptr is
 * an exists to libspf2: validation is ours.
 */
static void
put_term(struct spf_eval *ev, const struct spf_term *t, const char *domain,
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
		put(ev, " ");
	else
		put_qualifier(ev, t->qualifier);
	put(ev, words[t->kind]);
	put(ev, "t");
	put_number(ev, n);
	put(ev, ".x");
	if (token->bits > 0 && token->bits < (v6 ? 128u : 32u) &&
	    (t->kind == TERM_A || t->kind == TERM_MX)) {
		put(ev, v6 ? "//" : "/");
		put_number(ev, token->bits);
	}
}

/*
 * 4.6: the record is read to its end, for an error anywhere makes all of it
 * invalid; but put is only what can be evaluated. Behind the term that would
 * be one too many nothing is needed: to evaluate that is permerror, and not to
 * reach it means that an earlier one matched.
 */
static bool
generate(struct spf_eval *ev, struct spf_record *rec, const char *domain,
    unsigned level)
{
	unsigned	 room = ev->limits.terms - ev->terms + 1;
	struct spf_term	 t;

	ev->text_len = 0;
	put(ev, "v=spf1");
	while (spf_record_next(rec, &t)) {
		if (room == 0)
			continue;
		if (spf_term_ends(&t, &ev->values.client)) {
			put_qualifier(ev, t.qualifier);
			put(ev, "all");
			room = 0;
		} else if (spf_term_asks_dns(&t) && t.kind != TERM_REDIRECT) {
			put_term(ev, &t, domain, level);
			room--;
		}
	}
	if (rec->error != NULL)
		return false;
	if (room > 0 && rec->has_redirect)
		put_term(ev, &rec->redirect, domain, level);
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
	rr = name != NULL ? fetch(ev, name, token.kind == TOKEN_TOP) : NULL;
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

/* --- explanation ------------------------------------------------------ */

/*
 * 6.2: exactly one TXT record of valid syntax, else as if there were no exp.
 * The verdict has been read by now: what goes wrong here changes nothing, and
 * voids do not matter any more (a %{p} that finds nothing is "unknown").
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
