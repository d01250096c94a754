/*
 * dmarc_evaluate - alignment, policy and result (RFC 9989 4.4, 4.10, 5.3)
 *
 * A failed lookup is not a failed check: a result that could have been a pass
 * is temperror. RFC 9989 has one author domain. A From without an author, or
 * with several, must not be a way around a policy: it is a permerror, or the
 * strictest policy of all its domains applies.
 */
#include <string.h>

#include "base/arena.h"
#include "dmarc/dmarc.h"
#include "mail/domain.h"

enum aligned { ALIGNED_NO, ALIGNED_YES, ALIGNED_UNKNOWN };

/* NULL: the walk failed, so that it may be any parent of the domain. */
static const char *
known_org(const struct dmarc_walk_result *walk)
{
	return walk->state == DMARC_TEMPERROR ? NULL : walk->org_domain;
}

/*
 * Strict: the same name. Relaxed: the same organizational domain, which is a
 * parent of both. If only one of them is known, alignment is still impossible
 * for a domain that is not within it.
 */
static enum aligned
align(const struct dmarc_question *q, const struct dmarc_identifier *id,
    bool strict)
{
	const char	*author = known_org(q->author);
	const char	*other = known_org(id->walk != NULL ? id->walk :
			     q->author);
	bool		 maybe;

	if (strcmp(id->domain, q->author_domain) == 0)
		return ALIGNED_YES;
	if (strict)
		return ALIGNED_NO;
	if (author != NULL && other != NULL)
		return strcmp(author, other) == 0 ? ALIGNED_YES : ALIGNED_NO;
	if (author != NULL)
		maybe = domain_is_within(id->domain, author);
	else if (other != NULL)
		maybe = domain_is_within(q->author_domain, other);
	else
		maybe = domain_is_within(q->author_domain,
		    domain_suffix(id->domain, 1));
	return maybe ? ALIGNED_UNKNOWN : ALIGNED_NO;
}

static enum dmarc_policy
lowered(enum dmarc_policy p)
{
	return p == DMARC_REJECT ? DMARC_QUARANTINE : DMARC_NONE;
}

static enum dmarc_policy
stricter(enum dmarc_policy a, enum dmarc_policy b)
{
	return a > b ? a : b;
}

/*
 * RFC 9989 4.10.1: a record without a valid p, or with an invalid sp or np,
 * counts as "p=none" if rua has a valid URI, and is ignored otherwise. The RFC
 * does not ask whether the invalid word applies to this author: "p=reject;
 * sp=quarantin" loses its reject, too.
 */
static bool
has_policy(const struct dmarc_record *rec)
{
	return rec->has_p && !rec->broken;
}

/*
 * The policy for the author domain, which has a record. *sure is false when it
 * depends on whether the domain exists, and this is not known: then the
 * stricter one is returned.
 */
static enum dmarc_policy
choose_policy(const struct dmarc_question *q, bool *sure)
{
	const struct dmarc_record *rec = &q->author->record;
	enum dmarc_policy	   p, sp, np;

	*sure = true;
	if (!has_policy(rec))
		return DMARC_NONE;	/* it only asks for reports */
	p = rec->p;
	sp = rec->has_sp ? rec->sp : p;
	np = rec->has_np ? rec->np : sp;
	if (strcmp(q->author->record_domain, q->author_domain) != 0) {
		if (q->author_exists == DNS_NXDOMAIN)
			p = np;
		else if (q->author_exists == DNS_TEMPFAIL)
			p = stricter(sp, np);
		else
			p = sp;
		*sure = q->author_exists != DNS_TEMPFAIL || sp == np;
	}
	return rec->testing ? lowered(p) : p;
}

struct tally {
	bool	spf, dkim;	/* aligned and passed */
	bool	could;		/* might be, but for a failed lookup */
};

static void
count_identifiers(const struct dmarc_question *q, struct tally *t)
{
	const struct dmarc_record	*rec = &q->author->record;
	const struct dmarc_identifier	*id;
	enum aligned			 a;
	size_t				 i;

	for (i = 0; i < q->nidentifiers; i++) {
		id = &q->identifier[i];
		if (id->result != RESULT_PASS &&
		    id->result != RESULT_TEMPERROR)
			continue;
		a = align(q, id, id->is_dkim ? rec->strict_dkim :
		    rec->strict_spf);
		if (a == ALIGNED_NO)
			continue;
		if (a == ALIGNED_UNKNOWN || id->result == RESULT_TEMPERROR)
			t->could = true;
		else if (id->is_dkim)
			t->dkim = true;
		else
			t->spf = true;
	}
}

/* This satisfies any record. */
static bool
author_passes(const struct dmarc_question *q)
{
	size_t i;

	for (i = 0; i < q->nidentifiers; i++)
		if (q->identifier[i].result == RESULT_PASS &&
		    strcmp(q->identifier[i].domain, q->author_domain) == 0)
			return true;
	return false;
}

