/*
 * conf_print - print a configuration as a configuration file, or as JSON
 *
 * The printed file loads to the same configuration. Users of users-file are
 * not printed, only the name of the file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "conf/conf.h"
#include "conf/conf_options.h"
#include "mail/canon.h"
#include "conf_tree_priv.h"

enum form { FORM_NUMBER, FORM_BOOL, FORM_WORD, FORM_TEXT, FORM_LIST };

/* A value ready to be written; one text unless it is a list. */
struct shown {
	enum form	 form;
	size_t		 n;
	const char	*one;
	const char	*const *text;
};

/* Prints sections and options in one of the two formats. */
struct printer {
	const struct conf *conf;
	FILE		*out;
	struct arena	*arena;		/* emptied for each option */
	bool		 json;
	bool		 first;		/* JSON: no comma before the next */
	const char	*indent;
};

/* --- values ------------------------------------------------------------ */

static struct shown
shown_one(enum form form, const char *text)
{
	struct shown s = { form, 1, text != NULL ? text : "", NULL };

	return s;
}

static struct shown
shown_plan(const struct plan_rules *plan)
{
	return shown_one(FORM_TEXT, plan != NULL ? plan->name : NULL);
}

static struct shown
shown_list(const char *const *list)
{
	struct shown s = { FORM_LIST, 0, NULL, list };

	while (list != NULL && list[s.n] != NULL)
		s.n++;
	return s;
}

static struct shown
shown_networks(struct arena *a, const struct netblock *list, size_t n)
{
	struct shown	 s = { FORM_LIST, n, NULL, NULL };
	const char	**texts = arena_array(a, n, sizeof(*texts));
	char		 text[NETADDR_TEXT];
	size_t		 i;

	for (i = 0; i < n; i++)
		texts[i] = arena_printf(a, "%s/%u",
		    netaddr_format(&list[i].addr, text), list[i].bits);
	s.text = texts;
	return s;
}

static struct shown
shown_numbers(struct arena *a, const unsigned *list, size_t n)
{
	struct shown	 s = { FORM_LIST, n, NULL, NULL };
	const char	**texts = arena_array(a, n, sizeof(*texts));
	size_t		 i;

	for (i = 0; i < n; i++)
		texts[i] = arena_printf(a, "%u", list[i]);
	s.text = texts;
	return s;
}

static struct shown
shown_limit(struct arena *a, uint64_t limit)
{
	if (limit == STORE_UNLIMITED)
		return shown_one(FORM_WORD, "unlimited");
	return shown_one(FORM_NUMBER, arena_printf(a, "%" PRIu64, limit));
}

static struct shown
shown_size(struct arena *a, size_t size)
{
	if (size == CONF_UNLIMITED)
		return shown_one(FORM_WORD, "unlimited");
	return shown_one(FORM_NUMBER, arena_printf(a, "%zu", size));
}

static struct shown
show_value(struct arena *a, const struct conf_option *o, const void *base)
{
	const void *at = (const char *)base + o->at;
	const void *more = (const char *)base + o->more;

	switch (o->type) {
	case OPT_TEXT:
		return shown_one(FORM_TEXT, *(const char *const *)at);
	case OPT_BOOL:
		return shown_one(FORM_BOOL, *(const bool *)at ? "yes" : "no");
	case OPT_UINT:
		return shown_one(FORM_NUMBER, arena_printf(a, "%u",
		    *(const unsigned *)at));
	case OPT_SIZE:
		return shown_size(a, *(const size_t *)at);
	case OPT_LIMIT:
		return shown_limit(a, *(const uint64_t *)at);
	case OPT_OCTAL:
		return shown_one(FORM_TEXT, arena_printf(a, "%04o",
		    *(const unsigned *)at));
	case OPT_CHAR:
		return shown_one(FORM_TEXT, arena_memdup(a, at,
		    *(const char *)at != '\0'));
	case OPT_WORD:
		return shown_one(FORM_WORD, o->words[*(const unsigned *)at]);
	case OPT_LIST:
		return shown_list(*(const char *const *const *)at);
	case OPT_NETWORKS:
		return shown_networks(a, *(const struct netblock *const *)at,
		    *(const size_t *)more);
	case OPT_PERCENTS:
		return shown_numbers(a, *(const unsigned *const *)at,
		    *(const size_t *)more);
	case OPT_CANON:
		return shown_one(FORM_TEXT, arena_printf(a, "%s/%s",
		    canon_name(*(const enum canonicalization *)at),
		    canon_name(*(const enum canonicalization *)more)));
	case OPT_PLAN:
		break;
	}
	return shown_plan(*(const struct plan_rules *const *)at);
}

