/*
 * postfix_template - query and result_format of Postfix's tables: %s, %u, %d,
 * %S, %U, %D, %1 to %9 and %%
 *
 * Pure. In a query, the value of each % is a piece that the driver quotes.
 */
#ifndef MILLGATE_POSTFIX_TEMPLATE_H
#define MILLGATE_POSTFIX_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "directory/directory.h"

struct arena;
struct buf;

/*
 * What all templates of one table need together. Postfix asks nothing, and
 * skips a result, where a part is missing, even for a template that does not
 * use it.
 */
struct postfix_needs {
	bool		 key_user, key_domain;	/* %u %U, %d %D of the key */
	bool		 value_user, value_domain;	/* of the result */
	unsigned	 labels;		/* %1 to %9 */
};

/* Add the needs of one template. NULL, or what is wrong (static). */
const char	*postfix_template_needs(const char *text, bool query,
		    struct postfix_needs *n);
/*
 * SQL: every % must be within a quoted string, because values are quoted as
 * the inside of one. NULL, or what is wrong (static).
 */
const char	*postfix_template_quoted(const char *text,
		    enum directory_kind kind);
/* False: Postfix would not ask for this key, which is in lower case. */
bool		 postfix_query_expand(const char *text,
		    const struct postfix_needs *n, const char *key,
		    struct arena *a, struct directory_text *out);
/*
 * Add one result to `out`, after a comma if it is not empty. False: Postfix
 * would skip this one.
 */
bool		 postfix_result_expand(const char *format,
		    const struct postfix_needs *n, const char *key,
		    const char *value, struct buf *out);

#endif
