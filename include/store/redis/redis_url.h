/*
 * redis_url - the Redis server's URL: redis://[USER@]HOST[:PORT][/NUMBER]
 *
 * rediss:// is the same with TLS. The password is in a file, never here: more
 * people may read the configuration than the password.
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
	unsigned	 number;	/* of the database */
};

/* Does the text begin with redis:// or rediss://? */
bool		 redis_url_is(const char *text);
/* NULL, or a text (static) that says what is wrong and what to do. */
const char	*redis_url_parse(const char *text, struct redis_url *u);

#endif
