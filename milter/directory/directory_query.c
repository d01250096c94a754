/*
 * directory_query - the question that an option asks, with $1 for a word
 *
 * In a parsed question, a piece with a value stands before a $1. A value is
 * set in its place for each question; the driver quotes it.
 */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/escape.h"
#include "directory/directory.h"

#define WORD		"$1"
#define LDAP_FORM	"write BASE?COLUMN=ATTRIBUTE,...?sub?FILTER"
#define ATTRIBUTES_MAX	64u

/* --- SQL ----------------------------------------------------------------- */

static const char *
query_parse_sql(const char *text, enum directory_kind kind, struct arena *a,
    struct directory_question *q)
{
	q->statement = arena_strdup(a, text);
	q->nwords = 1;
	if (text[strspn(text, " \t\r\n")] == '\0')
		return "is empty; write one SELECT";
	/* SQLite counts the parameters when it prepares the statement */
	if (kind != DIRECTORY_SQLITE && strstr(text, WORD) == NULL)
		return "must have a parameter; write $1 in place of the login "
		    "or domain, without quotes";
	return NULL;
}

/* --- LDAP ---------------------------------------------------------------- */

/* Up to the next "?", decoded; *text is after it. NULL: a broken escape. */
static char *
query_take_part(const char **text, struct arena *a)
{
	const char	*from = *text, *end = from + strcspn(from, "?");
	char		*part = arena_memdup(a, from, (size_t)(end - from));

	*text = *end == '?' ? end + 1 : end;
	return escape_decode(part, '%') ? part : NULL;
}

static size_t
query_count_words(const char *text)
{
	size_t n = 0;

	while ((text = strstr(text, WORD)) != NULL) {
		n++;
		text += strlen(WORD);
	}
	return n;
}

/* Pieces with an empty value for each $1, and the text after the last. */
static struct directory_text
query_pieces(const char *text, struct arena *a)
{
	size_t			 n = query_count_words(text), i;
	struct directory_piece	*piece = arena_array(a, n + 1,
				    sizeof(*piece));
	struct directory_text	 t = { piece, n + 1 };
	const char		*next;

	for (i = 0; i < n; i++) {
		next = strstr(text, WORD);
		piece[i].text = arena_memdup(a, text, (size_t)(next - text));
		piece[i].value = "";
		text = next + strlen(WORD);
	}
	piece[n].text = text;
	return t;
}

/* Letters, digits, and what is in options and object identifiers. */
static bool
query_is_name(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		if (!ascii_is_alnum(name[i]) && strchr("-_.;", name[i]) == NULL)
			return false;
	return i > 0;
}

static const char *
query_take_attributes(char *text, struct arena *a,
    struct directory_question *q)
{
	struct directory_attribute	*list = arena_array(a, ATTRIBUTES_MAX,
					    sizeof(*list));
	char				*next, *is;
	size_t				 n = 0;

	q->attribute = list;
	for (; text != NULL; text = next) {
		next = strchr(text, ',');
		if (next != NULL)
			*next++ = '\0';
		is = strchr(text, '=');
		if (is != NULL)
			*is++ = '\0';
		if (n == ATTRIBUTES_MAX)
			return "names more than 64 attributes; remove some";
		list[n].name = text;
		list[n].attribute = is != NULL ? is : text;
		if (!query_is_name(text) || !query_is_name(list[n].attribute))
			return "has an invalid attribute; " LDAP_FORM;
		n++;
	}
	q->nattributes = n;
	return NULL;
}

bool
directory_scope_parse(const char *word, enum directory_scope *scope)
{
	static const struct {
		const char *name;
		enum directory_scope scope;
	} scopes[] = {
		{ "sub", DIRECTORY_SUB }, { "one", DIRECTORY_ONE },
		{ "base", DIRECTORY_BASE },
	};
	size_t i;

	for (i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		if (strcmp(scopes[i].name, word) == 0) {
			*scope = scopes[i].scope;
			return true;
		}
	return false;
}

static bool
query_is_filter(const char *text)
{
	size_t len = strlen(text);

	return len >= 2 && text[0] == '(' && text[len - 1] == ')';
}

static const char *
query_parse_ldap(const char *text, struct arena *a,
    struct directory_question *q)
{
	char		*part[4];
	const char	*why;
	size_t		 i;

	for (i = 0; i < 4; i++)
		if ((part[i] = query_take_part(&text, a)) == NULL)
			return "has an invalid %-escape; write %25 for a "
			    "percent sign, %3F for a question mark";
	if (text[0] != '\0')
		return "has more than four parts; " LDAP_FORM;
	why = query_take_attributes(part[1], a, q);
	if (why != NULL)
		return why;
	/* RFC 4516 means "base" then, which finds nobody: a trap */
	if (!directory_scope_parse(part[2], &q->scope))
		return "must name the scope sub, one or base; " LDAP_FORM;
	if (part[3][0] == '\0')
		part[3] = arena_strdup(a, "(objectClass=*)");
	if (!query_is_filter(part[3]))
		return "has a filter without parentheses; " LDAP_FORM;
	q->base = query_pieces(part[0], a);
	q->filter = query_pieces(part[3], a);
	if (q->base.n + q->filter.n == 2)
		return "must have $1 in the filter or the base, in place of "
		    "the login or domain";
	return NULL;
}

/* --- both ---------------------------------------------------------------- */

const char *
directory_query_parse(const char *text, enum directory_kind kind,
    struct arena *a, struct directory_question *q)
{
	memset(q, 0, sizeof(*q));
	if (kind == DIRECTORY_LDAP)
		return query_parse_ldap(text, a, q);
	return query_parse_sql(text, kind, a, q);
}

static struct directory_text
query_fill_text(const struct directory_text *t, const char *word,
    struct arena *a)
{
	struct directory_piece	*piece = arena_array(a, t->n, sizeof(*piece));
	struct directory_text	 filled = { piece, t->n };
	size_t			 i;

	for (i = 0; i < t->n; i++) {
		piece[i].text = t->piece[i].text;
		piece[i].value = t->piece[i].value != NULL ? word : NULL;
	}
	return filled;
}

struct directory_question
directory_query_fill(const struct directory_question *q, const char *word,
    struct arena *a)
{
	struct directory_question	 filled = *q;
	const char			**words;

	if (q->statement != NULL) {
		words = arena_alloc(a, sizeof(*words));
		words[0] = word;
		filled.word = words;
		return filled;
	}
	filled.base = query_fill_text(&q->base, word, a);
	filled.filter = query_fill_text(&q->filter, word, a);
	return filled;
}
