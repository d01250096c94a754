/*
 * authres_claims - whose Authentication-Results field is it?
 *
 * A field that another program could take for ours must be recognised, or a
 * sender can bring his own results. So the id is read by the grammar of
 * RFC 8601 2.2, and where that ends in doubt, its mere presence decides.
 */
#include <string.h>

#include "arena.h"
#include "authres.h"
#include "buf.h"
#include "domain.h"

struct scan {
	const char	*p, *end;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* False: it does not end. */
static bool
skip_comment(struct scan *s)
{
	size_t depth = 0;

	for (; s->p < s->end; s->p++) {
		if (*s->p == '\\' && s->p + 1 < s->end)
			s->p++;
		else if (*s->p == '(')
			depth++;
		else if (*s->p == ')' && --depth == 0) {
			s->p++;
			return true;
		}
	}
	return false;
}

static bool
skip_cfws(struct scan *s)
{
	while (s->p < s->end) {
		if (is_blank(*s->p))
			s->p++;
		else if (*s->p != '(')
			break;
		else if (!skip_comment(s))
			return false;
	}
	return true;
}

static bool
is_token_char(char c)
{
	return (unsigned char)c > ' ' && c != '\177' &&
	    strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static bool
read_quoted(struct scan *s, struct buf *id)
{
	for (s->p++; s->p < s->end; s->p++) {
		if (*s->p == '"') {
			s->p++;
			return true;
		}
		if (*s->p == '\\' && ++s->p == s->end)
			break;
		/* a fold is its blank */
		if (*s->p != '\r' && *s->p != '\n')
			buf_addch(id, *s->p);
	}
	return false;
}

static size_t
token_length(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && is_token_char(*p))
		p++;
	return (size_t)(p - from);
}

/*
 * [CFWS] value [CFWS version] [CFWS], then ";" or the end. False also for an
 * id that needs its quotes: what is left of that without them?
 */
static bool
read_id(struct scan *s, struct buf *id)
{
	if (!skip_cfws(s) || s->p == s->end)
		return false;
	if (*s->p == '"') {
		if (!read_quoted(s, id) || token_length(buf_str(id),
		    buf_str(id) + id->len) != id->len)
			return false;
	} else {
		buf_add(id, s->p, token_length(s->p, s->end));
		s->p += id->len;
	}
	if (!skip_cfws(s))
		return false;
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	if (!skip_cfws(s))
		return false;
	return id->len > 0 && (s->p == s->end || *s->p == ';');
}

enum answer { NO, YES, CANNOT_TELL };

/* Two ids, one of them not ASCII: as domain names, if they are. */
static enum answer
same_name(const char *a, const char *b)
{
	struct arena	*scratch = arena_new(1024);
	const char	*ca = domain_canonical(scratch, a, strlen(a));
	const char	*cb = domain_canonical(scratch, b, strlen(b));
	enum answer	 answer = CANNOT_TELL;

	if (ca != NULL && cb != NULL)
		answer = strcmp(ca, cb) == 0 ? YES : NO;
	arena_free(&scratch);
	return answer;
}

static bool
has_8bit(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return true;
	return false;
}

static enum answer
same_id(const char *a, const char *b)
{
	size_t i, alen = strlen(a), blen = strlen(b);

	if (has_8bit(a) || has_8bit(b))
		return strcmp(a, b) == 0 ? YES : same_name(a, b);
	if (alen > 1 && a[alen - 1] == '.')
		alen--;
	if (blen > 1 && b[blen - 1] == '.')
		blen--;
	for (i = 0; i < alen && i < blen; i++)
		if (lower(a[i]) != lower(b[i]))
			return NO;
	return alen == blen ? YES : NO;
}

/* Part of a longer name, as the second label of "a.example" is. */
static bool
is_word_char(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool
begins_word(const char *text, const char *at)
{
	if (at > text && at[-1] == '.')
		return at - 1 == text || !is_word_char(at[-2]);
	return at == text || !is_word_char(at[-1]);
}

static bool
ends_word(const char *at)
{
	return !is_word_char(at[0]) && (at[0] != '.' || !is_word_char(at[1]));
}

/* `id` stands in `text` as a word of its own. */
static bool
mentions(const char *text, const char *id)
{
	const char	*p;
	size_t		 i;

	for (p = text; *p != '\0'; p++) {
		for (i = 0; id[i] != '\0' && lower(p[i]) == lower(id[i]); )
			i++;
		if (id[i] == '\0' && begins_word(text, p) && ends_word(p + i))
			return true;
	}
	return false;
}

/* Cut back to the last "(", which there is. */
static void
cut_comment(struct buf *out)
{
	while (out->data[--out->len] != '(')
		continue;
	out->data[out->len] = '\0';
}

/*
 * The text again without what a program may drop between two letters:
 * blanks, quotes, backslashes, closed comments.
 */
static void
squeeze(const char *value, struct buf *out)
{
	size_t depth = 0;

	for (; *value != '\0'; value++) {
		if (*value == ')' && depth > 0) {
			depth--;
			cut_comment(out);
			continue;
		}
		if (*value == '\\' && value[1] != '\0')
			value++;
		else if (*value == '(')
			depth++;
		if (!is_blank(*value) && *value != '"')
			buf_addch(out, *value);
	}
}

static bool
mentions_somehow(const char *value, const char *id)
{
	struct buf	squeezed = BUF_INIT;
	bool		found = mentions(value, id);

	if (!found) {
		squeeze(value, &squeezed);
		found = mentions(buf_str(&squeezed), id);
		buf_free(&squeezed);
	}
	return found;
}

bool
authres_claims(const char *value, const char *authserv_id)
{
	struct scan	s = { value, value + strlen(value) };
	struct buf	id = BUF_INIT;
	enum answer	answer = CANNOT_TELL;

	if (read_id(&s, &id))
		answer = same_id(buf_str(&id), authserv_id);
	buf_free(&id);
	if (answer != CANNOT_TELL)
		return answer == YES;
	return mentions_somehow(value, authserv_id);
}
