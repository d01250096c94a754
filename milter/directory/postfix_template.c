/*
 * postfix_template - query and result_format of Postfix's tables
 *
 * The rules are those of Postfix's db_common(3). A small letter is a part of
 * the key in a query and of the result in result_format, a capital letter or
 * a digit is a part of the key in both.
 */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "postfix_template_priv.h"

const char *
postfix_template_needs(const char *text, bool query, struct postfix_needs *n)
{
	for (; *text != '\0'; text++) {
		if (*text != '%')
			continue;
		switch (*++text) {
		case '%': case 's': case 'S':
			break;
		case 'u':
			*(query ? &n->key_user : &n->value_user) = true;
			break;
		case 'd':
			*(query ? &n->key_domain : &n->value_domain) = true;
			break;
		case 'U':
			n->key_user = true;
			break;
		case 'D':
			n->key_domain = true;
			break;
		default:
			if (*text < '1' || *text > '9')
				return "has a \"%\" before something else than "
				    "s, u, d, S, U, D, 1 to 9 or %; write %% "
				    "for a percent sign";
			n->key_domain = true;
			if (n->labels < (unsigned)(*text - '0'))
				n->labels = (unsigned)(*text - '0');
		}
	}
	return NULL;
}

/* --- quotes of SQL ------------------------------------------------------ */

static bool
is_word(char c)
{
	return ascii_is_alnum(c) || c == '_' || c == '$';
}

/* What a driver's quoting cannot be trusted in, outside of quotes. */
static const char *
outside(const char *text, const char *p, enum directory_kind kind)
{
	if (*p == '%' && p[1] != '%')
		return "has a \"%\" outside of quotes; write '%s', so that no "
		    "address can change the query";
	if (strncmp(p, "--", 2) == 0 || strncmp(p, "/*", 2) == 0 ||
	    (*p == '#' && kind == DIRECTORY_MYSQL))
		return "has a comment; remove it";
	if (kind == DIRECTORY_PGSQL && *p == '$' && !ascii_is_digit(p[1]))
		return "has a string in dollar quotes; write '...'";
	if (kind == DIRECTORY_PGSQL && *p == '\'' && p > text &&
	    (p[-1] == 'E' || p[-1] == 'e' || p[-1] == '&') &&
	    (p - text < 2 || p[-1] == '&' || !is_word(p[-2])))
		return "has a string with escapes; write '...' without the "
		    "letter before it";
	return NULL;
}

/* Names in double quotes; MySQL has strings there, with backslashes. */
static const char *
inside(const char *p, char quote, enum directory_kind kind)
{
	if (*p == '\\' && p[1] == '%' && kind == DIRECTORY_MYSQL)
		return "has a backslash before a \"%\"; remove the backslash";
	if (*p == '%' && p[1] != '%' && quote != '\'' &&
	    !(quote == '"' && kind == DIRECTORY_MYSQL))
		return "has a \"%\" in a quoted name; write '%s'";
	return NULL;
}

const char *
postfix_template_quoted(const char *text, enum directory_kind kind)
{
	const char	*p, *wrong = NULL;
	char		 quote = '\0';

	for (p = text; *p != '\0' && wrong == NULL; p++) {
		if (quote == '\0') {
			wrong = outside(text, p, kind);
			if (*p == '\'' || *p == '"' || *p == '`')
				quote = *p;
		} else {
			wrong = inside(p, quote, kind);
			if (*p == quote)
				quote = '\0';
			else if (*p == '\\' && kind == DIRECTORY_MYSQL &&
			    p[1] != '\0')
				p++;
		}
		if (wrong == NULL && *p == '%' && p[1] != '\0')
			p++;
	}
	if (wrong == NULL && quote != '\0')
		return "has a quote without its end; write both";
	return wrong;
}

/* --- parts of keys and results ------------------------------------------ */