/*
 * The walk failed before it found the author's own record, so that the policy
 * may be reject. But any policy is met if the author domain itself passes:
 * then there is no reason to defer the message.
 */
static void
no_record_yet(const struct dmarc_question *q, struct dmarc_facts *f)
{
	f->result = RESULT_TEMPERROR;
	f->policy = author_passes(q) ? DMARC_NONE : DMARC_REJECT;
	f->could_be_pass = true;
	f->reason = q->author->why;
}

/* False: no policy applies to this message, or it is not known yet. */
static bool
applies(const struct dmarc_question *q, struct dmarc_facts *f)
{
	const struct dmarc_record *rec = &q->author->record;

	if (q->author->record_domain == NULL) {
		f->result = RESULT_NONE;
		f->reason = q->author->why != NULL ? q->author->why :
		    "no record";
		if (q->author->state == DMARC_TEMPERROR)
			no_record_yet(q, f);
		return false;
	}
	if (!has_policy(rec) && !rec->has_rua) {
		f->result = RESULT_NONE;
		f->reason = "record without a policy";
		return false;
	}
	return true;
}

static void
settle_result(const struct tally *t, bool sure, struct arena *arena,
    struct dmarc_facts *f)
{
	f->spf_aligned = t->spf;
	f->dkim_aligned = t->dkim;
	f->result = RESULT_TEMPERROR;
	if (t->spf || t->dkim) {
		f->result = RESULT_PASS;
		f->reason = t->spf && t->dkim ? "aligned SPF and DKIM" :
		    t->spf ? "aligned SPF" : "aligned DKIM";
	} else if (t->could) {
		f->could_be_pass = true;
		f->reason = arena_printf(arena, "a lookup failed that could "
		    "have aligned with %s", f->author_domain);
	} else if (!sure) {
		f->reason = arena_printf(arena, "it is not known whether %s "
		    "exists", f->author_domain);
	} else {
		f->result = RESULT_FAIL;
		f->reason = "no aligned identifier passed";
	}
}

void
dmarc_evaluate(const struct dmarc_question *q, struct arena *arena,
    struct dmarc_facts *f)
{
	struct tally	t = { false, false, false };
	bool		sure;

	memset(f, 0, sizeof(*f));
	f->author_domain = q->author_domain;
	f->org_domain = q->author->org_domain;
	if (!applies(q, f))
		return;
	f->record_domain = q->author->record_domain;
	f->record = &q->author->record;
	f->policy = choose_policy(q, &sure);
	count_identifiers(q, &t);
	settle_result(&t, sure, arena, f);
}

/* --- no author domain, or several --------------------------------------- */

void
dmarc_of_from(const struct from_facts *from, size_t most,
    struct dmarc_facts *f)
{
	static const char *const words[] = {
		[FROM_MISSING] = "no From field",
		[FROM_REPEATED] = "several From fields",
		[FROM_UNPARSABLE] = "From cannot be parsed",
	};

	memset(f, 0, sizeof(*f));
	if (from->state != FROM_OK)
		f->reason = words[from->state];
	else if (from->ndomains == 0)
		f->reason = "From has no address";
	else if (from->ndomains > most)
		f->reason = "From has too many domains";
	if (f->reason == NULL)
		return;
	f->done = true;
	f->result = RESULT_PERMERROR;
}

/* The order of unmet policies: by strictness, then by certainty. */
static unsigned
severity(const struct dmarc_facts *f)
{
	if (f->result == RESULT_FAIL)
		return 2 + 2 * f->policy + 1;
	if (f->result == RESULT_TEMPERROR)
		return 2 + 2 * f->policy;
	return f->result == RESULT_PASS ? 0 : 1;
}

/* NULL: none fails. */
static const struct dmarc_facts *
strictest_fail(const struct dmarc_facts *each, size_t n)
{
	const struct dmarc_facts	*worst = NULL;
	size_t				 i;

	for (i = 0; i < n; i++)
		if (each[i].result == RESULT_FAIL && (worst == NULL ||
		    each[i].policy > worst->policy))
			worst = &each[i];
	return worst;
}

void
dmarc_strictest(const struct dmarc_facts *each, size_t n,
    struct dmarc_facts *f)
{
	const struct dmarc_facts	*worst = &each[0];
	size_t				 i;

	for (i = 1; i < n; i++)
		if (severity(&each[i]) > severity(worst))
			worst = &each[i];
	*f = *worst;
	if (f->result == RESULT_TEMPERROR)
		f->fails_too = strictest_fail(each, n);
	if (n == 1 || f->result != RESULT_PASS)
		return;
	f->result = RESULT_NONE;
	f->reason = "several author domains, all of which pass";
}
