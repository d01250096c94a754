/*
 * ledger_disk - how to open a ledger, and the disk behind it
 *
 * The ledger is a backend of the store. Every decision is made in memory under
 * the lock of the key's shard, so that a recipient costs no disk access. A
 * commit is written to the disk before it is answered; threads that commit at
 * the same time share one transaction, which the first of them writes for all.
 *
 * A message's recipients count as reserved until they are on the disk, so no
 * moment exists at which they count nowhere.
 *
 * The inside of the ledger is in ledger_priv.h.
 */
#ifndef MILLGATE_LEDGER_DISK_H
#define MILLGATE_LEDGER_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "store/usage.h"
#include "rolling_priv.h"

/*
 * Counts to add to the row of this key, window and slot on the disk; `known`:
 * no addition, but the row has at least these.
 */
struct ledger_row {
	const struct ledger_row *next;
	const char	*key;
	enum store_window window;
	uint32_t	 at;		/* slot: rolling_priv.h */
	bool		 known;
	struct counts	 counts;
};

/* A request of the tool, which it left in the file for the running daemon. */
struct ledger_request {
	int64_t		 id;
	char		*key;		/* malloced; NULL: no request */
	bool		 reset;
	unsigned	 parts;		/* of the setting */
	struct store_setting setting;
};

/*
 * The disk. Only one thread at a time calls it, except that sync may run
 * beside another call. False: nothing was done; error says what is wrong and
 * what to do. All functions except close are NULL when it was opened for
 * reading.
 */
struct ledger_disk {
	/* All rows or none, safe from kill -9 on return. */
	bool		 (*write)(void *disk, const struct ledger_row *rows,
			    char error[STORE_ERROR]);
	/* The same, replacing all rows. */
	bool		 (*replace)(void *disk, const struct ledger_row *rows,
			    char error[STORE_ERROR]);
	/*
	 * Remove some rows of the window's slots before `before`; *more: some
	 * are left.
	 */
	bool		 (*forget)(void *disk, enum store_window w,
			    uint32_t before, bool *more,
			    char error[STORE_ERROR]);
	/*
	 * Replace the key's setting; an empty one removes it. The request (0:
	 * none) is removed in the same transaction.
	 */
	bool		 (*put_setting)(void *disk, const char *key,
			    const struct store_setting *setting,
			    int64_t request, char error[STORE_ERROR]);
	/* Remove the rows of these keys and slots, and the request. */
	bool		 (*remove)(void *disk, const struct ledger_row *rows,
			    int64_t request, char error[STORE_ERROR]);
	/* The oldest request. */
	bool		 (*next_request)(void *disk, struct ledger_request *r,
			    char error[STORE_ERROR]);
	/* Make all that was written safe from a power cut. */
	bool		 (*sync)(void *disk, char error[STORE_ERROR]);
	void		 (*close)(void *disk);
};

/* An empty ledger. Without a disk (both NULL) it is in memory alone. */
struct store	*ledger_new(const struct ledger_disk *ops, void *disk);
/* Add a row or setting of the disk at the start; it is not written back. */
void		 ledger_load(struct store *s, const struct ledger_row *row);
void		 ledger_load_setting(struct store *s, const char *key,
		    const struct store_setting *setting);

#endif
