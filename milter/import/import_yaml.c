/*
 * import_yaml - libyaml's door: a YAML file as settings
 *
 * The top of the file is a mapping; each of its pairs is a setting. Lists and
 * mappings below it become nodes. Aliases are refused, and with them texts that
 * grow when they are read. Depth and number of nodes are bounded.
 */
#include <string.h>

#include <yaml.h>

#include "base/arena.h"
#include "import_priv.h"

#define DEPTH_MAX	8
#define NODES_MAX	20000

struct reading {
	struct import	*im;
	const char	*path;
	yaml_parser_t	 parser;
	unsigned	 nodes, depth;
};

static bool
yaml_refuse(struct reading *r, size_t line, const char *what)
{
	return import_error(r->im, r->path, (unsigned)line + 1, "%s", what);
}

/* The next event, which the caller deletes. False: it was reported. */
static bool
yaml_next(struct reading *r, yaml_event_t *e)
{
	if (!yaml_parser_parse(&r->parser, e)) {
		memset(e, 0, sizeof(*e));
		return yaml_refuse(r, r->parser.problem_mark.line,
		    r->parser.problem != NULL ? r->parser.problem :
		    "this is not YAML");
	}
	return true;
}

static const char *
scalar_text(struct reading *r, const yaml_event_t *e)
{
	return arena_memdup(r->im->arena, e->data.scalar.value,
	    strnlen((const char *)e->data.scalar.value,
	    e->data.scalar.length));
}

static bool	read_node(struct reading *, const yaml_event_t *,
		    struct import_node *);

/* The children of a list or mapping, up to its end. */
static bool
read_children(struct reading *r, bool mapping, struct import_node *parent)
{
	struct import_node	**last = &parent->child, *n;
	yaml_event_t		  e;
	const char		 *key;
	size_t			  line = 0;
	bool			  ok = true, end = false;

	while (ok && !end && (ok = yaml_next(r, &e))) {
		key = NULL;
		end = e.type == YAML_SEQUENCE_END_EVENT ||
		    e.type == YAML_MAPPING_END_EVENT;
		if (!end && mapping) {
			ok = e.type == YAML_SCALAR_EVENT ||
			    yaml_refuse(r, e.start_mark.line,
			    "the name of a value must be a text");
			if (ok)
				key = scalar_text(r, &e);
			line = e.start_mark.line;
			yaml_event_delete(&e);
			ok = ok && yaml_next(r, &e);
		}
		if (ok && !end) {
			n = arena_alloc(r->im->arena, sizeof(*n));
			n->key = key;
			ok = read_node(r, &e, n);
			if (mapping)	/* the line of the name */
				n->line = (unsigned)line + 1;
			*last = n;
			last = &n->next;
		}
		yaml_event_delete(&e);
	}
	return ok;
}

static bool
read_node(struct reading *r, const yaml_event_t *e, struct import_node *n)
{
	bool ok;

	n->line = (unsigned)e->start_mark.line + 1;
	if (++r->nodes > NODES_MAX || r->depth == DEPTH_MAX)
		return yaml_refuse(r, e->start_mark.line, "there are too many "
		    "values, or they are nested too deeply");
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		n->text = scalar_text(r, e);
		return true;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		r->depth++;
		ok = read_children(r, e->type == YAML_MAPPING_START_EVENT, n);
		r->depth--;
		return ok;
	default:
		return yaml_refuse(r, e->start_mark.line, "aliases are not "
		    "read; write the value");
	}
}

/* The pairs of the mapping at the top are the settings. */
static bool
add_settings(struct reading *r, const struct import_node *top)
{
	const struct import_node *n;

	for (n = top->child; n != NULL; n = n->next)
		if (!import_add_setting(r->im, &(struct import_setting){
		    .name = n->key, .value = n->text != NULL ? n->text : "",
		    .file = r->path, .line = n->line,
		    .node = n->text == NULL ? n : NULL }))
			return false;
	return true;
}

static bool
read_top(struct reading *r)
{
	struct import_node	top = { 0 };
	yaml_event_t		e;
	bool			ok, mapping = false, more = true;

	while (more && !mapping) {
		if (!yaml_next(r, &e))
			return false;
		mapping = e.type == YAML_MAPPING_START_EVENT;
		more = e.type == YAML_STREAM_START_EVENT ||
		    e.type == YAML_DOCUMENT_START_EVENT;
		yaml_event_delete(&e);
	}
	ok = mapping || import_error(r->im, r->path, 0, "this is not a file "
	    "of %s; its top must be \"name: value\" lines",
	    r->im->at->program->manual);
	return ok && read_children(r, true, &top) && add_settings(r, &top);
}

bool
import_read_yaml(struct import *im, const char *path, const char *text,
    size_t len)
{
	struct reading	r = { .im = im, .path = path };
	bool		ok;

	if (!yaml_parser_initialize(&r.parser))
		return import_error(im, path, 0, "libyaml cannot be used");
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)
	    (text != NULL ? text : ""), len);
	ok = read_top(&r);
	yaml_parser_delete(&r.parser);
	return ok;
}
