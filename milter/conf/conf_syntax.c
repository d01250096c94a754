/*
 * conf_syntax - the syntax of option values that are texts
 *
 * Each function returns NULL, or the error and what to write instead. Some
 * replace the text by its normal form: lower-case domains, "local:" for
 * "unix:".
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/netaddr.h"
#include "conf/conf.h"
#include "conf/conf_options.h"
#include "conf/users.h"
#include "directory/directory.h"
#include "mail/domain.h"
#include "policy/policy_proof.h"
#include "policy/policy_rules.h"
#include "store/redis/redis_url.h"

/* 1 to 65535, digits only; 0: not a port. */
static unsigned
port_number(const char *text, size_t len)
{
	unsigned	port = 0;
	size_t		i;

	for (i = 0; i < len; i++) {
		if (!ascii_is_digit(text[i]) || i >= 5)
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
		return "is not an absolute path; write for example "
		    "unix:/run/millgate/millgate.sock";
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
		return "is not a socket; write unix:PATH, inet:PORT@HOST or "
		    "inet6:PORT@HOST";
	port = strchr(t, ':') + 1;
	len = strcspn(port, "@");
	if (port_number(port, len) == 0)
		return "must have a port between 1 and 65535; write "
		    "inet:PORT@HOST";
	if (port[len] == '\0')	/* libmilter would take every address */
		return arena_printf(a, "has no host, so every host could "
		    "connect; write %s@%s", t, t[4] == '6' ? "::1" :
		    "127.0.0.1");
	if (port[len + 1] == '\0')
		return "must have a host after @; write inet:PORT@HOST";
	return NULL;
}

const char *
syntax_group(struct arena *a, const char **text)
{
	(void)a;
	return (*text)[0] == '\0' || strpbrk(*text, " \t/:") != NULL ?
	    "is not a group name; write the name of a system group" : NULL;
}

const char *
syntax_owner(struct arena *a, const char **text)
{
	const char *colon = strchr(*text, ':');

	(void)a;
	if (colon == NULL || colon == *text || colon[1] == '\0' ||
	    strchr(colon + 1, ':') != NULL || strpbrk(*text, " \t/") != NULL)
		return "is not an owner; write user:group";
	return NULL;
}

const char *
syntax_authserv_id(struct arena *a, const char **text)
{
	const char *domain = domain_canonical(a, *text, strlen(*text));

	if (domain == NULL || strchr(domain, '.') == NULL)
		return "is not a domain; write the host name of this service, "
		    "for example mx.example.net";
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
	return "is not an absolute path; write /path/to/state.db or "
	    "redis://HOST:PORT/NUMBER";
}

const char *
syntax_control(struct arena *a, const char **text)
{
	const char *path;

	if (strcmp(*text, CONF_NO_SOCKET) == 0)
		return NULL;
	if ((*text)[0] != '/')
		return "is not an absolute path; write /path/to/socket or none";
	return unix_socket(a, &path, *text);
}

const char *
syntax_user(struct arena *a, const char **text)
{
	(void)a;
	if ((*text)[0] == '\0' || strpbrk(*text, " \t/:") != NULL)
		return "is not a user name; write the name of a system user";
	return NULL;
}

const char *
syntax_path(struct arena *a, const char **text)
{
	(void)a;
	return (*text)[0] == '/' ? NULL :
	    "is not an absolute path; begin it with /";
}

const char *
syntax_database(struct arena *a, const char **text)
{
	struct directory_place	 place = { 0 };
	const char		*why = directory_place_parse(*text, a, &place);

	return why == NULL && place.kind == DIRECTORY_SQLITE ?
	    syntax_path(a, text) : why;
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
	    "is not a table; write /path, file:/path or refile:/path";
}

/* A name server: ADDRESS or ADDRESS@PORT; the default port is 53. */
const char *
syntax_server(struct arena *a, const char **text)
{
	const char	*at = strchr(*text, '@');
	size_t		 len = at != NULL ? (size_t)(at - *text) :
			     strlen(*text);
	struct netaddr	 addr;

	if (!netaddr_parse(arena_memdup(a, *text, len), &addr))
		return "is not a name server; write ADDRESS or ADDRESS@PORT";
	if (at != NULL && port_number(at + 1, strlen(at + 1)) == 0)
		return "must have a port between 1 and 65535 after @";
	return NULL;
}

const char *
syntax_port(struct arena *a, const char **text)
{
	unsigned port = port_number(*text, strlen(*text));

	if (port == 0)
		return "is not a port; write a number between 1 and 65535";
	*text = arena_printf(a, "%u", port);
	return NULL;
}

/* Compared with {daemon_addr} as an address, not as a text. */
const char *
syntax_address(struct arena *a, const char **text)
{
	struct netaddr addr;

	(void)a;
	return netaddr_parse(*text, &addr) ? NULL :
	    "is not an IP address; write for example 192.0.2.1 or "
	    "2001:db8::1";
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
	return "must be one of: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3";
}

/* RFC 4422 3.1: 1 to 20 of upper-case letters, digits, hyphen, underscore. */
const char *
syntax_mechanism(struct arena *a, const char **text)
{
	size_t	 len = strlen(*text), i;
	char	*upper = arena_strdup(a, *text);

	for (i = 0; i < len; i++)
		upper[i] = ascii_upper(upper[i]);
	if (len == 0 || len > 20 || upper[strspn(upper,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] != '\0')
		return "is not a SASL mechanism; write its name, for example "
		    "PLAIN";
	*text = upper;
	return NULL;
}

/* A mechanism, or the word for a class of mechanisms. */
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
		return "is not a sender; write user@domain, @domain, @.domain "
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
		return "is not a header field name; write it without a colon";
	return NULL;
}

const char *
syntax_skipped_field(struct arena *a, const char **text)
{
	if (strcasecmp(*text, "From") == 0)
		return "must be signed (RFC 6376 5.4); remove it";
	return syntax_field(a, text);
}

/* "example.org", or ".example.org" for its subdomains. */
const char *
syntax_domain(struct arena *a, const char **text)
{
	size_t		 dot = (*text)[0] == '.';
	const char	*name = domain_canonical(a, *text + dot,
			     strlen(*text + dot));

	if (name == NULL)
		return "is not a domain; write example.org, or .example.org "
		    "for its subdomains";
	*text = dot ? arena_printf(a, ".%s", name) : name;
	return NULL;
}

const char *
syntax_whole_domain(struct arena *a, const char **text)
{
	const char *name = domain_canonical(a, *text, strlen(*text));

	if (name == NULL)
		return "is not a domain; write example.org";
	*text = name;
	return NULL;
}

/* As it is written, like the domains of the logins that it is compared with. */
const char *
syntax_login_domain(struct arena *a, const char **text)
{
	char	*domain = arena_strlower(a, *text);
	size_t	 len = strlen(domain);

	if (domain_canonical(a, domain, len) == NULL)
		return "is not a domain; write example.org";
	if (domain[len - 1] == '.')
		domain[len - 1] = '\0';
	*text = domain;
	return NULL;
}

const char *
syntax_login(struct arena *a, const char **text)
{
	const char *login = users_login(a, *text);

	if (login == NULL)
		return "is not a valid login; write it without blanks, at "
		    "most 255 characters long";
	*text = login;
	return NULL;
}

/* It becomes part of a comment in Authentication-Results. */
const char *
syntax_reason(struct arena *a, const char **text)
{
	const char *p;

	(void)a;
	for (p = *text; *p >= ' ' && *p <= '~'; p++)
		continue;
	if (*p != '\0' || p - *text > 200 || strstr(*text, "=pass") != NULL)
		return "is not allowed in a header field; write one line of at "
		    "most 200 ASCII characters, without \"=pass\"";
	return NULL;
}

/* The command is split at blanks; no shell interprets quotes. */
const char *
syntax_command(struct arena *a, const char **text)
{
	const char	*p;
	unsigned	 words = 1;

	(void)a;
	if ((*text)[0] != '/')
		return "is not an absolute path; write /path/to/program, "
		    "followed by its arguments";
	for (p = *text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || strchr("'\"\\`$", *p) != NULL)
			return "has quotes or variables, but no shell "
			    "runs it; write a script and name it here";
		if (*p == ' ')
			words++;
	}
	return words <= NOTIFIER_WORDS ? NULL :
	    "has too many words; write a script and name it here";
}
