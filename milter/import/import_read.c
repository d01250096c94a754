/*
 * import_read - read the files of other programs into settings
 *
 * OpenDKIM and OpenDMARC: "Name value" lines, "#" begins a comment anywhere.
 * policyd-spf: "name = value" lines. Data sets of OpenDKIM are lists or files.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "import_priv.h"

bool
import_add_setting(struct import *im, const struct import_setting *s)
{
	struct import_file *f = im->at;

	if (f->n == IMPORT_SETTINGS_MAX)
		return import_error(im, s->file, s->line, "there are more "
		    "than %d settings; is this the right file?",
		    IMPORT_SETTINGS_MAX);
	if (f->n == f->size)
		f->setting = array_grow(f->setting, f->n, &f->size,
		    sizeof(*f->setting));
	f->setting[f->n++] = *s;
	return true;
}

/* --- lines ---------------------------------------------------------------- */

struct lines {
	const char	*p, *end;
	const char	*line, *line_end;	/* without outer blanks */
	unsigned	 number;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The next line that is not empty, without its comment. */
static bool
next_line(struct lines *l)
{
	const char *eol, *comment;

	while (l->p < l->end) {
		eol = memchr(l->p, '\n', (size_t)(l->end - l->p));
		if (eol == NULL)
			eol = l->end;
		l->number++;
		l->line = l->p;
		l->p = eol < l->end ? eol + 1 : l->end;
		comment = memchr(l->line, '#', (size_t)(eol - l->line));
		l->line_end = comment != NULL ? comment : eol;
		while (l->line < l->line_end && is_blank(*l->line))
			l->line++;
		while (l->line_end > l->line && is_blank(l->line_end[-1]))
			l->line_end--;
		if (l->line < l->line_end)
			return true;
	}
	return false;
}

/* False: an octet that no such file has is in the line. */
static bool
has_no_controls(const struct lines *l)
{
	const char *p;

	for (p = l->line; p < l->line_end; p++)
		if (((unsigned char)*p < ' ' && !is_blank(*p)) || *p == 127)
			return false;
	return true;
}

static bool
refuse_line(struct import *im, const char *path, const struct lines *l,
    const char *form)
{
	return import_error(im, path, l->number, "this is not a line of %s, "
	    "which has the form: %s", im->at->program->manual, form);
}

/* The value behind the name: from `p` on, without blanks before it. */
static const char *
rest_of(struct arena *a, const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return arena_memdup(a, p, (size_t)(end - p));
}

static bool
read_included(struct import *im, const struct import_setting *s)
{
	struct buf	 text = BUF_INIT;
	const char	*path = import_path(im, s->value), *why = "";
	bool		 ok;

	if (im->level == IMPORT_LEVELS_MAX ||
	    im->included++ == IMPORT_INCLUDES_MAX)
		return import_error(im, s->file, s->line, "Include is nested "
		    "more than %d levels deep, or there are more than %d",
		    IMPORT_LEVELS_MAX, IMPORT_INCLUDES_MAX);
	im->level++;
	ok = im->load(im, path, &text, &why) ?
	    import_read_words(im, path, text.data, text.len) :
	    import_error(im, s->file, s->line, "Include %s: %s", path, why);
	im->level--;
	buf_free(&text);
	return ok;
}

bool
import_read_words(struct import *im, const char *path, const char *text,
    size_t len)
{
	struct lines		 l = { .p = text, .end = text + len };
	struct import_setting	 s = { .file = path };
	const char		*end;

	while (next_line(&l)) {
		for (end = l.line; end < l.line_end && !is_blank(*end); end++)
			continue;
		if (!has_no_controls(&l) || !ascii_is_alnum(l.line[0]))
			return refuse_line(im, path, &l, "Name value");
		s.line = l.number;
		s.name = arena_memdup(im->arena, l.line,
		    (size_t)(end - l.line));
		s.value = rest_of(im->arena, end, l.line_end);
		if (strcasecmp(s.name, "Include") == 0 ?
		    !read_included(im, &s) : !import_add_setting(im, &s))
			return false;
	}
	return true;
}

bool
import_read_equals(struct import *im, const char *path, const char *text,
    size_t len)
{
	struct lines		 l = { .p = text, .end = text + len };
	struct import_setting	 s = { .file = path };
	const char		*sign, *end;

	while (next_line(&l)) {
		sign = memchr(l.line, '=', (size_t)(l.line_end - l.line));
		if (!has_no_controls(&l) || sign == NULL || sign == l.line)
			return refuse_line(im, path, &l, "name = value");
		for (end = sign; end > l.line && is_blank(end[-1]); end--)
			continue;
		s.line = l.number;
		s.name = arena_memdup(im->arena, l.line,
		    (size_t)(end - l.line));
		s.value = rest_of(im->arena, sign + 1, l.line_end);
		if (!import_add_setting(im, &s))
			return false;
	}
	return true;
}

/* --- finding -------------------------------------------------------------- */

const struct import_row *
import_row_of(const struct import_program *p, const char *name)
{
	const struct import_row *r;

	for (r = p->row; r->name != NULL; r++)
		if (strcasecmp(r->name, name) == 0)
			return r;
	return NULL;
}

const struct import_setting *
import_find(const struct import *im, const char *name)
{
	const struct import_file	*f = im->at;
	const struct import_row		*row = import_row_of(f->program, name);
	struct import_setting		*s;
	size_t				 i;

	for (i = f->n; i > 0; i--)
		if (strcasecmp(f->setting[i - 1].name, name) == 0)
			return &f->setting[i - 1];
	if (row == NULL || row->def == NULL)
		return NULL;
	s = arena_alloc(im->arena, sizeof(*s));
	s->name = row->name;
	s->value = row->def;
	s->file = f->program->manual;
	return s;
}

const char *
import_value(const struct import *im, const char *name)
{
	const struct import_setting *s = import_find(im, name);

	return s != NULL ? s->value : "";
}

bool
import_true(const struct import *im, const char *name)
{
	const char *value = import_value(im, name);

	return value[0] != '\0' && strchr("TtYy1", value[0]) != NULL;
}

const char *
import_path(const struct import *im, const char *path)
{
	const char *base = import_value(im, "BaseDirectory");

	if (path[0] == '/' || path[0] == '\0' || base[0] != '/')
		return path;
	return arena_printf(im->arena, "%s/%s", base, path);
}

/* --- data sets ------------------------------------------------------------ */

void
import_add_item(struct import *im, struct import_items *list,
    const char *text, const char *file, unsigned line)
{
	if (list->n == list->size) {
		list->size = list->size > 0 ? 2 * list->size : 16;
		list->item = arena_enlarge(im->arena, list->item, list->n,
		    list->size, sizeof(*list->item));
	}
	list->item[list->n++] = (struct import_item){ text, file, line };
}

static void
split_commas(struct import *im, const struct import_setting *s,
    const char *text, struct import_items *out)
{
	const char *p = text, *end, *next;

	while (*p != '\0' && out->n < IMPORT_ITEMS_MAX) {
		next = p + strcspn(p, ",");
		end = next;
		while (p < end && is_blank(*p))
			p++;
		while (end > p && is_blank(end[-1]))
			end--;
		if (end > p)
			import_add_item(im, out, arena_memdup(im->arena, p,
			    (size_t)(end - p)), s->file, s->line);
		p = *next == ',' ? next + 1 : next;
	}
}

void
import_commas(struct import *im, const struct import_setting *s,
    struct import_items *out)
{
	split_commas(im, s, s->value, out);
}

/* The first word of each line. */
static bool
read_set(struct import *im, const struct import_setting *s, const char *path,
    struct import_items *out)
{
	struct buf	 text = BUF_INIT;
	struct lines	 l;
	const char	*why = "", *end;

