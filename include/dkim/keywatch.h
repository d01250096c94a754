/*
 * keywatch - is the record of each signing key still in the DNS, and what
 * became of the keys?
 *
 * A key whose record is gone makes signatures that fail at every receiver, and
 * no message says so. So the records of all keys in use are looked up again and
 * again: KEYWATCH_BATCH of them in one look, each at most once in
 * KEYWATCH_FRESH seconds. One that is missing or different is looked up sooner,
 * but not before the answer's time to live is over, so that each answer is a
 * new one. After KEYWATCH_ANSWERS such answers in a row it is told. A lookup
 * that fails says nothing.
 *
 * Keys of a database are those in the cache of keybase.h. All functions but
 * keywatch_look may be called by any thread; no lock is held during a lookup.
 * At most KEYWATCH_KEPT keys are watched, with about 250 octets for each.
 */
#ifndef MILLGATE_KEYWATCH_H
#define MILLGATE_KEYWATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "dkim/keyrecord.h"

#define KEYWATCH_BATCH		5u
#define KEYWATCH_WALK		2048u	/* keys that are met in one look */
#define KEYWATCH_NEWS		50u	/* that are told in one look */
#define KEYWATCH_KEPT		131072u
#define KEYWATCH_ANSWERS	3u
#define KEYWATCH_FRESH		3600	/* seconds */
#define KEYWATCH_AGAIN		600	/* seconds, after a bad answer */
#define KEYWATCH_LONG		86400	/* seconds that a key is pending */

struct arena;
struct keybase;
struct keyring;
struct keywatch;
struct resolver;
struct signing_key;

struct keywatch	*keywatch_new(void);
void		 keywatch_free(struct keywatch **wp);

/* --- look ---------------------------------------------------------------- */

enum keywatch_event {
	KEYWATCH_ACTIVATED,	/* a pending key signs */
	KEYWATCH_RETIRED,	/* a key that signed does so no longer */
	KEYWATCH_PENDING,	/* for KEYWATCH_LONG; once for each key */
	KEYWATCH_MISSING,	/* the record of a key that signs; `why` */
	KEYWATCH_RESTORED	/* that record is there again */
};

/* Valid during the call. */
struct keywatch_news {
	enum keywatch_event event;
	const char	*domain, *selector;
	const char	*why;		/* static */
	time_t		 since;		/* PENDING */
};
typedef void	 keywatch_tell(void *arg, const struct keywatch_news *n);

struct keywatch_place {
	const struct keyring *ring;	/* keys in files */
	struct keybase	*base;		/* NULL: no database */
	struct resolver	*resolver;
};

/*
 * Look at the next keys, and tell what has changed since the last look. A key
 * that is met for the first time is no news. Waits for answers, at most two
 * seconds, and when none came in that time looks none up for a minute: not for
 * a session. Call it from one thread. Returns how many changes were not told,
 * because there were more than KEYWATCH_NEWS.
 */
size_t		 keywatch_look(struct keywatch *w,
		    const struct keywatch_place *p, time_t now,
		    keywatch_tell *tell, void *arg);

/* --- what was seen ------------------------------------------------------- */

struct keywatch_seen {
	/* the last answer; UNKNOWN: there was none */
	enum keyrecord_state state;
	time_t		 at;		/* of the last answer; 0: none */
	/* pending, or in this state of the record; as far as was seen */
	time_t		 since;
	bool		 told;		/* missing or different, for long */
	const char	*why;		/* static; missing or different */
};

/* False: the key was not met yet. */
bool		 keywatch_find(struct keywatch *w,
		    const struct signing_key *key, struct keywatch_seen *seen);
/* How many records of keys that sign are in each state. */
void		 keywatch_count(struct keywatch *w,
		    uint64_t n[KEYRECORD_UNKNOWN + 1]);

struct keywatch_missing {
	const char	*domain, *selector;	/* in the arena */
	struct keywatch_seen seen;
};
/* Records that were told to be missing or different: at most `most`. */
size_t		 keywatch_missing(struct keywatch *w, struct arena *a,
		    struct keywatch_missing *list, size_t most);

#endif
