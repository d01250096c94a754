/*
 * why - the reason of a failure as text
 *
 * Both functions return false, so that a caller can fail and explain in one
 * statement: return why_set(why, "%s: %s", path, strerror(errno));
 */
#ifndef MILLGATE_WHY_H
#define MILLGATE_WHY_H

#include <stdbool.h>
#include <stddef.h>

/* Print into *why. The text is malloced; the caller frees it. */
bool	why_set(char **why, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Print into the `size` bytes at `text`; a longer text is cut. */
bool	why_print(char *text, size_t size, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
