/*
 * stages_dmarc - the DMARC tree walks of a message (RFC 9989)
 *
 * There is one walk for each author domain and one for each SPF or DKIM domain
 * that may align. stages_mail.c starts a walk as soon as its domain is known.
 * All its queries start together; a name that two walks share is queried once.
 * stage_dmarc collects them at the end of the message, and only as needed:
 * without a record for the author domain the other walks do not matter.
 */
#include <string.h>

#include "base/arena.h"
#include "dmarc/dmarc_outcome.h"
#include "dns/resolver.h"
#include "mail/domain.h"
#include "store/store_outcomes.h"
#include "stages_priv.h"

static struct walk *
walk_find(struct session *s, const char *domain)
{
	size_t i;

	for (i = 0; i < s->nwalks; i++)
		if (strcmp(s->walk[i].domain, domain) == 0)
			return &s->walk[i];
	return NULL;
}

static void
walk_begin(struct session *s, struct walk *w, const char *domain)
{
	const char	*name;
	size_t		 i;

	memset(w, 0, sizeof(*w));
	w->domain = domain;
	dmarc_walk_init(&w->names, domain);
	for (i = 0; i < w->names.n; i++) {
		name = arena_printf(s->arena, "_dmarc.%s", w->names.name[i]);
		w->lookup[i] = lookups_start(s->lookups, name, DNS_TXT);
	}
}

void
stage_walk_start(struct session *s, const char *domain)
{
	if (s->nwalks < SESSION_WALKS && walk_find(s, domain) == NULL)
		walk_begin(s, &s->walk[s->nwalks++], domain);
}

/*
 * A walk that is not in the table, which may be full, starts only now. That
 * costs time, but the author's queries were sent long before.
 */
static const struct dmarc_walk_result *
walk_judge(struct session *s, const char *domain)
{
	const struct dns_answer	*answers[DMARC_WALK_MAX] = { NULL };
	struct walk		*w;
	size_t			 i;

	stage_walk_start(s, domain);
	w = walk_find(s, domain);
	if (w == NULL) {
		w = arena_alloc(s->arena, sizeof(*w));
		walk_begin(s, w, domain);
	}
	if (w->judged)
		return &w->result;
	for (i = 0; i < w->names.n; i++)
		answers[i] = lookup_wait(w->lookup[i]);
	dmarc_walk_judge(&w->names, answers, s->arena, &w->result);
	w->judged = true;
	return &w->result;
}

/* Only a domain with pass or temperror can align; others need no walk. */
static void
add_identifier(struct session *s, struct dmarc_question *q,
    struct dmarc_identifier *list, const char *name, enum result result)
{
	struct dmarc_identifier *id = &list[q->nidentifiers];
	const char		*domain;

	if (name == NULL ||
	    (result != RESULT_PASS && result != RESULT_TEMPERROR))
		return;
	domain = domain_canonical(s->arena, name, strlen(name));
	if (domain == NULL)
		return;
	id->domain = domain;
	id->result = result;
	id->is_dkim = true;
	id->walk = strcmp(domain, q->author_domain) == 0 ? NULL :
	    walk_judge(s, domain);
	q->nidentifiers++;
}

static void
add_identifiers(struct session *s, struct dmarc_question *q)
{
	struct dmarc_identifier	*list;
	const struct spf_facts	*spf = &s->f.spf_mfrom;
	size_t			 i;

	list = arena_array(s->arena, s->f.dkim.n + 1, sizeof(*list));
	for (i = 0; i < s->f.dkim.n; i++)
		add_identifier(s, q, list, s->f.dkim.sig[i].domain,
		    s->f.dkim.sig[i].temperror ? RESULT_TEMPERROR :
		    s->f.dkim.sig[i].result);
	i = q->nidentifiers;
	if (spf->done)
		add_identifier(s, q, list, spf->domain, spf->result);
	if (q->nidentifiers > i)
		list[i].is_dkim = false;
	q->identifier = list;
}

/* Called before all walks of signers, so that there is room for the authors. */
void
stage_authors_start(struct session *s)
{
	const struct from_facts	*from = &s->f.from;
	size_t			 i;

	if (from->ndomains > SESSION_AUTHORS)
		return;
	for (i = 0; i < from->ndomains; i++) {
		stage_walk_start(s, from->domain[i]);
		lookups_start(s->lookups, from->domain[i], DNS_TXT);
	}
}

static void
evaluate_author(struct session *s, size_t i, struct dmarc_facts *f)
{
	struct dmarc_question q = { NULL };

	q.author_domain = s->f.from.domain[i];
	q.author = walk_judge(s, q.author_domain);
	q.author_exists = lookups_ask(s->lookups, q.author_domain,
	    DNS_TXT)->status;
	if (q.author->record_domain != NULL ||
	    q.author->state == DMARC_TEMPERROR)
		add_identifiers(s, &q);
	dmarc_evaluate(&q, s->arena, f);
	f->done = true;
}

void
stage_dmarc(struct session *s)
{
	const struct from_facts	*from = &s->f.from;
	struct dmarc_facts	*f;
	size_t			 i;

	dmarc_of_from(from, SESSION_AUTHORS, &s->f.dmarc);
	if (s->f.dmarc.done)
		return;
	f = arena_array(s->arena, from->ndomains, sizeof(*f));
	for (i = 0; i < from->ndomains; i++)
		evaluate_author(s, i, &f[i]);
	dmarc_strictest(f, from->ndomains, &s->f.dmarc);
}

void
stage_outcome(struct session *s, enum action taken)
{
	struct dmarc_outcome o;

	if (s->setup->conf->outcomes.record &&
	    dmarc_outcome_fill(&o, &s->f, taken, s->arena))
		store_note_dmarc(s->sv->store, &o, s->sv->now());
}
