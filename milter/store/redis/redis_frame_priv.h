/*
 * redis_frame - where one reply of a Redis server ends, and is it sane; pure
 *
 * hiredis trusts what a server says about sizes: a list said to have two
 * thousand million items costs memory and minutes before the first of them
 * has come. So no octet reaches it before a whole reply of a bearable size
 * is there.
 */
#ifndef MILLGATE_REDIS_FRAME_H
#define MILLGATE_REDIS_FRAME_H

#include <stddef.h>

#define REDIS_FRAME_MAX		(8u << 20)	/* octets of one reply */
#define REDIS_FRAME_ITEMS	100000u		/* values in it */
#define REDIS_FRAME_LINE	8192u		/* octets of a line */

enum redis_frame {
	REDIS_FRAME_MORE,	/* more octets are needed */
	REDIS_FRAME_WHOLE,
	REDIS_FRAME_BAD		/* no reply, or more than we take */
};

/* WHOLE: the first reply in `data` is *end octets long. */
enum redis_frame redis_frame_scan(const char *data, size_t len, size_t *end);

#endif
