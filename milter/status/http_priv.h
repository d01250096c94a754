/*
 * http - the parts of the HTTP server
 */
#ifndef MILLGATE_HTTP_PRIV_H
#define MILLGATE_HTTP_PRIV_H

#include <stdbool.h>

#include "base/buf.h"
#include "status/http.h"
#include "status/status.h"

struct services;

/* --- the socket (http_listen.c) ------------------------------------------ */

/*
 * A listening, non-blocking socket; -1 with *why (malloced; the caller frees).
 */
int		 http_listen_open(const char *place, char **why);

/* --- pages (http_pages.c) ----------------------------------------------- */

/* For a page. */
struct http_request {
	struct services	*sv;
	const struct status_start *start;
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
	struct status_start start;
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
