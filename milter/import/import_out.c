/*
 * import_out - the configuration that is written, and the notes beside it
 *
 * Sections and their options are kept in the order in which they are set;
 * sections of one kind are printed together. Each option has a comment that
 * says where it came from. Texts of the foreign files are quoted, and their
 * control characters never reach the output.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "conf/conf_options.h"
#include "import_priv.h"

/* An option and its values, one unless it is a list. */
struct import_line {
	const struct conf_option *option;
	const char	*comment;
	size_t		 more;		/* other places of a list's members */
	struct import_items values;
};

struct import_section {
	const char	*kind, *title;	/* title NULL: it has none */
	const char	*comment;
	size_t		 n, size;
	struct import_line *line;
};

/* --- notes ---------------------------------------------------------------- */

/* Control characters become "?", so that a note stays one line. */
static const char *
one_line(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text), *p;

	for (p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	return copy;
}

void
import_note_add(struct import *im, struct import_notes *notes, const char *text)
{
	if (notes->n == notes->size)
		notes->text = array_grow(notes->text, notes->n, &notes->size,
		    sizeof(*notes->text));
	notes->text[notes->n++] = one_line(im->arena, text);
}

const char *
import_origin(const struct import *im, const struct import_setting *s)
{
	if (s->line > 0)
		return arena_printf(im->arena, "%s:%u %s", s->file, s->line,
		    s->name);
	return arena_printf(im->arena, "%s: %s is %s by default", s->file,
	    s->name, s->value);
}

bool
import_error(struct import *im, const char *file, unsigned line,
    const char *fmt, ...)
{
	va_list		 ap;
	const char	*text;

	va_start(ap, fmt);
	text = arena_vprintf(im->arena, fmt, ap);
	va_end(ap);
	import_note_add(im, &im->errors, line > 0 ? arena_printf(im->arena,
	    "%s:%u: %s", file, line, text) : arena_printf(im->arena, "%s: %s",
	    file, text));
	return false;
}

void
import_note(struct import *im, const struct import_setting *s,
    const char *fmt, ...)
{
	va_list		 ap;
	const char	*text;

	va_start(ap, fmt);
	text = arena_vprintf(im->arena, fmt, ap);
	va_end(ap);
	if (s->line > 0)
		text = arena_printf(im->arena, "%s:%u: %s%s%.200s: %s",
		    s->file, s->line, s->name, s->value[0] != '\0' ? " " :
		    "", s->value, text);
	else
		text = arena_printf(im->arena, "%s: %s", import_origin(im, s),
		    text);
	import_note_add(im, &im->lost, text);
}

void
import_remark(struct import *im, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	import_note_add(im, &im->lost, arena_vprintf(im->arena, fmt, ap));
	va_end(ap);
}

/* --- sections ------------------------------------------------------------- */

/* The name behind the blank of "section option", or all of it. */
static const char *
option_name(const char *ours)
{
	const char *blank = strchr(ours, ' ');

	return blank != NULL ? blank + 1 : ours;
}

