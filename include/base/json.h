/*
 * json - read JSON text in memory, and write strings
 *
 * json_parse checks the whole text once; the other functions walk in what it
 * accepted, without copies. For what millgate's programs say to each other:
 * nesting to JSON_DEPTH, a \uXXXX below 0x80 or as UTF-8, surrogate pairs as
 * "?"; numbers are unsigned integers.
 */
#ifndef MILLGATE_JSON_H
#define MILLGATE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH	16

struct arena;
struct buf;

/* One value in the text. */
struct json {
	const char	*p, *end;
};

/* False when the text is not one JSON value, with blanks around it. */
bool		 json_parse(const char *text, size_t len, struct json *v);
/* A member of an object; false: no object, or it has none of that name. */
bool		 json_get(struct json object, const char *name,
		    struct json *v);
/*
 * The elements of an array or the members of an object, one after the other:
 * *at is {NULL, NULL} before the first. `key` gets an object's names, and may
 * be NULL.
 */
bool		 json_next(struct json list, struct json *at,
		    struct json *key, struct json *v);

/* What is no number is 0; what is not true is false. */
uint64_t	 json_number(struct json v);
bool		 json_true(struct json v);
/* Of a string; NULL when it is none. A NUL in it ends it. */
const char	*json_text(struct arena *a, struct json v);

/* The member `name`, of such a kind; 0, false or "" when it is not there. */
uint64_t	 json_get_number(struct json object, const char *name);
bool		 json_get_true(struct json object, const char *name);
const char	*json_get_text(struct arena *a, struct json object,
		    const char *name);

/* Append `text` as a JSON string with its quotes. */
void	json_string(struct buf *b, const char *text);

#endif
