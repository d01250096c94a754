/*
 * keybase - signing keys in a database of the site (keys-query)
 *
 * A row is a key: its selector, its text or the path of its file, and if it
 * is there its state (as in keydir.h) and its d=. The rules are those of key
 * files. A row that is wrong is logged and not used. Keys are parsed once and
 * kept for the domains in use, at most KEYBASE_KEPT octets; those not used for
 * the longest time are dropped. A domain without keys is kept, too.
 *
 * After `cache` the next message asks again; others go on with what is known.
 * If that fails, or all rows for signing are wrong, the last good keys go on
 * signing, however old. "No keys" is believed for `cache` and `stale`.
 *
 * Thread-safe. No lock is held while the database is asked, a key is parsed or
 * used. One question is open for a domain at a time. Times are milliseconds of
 * the monotonic clock.
 */
#ifndef MILLGATE_KEYBASE_H
#define MILLGATE_KEYBASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "dkim/keydir.h"
#include "dkim/keyring.h"
#include "store/usage.h"

#define KEYBASE_KEPT	(64u << 20)
#define KEYBASE_ROWS	32u	/* for one domain */
#define KEYBASE_NAMES	5u	/* domains that are asked for one author */
/* A domain that nobody has (RFC 2606), for keybase_list. */
#define KEYBASE_PROBE	"millgate.invalid"

struct arena;
struct keybase;
struct keybase_keys;
struct resolver;
struct store;

/* As configured; keybase_new copies it. */
struct keybase_place {
	const char	*database, *query;
	const char	*password_file, *ca_file;	/* or NULL */
	unsigned	 timeout, cache, stale;		/* milliseconds */
};

/*
 * Does no I/O. NULL with *why (malloced; the caller frees): the database or
 * the query is not valid. A key process has its own place: this one is not
 * looked at then.
 */
struct keybase	*keybase_new(const struct keybase_place *p, char **why);
/*
 * What can be known without a server: an SQLite file and its columns, the
 * password file, the authorities. False with *why as above.
 */
bool		 keybase_check(struct keybase *kb, char **why);
/*
 * What a reload goes on with; either may be NULL: `old`, with its keys, if both
 * are for the same place and times, else `kb`. A key process is asked at the
 * place of its start, so that another one is for the next start: `old` then. It
 * is asked again before one of its keys is used, if the database answers. `kb`
 * is taken over; the caller frees what is returned.
 */
struct keybase	*keybase_adopt(struct keybase *kb, struct keybase *old);
void		 keybase_free(struct keybase **kbp);
/* Ask again before any of the keys is used, if the database answers. */
void		 keybase_expire(struct keybase *kb);

/* --- keys for a message -------------------------------------------------- */

struct keybase_reply {
	bool		 unknown;	/* there may be keys: `why` */
	struct signing_keys keys;	/* in the arena */
	struct keybase_keys *held;	/* NULL: they are the ring's */
	/* without a key: one that waits, for keyring_may_warn; or NULL */
	const struct signing_key *pending;
	struct keyring	*pending_ring;
	size_t		 pending_at;
	bool		 stale;		/* the last question failed */
	const char	*why;		/* in the arena */
};

/* Where keybase_find_author looks, and for whom. */
struct keybase_author {
	struct keyring	*ring;		/* the keys in files */
	struct keybase	*base;		/* NULL: no database */
	struct store	*store;		/* for pending keys, see keyseen.h */
	const struct sign_rules *rules;
	const char	*local, *domain;	/* domain: canonical */
	uint64_t	 now;
};

/*
 * The keys that sign for an author, as keyring_find_author, in files and in
 * the database. The nearest domain that has keys counts, and of files and
 * database the files. If the author's domain has many labels, KEYBASE_NAMES
 * domains are asked: itself and those of 5 to 2 labels. No further one is asked
 * when `timeout` has passed; then the answer is unknown. The caller calls
 * keybase_release(&held) when the message is signed.
 */
struct keybase_reply keybase_find_author(const struct keybase_author *who,
		    struct arena *a);
void		 keybase_release(struct keybase_keys **held);

/* --- keys to show -------------------------------------------------------- */

struct keybase_row {
	const char	*domain, *selector;	/* NULL: not valid */
	const char	*path;		/* NULL: the row has the key's text */
	enum key_state	 state;
	struct crypto_key *key;		/* NULL: see why */
	const char	*why;
};

/*
 * All rows of one domain (canonical), asked anew; `*row` is in the arena, the
 * caller frees each `key`. The number of rows; -1 with *why, in the arena:
 * the database or its answer as a whole is not good. *server: who answered.
 */
int		 keybase_list(struct keybase *kb, const char *domain,
		    struct keybase_row **row, const char **server,
		    const char **why, struct arena *a);

/* --- keys in use --------------------------------------------------------- */

/* A row in state "retired": the key itself is not kept. */
struct keybase_retired {
	const char	*domain, *selector;
};

/*
 * The keys of the domains in the cache, those used last first: at most `most`
 * references, each for keybase_release. Asks nobody.
 */
size_t		 keybase_in_use(struct keybase *kb, struct keybase_keys **held,
		    size_t most);
/*
 * The same in an order that does not change with the use: the next domains
 * from *next on, which is 0 again after the last one.
 */
size_t		 keybase_next(struct keybase *kb, struct keybase_keys **held,
		    size_t most, size_t *next);
/*
 * The keys of a domain (canonical) in the cache, a reference; *keys is NULL if
 * it has none. False: the domain is not there.
 */
bool		 keybase_cached(struct keybase *kb, const char *domain,
		    struct keybase_keys **keys);
/* Valid as long as the reference; the domain is that of the question. */
const char	*keybase_domain(const struct keybase_keys *k);
const struct keyring *keybase_ring(const struct keybase_keys *k);
const struct keybase_retired *keybase_retired(const struct keybase_keys *k,
		    size_t *n);

/* --- pending keys -------------------------------------------------------- */

/*
 * Activate pending keys that the store knows, or whose record is published
 * (keyseen.h, keyrecord.h), and tell the store: of the next domains in the
 * cache from *next on. False after the last domain; then *next is 0 again.
 * Only one thread may call it. `error` is that of the store, or "".
 */
bool		 keybase_activate_pending(struct keybase *kb,
		    struct resolver *r, struct store *s, time_t now,
		    size_t *next, char error[STORE_ERROR]);
/* Were pending keys read after the beginning of the last round? */
bool		 keybase_has_new(struct keybase *kb);

/* Since the start. */
struct keybase_counts {
	uint64_t	 asked, failed, stale, refused;	/* refused: rows */
	uint64_t	 evicted;	/* domains */
	uint64_t	 domains, keys, kept;	/* now; kept: octets */
};
void		 keybase_count(struct keybase *kb, struct keybase_counts *c);

#endif
