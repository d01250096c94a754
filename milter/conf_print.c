/*
 * conf_print - a configuration as a file that gives the same configuration
 *
 * Users of users-file are not printed: the file is named.
 */
#include <inttypes.h>
#include <string.h>

#include "conf.h"
#include "conf_options.h"
#include "conf_tree.h"

static void
print_quoted(const char *text, FILE *out)
{
	putc('"', out);
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void
print_list(const char *const *list, FILE *out)
{
	size_t i;

	putc('{', out);
	for (i = 0; list != NULL && list[i] != NULL; i++) {
		if (i > 0)
			fputs(", ", out);
		print_quoted(list[i], out);
	}
	putc('}', out);
}

static void
print_networks(const struct netblock *list, size_t n, FILE *out)
{
	char	text[NETADDR_TEXT];
	size_t	i;

	putc('{', out);
	for (i = 0; i < n; i++)
		fprintf(out, "%s\"%s/%u\"", i > 0 ? ", " : "",
		    netaddr_format(&list[i].addr, text), list[i].bits);
	putc('}', out);
}

static void
print_limit(uint32_t limit, FILE *out)
{
	if (limit == STORE_UNLIMITED)
		fputs("unlimited", out);
	else
		fprintf(out, "%" PRIu32, limit);
}

void
conf_value_print(const struct conf_option *o, const void *base, FILE *out)
{
	const void	*at = (const char *)base + o->at;
	const void	*more = (const char *)base + o->more;
	char		 delimiter[2];

	switch (o->type) {
	case OPT_TEXT:
		print_quoted(*(const char *const *)at, out);
		break;
	case OPT_BOOL:
		fputs(*(const bool *)at ? "yes" : "no", out);
		break;
	case OPT_UINT:
		fprintf(out, "%u", *(const unsigned *)at);
		break;
	case OPT_SIZE:
		fprintf(out, "%zu", *(const size_t *)at);
		break;
	case OPT_LIMIT:
		print_limit(*(const uint32_t *)at, out);
		break;
	case OPT_OCTAL:
		fprintf(out, "\"%04o\"", *(const unsigned *)at);
		break;
	case OPT_CHAR:
		delimiter[0] = *(const char *)at;
		delimiter[1] = '\0';
		print_quoted(delimiter, out);
		break;
	case OPT_WORD:
		fputs(o->words[*(const unsigned *)at], out);
		break;
	case OPT_LIST:
		print_list(*(const char *const *const *)at, out);
		break;
	case OPT_NETWORKS:
		print_networks(*(const struct netblock *const *)at,
		    *(const size_t *)more, out);
		break;
	case OPT_CANON:
		fprintf(out, "\"%s/%s\"",
		    canon_name(*(const enum canonicalization *)at),
		    canon_name(*(const enum canonicalization *)more));
		break;
	case OPT_PLAN:
		print_quoted((*(const struct plan_rules *const *)at)->name,
		    out);
		break;
	}
}

/* Options that would be refused beside the others are left out. */
static bool
is_printed(const struct conf *c, const struct conf_option *o, const void *base)
{
	const struct session_rules *r = base;

	if (o->type == OPT_OCTAL || strcmp(o->name, "socket-owner") == 0)
		return strncmp(c->socket, "local:", 6) == 0;
	if (strcmp(o->section, "listener") == 0)
		return conf_listener_takes(r, o->name);
	return true;
}

static void
print_options(const struct conf *c, const char *section, const void *base,
    const char *indent, FILE *out)
{
	const struct conf_option	*o;
	size_t				 i;

	for (i = 0; i < conf_noptions; i++) {
		o = &conf_options[i];
		if (strcmp(o->section, section) != 0 ||
		    !is_printed(c, o, base))
			continue;
		fprintf(out, "%s%s = ", indent, o->name);
		conf_value_print(o, base, out);
		putc('\n', out);
	}
}

static void
print_section(const struct conf *c, const char *name, const char *title,
    const void *base, FILE *out)
{
	fprintf(out, "\n%s ", name);
	if (title != NULL) {
		print_quoted(title, out);
		putc(' ', out);
	}
	fputs("{\n", out);
	print_options(c, name, base, "\t", out);
	fputs("}\n", out);
}

static void
print_kind(const struct conf *c, const char *name, FILE *out)
{
	size_t i;

	for (i = 0; strcmp(name, "listener") == 0 && i < c->nlisteners; i++)
		print_section(c, name, c->listeners[i]->name, c->listeners[i],
		    out);
	for (i = 0; strcmp(name, "plan") == 0 && i < c->nplans; i++)
		print_section(c, name, c->plans[i].name, &c->plans[i], out);
	for (i = 0; strcmp(name, "user") == 0 && i < c->nuser_sections; i++)
		print_section(c, name, c->user_sections[i].login,
		    &c->user_sections[i], out);
}

void
conf_print(const struct conf *c, FILE *out)
{
	size_t i;

	print_options(c, "", c, "", out);
	for (i = 1; i < conf_nkinds; i++) {
		if (conf_kinds[i].titled)
			print_kind(c, conf_kinds[i].name, out);
		else
			print_section(c, conf_kinds[i].name, NULL, c, out);
	}
}
