/*
 * spf_received - the value of a Received-SPF field (RFC 7208 9.1)
 *
 * A word from the wire goes in as a dot-atom or as a quoted string, or its
 * pair is left out: when it holds what a header field cannot, or is longer
 * than an address can be. So nothing can end the field or fake another pair.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "spf/spf_check.h"

/* RFC 5321 4.5.3.1.3: a path has 256 octets, its brackets included. */
#define WORD_MAX	256

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			return false;
	return true;
}

/* RFC 5322 3.2.3 */
static bool
is_dot_atom(const char *s)
{
	static const char atext[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";
	size_t n;

	for (;;) {
		n = strspn(s, atext);
		if (n == 0)
			return false;
		s += n;
		if (*s == '\0')
			return true;
		if (*s++ != '.')
			return false;
	}
}

static void
add_escaped(struct buf *b, const char *s, const char *special)
{
	for (; *s != '\0'; s++) {
		if (strchr(special, *s) != NULL)
			buf_addch(b, '\\');
		buf_addch(b, *s);
	}
}

/* The first pair stands without a semicolon before it. */
static void
add_pair(struct buf *b, bool *first, const char *key, const char *value)
{
	if (value == NULL || strlen(value) > WORD_MAX || !is_printable(value))
		return;
	buf_printf(b, "%s\n\t%s=", *first ? "" : ";", key);
	*first = false;
	if (is_dot_atom(value)) {
		buf_addstr(b, value);
		return;
	}
	buf_addch(b, '"');
	add_escaped(b, value, "\"\\");
	buf_addch(b, '"');
}

static void
add_comment(struct buf *b, const char *receiver, const char *reason)
{
	if (reason == NULL || !is_printable(reason) || !is_printable(receiver))
		return;
	buf_addstr(b, "\n\t(");
	add_escaped(b, receiver, "()\\");
	buf_addstr(b, ": ");
	add_escaped(b, reason, "()\\");
	buf_addch(b, ')');
}

/* The null sender was checked as postmaster at the HELO name (2.4). */
static const char *
envelope_from(struct arena *a, const struct facts *f)
{
	const struct spf_facts *spf = &f->spf_mfrom;

	if (spf->postmaster && spf->domain != NULL)
		return arena_printf(a, "postmaster@%s", spf->domain);
	return f->env.sender;
}

static bool
is_error(enum result r)
{
	return r == RESULT_TEMPERROR || r == RESULT_PERMERROR;
}

const char *
spf_received_format(struct arena *a, const struct facts *f,
    const char *receiver, bool helo)
{
	const struct spf_facts	*spf = helo ? &f->spf_helo : &f->spf_mfrom;
	struct buf		 b = BUF_INIT;
	char			 client[NETADDR_TEXT];
	const char		*value;
	bool			 first = true;

	if (!spf->done)
		return NULL;
	if (receiver == NULL)
		receiver = "unknown";
	buf_printf(&b, " %s", result_name(spf->result));
	add_comment(&b, receiver, spf->reason);
	if (f->conn.client_known)
		add_pair(&b, &first, "client-ip",
		    netaddr_format(&f->conn.client, client));
	add_pair(&b, &first, "envelope-from", envelope_from(a, f));
	add_pair(&b, &first, "helo", f->conn.helo);
	add_pair(&b, &first, "receiver", receiver);
	add_pair(&b, &first, "identity", helo ? "helo" : "mailfrom");
	if (is_error(spf->result))
		add_pair(&b, &first, "problem", spf->reason);
	value = arena_memdup(a, b.data, b.len);
	buf_free(&b);
	return value;
}
