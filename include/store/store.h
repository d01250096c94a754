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

#define STORE_UNLIMITED	UINT32_MAX
#define STORE_ERROR	320
#define STORE_ACCOUNTS	4	/* that one message counts on */
#define STORE_TIMEOUT	1000	/* milliseconds */
#define STORE_LEASE	600	/* seconds */

struct arena;
struct store;

enum store_answer {
	STORE_TAKEN,
	STORE_REFUSED,		/* the limit would be exceeded */
	STORE_UNKNOWN		/* the store does not work; see error */
};

struct store_limits {
	uint32_t recipients;	/* an hour; STORE_UNLIMITED, 0 blocks */
	uint32_t messages;
};

struct store_usage {
	uint32_t recipients, messages;	/* committed in the rolling hour */
	uint32_t reserved_recipients, reserved_messages;
	/*
	 * When the next recipient (message) fits, if no more is sent; 0 when
	 * it fits now or can never fit (limit 0).
	 */
	time_t	 next_fit;
	time_t	 now;		/* of the clock that says so */
	bool	 refused;	/* this account has no room for one more */
	bool	 by_messages;	/* refused: the message limit, not recipients */
	char	 error[STORE_ERROR];	/* STORE_UNKNOWN: what and what to do */
};

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

/* What a message counts on: a login, a group above it. */
struct store_account {
	const char	*key;
	struct store_limits limits;
};

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
/* Forget one recipient taken before (refused by someone after us). */
void		 store_unreserve(struct reservation *r);
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
struct store_rows { size_t n; struct store_row *row; };
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

/* --- settings: what is set for a key beside the configuration ------------ */

#define STORE_REASON	128
/* The last second of the year 9999. */
#define STORE_FOREVER	((time_t)253402300799)

/* What a block does with the key's mail. */
enum store_block { STORE_BLOCK_DEFER, STORE_BLOCK_REJECT, STORE_BLOCK_HOLD };

struct store_setting {
	bool		 recipients_set, messages_set;
	struct store_limits limits;	/* as far as set */
	/*
	 * 0: not blocked, or STORE_FOREVER. A time of the wall clock: it was
	 * told to people, and does not move with store_clock_moved.
	 */
	time_t		 blocked_until;
	enum store_block block;
	char		 reason[STORE_REASON];	/* of the block */
	time_t		 changed;
};

/* What a put writes; what else is set stays. */
enum store_part {
	STORE_PART_RECIPIENTS = 1,
	STORE_PART_MESSAGES = 2,
	STORE_PART_BLOCK = 4,		/* blocked_until, block, reason */
	STORE_PART_ALL = 7
};

/*
 * What is set for a key, all zero where nothing is; a block that is over at
 * `now` is none. In memory, unless several relays share the store.
 */
enum store_answer store_setting_get(struct store *s, const char *key,
		    time_t now, struct store_setting *setting,
		    char error[STORE_ERROR]);
/* The same of up to STORE_ACCOUNTS keys, asked in one question. */
enum store_answer store_settings_get(struct store *s,
		    const char *const *key, size_t n, time_t now,
		    struct store_setting *setting, char error[STORE_ERROR]);
/*
 * Set the named parts, in one step, safe from kill -9 on return; where
 * nothing is left the setting is gone. The time of `changed` always goes with
 * them. STORE_REFUSED: the key is empty, or the reason is not printable ASCII.
 */
enum store_answer store_setting_put(struct store *s, const char *key,
		    unsigned parts, const struct store_setting *setting,
		    char error[STORE_ERROR]);
/* All keys for which something is set at `now`, sorted by their octets. */
struct store_setting_row { char *key; struct store_setting setting; };
struct store_setting_rows { size_t n; struct store_setting_row *row; };
enum store_answer store_settings_list(struct store *s, time_t now,
		    struct store_setting_rows *rows, char error[STORE_ERROR]);
void		 store_setting_rows_free(struct store_setting_rows *rows);
/*
 * Forget what a key has sent; what is reserved stays so, and counts once it
 * is committed. A key that sent nothing is no error.
 */
enum store_answer store_reset(struct store *s, const char *key, time_t now,
		    char error[STORE_ERROR]);

/*
 * Do what tools have asked for, or what a server did not hear; called about
 * once a second by the daemon.
 */
enum store_answer store_take_requests(struct store *s,
		    char error[STORE_ERROR]);

/* --- DMARC outcomes (store_dmarc.c) -------------------------------------- */

/* The columns of a row, all texts; "" where there is none, never NULL. */
enum dmarc_outcome_text {
	OUTCOME_AUTHOR,		/* domain in From */
	OUTCOME_RECORD,		/* domain of the policy record */
	OUTCOME_SOURCE,		/* address of the client */
	OUTCOME_ENVELOPE,	/* domain of the envelope sender */
	OUTCOME_SPF,		/* result of MAIL FROM */
	OUTCOME_SPF_DOMAIN,
	OUTCOME_SPF_SCOPE,	/* "mfrom", "helo" for the null sender */
	OUTCOME_DKIM,		/* "pass" if any signature passes */
	OUTCOME_SIGNERS,	/* "d/s=pass d2/s2=fail": dmarc_outcome.h */
	OUTCOME_ALIGNED,	/* "", "spf", "dkim", "spf+dkim" */
	OUTCOME_RESULT,		/* of DMARC */
	OUTCOME_PUBLISHED,	/* the record: dmarc_record_format */
	OUTCOME_POLICY,		/* that applies */
	OUTCOME_DISPOSITION,	/* the action taken */
	OUTCOME_OVERRIDE,	/* name of the rule of this site */
	DMARC_OUTCOME_TEXTS
};

struct dmarc_outcome {
	const char	*text[DMARC_OUTCOME_TEXTS];
};

/* Count it among those of its day (UTC). In memory: never waits for a disk. */
void		 store_note_dmarc(struct store *s,
		    const struct dmarc_outcome *o, time_t now);
/*
 * Write what was noted, and remove what is more than keep_days old. Called
 * by one thread, now and then. STORE_UNKNOWN: what could not be written is
 * lost.
 */
enum store_answer store_write_dmarc(struct store *s, time_t now,
		    unsigned keep_days, char error[STORE_ERROR]);
/* A row as it was written. */
struct dmarc_outcome_row {
	struct dmarc_outcome outcome;
	uint64_t	 messages;
};
struct dmarc_outcome_rows { size_t n; struct dmarc_outcome_row *row; };
/*
 * For the tool: the rows of a day (since the epoch, UTC), most messages
 * first, in the arena. Reads the file at `spec` as store_open_readonly does.
 * False: *why (malloced).
 */
bool		 store_outcomes_read(const char *spec, int64_t day,
		    struct arena *a, struct dmarc_outcome_rows *rows,
		    char **why);
/* Messages that were noted in vain since the last call. */
uint64_t	 store_dmarc_lost(struct store *s);

#endif
