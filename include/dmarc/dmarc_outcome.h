/*
 * dmarc_outcome - the result of a message, as a row for aggregate reports
 *
 * The columns are the parts of a record of RFC 7489 appendix C and RFC 9990:
 * row, policy_evaluated, policy_published, identifiers, auth_results. Pure.
 */
#ifndef MILLGATE_DMARC_OUTCOME_H
#define MILLGATE_DMARC_OUTCOME_H

#include "mail/facts.h"
#include "mail/verdict.h"
#include "store/store_outcomes.h"

struct arena;

/* Signatures that one row names; those that pass come first. */
#define OUTCOME_SIGNATURES	4

/*
 * Fill *o, its texts in the arena. In names from the wire, all octets but
 * letters, digits and ".-_:[]" become "?". False: no record applies to this
 * message, so there is nothing to report.
 */
bool	dmarc_outcome_fill(struct dmarc_outcome *o, const struct facts *f,
	    enum action taken, struct arena *a);

#endif
