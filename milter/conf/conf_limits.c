/*
 * conf_limits - the limits of plans and groups: do they need sizes, and does
 * each of them have an effect?
 */
#include <strings.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "policy/policy_limit.h"
#include "conf_tree_priv.h"

/* --- octets -------------------------------------------------------------- */

static bool
has_bytes(const struct store_limits *l, const struct message_limits *m)
{
	return m->bytes != STORE_UNLIMITED ||
	    policy_limits_unit(l, STORE_BYTES);
}

bool
conf_counts_bytes(const struct conf *c)
{
	size_t i;

	for (i = 0; i < c->nplans; i++)
		if (has_bytes(&c->plans[i].limits, &c->plans[i].message))
			return true;
	for (i = 0; i < c->ngroup_sections; i++)
		if (has_bytes(&c->group_sections[i].limits,
		    &c->group_sections[i].message))
			return true;
	return false;
}

/* --- limits without effect ----------------------------------------------- */

/* The limits of one unit, from a message to a month. */
struct ladder {
	size_t		 n;
	struct {
		const char	*name;
		uint64_t	 limit;
	} step[STORE_WINDOWS + 1];
};

static struct ladder
ladder_of(enum store_unit unit, const struct store_limits *l,
    const struct message_limits *m)
{
	struct ladder		d = { .n = 0 };
	enum store_window	w;

	if (unit != STORE_MESSAGES) {
		d.step[d.n].name = unit == STORE_BYTES ?
		    "bytes-per-message" : "recipients-per-message";
		d.step[d.n++].limit = unit == STORE_BYTES ? m->bytes :
		    m->recipients;
	}
	for (w = STORE_MINUTE; w < STORE_WINDOWS; w++) {
		d.step[d.n].name = policy_limit_name(unit, w);
		d.step[d.n++].limit = l->of[unit][w];
	}
	return d;
}

/* A limit that the file sets, and that a longer window never lets be full. */
static void
check_ladder(struct conf_builder *b, const struct conf_section *s,
    const struct ladder *d, enum store_unit unit)
{
	char	text[SIZE_TEXT];
	size_t	i, k;

	for (i = 0; i < d->n; i++) {
		if (d->step[i].limit == STORE_UNLIMITED ||
		    conf_section_find(s, d->step[i].name) == NULL)
			continue;
		for (k = i + 1; k < d->n; k++)
			if (d->step[k].limit < d->step[i].limit)
				break;
		if (k < d->n)
			conf_complain_in(b->warnings, s, conf_section_where(s,
			    d->step[i].name), "%s has no effect, because %s "
			    "allows %s only", d->step[i].name,
			    d->step[k].name, policy_limit_text(text, unit,
			    d->step[k].limit));
	}
}

static void
check_limits(struct conf_builder *b, const struct conf_section *s,
    const struct store_limits *l, const struct message_limits *m)
{
	struct ladder	d;
	enum store_unit	unit;

	for (unit = STORE_RECIPIENTS; unit < STORE_UNITS; unit++) {
		d = ladder_of(unit, l, m);
		check_ladder(b, s, &d, unit);
	}
}

void
conf_check_limits(struct conf_builder *b)
{
	const struct conf_section	*s;
	const struct conf		*c = b->conf;
	size_t				 i = 0, k;

	while ((s = conf_tree_next(b->tree, "plan", &i)) != NULL)
		for (k = 0; k < c->nplans; k++)
			if (strcasecmp(c->plans[k].name, s->title) == 0)
				check_limits(b, s, &c->plans[k].limits,
				    &c->plans[k].message);
	i = k = 0;
	for (; (s = conf_tree_next(b->tree, "group", &i)) != NULL; k++)
		check_limits(b, s, &c->group_sections[k].limits,
		    &c->group_sections[k].message);
}
