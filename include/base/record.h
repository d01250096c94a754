/*
 * record - one event as key-value pairs, for a log line, JSON or a reader
 *
 * Text from the network is escaped here. In a line a value is printable
 * ASCII; it is quoted when it is empty or holds a blank, a quote, a backslash
 * or "=", and any other octet becomes \xNN.
 */
#ifndef MILLGATE_RECORD_H
#define MILLGATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

#define RECORD_PAIRS	64	/* further pairs are dropped */
#define RECORD_VALUE	512	/* octets of a value in a line, then "..." */
#define RECORD_JSON	8000	/* octets of an object in a log */

struct record_pair {
	const char	*key;		/* static */
	const char	*value;
	bool		 number;
};

struct record {
	struct arena	*arena;		/* copies of the values */
	size_t		 n;
	struct record_pair pair[RECORD_PAIRS];
};

void	record_init(struct record *r, struct arena *a);
/*
 * Add a pair. A key must be new in the record; the value is copied. A NULL
 * value adds nothing.
 */
void	record_str(struct record *r, const char *key, const char *value);
void	record_num(struct record *r, const char *key, uint64_t value);

/* Append "key=value key=value" to `b`. */
void	record_line(const struct record *r, struct buf *b);
/* Append {"key":"value","n":1}; octets that are not UTF-8 become \u00NN. */
void	record_json(const struct record *r, struct buf *b);
/*
 * The same for a log: "level" is first, and values are cut as in a line. It has
 * at most RECORD_JSON octets. Pairs that do not fit are left out, and
 * "cut":true is added.
 */
void	record_json_line(const struct record *r, const char *level,
	    struct buf *b);

#endif
