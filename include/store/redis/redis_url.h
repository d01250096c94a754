/*
 * redis_url - where the Redis server is: redis://[USER@]HOST[:PORT][/NUMBER]
 *
 * rediss:// is the same with TLS. The password stands in a file, never here:
 * the configuration is read by more people than a password should be.
 */
#ifndef MILLGATE_REDIS_URL_H
#define MILLGATE_REDIS_URL_H

#include <stdbool.h>

#define REDIS_PORT		"6379"
#define REDIS_NUMBER_MAX	999999u	/* of a database */

struct redis_url {
	bool		 tls;
	char		 user[64];	/* "": the server's default user */
	char		 host[256];	/* without the brackets of IPv6 */
	char		 port[6];
	unsigned	 number;
};

/* Does the text claim to be one? */
bool		 redis_url_is(const char *text);
/* NULL, or what is wrong and what to do. */
const char	*redis_url_parse(const char *text, struct redis_url *u);

#endif