static void
print_json_text(const char *text, FILE *out)
{
	struct buf b = BUF_INIT;

	json_string(&b, text);
	fputs(buf_str(&b), out);
	buf_free(&b);
}

static void
print_quoted(const struct printer *p, const char *text)
{
	if (p->json) {
		print_json_text(text, p->out);
		return;
	}
	putc('"', p->out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', p->out);
		putc(*text, p->out);
	}
	putc('"', p->out);
}

static void
print_value(const struct printer *p, const struct shown *s)
{
	size_t i;

	if (s->form == FORM_BOOL && p->json) {
		fputs(strcmp(s->one, "yes") == 0 ? "true" : "false", p->out);
	} else if (s->form == FORM_LIST) {
		putc(p->json ? '[' : '{', p->out);
		for (i = 0; i < s->n; i++) {
			fputs(i > 0 ? ", " : "", p->out);
			print_quoted(p, s->text[i]);
		}
		putc(p->json ? ']' : '}', p->out);
	} else if (s->form == FORM_TEXT || (s->form == FORM_WORD && p->json)) {
		print_quoted(p, s->one);
	} else {
		fputs(s->one, p->out);
	}
}

/* --- options and sections ---------------------------------------------- */

/* Options that a load would refuse as without effect are left out. */
static bool
is_printed(const struct conf *c, const struct conf_option *o, const void *base)
{
	if (strncmp(o->name, "socket-", 7) == 0)
		return strncmp(c->socket, "local:", 6) == 0;
	if (strcmp(o->section, "listener") == 0)
		return conf_listener_takes(base, o->name);
	return true;
}

/* The comma and the blanks before an option or a section. */
static void
print_lead(struct printer *p)
{
	if (p->json)
		fputs(p->first ? "" : ",\n", p->out);
	p->first = false;
	fputs(p->indent, p->out);
}

static void
print_options(struct printer *p, const char *section, const void *base)
{
	const struct conf_option	*o;
	struct shown			 s;
	size_t				 i;

	for (i = 0; (o = conf_option(i)) != NULL; i++) {
		if (strcmp(o->section, section) != 0 ||
		    !is_printed(p->conf, o, base))
			continue;
		print_lead(p);
		fprintf(p->out, p->json ? "\"%s\": " : "%s = ", o->name);
		s = show_value(p->arena, o, base);
		print_value(p, &s);
		arena_reset(p->arena);
		if (!p->json)
			putc('\n', p->out);
	}
}

/* `title` is NULL for a section without one. */
static void
print_section(struct printer *p, const char *name, const char *title,
    const void *base)
{
	const char *outer = p->indent;

	if (!p->json)
		putc('\n', p->out);
	print_lead(p);
	if (p->json) {
		print_json_text(title != NULL ? title : name, p->out);
		fputs(": {\n", p->out);
		p->indent = title != NULL ? "\t\t\t" : "\t\t";
	} else {
		fputs(name, p->out);
		putc(' ', p->out);
		if (title != NULL) {
			print_quoted(p, title);
			putc(' ', p->out);
		}
		fputs("{\n", p->out);
		p->indent = "\t";
	}
	p->first = true;
	print_options(p, name, base);
	p->first = false;
	p->indent = outer;
	fprintf(p->out, p->json ? "\n%s}" : "%s}\n", p->indent);
}

/*
 * All sections of a kind with titles. In JSON they are one object of objects,
 * named in the plural, since `user` is already the name of an option.
 */
