/*
 * policy_spf - the action for a message by its SPF results (RFC 7208)
 *
 * By default a result is only shown in the header, and DMARC decides. MAIL
 * FROM and HELO are two identities, each with actions of its own.
 */
#include "policy/policy_spf.h"

static struct verdict
spf_verdict(enum action a, const char *rule, const struct spf_facts *spf)
{
	const char *domain = spf->domain != NULL ? spf->domain : "?";

	if (spf->explanation != NULL)
		return verdict_by(a, rule, "550 5.7.23", "451 4.7.24",
		    "SPF %s for %s, which explains: %s",
		    result_name(spf->result), domain, spf->explanation);
	return verdict_by(a, rule, "550 5.7.23", "451 4.7.24",
	    "SPF %s for %s", result_name(spf->result), domain);
}

static struct verdict
judge_spf(const struct spf_actions *a, const struct spf_facts *spf)
{
	switch (spf->done ? spf->result : RESULT_NONE) {
	case RESULT_FAIL:
		return spf_verdict(a->on_fail, "spf-fail", spf);
	case RESULT_SOFTFAIL:
		return spf_verdict(a->on_softfail, "spf-softfail", spf);
	case RESULT_PERMERROR:
		return spf_verdict(a->on_permerror, "spf-permerror", spf);
	case RESULT_TEMPERROR:
		return spf_verdict(a->on_temperror, "spf-temperror", spf);
	case RESULT_NONE:
	case RESULT_NEUTRAL:
	case RESULT_PASS:
	case RESULT_POLICY:
		break;
	}
	return verdict_accept();
}

struct verdict
policy_spf(const struct spf_rules *r, const struct facts *f)
{
	return verdict_worse(judge_spf(&r->mfrom, &f->spf_mfrom),
	    judge_spf(&r->helo, &f->spf_helo));
}
