/*
 * state_file - the state file as a file: where, whose, and nobody else's
 *
 * Everything about it that can be wrong before SQLite sees it. The daemon
 * holds a lock on PATH-lock, so that two of them never count in one file;
 * readers need no lock. Every error reads "path: what; what to do".
 */
#ifndef MILLGATE_STATE_FILE_H
#define MILLGATE_STATE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

struct state_file {
	char	*path;		/* its directory without symbolic links */
	bool	 exists;
	int	 lock;		/* of the lock file; -1: not locked */
	bool	 held;		/* the lock, by another */
	bool	 same_boot;	/* the lock's last holder ran since boot */
	dev_t	 dev;		/* once it exists */
	ino_t	 ino;
};

/*
 * Look at it. To write (`writable`) means to lock it first, and to be its
 * owner. That it does not exist is no error when writable. False: *why
 * (malloced).
 */
bool	 state_file_open(struct state_file *f, const char *path,
	    bool writable, char **why);
/*
 * For a tool that changes something: the file exists and is ours; it is
 * locked, or else (lock is -1) a running daemon has locked it.
 */
bool	 state_file_open_tool(struct state_file *f, const char *path,
	    char **why);
/* The file is open and right: write our name into the lock file. */
void	 state_file_sign(const struct state_file *f);
/* Give up the lock; the file is closed by then. */
void	 state_file_close(struct state_file *f);

/* PATH.new, to be made before it appears under its name; malloced. */
char	*state_file_draft(const struct state_file *f);
/* Remove what a crash left of an earlier draft. */
void	 state_file_draft_remove(const struct state_file *f);
/* Make the finished draft appear, safe from a power cut. */
bool	 state_file_publish(struct state_file *f, char **why);

/* False: it was removed, renamed or replaced behind our back. */
bool	 state_file_same(const struct state_file *f);
/* True when the file named `path` plus `suffix` exists and is not empty. */
bool	 state_file_beside(const struct state_file *f, const char *suffix);

#endif
