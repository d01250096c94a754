/*
 * conf_syntax - is this text what the option takes?
 *
 * Each function answers NULL, or what is wrong and what to do. Some replace
 * the text by its normal form: lower-case domains, "local:" for "unix:".
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/netaddr.h"
#include "conf/conf.h"
#include "conf/conf_options.h"
#include "conf/users.h"
#include "mail/domain.h"
#include "policy/policy_proof.h"
#include "policy/policy_rules.h"
#include "store/redis/redis_url.h"

/* 1 to 65535, digits only; 0 is no port. */
static unsigned
port_number(const char *text, size_t len)
{
	unsigned	port = 0;
	size_t		i;

	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || i >= 5)
			return 0;
		port = port * 10 + (unsigned)(text[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

static const char *
unix_socket(struct arena *a, const char **text, const char *path)
{
	struct sockaddr_un un;

	if (path[0] != '/')
		return "names no absolute path; write "
		    "unix:/run/millgate/millgate.sock or the like";
	if (strlen(path) >= sizeof(un.sun_path))
		return "is too long for a socket; choose a shorter path";
	*text = arena_printf(a, "local:%s", path);
	return NULL;
}

/* libmilter's syntax, and "unix:" for its "local:". */
const char *
syntax_socket(struct arena *a, const char **text)
{
	const char	*t = *text, *port;
	size_t		 len;

	if (strncmp(t, "unix:", 5) == 0)
		return unix_socket(a, text, t + 5);
	if (strncmp(t, "local:", 6) == 0)
		return unix_socket(a, text, t + 6);
	if (t[0] == '/')
		return unix_socket(a, text, t);
	if (strncmp(t, "inet:", 5) != 0 && strncmp(t, "inet6:", 6) != 0)
		return "is no socket; write inet:PORT@HOST, inet6:PORT@HOST "
		    "or unix:PATH";
	port = strchr(t, ':') + 1;
	len = strcspn(port, "@");
	if (port_number(port, len) == 0)
		return "has no port from 1 to 65535; write inet:PORT@HOST";
	if (port[len] == '@' && port[len + 1] == '\0')
		return "has no host behind @; write inet:PORT@HOST";
	return NULL;
}

const char *
syntax_owner(struct arena *a, const char **text)
{
	const char *colon = strchr(*text, ':');

	(void)a;
	if (colon == NULL || colon == *text || colon[1] == '\0' ||
	    strchr(colon + 1, ':') != NULL || strpbrk(*text, " \t/") != NULL)
		return "is no owner; write user:group";
	return NULL;
}

const char *
syntax_authserv_id(struct arena *a, const char **text)
{
	const char *domain = domain_canonical(a, *text, strlen(*text));

	if (domain == NULL || strchr(domain, '.') == NULL)
		return "is no domain; write the host name of this service, "
		    "such as mx.example.net";
	*text = domain;
	return NULL;
}

const char *
syntax_state(struct arena *a, const char **text)
{
	struct redis_url url;

	(void)a;
	if ((*text)[0] == '/')
		return NULL;
	if (redis_url_is(*text))
		return redis_url_parse(*text, &url);
	return "is no absolute path; write /path/to/state.db or "
	    "redis://HOST:PORT/NUMBER";
}

const char *
syntax_control(struct arena *a, const char **text)
{
	const char *path;

	if (strcmp(*text, CONF_NO_SOCKET) == 0)
		return NULL;
	if ((*text)[0] != '/')
		return "is no absolute path; write /path/to/socket or none";
	return unix_socket(a, &path, *text);
}

const char *
syntax_user(struct arena *a, const char **text)
{
	(void)a;
	if ((*text)[0] == '\0' || strpbrk(*text, " \t/:") != NULL)
		return "is no user name; write the name of a system user";
	return NULL;
}

const char *
syntax_path(struct arena *a, const char **text)
{
	(void)a;
	return (*text)[0] == '/' ? NULL :
	    "is no absolute path; begin it with /";
}

/* OpenDKIM's data set types that are files. */
const char *
syntax_table(struct arena *a, const char **text)
{
	const char *path = *text;

	(void)a;
	if (strncmp(path, "refile:", 7) == 0)
		path += 7;
	else if (strncmp(path, "file:", 5) == 0)
		path += 5;
	return path[0] == '/' ? NULL :
	    "is no table; write /path, file:/path or refile:/path";
}

/* A name server: an address, with @port behind it if that is not 53. */
const char *
syntax_server(struct arena *a, const char **text)
{
	const char	*at = strchr(*text, '@');
	size_t		 len = at != NULL ? (size_t)(at - *text) :
			     strlen(*text);
	struct netaddr	 addr;

	if (!netaddr_parse(arena_memdup(a, *text, len), &addr))
		return "is no name server; write ADDRESS or ADDRESS@PORT";
	if (at != NULL && port_number(at + 1, strlen(at + 1)) == 0)
		return "has no port from 1 to 65535 behind @";
	return NULL;
}

const char *
syntax_port(struct arena *a, const char **text)
{
	unsigned port = port_number(*text, strlen(*text));

	if (port == 0)
		return "is no port; give a number from 1 to 65535";
	*text = arena_printf(a, "%u", port);
	return NULL;
}

/* Of {daemon_addr}; it is compared as an address. */
const char *
syntax_address(struct arena *a, const char **text)
{
	struct netaddr addr;

	(void)a;
	return netaddr_parse(*text, &addr) ? NULL :
	    "is no IP address; write 192.0.2.1 or 2001:db8::1";
}

const char *
syntax_nonempty(struct arena *a, const char **text)
{
	(void)a;
	return (*text)[0] != '\0' ? NULL : "is empty; write a name";
}

const char *
syntax_tls(struct arena *a, const char **text)
{
	static const char *const versions[] = {
		"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"
	};
	size_t i;

	(void)a;
	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (strcasecmp(*text, versions[i]) == 0) {
			*text = versions[i];
			return NULL;
		}
	}
	return "is no TLS version; use one of: TLSv1, TLSv1.1, TLSv1.2, "
	    "TLSv1.3";
}

/* RFC 4422 3.1: 1 to 20 of upper-case letters, digits, hyphen, underscore. */
const char *
syntax_mechanism(struct arena *a, const char **text)
{
	size_t	 len = strlen(*text), i;
	char	*upper = arena_strdup(a, *text);

	for (i = 0; i < len; i++)
		if (upper[i] >= 'a' && upper[i] <= 'z')
			upper[i] = (char)(upper[i] - 'a' + 'A');
	if (len == 0 || len > 20 || upper[strspn(upper,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] != '\0')
		return "is no SASL mechanism; write its name, such as PLAIN";
	*text = upper;
	return NULL;
}

/* Or a word for a class of them. */
const char *
syntax_tier_mechanism(struct arena *a, const char **text)
{
	const char *word = policy_class_find(*text);

	if (word == NULL)
		return syntax_mechanism(a, text);
	*text = word;
	return NULL;
}

const char *
syntax_tier_sender(struct arena *a, const char **text)
{
	if (strcmp(*text, TIER_LOGIN) != 0)
		return syntax_sender(a, text);
	*text = TIER_LOGIN;
	return NULL;
}

const char *
syntax_sender(struct arena *a, const char **text)
{
	const char *pattern = users_sender_pattern(a, *text);

	if (pattern == NULL)
		return "is no sender; write user@domain, @domain, @.domain "
		    "(its subdomains) or *";
	*text = pattern;
	return NULL;
}

const char *
syntax_certificate(struct arena *a, const char **text)
{
	(void)a;
	return users_certificate(*text);
}

const char *
syntax_issuer(struct arena *a, const char **text)
{
	(void)a;
	return users_issuer(*text);
}

/* RFC 5322 3.6.8 ftext. */
const char *
syntax_field(struct arena *a, const char **text)
{
	const char *p;

	(void)a;
	for (p = *text; *p > ' ' && *p < 127 && *p != ':'; p++)
		continue;
	if (*p != '\0' || p == *text)
		return "is no header field name; write it without a colon";
	return NULL;
}

/* A domain, or with a dot in front all that is below it. */
const char *
syntax_domain(struct arena *a, const char **text)
{
	size_t		 dot = (*text)[0] == '.';
	const char	*name = domain_canonical(a, *text + dot,
			     strlen(*text + dot));

	if (name == NULL)
		return "is no domain; write example.org, or .example.org for "
		    "its subdomains";
	*text = dot ? arena_printf(a, ".%s", name) : name;
	return NULL;
}

const char *
syntax_login(struct arena *a, const char **text)
{
	const char *login = users_login(a, *text);

	if (login == NULL)
		return "is no login; write it without blanks, at most 255 "
		    "characters long";
	*text = login;
	return NULL;
}

/* It goes into a comment of a header field. */
const char *
syntax_reason(struct arena *a, const char **text)
{
	const char *p;

	(void)a;
	for (p = *text; *p >= ' ' && *p <= '~'; p++)
		continue;
	if (*p != '\0' || p - *text > 200 || strstr(*text, "=pass") != NULL)
		return "cannot stand in a header; write one line of at most "
		    "200 ASCII characters, without \"=pass\"";
	return NULL;
}

/* It is split at blanks, and no shell is asked what quotes mean. */
const char *
syntax_command(struct arena *a, const char **text)
{
	const char	*p;
	unsigned	 words = 1;

	(void)a;
	if ((*text)[0] != '/')
		return "names no absolute path; write /path/of/a/program, and "
		    "its arguments behind it";
	for (p = *text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || strchr("'\"\\`$", *p) != NULL)
			return "has quotes or variables, which only a shell "
			    "knows; put them into a script, and name that";
		if (*p == ' ')
			words++;
	}
	return words <= NOTIFIER_WORDS ? NULL :
	    "has too many words; put them into a script, and name that";
}
