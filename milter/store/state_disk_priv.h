/*
 * state_disk - the ledger's disk at work: the state file's rows
 *
 * store_disk.c opens and checks the file, and fills in a struct disk.
 */
#ifndef MILLGATE_STATE_DISK_H
#define MILLGATE_STATE_DISK_H

#include "store/store_sqlite.h"
#include "ledger_disk_priv.h"
#include "state_file_priv.h"
#include "state_wal_priv.h"

enum disk_statement {
	ST_BEGIN, ST_COMMIT, ST_GET, ST_PUT, ST_GET_SLOT, ST_PUT_SLOT,
	ST_OLDEST, ST_OLDEST_SLOT, ST_FORGET, ST_FORGET_SLOT, ST_COUNT
};

struct disk {
	struct state_file file;
	struct state_log log;
	struct sql	*sql;
	struct sql_statement *st[ST_COUNT];
	struct sql	*checkpointer;
	int64_t		 seen;		/* data_version; no requests then */
};

/* The operations; `disk` is a struct disk. */
extern const struct ledger_disk state_disk;
/* Close all of it, give up the lock, and free the struct disk. */
void	state_disk_close(void *disk);

/* Prepare all statements. False: an error of SQLite. */
bool	state_disk_prepare(struct disk *d);
/* Close the connections and their statements; the file stays locked. */
void	state_disk_disconnect(struct disk *d);

#endif
