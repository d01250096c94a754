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
#ifndef MILLGATE_HTTP_H
#define MILLGATE_HTTP_H

#define HTTP_CLIENTS	64
#define HTTP_CROWD	48
#define HTTP_REQUEST	8192
#define HTTP_SECONDS	10
#define HTTP_RATE	50

struct conf;
struct http;
struct services;

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

/*
 * The token in the file, malloced: its first line, at least
 * HTTP_TOKEN_MIN printable characters without blanks. NULL with *why as above.
 */
#define HTTP_TOKEN_MIN	16
#define HTTP_TOKEN_MAX	255
char		*http_token_read(const char *path, char **why);

#endif
