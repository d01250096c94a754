/*
 * tallies - what the results of messages and the durations add up to
 *
 * Counters since the start, for the metrics. All words are from fixed lists or
 * from the configuration, never from mail. Counting takes no lock; see
 * base/metrics.h.
 */
#ifndef MILLGATE_TALLIES_H
#define MILLGATE_TALLIES_H

#include <stdatomic.h>

#include "base/metrics.h"
#include "mail/facts.h"
#include "policy/policy_block.h"

#define TALLY_RESULTS	(RESULT_PERMERROR + 1)

/* An algorithm that is not known is TALLY_OTHER. */
enum tally_algorithm { TALLY_RSA, TALLY_ED25519, TALLY_RSA_SHA1, TALLY_OTHER };
#define TALLY_ALGORITHMS	(TALLY_OTHER + 1)

/* The policy in effect; TALLY_NO_POLICY: no record was found. */
enum tally_policy { TALLY_NO_POLICY = DMARC_REJECT + 1 };
#define TALLY_POLICIES		(TALLY_NO_POLICY + 1)

enum tally_store { TALLY_SETTINGS, TALLY_RESERVE, TALLY_COMMIT };
#define TALLY_STORES		(TALLY_COMMIT + 1)

enum tally_crypto { TALLY_SIGN, TALLY_VERIFY };

/* Cells of a row of `plans`. */
enum tally_plan { TALLY_RECIPIENTS, TALLY_MESSAGES, TALLY_REFUSED };

struct tallies {
	atomic_uint_fast64_t	 spf_mfrom[TALLY_RESULTS];
	atomic_uint_fast64_t	 spf_helo[TALLY_RESULTS];
	atomic_uint_fast64_t	 iprev[TALLY_RESULTS];
	/* signatures; and messages that have none */
	atomic_uint_fast64_t	 dkim[TALLY_ALGORITHMS][TALLY_RESULTS];
	atomic_uint_fast64_t	 dkim_none;
	atomic_uint_fast64_t	 dmarc[TALLY_POLICIES][TALLY_RESULTS];
	atomic_uint_fast64_t	 made[TALLY_ALGORITHMS];	/* signatures */
	atomic_uint_fast64_t	 sign_failures;
	atomic_uint_fast64_t	 sign_failed_at;	/* ticks, the last */
	atomic_uint_fast64_t	 fuse[FUSE_KINDS];
	/* in force, at the daemon's last look */
	atomic_uint_fast64_t	 blocks;
	atomic_bool		 blocks_known;	/* the store has answered */
	atomic_uint_fast64_t	 reloads_good, reloads_failed;
	/* time at which the configuration in use was loaded */
	atomic_uint_fast64_t	 loaded_at;
	atomic_bool		 reload_failed;	/* the last one */
	struct counter_set	 not_signed;	/* by reason; cell 0 */
	struct counter_set	 plans;		/* enum tally_plan */
	/* from the end of a message to its answer, by direction */
	struct histogram	 answer[DIRECTION_SUBMISSION + 1];
	struct histogram	 dns_wait;	/* of an inbound message */
	struct histogram	 crypto[TALLY_VERIFY + 1];
	struct histogram	 store[TALLY_STORES];
};

/* All zero, with its locks. */
void		 tallies_init(struct tallies *t);

/* Static words, for labels. */
const char	*tally_direction_name(enum direction d);
const char	*tally_algorithm_name(enum tally_algorithm a);
const char	*tally_store_name(enum tally_store s);
const char	*tally_policy_name(enum tally_policy p);

/* "rsa-sha256" and so on, as in a signature's a=; case does not matter. */
enum tally_algorithm tally_algorithm_find(const char *name);

/*
 * Count the results of a message at its end: SPF, DKIM, DMARC and the reverse
 * name, as far as they are known.
 */
void		 tally_results(struct tallies *t, const struct facts *f);

#endif
