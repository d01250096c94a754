/*
 * fuzz_postfix_table: any text is either a table of Postfix, of each type, or
 * refused with a reason. Whatever key is looked up, the parts of a query that
 * are not quoted are the file's alone.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "directory/postfix_lines_priv.h"
#include "directory/postfix_source_priv.h"
#include "directory/postfix_text_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const keys[] = { "u+x@a.b.example", "@example", "u", "@",
    "a@b@", "'\\\"@x", "u@..", "u@.example" };
#define NKEYS	(sizeof(keys) / sizeof(keys[0]))

/* The texts between the values are those of the template, in its order. */
static void
check_pieces(const struct directory_text *t, const char *template)
{
	size_t		 i;
	const char	*p;

	for (i = 0; i < t->n; i++) {
		if ((t->piece[i].value == NULL) != (i + 1 == t->n))
			abort();
		for (p = t->piece[i].text; *p != '\0'; p++, template++) {
			if (*template != *p)
				abort();
			template += *p == '%';
		}
		if (t->piece[i].value != NULL && *template != '%')
			abort();
		template += t->piece[i].value != NULL ? 2 : 0;
	}
	if (*template != '\0')
		abort();
}

static void
try_source(enum directory_kind kind, const char *text, struct arena *a)
{
	struct postfix_source		 s;
	struct directory_question	 q;
	struct buf			 b = BUF_INIT;
	size_t				 i;

	if (postfix_source_parse(kind, "/x.cf", text, false, a, &s) != NULL)
		return;
	for (i = 0; i < NKEYS; i++) {
		if (!postfix_source_question(&s, keys[i], a, &q))
			continue;
		check_pieces(kind == DIRECTORY_LDAP ? &q.filter : &q.sql,
		    s.query);
		(void)postfix_result_expand(s.result_format, &s.needs,
		    keys[i], "l@d.example", &b);
	}
	buf_free(&b);
}

static void
try_template(const char *text, struct arena *a)
{
	struct postfix_needs	 n = { .labels = 0 };
	struct directory_text	 t;
	struct buf		 b = BUF_INIT;
	size_t			 i;

	(void)postfix_template_quoted(text, DIRECTORY_PGSQL);
	(void)postfix_template_quoted(text, DIRECTORY_MYSQL);
	if (postfix_template_needs(text, true, &n) != NULL)
		return;
	for (i = 0; i < NKEYS; i++)
		if (postfix_query_expand(text, &n, keys[i], a, &t))
			check_pieces(&t, text);
	memset(&n, 0, sizeof(n));
	(void)postfix_template_needs(text, false, &n);
	for (i = 0; i < NKEYS; i++)
		(void)postfix_result_expand(text, &n, keys[i], "l@d", &b);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena		*a = arena_new(0);
	char			*text = arena_memdup(a, data, size);
	struct postfix_text	*t;

	try_source(DIRECTORY_SQLITE, text, a);
	try_source(DIRECTORY_PGSQL, text, a);
	try_source(DIRECTORY_MYSQL, text, a);
	try_source(DIRECTORY_LDAP, text, a);
	try_template(text, a);
	if (postfix_texthash_parse("/x", text, a, &t) == NULL)
		(void)postfix_text_find(t, "u@example.org");
	if (postfix_inline_parse(text, a, &t) == NULL)
		(void)postfix_text_find(t, "u@example.org");
	arena_free(&a);
	return 0;
}
