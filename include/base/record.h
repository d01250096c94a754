/*
 * record - one event as pairs, and the writer of key=value lines
 *
 * Foreign text is escaped here: a value is printable ASCII, quoted when it holds
 * a blank, a quote, a backslash or "="; other octets become \xNN.
 */
#ifndef MILLGATE_RECORD_H
#define MILLGATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

/*
 * One event as pairs: built once, written as a log line, as JSON or for a
 * reader. Keys are unique; what occurs several times is one value.
 */
#define RECORD_PAIRS	64
/* In a log line a longer value is cut, with "..." behind. */
#define RECORD_VALUE	512

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
/* A NULL value adds nothing. */
void	record_str(struct record *r, const char *key, const char *value);
void	record_num(struct record *r, const char *key, uint64_t value);
/* NULL when there is no such key. */
const char *record_get(const struct record *r, const char *key);

/* "key=value key=value", escaped as said above. */
void	record_line(const struct record *r, struct buf *b);
/* {"key":"value","n":1}; text that is not valid UTF-8 as \u00NN octets. */
void	record_json(const struct record *r, struct buf *b);

#endif
