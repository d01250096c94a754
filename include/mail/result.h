/*
 * result - the result words of RFC 8601 2.7, one enum for all methods, and
 * the policies of DMARC
 */
#ifndef MILLGATE_RESULT_H
#define MILLGATE_RESULT_H

enum result {
	RESULT_NONE,		/* no record, or no signature */
	RESULT_NEUTRAL,
	RESULT_PASS,
	RESULT_FAIL,
	RESULT_SOFTFAIL,	/* SPF only */
	RESULT_POLICY,		/* DKIM: valid, but not acceptable here */
	RESULT_TEMPERROR,
	RESULT_PERMERROR
};

enum dmarc_policy { DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };

/* "none", "neutral", ... ; never NULL. */
const char	*result_name(enum result r);
/* "none", "quarantine", "reject" (RFC 9989, the tag p); never NULL. */
const char	*dmarc_policy_word(enum dmarc_policy p);

#endif
