/*
 * heap - the octets that our own code has allocated, for tests that bound them
 *
 * Include it in one file of the test, after test.h, and link the test with
 * $(heap_ldflags): the linker sends every allocation of our own objects through
 * the functions below. It does not count those of shared libraries. So compare
 * two values of heap_used between which no block changes hands with a library.
 */
#ifndef MILLGATE_HEAP_H
#define MILLGATE_HEAP_H

#include <malloc.h>
#include <stdatomic.h>

/* What malloc adds to an allocation. */
#define HEAP_OVERHEAD	8

static atomic_size_t heap_used, heap_allocations;

void	*__real_malloc(size_t size);
void	*__real_calloc(size_t n, size_t size);
void	*__real_realloc(void *old, size_t size);
char	*__real_strdup(const char *s);
void	 __real_free(void *p);
void	*__wrap_malloc(size_t size);
void	*__wrap_calloc(size_t n, size_t size);
void	*__wrap_realloc(void *old, size_t size);
char	*__wrap_strdup(const char *s);
void	 __wrap_free(void *p);

static void *
heap_count(void *p)
{
	if (p == NULL)
		return NULL;
	heap_used += malloc_usable_size(p) + HEAP_OVERHEAD;
	heap_allocations++;
	return p;
}

static void
heap_uncount(void *p)
{
	if (p != NULL)
		heap_used -= malloc_usable_size(p) + HEAP_OVERHEAD;
}

void *
__wrap_malloc(size_t size)
{
	return heap_count(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return heap_count(__real_calloc(n, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
	heap_uncount(old);
	return heap_count(__real_realloc(old, size));
}

char *
__wrap_strdup(const char *s)
{
	return heap_count(__real_strdup(s));
}

void
__wrap_free(void *p)
{
	heap_uncount(p);
	__real_free(p);
}

#endif
