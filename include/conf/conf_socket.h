/*
 * conf_socket - who can connect to the socket for the MTA
 *
 * Every program that can connect is the MTA for millgate: it says who has
 * logged in, gets signatures for any domain and can use up any quota.
 */
#ifndef MILLGATE_CONF_SOCKET_H
#define MILLGATE_CONF_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct conf;

#define CONF_PASSWD	"/etc/passwd"

/* Others than the MTA can connect, and what to write instead. */
struct conf_danger {
	const char	*option;	/* static: "socket", "socket-mode" */
	const char	*text, *change;
};

/*
 * False: only the socket's owner and group can connect, or the socket is on a
 * loopback address of a host without users. `passwd` is the path of the list
 * of local users. Users of a directory (LDAP) are not looked up, because the
 * start must not wait for a server.
 */
bool	conf_socket_danger(struct arena *a, const struct conf *c,
	    const char *passwd, struct conf_danger *danger);
/*
 * A local user who can log in: user id 1000 or higher, not nobody, and a login
 * shell. NULL: there is none, or the file cannot be read.
 */
const char *conf_host_user(struct arena *a, const char *passwd);

#endif