static void
print_kind(struct printer *p, const char *name)
{
	const struct conf	*c = p->conf;
	size_t			 i;

	if (p->json) {
		print_lead(p);
		fprintf(p->out, "\"%ss\": {\n", name);
		p->first = true;
		p->indent = "\t\t";
	}
	for (i = 0; strcmp(name, "listener") == 0 && i < c->nlisteners; i++)
		print_section(p, name, c->listeners[i]->name, c->listeners[i]);
	for (i = 0; strcmp(name, "relay") == 0 && i < c->nrelays; i++)
		print_section(p, name, c->relays[i].name, &c->relays[i]);
	for (i = 0; strcmp(name, "plan") == 0 && i < c->nplans; i++)
		print_section(p, name, c->plans[i].name, &c->plans[i]);
	for (i = 0; strcmp(name, "tier") == 0 && i < c->ntiers; i++)
		print_section(p, name, c->tiers[i].name, &c->tiers[i]);
	for (i = 0; strcmp(name, "group") == 0 && i < c->ngroup_sections; i++)
		print_section(p, name, c->group_sections[i].name,
		    &c->group_sections[i]);
	for (i = 0; strcmp(name, "user") == 0 && i < c->nuser_sections; i++)
		print_section(p, name, c->user_sections[i].login,
		    &c->user_sections[i]);
	for (i = 0; strcmp(name, "override") == 0 && i < c->noverrides; i++)
		print_section(p, name, c->overrides[i].name, &c->overrides[i]);
	if (p->json) {
		p->first = false;
		p->indent = "\t";
		fputs("\n\t}", p->out);
	}
}

static void
conf_print_all(struct printer *p)
{
	size_t i;

	p->arena = arena_new(0);
	print_options(p, "", p->conf);
	for (i = 1; i < conf_nkinds; i++) {
		if (conf_kinds[i].titled)
			print_kind(p, conf_kinds[i].name);
		else
			print_section(p, conf_kinds[i].name, NULL, p->conf);
	}
	arena_free(&p->arena);
}

void
conf_print(const struct conf *c, FILE *out)
{
	struct printer p = { .conf = c, .out = out, .indent = "" };

	conf_print_all(&p);
}

void
conf_print_json(const struct conf *c, FILE *out)
{
	struct printer p = { .conf = c, .out = out, .json = true,
	    .first = true, .indent = "\t" };

	fputs("{\n", out);
	conf_print_all(&p);
	fputs("\n}\n", out);
}

char *
conf_restart_text(const struct conf *c)
{
	char		*text = NULL;
	size_t		 size, i;
	struct printer	 p = { .conf = c, .arena = arena_new(0) };
	const struct conf_option *o;
	struct shown	 s;

	p.out = open_memstream(&text, &size);
	if (p.out == NULL)
		abort();	/* no memory */
	for (i = 0; (o = conf_option(i)) != NULL; i++) {
		if (!o->restart && !(o->of_keys && c->key_process))
			continue;
		fprintf(p.out, "%s = ", o->name);
		s = show_value(p.arena, o, c);
		print_value(&p, &s);
		putc('\n', p.out);
	}
	fclose(p.out);
	arena_free(&p.arena);
	return text;
}

/* Is `line` one of the lines of `text`? */
static bool
has_line(const char *text, const char *line, size_t len)
{
	const char *at = text;

	while (at != NULL && (strncmp(at, line, len) != 0 || at[len] != '\n')) {
		at = strchr(at, '\n');
		if (at != NULL)
			at++;
	}
	return at != NULL;
}

void
conf_restart_changed(const char *now, const char *then, struct buf *names)
{
	const char	*line = then;
	size_t		 len, name;

	for (; *line != '\0'; line += len + 1) {
		len = strcspn(line, "\n");
		name = strcspn(line, " \n");
		if (!has_line(now, line, len))
			buf_printf(names, "%s%.*s", names->len > 0 ? ", " : "",
			    (int)name, line);
		if (line[len] == '\0')
			break;
	}
}
