/*
 * conf_http - the options of the HTTP server and of metrics-file
 *
 * A host name is not taken for an address: it would have to be looked up, and
 * localhost may be two addresses.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "conf/conf.h"
#include "conf/conf_http.h"
#include "conf/conf_options.h"
#include "conf_tree_priv.h"

#define ADDRESS_MAX	64

static bool
parse_path(const char *path, struct http_place *p)
{
	struct sockaddr_un un;

	p->path = path;
	return path[0] == '/' && strlen(path) < sizeof(un.sun_path);
}

/* 1 to 65535, digits only; 0: not a port. */
static unsigned
parse_port(const char *text)
{
	size_t i;

	for (i = 0; ascii_is_digit(text[i]); i++)
		;
	if (i == 0 || i > 5 || text[i] != '\0' || atoi(text) > 65535)
		return 0;
	return (unsigned)atoi(text);
}

/* An IPv6 address must have brackets, an IPv4 address none. */
static bool
parse_address(const char *text, size_t len, struct netaddr *a)
{
	char	address[ADDRESS_MAX];
	bool	brackets = text[0] == '[';

	if (len >= sizeof(address) || len < 2)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (brackets != (strchr(address, ':') != NULL) ||
	    (brackets && address[len - 1] != ']'))
		return false;
	return netaddr_parse(address, a);
}

bool
http_place_parse(const char *text, struct http_place *p)
{
	const char *colon = strrchr(text, ':');

	memset(p, 0, sizeof(*p));
	if (strncmp(text, "unix:", 5) == 0)
		return parse_path(text + 5, p);
	if (colon == NULL || colon == text)
		return false;
	p->port = parse_port(colon + 1);
	return p->port != 0 && parse_address(text, (size_t)(colon - text),
	    &p->addr);
}

bool
http_place_is_local(const struct http_place *p)
{
	return p->path != NULL || netaddr_is_loopback(&p->addr);
}

const char *
syntax_http(struct arena *a, const char **text)
{
	struct http_place p;

	(void)a;
	return http_place_parse(*text, &p) ? NULL : "is not an address; "
	    "write for example \"127.0.0.1:8898\", \"[::1]:8898\" or "
	    "\"unix:/run/millgate/http.sock\"";
}

/* What the pages show is not for everybody: logins, domains, volumes. */
void
conf_check_http(struct conf_builder *b)
{
	const struct conf_section	*root = &b->tree->section[0];
	const struct conf		*c = b->conf;
	struct http_place		 p;

	if (c->http_listen == NULL) {
		if (c->http_token_file != NULL &&
		    !conf_section_sets(root, "http-listen"))
			conf_complain(b->bad, conf_section_where(root,
			    "http-token-file"), "http-token-file has no "
			    "effect without http-listen; set http-listen");
		return;
	}
	if (http_place_parse(c->http_listen, &p) && !http_place_is_local(&p) &&
	    c->http_token_file == NULL)
		conf_complain(b->bad, conf_section_where(root, "http-listen"),
		    "http-listen = \"%s\" is not a loopback address: every "
		    "host that reaches it could read logins and domains; set "
		    "http-token-file, or write \"127.0.0.1:%u\"",
		    conf_shown(b->arena, c->http_listen), p.port);
}
