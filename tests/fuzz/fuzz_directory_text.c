/*
 * fuzz_directory_text - a value in a base or filter of LDAP has no octet that
 * means something there, and can be read again. A statement that is accepted
 * has a word for each of its parameters.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "directory/directory_ldap_escape_priv.h"
#include "directory/directory_mysql_sql_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

/* The value that RFC 4514 and RFC 4515 readers see. */
static void
unescape(struct buf *out, const char *s)
{
	char hex[3] = "";

	for (; *s != '\0'; s++) {
		CHECK(isalnum((unsigned char)*s) || strchr("-._@\\", *s));
		if (*s != '\\') {
			buf_addch(out, *s);
			continue;
		}
		CHECK(isxdigit((unsigned char)s[1]));
		CHECK(isxdigit((unsigned char)s[2]));
		memcpy(hex, s + 1, 2);
		buf_addch(out, (char)strtoul(hex, NULL, 16));
		s += 2;
	}
}

static void
check_ldap(const char *value)
{
	struct directory_piece	piece[2] = { { "(m=u=", value },
				    { "", value } };
	struct directory_text	t = { piece, 2 };
	struct buf		once = BUF_INIT, again = BUF_INIT;

	directory_ldap_escape(&once, value);
	unescape(&again, buf_str(&once));
	CHECK(strcmp(buf_str(&again), value) == 0);
	buf_reset(&once);
	buf_reset(&again);
	directory_ldap_filter(&once, &t);
	CHECK(strncmp(once.data, "(m=u=", 5) == 0);
	unescape(&again, once.data + 5);
	buf_reset(&once);
	unescape(&once, buf_str(&again));
	CHECK(once.len == 2 * strlen(value));
	buf_free(&once);
	buf_free(&again);
}

static void
check_mysql(const char *statement)
{
	struct directory_mysql_marks	marks;
	struct buf			sql = BUF_INIT;
	char				why[DIRECTORY_ERROR];
	size_t				n;

	if (!directory_mysql_sql(statement, 9, &sql, &marks, why)) {
		CHECK(strlen(why) > 0);
		buf_free(&sql);
		return;
	}
	CHECK(marks.n > 0 && marks.n <= DIRECTORY_MYSQL_MARKS);
	CHECK(sql.len <= strlen(statement));
	for (n = 0; n < marks.n; n++)
		CHECK(marks.word[n] < 9);
	buf_free(&sql);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	check_ldap(text);
	check_mysql(text);
	free(text);
	return 0;
}
