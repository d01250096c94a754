/*
 * descriptors - close many at once
 */
#ifndef MILLGATE_DESCRIPTORS_H
#define MILLGATE_DESCRIPTORS_H

/*
 * Close all descriptors from the first to the last; ~0u: to the highest. Also
 * where the kernel, or a filter of system calls, has no close_range(2).
 */
void	descriptors_close(unsigned from, unsigned to);

#endif
