/*
 * log - syslog or stderr, and the writer of key=value lines
 *
 * One message at a time reaches the log whole, from any thread. Text of
 * others is escaped here: a value is printable ASCII, quoted when it holds a
 * blank, a quote, a backslash or "="; other octets become \xNN.
 */
#ifndef MILLGATE_LOG_H
#define MILLGATE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/* Once, before threads. Without it messages go to stderr. */
void	log_open(const char *ident, bool to_stderr);
void	log_printf(enum log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

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
/* A JSON string with its quotes. */
void	json_string(struct buf *b, const char *text);

#endif