const struct conf_option *
import_option(const char *ours)
{
	const struct conf_option	*o;
	const char			*name = option_name(ours);
	size_t				 i, len = (size_t)(name - ours);

	if (len > 0)
		len--;
	for (i = 0; (o = conf_option(i)) != NULL; i++)
		if (strlen(o->section) == len &&
		    strncmp(o->section, ours, len) == 0 &&
		    strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

static struct import_section *
section_find(const struct import *im, const char *kind, const char *title)
{
	struct import_section	*s;
	size_t			 i;

	for (i = 0; i < im->nsections; i++) {
		s = &im->section[i];
		if (strcmp(s->kind, kind) == 0 && (title == NULL ?
		    s->title == NULL : s->title != NULL &&
		    strcmp(s->title, title) == 0))
			return s;
	}
	return NULL;
}

static struct import_section *
section_get(struct import *im, const char *kind, const char *title)
{
	struct import_section *s = section_find(im, kind, title);

	if (s != NULL)
		return s;
	if (im->nsections == im->sections_size)
		im->section = array_grow(im->section, im->nsections,
		    &im->sections_size, sizeof(*im->section));
	s = &im->section[im->nsections++];
	*s = (struct import_section){ .kind = kind,
	    .title = arena_strdup(im->arena, title) };
	return s;
}

static struct import_line *
line_find(const struct import_section *s, const struct conf_option *o)
{
	size_t i;

	for (i = 0; s != NULL && i < s->n; i++)
		if (s->line[i].option == o)
			return &s->line[i];
	return NULL;
}

void
import_open(struct import *im, const char *section, const char *title,
    const char *comment)
{
	struct import_section *s = section_get(im, section, title);

	if (s->comment == NULL)
		s->comment = one_line(im->arena, comment);
}

bool
import_has(const struct import *im, const char *ours, const char *title)
{
	const struct conf_option *o = import_option(ours);

	return line_find(section_find(im, o->section, title), o) != NULL;
}

/* A member of a list, unless it is in it. */
static void
line_add(struct import *im, struct import_line *l, const char *value,
    const char *comment)
{
	size_t i;

	for (i = 0; i < l->values.n; i++)
		if (strcasecmp(l->values.item[i].text, value) == 0)
			return;
	import_add_item(im, &l->values, arena_strdup(im->arena, value), "",
	    0);
	l->more += strcmp(l->comment, comment) != 0;
}

/* Values for an option that takes one. */
static void
line_differs(struct import *im, const struct import_line *l,
    const char *value, const char *comment)
{
	if (l->values.n > 0 && strcmp(l->values.item[0].text, value) != 0)
		import_remark(im, "%s: %s differs from %s, which is written "
		    "(%s)", comment, value, l->values.item[0].text,
		    l->comment);
}

void
import_put(struct import *im, const char *ours, const char *title,
    const char *value, const char *comment)
{
	const struct conf_option *o = import_option(ours);
	struct import_section	*s = section_get(im, o->section, title);
	struct import_line	*l = line_find(s, o);
	bool			 list = conf_option_is_list(o);

	if (l != NULL && !list) {
		line_differs(im, l, value, comment);
		return;
	}
	if (l == NULL) {
		if (s->n == s->size)
			s->line = array_grow(s->line, s->n, &s->size,
			    sizeof(*s->line));
		l = &s->line[s->n++];
		*l = (struct import_line){ .option = o,
		    .comment = one_line(im->arena, comment) };
	}
	if (list && value[0] == '\0')
		return;
	line_add(im, l, one_line(im->arena, value), comment);
}

/* --- printing ------------------------------------------------------------- */

/* Quotes are left out only where the value certainly needs none. */
static void
print_word(const char *text, FILE *out)
{
	const char *p;

	for (p = text; ascii_is_alnum(*p) || (p > text && *p == '-'); p++)
		continue;
	if (*p == '\0' && p != text) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			putc('\\', out);
		putc(*p, out);
	}
	putc('"', out);
}

static void
print_line(const struct import_line *l, const char *indent, FILE *out)
{
	bool	list = conf_option_is_list(l->option);
	size_t	i;

	fprintf(out, "%s%s = %s", indent, l->option->name, list ? "{" : "");
	for (i = 0; i < l->values.n; i++) {
		fputs(i > 0 ? ", " : "", out);
		print_word(l->values.item[i].text, out);
	}
	fprintf(out, "%s\t# %s", list ? "}" : "", l->comment);
	if (l->more > 0)
		fprintf(out, ", and %zu more", l->more);
	putc('\n', out);
}

static void
print_imported(const struct import_section *s, FILE *out)
{
	size_t i;

	if (s->kind[0] != '\0') {
		fprintf(out, "\n%s ", s->kind);
		if (s->title != NULL) {
			print_word(s->title, out);
			putc(' ', out);
		}
		putc('{', out);
		if (s->comment != NULL)
			fprintf(out, "\t# %s", s->comment);
		putc('\n', out);
	}
	for (i = 0; i < s->n; i++)
		print_line(&s->line[i], s->kind[0] != '\0' ? "\t" : "", out);
	if (s->kind[0] != '\0')
		fputs("}\n", out);
}

static void
print_notes(const char *head, const struct import_notes *notes, FILE *out)
{
	size_t i;

	if (notes->n > 0)
		fprintf(out, "\n# %s\n", head);
	for (i = 0; i < notes->n; i++)
		fprintf(out, "#   %s\n", notes->text[i]);
}

void
import_print(const struct import *im, FILE *out)
{
	static const char *const kinds[] = { "", "resolver", "listener",
		"relay", "plan", "user", "signing", "spf", "dkim", "dmarc",
		"override", "quota" };
	size_t i, k;

	fputs("# millgate.conf, written by millgatectl import-opendkim. Check "
	    "it with\n# millgate -t, and read the lists at its end.\n\n", out);
	for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (i = 0; i < im->nsections; i++)
			if (strcmp(im->section[i].kind, kinds[k]) == 0)
				print_imported(&im->section[i], out);
	print_notes("Not carried over, or to be checked:", &im->lost, out);
	print_notes("Not needed:", &im->unneeded, out);
}

void
import_done(struct import *im)
{
	size_t i;

	for (i = 0; i < im->nsections; i++)
		free(im->section[i].line);
	free(im->section);
	for (i = 0; i < IMPORT_PROGRAMS; i++)
		free(im->file[i].setting);
	free(im->lost.text);
	free(im->unneeded.text);
	free(im->errors.text);
	arena_free(&im->arena);
}
