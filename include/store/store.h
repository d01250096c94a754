/*
 * store - how much each key has sent in the last minute, hour, day and month
 *
 * Rolling windows for each key (a folded login or a named bucket); recipients,
 * messages and bytes are counted separately. A message reserves each recipient
 * at RCPT. At its end it commits all of them in one transaction, or gives them
 * back. Reserved and committed counts together never exceed a limit, whatever
 * runs in parallel. Committed counts survive kill -9. Reservations end with
 * the process; their mail was never accepted. A power cut may take the commits
 * since the last store_prune, but never the file: no commit waits for a disk.
 *
 * Time is an argument: seconds since the epoch. A minute rolls by the second,
 * an hour by the minute, a day by 15 minutes, a month of 30 days by six hours.
 * The hour is the current minute and the 59 before it. The other windows have
 * one such step more than the window, so that nothing leaves them early. A
 * clock that steps back frees nothing early; what is in the future counts too.
 *
 * The hour is always counted, the other windows only for keys with a limit
 * there, from the first commit under that limit. It begins with what is known:
 * the hour, or the day before a month. Counting ends when the key has sent
 * nothing for the length of the window.
 *
 * Memory: store_prune forgets keys that sent nothing in their windows. A key
 * that sent in one minute of the hour takes about 130 octets and its length,
 * and 20 octets for each further minute. Other windows take about 210 octets
 * for up to nine steps in which the key sent, and 25 for each further one. At
 * most that is 13 KB; the file takes two to three times as much.
 *
 * Several daemons may share one Redis server (store_redis.c), and then they
 * share each limit. The differences: time is that of the server's clock,
 * whatever `now` is, and store_clock_moved does nothing. The server forgets
 * old counts by itself, so store_prune removes nothing. Counts survive as far
 * as the server keeps them. A reservation lasts for STORE_LEASE seconds after
 * its last recipient, or less if the server loses it; then the reservation of
 * a killed daemon is gone too. A later commit is judged anew, and may be
 * refused.
 *
 * Thread-safe. Errors are STORE_UNKNOWN with a text: a fact; policy decides.
 * Open the store after fork and after privileges were dropped: the file must
 * belong to its writer, and threads and locks do not survive a fork.
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

/* 0 and NULL are the defaults; only `spec` is for a state file, too. */
struct store_place {
	const char	*spec;		/* a path, or a redis:// URL */
	const char	*password_file;	/* NULL: no password */
	const char	*ca_file;	/* NULL: the system's authorities */
	unsigned	 timeout;	/* milliseconds, for each question */
	unsigned	 lease;		/* seconds; for tests */
	bool		 callers_clock;	/* minutes of `now`; for tests */
};
enum store_use {
	/* for the daemon: opens or creates */
	STORE_KEEP,
	/*
	 * For the tool: never creates, and never locks out a running daemon.
	 * Of a file it shows the counts at the time of opening.
	 */
	STORE_READ,
	/*
	 * For the tool's store_setting_put and store_reset, and nothing else.
	 * With a running daemon they send it a request, and wait a few seconds
	 * until it is done. Without one they are done at once. Never creates.
	 */
	STORE_CHANGE
};
/*
 * On failure NULL; *why (malloced, the caller frees it) says what is wrong and
 * what to do. A server that does not answer is not a failure: it may come
 * back.
 */
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
 * the first one holds the text of an error.
 */
enum store_answer store_reserve(struct reservation *r, time_t now,
		    struct store_usage *usage);
/*
 * The size of the message in octets, multiplied by the caller where bytes
 * count once for each recipient. As announced, before a recipient is reserved:
 * the next store_reserve reserves these bytes, too, or nothing. Exact, before
 * the commit. 0 at first: not known, but at least one octet must fit.
 */
void		 store_set_bytes(struct reservation *r, uint64_t bytes);
/*
 * Count the reservation, on all accounts or none, safe from kill -9 on return,
 * and free it; `usage` as above. STORE_UNKNOWN: nothing was counted, and the
 * reservation is given back. (A server whose answer was lost may have counted
 * it: too much, never too little.) STORE_REFUSED: nothing was counted, and the
 * reservation is given back. More bytes are to be counted than were reserved,
 * and they do not fit; or a shared store had lost the reservation, and has no
 * room for it any more.
 */
enum store_answer store_commit(struct reservation **rp, time_t now,
		    struct store_usage *usage);
void		 store_give_back(struct reservation **rp);

enum store_answer store_usage(struct store *s, const char *key, time_t now,
		    struct store_limits limits, struct store_usage *usage);

/*
 * All keys that sent in a window that is counted for them; first those with
 * the most recipients in the last hour.
 */
struct store_row {
	char		*key;
	uint64_t	 recipients, messages;	/* in the last hour */
};
struct store_rows {
	size_t		 n;
	struct store_row *row;
	size_t		 capacity;
	struct store_top *top;		/* NULL: all keys */
};
enum store_answer store_list(struct store *s, time_t now,
		    struct store_rows *rows, char error[STORE_ERROR]);
void		 store_rows_free(struct store_rows *rows);

/*
 * The keys with the most recipients in the last hour, those that sent nothing
 * in it left out; the first one has the most. One pass over all keys as above,
 * but memory for these rows only. Call store_top_free in every case.
 */
struct store_top {
	size_t		 most;		/* in each list; not 0 */
	/* which keys belong to `others`; NULL: none */
	bool		 (*is_other)(const char *key);
	struct store_rows rows, others;	/* the answer */
};
enum store_answer store_top(struct store *s, time_t now, struct store_top *t,
		    char error[STORE_ERROR]);
void		 store_top_free(struct store_top *t);

/*
 * Remove counts that are over, and make the rest safe from a power cut.
 * The daemon calls it about once a minute. It may take long, but commits go on
 * meanwhile.
 */
enum store_answer store_prune(struct store *s, time_t now,
		    char error[STORE_ERROR]);

/*
 * The machine's clock was set by `seconds`, back when negative: all counts
 * move with it, rounded up to the next step of each window, so that no key wins
 * or loses an hour. Less than a minute needs no call. The caller learns of it
 * from a clock that cannot be set, and gives times of the new clock from this
 * call on, not before. Commits wait meanwhile.
 * STORE_UNKNOWN: memory is right, but the file could not be written.
 */
enum store_answer store_clock_moved(struct store *s, int64_t seconds,
		    char error[STORE_ERROR]);

/*
 * Once, after opening and before all other calls: `now` is the machine's
 * time. Counts later than that come from a clock that was set back while no
 * daemon ran, or that is not set yet. They count from now on, and leave each
 * window after its length.
 * STORE_UNKNOWN: memory is right, but the file could not be written.
 */
enum store_answer store_clock_known(struct store *s, time_t now,
		    char error[STORE_ERROR]);

#endif
