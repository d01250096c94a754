/*
 * stages_dmarc - the DMARC tree walks of a message (RFC 9989)
 *
 * There is one walk for each author domain and one for each SPF or DKIM domain
 * that may align. stages_mail.c starts a walk as soon as its domain is known.
 * All its queries start together; a name that two walks share is queried once.
 * stage_dmarc collects them at the end of the message, and only as needed:
 * without a record for the author domain the other walks do not matter.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "dmarc/dmarc_outcome.h"
#include "dns/resolver.h"
#include "mail/domain.h"
#include "store/store_outcomes.h"
#include "stages_priv.h"

static struct walk *
walk_find(struct message *m, const char *domain)
{
	struct walk *w;

	for (w = m->walks; w != NULL; w = w->next)
		if (strcmp(w->domain, domain) == 0)
			break;
	return w;
}

static struct walk *
walk_begin(struct message *m, const char *domain)
{
	struct dmarc_walk	 names;
	struct walk		*w;
	char			 name[2 * DOMAIN_MAX];
	size_t			 i;

	dmarc_walk_init(&names, domain);
	w = arena_alloc(m->arena, sizeof(*w) +
	    names.n * sizeof(*w->lookup));
	w->domain = domain;
	for (i = 0; i < names.n; i++) {
		/* a name that is cut is still too long for a question */
		snprintf(name, sizeof(name), "_dmarc.%s", names.name[i]);
		w->lookup[i] = lookups_start(m->lookups, name, DNS_TXT);
	}
	return w;
}

void
stage_walk_start(struct message *m, const char *domain)
{
	struct walk *w;

	if (m->nwalks == SESSION_WALKS || walk_find(m, domain) != NULL)
		return;
	w = walk_begin(m, domain);
	w->next = m->walks;
	m->walks = w;
	m->nwalks++;
}

static const struct dmarc_walk_result *
walk_result(const struct walk *w, struct arena *a)
{
	const struct dns_answer		*answers[DMARC_WALK_MAX] = { NULL };
	struct dmarc_walk_result	*r = arena_alloc(a, sizeof(*r));
	struct dmarc_walk		 names;
	size_t				 i;

	dmarc_walk_init(&names, w->domain);
	for (i = 0; i < names.n; i++)
		answers[i] = lookup_wait(w->lookup[i]);
	dmarc_walk_judge(&names, answers, a, r);
	return r;
}

/*
 * A walk that is not in the table, which may be full, starts only now. That
 * costs time, but the author's queries were sent long before.
 */
static const struct dmarc_walk_result *
walk_judge(struct message *m, const char *domain)
{
	struct walk *w;

	stage_walk_start(m, domain);
	w = walk_find(m, domain);
	if (w == NULL)
		w = walk_begin(m, domain);
	if (w->result == NULL)
		w->result = walk_result(w, m->arena);
	return w->result;
}

/* Only a domain with pass or temperror can align; others need no walk. */
static void
add_identifier(struct message *m, struct dmarc_question *q,
    struct dmarc_identifier *list, const char *name, enum result result)
{
	struct dmarc_identifier *id = &list[q->nidentifiers];
	const char		*domain;

	if (name == NULL ||
	    (result != RESULT_PASS && result != RESULT_TEMPERROR))
		return;
	domain = domain_canonical(m->arena, name, strlen(name));
	if (domain == NULL)
		return;
	id->domain = domain;
	id->result = result;
	id->is_dkim = true;
	id->walk = strcmp(domain, q->author_domain) == 0 ? NULL :
	    walk_judge(m, domain);
	q->nidentifiers++;
}

static void
add_identifiers(struct message *m, struct dmarc_question *q)
{
	struct dmarc_identifier	*list;
	const struct spf_facts	*spf = &m->f.spf_mfrom;
	size_t			 i;

	list = arena_array(m->arena, m->f.dkim.n + 1, sizeof(*list));
	for (i = 0; i < m->f.dkim.n; i++)
		add_identifier(m, q, list, m->f.dkim.sig[i].domain,
		    m->f.dkim.sig[i].temperror ? RESULT_TEMPERROR :
		    m->f.dkim.sig[i].result);
	i = q->nidentifiers;
	if (spf->done)
		add_identifier(m, q, list, spf->domain, spf->result);
	if (q->nidentifiers > i)
		list[i].is_dkim = false;
	q->identifier = list;
}

/* Called before all walks of signers, so that there is room for the authors. */
void
stage_authors_start(struct message *m)
{
	const struct from_facts	*from = &m->f.from;
	size_t			 i;

	if (from->ndomains > SESSION_AUTHORS)
		return;
	for (i = 0; i < from->ndomains; i++) {
		stage_walk_start(m, from->domain[i]);
		lookups_start(m->lookups, from->domain[i], DNS_TXT);
	}
}

static void
evaluate_author(struct message *m, size_t i, struct dmarc_facts *f)
{
	struct dmarc_question q = { NULL };

	q.author_domain = m->f.from.domain[i];
	q.author = walk_judge(m, q.author_domain);
	q.author_exists = lookups_ask(m->lookups, q.author_domain,
	    DNS_TXT)->status;
	if (q.author->record_domain != NULL ||
	    q.author->state == DMARC_TEMPERROR)
		add_identifiers(m, &q);
	dmarc_evaluate(&q, m->arena, f);
	f->done = true;
}

void
stage_dmarc(struct message *m)
{
	const struct from_facts	*from = &m->f.from;
	struct dmarc_facts	*f;
	size_t			 i;

	dmarc_of_from(from, SESSION_AUTHORS, &m->f.dmarc);
	if (m->f.dmarc.done)
		return;
	f = arena_array(m->arena, from->ndomains, sizeof(*f));
	for (i = 0; i < from->ndomains; i++)
		evaluate_author(m, i, &f[i]);
	dmarc_strictest(f, from->ndomains, &m->f.dmarc);
}

void
stage_outcome(struct message *m, enum action taken)
{
	struct dmarc_outcome o;

	if (m->setup->conf->outcomes.record &&
	    dmarc_outcome_fill(&o, &m->f, taken, m->arena))
		store_note_dmarc(m->sv->store, &o, m->sv->now());
}
