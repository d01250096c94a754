/*
 * directory_ldap_escape - values in search bases and filters of LDAP
 *
 * Pure. RFC 4514 and RFC 4515 name the octets that must be escaped; more may
 * be, so the list here is of those that need not.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/escape.h"
#include "directory_driver_priv.h"
#include "directory_ldap_escape_priv.h"

static bool
ldap_plain(char c)
{
	return ascii_is_alnum(c) || (c != '\0' && strchr("-._@", c) != NULL);
}

void
directory_ldap_escape(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++)
		if (ldap_plain(*value))
			buf_addch(out, *value);
		else
			buf_printf(out, "\\%02x", (unsigned char)*value);
}

void
directory_ldap_base(struct buf *out, const struct directory_text *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		buf_addstr(out, t->piece[i].text);
		if (t->piece[i].value != NULL)
			directory_ldap_escape(out, t->piece[i].value);
	}
}

/* How many "=" has the last assertion that begins in the text, or goes on? */
static unsigned
ldap_equals(const char *text, unsigned before)
{
	for (; *text != '\0'; text++)
		if (*text == '(' || *text == ')')
			before = 0;
		else if (*text == '=')
			before++;
	return before;
}

static void
ldap_escape_twice(struct buf *out, const char *value)
{
	struct buf once = BUF_INIT;

	directory_ldap_escape(&once, value);
	directory_ldap_escape(out, buf_str(&once));
	buf_free(&once);
}

void
directory_ldap_filter(struct buf *out, const struct directory_text *t)
{
	unsigned	equals = 0;
	size_t		i;

	for (i = 0; i < t->n; i++) {
		buf_addstr(out, t->piece[i].text);
		equals = ldap_equals(t->piece[i].text, equals);
		if (t->piece[i].value == NULL)
			continue;
		if (equals > 1)
			ldap_escape_twice(out, t->piece[i].value);
		else
			directory_ldap_escape(out, t->piece[i].value);
	}
}

bool
directory_ldap_depends(const struct directory_text *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->piece[i].value != NULL)
			return true;
	return false;
}

void
directory_ldap_url(struct buf *url, const struct directory_place *p,
    const struct directory_host *h)
{
	if (directory_host_is_socket(h)) {
		buf_addstr(url, "ldapi://");
		escape_url(url, h->name);
		return;
	}
	buf_printf(url, strchr(h->name, ':') != NULL ? "%s://[%s]" :
	    "%s://%s", p->tls && p->tls_at_once ? "ldaps" : "ldap", h->name);
	if (h->port[0] != '\0')
		buf_printf(url, ":%s", h->port);
}
