/*
 * redis_reply - commands and replies of the Redis protocol, through hiredis
 *
 * The result of its reader is copied into our own type at once, so that no
 * other file needs to know hiredis.
 */
#include <hiredis/hiredis.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "redis_reply_priv.h"

void
redis_command_add(struct buf *b, const struct redis_word *word, size_t n)
{
	const char	**text = xcalloc(n, sizeof(*text));
	size_t		 *len = xcalloc(n, sizeof(*len)), i;
	char		 *data = NULL;
	int		  size;

	for (i = 0; i < n; i++) {
		text[i] = word[i].text;
		len[i] = word[i].len;
	}
	size = redisFormatCommandArgv(&data, (int)n, text, len);
	if (size < 0)
		abort();		/* out of memory, as everywhere */
	buf_add(b, data, (size_t)size);
	redisFreeCommand(data);
	free(text);
	free(len);
}

static enum redis_kind
reply_kind(int type)
{
	switch (type) {
	case REDIS_REPLY_INTEGER:
		return REDIS_NUMBER;
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
		return REDIS_TEXT;
	case REDIS_REPLY_ERROR:
		return REDIS_TROUBLE;
	case REDIS_REPLY_ARRAY:
		return REDIS_LIST;
	default:
		return REDIS_NOTHING;
	}
}

/* hiredis bounds the depth of lists within lists. */
static void
reply_copy(struct redis_reply *to, const redisReply *from)
{
	size_t i;

	memset(to, 0, sizeof(*to));
	to->kind = reply_kind(from->type);
	switch (to->kind) {
	case REDIS_NUMBER:
		to->number = from->integer;
		break;
	case REDIS_TEXT:
	case REDIS_TROUBLE:
		to->len = from->len;
		to->text = xmalloc(to->len + 1);
		memcpy(to->text, from->str, to->len);
		to->text[to->len] = '\0';
		break;
	case REDIS_LIST:
		to->n = from->elements;
		to->item = xcalloc(to->n > 0 ? to->n : 1, sizeof(*to->item));
		for (i = 0; i < to->n; i++)
			reply_copy(&to->item[i], from->element[i]);
		break;
	case REDIS_NOTHING:
		break;
	}
}

struct redis_reply *
redis_reply_parse(const char *data, size_t len)
{
	redisReader		*reader = redisReaderCreate();
	void			*parsed = NULL;
	struct redis_reply	*r = NULL;

	if (reader == NULL)
		abort();
	if (redisReaderFeed(reader, data, len) == REDIS_OK &&
	    redisReaderGetReply(reader, &parsed) == REDIS_OK &&
	    parsed != NULL) {
		r = xcalloc(1, sizeof(*r));
		reply_copy(r, parsed);
		freeReplyObject(parsed);
	}
	redisReaderFree(reader);
	return r;
}

static void
reply_empty(struct redis_reply *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		reply_empty(&r->item[i]);
	free(r->item);
	free(r->text);
}

void
redis_reply_free(struct redis_reply **rp)
{
	if (*rp == NULL)
		return;
	reply_empty(*rp);
	free(*rp);
	*rp = NULL;
}
