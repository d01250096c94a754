/*
 * postfix_hosts - the servers that a table of Postfix names, as a URL
 */
#ifndef MILLGATE_POSTFIX_HOSTS_H
#define MILLGATE_POSTFIX_HOSTS_H

#include "directory/directory.h"

struct arena;

struct postfix_hosts {
	enum directory_kind kind;	/* not SQLite */
	const char	*list;		/* hosts or server_host; may be "" */
	const char	*port;		/* server_port, or "" */
	const char	*user, *database;	/* may be "" */
	bool		 tls;		/* the file asks for it */
	bool		 tls_off;	/* not to other hosts either */
};

/*
 * The URL for directory_place_parse, in the arena. TLS is used if the file
 * asks for it, and for every host but this one. NULL, or an error (static).
 */
const char	*postfix_hosts_url(const struct postfix_hosts *h,
		    struct arena *a, const char **url);

#endif
