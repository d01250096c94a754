/*
 * policy_spf - what an SPF result alone means
 *
 * By default little: the header says it and DMARC decides. MAIL FROM is
 * judged by on-fail and its like, HELO only by helo-on-fail.
 */
#include "policy.h"

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
judge_mfrom(const struct spf_rules *r, const struct spf_facts *spf)
{
	switch (spf->result) {
	case RESULT_FAIL:
		return word(r->on_fail, "spf-fail", spf);
	case RESULT_SOFTFAIL:
		return word(r->on_softfail, "spf-softfail", spf);
	case RESULT_PERMERROR:
		return word(r->on_permerror, "spf-permerror", spf);
	case RESULT_TEMPERROR:
		return word(r->on_temperror, "spf-temperror", spf);
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
	struct verdict v = verdict_accept();

	if (f->spf_mfrom.done)
		v = judge_mfrom(r, &f->spf_mfrom);
	if (f->spf_helo.done && f->spf_helo.result == RESULT_FAIL)
		v = verdict_worse(v, word(r->helo_on_fail, "spf-helo-fail",
		    &f->spf_helo));
	return v;
}
