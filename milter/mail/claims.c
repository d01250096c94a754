/*
 * claims - read trace fields as other programs may read them
 *
 * Comments nest and lines fold as in RFC 5322 3.2.2. The authserv-id is read
 * by the grammar of RFC 8601 2.2. When that fails, a field that contains our
 * name counts as ours.
 */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "mail/claims.h"
#include "mail/domain.h"

/* False: the comment does not end. */
static bool
scan_comment(struct scan *s)
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

bool
scan_cfws(struct scan *s)
{
	while (s->p < s->end) {
		if (ascii_is_space(*s->p))
			s->p++;
		else if (*s->p != '(')
			break;
		else if (!scan_comment(s))
			return false;
	}
	return true;
}

bool
scan_quoted(struct scan *s, struct buf *out)
{
	for (s->p++; s->p < s->end; s->p++) {
		if (*s->p == '"') {
			s->p++;
			return true;
		}
		if (*s->p == '\\' && ++s->p == s->end)
			break;
		/* unfolding keeps the blank */
		if (*s->p != '\r' && *s->p != '\n')
			buf_addch(out, *s->p);
	}
	return false;
}

/* Two names that are not both ASCII are compared as domain names. */
static enum answer
claims_same_domain(const char *a, const char *b)
{
	struct arena	*scratch = arena_new(1024);
	const char	*ca = domain_canonical(scratch, a, strlen(a));
	const char	*cb = domain_canonical(scratch, b, strlen(b));
	enum answer	 answer = ANSWER_CANNOT_TELL;

	if (ca != NULL && cb != NULL)
		answer = strcmp(ca, cb) == 0 ? ANSWER_YES : ANSWER_NO;
	arena_free(&scratch);
	return answer;
}

enum answer
claims_same(const char *a, const char *b)
{
	size_t i, alen = strlen(a), blen = strlen(b);

	if (ascii_has_8bit(a, alen) || ascii_has_8bit(b, blen))
		return strcmp(a, b) == 0 ? ANSWER_YES :
		    claims_same_domain(a, b);
	if (alen > 1 && a[alen - 1] == '.')
		alen--;
	if (blen > 1 && b[blen - 1] == '.')
		blen--;
	for (i = 0; i < alen && i < blen; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return ANSWER_NO;
	return alen == blen ? ANSWER_YES : ANSWER_NO;
}

/* A character that makes a name longer. */
static bool
is_word_char(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
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

bool
claims_mentioned(const char *text, const char *name)
{
	const char	*p;
	size_t		 i;

	for (p = text; *p != '\0'; p++) {
		for (i = 0; name[i] != '\0' &&
		    ascii_lower(p[i]) == ascii_lower(name[i]); )
			i++;
		if (name[i] == '\0' && begins_word(text, p) && ends_word(p + i))
			return true;
	}
	return false;
}

/* Cut at the last "("; the caller has counted one. */
static void
cut_comment(struct buf *out)
{
	while (out->data[--out->len] != '(')
		continue;
	out->data[out->len] = '\0';
}

/*
 * Copy the text without everything that a program may ignore between two
 * letters: blanks, quotes, backslashes, closed comments.
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
		if (!ascii_is_space(*value) && *value != '"')
			buf_addch(out, *value);
	}
}

bool
claims_mentioned_somehow(const char *text, const char *name)
{
	struct buf	squeezed = BUF_INIT;
	bool		found = claims_mentioned(text, name);

	if (!found) {
		squeeze(text, &squeezed);
		found = claims_mentioned(buf_str(&squeezed), name);
		buf_free(&squeezed);
	}
	return found;
}

/* --- Authentication-Results ---------------------------------------------- */

static bool
claims_is_token(char c)
{
	return (unsigned char)c > ' ' && c != '\177' &&
	    strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static size_t
claims_token_length(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && claims_is_token(*p))
		p++;
	return (size_t)(p - from);
}

/*
 * [CFWS] value [CFWS version] [CFWS], then ";" or the end. Also false for an
 * id that needs its quotes, because programs differ in how they read it.
 */
static bool
authres_id(struct scan *s, struct buf *id)
{
	if (!scan_cfws(s) || s->p == s->end)
		return false;
	if (*s->p == '"') {
		if (!scan_quoted(s, id) || claims_token_length(buf_str(id),
		    buf_str(id) + id->len) != id->len)
			return false;
	} else {
		buf_add(id, s->p, claims_token_length(s->p, s->end));
		s->p += id->len;
	}
	if (!scan_cfws(s))
		return false;
	while (s->p < s->end && ascii_is_digit(*s->p))
		s->p++;
	if (!scan_cfws(s))
		return false;
	return id->len > 0 && (s->p == s->end || *s->p == ';');
}

bool
authres_claims(const char *value, const char *authserv_id)
{
	struct scan	s = { value, value + strlen(value) };
	struct buf	id = BUF_INIT;
	enum answer	answer = ANSWER_CANNOT_TELL;

	if (authres_id(&s, &id))
		answer = claims_same(buf_str(&id), authserv_id);
	buf_free(&id);
	if (answer != ANSWER_CANNOT_TELL)
		return answer == ANSWER_YES;
	return claims_mentioned_somehow(value, authserv_id);
}
