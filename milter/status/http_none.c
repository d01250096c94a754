/*
 * http_none - built without libmicrohttpd
 */
#include <stddef.h>

#include "base/why.h"
#include "http_priv.h"

struct http *
http_open(const struct conf *c, struct services *sv, char **why)
{
	(void)c;
	(void)sv;
	why_set(why, HTTP_MISSING);
	return NULL;
}

void
http_close(struct http **hp)
{
	*hp = NULL;
}

const char *
http_library(void)
{
	return NULL;
}
