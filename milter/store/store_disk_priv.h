/*
 * store_disk - the ledger's disk as store_disk.c and store_requests.c see it
 */
#ifndef MILLGATE_STORE_DISK_H
#define MILLGATE_STORE_DISK_H

#include "store/store_sqlite.h"
#include "ledger_priv.h"
#include "state_file_priv.h"
#include "state_wal_priv.h"

/*
 * A commit checkpoints only when nobody else has for very long; what a great
 * transaction added to the log is given back.
 */
#define DISK_LOG_SETTINGS \
	"PRAGMA synchronous = NORMAL;" \
	"PRAGMA wal_autocheckpoint = 10000;" \
	"PRAGMA journal_size_limit = 8000000"

enum disk_statement {
	ST_BEGIN, ST_COMMIT, ST_GET, ST_PUT, ST_OLDEST, ST_FORGET, ST_COUNT
};

struct disk {
	struct state_file file;
	struct state_log log;
	struct sql	*sql;
	struct sql_statement *st[ST_COUNT];
	struct sql	*checkpointer;
	int64_t		 seen;		/* data_version without requests */
};

/* False, with the last error of SQLite. */
bool	disk_explain(const struct disk *d, const char *doing,
	    char error[STORE_ERROR]);
/* Counts written to a file that has no name any more would be lost. */
bool	disk_still_there(const struct disk *d, char error[STORE_ERROR]);

/* store_requests.c, for the ledger's disk (see ledger.h) */
bool	disk_put_setting(void *disk, const char *key,
	    const struct store_setting *setting, int64_t request,
	    char error[STORE_ERROR]);
bool	disk_remove(void *disk, const struct ledger_row *rows, int64_t request,
	    char error[STORE_ERROR]);
bool	disk_next_request(void *disk, struct ledger_request *r,
	    char error[STORE_ERROR]);

/*
 * For the tool beside a running daemon: a store whose settings and resets are
 * requests, which wait until the daemon has taken them. Takes over `file`.
 */
struct store	*store_asker_open(struct state_file *file, char **why);

#endif
