/*
 * postfix_lmdb - the entries of Postfix's lmdb: tables, through liblmdb
 */
#ifndef MILLGATE_POSTFIX_LMDB_H
#define MILLGATE_POSTFIX_LMDB_H

struct arena;
struct postfix_text;

/*
 * Add all entries of the file to the table. `fd` is the same file, open for
 * reading; Postfix's lock is taken with it, and ends when it is closed. NULL,
 * or "path: error; what to do" in the arena.
 */
typedef const char *postfix_lmdb_reader(const char *path, int fd,
		    struct arena *a, struct postfix_text *t);

/* NULL: a build without liblmdb. */
extern postfix_lmdb_reader *const postfix_lmdb_read;

#endif
