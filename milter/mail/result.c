/*
 * result - the result words of RFC 8601 2.7 and the policies of DMARC
 */
#include "mail/result.h"

const char *
result_name(enum result r)
{
	switch (r) {
	case RESULT_NONE:	return "none";
	case RESULT_NEUTRAL:	return "neutral";
	case RESULT_PASS:	return "pass";
	case RESULT_FAIL:	return "fail";
	case RESULT_SOFTFAIL:	return "softfail";
	case RESULT_POLICY:	return "policy";
	case RESULT_TEMPERROR:	return "temperror";
	case RESULT_PERMERROR:	return "permerror";
	}
	return "none";
}

const char *
dmarc_policy_word(enum dmarc_policy p)
{
	switch (p) {
	case DMARC_NONE:	return "none";
	case DMARC_QUARANTINE:	return "quarantine";
	case DMARC_REJECT:	return "reject";
	}
	return "none";
}
