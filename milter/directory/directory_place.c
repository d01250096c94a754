/*
 * directory_place - the place of a database: a URL, or the path of a file
 *
 *	pgsql://USER@HOST[:PORT][,HOST...]/DATABASE[?tls=no]	mysql:// too
 *	ldap://BINDDN@HOST[:PORT][,HOST...][?tls=no]		ldaps:// too
 *	ldapi://[SOCKET]
 *
 * Parts are percent-encoded (RFC 3986 section 2.1). A host that is a path is a
 * unix socket; without a host it is the database's usual socket. Passwords are
 * in files, because more people may read the configuration.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/escape.h"
#include "directory/directory.h"
#include "directory_driver_priv.h"

#define HOSTS_MAX	16u
#define LDAPI_SOCKET	"/run/slapd/ldapi"
#define SQL_FORM(x)	x "://USER@HOST/DATABASE"

static const struct scheme {
	const char	*name;
	enum directory_kind kind;
	bool		 database;	/* in the path */
	bool		 tls_at_once, socket_only;
	const char	*form;
	const char	*package;
} schemes[] = {
	{ "pgsql", DIRECTORY_PGSQL, true, false, false, SQL_FORM("pgsql"),
	    "libpq (Debian package: libpq-dev)" },
	{ "mysql", DIRECTORY_MYSQL, true, false, false, SQL_FORM("mysql"),
	    "libmariadb (Debian package: libmariadb-dev)" },
	{ "ldap", DIRECTORY_LDAP, false, false, false, "ldap://BINDDN@HOST",
	    "libldap (Debian package: libldap-dev)" },
	{ "ldaps", DIRECTORY_LDAP, false, true, false, "ldaps://BINDDN@HOST",
	    "libldap (Debian package: libldap-dev)" },
	{ "ldapi", DIRECTORY_LDAP, false, false, true,
	    "ldapi://%2Frun%2Fslapd%2Fldapi",
	    "libldap (Debian package: libldap-dev)" },
};

/* What other programs call these databases. */
static const struct alias {
	const char	*name, *advice;
} aliases[] = {
	{ "postgresql", "write pgsql:// for PostgreSQL" },
	{ "postgres", "write pgsql:// for PostgreSQL" },
	{ "mariadb", "write mysql:// for MariaDB" },
	{ "sqlite", "write the path of an SQLite file alone" },
	{ "sqlite3", "write the path of an SQLite file alone" },
	{ "file", "write the path of an SQLite file alone" },
};

/* The text that is left to parse, and where its parts go. */
struct url {
	const struct scheme *scheme;
	struct arena	*arena;
	const char	*at, *end;
	struct directory_place *place;
};

/* --- characters ---------------------------------------------------------- */

/* NULL: a broken escape, or a control character. */
static char *
place_decode(struct arena *a, const char *from, const char *end)
{
	char *text = arena_memdup(a, from, (size_t)(end - from));

	return escape_decode(text, '%') && !ascii_has_control(text) ? text :
	    NULL;
}

static const char *
place_find(const char *from, const char *end, char c)
{
	const char *found = memchr(from, c, (size_t)(end - from));

	return found != NULL ? found : end;
}

/* The last one, because a user's name may have one, too. */
static const char *
place_find_last(const char *from, const char *end, char c)
{
	const char *p;

	for (p = end; p > from; p--)
		if (p[-1] == c)
			return p - 1;
	return NULL;
}

static const char *
place_wrong(const struct url *u, const char *what)
{
	return arena_printf(u->arena, "%s; write %s", what, u->scheme->form);
}

/* --- parts --------------------------------------------------------------- */

/* Takes "?tls=no" off the end. */
static const char *
place_take_options(struct url *u)
{
	const char	*mark = place_find(u->at, u->end, '?');
	const char	*option = mark + 1;
	size_t		 len;

	u->place->tls = !u->scheme->socket_only;
	if (mark == u->end)
		return NULL;
	len = (size_t)(u->end - option);
	u->end = mark;
	if (len == 7 && memcmp(option, "tls=yes", len) == 0)
		return NULL;
	/* it is not shown: it may be a password */
	if (len != 6 || memcmp(option, "tls=no", len) != 0)
		return "has an unknown option; the only one is ?tls=no";
	if (u->scheme->tls_at_once)
		return "says ldaps and tls=no; write ldap:// for no TLS";
	u->place->tls = false;
	return NULL;
}

/* Takes "/DATABASE" off the end. */
static const char *
place_take_database(struct url *u)
{
	const char	*slash = place_find(u->at, u->end, '/');
	const char	*name = slash < u->end ? slash + 1 : u->end;

	u->place->database = place_decode(u->arena, name, u->end);
	if (u->place->database == NULL)
		return place_wrong(u, "has an invalid name of a database");
	if (u->scheme->database && u->place->database[0] == '\0')
		return place_wrong(u, "names no database");
	if (!u->scheme->database && u->place->database[0] != '\0')
		return place_wrong(u, "has a part behind the host; the base "
		    "of a search belongs in the query");
	u->end = slash;
	return NULL;
}

