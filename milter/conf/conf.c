/*
 * conf - the configuration: immutable after load, reference-counted
 *
 * A configuration and all its strings live in one arena. Nothing is written
 * after loading, so any thread may read it while it holds a reference.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf_tree_priv.h"

struct conf_object {
	struct conf	 conf;		/* first: callers have its address */
	struct arena	*arena;
	atomic_uint	 refs;
};

static struct conf_object *
object_new(const char *path)
{
	struct arena		*a = arena_new(16 * 1024);
	struct conf_object	*o = arena_alloc(a, sizeof(*o));

	o->arena = a;
	o->conf.path = arena_strdup(a, path);
	atomic_init(&o->refs, 1);
	return o;
}

/* False: the errors are in b->bad. */
static bool
conf_fill(struct conf_builder *b, const char *text)
{
	struct conf_tree tree;

	if (!conf_read(b, b->conf->path, text, &tree))
		return false;
	b->tree = &tree;
	b->conf->files.s = conf_tree_files(&tree, b->arena, &b->conf->files.n);
	conf_build(b);
	complaints_check(b->bad);
	conf_check(b);
	b->tree = NULL;
	complaints_end(b->warnings);
	b->conf->warnings = arena_strdup(b->arena,
	    buf_str(&b->warnings->text));
	return b->bad->n == 0;
}

/* Load the file `name`, or `text` if it is not NULL. */
static struct conf *
conf_load_either(const char *name, const char *text, char **why)
{
	struct complaints	 bad = { .text = BUF_INIT };
	struct complaints	 warnings = { .text = BUF_INIT };
	struct conf_object	*o = object_new(name);
	struct conf_builder	 b = {
		.arena = o->arena, .bad = &bad, .warnings = &warnings,
		.conf = &o->conf, .may_read_files = text == NULL
	};
	struct conf		*c = &o->conf;

	if (!conf_fill(&b, text)) {
		complaints_end(&bad);
		*why = xstrdup(buf_str(&bad.text));
		conf_unref(&c);
	}
	buf_free(&bad.text);
	buf_free(&warnings.text);
	return c;
}

struct conf *
conf_load(const char *path, char **why)
{
	return conf_load_either(path, NULL, why);
}

struct conf *
conf_load_text(const char *name, const char *text, char **why)
{
	return conf_load_either(name, text, why);
}

struct store_place
conf_state(const struct conf *c)
{
	return (struct store_place){
		.spec = c->state,
		.password_file = c->state_password_file,
		.ca_file = c->state_ca_file,
		.timeout = c->state_timeout,
	};
}

struct conf *
conf_ref(struct conf *c)
{
	atomic_fetch_add(&((struct conf_object *)c)->refs, 1);
	return c;
}

void
conf_unref(struct conf **cp)
{
	struct conf_object	*o = (struct conf_object *)*cp;
	struct arena		*a;

	*cp = NULL;
	if (o == NULL || atomic_fetch_sub(&o->refs, 1) != 1)
		return;
	sender_maps_free(&o->conf.sender_maps);
	a = o->arena;
	arena_free(&a);
}

bool
conf_is_unbound(const struct conf *c, const char *listener)
{
	size_t i;

	for (i = 0; i < c->nlisteners; i++)
		if (strcmp(c->listeners[i]->name, listener) == 0 &&
		    c->listeners[i]->direction == DIRECTION_SUBMISSION)
			return false;
	return c->trust.logins != TRUST_ANY_LOGIN;
}
