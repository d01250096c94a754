/*
 * array - arrays that grow, and arrays without duplicates
 *
 * A growing array is a pointer, a number of elements and a capacity:
 *
 *	t->row = array_grow(t->row, t->n, &t->capacity, sizeof(*t->row));
 *	t->row[t->n++] = row;
 *
 * The capacity doubles, so that n additions copy at most 2n elements. The
 * memory is malloced; the owner frees it. Out of memory ends the process.
 * Arrays in an arena grow with arena_enlarge.
 */
#ifndef MILLGATE_ARRAY_H
#define MILLGATE_ARRAY_H

#include <stddef.h>

#define ARRAY_FIRST	16	/* elements of the first allocation */

/* Make room for at least one element beyond the `n` in use. */
void	*array_grow(void *array, size_t n, size_t *capacity, size_t size);

/*
 * Sort with `compare`, then remove duplicates: of equal elements the one that
 * qsort(3) puts first is kept. Returns the number of elements left. `array`
 * may be NULL when n is 0.
 */
size_t	 array_sort_unique(void *array, size_t n, size_t size,
	    int (*compare)(const void *, const void *));

#endif
