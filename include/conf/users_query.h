/*
 * users_query - users in a database of the operator's (SQLite)
 *
 * One query with one parameter, the folded login; its columns, by name, say
 * what a line of users-file says. The database is opened read-only, at the
 * first question: neither a fork nor a change of the process's user may come
 * between. A file that was replaced, or that failed, is opened again.
 *
 * Whatever goes wrong is USERS_UNKNOWN with a text, never USERS_NONE: no row
 * without an error is the only thing that makes a login unlisted. More than
 * one row, a value that users-file would refuse, a column of another name are
 * errors, too.
 *
 * Bounds: a login of 255 octets, 16,384 octets in a column, 1,000 items in a
 * list, about a second for a query. Answers are kept for five seconds, those
 * that nobody is listed as well, at most 1,024 of them, none with more than
 * 4,096 octets; after a failure nothing is asked for one second. So mail of a
 * busy login causes no I/O, and a database that hangs holds up one thread.
 *
 * Thread-safe. Times are milliseconds of a clock that never steps.
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
	const char	*why;		/* UNKNOWN: what and what to do */
};

/* Without I/O. The texts and the plans must outlive it. */
struct users_query *users_query_new(const char *path, const char *query,
		    const struct users_plans *plans);
void		 users_query_free(struct users_query **qp);
/*
 * Open, prepare and close. False with *why (malloced): path, what is wrong,
 * and what to do.
 */
bool		 users_query_check(const struct users_query *q, char **why);
/* The entry and `why` are in the arena. */
struct users_reply users_query_find(struct users_query *q, const char *login,
		    uint64_t now, struct arena *a);
/* An entry of the configuration goes before the query; `q` may be NULL. */
struct users_reply users_lookup(const struct users *u, struct users_query *q,
		    const char *login, uint64_t now, struct arena *a);

#endif
