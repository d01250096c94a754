/*
 * policy_warn - does this message take an account to a share of its limit
 * that the site wants a warning for?
 *
 * One warning an hour for each account and share, even when the use drops in
 * between: an account at its limit frees a minute and sends again all the
 * time, and a client that aborts its messages could cause a warning for each.
 * A message that crosses several shares causes one warning, for the highest;
 * a lower share is due again only an hour after that.
 *
 * Pure; the caller locks the table. Bound: 16,384 accounts with a warning in
 * the last hour, in 384 KB. With more accounts some warnings may repeat.
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

/* The use of an account after a message, or at a refusal. */
struct warn_use {
	const char	*key;
	uint64_t	 used;
	uint64_t	 limit;		/* STORE_UNLIMITED, 0: never */
};

/* The warnings of the last hour. */
struct warned;
struct warned	*warned_new(void);
void		 warned_free(struct warned **wp);

/* The share to warn of, in percent, and remember it; 0: none. */
unsigned	 policy_warn(const struct warn_rules *r, struct warned *w,
		    const struct warn_use *use, time_t now);

#endif
