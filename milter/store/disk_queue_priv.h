/*
 * disk_queue - how the threads of the ledger share its disk
 *
 * One thread at a time uses the disk. Rows that come meanwhile wait, and the
 * next of their threads writes all of them in one transaction. Pruning takes
 * long: it is done in steps, and waiting rows are written between them.
 *
 * Also the gate of the clock: the ledger's clock is not moved while a commit
 * is under way, and no commit begins while the clock is moved.
 */
#ifndef MILLGATE_DISK_QUEUE_H
#define MILLGATE_DISK_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger_disk_priv.h"

struct waiting;

struct disk_queue {
	const struct ledger_disk *ops;	/* NULL: there is no disk */
	void		*disk;
	pthread_mutex_t	 sync_lock;	/* held around ops->sync alone */
	pthread_mutex_t	 lock;		/* of the fields below */
	pthread_cond_t	 changed;
	bool		 busy;		/* a thread uses the disk */
	const struct ledger_row *rows;	/* that wait for it */
	struct waiting	*waiting;	/* the threads that they belong to */
	unsigned	 commits;	/* under way */
	bool		 moving;	/* the clock */
};

void	disk_queue_init(struct disk_queue *q, const struct ledger_disk *ops,
	    void *disk);
/* Closes the disk. */
void	disk_queue_free(struct disk_queue *q);

/* Around all of a commit. */
void	disk_queue_enter(struct disk_queue *q);
void	disk_queue_leave(struct disk_queue *q);
/* Around a move of the clock. */
void	disk_queue_stop(struct disk_queue *q);
void	disk_queue_go(struct disk_queue *q);

/*
 * Write a list of rows in one transaction; the `next` of its last one is ours
 * until the return, and NULL then.
 * False: nothing was written; see error. So for all functions below.
 */
bool	disk_queue_write(struct disk_queue *q, struct ledger_row *rows,
	    char error[STORE_ERROR]);
/* Do some work with the disk alone. Without a disk: true, nothing done. */
bool	disk_queue_use(struct disk_queue *q,
	    bool (*work)(const struct ledger_disk *ops, void *disk, void *arg,
	    char error[STORE_ERROR]), void *arg, char error[STORE_ERROR]);
bool	disk_queue_replace(struct disk_queue *q, const struct ledger_row *rows,
	    char error[STORE_ERROR]);
bool	disk_queue_sync(struct disk_queue *q, char error[STORE_ERROR]);
bool	disk_queue_forget(struct disk_queue *q, enum store_window w,
	    uint32_t before, char error[STORE_ERROR]);

#endif
