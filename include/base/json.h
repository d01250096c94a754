/*
 * json - read JSON text in memory, and write strings
 *
 * json_parse checks the whole text once; the other functions read the
 * checked text without copies. This is the subset that millgate's programs
 * exchange: values nest up to JSON_DEPTH, numbers are unsigned integers.
 * \uXXXX becomes UTF-8, each half of a surrogate pair becomes "?".
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

/* False unless the text is one JSON value; white space around it is allowed. */
bool		 json_parse(const char *text, size_t len, struct json *v);
/* A member of an object; false: not an object, or no such member. */
bool		 json_get(struct json object, const char *name,
		    struct json *v);
/*
 * The elements of an array or the members of an object, one a call; false
 * after the last. *at is {NULL, NULL} before the first call. `key` receives
 * the name of an object's member, and may be NULL.
 */
bool		 json_next(struct json list, struct json *at,
		    struct json *key, struct json *v);

/* 0 when the value is not a number; false when it is not true. */
uint64_t	 json_number(struct json v);
bool		 json_true(struct json v);
/* A string, unescaped; NULL when the value is not one. \u0000 ends it. */
const char	*json_text(struct arena *a, struct json v);

/* The member `name`; 0, false or "" when missing or of another type. */
uint64_t	 json_get_number(struct json object, const char *name);
bool		 json_get_true(struct json object, const char *name);
const char	*json_get_text(struct arena *a, struct json object,
		    const char *name);

/*
 * Append `text` as a JSON string with its quotes. Control characters, and each
 * octet NN that is not UTF-8, become \u00NN.
 */
void	json_string(struct buf *b, const char *text);
/* The same for `len` octets, none of them NUL. */
void	json_string_of(struct buf *b, const char *text, size_t len);

/*
 * Append a member of an object, or with `name` NULL an element of a list,
 * after a comma if it is not the first one. For a text that is NULL,
 * json_put_text adds nothing, and json_put_or_null a member that is null.
 * json_put_open begins an object or a list: the caller appends the bracket that
 * ends it. After json_put_name the caller appends the value.
 */
void	json_put_name(struct buf *b, const char *name);
void	json_put_number(struct buf *b, const char *name, uint64_t n);
void	json_put_bool(struct buf *b, const char *name, bool value);
void	json_put_text(struct buf *b, const char *name, const char *text);
void	json_put_or_null(struct buf *b, const char *name, const char *text);
void	json_put_open(struct buf *b, const char *name, char bracket);

#endif
