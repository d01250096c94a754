/*
 * arena - memory by lifetime: process, connection, message
 *
 * What is allocated in an arena lives until the arena is reset or freed.
 * Nothing is freed one by one. No function here returns NULL: out of memory
 * ends the process, after the input sizes that could cause it were capped.
 * An arena belongs to one thread at a time; it has no lock.
 */
#ifndef MILLGATE_ARENA_H
#define MILLGATE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* An empty arena that grows by chunks of at least `chunk` bytes. */
struct arena	*arena_new(size_t chunk);
void		 arena_free(struct arena **ap);

/* Forget all that was allocated; the first chunk is kept for reuse. */
void		 arena_reset(struct arena *a);

/* Bytes handed out since the last reset. */
size_t		 arena_used(const struct arena *a);

/* `size` zeroed bytes, aligned for any type. */
void		*arena_alloc(struct arena *a, size_t size);
/* `n` zeroed elements of `size` bytes; an overflow ends the process. */
void		*arena_array(struct arena *a, size_t n, size_t size);
/* A copy of `len` bytes with a NUL behind them. */
char		*arena_memdup(struct arena *a, const void *data, size_t len);
/* A copy of `s`; NULL gives NULL. */
char		*arena_strdup(struct arena *a, const char *s);
/* The same with ASCII letters in lower case, whatever the locale. */
char		*arena_strlower(struct arena *a, const char *s);
char		*arena_printf(struct arena *a, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));
char		*arena_vprintf(struct arena *a, const char *fmt, va_list ap)
		    __attribute__((format(printf, 2, 0)));

/* malloc, calloc, realloc and strdup that end the process when they fail. */
void		*xmalloc(size_t size);
void		*xcalloc(size_t n, size_t size);
void		*xrealloc(void *p, size_t size);
char		*xstrdup(const char *s);

#endif
