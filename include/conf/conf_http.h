/*
 * conf_http - the address in http-listen
 */
#ifndef MILLGATE_CONF_HTTP_H
#define MILLGATE_CONF_HTTP_H

#include <stdbool.h>

#include "base/netaddr.h"

/* A unix socket, or an address and a port. */
struct http_place {
	const char	*path;		/* in the text; NULL: addr and port */
	struct netaddr	 addr;
	unsigned	 port;
};

/* "unix:/path", "127.0.0.1:8898" or "[::1]:8898". False: something else. */
bool	http_place_parse(const char *text, struct http_place *p);
/* Can other hosts not reach it? True also for a unix socket. */
bool	http_place_is_local(const struct http_place *p);

#endif
