/*
 * state_wal - is the write-ahead log that a killed process left complete?
 *
 * SQLite reads a log up to the first frame whose checksum is wrong, and takes
 * that for the end: right after a power cut, but a flipped bit or a cut would
 * take counts away in silence. The index beside the log (PATH-shm) still says
 * how many frames were committed; on a machine that has run ever since, all
 * of them must be there. Formats: https://www.sqlite.org/walformat.html
 */
#ifndef MILLGATE_STATE_WAL_H
#define MILLGATE_STATE_WAL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * False: of `want` committed frames only the first `have` are right. True
 * also when the index says nothing (missing, or written in part), and when
 * there is no log because all of it is in the file.
 */
bool	state_wal_complete(const char *wal, const char *shm, uint32_t *have,
	    uint32_t *want);

/*
 * Log and index while they are in use: SQLite goes on writing to those that
 * were removed, and a restart would not find it.
 */
struct state_log {
	struct { dev_t dev; ino_t ino; } part[2];
};

/* `path` is the state file's; a part that does not exist is not watched. */
void	state_log_note(struct state_log *l, const char *path);
/* NULL, or the suffix of what is not there any more. */
const char *state_log_gone(const struct state_log *l, const char *path);

#endif
