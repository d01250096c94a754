/*
 * postfix_text - Postfix's tables in memory: texthash:, inline:, lmdb:
 *
 * Pure. Keys are in lower case (ASCII), as in all tables of addresses.
 */
#ifndef MILLGATE_POSTFIX_TEXT_H
#define MILLGATE_POSTFIX_TEXT_H

#include <stdbool.h>

struct arena;
struct postfix_text;

/* An empty table; all of it is in the arena. */
struct postfix_text *postfix_text_new(struct arena *a);
/* The texts are kept, and the key is folded. False: there is one already. */
bool		 postfix_text_add(struct postfix_text *t, char *key,
		    const char *value);
/*
 * The table that a file for postmap(1) has. NULL, or "path:line: error" in the
 * arena; two entries with one key are an error, as in Postfix.
 */
const char	*postfix_texthash_parse(const char *path, const char *text,
		    struct arena *a, struct postfix_text **t);
/* The same from "{key=value, { key = value, value }, ...}". */
const char	*postfix_inline_parse(const char *text, struct arena *a,
		    struct postfix_text **t);
/* The value of a key in lower case; NULL: none. */
const char	*postfix_text_find(const struct postfix_text *t,
		    const char *key);

#endif
