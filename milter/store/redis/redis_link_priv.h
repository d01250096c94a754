/*
 * redis_link - one connection to a Redis server, with deadlines
 *
 * A deadline is a time of monotonic_ms. It covers all that a function does: a
 * server that sends an octet now and then cannot stretch it. A link belongs
 * to one thread at a time. After a failure close it: a reply may still come.
 */
#ifndef MILLGATE_REDIS_LINK_H
#define MILLGATE_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/redis/redis_url.h"
#include "redis_reply_priv.h"

#define REDIS_ERROR	160

struct redis_link;
struct redis_tls_trust;

/* `trust` NULL: no TLS. NULL with `error`, a short text without the host. */
struct redis_link *redis_link_open(const struct redis_url *u,
		    const struct redis_tls_trust *trust, uint64_t deadline,
		    char error[REDIS_ERROR]);
void		 redis_link_close(struct redis_link **lp);
/* False: the server closed it, or sent something unasked. */
bool		 redis_link_is_quiet(struct redis_link *l);

/* Send one or more commands that redis_command_add wrote. */
bool		 redis_link_send(struct redis_link *l, const char *data,
		    size_t len, uint64_t deadline, char error[REDIS_ERROR]);
/* The next reply; the caller frees it. NULL with `error`. */
struct redis_reply *redis_link_receive(struct redis_link *l,
		    uint64_t deadline, char error[REDIS_ERROR]);

#endif
