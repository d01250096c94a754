/*
 * import_rows - carry settings over by their rows
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "conf/conf_options.h"
#include "import_priv.h"

const struct import_program *const import_programs[IMPORT_PROGRAMS] = {
	&import_opendkim, &import_opendmarc, &import_policyd_spf,
	&import_policyd_rate_limit
};

/* --- what rows do --------------------------------------------------------- */

void
import_take_bool(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	import_put(im, row->ours, NULL, import_true(im, row->name) ? "yes" :
	    "no", import_origin(im, s));
}

/* The name HOSTNAME is the host's, which is seldom another than the MTA's. */
void
import_take_id(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	const char *id = s->value;

	if (strcasecmp(id, "HOSTNAME") == 0 || id[0] == '\0')
		import_note(im, s, "millgate takes the MTA's own name; set "
		    "authserv-id if the host has another");
	else if (import_option(row->ours)->syntax(im->arena, &id) != NULL)
		import_note(im, s, "this is not a name for an "
		    "Authentication-Results field; set authserv-id");
	else
		import_put(im, row->ours, NULL, id, import_origin(im, s));
}

void
import_take_number(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	const struct conf_option	*o = import_option(row->ours);
	char				*end;
	unsigned long			 n = strtoul(s->value, &end, 10);
	const char			*comment = import_origin(im, s);

	if (!ascii_is_digit(s->value[0]) || *end != '\0') {
		import_note(im, s, "this is not a number; set %s", row->ours);
		return;
	}
	if (n < (unsigned long)o->min || n > (unsigned long)o->max) {
		n = n < (unsigned long)o->min ? (unsigned long)o->min :
		    (unsigned long)o->max;
		import_note(im, s, "%s takes %ld to %ld; %lu is written",
		    row->ours, o->min, o->max, n);
	}
	import_put(im, row->ours, NULL, arena_printf(im->arena, "%lu", n),
	    comment);
}

void
import_put_member(struct import *im, const struct import_row *row,
    const struct import_setting *s, const char *text)
{
	const struct conf_option *o = import_option(row->ours);

	if (o->syntax != NULL && o->syntax(im->arena, &text) != NULL)
		import_note(im, s, "%s is left out: %s cannot have it", text,
		    row->ours);
	else
		import_put(im, row->ours, NULL, text, import_origin(im, s));
}

void
import_take_list(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items	items = { 0 };
	size_t			i;

	if (!import_dataset(im, row, s, &items))
		return;
	for (i = 0; i < items.n; i++)
		import_put_member(im, row, s, items.item[i].text);
}

/* --- a run ---------------------------------------------------------------- */

static bool
is_harmless(const struct import_row *row, const char *value)
{
	static const char *const off[] = { "no", "n", "false", "f", "0",
		"none", "null" };
	size_t i;

	if (row->harmless != NULL && strcasecmp(row->harmless, value) == 0)
		return true;
	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (strcasecmp(value, off[i]) == 0)
			return true;
	return value[0] == '\0';
}

static void
say_unneeded(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	import_note_add(im, &im->unneeded, arena_printf(im->arena, "%s: %s",
	    import_origin(im, s), row->remark));
}

static void
run_row(struct import *im, const struct import_row *row)
{
	const struct import_setting *s = import_find(im, row->name);

	if (s == NULL)
		return;
	switch (row->kind) {
	case IMPORT_CARRIED:
		if (row->take != NULL)
			row->take(im, row, s);
		if (row->remark != NULL && s->line > 0)
			import_note(im, s, "%s", row->remark);
		break;
	case IMPORT_SAME:
		say_unneeded(im, row, s);
		break;
	case IMPORT_LOST:
		if (s->node != NULL ? s->node->child != NULL :
		    !is_harmless(row, s->value))
			import_note(im, s, "%s", row->remark);
		break;
	}
}

static void
run_file(struct import *im)
{
	const struct import_program	*p = im->at->program;
	const struct import_row		*r;
	size_t				 i;

	for (r = p->row; r->name != NULL; r++)
		run_row(im, r);
	for (i = 0; i < im->at->n; i++)
		if (import_row_of(p, im->at->setting[i].name) == NULL)
			import_note(im, &im->at->setting[i], "%s has no such "
			    "option", p->manual);
	if (p->finish != NULL)
		p->finish(im);
}

void
import_init(struct import *im)
{
	*im = (struct import){ .arena = arena_new(65536) };
}

bool
import_read(struct import *im, const struct import_program *p,
    const char *path, const char *text, size_t len)
{
	size_t i;

	for (i = 0; import_programs[i] != p; i++)
		continue;
	im->at = &im->file[i];
	im->at->program = p;
	if (len > IMPORT_FILE_MAX)
		return import_error(im, path, 0, "the file is larger than %u "
		    "bytes", IMPORT_FILE_MAX);
	return p->read(im, path, text, len);
}

void
import_list(FILE *out)
{
	static const char *const kinds[] = {
		[IMPORT_CARRIED] = "carried over", [IMPORT_SAME] =
		"not needed", [IMPORT_LOST] = "not carried over"
	};
	const struct import_row	*r;
	size_t			 i;

	for (i = 0; i < IMPORT_PROGRAMS; i++)
		for (r = import_programs[i]->row; r->name != NULL; r++)
			fprintf(out, "%s\t%s\t%s\t%s\t%s\n",
			    import_programs[i]->manual, r->name,
			    kinds[r->kind], r->ours != NULL ? r->ours : "-",
			    r->remark != NULL ? r->remark : "-");
}

/* The programs first, then the listeners, which several of them decide. */
void
import_run(struct import *im)
{
	size_t i;

	for (i = 0; i < IMPORT_PROGRAMS; i++) {
		im->at = &im->file[i];
		if (im->at->program != NULL)
			run_file(im);
		else if (import_programs[i]->absent != NULL)
			import_programs[i]->absent(im);
	}
	import_listeners(im);
}
