/*
 * redis_url - the Redis server's URL: redis://[USER@]HOST[:PORT][/NUMBER]
 */
#include <stdlib.h>
#include <string.h>

#include "store/redis/redis_url.h"

static bool
url_starts_with(const char *text, const char *lead)
{
	return strncmp(text, lead, strlen(lead)) == 0;
}

bool
redis_url_is(const char *text)
{
	return url_starts_with(text, "redis://") ||
	    url_starts_with(text, "rediss://");
}

/* Copy printable ASCII; false: too long, or other octets. */
static bool
url_copy(char *to, size_t size, const char *from, size_t len)
{
	size_t i;

	if (len >= size)
		return false;
	for (i = 0; i < len; i++)
		if (from[i] <= ' ' || from[i] > '~')
			return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* The text must be digits only. */
static bool
url_number(const char *text, unsigned long max, unsigned long *n)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 6 || text[len] != '\0')
		return false;
	*n = strtoul(text, NULL, 10);
	return *n <= max;
}

/* Takes "USER@" off the front. */
static const char *
url_take_user(const char **text, struct redis_url *u)
{
	size_t		 len = strcspn(*text, "/");
	const char	*at = memchr(*text, '@', len);
	size_t		 user;

	if (at == NULL)
		return NULL;
	user = (size_t)(at - *text);
	if (memchr(*text, ':', user) != NULL)
		return "contains a password; write it into a file and set "
		    "state-password-file";
	if (user == 0 || !url_copy(u->user, sizeof(u->user), *text, user))
		return "has an invalid user name before \"@\"; write "
		    "redis://USER@HOST:PORT/NUMBER";
	*text = at + 1;
	return NULL;
}

/* Takes the host off the front; [..] holds an IPv6 address. */
static bool
url_take_host(const char **text, struct redis_url *u)
{
	bool		 brackets = **text == '[';
	const char	*host = *text + (brackets ? 1 : 0);
	size_t		 len = strcspn(host, brackets ? "]/" : ":/[]");

	if (len == 0 || !url_copy(u->host, sizeof(u->host), host, len))
		return false;
	if (brackets && host[len] != ']')
		return false;
	*text = host + len + (brackets ? 1 : 0);
	return true;
}

static bool
url_take_port(const char **text, struct redis_url *u)
{
	size_t		len;
	unsigned long	n;

	memcpy(u->port, REDIS_PORT, sizeof(REDIS_PORT));
	if (**text != ':')
		return true;
	++*text;
	len = strcspn(*text, "/");
	if (!url_copy(u->port, sizeof(u->port), *text, len) ||
	    !url_number(u->port, 65535, &n) || n == 0)
		return false;
	*text += len;
	return true;
}

const char *
redis_url_parse(const char *text, struct redis_url *u)
{
	const char	*why;
	unsigned long	 n = 0;

	memset(u, 0, sizeof(*u));
	if (!redis_url_is(text))
		return "is not a redis:// URL; write redis://HOST:PORT/NUMBER";
	u->tls = url_starts_with(text, "rediss:");
	text = strchr(text, '/') + 2;
	why = url_take_user(&text, u);
	if (why != NULL)
		return why;
	if (!url_take_host(&text, u))
		return "has no valid host; write redis://HOST:PORT/NUMBER, "
		    "an IPv6 address as [::1]";
	if (!url_take_port(&text, u))
		return "has no valid port; write redis://HOST:PORT/NUMBER "
		    "with a port from 1 to 65535";
	if (strcmp(text, "") != 0 && strcmp(text, "/") != 0 &&
	    (*text != '/' || !url_number(text + 1, REDIS_NUMBER_MAX, &n)))
		return "does not end in the number of a database; write "
		    "redis://HOST:PORT/0";
	u->number = (unsigned)n;
	return NULL;
}
