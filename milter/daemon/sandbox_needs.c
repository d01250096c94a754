/*
 * sandbox_needs - the files and ports that a configuration needs after the
 * start
 *
 * What is open at the start stays open, and needs no entry: the MTA's socket,
 * pid-file, the log.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/why.h"
#include "conf/conf.h"
#include "conf/conf_http.h"
#include "store/redis/redis_url.h"
#include "sandbox_needs_priv.h"

#define DNS_PORT	53
#define LOCAL		"local:"
#define RESOLV_CONF	"/etc/resolv.conf"

/* Read late by libc and by libraries, and their own modules. */
static const struct {
	const char	*path;
	unsigned	 access;
} system_files[] = {
	{ "/usr", SANDBOX_READ }, { "/lib", SANDBOX_READ },
	{ "/lib64", SANDBOX_READ }, { "/etc/ld.so.cache", SANDBOX_READ },
	/* names of servers, the time zone */
	{ "/etc/gai.conf", SANDBOX_READ }, { "/etc/host.conf", SANDBOX_READ },
	{ "/etc/hosts", SANDBOX_READ }, { "/etc/localtime", SANDBOX_READ },
	{ "/etc/nsswitch.conf", SANDBOX_READ },
	{ "/etc/protocols", SANDBOX_READ },
	{ "/etc/services", SANDBOX_READ },
	/* TLS, and libldap's defaults; not /etc/ssl/private */
	{ "/etc/ssl/certs", SANDBOX_READ },
	{ "/etc/ssl/openssl.cnf", SANDBOX_READ },
	{ "/etc/pki/tls", SANDBOX_READ },
	{ "/etc/crypto-policies", SANDBOX_READ },
	{ "/etc/gnutls", SANDBOX_READ }, { "/etc/ldap", SANDBOX_READ },
	{ "/etc/openldap", SANDBOX_READ },
	{ "/dev/null", SANDBOX_READ | SANDBOX_WRITE },
	{ "/dev/random", SANDBOX_READ }, { "/dev/urandom", SANDBOX_READ },
	/* this process: its memory, its descriptors */
	{ "/proc/self", SANDBOX_READ },
	/* malloc, OpenSSL, GnuTLS and the state file ask the kernel */
	{ "/proc/cpuinfo", SANDBOX_READ }, { "/proc/meminfo", SANDBOX_READ },
	{ "/proc/stat", SANDBOX_READ }, { "/proc/sys/crypto", SANDBOX_READ },
	{ "/proc/sys/kernel/random", SANDBOX_READ },
	{ "/proc/sys/vm/overcommit_memory", SANDBOX_READ },
	{ "/sys/devices/system/cpu", SANDBOX_READ },
};

/* --- lists ---------------------------------------------------------------- */

/* Takes over `path`; NULL is nothing. */
static void
need_add(struct sandbox_needs *n, const char *option, char *path,
    unsigned access)
{
	if (path == NULL)
		return;
	n->need = xrealloc(n->need, (n->n + 1) * sizeof(*n->need));
	n->need[n->n++] = (struct sandbox_need){ option, path, access,
	    n->at_start };
}

static void
need_port(struct sandbox_needs *n, const char *option, int port)
{
	if (port < 0 || port > UINT16_MAX)
		return;
	n->port = xrealloc(n->port, (n->nports + 1) * sizeof(*n->port));
	n->port[n->nports++] = (struct sandbox_port){ option,
	    (uint16_t)port, false, n->at_start };
}

static bool
is_wide(const char *directory)
{
	return strcmp(directory, "/") == 0 || strcmp(directory, "/etc") == 0;
}

/* The directory of an absolute path; malloced. */
static char *
need_directory(const char *path)
{
	char	*copy = xstrdup(path), *slash = strrchr(copy, '/');

	if (slash == NULL) {
		free(copy);
		return xstrdup(".");
	}
	slash[slash == copy] = '\0';
	return copy;
}

/* The directory of a file, or the file alone; `path` has no links in it. */
static void
need_around(struct sandbox_needs *n, const char *option, const char *path,
    unsigned access)
{
	char *directory = need_directory(path);

	if (is_wide(directory) && access == SANDBOX_READ)
		need_add(n, option, xstrdup(path), access);
	else
		need_add(n, option, realpath(directory, NULL), access);
	free(directory);
}

/* A file, where it is and where its name leads; it need not exist. */
static void
need_file(struct sandbox_needs *n, const char *option, const char *path,
    unsigned access)
{
	char *real;

	if (path == NULL || path[0] != '/')
		return;
	need_around(n, option, path, access);
	real = realpath(path, NULL);
	if (real != NULL && strcmp(real, path) != 0)
		need_around(n, option, real, access);
	free(real);
}

/* --- databases ------------------------------------------------------------ */

