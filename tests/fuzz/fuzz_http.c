/*
 * fuzz_http: no request gets a page without the token or, where none is set,
 * with the name of another host; every answer has a status, a type and a text
 *
 * The first octet says whether there is a token, and whether the server has an
 * IP address. Lines follow: method, path, Host, Authorization and Accept. A
 * field whose line is missing is missing in the request.
 */
#include <stdint.h>

#include "fuzz/fuzz_site.h"
#include "status/http_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char token[] = "0123456789abcdef";

/* RFC 6750 2.1, a second time */
static bool
has_token(const char *field)
{
	return field != NULL && strncasecmp(field, "Bearer ", 7) == 0 &&
	    strcmp(field + 7 + strspn(field + 7, " "), token) == 0;
}

/* Nothing but octets of an address, to the end or to the last colon. */
static bool
may_be_local(const char *host)
{
	size_t len = strspn(host, "0123456789abcdefABCDEF.:[]");

	if (strncasecmp(host, "localhost", 9) == 0)
		return host[9] == '\0' || host[9] == ':';
	return strpbrk(host, ".:") != NULL &&
	    (host[len] == '\0' || (memchr(host, ':', len) != NULL &&
	    strchr(host + len, ':') == NULL));
}

static void
check_answer(const struct http_site *server, const struct http_ask *ask,
    const struct http_response *rs)
{
	bool	health = strcmp(ask->path, "/healthz") == 0;

	CHECK(rs->type != NULL && rs->body.len > 0);
	CHECK(rs->status == 200 || rs->status == 401 || rs->status == 403 ||
	    rs->status == 404 || rs->status == 405 ||
	    (health && rs->status == 503));
	if (rs->status != 200)
		return;
	CHECK(strcmp(ask->method, "GET") == 0 ||
	    strcmp(ask->method, "HEAD") == 0);
	CHECK(health || server->token == NULL || has_token(ask->authorization));
	CHECK(server->token != NULL || !server->local_names || ask->host == NULL ||
	    may_be_local(ask->host));
}

static bool
mentions(const char *accept, const char *type)
{
	size_t n = strlen(type);

	for (; *accept != '\0'; accept++)
		if (strncasecmp(accept, type, n) == 0)
			return true;
	return false;
}

static void
check_accept(const char *accept)
{
	static const char *const types[] = { "text/plain",
	    "application/openmetrics-text" };
	size_t	i;

	for (i = 0; i < 2; i++) {
		CHECK(http_accepts(accept, types[i]) <= 1000);
		if (accept == NULL || !mentions(accept, types[i]))
			CHECK(http_accepts(accept, types[i]) == 0);
	}
}

/* In memory of its own, so that the sanitizer knows its end. */
static char *
next_field(char **text)
{
	char *line = strsep(text, "\n");

	return line != NULL ? xstrdup(line) : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_site	 server = { .sv = NULL };
	struct http_response	 rs;
	char			*text, *rest, *field[5];
	struct http_ask		 ask;
	size_t			 i;

	if (size == 0)
		return 0;
	site_load();
	server.sv = site_open();
	server.token = (data[0] & 1) != 0 ? token : NULL;
	server.local_names = (data[0] & 2) != 0;
	rest = text = xcalloc(size, 1);
	memcpy(text, data + 1, size - 1);
	for (i = 0; i < 5; i++)
		field[i] = next_field(&rest);
	ask = (struct http_ask){ field[0], field[1], field[2], field[3],
	    field[4] };
	check_accept(ask.accept);
	if (ask.path != NULL) {
		http_answer(&server, &ask, &rs);
		check_answer(&server, &ask, &rs);
		buf_free(&rs.body);
	}
	for (i = 0; i < 5; i++)
		free(field[i]);
	free(text);
	site_close(server.sv);
	return 0;
}
