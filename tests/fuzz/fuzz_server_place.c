/*
 * fuzz_server_place: the text of http-listen, and the URL of a Redis server,
 * are refused, or name a host and a valid port
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "conf/conf_http.h"
#include "store/redis/redis_url.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
check_http(const char *text)
{
	struct http_place p;

	if (!http_place_parse(text, &p))
		return;
	if (p.path != NULL) {
		must(p.path >= text && p.path < text + strlen(text));
		must(p.path[0] == '/' && http_place_is_local(&p));
	} else
		must(p.port >= 1 && p.port <= 65535);
}

static void
check_redis(const char *text)
{
	struct redis_url	 u;
	const char		*why = redis_url_parse(text, &u), *p;
	long			 port;

	if (why != NULL) {
		must(why[0] != '\0');
		return;
	}
	must(redis_url_is(text));
	must(u.tls == (strncasecmp(text, "rediss:", 7) == 0));
	must(u.host[0] != '\0' && u.number <= REDIS_NUMBER_MAX);
	for (p = u.host; *p != '\0'; p++)
		must((unsigned char)*p > ' ' && *p != 0x7f && *p != '/');
	port = strtol(u.port, NULL, 10);
	must(port >= 1 && port <= 65535);
	must(strspn(u.port, "0123456789") == strlen(u.port));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xcalloc(size + 1, 1);

	memcpy(text, data, size);
	check_http(text);
	check_redis(text);
	free(text);
	return 0;
}
