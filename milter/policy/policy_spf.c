/*
 * policy_spf - what an SPF result alone means
 *
 * By default little: the header says it and DMARC decides. MAIL FROM and HELO
 * are two identities with a set of actions each.
 */
#include "policy/policy_spf.h"

static struct verdict
word(enum action a, const char *rule, const struct spf_facts *spf)
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
judge(const struct spf_actions *a, const struct spf_facts *spf)
{
	switch (spf->done ? spf->result : RESULT_NONE) {
	case RESULT_FAIL:
		return word(a->on_fail, "spf-fail", spf);
	case RESULT_SOFTFAIL:
		return word(a->on_softfail, "spf-softfail", spf);
	case RESULT_PERMERROR:
		return word(a->on_permerror, "spf-permerror", spf);
	case RESULT_TEMPERROR:
		return word(a->on_temperror, "spf-temperror", spf);
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
	return verdict_worse(judge(&r->mfrom, &f->spf_mfrom),
	    judge(&r->helo, &f->spf_helo));
}
