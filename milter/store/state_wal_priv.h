/*
 * state_wal - checks the write-ahead log: complete after a kill, still there
 * while in use
 *
 * SQLite reads a log up to the first frame with a wrong checksum, and takes
 * that for the end. This is right after a power cut, but a flipped bit or a
 * truncated file would silently take counts away. The index beside the log
 * (PATH-shm) still holds the number of committed frames. If the machine has
 * run ever since, all of them must be there. Formats:
 * https://www.sqlite.org/walformat.html
 */
#ifndef MILLGATE_STATE_WAL_H
#define MILLGATE_STATE_WAL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

enum state_wal_answer {
	/* or there is no index to tell, or no log, as all is in the file */
	STATE_WAL_COMPLETE,
	STATE_WAL_DAMAGED,	/* only the first `have` frames are valid */
	STATE_WAL_UNREADABLE	/* errno says why */
};

/* `want`: the number of committed frames. */
enum state_wal_answer state_wal_check(const char *wal, const char *shm,
	    uint32_t *have, uint32_t *want);

/*
 * Log and index while they are in use: SQLite goes on writing to removed
 * files, and a restart would not find these counts.
 */
struct state_log {
	struct { dev_t dev; ino_t ino; } part[2];
};

/* `path` is the state file; a part that does not exist is not watched. */
void	state_log_note(struct state_log *l, const char *path);
/* NULL, or the suffix of the part that has gone. */
const char *state_log_gone(const struct state_log *l, const char *path);

#endif
