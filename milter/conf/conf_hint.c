/*
 * conf_hint - what to do about an error of libconfuse, and about an option that
 * does not exist
 */
#include <string.h>

#include "base/arena.h"
#include "conf/conf_options.h"
#include "conf_tree_priv.h"

static const struct {
	const char	*begins;	/* of libconfuse's text */
	const char	*hint;
} hints[] = {
	{ "unexpected token", "look for a missing comma, quote or brace "
	    "before it" },
	{ "premature end of file", "the last option is not complete" },
	{ "unexpected closing brace", "remove it, or write the missing {" },
	{ "missing title", "write a name before the {" },
	{ "missing opening brace", "write { after the name; quote a name "
	    "with blanks" },
	{ "missing equal sign", "write option = value" },
	{ "missing parenthesis", "write include(\"/path/to/file\")" },
	{ "found duplicate title", "merge the two sections" },
	{ "attempt to append", "write = instead of +=" },
};

const char *
conf_hint_syntax(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strncmp(text, hints[i].begins,
		    strlen(hints[i].begins)) == 0)
			return hints[i].hint;
	return "see millgate.conf(5)";
}

/* The section that has an option of that name, or NULL. */
static const char *
home_of(const char *name)
{
	const struct conf_option	*o;
	size_t				 i;

	for (i = 0; (o = conf_option(i)) != NULL; i++)
		if (strcmp(o->name, name) == 0)
			return o->section;
	return NULL;
}

const char *
conf_hint_unknown(struct arena *a, const char *section, const char *name)
{
	const char	*near = conf_option_nearest(section, name);
	const char	*home = home_of(name);
	const char	*what = arena_printf(a, "unknown option \"%s\"%s%s",
			     conf_shown(a, name),
			     section[0] != '\0' ? " in section " : "", section);

	if (near != NULL)
		return arena_printf(a, "%s; did you mean \"%s\"?", what, near);
	if (home != NULL && home[0] != '\0')
		return arena_printf(a, "%s; it belongs in a section %s { }",
		    what, home);
	if (home != NULL)
		return arena_printf(a, "%s; it belongs outside of sections",
		    what);
	return arena_printf(a, "%s; see millgate.conf(5)", what);
}

bool
conf_unknown_has(const struct unknown_options *u, const char *section,
    const char *name)
{
	size_t i;

	for (i = 0; i < u->n; i++)
		if (strcmp(u->option[i].section, section) == 0 &&
		    strcmp(u->option[i].name, name) == 0)
			return true;
	return false;
}

bool
conf_unknown_add(struct unknown_options *u, struct arena *a,
    const char *section, const char *name)
{
	if (u->n == UNKNOWN_MAX || conf_unknown_has(u, section, name))
		return false;
	u->option[u->n].section = arena_strdup(a, section);
	u->option[u->n++].name = arena_strdup(a, name);
	return true;
}

/* --- the most similar name --------------------------------------------- */

#define NEAR_MAX	32

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein distance; NEAR_MAX for longer names. */
static unsigned
distance(const char *a, const char *b)
{
	size_t		alen = strlen(a), blen = strlen(b), i, j;
	unsigned	row[NEAR_MAX + 1], diagonal, above;

	if (alen > NEAR_MAX || blen > NEAR_MAX)
		return NEAR_MAX;
	for (j = 0; j <= blen; j++)
		row[j] = (unsigned)j;
	for (i = 1; i <= alen; i++) {
		diagonal = row[0];
		row[0] = (unsigned)i;
		for (j = 1; j <= blen; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1,
			    diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[blen];
}

/* Make `candidate` the best if it is nearer to `name` than *best. */
static void
nearer(const char *name, const char *candidate, const char **best,
    unsigned *least_distance)
{
	unsigned d = distance(candidate, name);

	if (d < *least_distance && d < strlen(name)) {
		*least_distance = d;
		*best = candidate;
	}
}

const char *
conf_option_nearest(const char *section, const char *name)
{
	const struct conf_option	*o;
	const char			*best = NULL;
	unsigned			 least_distance = 4;
	size_t				 i;

	for (i = 0; (o = conf_option(i)) != NULL; i++)
		if (strcmp(o->section, section) == 0)
			nearer(name, o->name, &best, &least_distance);
	for (i = 0; section[0] == '\0' && i < conf_nkinds; i++)
		nearer(name, conf_kinds[i].name, &best, &least_distance);
	return best;
}
