/*
 * policy_dmarc - the action for a message by its DMARC result (RFC 9989)
 *
 * A From that is missing, repeated, malformed or of several domains has an
 * action of its own; it never counts as "no policy". A temperror takes
 * on-temperror where the policy is reject or not known; otherwise the message
 * is only tagged.
 */
#include "policy/policy_dmarc.h"

static struct verdict
bad_from(enum action a, const char *fault)
{
	return verdict_by(a, "dmarc-from", "550 5.7.1", "451 4.7.0",
	    "%s, so its author cannot be checked", fault);
}

static struct verdict
judge_from(const struct dmarc_rules *r, const struct facts *f)
{
	const struct from_facts *from = &f->from;

	switch (from->state) {
	case FROM_MISSING:
		return bad_from(r->on_missing_from,
		    "The message has no From field");
	case FROM_REPEATED:
		return bad_from(r->on_repeated_from,
		    "The message has more than one From field");
	case FROM_UNPARSABLE:
		return bad_from(r->on_bad_from,
		    "The From field cannot be understood");
	case FROM_OK:
		break;
	}
	if (from->ndomains == 0)
		return bad_from(r->on_bad_from,
		    "The From field has no address");
	/* not all of them were looked up: any of them may be "reject" */
	if (from->ndomains > 1 && f->dmarc.result == RESULT_PERMERROR)
		return bad_from(r->on_bad_from == ACTION_DEFER ?
		    ACTION_DEFER : ACTION_REJECT,
		    "The From field names too many domains");
	if (from->ndomains > 1 && r->several_domains == SEVERAL_REFUSE)
		return bad_from(r->on_bad_from,
		    "The From field names several domains");
	return verdict_accept();
}

static struct verdict
judge_fail(const struct dmarc_rules *r, const struct dmarc_facts *f)
{
	static const char *const names[] = { "dmarc-none",
	    "dmarc-quarantine", "dmarc-reject" };
	const enum action actions[] = { r->on_none, r->on_quarantine,
	    r->on_reject };

	return verdict_by(actions[f->policy], names[f->policy], "550 5.7.1",
	    "451 4.7.1", "DMARC: the message fails the policy of %s (p=%s)",
	    f->record_domain, dmarc_policy_word(f->policy));
}

static struct verdict
judge_temperror(const struct dmarc_rules *r, const struct dmarc_facts *f)
{
	return verdict_by(f->policy == DMARC_REJECT ? r->on_temperror :
	    ACTION_TAG, "dmarc-temperror", "550 5.7.1", "451 4.7.0",
	    "DMARC of %s cannot be checked at the moment: %s",
	    f->author_domain, f->reason);
}

/*
 * For a From of several domains, both the site's action for such a field and
 * the policies of the domains count. Otherwise a second author would be a way
 * around a policy.
 */
struct verdict
policy_dmarc(const struct dmarc_rules *r, const struct facts *f)
{
	const struct dmarc_facts *d = &f->dmarc;
	struct verdict		  v = judge_from(r, f);

	if (!d->done)
		return v;
	if (d->result == RESULT_FAIL)
		return verdict_worse(v, judge_fail(r, d));
	if (d->result != RESULT_TEMPERROR)
		return v;
	if (d->fails_too != NULL)
		v = verdict_worse(v, judge_fail(r, d->fails_too));
	return verdict_worse(v, judge_temperror(r, d));
}
