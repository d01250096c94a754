/*
 * dmarc_walk - the tree walk of RFC 9989 4.10, on complete answers
 *
 * All names are known from the start, so that their lookups can run in
 * parallel. The evaluation takes the answers in the order of the walk, and
 * ignores those after the point where the walk would have stopped.
 */
#include <string.h>

#include "base/arena.h"
#include "dmarc/dmarc.h"
#include "mail/domain.h"

/* From a name of this many labels or more, the walk jumps to one less. */
#define WALK_JUMP	8

void
dmarc_walk_init(struct dmarc_walk *w, const char *domain)
{
	unsigned labels = domain_labels(domain);

	memset(w, 0, sizeof(*w));
	if (labels == 0)
		return;
	w->name[w->n++] = domain;
	labels = labels >= WALK_JUMP ? WALK_JUMP - 1 : labels - 1;
	for (; labels > 0; labels--)
		w->name[w->n++] = domain_suffix(domain, labels);
}

/* The number of records at a name; the last one in *rec. */
static size_t
records_of(const struct dns_answer *a, struct dmarc_record *rec)
{
	struct dmarc_record	one;
	size_t			i, found = 0;

	if (a->status != DNS_OK)
		return 0;
	for (i = 0; i < a->n; i++)
		if (dmarc_record_parse(a->rr[i].data, a->rr[i].len, &one)) {
			*rec = one;
			found++;
		}
	return found;
}

/* The records that the walk found. */
struct found {
	bool			 there[DMARC_WALK_MAX];
	struct dmarc_record	 record[DMARC_WALK_MAX];
	size_t			 last;		/* index of the highest one */
	bool			 any;
};

/* False: a lookup of the walk failed; r->why says which. */
static bool
walk_up(const struct dmarc_walk *w,
    const struct dns_answer *const answers[DMARC_WALK_MAX],
    struct arena *arena, struct found *f, struct dmarc_walk_result *r)
{
	size_t i, n;

	for (i = 0; i < w->n; i++) {
		if (answers[i]->status == DNS_TEMPFAIL) {
			r->why = arena_printf(arena, "_dmarc.%s: %s",
			    w->name[i], answers[i]->why != NULL ?
			    answers[i]->why : "lookup failed");
			return false;
		}
		n = records_of(answers[i], &f->record[i]);
		f->there[i] = n == 1;
		/* 4.10: several at one name are discarded */
		if (n > 1 && r->why == NULL)
			r->why = arena_printf(arena, "several records at "
			    "_dmarc.%s", w->name[i]);
		if (!f->there[i])
			continue;
		f->any = true;
		f->last = i;
		if (f->record[i].psd != PSD_UNKNOWN)
			break;
	}
	return true;
}

static void
use_record(const struct dmarc_walk *w, const struct found *f, size_t i,
    struct dmarc_walk_result *r)
{
	r->state = DMARC_FOUND;
	r->record = f->record[i];
	r->record_domain = w->name[i];
}

/*
 * The walk ended at a public suffix above the start: the organizational
 * domain is one label below it. Its own record applies if it has one, else
 * the suffix's.
 */
static void
judge_suffix(const struct dmarc_walk *w, const struct found *f,
    struct dmarc_walk_result *r)
{
	size_t i;

	r->org_domain = domain_suffix(w->name[0],
	    domain_labels(w->name[f->last]) + 1);
	for (i = 0; i < f->last; i++)
		if (f->there[i] && strcmp(w->name[i], r->org_domain) == 0) {
			use_record(w, f, i, r);
			return;
		}
	use_record(w, f, f->last, r);
}

void
dmarc_walk_judge(const struct dmarc_walk *w,
    const struct dns_answer *const answers[DMARC_WALK_MAX],
    struct arena *arena, struct dmarc_walk_result *r)
{
	struct found	f = { .any = false };
	bool		complete;

	memset(r, 0, sizeof(*r));
	r->state = DMARC_NOT_FOUND;
	r->org_domain = w->n > 0 ? w->name[0] : "";
	complete = walk_up(w, answers, arena, &f, r);
	if (complete && f.any) {
		if (f.record[f.last].psd == PSD_YES && f.last > 0)
			judge_suffix(w, &f, r);
		else {
			r->org_domain = w->name[f.last];
			use_record(w, &f, f.last, r);
		}
	}
	/* the domain's own record always has precedence */
	if (f.there[0])
		use_record(w, &f, 0, r);
	if (!complete)
		r->state = DMARC_TEMPERROR;
}
