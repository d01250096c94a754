/*
 * array - arrays that grow, and arrays without duplicates
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"

void *
array_grow(void *array, size_t n, size_t *capacity, size_t size)
{
	if (n < *capacity)
		return array;
	if (*capacity > SIZE_MAX / 2 / size)
		abort();
	*capacity = *capacity > 0 ? *capacity * 2 : ARRAY_FIRST;
	return xrealloc(array, *capacity * size);
}

size_t
array_sort_unique(void *array, size_t n, size_t size,
    int (*compare)(const void *, const void *))
{
	char	*element = array, *kept = array;
	size_t	 i;

	if (n == 0)
		return 0;
	qsort(array, n, size, compare);
	for (i = 1; i < n; i++) {
		element += size;
		if (compare(kept, element) == 0)
			continue;
		kept += size;
		if (kept != element)
			memcpy(kept, element, size);
	}
	return (size_t)(kept - (char *)array) / size + 1;
}
