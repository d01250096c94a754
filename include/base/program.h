/*
 * program - run a program, and read what it prints
 *
 * There is no shell. The program inherits no descriptor of ours but standard
 * error, if that is wanted, and has the default signals.
 */
#ifndef MILLGATE_PROGRAM_H
#define MILLGATE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define PROGRAM_WHY	200

struct buf;

struct program {
	char *const	*argv;		/* looked for in our own PATH */
	char *const	*env;		/* NULL: our own */
	bool		 quiet;		/* drop its standard error */
	unsigned	 seconds;	/* then it is killed; 0: never */
	size_t		 most;		/* octets; more is not read */
};

/*
 * Append its standard output. False: it cannot be run, is killed, or its exit
 * status is not 0; `why` says which, and begins with the program's name.
 */
bool	program_output(const struct program *p, struct buf *out,
	    char why[PROGRAM_WHY]);

#endif
