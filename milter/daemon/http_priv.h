/*
 * http - a read-only HTTP server for metrics, health and the status page
 *
 * It has a thread of its own, so that no client can delay mail. A connection
 * serves one request and is closed. Nothing can be changed through it.
 *
 * Bounds: HTTP_CLIENTS connections, HTTP_REQUEST octets for each, request and
 * header of the answer together, HTTP_SECONDS from the connection to the end
 * of the answer. When HTTP_CROWD clients are connected, the next one closes
 * the connection of the one that has been there longest. After HTTP_RATE
 * requests in a second, further ones wait for the next second.
 */
#ifndef MILLGATE_HTTP_PRIV_H
#define MILLGATE_HTTP_PRIV_H

#include <stdbool.h>

#include "base/buf.h"
#include "control_priv.h"

#define HTTP_CLIENTS	64
#define HTTP_CROWD	48
#define HTTP_REQUEST	8192
#define HTTP_SECONDS	10
#define HTTP_RATE	50

struct conf;
struct http;
struct services;

/* --- the server (http_server.c, http_none.c) ---------------------------- */

/*
 * Listen at http-listen of `c` and start the thread. Call it after privileges
 * have been dropped. NULL with *why (malloced; the caller frees). `sv` must
 * outlive it.
 */
struct http	*http_open(const struct conf *c, struct services *sv,
		    char **why);
/* Stop the thread and remove a unix socket. */
void		 http_close(struct http **hp);
/* The error of http_open without the library. */
#define HTTP_MISSING	"http-listen: this millgate was built without " \
			"libmicrohttpd; remove the option, or install " \
			"libmicrohttpd-dev and build it again"
/* Version of the library, for --version; NULL: built without it. */
const char	*http_library(void);

/* --- the socket and the token (http_listen.c) --------------------------- */

/* A listening, non-blocking socket; -1 with *why as above. */
int		 http_listen_open(const char *place, char **why);
/*
 * The token in the file, malloced: its first line, at least
 * HTTP_TOKEN_MIN printable characters without blanks. NULL with *why as above.
 */
#define HTTP_TOKEN_MIN	16
#define HTTP_TOKEN_MAX	255
char		*http_token_read(const char *path, char **why);

/* --- pages (http_pages.c) ----------------------------------------------- */

/* For a page. */
struct http_request {
	struct services	*sv;
	const struct control_start *start;
	const char	*accept;	/* the field Accept, or NULL */
};

struct http_response {
	unsigned	 status;	/* preset: 200 */
	const char	*type;		/* static; preset by the page's row */
	const char	*policy;	/* Content-Security-Policy; the same */
	struct buf	 body;
};

/*
 * One row is one page. It is made in the HTTP thread, one at a time, and must
 * not take longer than about a second.
 */
struct http_page {
	const char	*path;		/* NULL ends the table */
	const char	*type;
	const char	*policy;	/* NULL: 'none' */
	bool		 open;		/* no token is needed */
	void		(*answer)(const struct http_request *rq,
			    struct http_response *rs);
};
extern const struct http_page http_pages[];

/* --- a request (http_answer.c) ------------------------------------------ */

/* What is the same for all requests. */
struct http_site {
	struct services	*sv;
	struct control_start start;
	char		*token;		/* NULL: none is needed */
	bool		 local_names;	/* Host must be an address */
};

/* Fields that are missing are NULL. */
struct http_ask {
	const char	*method, *path, *host, *authorization, *accept;
};

/*
 * Fill the response; the caller frees its body. Errors are answers, too: 401,
 * 403, 404, 405.
 */
void		 http_answer(const struct http_site *site,
		    const struct http_ask *ask, struct http_response *rs);

/*
 * The weight 0 to 1000 that a field Accept gives to a media type (RFC 9110
 * 12.5.1). Only the type's own range counts, not its wildcards.
 */
unsigned	 http_accepts(const char *accept, const char *type);

#endif
