/*
 * headers - the header fields of one message, in order, bounded
 *
 * A hash table lists the fields by name, so that counting and finding cost the
 * same with ten fields and with ten thousand. A bucket lists the lowest field
 * of each of its names, and the fields of a name form a ring. All links are
 * indexes within the fields, since thousands of headers may be in memory.
 */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/fnv.h"
#include "mail/headers.h"

#define BUCKETS		64u
/* Fields are allocated in pages, which are never moved. */
#define PAGE_FIELDS	4u
#define PAGES_FIRST	8u

void
headers_init(struct headers *h, struct arena *a, size_t max_fields,
    size_t max_bytes)
{
	memset(h, 0, sizeof(*h));
	h->arena = a;
	h->max_fields = max_fields < INT32_MAX ? max_fields : INT32_MAX;
	h->max_bytes = max_bytes;
}

struct header *
headers_at(const struct headers *h, size_t i)
{
	return &h->page[i / PAGE_FIELDS][i % PAGE_FIELDS];
}

/*
 * FNV-1a, seeded with an address. A sender does not know the seed, so he
 * cannot choose names that all have the same hash.
 */
static uint32_t
name_hash(const struct headers *h, const char *name, size_t len)
{
	uint64_t seed = FNV_START ^ (uintptr_t)h->bucket;

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
	return a[len] == '\0';
}

/*
 * The link to the lowest field of this name: its index plus 1. If there is
 * none, the link is 0, and the name belongs there.
 */
static uint32_t *
name_link(const struct headers *h, const char *name, size_t len, uint32_t hash)
{
	uint32_t	*link = &h->bucket[hash % BUCKETS];
	struct header	*f;

	for (; *link != 0; link = &f->next) {
		f = headers_at(h, *link - 1);
		if (f->hash == hash && headers_same_name(f->name, name, len))
			break;
	}
	return link;
}

static struct header *
name_lowest(const struct headers *h, const char *name, size_t len)
{
	uint32_t link;

	if (h->bucket == NULL)
		return NULL;
	link = *name_link(h, name, len, name_hash(h, name, len));
	return link != 0 ? headers_at(h, link - 1) : NULL;
}

/* Room for one more field. */
static struct header *
field_new(struct headers *h)
{
	size_t page = h->n / PAGE_FIELDS;

	if (h->bucket == NULL)
		h->bucket = arena_array(h->arena, BUCKETS, sizeof(*h->bucket));
	if (page == h->npages) {
		h->npages = page > 0 ? 2 * page : PAGES_FIRST;
		h->page = arena_enlarge(h->arena, h->page, page, h->npages,
		    sizeof(*h->page));
	}
	if (h->page[page] == NULL)
		h->page[page] = arena_array(h->arena, PAGE_FIELDS,
		    sizeof(struct header));
	return headers_at(h, h->n);
}

/* Make it the lowest field of its name. */
static void
field_link(struct headers *h, struct header *f, uint32_t *link)
{
	struct header *above;

	f->nth = 1;
	f->below = (uint32_t)h->n;
	if (*link != 0) {
		f->above = *link - 1;
		above = headers_at(h, f->above);
		f->nth = above->nth + 1;
		f->below = above->below;
		f->next = above->next;
		above->below = (uint32_t)h->n;
	}
	*link = (uint32_t)h->n + 1;
}

/*
 * The name without blanks, which the field above may have, too. If it was sent
 * with blanks, the name as sent follows it, see headers_sent_name.
 */
static const char *
field_name(struct headers *h, const struct header *f, const char *name,
    size_t len)
{
	const char *above;

	if (f->blanks)
		return arena_printf(h->arena, "%.*s%c%s", (int)len, name, 0,
		    name);
	above = f->nth > 1 ? headers_at(h, f->above)->name : NULL;
	return above != NULL && memcmp(above, name, len) == 0 ? above :
	    arena_memdup(h->arena, name, len);
}

bool
headers_add(struct headers *h, const char *name, const char *value)
{
	struct header	*f;
	size_t		 len = headers_name_length(name);
	size_t		 vlen = strlen(value), bytes = strlen(name) + vlen;

	if (h->n >= h->max_fields || bytes > h->max_bytes - h->bytes)
		return false;
	f = field_new(h);
	f->blanks = name[len] != '\0';
	f->hash = name_hash(h, name, len);
	field_link(h, f, name_link(h, name, len, f->hash));
	f->name = field_name(h, f, name, len);
	f->value = arena_memdup(h->arena, value, vlen);
	h->n++;
	h->bytes += bytes;
	return true;
}

const char *
headers_sent_name(const struct header *f)
{
	return f->blanks ? f->name + strlen(f->name) + 1 : f->name;
}

const struct header *
headers_first(const struct headers *h, const char *name)
{
	const struct header *lowest = name_lowest(h, name,
	    headers_name_length(name));

	return lowest != NULL ? headers_at(h, lowest->below) : NULL;
}

const struct header *
headers_next(const struct headers *h, const struct header *f)
{
	const struct header *below = headers_at(h, f->below);

	return below->nth > f->nth ? below : NULL;
}

unsigned
headers_count(const struct headers *h, const char *name)
{
	const struct header *lowest = name_lowest(h, name,
	    headers_name_length(name));

	return lowest != NULL ? lowest->nth : 0;
}

void
headers_select(struct headers *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		headers_at(h, i)->left = (uint32_t)i + 1;
}

size_t
headers_take(struct headers *h, const char *name, size_t len)
{
	struct header	*lowest = name_lowest(h, name, len), *f;
	size_t		 at;

	if (lowest == NULL || lowest->left == 0)
		return HEADERS_NONE;
	at = lowest->left - 1;
	f = headers_at(h, at);
	lowest->left = f->nth > 1 ? f->above + 1 : 0;
	return at;
}
