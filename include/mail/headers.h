/*
 * headers - the header fields of one message, in order, bounded
 *
 * At most `max_fields` fields and `max_bytes` octets of names and values.
 * Beyond these limits headers_add returns false and stores nothing; the
 * caller must refuse the message.
 */
#ifndef MILLGATE_HEADERS_H
#define MILLGATE_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct header {
	const char	*name;		/* as written, no trailing blanks */
	const char	*value;		/* as sent, with its leading blank */
	unsigned	 nth : 31;	/* instance of its name, from 1 */
	unsigned	 blanks : 1;	/* it was sent with trailing blanks */
	/* headers.c: indexes that link the fields of a name and of a bucket */
	uint32_t	 hash, next, above, below, left;
};

struct headers {
	struct arena	*arena;
	size_t		 max_fields, max_bytes;
	size_t		 n, npages, bytes;
	struct header	**page;		/* use headers_at */
	uint32_t	*bucket;
};

void	headers_init(struct headers *h, struct arena *a, size_t max_fields,
	    size_t max_bytes);
/*
 * Add a copy of a field. Names are compared without regard to ASCII case.
 * Blanks before the colon, which Postfix passes on, are cut: "From :" is a
 * From. `nth` counts as the MTA does: the fields of a name without those
 * blanks.
 */
bool	headers_add(struct headers *h, const char *name, const char *value);
/* Field `i`, from 0, in the order of the message. */
struct header *headers_at(const struct headers *h, size_t i);
/* The name as sent, with the blanks before the colon. */
const char *headers_sent_name(const struct header *f);
/* The first field of this name, and the next one of the same name; or NULL. */
const struct header *headers_first(const struct headers *h, const char *name);
const struct header *headers_next(const struct headers *h,
	    const struct header *f);
/* The number of fields of this name. All of these take constant time. */
unsigned headers_count(const struct headers *h, const char *name);

#define HEADERS_NONE	SIZE_MAX

/*
 * Select fields from the bottom up, as h= of a DKIM signature does (RFC 6376
 * 5.4.2). headers_select begins anew, in linear time. headers_take returns the
 * index of the lowest field of this name (`len` octets) that was not taken
 * since then, or HEADERS_NONE.
 */
void	headers_select(struct headers *h);
size_t	headers_take(struct headers *h, const char *name, size_t len);

#endif
