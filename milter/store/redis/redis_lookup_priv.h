/*
 * redis_lookup - the addresses of a host, within a deadline
 *
 * Through getaddrinfo(3), because the names of a site's servers are in
 * /etc/hosts as often as in the DNS. It knows no deadline: a thread waits for
 * it, and is left behind when it takes too long. At most four such threads.
 */
#ifndef MILLGATE_REDIS_LOOKUP_H
#define MILLGATE_REDIS_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

struct addrinfo;

/*
 * Free the result with freeaddrinfo. NULL with `error`. The deadline is a time
 * of monotonic_ms.
 */
struct addrinfo *redis_lookup(const char *host, const char *port,
		    uint64_t deadline, char *error, size_t size);

#endif
