/*
 * result - the result words of RFC 8601 2.7, one enum for all methods
 */
#ifndef MILLGATE_RESULT_H
#define MILLGATE_RESULT_H

enum result {
	RESULT_NONE,		/* nothing to judge: no record, no signature */
	RESULT_NEUTRAL,
	RESULT_PASS,
	RESULT_FAIL,
	RESULT_SOFTFAIL,	/* SPF only */
	RESULT_POLICY,		/* DKIM: valid, but not acceptable here */
	RESULT_TEMPERROR,
	RESULT_PERMERROR
};

/* "none", "neutral", ... ; never NULL. */
const char	*result_name(enum result r);

#endif
