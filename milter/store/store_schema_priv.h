/*
 * store_schema - the tables of the state file, version by version
 *
 * A file of an older version is upgraded in one transaction when it is opened
 * for writing. Errors read "path: what; what to do", malloced.
 */
#ifndef MILLGATE_STORE_SCHEMA_H
#define MILLGATE_STORE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store_sqlite.h"
#include "state_file_priv.h"

/*
 * A commit checkpoints only when nobody else has for very long; what a great
 * transaction added to the log is given back.
 */
#define SCHEMA_LOG_SETTINGS \
	"PRAGMA synchronous = NORMAL;" \
	"PRAGMA wal_autocheckpoint = 10000;" \
	"PRAGMA journal_size_limit = 8000000"

/* The file is ours, and of a version that we know. */
bool	schema_identify(struct sql *sql, const char *path, int64_t *version,
	    char **why);
/* From this version (0: an empty file) to ours. False: an error of SQLite. */
bool	schema_upgrade(struct sql *sql, int64_t version);
/* For who must not upgrade: the version is ours. */
bool	schema_is_ours(const char *path, int64_t version, char **why);
/*
 * For who must not upgrade: open the file for reading, beside a daemon or
 * not, and begin to read; the version is ours. *sqlp may be there when it
 * fails.
 */
bool	schema_open_readonly(struct sql **sqlp, const struct state_file *f,
	    char **why);
/* The file is sound (`thorough`), and the tables are ours. */
bool	schema_check(struct sql *sql, const char *path, bool thorough,
	    char **why);

/* All false. schema_refuse words the last error of SQLite. */
bool	schema_refuse(struct sql *sql, const char *path, const char *doing,
	    char **why);
bool	schema_damaged(const char *path, const char *what, char **why);

#endif
