/*
 * postfix_lines - logical lines and settings, as Postfix reads its files
 *
 * Pure. Empty lines and lines whose first character after blanks is # are
 * ignored; a line that begins with a blank continues the one before it.
 */
#ifndef MILLGATE_POSTFIX_LINES_H
#define MILLGATE_POSTFIX_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct postfix_lines {
	const char	*next;		/* the rest of the text */
	unsigned	 at;		/* physical lines read so far */
	unsigned	 line;		/* where the latest logical line began */
};

/*
 * The next logical line, without a newline, in the arena. It begins with a
 * blank only if there is nothing before it that it could continue. NULL: the
 * text has ended.
 */
char		*postfix_line(struct postfix_lines *r, struct arena *a);

/* The text without the blanks round it; shortened in place. */
char		*postfix_trim(char *text);

/* One "name = value" of a table's file. */
struct postfix_setting {
	const char	*name, *value;
	unsigned	 line;
};

struct postfix_settings {
	size_t		 n;
	struct postfix_setting *setting;
};

/*
 * Split "name = value" in place, as Postfix does: blanks round both are
 * removed. NULL, or a static text that says what is wrong.
 */
const char	*postfix_split(char *line, char **name, char **value);

/*
 * The settings of a file named `path`; of two with one name, the last one
 * counts. "$" has no meaning in such a file. NULL, or "path:line: error" in
 * the arena.
 */
const char	*postfix_settings_parse(const char *path, const char *text,
		    struct arena *a, struct postfix_settings *s);
/* NULL: not set. */
const struct postfix_setting *postfix_setting(
		    const struct postfix_settings *s, const char *name);

#endif
