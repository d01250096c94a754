/*
 * policy_block - mail of a login that is blocked
 *
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_BLOCK_H
#define MILLGATE_POLICY_BLOCK_H

#include "mail/verdict.h"
#include "store/usage.h"

/* Judged at MAIL: the block in a setting, as `key` has it; hold is a note. */
struct verdict	 policy_block(const struct store_setting *setting,
		    const char *key, time_t now);

#endif
