/*
 * directory_mysql_sql - $1 and ?1 of a statement as MySQL's ?
 *
 * Pure.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/why.h"
#include "directory_mysql_sql_priv.h"

/* The end of a string or of a quoted name; a doubled quote begins anew. */
static const char *
mysql_quoted_end(const char *s)
{
	char quote = *s++;

	while (*s != '\0' && *s != quote) {
		if (*s == '\\' && quote != '`' && s[1] != '\0')
			s++;
		s++;
	}
	return *s != '\0' ? s + 1 : s;
}

static const char *
mysql_after(const char *s, const char *end)
{
	const char *at = strstr(s, end);

	return at != NULL ? at + strlen(end) : s + strlen(s);
}

/*
 * The end of what holds no parameter at `s`, or `s`. The text of a comment that
 * begins with ! or M! is executed, so only its begin is skipped.
 */
static const char *
mysql_skip(const char *s)
{
	if (*s == '\'' || *s == '"' || *s == '`')
		return mysql_quoted_end(s);
	if (*s == '#' || (s[0] == '-' && s[1] == '-' &&
	    (s[2] == '\0' || (unsigned char)s[2] <= ' ')))
		return mysql_after(s, "\n");
	if (strncmp(s, "/*!", 3) == 0)
		return s + 3;
	if (strncmp(s, "/*M!", 4) == 0)
		return s + 4;
	if (strncmp(s, "/*", 2) == 0)
		return mysql_after(s + 2, "*/");
	return s;
}

/* "$" may be a part of a name, and then begins no parameter. */
static bool
mysql_in_name(char before)
{
	return ascii_is_alnum(before) || before == '_' || before == '$' ||
	    (unsigned char)before >= 0x80;
}

/* The end of a parameter at `s`, and its number; `s` if there is none. */
static const char *
mysql_mark(const char *s, char before, size_t *number)
{
	const char *digits = s + 1;

	*number = 0;
	if (*s != '?' && (*s != '$' || mysql_in_name(before)))
		return s;
	while (*digits >= '0' && *digits <= '9' && *number < 1000)
		*number = *number * 10 + (size_t)(*digits++ - '0');
	return *s == '$' && digits == s + 1 ? s : digits;
}

static bool
mysql_mark_add(struct directory_mysql_marks *marks, size_t number,
    size_t nwords, char why[DIRECTORY_ERROR])
{
	if (number == 0)
		return why_print(why, DIRECTORY_ERROR,
		    "the query has a \"?\" without a number; write $1");
	if (number > nwords)
		return why_print(why, DIRECTORY_ERROR,
		    "the query has $%zu, but the last parameter is $%zu",
		    number, nwords);
	if (marks->n == DIRECTORY_MYSQL_MARKS)
		return why_print(why, DIRECTORY_ERROR,
		    "the query has more than %u parameters",
		    DIRECTORY_MYSQL_MARKS);
	marks->word[marks->n++] = (unsigned)number - 1;
	return true;
}

bool
directory_mysql_sql(const char *statement, size_t nwords, struct buf *out,
    struct directory_mysql_marks *marks, char why[DIRECTORY_ERROR])
{
	const char	*s = statement, *end;
	size_t		 number;
	char		 before = ' ';

	marks->n = 0;
	for (; *s != '\0'; before = end[-1], s = end) {
		if ((end = mysql_skip(s)) != s) {
			buf_add(out, s, (size_t)(end - s));
			continue;
		}
		if ((end = mysql_mark(s, before, &number)) == s) {
			buf_addch(out, *s);
			end = s + 1;
			continue;
		}
		buf_addch(out, '?');
		if (!mysql_mark_add(marks, number, nwords, why))
			return false;
	}
	if (marks->n == 0 && nwords > 0)
		return why_print(why, DIRECTORY_ERROR, "the query has no $1 "
		    "outside of quotes; write $1 without quotes");
	return true;
}
