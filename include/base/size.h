/*
 * size - a number of octets as people write it: 25M
 *
 * K, M and G are powers of 1024.
 */
#ifndef MILLGATE_SIZE_H
#define MILLGATE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#define SIZE_TEXT	24	/* octets of a size as text */

/* 26214400 is "25M", 26214401 is "26214401". Returns `text`. */
const char	*size_text(char text[SIZE_TEXT], uint64_t size);
/*
 * "25M", "25m" or a number. False: it is not a size. A size that is too large
 * for the type is UINT64_MAX.
 */
bool		 size_parse(const char *text, uint64_t *size);

#endif
