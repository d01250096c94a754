/*
 * arena - memory by lifetime; malloc that ends the process when it fails
 *
 * Chunks are chained; a reset keeps the first one. New chunks are an eighth of
 * what is in use, so that the unused rest stays small and large arenas need few
 * chunks. An allocation of more than half a chunk gets a chunk of its own size.
 * What does not fit into the current chunk may fit into the spare one: the
 * one of the former chunks that had the most room when it was left.
 *
 * The address sanitizer sees where an allocation ends only if it is malloc's. In
 * the fuzz targets each has a chunk to itself: configure sets ARENA_ALONE.
 */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"

#define ALIGN		16u
#define CHUNK_MIN	128u
#define CHUNK_USUAL	1024u

struct chunk {
	struct chunk	*next;
	uint32_t	 size, used;
	/* keeps data aligned for any type */
	_Alignas(ALIGN) unsigned char data[];
};

struct arena {
	struct chunk	*first, *current, *spare;
	size_t		 chunk_size, used;
};
/* The arena itself lies at the start of its first chunk. */
#define ARENA_SIZE	((uint32_t)(sizeof(struct arena) + ALIGN - 1) & \
			~(ALIGN - 1))

static void
out_of_memory(void)
{
	static const char why[] = "millgate: out of memory\n";

	fwrite(why, 1, sizeof(why) - 1, stderr);
	abort();
}

void *
xmalloc(size_t size)
{
	void *p = malloc(size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
xrealloc(void *old, size_t size)
{
	void *p = realloc(old, size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

char *
xstrdup(const char *s)
{
	char *p = strdup(s);

	if (p == NULL)
		out_of_memory();
	return p;
}

static size_t
round_up(size_t size)
{
	return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct chunk *
chunk_new(size_t size)
{
	struct chunk *c;

	if (size > UINT32_MAX - 2 * ALIGN)
		out_of_memory();
	c = xmalloc(sizeof(*c) + size);
	c->next = NULL;
	c->size = (uint32_t)size;
	c->used = 0;
	return c;
}

struct arena *
arena_new(size_t chunk)
{
	struct chunk	*c;
	struct arena	*a;

	if (chunk == 0)
		chunk = CHUNK_USUAL;
	if (chunk < CHUNK_MIN)
		chunk = CHUNK_MIN;
	c = chunk_new(chunk - sizeof(*c));
	c->used = ARENA_SIZE;
	a = (void *)c->data;
	a->first = a->current = a->spare = c;
	a->chunk_size = chunk - sizeof(*c);
	a->used = 0;
	return a;
}

void
arena_grow_by(struct arena *a, size_t chunk)
{
	a->chunk_size = chunk - sizeof(struct chunk);
}

static void
chunks_free(struct chunk *c)
{
	struct chunk *next;

	for (; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
}

void
arena_free(struct arena **ap)
{
	struct arena *a = *ap;

	*ap = NULL;
	if (a != NULL)
		chunks_free(a->first);
}

void
arena_wipe(struct arena **ap)
{
	struct chunk	*c = *ap != NULL ? (*ap)->first : NULL, *next;

	*ap = NULL;
	for (; c != NULL; c = next) {
		next = c->next;
		explicit_bzero(c->data, c->size);
		free(c);
	}
}

void
arena_reset(struct arena *a)
{
	chunks_free(a->first->next);
	a->first->next = NULL;
	a->first->used = ARENA_SIZE;
	a->current = a->spare = a->first;
	a->used = 0;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}

/* What is free in a chunk; with align = ALIGN, from its next boundary on. */
static size_t
chunk_room(const struct chunk *c, size_t align)
{
	size_t at = (c->used + align - 1) & ~(align - 1);

	return at < c->size ? c->size - at : 0;
}

/*
 * A new chunk behind the current one. A large allocation has it for itself,
 * so that the rest of the current chunk is still used.
 */
static struct chunk *
chunk_add(struct arena *a, size_t size)
{
	size_t		 usual = round_up(a->used / 8);
	struct chunk	*c;
	bool		 large;

	if (usual < a->chunk_size)
		usual = a->chunk_size;
	large = ARENA_ALONE || size > usual / 2;
	c = chunk_new(large ? size : usual);
	c->next = a->current->next;
	a->current->next = c;
	if (large)
		return c;
	if (chunk_room(a->current, 1) >= chunk_room(a->spare, 1))
		a->spare = a->current;
	return a->current = c;
}

/* `size` octets in the current chunk, in the spare one or in a new one. */
static void *
arena_take(struct arena *a, size_t size, size_t align)
{
	struct chunk	*c = a->current;
	size_t		 at;

	if (ARENA_ALONE || chunk_room(c, align) < size) {
		c = a->spare;
		if (ARENA_ALONE || chunk_room(c, align) < size)
			c = chunk_add(a, size);
	}
	at = (c->used + align - 1) & ~(align - 1);
	c->used = (uint32_t)(at + size);
	a->used += size;
	return c->data + at;
}

static void *
arena_take_aligned(struct arena *a, size_t size)
{
	if (size > SIZE_MAX / 4)
		out_of_memory();
	return arena_take(a, ARENA_ALONE ? size :
	    round_up(size > 0 ? size : 1), ALIGN);
}

/* Octets need no alignment: strings are stored one behind the other. */
static char *
arena_take_octets(struct arena *a, size_t size)
{
	if (size > SIZE_MAX / 4)
		out_of_memory();
	return arena_take(a, size, 1);
}

void *
arena_alloc(struct arena *a, size_t size)
{
	return memset(arena_take_aligned(a, size), 0, size);
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / 4 / size)
		out_of_memory();
	return arena_alloc(a, n * size);
}

void *
arena_enlarge(struct arena *a, const void *old, size_t n, size_t more,
    size_t size)
{
	void *array = arena_array(a, more, size);

	if (n > 0)
		memcpy(array, old, n * size);
	return array;
}

char *
arena_memdup(struct arena *a, const void *data, size_t len)
{
	char *p = arena_take_octets(a, len + 1);

	if (len > 0)
		memcpy(p, data, len);
	p[len] = '\0';
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return s == NULL ? NULL : arena_memdup(a, s, strlen(s));
}

char *
arena_strlower(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s), *p;

	for (p = copy; p != NULL && *p != '\0'; p++)
		*p = ascii_lower(*p);
	return copy;
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	struct chunk	*c = a->current;
	size_t		 room = ARENA_ALONE ? 0 : c->size - c->used;
	va_list		 again;
	char		*p;
	int		 len;

	va_copy(again, ap);
	len = vsnprintf((char *)c->data + c->used, room, fmt, again);
	va_end(again);
	if (len < 0)
		out_of_memory();
	p = arena_take_octets(a, (size_t)len + 1);
	if ((size_t)len >= room)
		vsnprintf(p, (size_t)len + 1, fmt, ap);
	return p;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list	 ap;
	char	*p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}
