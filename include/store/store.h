/*
 * store - the state file: who sent how much in the last hour
 *
 * A rolling hour of 60 one-minute buckets per key (a folded login or a named
 * bucket), recipients and messages apart. A message reserves each recipient
 * at RCPT, commits all of them in one transaction at its end, or gives them
 * back. Reserved and committed together never exceed the limit, whatever
 * runs in parallel. Committed counts survive kill -9; reservations die with
 * the process, and their mail was never accepted. A power cut may take the
 * commits since the last store_prune, never the file: no commit waits for a
 * disk.
 *
 * Time is an argument: seconds since the epoch. The hour is the current
 * minute and the 59 before. A clock that steps back never frees a bucket
 * early; buckets of the future count too.
 *
 * Memory: keys without anything in the hour are forgotten by store_prune. A
 * key that sent in one minute of the hour takes about 120 octets and its
 * length, 12 octets for each minute more, 1.5 KB at most; the file about
 * half of that.
 *
 * Several daemons may share one Redis server (store_redis.c), and then each
 * limit. What differs: the minutes are those of the server's clock, whatever
 * `now` says, and store_clock_moved has nothing to do; there is no more to
 * prune, as the server forgets by itself; what survives is what the server
 * keeps. A reservation lasts for STORE_LEASE seconds after the last of its
 * recipients, or less if the server loses it: one that a killed daemon left
 * is gone by then. Who commits later is judged anew, and may be refused.
 *
 * Thread-safe. Errors are STORE_UNKNOWN with a text: a fact; policy decides.
 * Open after fork and after privileges were dropped: the file must belong to
 * the user who writes it, and threads and locks do not survive a fork.
 */
#ifndef MILLGATE_STORE_H
#define MILLGATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "store/usage.h"

struct store;

#define STORE_TIMEOUT	1000	/* milliseconds */
#define STORE_LEASE	600	/* seconds */

/*
 * Open or create. `spec` is a path, or a redis:// URL (redis_url.h). NULL
 * with *why (malloced; the caller frees) naming it, what is wrong and what to
 * do. A server that does not answer is no reason: mail waits for it.
 */
struct store	*store_open(const char *spec, char **why);
/*
 * For the tool: never creates, never locks out a running daemon. What it
 * shows of a file is the moment of opening.
 */
struct store	*store_open_readonly(const char *spec, char **why);
/*
 * For the tool's store_setting_put and store_reset, and nothing else: beside
 * a running daemon they ask it, and wait a few seconds until it has done it;
 * without one they are done at once. Never creates.
 */
struct store	*store_open_tool(const char *spec, char **why);

/* The same, with all that a server may need; 0 and NULL: the defaults. */
struct store_place {
	const char	*spec;
	const char	*password_file;	/* NULL: no password */
	const char	*ca_file;	/* NULL: the system's authorities */
	unsigned	 timeout;	/* milliseconds, for each question */
	unsigned	 lease;		/* seconds; for tests */
	bool		 callers_clock;	/* minutes of `now`; for tests */
};
/* What for: as store_open, _readonly, _tool. */
enum store_use { STORE_KEEP, STORE_READ, STORE_CHANGE };
struct store	*store_open_at(const struct store_place *place,
		    enum store_use use, char **why);
/* In memory, for `millgatectl check`, replay and tests. */
struct store	*store_open_memory(void);
/* No reservation may be open any more. */
void		 store_close(struct store **sp);

/* One message's reservation; owned by the caller until commit or give-back. */
struct reservation;

/*
 * A new, empty reservation on 1 to STORE_ACCOUNTS different keys, which are
 * copied; the first recipient taken with it also takes the message. Never
 * NULL.
 */
struct reservation *store_reservation_new(struct store *s,
		    const struct store_account *account, size_t n);
/*
 * One more recipient: from every account, or, when one of them has no room,
 * from none. `usage` has an element for each account, filled in every case;
 * an error stands in the first.
 */
enum store_answer store_reserve(struct reservation *r, time_t now,
		    struct store_usage *usage);
/*
 * Make the reservation count, on all accounts or none, durably against
 * kill -9, and free it; `usage` as above.
 * STORE_UNKNOWN: nothing was counted; the reservation is given back. (A
 * server whose answer got lost may have counted it: too much, never too
 * little.) STORE_REFUSED: a shared store had lost the reservation, and there
 * is no room any more.
 */
enum store_answer store_commit(struct reservation **rp, time_t now,
		    struct store_usage *usage);
void		 store_give_back(struct reservation **rp);

enum store_answer store_usage(struct store *s, const char *key, time_t now,
		    struct store_limits limits, struct store_usage *usage);

/* All keys with something in the last hour, most recipients first. */
struct store_row { char *key; uint32_t recipients, messages; };
struct store_rows { size_t n; struct store_row *row; size_t capacity; };
enum store_answer store_list(struct store *s, time_t now,
		    struct store_rows *rows, char error[STORE_ERROR]);
void		 store_rows_free(struct store_rows *rows);

/*
 * Remove what is older than an hour, and make what is left safe from a power
 * cut; called about once a minute by the daemon. May take long, and holds up
 * nobody.
 */
enum store_answer store_prune(struct store *s, time_t now,
		    char error[STORE_ERROR]);

/*
 * The machine's clock was set by so many seconds, back when negative: all
 * counts move with it, up to the next minute, so that nobody wins or loses
 * an hour; less than a minute needs no call. The caller knows it from a clock
 * that cannot be set, and gives times of the new clock from this call on, not
 * before. Commits wait meanwhile.
 * STORE_UNKNOWN: it is right in memory, but the file could not be written.
 */
enum store_answer store_clock_moved(struct store *s, int64_t seconds,
		    char error[STORE_ERROR]);

/*
 * Once, after opening and before all else: `now` is the machine's time. What
 * was counted later than that was counted by a clock that has been set back
 * while nobody looked, or is not set yet; it counts from now on, and is over
 * in an hour.
 * STORE_UNKNOWN: it is right in memory, but the file could not be written.
 */
enum store_answer store_clock_known(struct store *s, time_t now,
		    char error[STORE_ERROR]);

#endif
