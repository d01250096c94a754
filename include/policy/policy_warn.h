/*
 * policy_warn - does this message take an account to a share of its limit
 * that the site wants a warning for?
 *
 * Each window of an account is warned about by itself: once an hour for each
 * share, for a day once a day and for a month once a month. That holds even
 * when the use drops in between: an account at its limit frees a minute and
 * sends again all the time, and a client that aborts its messages could cause
 * a warning for each. A message that crosses several shares causes one warning,
 * for the highest; a lower share is due again only after that time.
 *
 * Pure; the caller locks the table. Bound: 16,384 windows with a warning, in
 * 384 KB. With more some warnings may repeat.
 */
#ifndef MILLGATE_POLICY_WARN_H
#define MILLGATE_POLICY_WARN_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "store/usage.h"

#define WARN_SHARES	16
#define WARNED_ACCOUNTS	16384

struct warn_rules {
	const unsigned	*share;		/* percent, rising; 1 to 100 */
	size_t		 n;		/* 0: never */
};

/* The use of an account after a message, or at a refusal. */
struct warn_use {
	const char	*key;
	enum store_window window;
	uint64_t	 used;
	uint64_t	 limit;		/* STORE_UNLIMITED, 0: never */
};

/* The warnings that were given. */
struct warned;
struct warned	*warned_new(void);
void		 warned_free(struct warned **wp);

/* The share to warn of, in percent, and remember it; 0: none. */
unsigned	 policy_warn(const struct warn_rules *r, struct warned *w,
		    const struct warn_use *use, time_t now);

#endif
