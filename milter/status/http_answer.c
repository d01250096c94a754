/*
 * http_answer - may this request have this page?
 *
 * Without a token, a request to an IP address must name an address or
 * localhost in its field Host. Otherwise the script of a web site could read
 * the pages through the browser of somebody on this host: the site's name
 * would have to resolve to 127.0.0.1 only.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/netaddr.h"
#include "http_priv.h"

#define HOST_MAX	64	/* of an address */

/* --- the field Accept ---------------------------------------------------- */

/* "0.25" is 250; more than 1 is 1. */
static unsigned
accept_weight(const char *p)
{
	unsigned	n, scale = 100;

	if (*p != '0')
		return 1000;
	if (*++p != '.')
		return 0;
	for (n = 0, p++; ascii_is_digit(*p) && scale > 0; p++, scale /= 10)
		n += (unsigned)(*p - '0') * scale;
	return n;
}

/* The weight of one range with its parameters, `len` octets at `p`. */
static unsigned
accept_range(const char *p, size_t len)
{
	const char *end = p + len;

	while ((p = memchr(p, ';', (size_t)(end - p))) != NULL) {
		p++;
		p += strspn(p, " \t");
		if (end - p > 2 && strncasecmp(p, "q=", 2) == 0)
			return accept_weight(p + 2);
	}
	return 1000;
}

unsigned
http_accepts(const char *accept, const char *type)
{
	size_t		 len, n = strlen(type);
	const char	*p;

	for (p = accept; p != NULL && *p != '\0'; p += len) {
		p += strspn(p, " \t,");
		len = strcspn(p, ",");
		if (len >= n && strncasecmp(p, type, n) == 0 &&
		    strchr("; \t,", p[n]) != NULL)
			return accept_range(p, len);
	}
	return 0;
}

/* --- who may have it ----------------------------------------------------- */

/* The time does not depend on where the two differ. */
static bool
token_matches(const char *token, const char *given)
{
	size_t		 i, len = strlen(token), n = strlen(given);
	unsigned char	 differ = len != n;

	for (i = 0; i < n; i++)
		differ |= (unsigned char)(given[i] ^ token[i % len]);
	return differ == 0;
}

static bool
is_authorized(const struct http_site *site, const struct http_ask *ask)
{
	const char *field = ask->authorization;

	if (site->token == NULL)
		return true;
	if (field == NULL || strncasecmp(field, "Bearer ", 7) != 0)
		return false;
	return token_matches(site->token, field + 7 + strspn(field + 7, " "));
}

/* "127.0.0.1:8898", "[::1]", "localhost:8898" */
static bool
is_local_name(const char *host)
{
	const char	*colon = strrchr(host, ':');
	const char	*bracket = strrchr(host, ']');
	size_t		 len = strlen(host);
	char		 name[HOST_MAX];
	struct netaddr	 addr;

	if (colon != NULL && (bracket == NULL || bracket < colon))
		len = (size_t)(colon - host);
	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	return strcasecmp(name, "localhost") == 0 ||
	    netaddr_parse(name, &addr);
}

/* --- the answer ---------------------------------------------------------- */

static void
http_refuse(struct http_response *rs, unsigned status, const char *text)
{
	rs->status = status;
	rs->type = "text/plain; charset=utf-8";
	rs->policy = NULL;
	buf_addstr(&rs->body, text);
}

static const struct http_page *
page_find(const char *path)
{
	const struct http_page *p;

	for (p = http_pages; p->path != NULL; p++)
		if (strcmp(p->path, path) == 0)
			return p;
	return NULL;
}

static void
page_answer(const struct http_site *site, const struct http_page *page,
    const struct http_ask *ask, struct http_response *rs)
{
	struct http_request rq = { site->sv, &site->start, ask->accept };

	rs->status = 200;
	rs->type = page->type;
	rs->policy = page->policy;
	page->answer(&rq, rs);
}

void
http_answer(const struct http_site *site, const struct http_ask *ask,
    struct http_response *rs)
{
	const struct http_page *page = page_find(ask->path);

	memset(rs, 0, sizeof(*rs));
	if (strcmp(ask->method, "GET") != 0 &&
	    strcmp(ask->method, "HEAD") != 0)
		http_refuse(rs, 405, "Only GET and HEAD are allowed.\n");
	else if ((page == NULL || !page->open) && !is_authorized(site, ask))
		http_refuse(rs, 401, "Send the token of http-token-file: "
		    "Authorization: Bearer TOKEN\n");
	else if (site->token == NULL && site->local_names &&
	    ask->host != NULL && !is_local_name(ask->host))
		http_refuse(rs, 403, "The name in the field Host is not "
		    "allowed. Use the address in http-listen, or set "
		    "http-token-file.\n");
	else if (page == NULL)
		http_refuse(rs, 404, "There is no such page.\n");
	else
		page_answer(site, page, ask, rs);
}
