/*
 * resident - the memory that this process has from the kernel
 */
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "base/resident.h"

size_t
resident_octets(void)
{
	FILE	*f = fopen("/proc/self/statm", "re");
	long	 page = sysconf(_SC_PAGESIZE), pages = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%*d %ld", &pages) != 1 || pages < 0 || page < 0)
		pages = 0;
	fclose(f);
	return (size_t)pages * (size_t)page;
}

void
resident_trim(void)
{
	malloc_trim(0);
}
