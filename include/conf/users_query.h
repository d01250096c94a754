/*
 * users_query - the entries of logins in a database of the site
 *
 * The query has one parameter, the login in lower case; its columns (for LDAP,
 * the names of its attributes) have the names and values of users-file. There
 * may be several rows, and an LDAP attribute may have several values: senders,
 * networks and certificates of all of them belong to the login. Other columns
 * must have one value.
 *
 * Every error is USERS_UNKNOWN with a text. USERS_NONE means that the query
 * succeeded and returned no row. A value that users-file would refuse, and a
 * column of an unknown name are errors.
 *
 * Bounds: a login of 255 octets, 16,384 octets in a column, 1,000 items in a
 * list; those of directory.h for time, rows, connections and the cache.
 *
 * Thread-safe. Times are milliseconds of the monotonic clock.
 */
#ifndef MILLGATE_USERS_QUERY_H
#define MILLGATE_USERS_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/users.h"
#include "directory/directory.h"

#define USERS_QUERY_LOGIN	255
#define USERS_QUERY_TEXT	16384
#define USERS_QUERY_ITEMS	1000

struct users_query;

enum users_answer { USERS_FOUND, USERS_NONE, USERS_UNKNOWN };

struct users_reply {
	enum users_answer answer;
	const struct user_rules *user;	/* FOUND; else NULL */
	const char	*why;		/* UNKNOWN: the error, and what to do */
	const char	*server;	/* that answered; NULL: not asked */
	bool		 stale;		/* an older answer: it is away */
};

/*
 * Does no I/O. `place` and `query` are those of a checked configuration; they
 * are copied. The plans must outlive it.
 */
struct users_query *users_query_new(const struct directory_place *place,
		    const char *query, const struct users_plans *plans);
void		 users_query_free(struct users_query **qp);
/*
 * A reload: use the connections and the cache of `old`, if it has the same
 * place and query. Call it before the first lookup. `old` may be NULL.
 */
void		 users_query_adopt(struct users_query *q,
		    const struct users_query *old);
/*
 * Can it be used? An SQLite file is opened, and the query is run; of a server,
 * only the password and the certificates are read here, because a server that
 * is away must not stop a start. False with *why (malloced; the caller frees).
 */
bool		 users_query_check(const struct users_query *q, char **why);
/* Look up a login that no site has, without the cache: is the query right? */
struct users_reply users_query_probe(struct users_query *q, uint64_t now,
		    struct arena *a);
/* Look up a login. All of the reply is in the arena. */
struct users_reply users_query_find(struct users_query *q, const char *login,
		    uint64_t now, struct arena *a);
/* Forget the cached answer for a login in any case; NULL: all. */
void		 users_query_forget(struct users_query *q, const char *login);
void		 users_query_count(struct users_query *q,
		    struct directory_counts *c);
/* The value of users-database. */
const char	*users_query_place(const struct users_query *q);
/* The entry of the configuration, else that of the query; `q` may be NULL. */
struct users_reply users_lookup(const struct users *u, struct users_query *q,
		    const char *login, uint64_t now, struct arena *a);

#endif
