/*
 * resident - the memory that this process has from the kernel
 */
#ifndef MILLGATE_RESIDENT_H
#define MILLGATE_RESIDENT_H

#include <stddef.h>

/* The resident set in octets; 0: it cannot be read. */
size_t	resident_octets(void);
/*
 * Give memory that malloc keeps for later back to the kernel. It may take some
 * milliseconds, in which other threads wait for malloc.
 */
void	resident_trim(void);

#endif
