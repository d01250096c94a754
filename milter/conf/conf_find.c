/*
 * conf_find - the option that was perhaps meant
 *
 * What millgatectl and the complaints about unknown names ask of the table in
 * conf_options.c.
 */
#include <string.h>

#include "conf/conf_options.h"

#define NEAR_MAX	32

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein distance; names longer than NEAR_MAX are far from all. */
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

/* Keep `candidate` if it is nearer to `name` than what *best is. */
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
	const char	*best = NULL;
	unsigned	 least_distance = 4;
	size_t		 i;

	for (i = 0; i < conf_noptions; i++)
		if (strcmp(conf_options[i].section, section) == 0)
			nearer(name, conf_options[i].name, &best,
			    &least_distance);
	for (i = 0; section[0] == '\0' && i < conf_nkinds; i++)
		nearer(name, conf_kinds[i].name, &best, &least_distance);
	return best;
}

void
conf_option_print_values(const struct conf_option *o, FILE *out)
{
	const char	*comma = "";
	long		 i;

	if (o->type == OPT_OCTAL) {
		fprintf(out, "\"%04lo\" to \"%04lo\"", o->min, o->max);
		return;
	}
	if (o->words == NULL) {
		fprintf(out, "%ld to %ld%s", o->min, o->max,
		    o->type == OPT_LIMIT ? ", unlimited" : "");
		return;
	}
	for (i = 0; i <= o->max; i++) {
		if (o->words[i] == NULL)
			continue;
		fprintf(out, "%s%s", comma, o->words[i]);
		comma = ", ";
	}
}
