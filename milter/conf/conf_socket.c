/*
 * conf_socket - who can connect to the socket for the MTA
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/netaddr.h"
#include "conf/conf.h"
#include "conf/conf_socket.h"
#include "conf_tree_priv.h"

#define FIRST_USER	1000	/* lower ids are those of the system */
#define NOBODY		65534
#define LAST_USER	4294967293u	/* higher ids are reserved */

#define PRIVATE		"write socket = " \
			"\"unix:/run/millgate/millgate.sock\" and " \
			"socket-group = \"millgate-mta\" (see THE " \
			"SOCKET in millgate(8))"

/* The path of a unix socket, or NULL. */
static const char *
socket_path(const struct conf *c)
{
	return strncmp(c->socket, "local:", 6) == 0 ? c->socket + 6 : NULL;
}

static bool
is_login_shell(const char *shell)
{
	static const char *const none[] = {
		"nologin", "false", "true", "sync", "halt", "shutdown"
	};
	const char	*slash = strrchr(shell, '/');
	const char	*name = slash != NULL ? slash + 1 : shell;
	size_t		 i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (strcmp(name, none[i]) == 0)
			return false;
	return true;	/* an empty one is /bin/sh */
}

const char *
conf_host_user(struct arena *a, const char *passwd)
{
	FILE		*file = fopen(passwd, "re");
	struct passwd	 entry, *found = NULL;
	char		 line[4096];
	const char	*name = NULL;

	if (file == NULL)
		return NULL;
	while (name == NULL && fgetpwent_r(file, &entry, line, sizeof(line),
	    &found) == 0)
		if (entry.pw_uid >= FIRST_USER && entry.pw_uid != NOBODY &&
		    entry.pw_uid <= LAST_USER &&
		    is_login_shell(entry.pw_shell))
			name = conf_shown(a, entry.pw_name);
	fclose(file);
	return name;
}

/* A host name is not looked up; only localhost is known to be loopback. */
static bool
is_loopback(const char *socket)
{
	const char	*host = strchr(socket, '@');
	struct netaddr	 addr;

	if (host == NULL)
		return false;
	host++;
	if (netaddr_parse(host, &addr))
		return netaddr_is_loopback(&addr);
	return strcasecmp(host, "localhost") == 0;
}

static bool
inet_danger(struct arena *a, const struct conf *c, const char *passwd,
    struct conf_danger *danger)
{
	const char *user;

	danger->option = "socket";
	danger->change = PRIVATE;
	if (!is_loopback(c->socket)) {
		danger->text = arena_printf(a, "socket = \"%s\": every host "
		    "that reaches this address can act as the MTA, with any "
		    "login", conf_shown(a, c->socket));
		danger->change = PRIVATE ", or let a firewall admit the MTA "
		    "alone";
		return true;
	}
	user = conf_host_user(a, passwd);
	if (user == NULL)
		return false;
	danger->text = arena_printf(a, "socket = \"%s\": every user of this "
	    "host (%s, for example) can act as the MTA, with any login",
	    conf_shown(a, c->socket), user);
	return true;
}

bool
conf_socket_danger(struct arena *a, const struct conf *c, const char *passwd,
    struct conf_danger *danger)
{
	if (socket_path(c) == NULL)
		return inet_danger(a, c, passwd, danger);
	danger->option = "socket-mode";
	danger->text = arena_printf(a, "socket-mode = %04o: every user of "
	    "this host can act as the MTA, with any login", c->socket_mode);
	danger->change = "write socket-mode = \"0660\" and socket-group = "
	    "\"millgate-mta\"";
	return (c->socket_mode & 02) != 0;
}

/* --- contradictions ----------------------------------------------------- */

static void
check_group(struct conf_builder *b, const struct conf_section *root)
{
	const struct conf *c = b->conf;

	if (c->socket_group == NULL)
		return;
	if (c->socket_owner != NULL)
		conf_complain(b->bad, conf_section_where(root,
		    "socket-group"), "socket-group has no effect with "
		    "socket-owner, which also names a group; remove one of "
		    "the two");
	if ((c->socket_mode & 020) == 0)
		conf_complain(b->bad, conf_section_where(root,
		    "socket-group"), "socket-group has no effect with "
		    "socket-mode = %04o; write socket-mode = \"0660\"",
		    c->socket_mode);
}

void
conf_check_socket(struct conf_builder *b)
{
	static const char *const unix_only[] = {
		"socket-mode", "socket-owner", "socket-group"
	};
	const struct conf_section	*root = &b->tree->section[0];
	struct conf_danger		 danger;
	size_t				 i;

	if (b->conf->socket == NULL)
		return;
	for (i = 0; i < 3 && socket_path(b->conf) == NULL; i++)
		if (conf_section_sets(root, unix_only[i]))
			conf_complain(b->bad, conf_section_where(root,
			    unix_only[i]), "%s has no effect on an inet "
			    "socket; remove it or use unix:PATH",
			    unix_only[i]);
	if (socket_path(b->conf) != NULL)
		check_group(b, root);
	if (conf_socket_danger(b->arena, b->conf, b->may_read_files ?
	    CONF_PASSWD : "/dev/null", &danger))
		conf_complain(b->warnings, conf_section_where(root,
		    danger.option), "%s; %s", danger.text, danger.change);
}
