/*
 * heap - the octets of the heap in use, for tests that bound what is held
 *
 * Include it in one file of the test, after test.h, and link the test with
 * $(heap_ldflags). It counts the calls of our own objects, not those of shared
 * libraries. So compare two values of heap_used between which no block changes
 * hands with a library.
 */
#ifndef MILLGATE_HEAP_H
#define MILLGATE_HEAP_H

#include <malloc.h>
#include <stdatomic.h>

void	*__real_malloc(size_t size);
void	*__real_calloc(size_t n, size_t size);
void	*__real_realloc(void *p, size_t size);
void	 __real_free(void *p);
void	*__wrap_malloc(size_t size);
void	*__wrap_calloc(size_t n, size_t size);
void	*__wrap_realloc(void *p, size_t size);
void	 __wrap_free(void *p);

static atomic_size_t heap_used;

void *
__wrap_malloc(size_t size)
{
	void *p = __real_malloc(size);

	heap_used += malloc_usable_size(p);
	return p;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	void *p = __real_calloc(n, size);

	heap_used += malloc_usable_size(p);
	return p;
}

void *
__wrap_realloc(void *old, size_t size)
{
	size_t	 before = malloc_usable_size(old);
	void	*p = __real_realloc(old, size);

	heap_used += malloc_usable_size(p) - before;
	return p;
}

void
__wrap_free(void *p)
{
	heap_used -= malloc_usable_size(p);
	__real_free(p);
}

#endif
