/*
 * dmarc_evaluate - alignment, policy and result (RFC 9989 4.4, 4.7, 5.3)
 *
 * A failed lookup is kept apart from a failed check: what could still have
 * been a pass is temperror, and says so.
 */
#include <string.h>

#include "arena.h"
#include "dmarc.h"

enum aligned { ALIGNED_NO, ALIGNED_YES, ALIGNED_UNKNOWN };

/* Strict: the same name. Relaxed: the same organizational domain. */
static enum aligned
align(const struct dmarc_question *q, const struct dmarc_identifier *id,
    bool strict)
{
	const struct dmarc_walk_result *walk =
	    id->walk != NULL ? id->walk : q->author;

	if (strcmp(id->domain, q->author_domain) == 0)
		return ALIGNED_YES;
	if (strict)
		return ALIGNED_NO;
	if (q->author->state == DMARC_TEMPERROR ||
	    walk->state == DMARC_TEMPERROR)
		return ALIGNED_UNKNOWN;
	return strcmp(walk->org_domain, q->author->org_domain) == 0 ?
	    ALIGNED_YES : ALIGNED_NO;
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

/* The policy for the author domain; the record is there. */
static enum dmarc_policy
choose_policy(const struct dmarc_question *q)
{
	const struct dmarc_record *rec = &q->author->record;
	enum dmarc_policy	   p, sp, np;

	/* without a valid p, and with rua, it asks for reports alone */
	p = rec->has_p ? rec->p : DMARC_NONE;
	sp = rec->has_sp ? rec->sp : p;
	np = rec->has_np ? rec->np : sp;
	if (strcmp(q->author->record_domain, q->author_domain) != 0) {
		if (q->author_exists == DNS_NXDOMAIN)
			p = np;
		else if (q->author_exists == DNS_TEMPFAIL)
			p = stricter(sp, np);
		else
			p = sp;
	}
	return rec->testing ? lowered(p) : p;
}

struct tally {
	bool	spf, dkim;	/* aligned and passed */
	bool	could;		/* a lookup that failed might have said so */
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

static bool
has_record(const struct dmarc_question *q)
{
	const struct dmarc_record *rec = &q->author->record;

	return q->author->record_domain != NULL &&
	    (rec->has_p || rec->has_rua);
}

/* A walk that failed before it found the author's own record. */
static void
no_record_yet(const struct dmarc_question *q, struct dmarc_facts *f)
{
	f->result = RESULT_TEMPERROR;
	f->policy = DMARC_REJECT;	/* for all that we know */
	f->could_be_pass = true;
	f->reason = q->author->why;
}

void
dmarc_evaluate(const struct dmarc_question *q, struct arena *arena,
    struct dmarc_facts *f)
{
	struct tally t = { false, false, false };

	memset(f, 0, sizeof(*f));
	f->author_domain = q->author_domain;
	f->org_domain = q->author->org_domain;
	if (!has_record(q)) {
		f->result = RESULT_NONE;
		f->reason = q->author->record_domain != NULL ?
		    "record without a policy" : "no record";
		if (q->author->state == DMARC_TEMPERROR)
			no_record_yet(q, f);
		return;
	}
	f->record_domain = q->author->record_domain;
	f->policy = choose_policy(q);
	count_identifiers(q, &t);
	f->spf_aligned = t.spf;
	f->dkim_aligned = t.dkim;
	if (t.spf || t.dkim) {
		f->result = RESULT_PASS;
		f->reason = t.spf && t.dkim ? "aligned SPF and DKIM" :
		    t.spf ? "aligned SPF" : "aligned DKIM";
	} else if (t.could) {
		f->result = RESULT_TEMPERROR;
		f->could_be_pass = true;
		f->reason = arena_printf(arena, "a lookup failed that could "
		    "have aligned with %s", q->author_domain);
	} else {
		f->result = RESULT_FAIL;
		f->reason = "no aligned identifier passed";
	}
}
