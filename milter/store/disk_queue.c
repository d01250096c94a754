/*
 * disk_queue - how the threads of the ledger share its disk
 *
 * The mutex guards the fields, never the disk itself: the thread that sets
 * `busy` owns the disk, and works without the mutex.
 */
#include <string.h>

#include "base/why.h"
#include "disk_queue_priv.h"

/* A thread that waits until its rows are written. */
struct waiting {
	struct waiting	*next;
	bool		 done, written;
	char		 error[STORE_ERROR];
};

void
disk_queue_init(struct disk_queue *q, const struct ledger_disk *ops,
    void *disk)
{
	memset(q, 0, sizeof(*q));
	q->ops = ops;
	q->disk = disk;
	pthread_mutex_init(&q->sync_lock, NULL);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
}

void
disk_queue_free(struct disk_queue *q)
{
	if (q->ops != NULL)
		q->ops->close(q->disk);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	pthread_mutex_destroy(&q->sync_lock);
}

/* --- the gate ------------------------------------------------------------ */

void
disk_queue_enter(struct disk_queue *q)
{
	pthread_mutex_lock(&q->lock);
	while (q->moving)
		pthread_cond_wait(&q->changed, &q->lock);
	q->commits++;
	pthread_mutex_unlock(&q->lock);
}

void
disk_queue_leave(struct disk_queue *q)
{
	pthread_mutex_lock(&q->lock);
	if (--q->commits == 0 && q->moving)
		pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

void
disk_queue_stop(struct disk_queue *q)
{
	pthread_mutex_lock(&q->lock);
	while (q->moving)
		pthread_cond_wait(&q->changed, &q->lock);
	q->moving = true;
	while (q->commits > 0)
		pthread_cond_wait(&q->changed, &q->lock);
	pthread_mutex_unlock(&q->lock);
}

void
disk_queue_go(struct disk_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->moving = false;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

/* --- the disk: the queue is locked before and after ---------------------- */

/* Own the disk; returns without the mutex. */
static void
disk_queue_take(struct disk_queue *q)
{
	while (q->busy)
		pthread_cond_wait(&q->changed, &q->lock);
	q->busy = true;
	pthread_mutex_unlock(&q->lock);
}

static void
disk_queue_give(struct disk_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->busy = false;
	pthread_cond_broadcast(&q->changed);
}

static void
waiting_done(struct waiting *w, bool written, const char error[STORE_ERROR])
{
	struct waiting *next;

	for (; w != NULL; w = next) {
		next = w->next;	/* *w ends with its thread's call */
		w->written = written;
		memcpy(w->error, error, STORE_ERROR);
		w->done = true;
	}
}

/* Write all rows that wait now. */
static void
disk_queue_write_waiting(struct disk_queue *q)
{
	const struct ledger_row	*rows = q->rows;
	struct waiting		*waiting = q->waiting;
	char			 error[STORE_ERROR] = "";
	bool			 written;

	if (rows == NULL)
		return;
	q->rows = NULL;
	q->waiting = NULL;
	disk_queue_take(q);
	written = q->ops->write(q->disk, rows, error);
	disk_queue_give(q);
	waiting_done(waiting, written, error);
}

/* A store that was opened for reading has no `write`. */
static bool
disk_queue_may_write(const struct disk_queue *q, char error[STORE_ERROR])
{
	if (q->ops->write != NULL)
		return true;
	return why_print(error, STORE_ERROR, "the state file was opened for "
	    "reading only");
}

bool
disk_queue_write(struct disk_queue *q, struct ledger_row *rows,
    char error[STORE_ERROR])
{
	struct waiting		 w = { .done = false };
	struct ledger_row	*last = rows;

	if (q->ops == NULL)
		return true;
	if (!disk_queue_may_write(q, error))
		return false;
	while (last->next != NULL)
		last = (struct ledger_row *)last->next;
	pthread_mutex_lock(&q->lock);
	last->next = q->rows;
	q->rows = rows;
	w.next = q->waiting;
	q->waiting = &w;
	while (!w.done) {
		if (q->busy)
			pthread_cond_wait(&q->changed, &q->lock);
		else
			disk_queue_write_waiting(q);
	}
	pthread_mutex_unlock(&q->lock);
	last->next = NULL;
	memcpy(error, w.error, STORE_ERROR);
	return w.written;
}

bool
disk_queue_use(struct disk_queue *q, bool (*work)(const struct ledger_disk *,
    void *, void *, char[STORE_ERROR]), void *arg, char error[STORE_ERROR])
{
	bool ok;

	if (q->ops == NULL)
		return true;
	if (!disk_queue_may_write(q, error))
		return false;
	pthread_mutex_lock(&q->lock);
	disk_queue_take(q);
	ok = work(q->ops, q->disk, arg, error);
	disk_queue_give(q);
	pthread_mutex_unlock(&q->lock);
	return ok;
}

static bool
queue_replace(const struct ledger_disk *ops, void *disk, void *rows,
    char error[STORE_ERROR])
{
	return ops->replace(disk, rows, error);
}

bool
disk_queue_replace(struct disk_queue *q, const struct ledger_row *rows,
    char error[STORE_ERROR])
{
	return disk_queue_use(q, queue_replace, (void *)rows, error);
}

bool
disk_queue_forget(struct disk_queue *q, enum store_window w, uint32_t before,
    char error[STORE_ERROR])
{
	bool ok = true, more = true;

	if (q->ops == NULL)
		return true;
	if (!disk_queue_may_write(q, error))
		return false;
	pthread_mutex_lock(&q->lock);
	while (ok && more) {
		disk_queue_take(q);
		ok = q->ops->forget(q->disk, w, before, &more, error);
		disk_queue_give(q);
		/* threads that came meanwhile are not awake yet: do it here */
		disk_queue_write_waiting(q);
	}
	pthread_mutex_unlock(&q->lock);
	return ok;
}

/* A sync may take long: commits go on meanwhile. */
bool
disk_queue_sync(struct disk_queue *q, char error[STORE_ERROR])
{
	bool ok;

	if (q->ops == NULL)
		return true;
	if (!disk_queue_may_write(q, error))
		return false;
	pthread_mutex_lock(&q->sync_lock);
	ok = q->ops->sync(q->disk, error);
	pthread_mutex_unlock(&q->sync_lock);
	return ok;
}
