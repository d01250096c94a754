/*
 * http_listen - the socket of the HTTP server, and its token
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/local_socket.h"
#include "base/safe_open.h"
#include "base/why.h"
#include "conf/conf_http.h"
#include "http_priv.h"

#define WAITING	128	/* clients in the kernel's queue */

/* Returns the length of the address. */
static socklen_t
socket_address(const struct http_place *p, struct sockaddr_storage *ss)
{
	struct sockaddr_in	*in = (void *)ss;
	struct sockaddr_in6	*in6 = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	if (p->addr.family == NETADDR_IPV4) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)p->port);
		memcpy(&in->sin_addr, p->addr.octets, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)p->port);
	memcpy(&in6->sin6_addr, p->addr.octets, 16);
	return sizeof(*in6);
}

static int
listen_tcp(const char *place, const struct http_place *p, char **why)
{
	struct sockaddr_storage	ss;
	socklen_t		len = socket_address(p, &ss);
	int			one = 1, fd;

	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd != -1) {
		/* after a restart old connections may be in TIME_WAIT */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, (void *)&ss, len) == 0 &&
		    listen(fd, WAITING) == 0)
			return fd;
	}
	why_set(why, "http-listen \"%s\": %s%s", place, strerror(errno),
	    errno == EADDRINUSE ? "; another program uses this port, choose "
	    "another one" : errno == EACCES ? "; ports below 1024 need root, "
	    "choose a higher one" : "");
	if (fd != -1)
		close(fd);
	return -1;
}

/* The socket's group is that of the daemon, or of its setgid directory. */
int
http_listen_open(const char *place, char **why)
{
	struct http_place p;

	if (!http_place_parse(place, &p)) {
		why_set(why, "http-listen \"%s\": is not an address", place);
		return -1;
	}
	if (p.path != NULL)
		return local_socket_open("http-listen", p.path, 0660, WAITING,
		    why);
	return listen_tcp(place, &p, why);
}

/* --- the token ---------------------------------------------------------- */

static bool
token_refused(const char *path, const char *fault, char **why)
{
	return why_set(why, "http-token-file \"%s\": %s", path, fault);
}

static bool
token_is_secret(const char *path, int fd, char **why)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && (st.st_mode & 07) == 0)
		return true;
	return why_set(why, "http-token-file \"%s\": everyone may read or "
	    "write this token; run: chmod 640 %s", path, path);
}

/* `text` is what the file has. Cut it to its first line. */
static bool
token_is_good(const char *path, char *text, char **why)
{
	size_t i, len = strcspn(text, "\r\n");

	text[len] = '\0';
	if (len < HTTP_TOKEN_MIN || len > HTTP_TOKEN_MAX)
		return token_refused(path, "the first line must be a token of "
		    "16 to 255 characters; write one with: openssl rand -hex "
		    "24", why);
	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return token_refused(path, "a token has no blanks and "
			    "only ASCII characters; write one with: openssl "
			    "rand -hex 24", why);
	return true;
}

char *
http_token_read(const char *path, char **why)
{
	const char	*wrong = NULL;
	char		 text[HTTP_TOKEN_MAX + 3];
	int		 fd = safe_open_read(path, &wrong);
	ssize_t		 n;
	bool		 good;

	if (fd == -1) {
		token_refused(path, wrong, why);
		return NULL;
	}
	n = read(fd, text, sizeof(text) - 1);
	if (n == -1)
		n = 0;
	text[n] = '\0';
	good = token_is_secret(path, fd, why) && token_is_good(path, text,
	    why);
	close(fd);
	return good ? xstrdup(text) : NULL;
}
