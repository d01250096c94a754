/*
 * state_file - the state file as a file: its path, owner, mode and lock
 *
 * Checks all that can be wrong with it before SQLite opens it. The daemon
 * holds a lock on PATH-lock, so that two daemons never count in one file;
 * readers need no lock. Every error reads "path: problem; what to do".
 */
#ifndef MILLGATE_STATE_FILE_H
#define MILLGATE_STATE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct state_file {
	char	*path;		/* its directory without symbolic links */
	bool	 exists;
	int	 lock;		/* of the lock file; -1: not locked */
	bool	 held;		/* another process has the lock */
	bool	 same_boot;	/* the lock's last holder ran since boot */
	dev_t	 dev;		/* valid if it exists */
	ino_t	 ino;
};

/*
 * Check the file. With `writable`, lock it first; we must be its owner, and it
 * need not exist. False with *why (malloced).
 */
bool	 state_file_open(struct state_file *f, const char *path,
	    bool writable, char **why);
/*
 * For a tool that changes something: the file must exist and be ours. On
 * success we hold the lock, or (lock is -1) a running daemon does.
 */
bool	 state_file_open_tool(struct state_file *f, const char *path,
	    char **why);
/* The file is open and valid: write our process id into the lock file. */
void	 state_file_sign(const struct state_file *f);
/* Give up the lock. Close the database first. */
void	 state_file_close(struct state_file *f);

/* PATH.new, in which a new file is prepared; malloced. */
char	*state_file_draft(const struct state_file *f);
/* Remove the draft of an earlier crash. */
void	 state_file_draft_remove(const struct state_file *f);
/* Make an empty one, which nobody else has made. False with errno. */
bool	 state_file_draft_make(const struct state_file *f);
/*
 * Make PATH.schemaVERSION, an empty file for a copy of that version, and return
 * its name (malloced). An earlier one is removed: it is of an upgrade that did
 * not come to its end. NULL with errno.
 */
char	*state_file_copy_make(const struct state_file *f, int64_t version);
/* Rename the finished draft to PATH, safe from a power cut. */
bool	 state_file_publish(struct state_file *f, char **why);

/* False: it was removed, renamed or replaced while open. */
bool	 state_file_same(const struct state_file *f);
/* For a reader: does a daemon run with this file? False: it cannot be told. */
bool	 state_file_is_locked(const struct state_file *f, bool *locked,
	    char **why);
/* True when the file named `path` plus `suffix` exists and is not empty. */
bool	 state_file_beside(const struct state_file *f, const char *suffix);

#endif
