/*
 * postfix_hosts - the servers that a table of Postfix names, as a URL
 *
 * SQL: "host", "host:port", "inet:host:port", "unix:/path"; to MySQL,
 * "localhost" is its socket. LDAP: "host", "host:port" or URLs.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/escape.h"
#include "postfix_hosts_priv.h"

#define LIST_BLANKS	", \t\r\n"
#define MYSQL_SOCKET	"/run/mysqld/mysqld.sock"

/* The hosts so far. */
struct url {
	struct buf	 hosts;
	const char	*scheme;	/* NULL: none yet */
	bool		 remote;	/* one of them is another host */
	const char	*wrong;
};

static bool
is_this_host(const char *name)
{
	size_t len = 0;

	if (strncasecmp(name, "localhost", 9) == 0)
		len = 9;
	else if (strncmp(name, "127.", 4) == 0)
		len = strspn(name, "0123456789.");
	else if (strncmp(name, "[::1]", 5) == 0)
		len = 5;
	return len > 0 && (name[len] == '\0' || name[len] == ':');
}

static void
add_scheme(struct url *u, const char *scheme)
{
	if (u->scheme != NULL && strcmp(u->scheme, scheme) != 0)
		u->wrong = "has hosts of different kinds; name hosts of one "
		    "kind";
	u->scheme = scheme;
}

/* "host" or "host:port", as URLs have them too. */
static void
add_host(struct url *u, const char *host, const char *port)
{
	const char *colon = strrchr(host, ':');

	if (host[0] == '\0' || strpbrk(host, "/@?%=") != NULL) {
		u->wrong = "is not a list of hosts; write HOST or HOST:PORT";
		return;
	}
	u->remote |= !is_this_host(host);
	buf_printf(&u->hosts, "%s%s", u->hosts.len > 0 ? "," : "", host);
	if (port[0] != '\0' && (colon == NULL ||
	    strchr(colon, ']') != NULL))
		buf_printf(&u->hosts, ":%s", port);
}

static void
add_socket(struct url *u, const char *path)
{
	if (u->hosts.len > 0)
		buf_addch(&u->hosts, ',');
	escape_url(&u->hosts, path);
}

static void
add_sql(struct url *u, enum directory_kind kind, const char *word)
{
	add_scheme(u, kind == DIRECTORY_PGSQL ? "pgsql" : "mysql");
	if (strncmp(word, "postgresql:", 11) == 0) {
		u->wrong = "connection URIs are not supported; write hosts, "
		    "user, password and dbname";
		return;
	}
	if (strncmp(word, "unix:", 5) == 0 || strncmp(word, "inet:", 5) == 0)
		word += 5;
	if (word[0] == '/')
		add_socket(u, word);
	else if (kind == DIRECTORY_MYSQL && strcasecmp(word, "localhost") == 0)
		add_socket(u, MYSQL_SOCKET);
	else
		add_host(u, word, "");
}

static void
add_ldap(struct url *u, char *word, const char *port)
{
	size_t len = strlen(word);

	if (len > 0 && word[len - 1] == '/')
		word[len - 1] = '\0';
	if (strncasecmp(word, "ldapi://", 8) == 0) {
		add_scheme(u, "ldapi");
		buf_printf(&u->hosts, "%s%s", u->hosts.len > 0 ? "," : "",
		    word + 8);
	} else if (strncasecmp(word, "ldaps://", 8) == 0) {
		add_scheme(u, "ldaps");
		add_host(u, word + 8, "");
	} else if (strncasecmp(word, "ldap://", 7) == 0) {
		add_scheme(u, "ldap");
		add_host(u, word + 7, "");
	} else {
		add_scheme(u, "ldap");
		add_host(u, word, port);
	}
}

static void
add_hosts(struct url *u, const struct postfix_hosts *h, char *rest)
{
	char *word;

	while (u->wrong == NULL && (word = strsep(&rest, LIST_BLANKS)) != NULL)
		if (word[0] == '\0')
			continue;
		else if (h->kind == DIRECTORY_LDAP)
			add_ldap(u, word, h->port);
		else
			add_sql(u, h->kind, word);
}

const char *
postfix_hosts_url(const struct postfix_hosts *h, struct arena *a,
    const char **url)
{
	struct url	 u = { BUF_INIT, NULL, false, NULL };
	struct buf	 b = BUF_INIT;
	bool		 tls;

	add_hosts(&u, h, arena_strdup(a, h->list));
	if (u.wrong == NULL && u.scheme == NULL)
		add_hosts(&u, h, arena_strdup(a, "localhost"));
	tls = h->tls || (u.remote && !h->tls_off);
	if (u.wrong == NULL) {
		buf_printf(&b, "%s://", u.scheme);
		escape_url(&b, h->user);
		buf_printf(&b, "%s%s", h->user[0] != '\0' ? "@" : "",
		    buf_str(&u.hosts));
		if (h->kind != DIRECTORY_LDAP) {
			buf_addch(&b, '/');
			escape_url(&b, h->database);
		}
		if (!tls && strcmp(u.scheme, "ldaps") != 0 &&
		    strcmp(u.scheme, "ldapi") != 0)
			buf_addstr(&b, "?tls=no");
		*url = arena_strdup(a, buf_str(&b));
	}
	buf_free(&u.hosts);
	buf_free(&b);
	return u.wrong;
}
