/*
 * redis_frame - finds the end of a Redis server's reply and bounds it; pure
 *
 * hiredis trusts the sizes that a server announces: a list announced with
 * 2,000 million items costs memory and minutes before the first item comes.
 * So no octet reaches hiredis before a whole reply of a bounded size is there.
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
	REDIS_FRAME_BAD		/* not a reply, or above the bounds */
};

/* WHOLE: the first reply in `data` is *end octets long. */
enum redis_frame redis_frame_scan(const char *data, size_t len, size_t *end);

#endif
