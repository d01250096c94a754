/*
 * conf_tree - the parsed configuration file, and the errors found in it
 *
 * A new kind of section needs a row here. Settings are found by name. An error
 * or a warning is one line that begins with file and line.
 */
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "conf/conf_options.h"
#include "conf_tree_priv.h"

#define SHOWN_MAX	60
#define FILES_MAX	101	/* conf_read.c reads no more */

const struct conf_kind conf_kinds[] = {
	{ "",		false },
	{ "resolver",	false },
	{ "listener",	true },
	{ "relay",	true },
	{ "plan",	true },
	{ "tier",	true },
	{ "group",	true },
	{ "user",	true },
	{ "signing",	false },
	{ "spf",	false },
	{ "dkim",	false },
	{ "dmarc",	false },
	{ "override",	true },
	{ "quota",	false },
	{ "fuse",	false },
};
const size_t conf_nkinds = sizeof(conf_kinds) / sizeof(conf_kinds[0]);

const struct conf_section *
conf_tree_next(const struct conf_tree *t, const char *name, size_t *i)
{
	while (*i < t->n) {
		if (strcmp(t->section[(*i)++].name, name) == 0)
			return &t->section[*i - 1];
	}
	return NULL;
}

static void
files_note(const char **list, size_t *n, const char *file)
{
	size_t i;

	for (i = 0; i < *n; i++)
		if (strcmp(list[i], file) == 0)
			return;
	if (*n < FILES_MAX)
		list[(*n)++] = file;
}

const char *const *
conf_tree_files(const struct conf_tree *t, struct arena *a, size_t *n)
{
	const char	**list = arena_array(a, FILES_MAX, sizeof(*list));
	size_t		 i, k;

	*n = 0;
	for (i = 0; i < t->n; i++) {
		files_note(list, n, t->section[i].place.file);
		for (k = 0; k < t->section[i].n; k++)
			files_note(list, n,
			    t->section[i].setting[k].place.file);
	}
	return list;
}

const struct conf_setting *
conf_section_find(const struct conf_section *s, const char *option)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->setting[i].option->name, option) == 0)
			return &s->setting[i];
	return NULL;
}

bool
conf_section_sets(const struct conf_section *s, const char *option)
{
	const struct conf_setting *setting = conf_section_find(s, option);

	return setting != NULL && setting->n > 0 &&
	    setting->value[0].text[0] != '\0';
}

struct conf_place
conf_section_where(const struct conf_section *s, const char *option)
{
	const struct conf_setting *setting = conf_section_find(s, option);

	return setting != NULL ? setting->place : s->place;
}

/* Begins a new line. False: there are too many. */
static bool
complaints_add(struct complaints *c, const char *file)
{
	c->file = file;
	if (c->n++ >= COMPLAINTS_MAX)
		return false;
	if (c->n > 1)
		buf_addch(&c->text, '\n');
	return true;
}

static void
__attribute__((format(printf, 4, 0)))
complain_v(struct complaints *c, struct conf_place at, const char *lead,
    const char *fmt, va_list ap)
{
	if (!complaints_add(c, at.file))
		return;
	buf_addstr(&c->text, at.file);
	if (at.line > 0)
		buf_printf(&c->text, ":%u", at.line);
	buf_printf(&c->text, ": %s", lead);
	buf_vprintf(&c->text, fmt, ap);
}

void
conf_complain(struct complaints *c, struct conf_place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain_v(c, at, "", fmt, ap);
	va_end(ap);
}

void
complaints_note(struct complaints *c, const struct conf_section *s)
{
	if (!c->checking && c->nin < COMPLAINTS_MAX)
		c->in[c->nin++] = s;
}

void
conf_complain_in(struct complaints *c, const struct conf_section *s,
    struct conf_place at, const char *fmt, ...)
{
	struct arena	*a = arena_new(0);
	const char	*lead = "";
	va_list		 ap;

	if (complaints_skip(c, s)) {
		arena_free(&a);
		return;
	}
	complaints_note(c, s);
	if (s->title != NULL)
		lead = arena_printf(a, "%s %s: ", s->name,
		    conf_shown(a, s->title));
	else if (s->name[0] != '\0')
		lead = arena_printf(a, "%s: ", s->name);
	va_start(ap, fmt);
	complain_v(c, at, lead, fmt, ap);
	va_end(ap);
	arena_free(&a);
}

void
conf_complain_lines(struct complaints *c, const char *lines)
{
	size_t len;

	for (; *lines != '\0'; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		if (complaints_add(c, c->file))
			buf_add(&c->text, lines, len);
	}
}

void
complaints_check(struct complaints *c)
{
	c->checking = true;
}

bool
complaints_skip(const struct complaints *c, const struct conf_section *s)
{
	unsigned i;

	for (i = 0; c->checking && i < c->nin; i++)
		if (c->in[i] == s)
			return true;
	return false;
}

void
complaints_end(struct complaints *c)
{
	if (c->n <= COMPLAINTS_MAX)
		return;
	buf_addch(&c->text, '\n');
	if (c->file != NULL)
		buf_printf(&c->text, "%s: ", c->file);
	buf_printf(&c->text, "and %u more; correct these first",
	    c->n - COMPLAINTS_MAX);
}

/*
 * The password in a URL, which has "..." in errors, because they are logged;
 * *end is after it. The end of the text: there is none. A password may have
 * all characters, also those that end a part of a URL.
 */
static const char *
shown_password(const char *text, const char **end)
{
	const char	*url = strstr(text, "://"), *at = strrchr(text, '@');
	const char	*colon = url != NULL ? strchr(url + 3, ':') : NULL;
	const char	*option = url != NULL ? strstr(url, "password=") : NULL;

	*end = text + strlen(text);
	if (colon != NULL && at != NULL && colon < at) {
		*end = at;
		return colon + 1;
	}
	return option != NULL ? option + strlen("password=") : *end;
}

const char *
conf_shown(struct arena *a, const char *text)
{
	struct buf	 b = BUF_INIT;
	const char	*end, *password = shown_password(text, &end);
	const char	*p, *shown;

	for (p = text; *p != '\0' && b.len < SHOWN_MAX; p++) {
		if (p == password) {
			buf_addstr(&b, "...");
			p = end;
			if (*p == '\0')
				break;
		}
		if (*p < ' ' || *p > '~')
			buf_printf(&b, "\\x%02x", (unsigned char)*p);
		else
			buf_addch(&b, *p);
	}
	if (*p != '\0')
		buf_addstr(&b, "...");
	shown = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return shown;
}
