/*
 * arena - memory by lifetime: process, connection, message
 *
 * Memory from an arena lives until the arena is reset or freed; a single
 * allocation cannot be freed. No function here returns NULL: out of memory
 * ends the process. Callers limit the size of their input first. An arena
 * has no lock; only one thread at a time may use it.
 */
#ifndef MILLGATE_ARENA_H
#define MILLGATE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/*
 * An empty arena that grows by chunks of `chunk` bytes, all overhead but
 * malloc's included; larger ones when it is large, and for an allocation of
 * more than half a chunk one of its size. 0: 1 KB. A single allocation has at
 * most 4 GB.
 */
struct arena	*arena_new(size_t chunk);
/* From now on, add chunks of this size, at least 128 bytes. */
void		 arena_grow_by(struct arena *a, size_t chunk);
void		 arena_free(struct arena **ap);
/* The same, and what was in it is overwritten: for private keys. */
void		 arena_wipe(struct arena **ap);

/* Free all allocations at once; the first chunk is kept for reuse. */
void		 arena_reset(struct arena *a);

/* Bytes handed out since the last reset. */
size_t		 arena_used(const struct arena *a);

/* `size` zeroed bytes, aligned for any type. */
void		*arena_alloc(struct arena *a, size_t size);
/* `n` zeroed elements of `size` bytes; an overflow ends the process. */
void		*arena_array(struct arena *a, size_t n, size_t size);
/*
 * A new array of `more` elements, of which the first `n` are copied from
 * `old` and the rest is zero. `old` may be NULL when n is 0; it stays valid.
 */
void		*arena_enlarge(struct arena *a, const void *old, size_t n,
		    size_t more, size_t size);
/* A copy of `len` bytes, with a NUL added. */
char		*arena_memdup(struct arena *a, const void *data, size_t len);
/* A copy of `s`; NULL gives NULL. */
char		*arena_strdup(struct arena *a, const char *s);
/* The same with ASCII letters in lower case, in any locale. */
char		*arena_strlower(struct arena *a, const char *s);
char		*arena_printf(struct arena *a, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));
char		*arena_vprintf(struct arena *a, const char *fmt, va_list ap)
		    __attribute__((format(printf, 2, 0)));

/* malloc, calloc, realloc and strdup; a failure ends the process. */
void		*xmalloc(size_t size);
void		*xcalloc(size_t n, size_t size);
void		*xrealloc(void *p, size_t size);
char		*xstrdup(const char *s);

#endif
