/*
 * dmarc_outcome - the facts of a message as a row for aggregate reports
 *
 * Messages with the same row are counted together. So a row has domains and
 * selectors, but no local parts and nothing that identifies one message.
 */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dmarc/dmarc.h"
#include "dmarc/dmarc_outcome.h"
#include "mail/domain.h"

static bool
may_appear(char c)
{
	return ascii_is_alnum(c) || (c != '\0' && strchr(".-_:[]", c) != NULL);
}

static const char *
plain(struct arena *a, const char *name)
{
	char *text, *p;

	if (name == NULL)
		return "";
	text = arena_strdup(a, name);
	for (p = text; *p != '\0'; p++)
		if (!may_appear(*p))
			*p = '?';
	return text;
}

/* "pass" if any signature passes, else the result of the first one. */
static const char *
dkim_result(const struct dkim_facts *dkim)
{
	size_t i;

	for (i = 0; i < dkim->n; i++)
		if (dkim->sig[i].result == RESULT_PASS)
			return result_name(RESULT_PASS);
	return result_name(dkim->n > 0 ? dkim->sig[0].result : RESULT_NONE);
}

/* Names that are too long for one DNS name cannot have a key. */
static bool
is_nameable(const struct dkim_signature *sig)
{
	return sig->domain != NULL && sig->selector != NULL &&
	    strlen(sig->domain) + strlen(sig->selector) < DOMAIN_MAX;
}

static void
add_signatures(struct buf *b, const struct dkim_facts *dkim, bool passed,
    unsigned *n, struct arena *a)
{
	const struct dkim_signature	*sig;
	size_t				 i;

	for (i = 0; i < dkim->n && *n < OUTCOME_SIGNATURES; i++) {
		sig = &dkim->sig[i];
		if ((sig->result == RESULT_PASS) != passed ||
		    !is_nameable(sig))
			continue;
		buf_printf(b, "%s%s/%s=%s", *n > 0 ? " " : "",
		    plain(a, sig->domain), plain(a, sig->selector),
		    result_name(sig->result));
		(*n)++;
	}
}

/* "example.org/s1=pass list.example/s=fail" */
static const char *
signatures(const struct dkim_facts *dkim, struct arena *a)
{
	struct buf	 b = BUF_INIT;
	const char	*text;
	unsigned	 n = 0;

	add_signatures(&b, dkim, true, &n, a);
	add_signatures(&b, dkim, false, &n, a);
	text = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return text;
}

static const char *
aligned(const struct dmarc_facts *f)
{
	if (f->spf_aligned)
		return f->dkim_aligned ? "spf+dkim" : "spf";
	return f->dkim_aligned ? "dkim" : "";
}

static const char *
published(const struct dmarc_record *rec, struct arena *a)
{
	char text[DMARC_RECORD_TEXT];

	if (rec == NULL)
		return "";
	dmarc_record_format(rec, text);
	return arena_strdup(a, text);
}

/* RFC 7208 2.4: without a sender, MAIL FROM is postmaster at the HELO name. */
static void
fill_spf(struct dmarc_outcome *o, const struct spf_facts *spf,
    struct arena *a)
{
	o->text[OUTCOME_SPF] = result_name(spf->result);
	o->text[OUTCOME_SPF_DOMAIN] = spf->done ? plain(a, spf->domain) : "";
	o->text[OUTCOME_SPF_SCOPE] = !spf->done ? "" :
	    spf->postmaster ? "helo" : "mfrom";
}

bool
dmarc_outcome_fill(struct dmarc_outcome *o, const struct facts *f,
    enum action taken, struct arena *a)
{
	char source[NETADDR_TEXT];

	if (!f->dmarc.done || f->dmarc.record_domain == NULL)
		return false;
	o->text[OUTCOME_AUTHOR] = f->dmarc.author_domain;
	o->text[OUTCOME_RECORD] = f->dmarc.record_domain;
	o->text[OUTCOME_SOURCE] = f->conn.client_known ? arena_strdup(a,
	    netaddr_format(&f->conn.client, source)) : "";
	o->text[OUTCOME_ENVELOPE] = plain(a, f->env.sender_domain);
	fill_spf(o, &f->spf_mfrom, a);
	o->text[OUTCOME_DKIM] = dkim_result(&f->dkim);
	o->text[OUTCOME_SIGNERS] = signatures(&f->dkim, a);
	o->text[OUTCOME_ALIGNED] = aligned(&f->dmarc);
	o->text[OUTCOME_RESULT] = result_name(f->dmarc.result);
	o->text[OUTCOME_PUBLISHED] = published(f->dmarc.record, a);
	o->text[OUTCOME_POLICY] = dmarc_policy_word(f->dmarc.policy);
	o->text[OUTCOME_DISPOSITION] = action_name(taken);
	o->text[OUTCOME_OVERRIDE] = f->override.name != NULL ?
	    f->override.name : "";
	return true;
}
