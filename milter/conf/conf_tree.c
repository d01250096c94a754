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

static void
__attribute__((format(printf, 4, 0)))
complain_v(struct complaints *c, struct conf_place at, const char *lead,
    const char *fmt, va_list ap)
{
	if (c->n > COMPLAINTS_MAX)
		return;
	if (c->n > 0)
		buf_addch(&c->text, '\n');
	buf_addstr(&c->text, at.file);
	if (at.line > 0)
		buf_printf(&c->text, ":%u", at.line);
	buf_addstr(&c->text, ": ");
	if (c->n++ == COMPLAINTS_MAX) {
		buf_addstr(&c->text, "there are more errors; correct these "
		    "first");
		return;
	}
	buf_addstr(&c->text, lead);
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
conf_complain_in(struct complaints *c, const struct conf_section *s,
    struct conf_place at, const char *fmt, ...)
{
	struct arena	*a = arena_new(0);
	const char	*lead = "";
	va_list		 ap;

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

const char *
conf_shown(struct arena *a, const char *text)
{
	struct buf	 b = BUF_INIT;
	const char	*p, *shown;

	for (p = text; *p != '\0' && b.len < SHOWN_MAX; p++) {
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
