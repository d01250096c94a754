/*
 * taglist - "tag=value; tag=value" (RFC 6376 3.2): one strict reader for
 * DKIM-Signature fields and key records
 *
 * Names are ALPHA *(ALPHA / DIGIT / "_"), and each may occur only once. There
 * must be a tag between two semicolons; its value may be empty. White space
 * is blanks, tabs and folds (CRLF or LF before a blank). Octets above 127 are
 * accepted in values (RFC 8616, notes in key records); the caller judges
 * them. Nothing is copied: all pointers point into the text.
 */
#ifndef MILLGATE_TAGLIST_H
#define MILLGATE_TAGLIST_H

#include <stdbool.h>
#include <stddef.h>

#define TAGLIST_MAX	64	/* tags; real ones have a dozen */

struct tag {
	const char	*name;
	size_t		 name_len;
	const char	*value;		/* trimmed; not NUL-terminated */
	size_t		 len;
	const char	*raw, *raw_end;	/* from "=" to ";" or the end */
	bool		 spaced;	/* white space before "=" */
};

struct taglist {
	size_t		 n;
	struct tag	 tag[TAGLIST_MAX];
};

/* NULL, or the error as a static text; `tl` has the tags before the error. */
const char	*taglist_parse(struct taglist *tl, const char *text,
		    size_t len);
/* The tag of this name (case matters), or NULL. */
const struct tag *taglist_find(const struct taglist *tl, const char *name);
/* True when the value is exactly `text`. */
bool		 tag_is(const struct tag *t, const char *text);

/*
 * The items of a colon-separated value, without the white space around them:
 *	struct tag_items it = tag_items(t);
 *	while (tag_items_next(&it)) ... it.item, it.len
 * An item may be empty; most lists do not allow that.
 */
struct tag_items {
	const char	*item;
	size_t		 len;
	const char	*next, *end;	/* next is NULL after the last item */
};
struct tag_items tag_items(const struct tag *t);
bool		 tag_items_next(struct tag_items *it);

/* Copy without white space; `dst` holds `len` octets. Returns the length. */
size_t		 tag_strip(char *dst, const char *src, size_t len);

/*
 * True when the value is base64 with its padding; white space may be
 * anywhere. An empty value is not base64.
 */
bool		 tag_is_base64(const struct tag *t);

#endif
