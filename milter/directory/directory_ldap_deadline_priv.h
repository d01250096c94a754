/*
 * directory_ldap_deadline - a time at which liblber gives up
 *
 * libldap bounds only some of its waits. With GnuTLS, a TLS handshake with a
 * silent server never ends: the library reads again and again without a pause.
 * So each read and write of a connection waits for the socket here.
 */
#ifndef MILLGATE_DIRECTORY_LDAP_DEADLINE_H
#define MILLGATE_DIRECTORY_LDAP_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct sockbuf;			/* Sockbuf */

struct directory_ldap_deadline {
	uint64_t	 at;	/* as monotonic_ms(); may be changed */
	bool		 missed;
};

/*
 * Put below all other layers but the socket; call it as soon as that is
 * connected. `d` must live as long as the connection.
 */
void	directory_ldap_deadline_add(struct sockbuf *sb,
	    struct directory_ldap_deadline *d);

#endif
