/*
 * conf_text - prepare a configuration text for libconfuse's lexer
 *
 * That lexer accepts comments only between options, counts one line too many
 * for a C comment, expands environment variables in strings, lets a string
 * continue on the next line, accepts a section that is not closed, and skips
 * unknown characters: `senders = {*}` would be an empty list. So comments are
 * blanked here, variables are escaped, and the rest is refused with its line.
 * Line numbers stay the same.
 *
 * libconfuse cannot distinguish `user = millgate` from `user alice { }`. The
 * name of the option gets a mark, a character that no text may contain.
 */
#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "base/safe_open.h"
#include "conf_tree_priv.h"

#define FILE_MAX_OCTETS	(16u * 1024 * 1024)

struct cleaner {
	const char	*p, *end;
	struct buf	*out;
	unsigned	 line;
	unsigned	 depth, opened;	/* braces, line of the outermost */
	const char	*error;
};

static bool
clean_refuse(struct cleaner *c, const char *error)
{
	c->error = error;
	return false;
}

static bool
clean_sees(const struct cleaner *c, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(c->end - c->p) >= len && memcmp(c->p, word, len) == 0;
}

/* Copy one character, or write a blank for one of a comment. */
static void
pass(struct cleaner *c, bool blank)
{
	if (*c->p == '\n')
		c->line++;
	buf_addch(c->out, blank && *c->p != '\n' ? ' ' : *c->p);
	c->p++;
}

static void
clean_line_comment(struct cleaner *c)
{
	while (c->p < c->end && *c->p != '\n')
		pass(c, true);
}

static bool
clean_block_comment(struct cleaner *c)
{
	unsigned line = c->line;

	pass(c, true);
	pass(c, true);
	while (c->p < c->end && !clean_sees(c, "*/"))
		pass(c, true);
	if (c->p == c->end) {
		c->line = line;
		return clean_refuse(c, "this comment is not closed; write */ "
		    "at its end");
	}
	pass(c, true);
	pass(c, true);
	return true;
}

/* A backslash and the character after it. */
static bool
clean_escape(struct cleaner *c, char quote)
{
	if (quote != '"' || c->end - c->p < 2 || c->p[1] == '\0' ||
	    strchr("\"\\$", c->p[1]) == NULL)
		return clean_refuse(c, "unknown escape in a string; only \\\" "
		    "and \\\\ are allowed, in double quotes");
	pass(c, false);
	pass(c, false);
	return true;
}

static bool
clean_string(struct cleaner *c)
{
	char quote = *c->p;

	pass(c, false);
	while (c->p < c->end && *c->p != quote) {
		if (*c->p == '\n' || *c->p == '\0')
			break;
		if (*c->p == '\\') {
			if (!clean_escape(c, quote))
				return false;
			continue;
		}
		if (quote == '"' && clean_sees(c, "${"))
			buf_addch(c->out, '\\');
		pass(c, false);
	}
	if (c->p == c->end || *c->p != quote)
		return clean_refuse(c, "this string is not closed; write the "
		    "quote at its end, on the same line");
	pass(c, false);
	return true;
}

static bool
clean_brace(struct cleaner *c)
{
	if (*c->p == '{' && c->depth++ == 0)
		c->opened = c->line;
	if (*c->p == '}' && c->depth > 0)
		c->depth--;
	pass(c, false);
	return true;
}

static void
pass_blanks(struct cleaner *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
		pass(c, false);
}

/* include("file"); libconfuse leaks memory for any other argument. */
static bool
clean_arguments(struct cleaner *c)
{
	pass(c, false);
	pass_blanks(c);
	if (c->p < c->end && (*c->p == '"' || *c->p == '\'')) {
		if (!clean_string(c))
			return false;
		pass_blanks(c);
		if (c->p < c->end && *c->p == ')') {
			pass(c, false);
			return true;
		}
	}
	return clean_refuse(c, "parentheses are only allowed in "
	    "include(\"/path/to/file\")");
}

/* Is this the option `user` outside of sections, not a section `user`? */
static bool
is_user_option(const struct cleaner *c)
{
	const char	*p = c->p + strlen("user");
	char		 before = c->out->len > 0 ?
			     c->out->data[c->out->len - 1] : ' ';

	if (c->depth > 0 || !clean_sees(c, "user") ||
	    ascii_is_alnum(before) || before == '-')
		return false;
	while (p < c->end && strchr(" \t\r\n", *p) != NULL && *p != '\0')
		p++;
	return p < c->end && *p == '=';
}

/* A character outside of strings and comments. */
static bool
clean_plain(struct cleaner *c)
{
	if (clean_sees(c, "${"))
		return clean_refuse(c, "variables are not supported; write the "
		    "value itself");
	if (*c->p == '*' || (*c->p == '+' && !clean_sees(c, "+=")))
		return clean_refuse(c, "* and + are only allowed in strings; "
		    "write quotes around the value");
	if ((unsigned char)*c->p < ' ' && strchr("\t\r\n", *c->p) == NULL)
		return clean_refuse(c, "control character; remove it");
	pass(c, false);
	return true;
}

static bool
clean_next(struct cleaner *c)
{
	if (*c->p == '\0')
		return clean_refuse(c, "NUL character; this is not a text "
		    "file");
	if (*c->p == '#') {
		clean_line_comment(c);
		return true;
	}
	if (clean_sees(c, "/*"))
		return clean_block_comment(c);
	if (*c->p == '"' || *c->p == '\'')
		return clean_string(c);
	if (*c->p == '{' || *c->p == '}')
		return clean_brace(c);
	if (*c->p == '(')
		return clean_arguments(c);
	if (is_user_option(c)) {
		buf_addstr(c->out, "user" CONF_USER_MARK);
		c->p += strlen("user");
		return true;
	}
	return clean_plain(c);
}

bool
conf_text_clean(const char *text, size_t len, struct buf *out,
    unsigned *line, const char **error)
{
	struct cleaner	c = { text, text + len, out, 1, 0, 0, NULL };
	bool		ok = true;

	buf_reserve(out, len);
	while (ok && c.p < c.end)
		ok = clean_next(&c);
	if (ok && c.depth > 0) {
		c.line = c.opened;
		ok = clean_refuse(&c, "the { on this line is not closed; write "
		    "the missing }");
	}
	*line = c.line;
	*error = c.error;
	return ok;
}

FILE *
conf_text_open(const char *path, bool included, const char **wrong)
{
	int fd;

	*wrong = NULL;
	if (!included)
		return fopen(path, "re");
	fd = safe_open_read(path, wrong);
	return fd != -1 ? fdopen(fd, "r") : NULL;
}

bool
conf_text_read(FILE *in, struct buf *text)
{
	char	part[16 * 1024];
	size_t	n;

	while ((n = fread(part, 1, sizeof(part), in)) > 0 &&
	    text->len <= FILE_MAX_OCTETS)
		buf_add(text, part, n);
	if (text->len > FILE_MAX_OCTETS)
		errno = EFBIG;
	return text->len <= FILE_MAX_OCTETS && ferror(in) == 0;
}
