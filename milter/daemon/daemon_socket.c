/*
 * daemon_socket - where the MTA finds us: the socket and its file
 *
 * libmilter removes any socket file that is in its way, that of a daemon that
 * runs as well: mail would go nowhere until that one is restarted.
 */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "daemon/privileges.h"
#include "mta/mfi.h"
#include "daemon_socket_priv.h"
#include "socket_file_priv.h"

/* The path of a unix socket, or NULL. */
static const char *
file_of(const struct conf *c)
{
	return strncmp(c->socket, "local:", 6) == 0 ? c->socket + 6 : NULL;
}

static bool
complain(char **why, const char *path, const char *what)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "socket \"%s\": %s", path, what);
	*why = b.data;
	return false;
}

bool
daemon_socket_open(const struct conf *c, char **why)
{
	const char	*path = file_of(c);
	mode_t		 mask;
	bool		 ok;

	if (path != NULL && socket_file_asked(path) == 0)
		return complain(why, path, "another daemon answers there; "
		    "stop it, or give each one a socket of its own");
	mask = umask(0177);
	ok = mfi_open(c, why);
	umask(mask);
	if (!ok || path == NULL)
		return ok;
	if (chmod(path, (mode_t)c->socket_mode) != 0)
		return complain(why, path, strerror(errno));
	return c->socket_owner != NULL ?
	    privileges_give(path, c->socket_owner, why) :
	    privileges_leave(path, c->user, why);
}

void
daemon_socket_remove(const struct conf *c)
{
	const char *path = file_of(c);

	if (path != NULL)
		unlink(path);
}