struct parts {
	const char	*all, *domain;	/* NULL: no domain */
	size_t		 user;		/* octets of the user */
};

static struct parts
parts_of(const char *text, bool split)
{
	struct parts	 p = { text, NULL, strlen(text) };
	const char	*at = split ? strrchr(text, '@') : NULL;

	if (at != NULL) {
		p.domain = at + 1;
		p.user = (size_t)(at - text);
	}
	return p;
}

static bool
parts_suffice(const struct parts *p, bool user, bool domain)
{
	if (domain && (p->domain == NULL || *p->domain == '\0'))
		return false;
	return !user || p->domain == NULL || p->user > 0;
}

/* The n-th label from the right; its length. NULL: there is none. */
static const char *
label(const char *domain, unsigned n, size_t *len)
{
	const char *end = domain + strlen(domain), *start;

	for (;; end = start - 1) {
		for (start = end; start > domain && start[-1] != '.'; start--)
			;
		*len = (size_t)(end - start);
		if (*len == 0)
			return NULL;
		if (--n == 0)
			return start;
		if (start == domain)
			return NULL;
	}
}

static bool
key_suffices(const struct parts *key, const struct postfix_needs *n)
{
	size_t len;

	return parts_suffice(key, n->key_user, n->key_domain) &&
	    (n->labels == 0 || label(key->domain, n->labels, &len) != NULL);
}

/* The text that a letter is replaced with; its length. */
static const char *
part(char letter, const struct parts *value, const struct parts *key,
    size_t *len)
{
	const struct parts *p = letter == 's' || letter == 'u' ||
	    letter == 'd' ? value : key;

	if (ascii_is_digit(letter))
		return label(key->domain, (unsigned)(letter - '0'), len);
	letter = ascii_lower(letter);
	*len = letter == 's' ? strlen(p->all) : p->user;
	if (letter != 'd')
		return p->all;
	*len = strlen(p->domain);
	return p->domain;
}

static size_t
count_pieces(const char *text)
{
	size_t n = 1;

	for (; *text != '\0'; text++)
		n += *text == '%';
	return n;
}

bool
postfix_query_expand(const char *text, const struct postfix_needs *n,
    const char *key, struct arena *a, struct directory_text *out)
{
	struct parts		 p = parts_of(key, n->key_user ||
				     n->key_domain);
	struct directory_piece	*piece;
	struct buf		 b = BUF_INIT;
	const char		*value;
	size_t			 len;

	if (*key == '\0' || !key_suffices(&p, n))
		return false;
	piece = arena_array(a, count_pieces(text), sizeof(*piece));
	out->piece = piece;
	for (; *text != '\0'; text++) {
		if (*text != '%' || *++text == '%') {
			buf_addch(&b, *text);
			continue;
		}
		value = part(*text, &p, &p, &len);
		piece->text = arena_memdup(a, buf_str(&b), b.len);
		(piece++)->value = arena_memdup(a, value, len);
		buf_reset(&b);
	}
	piece->text = arena_memdup(a, buf_str(&b), b.len);
	out->n = (size_t)(piece + 1 - out->piece);
	buf_free(&b);
	return true;
}

bool
postfix_result_expand(const char *format, const struct postfix_needs *n,
    const char *key, const char *value, struct buf *out)
{
	struct parts	 k = parts_of(key, n->key_user || n->key_domain);
	struct parts	 v = parts_of(value, n->value_user ||
			     n->value_domain);
	const char	*text;
	size_t		 len;

	if (*value == '\0' || !key_suffices(&k, n) ||
	    !parts_suffice(&v, n->value_user, n->value_domain))
		return false;
	if (out->len > 0)
		buf_addch(out, ',');
	for (; *format != '\0'; format++) {
		if (*format != '%' || *++format == '%') {
			buf_addch(out, *format);
			continue;
		}
		text = part(*format, &v, &k, &len);
		buf_add(out, text, len);
	}
	return true;
}