static int
default_port(const struct directory_place *p)
{
	switch (p->kind) {
	case DIRECTORY_PGSQL:	return 5432;
	case DIRECTORY_MYSQL:	return 3306;
	case DIRECTORY_LDAP:	return p->tls_at_once ? 636 : 389;
	case DIRECTORY_SQLITE:	break;
	}
	return 0;
}

/*
 * A reader of a file in WAL mode writes into the file beside it, if its user
 * may do that.
 */
static void
need_sqlite(struct sandbox_needs *n, const char *option, const char *path)
{
	char		*directory = need_directory(path);
	unsigned	 access_wanted = SANDBOX_READ;

	if (access(directory, W_OK) == 0)
		access_wanted |= SANDBOX_WRITE;
	need_file(n, option, path, access_wanted);
	free(directory);
}

static void
need_place(struct sandbox_needs *n, const char *option,
    const struct directory_place *p)
{
	const char	*port;
	size_t		 i;

	need_file(n, option, p->password_file, SANDBOX_READ);
	need_file(n, option, p->ca_file, SANDBOX_READ);
	if (p->kind == DIRECTORY_SQLITE) {
		need_sqlite(n, option, p->database);
		return;
	}
	for (i = 0; i < p->nhosts; i++) {
		port = p->host[i].port;
		if (p->host[i].name[0] != '/')
			need_port(n, option, port != NULL && port[0] != '\0' ?
			    atoi(port) : default_port(p));
	}
}

static void
need_database(struct sandbox_needs *n, const char *option, const char *url)
{
	struct arena		*a;
	struct directory_place	 p = { .shown = url };

	if (url == NULL)
		return;
	a = arena_new(1024);
	if (directory_place_parse(url, a, &p) == NULL)
		need_place(n, option, &p);
	arena_free(&a);
}

/* "proxy:pgsql:/etc/postfix/x.cf?tls=no": the file in it. */
static void
need_table(void *arg, const char *spec, const struct directory_place *p)
{
	struct sandbox_needs	*n = arg;
	const char		*path = strstr(spec, ":/");
	char			*file;

	if (path != NULL && strncmp(spec, "inline:", 7) != 0) {
		file = xstrdup(path + 1);
		file[strcspn(file, "?")] = '\0';
		need_file(n, "sender-login-maps", file, SANDBOX_READ);
		free(file);
	}
	if (p != NULL)
		need_place(n, "sender-login-maps", p);
}

/* --- the configuration ----------------------------------------------------- */

static void
need_state(struct sandbox_needs *n, const struct conf *c)
{
	struct redis_url url;

	if (redis_url_is(c->state) && redis_url_parse(c->state, &url) == NULL)
		need_port(n, "state", atoi(url.port));
	need_file(n, "state", c->state, SANDBOX_READ | SANDBOX_WRITE);
	need_file(n, "state-password-file", c->state_password_file,
	    SANDBOX_READ);
	need_file(n, "state-ca-file", c->state_ca_file, SANDBOX_READ);
}

static void
need_sockets(struct sandbox_needs *n, const struct conf *c)
{
	struct http_place place;

	if (strncmp(c->socket, LOCAL, strlen(LOCAL)) == 0)
		need_file(n, "socket", c->socket + strlen(LOCAL),
		    SANDBOX_REMOVE);
	need_file(n, "pid-file", c->pid_file, SANDBOX_REMOVE);
	need_file(n, "control-socket", c->control_socket,
	    SANDBOX_READ | SANDBOX_WRITE);
	need_file(n, "http-token-file", c->http_token_file, SANDBOX_READ);
	if (c->http_listen == NULL || !http_place_parse(c->http_listen,
	    &place))
		return;
	need_file(n, "http-listen", place.path, SANDBOX_READ | SANDBOX_WRITE);
	if (place.path == NULL) {
		need_port(n, "http-listen", (int)place.port);
		n->port[n->nports - 1].listens = true;
	}
}

/* "192.0.2.1", "192.0.2.1@5353": an answer that is long comes by TCP. */
static void
need_resolver(struct sandbox_needs *n, const struct conf *c)
{
	const char	*at;
	size_t		 i;

	need_port(n, "resolver", DNS_PORT);
	for (i = 0; i < c->resolver.servers.n; i++) {
		at = strchr(c->resolver.servers.s[i], '@');
		if (at != NULL)
			need_port(n, "resolver", atoi(at + 1));
	}
	need_file(n, "trust-anchor", c->resolver.trust_anchor, SANDBOX_READ);
}

/* "refile:/etc/opendkim/signing.table" */
static const char *
need_table_path(const char *table)
{
	return table != NULL ? strchr(table, '/') : NULL;
}

