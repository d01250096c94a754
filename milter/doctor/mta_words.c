/*
 * mta_words - sockets, times and lists as Postfix and Sendmail write them
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/netaddr.h"
#include "doctor/mta_words.h"

#define HOST		256
#define EOM_LEAST	60u	/* seconds, as in contrib */
#define EOM_MORE	40u	/* than the lookups */

void
mta_set(struct mta_settings *s, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->setting[i].name, name) == 0)
			break;
	if (i == MTA_SETTINGS)
		return;
	if (i == s->n)
		s->n++;
	s->setting[i].name = name;
	s->setting[i].value = value;
}

const char *
mta_get(const struct mta_settings *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->setting[i].name, name) == 0)
			return s->setting[i].value;
	return NULL;
}

const char *
mta_word(struct arena *a, const char **text, const char *parts)
{
	const char	*p = *text + strspn(*text, parts);
	size_t		 len = strcspn(p, parts);

	*text = p + len;
	return len > 0 ? arena_memdup(a, p, len) : NULL;
}

unsigned
mta_seconds(const char *text)
{
	static const struct { char unit; unsigned seconds; } units[] = {
		{ '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 },
		{ 'd', 86400 }, { 'w', 604800 }
	};
	uint64_t	n = 0;
	size_t		i;

	if (!ascii_is_digit(*text))
		return MTA_NO_TIME;
	for (; ascii_is_digit(*text); text++)
		if (n < MTA_NO_TIME)
			n = n * 10 + (uint64_t)(*text - '0');
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*text == units[i].unit &&
		    (*text == '\0' || text[1] == '\0')) {
			n *= units[i].seconds;
			return n < MTA_NO_TIME ? (unsigned)n :
			    MTA_NO_TIME - 1;
		}
	return MTA_NO_TIME;
}

unsigned
mta_eom_seconds(unsigned lookup_seconds)
{
	return lookup_seconds + EOM_MORE > EOM_LEAST ? lookup_seconds +
	    EOM_MORE : EOM_LEAST;
}

const char *
mta_port(const char *service)
{
	static const char *const names[][2] = {
		{ "smtp", "25" }, { "submission", "587" },
		{ "submissions", "465" }, { "smtps", "465" },
		{ "ssmtp", "465" }, { "urd", "465" }
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(service, names[i][0]) == 0)
			return names[i][1];
	return service;
}

/* --- sockets ------------------------------------------------------------ */

struct place {
	const char	*path;		/* of a unix socket; NULL: inet */
	char		 host[HOST];
	const char	*port;
};

static bool
copy_host(char host[HOST], const char *p, size_t len)
{
	if (len >= 2 && p[0] == '[' && p[len - 1] == ']') {
		p++;
		len -= 2;
	}
	if (len >= HOST)
		return false;
	memcpy(host, p, len);
	host[len] = '\0';
	return true;
}

/* "inet:port@host", "inet:host:port", "unix:path", "local:path", "/path" */
static bool
read_place(const char *socket, struct place *place)
{
	const char *rest = strchr(socket, ':'), *mark;

	memset(place, 0, sizeof(*place));
	if (socket[0] == '/') {
		place->path = socket;
		return true;
	}
	if (rest == NULL)
		return false;
	rest++;
	if (strncmp(socket, "unix:", 5) == 0 ||
	    strncmp(socket, "local:", 6) == 0) {
		place->path = rest;
		return true;
	}
	if (strncmp(socket, "inet", 4) != 0)
		return false;
	mark = strchr(rest, '@');
	if (mark != NULL) {
		place->port = rest;
		return copy_host(place->host, mark + 1, strlen(mark + 1));
	}
	mark = strrchr(rest, ':');
	place->port = mark != NULL ? mark + 1 : rest;
	return mark == NULL ||
	    copy_host(place->host, rest, (size_t)(mark - rest));
}

static bool
same_port(const char *a, const char *b)
{
	size_t alen = strcspn(a, "@"), blen = strcspn(b, "@");

	return alen == blen && alen > 0 && memcmp(a, b, alen) == 0;
}

/* False only for two different addresses; a name may be any address. */
static bool
may_be_same_host(const char *a, const char *b)
{
	struct netaddr	 x, y;
	char		 any[NETADDR_TEXT];

	if (!netaddr_parse(a, &x) || !netaddr_parse(b, &y) ||
	    netaddr_equal(&x, &y))
		return true;
	netaddr_format(&y, any);
	return strcmp(any, "0.0.0.0") == 0 || strcmp(any, "::") == 0 ||
	    (netaddr_is_loopback(&x) && netaddr_is_loopback(&y));
}

/* Is `part` the end of `whole`, from a slash on? */
static bool
is_end_of_path(const char *part, const char *whole)
{
	size_t plen, wlen = strlen(whole);

	while (*part == '/')
		part++;
	plen = strlen(part);
	return plen > 0 && plen < wlen && whole[wlen - plen - 1] == '/' &&
	    strcmp(whole + wlen - plen, part) == 0;
}

bool
mta_is_socket(const char *socket, const char *ours)
{
	struct place theirs, own;

	if (!read_place(socket, &theirs) || !read_place(ours, &own))
		return false;
	if (theirs.path != NULL || own.path != NULL)
		return theirs.path != NULL && own.path != NULL &&
		    is_end_of_path(theirs.path, own.path);
	return same_port(theirs.port, own.port) &&
	    may_be_same_host(theirs.host, own.host);
}
