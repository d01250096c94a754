/*
 * taglist - "tag=value; tag=value" (RFC 6376 3.2): one strict reader for
 * DKIM-Signature fields and key records
 *
 * Strict: names are ALPHA *(ALPHA / DIGIT / "_"), no name twice, no empty
 * place between two semicolons, white space only as blanks, tabs and folds
 * (CRLF or LF before a blank). Octets above 127 are let through in values
 * (RFC 8616, notes in key records); the caller judges them. Nothing is
 * copied: all pointers lead into the text.
 */
#ifndef MILLGATE_TAGLIST_H
#define MILLGATE_TAGLIST_H

#include <stdbool.h>
#include <stddef.h>

#define TAGLIST_MAX	64	/* tags; real ones have a dozen */

struct tag {
	const char	*name;
	size_t		 name_len;
	const char	*value;		/* outer white space cut; not ended */
	size_t		 len;
	const char	*raw, *raw_end;	/* all from "=" to ";" or the end */
	bool		 spaced;	/* white space before "=" */
};

struct taglist {
	size_t		 n;
	struct tag	 tag[TAGLIST_MAX];
};

/* NULL, or what is wrong: static words. The tags before it are there. */
const char	*taglist_parse(struct taglist *tl, const char *text,
		    size_t len);
/* The tag of that name (case matters), or NULL. */
const struct tag *taglist_find(const struct taglist *tl, const char *name);
/* The value is exactly this. */
bool		 tag_is(const struct tag *t, const char *text);

/*
 * The items of a colon-separated value, white space around them cut:
 *	struct tag_items it = tag_items(t);
 *	while (tag_items_next(&it)) ... it.item, it.len
 * An item may be empty: most lists do not allow that.
 */
struct tag_items {
	const char	*item;
	size_t		 len;
	const char	*next, *end;	/* next is NULL behind the last one */
};
struct tag_items tag_items(const struct tag *t);
bool		 tag_items_next(struct tag_items *it);

/* Copy without any white space; dst holds len octets. Octets written. */
size_t		 tag_strip(char *dst, const char *src, size_t len);

/*
 * The value is base64 with white space anywhere, complete with padding.
 * An empty value is none.
 */
bool		 tag_is_base64(const struct tag *t);

#endif
