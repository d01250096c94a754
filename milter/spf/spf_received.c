/*
 * spf_received - Received-SPF fields: write ours, recognize forged ones
 *
 * Writing: a word from the wire becomes a dot-atom or a quoted string. Its
 * pair is left out when it has octets that a header field must not have, or is
 * longer than an address can be. So no word can end the field or forge a pair.
 *
 * Reading: the field names the checking host in receiver= (RFC 7208 9.1). Both
 * writers and readers of the field are careless with the grammar, so a value
 * is taken in any quoting, and a field without a host may be ours. Fields of
 * other hosts are kept.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "mail/claims.h"
#include "mail/facts.h"
#include "spf/spf_received.h"

/* RFC 5321 4.5.3.1.3: a path has 256 octets, its brackets included. */
#define WORD_MAX	256

/* --- writing ------------------------------------------------------------ */

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

/* A semicolon separates pairs: there is none before the first. */
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

/* --- reading ------------------------------------------------------------ */

/* The writer of a field, by its receiver= pairs. */
struct receivers {
	const char	*ours;
	bool		 ours_named, other_named;
};

/* Up to a blank, a comment or one of `stop`; quoted parts without quotes. */
static bool
read_value(struct scan *s, const char *stop, struct buf *out)
{
	while (s->p < s->end && !ascii_is_space(*s->p) && *s->p != '(' &&
	    strchr(stop, *s->p) == NULL) {
		if (*s->p == '"') {
			if (!scan_quoted(s, out))
				return false;
			continue;
		}
		if (*s->p == '\\' && s->p + 1 < s->end)
			s->p++;
		buf_addch(out, *s->p++);
	}
	return true;
}

/* Debian's policyd-spf writes "<unknown>"; we do without a host name. */
static bool
is_unnamed(const char *value)
{
	return value[0] == '\0' || strcasecmp(value, "unknown") == 0 ||
	    strcasecmp(value, "<unknown>") == 0;
}

static void
note_receiver(struct receivers *r, const char *value)
{
	if (claims_same(value, r->ours) != ANSWER_NO ||
	    claims_mentioned(value, r->ours))
		r->ours_named = true;
	else if (!is_unnamed(value))
		r->other_named = true;
}

/* key [CFWS] "=" value, or a word alone; false: a quote does not end. */
static bool
read_pair(struct scan *s, struct buf *word, struct receivers *r)
{
	bool is_receiver;

	buf_reset(word);
	if (!read_value(s, "=;", word) || !scan_cfws(s))
		return false;
	if (s->p == s->end || *s->p != '=')
		return true;
	s->p++;
	is_receiver = strcasecmp(buf_str(word), "receiver") == 0;
	buf_reset(word);
	if (!scan_cfws(s) || !read_value(s, ";", word))
		return false;
	/* a comment right behind the name may be a part of it */
	if (is_receiver && (s->p == s->end || *s->p != '('))
		note_receiver(r, buf_str(word));
	return true;
}

/* False: it cannot be read up to its end. */
static bool
read_pairs(struct scan *s, struct receivers *r)
{
	struct buf	word = BUF_INIT;
	bool		good = true;

	while (good && (good = scan_cfws(s)) && s->p < s->end) {
		if (*s->p == ';')
			s->p++;
		else
			good = read_pair(s, &word, r);
	}
	buf_free(&word);
	return good;
}

static const char *
behind_blanks(const char *p)
{
	while (ascii_is_space(*p))
		p++;
	return p;
}

/* "(mx.example.net: domain of ...": older writers put their name here. */
static bool
comment_names(const char *value, const char *name)
{
	const char	*p = value;
	size_t		 len = strlen(name);

	while ((p = strchr(p, '(')) != NULL) {
		p = behind_blanks(p + 1);
		if (strncasecmp(p, name, len) == 0 &&
		    *behind_blanks(p + len) == ':')
			return true;
	}
	return false;
}

/* A reader may search for the pair without parsing the text before it. */
static bool
pair_is_found(const char *value, const char *name)
{
	struct buf	pair = BUF_INIT;
	bool		found;

	buf_printf(&pair, "receiver=%s", name);
	found = claims_mentioned_somehow(value, buf_str(&pair));
	buf_free(&pair);
	return found;
}

bool
spf_received_claims(const char *value, const char *receiver)
{
	struct scan		s = { value, value + strlen(value) };
	struct receivers	r = { .ours = receiver };

	if (!read_pairs(&s, &r) && claims_mentioned_somehow(value, receiver))
		return true;
	return r.ours_named || !r.other_named ||
	    comment_names(value, receiver) || pair_is_found(value, receiver);
}
