/*
 * policy_warn - does this message take an account to a share that the site
 * wants to hear of? Pure; the caller locks the table.
 *
 * Once an hour for each account and share. Not earlier when the use has dropped
 * meanwhile: an account at its limit loses a minute and sends again all the
 * time, and a client that gives up its messages could have us tell of each.
 * A message that takes it over several shares is told of the highest; a lower
 * one is told of again only an hour after that.
 *
 * Bound: 16,384 accounts that were told of in the last hour, in 384 KB. When
 * there are more, some may be told of again.
 */
#ifndef MILLGATE_POLICY_WARN_H
#define MILLGATE_POLICY_WARN_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define WARN_SHARES	16
#define WARNED_ACCOUNTS	16384

struct warn_rules {
	const unsigned	*share;		/* percent, rising; 1 to 100 */
	size_t		 n;		/* 0: never */
};

/* What an account has used after a message, or at a refusal. */
struct warn_use {
	const char	*key;
	uint64_t	 used;
	uint32_t	 limit;		/* STORE_UNLIMITED, 0: never */
};

/* Who was told of what. */
struct warned;
struct warned	*warned_new(void);
void		 warned_free(struct warned **wp);

/* The share to tell of, which is noted; 0: none. */
unsigned	 policy_warn(const struct warn_rules *r, struct warned *w,
		    const struct warn_use *use, time_t now);

#endif
