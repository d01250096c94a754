/*
 * sender_maps - which logins own an address: Postfix's own tables
 *
 * The tables are those that Postfix's smtpd_sender_login_maps names. They are
 * looked up as Postfix does: user+extension@domain, user@domain, then for
 * local domains user+extension and user, then @domain. Each key is looked up
 * in all tables before the next one; the first answer counts. An address whose
 * local part must be quoted is looked up with and without the quotes; it has no
 * extension, and its local part is not looked up alone.
 *
 * Thread-safe after sender_maps_new. Times are milliseconds.
 */
#ifndef MILLGATE_SENDER_MAPS_H
#define MILLGATE_SENDER_MAPS_H

#include "directory/directory.h"
#include "mail/facts.h"

#define SENDER_MAPS_LOGINS	1000u	/* of an address; more is an error */

struct sender_maps;

struct sender_maps_rules {
	const char *const *spec;	size_t n;
	const char *const *local_domains; size_t nlocal; /* canonical */
	char		 recipient_delimiter;	/* 0: none */
	unsigned	 timeout, cache, stale;
	bool		 may_read_files;	/* false: inline: alone */
};

/* Was this program built with liblmdb? */
bool		 sender_maps_reads_lmdb(void);
/*
 * Read the files; no database is asked. The rules must outlive the maps. NULL
 * with *why (malloced; the caller frees): one line for each table that cannot
 * be used, "place: error; what to do", without a newline after the last.
 */
struct sender_maps *sender_maps_new(const struct sender_maps_rules *rules,
		    char **why);
void		 sender_maps_free(struct sender_maps **mp);
/* Each table as it is configured, and its database; NULL: it has none. */
void		 sender_maps_each(const struct sender_maps *m,
		    void (*fn)(void *arg, const char *spec,
		    const struct directory_place *place), void *arg);
/*
 * Before `m` is used for the first time: take over the databases of `old`, with
 * what they have cached, for tables that have not changed. Either may be NULL.
 */
void		 sender_maps_adopt(struct sender_maps *m,
		    const struct sender_maps *old);
/*
 * Can the SQLite files, and the files with certificates be read? No server is
 * asked. NULL is allowed. False with *why (malloced; the caller frees).
 */
bool		 sender_maps_check(const struct sender_maps *m, char **why);
/*
 * Ask the database of one table a question without an effect; `server` and
 * `why` (NULL: all is well) are in the arena. False: it has no database. Waits
 * for `timeout` at most.
 */
bool		 sender_maps_probe(const struct sender_maps *m, size_t table,
		    uint64_t now, struct arena *a, const char **server,
		    const char **why);
/* Forget the cached answers. False: there is no database; NULL is allowed. */
bool		 sender_maps_forget(const struct sender_maps *m);

/* Who owns an address; all of it is in the caller's arena. */
struct sender_owners {
	enum directory_result result;	/* NONE: it is in no table */
	size_t		 n;
	const char	**login;	/* as the table has them */
	const char	*key;		/* FOUND, UNKNOWN: looked up last */
	const char	*table;		/* and where, as it is configured */
	const char	*server;	/* which answered; "": none */
	const char	*why;		/* UNKNOWN: the error, what to do */
	bool		 stale;		/* the database is away */
};

/* The clock, and when the event began that waits for the answer. */
struct sender_time {
	uint64_t	(*ticks)(void);
	uint64_t	 began;
};

/*
 * Databases are not asked any more when `timeout` has passed since the event
 * began, so that it takes twice that time at most.
 */
struct sender_owners sender_maps_find(const struct sender_maps *m,
		    const struct mailbox *box, const struct sender_time *time,
		    struct arena *a);

/* The same from one table alone, for an explanation. */
struct sender_owners sender_maps_find_in(const struct sender_maps *m,
		    size_t table, const struct mailbox *box,
		    const struct sender_time *time, struct arena *a);

/* The sum of the databases' counters. */
void		 sender_maps_count(const struct sender_maps *m,
		    struct directory_counts *c);

#endif
