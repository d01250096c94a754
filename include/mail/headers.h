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
	const char	*sent_name;	/* with them */
	const char	*value;		/* as sent, with its leading blank */
	unsigned	 nth;		/* instance of its name, from 1 */
};

struct header_name;			/* headers.c: fields by name */

struct headers {
	struct arena	*arena;
	size_t		 max_fields, max_bytes;
	size_t		 n, size, bytes;
	struct header	*field;		/* in the order of the message */
	struct header_name **names;
	unsigned	 round;		/* of headers_take */
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
/* The nth field (from 1) of this name, or NULL. */
const struct header *headers_find(const struct headers *h, const char *name,
	    unsigned nth);
/* The number of fields of this name. Both take constant time. */
unsigned headers_count(const struct headers *h, const char *name);

#define HEADERS_NONE	SIZE_MAX

/*
 * Select fields from the bottom up, as h= of a DKIM signature does (RFC 6376
 * 5.4.2). headers_select begins anew; headers_take returns the index of the
 * lowest field of this name (`len` octets) that was not taken since then, or
 * HEADERS_NONE.
 */
void	headers_select(struct headers *h);
size_t	headers_take(struct headers *h, const char *name, size_t len);

#endif
