/*
 * postfix_table - one table of Postfix, as smtpd_sender_login_maps names it:
 * "pgsql:/etc/postfix/x.cf", "texthash:/etc/postfix/x", "inline:{...}"
 *
 * Files are read when the table is opened; databases are asked when a key is
 * looked up. Thread-safe after postfix_table_open.
 */
#ifndef MILLGATE_POSTFIX_TABLE_H
#define MILLGATE_POSTFIX_TABLE_H

#include "directory/sender_maps.h"
#include "postfix_source_priv.h"

struct postfix_text;

#define POSTFIX_SETTINGS_MAX	(1u << 20)	/* octets of a .cf file */
#define POSTFIX_TEXT_MAX	(64u << 20)	/* of a texthash: or lmdb: file */

struct postfix_table {
	const char	*spec;		/* as it is written */
	const char	*content;	/* of its file; NULL: no database */
	struct postfix_text *text;	/* in memory; or NULL, and: */
	struct postfix_source source;
	struct directory *directory;
};

/*
 * NULL, or an error "path:line: what; what to do" in the arena, with the
 * specification in place of path:line if no file is wrong. All of the table
 * but `directory` is in the arena.
 */
const char	*postfix_table_open(const char *spec,
		    const struct sender_maps_rules *rules, struct arena *a,
		    struct postfix_table *t);
void		 postfix_table_close(struct postfix_table *t);
/* The same table, whose directory may be carried over? */
bool		 postfix_table_is_same(const struct postfix_table *t,
		    const struct postfix_table *u);

struct postfix_found {
	enum directory_result result;
	const char	*value;		/* FOUND: as Postfix would have it */
	const char	*server;	/* who answered, "" for a table here */
	const char	*why;		/* UNKNOWN */
	bool		 stale;
};

/*
 * A lookup without an effect, of an address that nobody has: of the database,
 * or (`now` is NULL) without a server, see directory_try.
 */
struct postfix_found postfix_table_probe(const struct postfix_table *t,
		    const uint64_t *now, struct arena *a);

/* `key` is in lower case and not empty; all of the answer is in the arena. */
struct postfix_found postfix_table_find(const struct postfix_table *t,
		    const char *key, uint64_t now, struct arena *a);

#endif
