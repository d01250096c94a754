/*
 * sendmail_setup - the filters and daemons of a sendmail.cf
 *
 * It reads these lines and ignores all others:
 *	Xname, S=socket, F=flags, T=times
 *	O InputMailFilters=names
 *	O DaemonPortOptions=Name=MSA, Port=587, M=Ea, InputMailFilters=a;b
 *	DZversion
 *	C{TrustAuthMech}PLAIN		(TRUST_AUTH_MECH)
 * Only the first letter of a key counts, in either case.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "doctor/sendmail_setup.h"

#define TRUST		"C{TrustAuthMech}"
#define EOM_SECONDS	300	/* Sendmail's default for E */

/* The value of the key with this letter, in lower case; NULL: not there. */
static const char *
key_text(struct arena *a, const char *list, char key)
{
	const char *part, *equals, *value;

	while ((part = mta_word(a, &list, ",")) != NULL) {
		part += strspn(part, " \t");
		equals = strchr(part, '=');
		if (equals != NULL && ascii_lower(part[0]) == key) {
			equals++;
			value = mta_word(a, &equals, " \t\r");
			return value != NULL ? value : "";
		}
	}
	return NULL;
}

/* The same; NULL for an empty value, too. */
static const char *
key_value(struct arena *a, const char *list, char key)
{
	const char *value = key_text(a, list, key);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* "C:10s;S:30s;R:30s;E:60s" */
static unsigned
eom_timeout(struct arena *a, const char *times)
{
	const char	*part;
	unsigned	 seconds = MTA_NO_TIME;

	while (times != NULL && (part = mta_word(a, &times, ";")) != NULL)
		if (ascii_lower(part[0]) == 'e' && part[1] == ':')
			seconds = mta_seconds(part + 2);
	return seconds == MTA_NO_TIME ? EOM_SECONDS : seconds;
}

static void
read_x_line(struct arena *a, struct sendmail_setup *s, const char *line)
{
	struct sendmail_filter	*f = &s->filter[s->nfilters];
	const char		*rest = line;

	if (s->nfilters == MTA_FILTERS ||
	    (f->name = mta_word(a, &rest, ", \t\r")) == NULL)
		return;
	f->socket = key_value(a, rest, 's');
	f->flags = key_value(a, rest, 'f');
	f->eom_seconds = eom_timeout(a, key_value(a, rest, 't'));
	if (f->socket != NULL)
		s->nfilters++;
}

static void
read_daemon(struct arena *a, struct sendmail_setup *s, const char *options)
{
	struct sendmail_daemon	*d = &s->daemon[s->ndaemons];
	const char		*port = key_value(a, options, 'p');

	if (s->ndaemons == MTA_SERVICES)
		return;
	d->name = key_value(a, options, 'n');
	d->port = mta_port(port != NULL ? port : "smtp");
	d->address = key_value(a, options, 'a');
	d->filters = key_text(a, options, 'i');	/* empty: none */
	d->modifiers = key_value(a, options, 'm');
	if (d->modifiers == NULL)
		d->modifiers = "";
	s->ndaemons++;
}

/* The value of "O Name=value" in any case of letters; NULL: another option. */
static const char *
option_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	line += 1 + strspn(line + 1, " \t");
	if (strncasecmp(line, name, len) != 0)
		return NULL;
	line += len + strspn(line + len, " \t");
	return *line == '=' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

static void
read_option(struct arena *a, struct sendmail_setup *s, const char *line)
{
	const char *value;

	if ((value = option_value(line, "InputMailFilters")) != NULL)
		s->filters = arena_strdup(a, value);
	else if ((value = option_value(line, "DaemonPortOptions")) != NULL)
		read_daemon(a, s, value);
}

void
sendmail_read(struct arena *a, struct sendmail_setup *s, const char *text)
{
	const char	*line;
	size_t		 len;

	for (; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (strchr("XODC", *text) == NULL)
			continue;
		line = arena_memdup(a, text, len);
		if (line[0] == 'X')
			read_x_line(a, s, line + 1);
		else if (line[0] == 'O')
			read_option(a, s, line);
		else if (strncmp(line, TRUST, strlen(TRUST)) == 0)
			s->trusts_logins = true;
		else if (strncmp(line, "DZ", 2) == 0) {
			line += 2;
			s->version = mta_word(a, &line, " \t\r");
		}
	}
}
