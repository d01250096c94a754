/*
 * directory - questions to a database of the site
 *
 * The database is PostgreSQL, MariaDB or MySQL, LDAP, or an SQLite file. Each
 * driver can be left out of a build. A thread of the directory asks; the
 * caller waits for `timeout` at most, whatever the library does meanwhile. No
 * lock is held while a connection is made or a question is open. No thread is
 * started before the first question, so a process may fork before it.
 *
 * Bounds: DIRECTORY_LINKS connections, DIRECTORY_WAITING open questions,
 * DIRECTORY_ROWS rows and DIRECTORY_OCTETS octets in an answer; more is an
 * error. After a failure of all hosts, the database is not asked for
 * DIRECTORY_PAUSE; one connection is tried then, and other questions fail at
 * once. A host that failed is tried again after DIRECTORY_AWAY, or when no
 * other host answers. A connection that is not used for DIRECTORY_IDLE is
 * closed. The cache has at most DIRECTORY_KEPT octets.
 *
 * Thread-safe. Times are milliseconds of the monotonic clock.
 */
#ifndef MILLGATE_DIRECTORY_H
#define MILLGATE_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIRECTORY_LINKS		8u
#define DIRECTORY_WAITING	1024u
#define DIRECTORY_ROWS		1000u
#define DIRECTORY_OCTETS	262144u
#define DIRECTORY_PAUSE		1000u
#define DIRECTORY_AWAY		30000u
#define DIRECTORY_IDLE		60000u
#define DIRECTORY_KEPT		(64u << 20)
#define DIRECTORY_ERROR		400

struct arena;
struct directory;

/* One value. A NULL of SQL has no cell; an LDAP attribute may have several. */
struct directory_cell {
	unsigned	 row;		/* or LDAP entry, from 0 */
	const char	*column;	/* as the question names it */
	const char	*value;		/* UTF-8 or not; without NUL */
};

enum directory_result {
	DIRECTORY_FOUND,	/* at least one row */
	DIRECTORY_NONE,		/* the question succeeded, without a row */
	DIRECTORY_UNKNOWN	/* it failed */
};

struct directory_reply {
	enum directory_result result;
	unsigned	 nrows;
	size_t		 ncells;
	const struct directory_cell *cell;	/* in the order of rows */
	size_t		 ncolumns;	/* also those without a value */
	const char *const *column;
	const char	*why;		/* UNKNOWN: the error, and what to do */
	const char	*server;	/* who answered, "host:port"; never NULL */
	bool		 cached;	/* from the cache */
	bool		 stale;		/* and too old: the server is away */
};

/* A text, and after it a value that the driver quotes; NULL: no value. */
struct directory_piece {
	const char	*text;
	const char	*value;
};

struct directory_text {
	const struct directory_piece *piece;
	size_t		 n;
};

/* For LDAP, `name` is the column of `attribute`'s values. */
struct directory_attribute {
	const char	*name, *attribute;
};

enum directory_scope { DIRECTORY_SUB, DIRECTORY_ONE, DIRECTORY_BASE };

/*
 * SQL: either `statement`, which is prepared once on each connection, with
 * `word` for its $1 and on, or `sql`, whose values are quoted by the library
 * as the inside of an SQL string. LDAP: the others.
 */
struct directory_question {
	const char	*statement;
	const char *const *word;	size_t nwords;
	struct directory_text sql;
	struct directory_text base, filter;
	enum directory_scope scope;
	const struct directory_attribute *attribute; size_t nattributes;
};

/* One server. A name with "/" in front is a socket; "": the default socket. */
struct directory_host {
	const char	*name;		/* without the brackets of IPv6 */
	const char	*port;		/* "": the driver's own */
};

enum directory_kind {
	DIRECTORY_SQLITE, DIRECTORY_PGSQL, DIRECTORY_MYSQL, DIRECTORY_LDAP
};

/* Where a database is. */
struct directory_place {
	enum directory_kind kind;
	const char	*shown;		/* for errors: the URL, or the path */
	const struct directory_host *host; size_t nhosts; /* tried in turn */
	const char	*user;		/* or the bind DN; "": none */
	const char	*database;	/* its name; SQLite: the path */
	const char	*password;	/* NULL: read password_file */
	const char	*password_file;	/* NULL: none */
	const char	*ca_file;	/* NULL: the system's authorities */
	bool		 tls;		/* for hosts that are not sockets */
	bool		 tls_at_once;	/* ldaps: no StartTLS */
	unsigned	 timeout;	/* milliseconds for a question */
	unsigned	 connect;	/* for one host; set by directory_new */
	unsigned	 cache;		/* milliseconds; 0: always ask */
	unsigned	 stale;		/* milliseconds, after that */
};

/*
 * The place that a URL or a path names; strings are in the arena. Fills kind,
 * shown, host, user, database, tls and tls_at_once; the rest is not touched.
 * NULL, or a text (in the arena) that says what is wrong and what to do; a
 * driver that is not in this build is named with the package that has it.
 */
const char	*directory_place_parse(const char *text, struct arena *a,
		    struct directory_place *p);
/*
 * The question that an option asks, with $1 in place of a word. SQL: one
 * statement, for which an SQLite file may have ?1, too. LDAP: BASE?ATTRIBUTES?
 * SCOPE?FILTER as in a URL (RFC 4516), with percent-encoding; an attribute is
 * COLUMN=ATTRIBUTE, or ATTRIBUTE for a column of the same name. Texts are in
 * the arena. NULL, or a text (in the arena) that says what is wrong.
 */
const char	*directory_query_parse(const char *text,
		    enum directory_kind kind, struct arena *a,
		    struct directory_question *q);
/* The word "sub", "one" or "base". False: it is another. */
bool		 directory_scope_parse(const char *word,
		    enum directory_scope *scope);
/* The question with the word, which must live as long. */
struct directory_question directory_query_fill(
		    const struct directory_question *q, const char *word,
		    struct arena *a);

/* "sqlite pgsql mysql ldap", those that are in this build; for --version. */
const char	*directory_drivers(void);

/* Does no I/O. The place is copied. */
struct directory *directory_new(const struct directory_place *p);
/* One more owner, for a reload that does not change the place. */
struct directory *directory_ref(struct directory *d);
/*
 * The last owner's call ends the threads. It waits a moment for those that have
 * nothing to do, and not for those in a library.
 */
void		 directory_free(struct directory **dp);
/*
 * Has this process ever started a thread of a directory? One that has ended may
 * still run the destructors of a library. Such a process must not run the exit
 * handlers of exit(3), but end by _exit(2).
 */
bool		 directory_has_threads(void);

/*
 * Ask. `key` names the question in the cache; NULL: the cache is not used, and
 * all copies of the answer but that in the arena are overwritten. All of the
 * reply is in the arena. Questions of one key at the same time are one.
 */
struct directory_reply directory_find(struct directory *d, const char *key,
		    const struct directory_question *q, uint64_t now,
		    struct arena *a);
/*
 * What can be known without a server: ask an SQLite file, in this thread; of a
 * server, read the password and certificate files (then the result is NONE).
 * For a test of the configuration; no thread is started.
 */
struct directory_reply directory_try(const struct directory_place *p,
		    const struct directory_question *q, struct arena *a);
/* Forget the answers for a key; NULL: all. */
void		 directory_forget(struct directory *d, const char *key);

/* Since the start. */
struct directory_counts {
	uint64_t	 asked, cached, stale, failed;
	uint64_t	 kept;		/* answers in the cache now */
};
void		 directory_count(struct directory *d,
		    struct directory_counts *c);

#endif
