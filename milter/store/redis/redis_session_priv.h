/*
 * redis_session - a connection that is logged in, has loaded our script, and
 * knows the server's clock
 *
 * Refusals of a server become error texts here, with advice.
 */
#ifndef MILLGATE_REDIS_SESSION_H
#define MILLGATE_REDIS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redis_link_priv.h"
#include "redis_reply_priv.h"

struct buf;

struct redis_server {
	struct redis_url url;
	char		*password_file;	/* NULL: no password */
	struct redis_tls_trust *trust;	/* NULL: no TLS */
	const char	*script;
};

struct redis_session {
	struct redis_link *link;
	char		 sha[41];	/* of the script */
	int64_t		 ahead;		/* server's clock minus ours, ms */
	uint64_t	 used;		/* when it was put aside, ms */
};

/* NULL with `error`, a short text without the host. */
struct redis_session *redis_session_open(const struct redis_server *s,
		    uint64_t deadline, char error[REDIS_ERROR]);
void		 redis_session_close(struct redis_session **sp);

/* One command, one reply; NULL with `error`. */
struct redis_reply *redis_session_ask(struct redis_session *s,
		    const struct redis_word *word, size_t n,
		    uint64_t deadline, char error[REDIS_ERROR]);

/* The reply is an error that begins with `code`. */
bool		 redis_said(const struct redis_reply *r, const char *code);
/* `said`: the text of the server's error. */
void		 redis_explain(const char *said, char error[REDIS_ERROR]);
/* The server is unusable for now: try again later, on a new connection. */
bool		 redis_is_down(const struct redis_reply *r);

#endif