/* Takes "USER@" off the front. */
static const char *
place_take_user(struct url *u)
{
	const char *mark = place_find_last(u->at, u->end, '@');

	u->place->user = "";
	if (mark == NULL)
		return NULL;
	if (memchr(u->at, ':', (size_t)(mark - u->at)) != NULL)
		return "contains a password; write it into a file and set the "
		    "option whose name ends in \"password-file\" (write a "
		    "colon in a user's name as %3A)";
	u->place->user = place_decode(u->arena, u->at, mark);
	if (u->place->user == NULL || u->place->user[0] == '\0')
		return place_wrong(u, "has an invalid user");
	u->at = mark + 1;
	return NULL;
}

static bool
port_is_valid(const char *port)
{
	size_t len = strspn(port, "0123456789");

	return len > 0 && len <= 5 && port[len] == '\0' &&
	    atoi(port) > 0 && atoi(port) <= 65535;
}

/* Letters, digits and what else is in names and addresses. */
static bool
host_is_valid(const struct url *u, const char *name)
{
	if (name[0] == '/')
		return true;
	return !u->scheme->socket_only && name[0] != '\0' && name[strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789.-_:%")] == '\0';
}

/* HOST[:PORT], [IPV6][:PORT], or a socket's path, from `from` to `end`. */
static bool
place_take_host(struct url *u, const char *from, const char *end,
    struct directory_host *h)
{
	const char	*colon, *stop;

	if (from < end && *from == '[') {
		stop = place_find(++from, end, ']');
		colon = stop + 1;
		if (stop == end || (colon < end && *colon != ':'))
			return false;
	} else
		stop = colon = place_find(from, end, ':');
	h->name = place_decode(u->arena, from, stop);
	h->port = "";
	if (h->name == NULL || !host_is_valid(u, h->name))
		return false;
	if (colon >= end)
		return true;
	h->port = arena_memdup(u->arena, colon + 1,
	    (size_t)(end - colon - 1));
	return port_is_valid(h->port);
}

static const char *
place_take_no_host(struct url *u, struct directory_host *h)
{
	if (u->scheme->kind == DIRECTORY_LDAP && !u->scheme->socket_only)
		return place_wrong(u, "names no host");
	h->name = u->scheme->socket_only ? LDAPI_SOCKET : "";
	h->port = "";
	u->place->nhosts = 1;
	return NULL;
}

static const char *
place_take_hosts(struct url *u)
{
	struct directory_host	*host = arena_array(u->arena, HOSTS_MAX,
				    sizeof(*host));
	const char		*comma;
	size_t			 n = 0;

	u->place->host = host;
	if (u->at == u->end)
		return place_take_no_host(u, host);
	for (;; u->at = comma + 1) {
		comma = place_find(u->at, u->end, ',');
		if (n == HOSTS_MAX)
			return "names more than 16 hosts; remove some";
		if (!place_take_host(u, u->at, comma, &host[n++]))
			return place_wrong(u, "has an invalid host or port");
		if (comma == u->end)
			break;
	}
	u->place->nhosts = n;
	return NULL;
}

/* --- the whole ----------------------------------------------------------- */

static bool
scheme_is(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && memcmp(name, text, len) == 0;
}

static const char *
place_unknown(const char *text, size_t len, struct arena *a)
{
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (scheme_is(aliases[i].name, text, len))
			return arena_printf(a, "begins with %s://, which is "
			    "not known; %s", aliases[i].name,
			    aliases[i].advice);
	return "is not a database that is known; write pgsql://, mysql://, "
	    "ldap://, ldaps://, ldapi://, or the path of an SQLite file";
}

static const char *
place_parse_url(const struct scheme *s, const char *text, struct arena *a,
    struct directory_place *p)
{
	struct url	 u = { s, a, text, text + strlen(text), p };
	const char	*why;

	if (directory_driver_of(s->kind) == NULL)
		return arena_printf(a, "needs %s, which is not in this build; "
		    "install it, and build millgate again", s->package);
	p->kind = s->kind;
	p->tls_at_once = s->tls_at_once;
	why = place_take_options(&u);
	if (why == NULL)
		why = place_take_database(&u);
	if (why == NULL)
		why = place_take_user(&u);
	return why != NULL ? why : place_take_hosts(&u);
}

static const char *
place_parse_path(const char *text, struct arena *a, struct directory_place *p)
{
	struct directory_host *host = arena_alloc(a, sizeof(*host));

	host->name = host->port = "";
	p->kind = DIRECTORY_SQLITE;
	p->host = host;
	p->nhosts = 1;
	p->user = "";
	p->database = p->shown;
	p->tls = p->tls_at_once = false;
	return text[0] != '\0' ? NULL : "is empty; write the path of a file";
}

const char *
directory_place_parse(const char *text, struct arena *a,
    struct directory_place *p)
{
	const char	*mark = strstr(text, "://");
	size_t		 i, len;

	p->shown = arena_strdup(a, text);
	if (mark == NULL)
		return place_parse_path(text, a, p);
	len = (size_t)(mark - text);
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (scheme_is(schemes[i].name, text, len))
			return place_parse_url(&schemes[i], mark + 3, a, p);
	return place_unknown(text, len, a);
}