	if (!im->load(im, path, &text, &why)) {
		import_note(im, s, "the file cannot be read: %s", why);
		buf_free(&text);
		return false;
	}
	l = (struct lines){ .p = text.data, .end = text.data + text.len };
	while (next_line(&l) && out->n < IMPORT_ITEMS_MAX) {
		for (end = l.line; end < l.line_end && !is_blank(*end); end++)
			continue;
		if (has_no_controls(&l))
			import_add_item(im, out, arena_memdup(im->arena,
			    l.line, (size_t)(end - l.line)), path, l.number);
	}
	if (out->n == IMPORT_ITEMS_MAX)
		import_note(im, s, "only the first %d entries of it were read",
		    IMPORT_ITEMS_MAX);
	buf_free(&text);
	return true;
}

bool
import_hosts_file(struct import *im, const struct import_setting *s,
    struct import_items *out)
{
	return read_set(im, s, import_path(im, s->value), out);
}

/* A type that needs a library or a program: "db:", "ldap:", "lua:" ... */
static bool
is_other_type(const char *value)
{
	static const char *const types[] = { "db:", "dsn:", "ldap:", "ldaps:",
		"ldapi:", "lua:", "memcache:", "erlang:", "repute:", "mdb:",
		"socket:" };
	size_t i, len = strlen(value);

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strncasecmp(value, types[i], strlen(types[i])) == 0)
			return true;
	return len > 3 && strcmp(value + len - 3, ".db") == 0;
}

bool
import_dataset(struct import *im, const struct import_row *r,
    const struct import_setting *s, struct import_items *out)
{
	const char *value = s->value;

	if (is_other_type(value)) {
		import_note(im, s, "data sets of this type cannot be read "
		    "here; write the entries into %s", r->ours != NULL ?
		    r->ours : "a file");
		return false;
	}
	if (strncasecmp(value, "csl:", 4) == 0) {
		split_commas(im, s, value + 4, out);
		return true;
	}
	if (strncasecmp(value, "file:", 5) == 0)
		return read_set(im, s, import_path(im, value + 5), out);
	if (strncasecmp(value, "refile:", 7) == 0)
		return read_set(im, s, import_path(im, value + 7), out);
	if (value[0] == '/' || strncmp(value, "./", 2) == 0 ||
	    strncmp(value, "../", 3) == 0)
		return read_set(im, s, import_path(im, value), out);
	split_commas(im, s, value, out);
	return true;
}
