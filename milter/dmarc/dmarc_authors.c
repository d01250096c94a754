/*
 * dmarc_authors - a From that names no author, several, or cannot be read
 *
 * RFC 9989 has one author domain. What has none or many is no way around a
 * policy: it is a permerror, or the strictest policy that any of them has.
 */
#include <string.h>

#include "dmarc/dmarc.h"

void
dmarc_of_from(const struct from_facts *from, size_t most,
    struct dmarc_facts *f)
{
	static const char *const words[] = {
		[FROM_MISSING] = "no From field",
		[FROM_REPEATED] = "several From fields",
		[FROM_UNPARSABLE] = "From cannot be understood",
	};

	memset(f, 0, sizeof(*f));
	if (from->state != FROM_OK)
		f->reason = words[from->state];
	else if (from->ndomains == 0)
		f->reason = "From names nobody";
	else if (from->ndomains > most)
		f->reason = "From names too many domains";
	if (f->reason == NULL)
		return;
	f->done = true;
	f->result = RESULT_PERMERROR;
}

/* A policy that is not met goes by how strict it is, then by certainty. */
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
	f->reason = "several author domains, each of which passes";
}
