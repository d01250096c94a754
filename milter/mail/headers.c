/*
 * headers - the header fields of one message, in order, bounded
 *
 * A hash table lists the fields by name, so that counting, finding and
 * numbering cost the same with ten fields and with ten thousand.
 */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/fnv.h"
#include "mail/headers.h"

#define BUCKETS		64u
#define FIELDS_FIRST	32u
#define NTHS_FIRST	2u

struct header_name {
	struct header_name *next;	/* in the same bucket */
	const char	*name;
	uint32_t	*field;		/* [nth - 1]: index of the field */
	uint32_t	 few[NTHS_FIRST];
	size_t		 len;
	uint32_t	 hash;
	unsigned	 n, size;
	unsigned	 left, round;	/* headers_take: fields not taken */
};

void
headers_init(struct headers *h, struct arena *a, size_t max_fields,
    size_t max_bytes)
{
	memset(h, 0, sizeof(*h));
	h->arena = a;
	h->max_fields = max_fields < UINT32_MAX ? max_fields : UINT32_MAX;
	h->max_bytes = max_bytes;
}

/*
 * FNV-1a, seeded with an address. A sender does not know the seed, so he
 * cannot choose names that all have the same hash.
 */
static uint32_t
name_hash(const struct headers *h, const char *name, size_t len)
{
	uint64_t seed = FNV_START ^ (uintptr_t)h->names;

	return fnv_fold(fnv_add_lower(seed, name, len));
}

/* Without the blanks and folds before the colon. */
static size_t
headers_name_length(const char *name)
{
	size_t len = strlen(name);

	while (len > 0 && ascii_is_space(name[len - 1]))
		len--;
	return len;
}

static bool
headers_same_name(const char *a, const char *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

static struct header_name *
name_find(const struct headers *h, const char *name, size_t len)
{
	struct header_name	*hn;
	uint32_t		 hash;

	if (h->names == NULL)
		return NULL;
	hash = name_hash(h, name, len);
	for (hn = h->names[hash % BUCKETS]; hn != NULL; hn = hn->next)
		if (hn->hash == hash && hn->len == len &&
		    headers_same_name(hn->name, name, len))
			return hn;
	return NULL;
}

static struct header_name *
name_new(struct headers *h, const char *name, size_t len)
{
	struct header_name	*hn = arena_alloc(h->arena, sizeof(*hn));

	if (h->names == NULL)
		h->names = arena_array(h->arena, BUCKETS, sizeof(*h->names));
	hn->name = arena_memdup(h->arena, name, len);
	hn->len = len;
	hn->field = hn->few;
	hn->size = NTHS_FIRST;
	hn->hash = name_hash(h, name, len);
	hn->next = h->names[hn->hash % BUCKETS];
	h->names[hn->hash % BUCKETS] = hn;
	return hn;
}

static void
name_add(struct headers *h, struct header_name *hn, uint32_t field)
{
	if (hn->n == hn->size) {
		hn->size *= 2;
		hn->field = arena_enlarge(h->arena, hn->field, hn->n, hn->size,
		    sizeof(*hn->field));
	}
	hn->field[hn->n++] = field;
}

bool
headers_add(struct headers *h, const char *name, const char *value)
{
	struct header_name	*hn;
	struct header		*f;
	size_t			 len = headers_name_length(name);
	size_t			 bytes = len + strlen(value);

	if (h->n >= h->max_fields || bytes > h->max_bytes - h->bytes)
		return false;
	if (h->n == h->size) {
		h->size = h->size > 0 ? h->size * 2 : FIELDS_FIRST;
		h->field = arena_enlarge(h->arena, h->field, h->n, h->size,
		    sizeof(*h->field));
	}
	hn = name_find(h, name, len);
	if (hn == NULL)
		hn = name_new(h, name, len);
	name_add(h, hn, (uint32_t)h->n);
	f = &h->field[h->n++];
	f->name = memcmp(hn->name, name, len) == 0 ? hn->name :
	    arena_memdup(h->arena, name, len);
	f->sent_name = name[len] == '\0' ? f->name :
	    arena_strdup(h->arena, name);
	f->value = arena_strdup(h->arena, value);
	f->nth = hn->n;
	h->bytes += bytes;
	return true;
}

const struct header *
headers_find(const struct headers *h, const char *name, unsigned nth)
{
	const struct header_name *hn = name_find(h, name,
	    headers_name_length(name));

	if (hn == NULL || nth < 1 || nth > hn->n)
		return NULL;
	return &h->field[hn->field[nth - 1]];
}

unsigned
headers_count(const struct headers *h, const char *name)
{
	const struct header_name *hn = name_find(h, name,
	    headers_name_length(name));

	return hn != NULL ? hn->n : 0;
}

void
headers_select(struct headers *h)
{
	h->round++;
}

size_t
headers_take(struct headers *h, const char *name, size_t len)
{
	struct header_name *hn = name_find(h, name, len);

	if (hn == NULL)
		return HEADERS_NONE;
	if (hn->round != h->round) {
		hn->round = h->round;
		hn->left = hn->n;
	}
	return hn->left > 0 ? hn->field[--hn->left] : HEADERS_NONE;
}
