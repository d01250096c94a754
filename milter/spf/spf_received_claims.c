/*
 * spf_received_claims - could this Received-SPF field pass for ours?
 *
 * The field names the host that checked in receiver= (RFC 7208 9.1). Writers
 * are careless with the grammar, and so are readers: a value is what stands
 * behind the key in any quoting, and a field that names no host may be
 * anybody's. Those of other hosts stay.
 */
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "mail/claims.h"
#include "spf/spf_check.h"

/* What the pairs of a field say about who wrote it. */
struct receivers {
	const char	*ours;
	bool		 ours_named, other_named;
};

/* Up to a blank, a comment or one of `stop`; quoted parts without quotes. */
static bool
read_word(struct scan *s, const char *stop, struct buf *out)
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

/* What Debian's policyd-spf writes, and what we write without a name. */
static bool
is_nobody(const char *value)
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
	else if (!is_nobody(value))
		r->other_named = true;
}

/* key [CFWS] "=" value, or a word that is no pair; false: does not end. */
static bool
read_pair(struct scan *s, struct buf *word, struct receivers *r)
{
	bool is_receiver;

	buf_reset(word);
	if (!read_word(s, "=;", word) || !scan_cfws(s))
		return false;
	if (s->p == s->end || *s->p != '=')
		return true;
	s->p++;
	is_receiver = strcasecmp(buf_str(word), "receiver") == 0;
	buf_reset(word);
	if (!scan_cfws(s) || !read_word(s, ";", word))
		return false;
	/* a comment that touches the name may be in the midst of it */
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
skip_blanks(const char *p)
{
	while (ascii_is_space(*p))
		p++;
	return p;
}

/* "(mx.example.net: domain of ...": the writer's name by old custom. */
static bool
comment_names(const char *value, const char *name)
{
	const char	*p = value;
	size_t		 len = strlen(name);

	while ((p = strchr(p, '(')) != NULL) {
		p = skip_blanks(p + 1);
		if (strncasecmp(p, name, len) == 0 &&
		    *skip_blanks(p + len) == ':')
			return true;
	}
	return false;
}

/* Somebody may look for the pair without reading what stands before it. */
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
