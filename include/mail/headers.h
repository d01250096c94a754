/*
 * headers - the header fields of one message, in order, bounded
 *
 * Limits: `max_fields` fields, `max_bytes` octets of names and values in all.
 * Beyond them headers_add answers false and stores nothing; the caller
 * refuses the message.
 */
#ifndef MILLGATE_HEADERS_H
#define MILLGATE_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct header {
	const char	*name;		/* as written, without blanks behind */
	const char	*value;		/* as sent, leading blank included */
	unsigned	 nth;		/* instance of its name, from 1 */
};

struct header_name;			/* headers.c: fields by name */

struct headers {
	struct arena	*arena;
	size_t		 max_fields, max_bytes;
	size_t		 n, size, bytes;
	struct header	*field;		/* in the order of the message */
	struct header_name **names;
};

void	headers_init(struct headers *h, struct arena *a, size_t max_fields,
	    size_t max_bytes);
/*
 * Names are compared without case; blanks between name and colon are cut
 * (Postfix passes them), so "From :" is a From. `nth` counts what the MTA
 * counts: fields of the same name as written without those blanks.
 */
bool	headers_add(struct headers *h, const char *name, const char *value);
/* The nth (from 1) field called name, or NULL. */
const struct header *headers_find(const struct headers *h, const char *name,
	    unsigned nth);
/* How many there are. Both answer without looking at the other fields. */
unsigned headers_count(const struct headers *h, const char *name);

#endif
