/*
 * mailaddr_lex - words and specials of RFC 5322 3.2 and 3.2.3
 *
 * Stricter than the obsolete grammar in one point: control characters are
 * forbidden everywhere. In raw ISO-2022-JP a "<" or a quote may be half a
 * letter, so the place of the address would be ambiguous.
 */
#include <string.h>

#include "base/utf8.h"
#include "mailaddr_lex_priv.h"

void
lex_init(struct lex *l, const char *text, size_t len, char *word)
{
	memset(l, 0, sizeof(*l));
	l->p = text;
	l->end = text + len;
	l->word = word;
}

/* RFC 5322 3.2.3, and all octets outside ASCII. */
static const bool atext[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['!'] = true, ['#' ... '\''] = true, ['*'] = true, ['+'] = true,
	['-'] = true, ['/'] = true, ['='] = true, ['?'] = true,
	['^' ... '`'] = true, ['{' ... '~'] = true,
	[0x80 ... 0xff] = true,
};

static bool
is_atext(char c)
{
	return atext[(unsigned char)c];
}

bool
lex_is_dot_atom(const char *s, size_t len)
{
	bool	after_dot = true;
	size_t	i;

	for (i = 0; i < len; i++) {
		if (s[i] == '.' ? after_dot : !is_atext(s[i]))
			return false;
		after_dot = s[i] == '.';
	}
	return !after_dot;
}

/* Skip a line break that folds, up to the blank after it. */
static bool
skip_fold(struct lex *l)
{
	const char *p = l->p;

	if (*p == '\r')
		p++;
	if (l->path || p == l->end || *p != '\n')
		return false;
	p++;
	if (p == l->end || (*p != ' ' && *p != '\t'))
		return false;
	l->p = p;
	return true;
}

/*
 * Skip octets outside ASCII. Octets that are not UTF-8 are accepted and
 * marked, because a display name or a comment may be in any charset. They
 * are refused before a backslash: that may be the second half of a letter
 * (Shift JIS, GBK), and if it escapes the next quote, the address begins
 * elsewhere.
 */
static bool
skip_8bit(struct lex *l, bool *bad_utf8)
{
	size_t len = utf8_length(l->p, (size_t)(l->end - l->p));

	if (len > 0) {
		l->p += len;
		return true;
	}
	*bad_utf8 = true;
	l->p++;
	return l->p == l->end || *l->p != '\\';
}

/* Skip one octet, quoted-pair or fold within quotes or a comment. */
static bool
skip_inner(struct lex *l, bool *bad_utf8)
{
	if (*l->p == '\r' || *l->p == '\n')
		return skip_fold(l);
	if (*l->p == '\\' && ++l->p == l->end)
		return false;
	if ((unsigned char)*l->p >= 0x80)
		return skip_8bit(l, bad_utf8);
	if (*l->p != '\t' && (*l->p < ' ' || *l->p > '~'))
		return false;
	l->p++;
	return true;
}

static bool
lex_comment(struct lex *l)
{
	unsigned	depth = 0;
	bool		ignored;

	while (l->p < l->end) {
		if (*l->p == '(') {
			if (++depth > LEX_MAX_DEPTH)
				return false;
			l->p++;
		} else if (*l->p == ')') {
			l->p++;
			if (--depth == 0)
				return true;
		} else if (!skip_inner(l, &ignored))
			return false;
	}
	return false;
}

static bool
skip_cfws(struct lex *l)
{
	while (!l->path && l->p < l->end) {
		switch (*l->p) {
		case ' ':
		case '\t':
			l->p++;
			break;
		case '\r':
		case '\n':
			if (!skip_fold(l))
				return false;
			break;
		case '(':
			if (!lex_comment(l))
				return false;
			break;
		default:
			return true;
		}
	}
	return true;
}

static void
add_word(struct lex *l, const char *from, const char *to)
{
	memcpy(l->word + l->n, from, (size_t)(to - from));
	l->n += (size_t)(to - from);
}

static int
lex_quoted(struct lex *l)
{
	const char *from;

	for (l->p++; l->p < l->end; ) {
		if (*l->p == '"') {
			l->p++;
			return LEX_QUOTED;
		}
		from = l->p;
		if (!skip_inner(l, &l->bad_utf8))
			return LEX_BAD;
		if (*from == '\\')
			from++;
		if (*from != '\r' && *from != '\n')
			add_word(l, from, l->p);
	}
	return LEX_BAD;
}

static int
lex_atom(struct lex *l)
{
	const char *from = l->p;

	while (l->p < l->end && is_atext(*l->p)) {
		if ((unsigned char)*l->p < 0x80)
			l->p++;
		else if (!skip_8bit(l, &l->bad_utf8))
			return LEX_BAD;
	}
	add_word(l, from, l->p);
	return LEX_ATOM;
}

int
lex_next(struct lex *l)
{
	char c;

	l->bad_utf8 = false;
	if (!skip_cfws(l))
		return LEX_BAD;
	if (l->p == l->end)
		return LEX_END;
	c = *l->p;
	if (c == '"')
		return lex_quoted(l);
	if (is_atext(c))
		return lex_atom(l);
	if (c == '\0' || strchr("<>:;@,.[", c) == NULL)
		return LEX_BAD;
	l->p++;
	return c;
}
