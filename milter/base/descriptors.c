/*
 * descriptors - close many at once
 */
#define _GNU_SOURCE	/* close_range */
#include <unistd.h>

#include "base/descriptors.h"

#define MOST	1048576u	/* Linux's default for fs.nr_open */

void
descriptors_close(unsigned from, unsigned to)
{
	long		max;
	unsigned	end, fd;

	if (close_range(from, to, 0) == 0)
		return;
	max = sysconf(_SC_OPEN_MAX);
	end = max > 0 && max < (long)MOST ? (unsigned)max : MOST;
	for (fd = from; fd < end && fd <= to; fd++)
		close((int)fd);
}
