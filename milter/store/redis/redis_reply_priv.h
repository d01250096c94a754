/*
 * redis_reply - commands and replies of the Redis protocol, through hiredis
 *
 * The door to hiredis. We use its parser and formatter, not its connections:
 * these have a time limit for each read, not one for the whole (redis_link.c).
 */
#ifndef MILLGATE_REDIS_REPLY_H
#define MILLGATE_REDIS_REPLY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf;

/* A command is a list of octet strings. */
struct redis_word {
	const char	*text;
	size_t		 len;
};

static inline struct redis_word
redis_word(const char *text)
{
	return (struct redis_word){ text, strlen(text) };
}

/* Append the command's octets. */
void	redis_command_add(struct buf *b, const struct redis_word *word,
	    size_t n);

enum redis_kind {
	REDIS_NOTHING,
	REDIS_NUMBER,
	REDIS_TEXT,
	REDIS_TROUBLE,		/* "-ERR ...": text without the "-" */
	REDIS_LIST
};

struct redis_reply {
	enum redis_kind	 kind;
	int64_t		 number;
	char		*text;		/* NUL at its end; NULL: not a text */
	size_t		 len;
	struct redis_reply *item;
	size_t		 n;
};

/*
 * Parse one reply that redis_frame_scan found complete. NULL: hiredis does not
 * understand it. The caller frees it.
 */
struct redis_reply *redis_reply_parse(const char *data, size_t len);
void	redis_reply_free(struct redis_reply **rp);

#endif
