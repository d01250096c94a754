/*
 * counted - the octets that our own code has allocated, for one test program
 *
 * The program is linked with $(counted_ldflags): the linker sends every
 * allocation of the libraries of this tree through the functions below.
 */
#ifndef MILLGATE_COUNTED_H
#define MILLGATE_COUNTED_H

#include <malloc.h>

/* What malloc adds to an allocation. */
#define OVERHEAD	8

static size_t	in_use, allocations;

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
counted(void *p)
{
	if (p == NULL)
		return NULL;
	in_use += malloc_usable_size(p) + OVERHEAD;
	allocations++;
	return p;
}

static void
uncounted(void *p)
{
	if (p != NULL)
		in_use -= malloc_usable_size(p) + OVERHEAD;
}

void *
__wrap_malloc(size_t size)
{
	return counted(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return counted(__real_calloc(n, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
	uncounted(old);
	return counted(__real_realloc(old, size));
}

char *
__wrap_strdup(const char *s)
{
	return counted(__real_strdup(s));
}

void
__wrap_free(void *p)
{
	uncounted(p);
	__real_free(p);
}

#endif
