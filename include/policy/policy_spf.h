/*
 * policy_spf - the action for a message by its SPF results (RFC 7208)
 *
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_SPF_H
#define MILLGATE_POLICY_SPF_H

#include "mail/facts.h"
#include "mail/verdict.h"

struct spf_actions {
	enum action	 on_fail, on_softfail, on_permerror, on_temperror;
};

struct spf_rules {
	struct spf_actions mfrom, helo;
	unsigned	 max_voids;	/* RFC 7208 4.6.4 */
	bool		 received_spf;
};

/* The worse of the verdicts for MAIL FROM and for HELO. */
struct verdict	 policy_spf(const struct spf_rules *r, const struct facts *f);

#endif
