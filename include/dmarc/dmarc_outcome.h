/*
 * dmarc_outcome - what became of a message, as a row for aggregate reports
 *
 * The columns are what a record of RFC 7489 appendix C and RFC 9990 is made
 * of: row, policy_evaluated, policy_published, identifiers, auth_results.
 * Pure.
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
 * Fill *o, its texts in the arena: names of the wire with nothing in them but
 * letters, digits and ".-_:[]", other octets as "?". False: there is no
 * policy for this message, so nothing to report.
 */
bool	dmarc_outcome_fill(struct dmarc_outcome *o, const struct facts *f,
	    enum action taken, struct arena *a);

#endif
