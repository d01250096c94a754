/*
 * conf_text - make a text fit for libconfuse's lexer
 *
 * That lexer knows comments only between options, counts one line too many
 * for a C comment, puts environment variables into strings, lets a string run
 * over lines, takes an unclosed section for a closed one, and eats characters
 * that it does not know: `senders = {*}` would be an empty list. So comments
 * are blanked here, variables are made plain text, and the rest is refused
 * with its line. The lines of the result are the lines of the text.
 *
 * libconfuse cannot tell `user = millgate` from `user alice { }`: the option
 * gets a mark behind its name, a character that no text may hold.
 */
#include <string.h>

#include "conf_tree_priv.h"

struct cleaner {
	const char	*p, *end;
	struct buf	*out;
	unsigned	 line;
	unsigned	 depth, opened;	/* braces, line of the outermost */
	const char	*what;
};

static bool
refuse(struct cleaner *c, const char *what)
{
	c->what = what;
	return false;
}

static bool
starts_with(const struct cleaner *c, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(c->end - c->p) >= len && memcmp(c->p, word, len) == 0;
}

/* One character, as it is; or a blank for one of a comment. */
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
	while (c->p < c->end && !starts_with(c, "*/"))
		pass(c, true);
	if (c->p == c->end) {
		c->line = line;
		return refuse(c, "this comment never ends; close it with */");
	}
	pass(c, true);
	pass(c, true);
	return true;
}

/* A backslash and what it stands for. */
static bool
clean_escape(struct cleaner *c, char quote)
{
	if (quote != '"' || c->end - c->p < 2 || c->p[1] == '\0' ||
	    strchr("\"\\$", c->p[1]) == NULL)
		return refuse(c, "unknown escape in a string; only \\\" and "
		    "\\\\ are known, between double quotes");
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
		if (quote == '"' && starts_with(c, "${"))
			buf_addch(c->out, '\\');
		pass(c, false);
	}
	if (c->p == c->end || *c->p != quote)
		return refuse(c, "this string is not closed; write the quote "
		    "at its end, on the same line");
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

/* include("file"); libconfuse forgets memory when it is not that. */
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
	return refuse(c, "parentheses stand only in include(\"/path/to/file\")");
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* The option `user`, outside of sections, and not a section of that name. */
static bool
is_user_option(const struct cleaner *c)
{
	const char *p = c->p + strlen("user");

	if (c->depth > 0 || !starts_with(c, "user") ||
	    (c->out->len > 0 && is_word(c->out->data[c->out->len - 1])))
		return false;
	while (p < c->end && strchr(" \t\r\n", *p) != NULL && *p != '\0')
		p++;
	return p < c->end && *p == '=';
}

/* A character that is in no string and no comment. */
static bool
clean_plain(struct cleaner *c)
{
	if (starts_with(c, "${"))
		return refuse(c, "variables are not known here; write the "
		    "value itself");
	if (*c->p == '*' || (*c->p == '+' && !starts_with(c, "+=")))
		return refuse(c, "* and + stand only in strings; write quotes "
		    "around the value");
	if ((unsigned char)*c->p < ' ' && strchr("\t\r\n", *c->p) == NULL)
		return refuse(c, "control character; remove it");
	pass(c, false);
	return true;
}

static bool
clean_next(struct cleaner *c)
{
	if (*c->p == '\0')
		return refuse(c, "NUL character; this is no text file");
	if (*c->p == '#') {
		clean_line_comment(c);
		return true;
	}
	if (starts_with(c, "/*"))
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
    unsigned *line, const char **what)
{
	struct cleaner	c = { text, text + len, out, 1, 0, 0, NULL };
	bool		ok = true;

	buf_reserve(out, len);
	while (ok && c.p < c.end)
		ok = clean_next(&c);
	if (ok && c.depth > 0) {
		c.line = c.opened;
		ok = refuse(&c, "what is opened here is never closed; write "
		    "the missing }");
	}
	*line = c.line;
	*what = c.what;
	return ok;
}
