/*
 * store_schema - the tables of the state file, version by version
 *
 * A file of an older version is upgraded in one transaction when it is opened
 * for writing. Errors read "path: problem; what to do", malloced.
 */
#ifndef MILLGATE_STORE_SCHEMA_H
#define MILLGATE_STORE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store_sqlite.h"
#include "state_file_priv.h"

/*
 * A commit does a checkpoint only when there was none for very long. Space that
 * a large transaction added to the log is freed.
 */
#define SCHEMA_LOG_SETTINGS \
	"PRAGMA synchronous = NORMAL;" \
	"PRAGMA wal_autocheckpoint = 10000;" \
	"PRAGMA journal_size_limit = 8000000"

/* Check that the file is ours, and of a version that we know. */
bool	schema_identify(struct sql *sql, const char *path, int64_t *version,
	    char **why);
/* Is it our file, and of a version that only a newer millgate knows? */
bool	schema_is_newer(struct sql *sql);
/* The version that this program writes. */
int64_t	schema_version(void);
/* Does an upgrade from `version` copy rows into a new table? */
bool	schema_moves_rows(int64_t version);
/* Has a file of `version` the counts of all windows, and all limits? */
bool	schema_has_windows(int64_t version);
/* Has a file of `version` the table `setting`? */
bool	schema_has_settings(int64_t version);
/* Upgrade from `version` (0: an empty file). False: an error of SQLite. */
bool	schema_upgrade(struct sql *sql, int64_t version);
/* For readers and tools, which must not upgrade: check the version. */
bool	schema_is_ours(const char *path, int64_t version, char **why);
/*
 * For readers: open the file, with or without a running daemon, check its
 * version, and begin a transaction. *sqlp may be set on failure; close it.
 */
bool	schema_open_readonly(struct sql **sqlp, const struct state_file *f,
	    char **why);
/* Check the tables of `version`, and with `thorough` all pages. */
bool	schema_check(struct sql *sql, const char *path, int64_t version,
	    bool thorough, char **why);

/* Both return false. schema_refuse reports the last error of SQLite. */
bool	schema_refuse(struct sql *sql, const char *path, const char *doing,
	    char **why);
bool	schema_damaged(const char *path, const char *what, char **why);

#endif
