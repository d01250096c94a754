/*
 * array - arrays that grow, and arrays without duplicates
 *
 * A growing array is a pointer, a number of elements and a capacity:
 *
 *	t->row = array_grow(t->row, t->n, &t->capacity, sizeof(*t->row));
 *	t->row[t->n++] = row;
 *
 * The capacity doubles, so that n additions copy at most 2n elements. Memory
 * comes from malloc; the owner frees it. Out of memory ends the process.
 */
#ifndef MILLGATE_ARRAY_H
#define MILLGATE_ARRAY_H

#include <stddef.h>

#define ARRAY_FIRST	16	/* elements of the first allocation */

/* Room for at least one element more than the `n` that are in use. */
void	*array_grow(void *array, size_t n, size_t *capacity, size_t size);

/*
 * Sort by `compare`, and keep one of each run of equal elements, the first
 * that qsort(3) leaves. Returns how many are left. NULL is fine when n is 0.
 */
size_t	 array_sort_unique(void *array, size_t n, size_t size,
	    int (*compare)(const void *, const void *));

#endif
