/*
 * users_query - the entries of logins in a database of the site (SQLite)
 *
 * The query has one parameter, the login in lower case; its columns have the
 * names and values of users-file. The database is opened read-only at the
 * first lookup, because no fork and no change of the process's user may happen
 * after that. It is opened again after an error, or when the file was replaced.
 *
 * Every error is USERS_UNKNOWN with a text. USERS_NONE means that the query
 * succeeded and returned no row. More than one row, a value that users-file
 * would refuse, and a column of an unknown name are errors.
 *
 * Bounds: a login of 255 octets, 16,384 octets in a column, 1,000 items in a
 * list, about a second for a query. Up to 1,024 answers, also negative ones,
 * of at most 4,096 octets are cached for five seconds; after a failure the
 * database is not asked for one second. So mail of a busy login causes no I/O,
 * and a database that hangs delays one thread.
 *
 * Thread-safe. Times are milliseconds of the monotonic clock.
 */
#ifndef MILLGATE_USERS_QUERY_H
#define MILLGATE_USERS_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/users.h"

#define USERS_QUERY_LOGIN	255
#define USERS_QUERY_TEXT	16384
#define USERS_QUERY_ITEMS	1000
#define USERS_QUERY_KEPT_MS	5000
#define USERS_QUERY_TROUBLE_MS	1000

struct users_query;

enum users_answer { USERS_FOUND, USERS_NONE, USERS_UNKNOWN };

struct users_reply {
	enum users_answer answer;
	const struct user_rules *user;	/* FOUND; else NULL */
	const char	*why;		/* UNKNOWN: the error, and what to do */
};

/* Does no I/O. The texts and the plans must outlive it. */
struct users_query *users_query_new(const char *path, const char *query,
		    const struct users_plans *plans);
void		 users_query_free(struct users_query **qp);
/*
 * Open the database, prepare the query, and close it. False with *why
 * (malloced; the caller frees): path, error, and what to do.
 */
bool		 users_query_check(const struct users_query *q, char **why);
/* Look up a login. The entry and `why` are in the arena. */
struct users_reply users_query_find(struct users_query *q, const char *login,
		    uint64_t now, struct arena *a);
/* The entry of the configuration, else that of the query; `q` may be NULL. */
struct users_reply users_lookup(const struct users *u, struct users_query *q,
		    const char *login, uint64_t now, struct arena *a);

#endif
