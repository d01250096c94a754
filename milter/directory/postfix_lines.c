/*
 * postfix_lines - logical lines and settings, as Postfix reads its files
 *
 * The rules are those of Postfix's readlline(3) and split_nameval(3): an empty
 * line or a comment does not end a logical line, and a value may be empty.
 */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "postfix_lines_priv.h"

#define SETTINGS_MAX	200

/* C's isspace in the POSIX locale. */
static bool
is_space_of_c(char c)
{
	return ascii_is_space(c) || c == '\f' || c == '\v';
}

static bool
says_nothing(const char *text, size_t len)
{
	while (len > 0 && is_space_of_c(*text)) {
		text++;
		len--;
	}
	return len == 0 || *text == '#';
}

char *
postfix_line(struct postfix_lines *r, struct arena *a)
{
	struct buf	 b = BUF_INIT;
	char		*line = NULL;
	size_t		 len;

	while (*r->next != '\0') {
		if (b.len > 0 && *r->next != '#' && !is_space_of_c(*r->next))
			break;
		len = strcspn(r->next, "\n");
		r->at++;
		if (!says_nothing(r->next, len)) {
			if (b.len == 0)
				r->line = r->at;
			buf_add(&b, r->next, len);
		}
		r->next += len + (r->next[len] == '\n');
	}
	if (b.len > 0)
		line = arena_memdup(a, b.data, b.len);
	buf_free(&b);
	return line;
}

char *
postfix_trim(char *text)
{
	char *end;

	while (is_space_of_c(*text))
		text++;
	end = text + strlen(text);
	while (end > text && is_space_of_c(end[-1]))
		end--;
	*end = '\0';
	return text;
}

const char *
postfix_split(char *line, char **name, char **value)
{
	char *equals = strchr(line, '=');

	if (equals == NULL)
		return "has no \"=\"";
	*equals = '\0';
	*name = postfix_trim(line);
	*value = postfix_trim(equals + 1);
	if (**name == '\0')
		return "has no name before \"=\"";
	if (strpbrk(*name, " \t\r\n\f\v") != NULL)
		return "has a blank in the name";
	return NULL;
}

static void
settings_add(struct postfix_settings *s, struct postfix_setting *new)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->setting[i].name, new->name) == 0)
			break;
	s->setting[i] = *new;
	s->n += i == s->n;
}

const char *
postfix_settings_parse(const char *path, const char *text, struct arena *a,
    struct postfix_settings *s)
{
	struct postfix_lines	 r = { text, 0, 0 };
	struct postfix_setting	 new;
	const char		*wrong = NULL;
	char			*line, *name = NULL, *value = NULL;

	s->n = 0;
	s->setting = arena_array(a, SETTINGS_MAX, sizeof(*s->setting));
	while ((line = postfix_line(&r, a)) != NULL) {
		if (is_space_of_c(line[0]))
			wrong = "continues a line that does not exist";
		else
			wrong = postfix_split(line, &name, &value);
		if (wrong != NULL)
			return arena_printf(a, "%s:%u: the line %s; write "
			    "NAME = VALUE", path, r.line, wrong);
		if (s->n == SETTINGS_MAX)
			return arena_printf(a, "%s:%u: too many settings; "
			    "remove some", path, r.line);
		new = (struct postfix_setting){ name, value, r.line };
		settings_add(s, &new);
	}
	return NULL;
}

const struct postfix_setting *
postfix_setting(const struct postfix_settings *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->setting[i].name, name) == 0)
			return &s->setting[i];
	return NULL;
}
