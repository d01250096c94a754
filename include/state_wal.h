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

#include <stdbool.h>
#include <stdint.h>

/*
 * False: of `want` committed frames only the first `have` are right. True
 * also when the index says nothing: missing, or written in part.
 */
bool	state_wal_complete(const char *wal, const char *shm, uint32_t *have,
	    uint32_t *want);

#endif