/* The files of private keys, or their names alone. */
static void
need_keys(struct sandbox_needs *n, const struct conf *c, bool keys)
{
	const unsigned		 access = keys ? SANDBOX_READ : SANDBOX_LIST;
	struct arena		*a = arena_new(1024);
	const char *const	*file = NULL;
	char			*why = NULL, *directory;

	if (c->signing.key_directory != NULL)
		need_add(n, "key-directory",
		    realpath(c->signing.key_directory, NULL), access);
	if (c->signing.key_table != NULL)
		file = keyring_table_files(c->signing.key_table, a, &why);
	for (; file != NULL && *file != NULL; file++) {
		directory = need_directory(*file);
		if (n->n == 0 || strcmp(n->need[n->n - 1].path, directory) !=
		    0)
			need_file(n, "key-table", *file, access);
		free(directory);
	}
	free(why);
	arena_free(&a);
}

static void
need_users(struct sandbox_needs *n, const struct conf *c)
{
	need_file(n, "users-file", c->users_file, SANDBOX_READ);
	need_database(n, "users-database", c->users_database);
	need_file(n, "users-password-file", c->users_password_file,
	    SANDBOX_READ);
	need_file(n, "users-ca-file", c->users_ca_file, SANDBOX_READ);
	if (c->sender_maps != NULL)
		sender_maps_each(c->sender_maps, need_table, n);
}

static void
need_signing(struct sandbox_needs *n, const struct conf *c, bool keys)
{
	need_file(n, "key-table", need_table_path(c->signing.key_table),
	    SANDBOX_READ);
	need_file(n, "signing-table", need_table_path(c->signing.signing_table),
	    SANDBOX_READ);
	need_keys(n, c, keys);
	if (!keys)	/* the key process asks the database */
		return;
	need_database(n, "keys-database", c->signing.keys_database);
	need_file(n, "keys-password-file", c->signing.keys_password_file,
	    SANDBOX_READ);
	need_file(n, "keys-ca-file", c->signing.keys_ca_file, SANDBOX_READ);
}

struct sandbox_needs *
sandbox_needs_new(const struct conf *c, bool keys)
{
	struct sandbox_needs	*n = xcalloc(1, sizeof(*n));
	size_t			 i;

	n->at_start = true;
	for (i = 0; i < sizeof(system_files) / sizeof(system_files[0]); i++)
		need_add(n, NULL, realpath(system_files[i].path, NULL),
		    system_files[i].access);
	/* often a link to a file that is replaced */
	need_file(n, NULL, RESOLV_CONF, SANDBOX_READ);
	need_state(n, c);
	need_sockets(n, c);
	need_resolver(n, c);
	n->at_start = false;
	need_file(n, "-c", c->path, SANDBOX_READ);
	for (i = 0; i < c->files.n; i++)
		need_file(n, "include", c->files.s[i], SANDBOX_READ);
	need_file(n, "metrics-file", c->metrics_file,
	    SANDBOX_READ | SANDBOX_WRITE);
	need_users(n, c);
	need_signing(n, c, keys);
	return n;
}

void
sandbox_needs_free(struct sandbox_needs **np)
{
	struct sandbox_needs	*n = *np;
	size_t			 i;

	*np = NULL;
	for (i = 0; n != NULL && i < n->n; i++)
		free(n->need[i].path);
	if (n != NULL) {
		free(n->need);
		free(n->port);
	}
	free(n);
}

/* --- a reload --------------------------------------------------------------- */

static bool
is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && (path[len] == '\0' ||
	    path[len] == '/');
}

static bool
covers_file(const struct sandbox_needs *start, const struct sandbox_need *w)
{
	unsigned	left = w->access;
	size_t		i;

	for (i = 0; i < start->n && left != 0; i++)
		if (is_below(w->path, start->need[i].path))
			left &= ~start->need[i].access;
	return left == 0;
}

static bool
covers_port(const struct sandbox_needs *start, const struct sandbox_port *w)
{
	size_t i;

	for (i = 0; i < start->nports; i++)
		if (start->port[i].port == w->port &&
		    start->port[i].listens == w->listens)
			return true;
	return false;
}

bool
sandbox_needs_covers(const struct sandbox_needs *start,
    const struct sandbox_needs *now, char **why)
{
	size_t i;

	for (i = 0; i < now->n; i++)
		if (!now->need[i].at_start &&
		    !covers_file(start, &now->need[i]))
			return why_set(why, "%s: the sandbox does not allow "
			    "%s, which the configuration did not name at the "
			    "start; restart the daemon", now->need[i].option,
			    now->need[i].path);
	for (i = 0; i < now->nports; i++)
		if (!now->port[i].at_start && !covers_port(start, &now->port[i]))
			return why_set(why, "%s: the sandbox does not allow "
			    "connections to port %u, which the configuration "
			    "did not name at the start; restart the daemon",
			    now->port[i].option, now->port[i].port);
	return true;
}
