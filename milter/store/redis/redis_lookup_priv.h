/*
 * redis_lookup - the addresses of a host, within a deadline
 *
 * By the system's own means, because names of a site's servers stand in
 * /etc/hosts as often as in the DNS. Those know no deadline: a thread waits
 * for them, and is left behind when it takes too long, four at most.
 */
#ifndef MILLGATE_REDIS_LOOKUP_H
#define MILLGATE_REDIS_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

struct addrinfo;

/*
 * Freed by freeaddrinfo. NULL with `error` filled. The deadline is a time of
 * the monotonic clock in milliseconds.
 */
struct addrinfo *redis_lookup(const char *host, const char *port,
		    uint64_t deadline, char *error, size_t size);

#endif
