/*
 * policy_dmarc - the action for a message by its DMARC result (RFC 9989)
 *
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_DMARC_H
#define MILLGATE_POLICY_DMARC_H

#include "mail/facts.h"
#include "mail/verdict.h"

/* For a From of several domains: on_bad_from, or the strictest policy. */
enum several_domains { SEVERAL_REFUSE, SEVERAL_STRICTEST };

struct dmarc_rules {
	enum action	 on_reject, on_quarantine, on_none;
	/* a lookup failed, and the policy is reject or not known */
	enum action	 on_temperror;
	enum action	 on_missing_from, on_repeated_from;
	enum action	 on_bad_from;	/* malformed, or without an address */
	enum several_domains several_domains;
};

struct verdict	 policy_dmarc(const struct dmarc_rules *r,
		    const struct facts *f);

#endif
