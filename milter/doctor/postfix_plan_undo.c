/*
 * postfix_plan_undo - the record of what was changed in main.cf
 *
 * A line a fact, because a value of Postfix has no line break:
 *	socket SOCKET
 *	was NAME = VALUE	before the change; without VALUE: not set
 *	set NAME = VALUE	after it
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/postfix_plan.h"

static struct plan_line *
plan_record_line(struct plan_record *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->line[i].name, name) == 0)
			return &r->line[i];
	if (r->n == PLAN_LINES)
		return NULL;
	memset(&r->line[r->n], 0, sizeof(r->line[0]));
	r->line[r->n].name = name;
	return &r->line[r->n++];
}

/* "NAME = VALUE", or "NAME" alone; only parameters that a plan changes. */
static bool
read_fact(struct arena *a, struct plan_record *r, bool after,
    const char *text)
{
	struct mta_settings	 set = { .n = 0 };
	struct plan_line	*l;
	const char		*name = arena_memdup(a, text,
	    strcspn(text, " "));

	postfix_plan_read(a, &set, arena_printf(a, "%s =", name));
	if (set.n == 0)
		return false;
	l = plan_record_line(r, set.setting[0].name);
	if (l == NULL)
		return false;
	set.n = 0;
	postfix_plan_read(a, &set, text);
	*(after ? &l->after : &l->before) = mta_get(&set, l->name);
	return true;
}

static bool
plan_read_line(struct arena *a, struct plan_record *r, const char *line)
{
	if (*line == '#')
		return true;
	if (strncmp(line, "socket ", 7) == 0) {
		r->socket = line + 7;
		return true;
	}
	if (strncmp(line, "was ", 4) == 0)
		return read_fact(a, r, false, line + 4);
	return strncmp(line, "set ", 4) == 0 &&
	    read_fact(a, r, true, line + 4);
}

bool
plan_record_parse(struct arena *a, const char *text, struct plan_record *r,
    const char **wrong)
{
	memset(r, 0, sizeof(*r));
	while ((*wrong = mta_word(a, &text, "\n")) != NULL)
		if (!plan_read_line(a, r, *wrong))
			return false;
	return true;
}

static void
format_fact(struct buf *b, const char *word, const char *name,
    const char *value)
{
	if (value != NULL)
		buf_printf(b, "%s %s = %s\n", word, name, value);
	else
		buf_printf(b, "%s %s\n", word, name);
}

void
plan_record_format(const struct plan_record *r, struct buf *b)
{
	size_t i;

	buf_addstr(b, "# made by millgatectl setup postfix; --undo reads it\n");
	if (r->socket != NULL)
		buf_printf(b, "socket %s\n", r->socket);
	for (i = 0; i < r->n; i++) {
		format_fact(b, "was", r->line[i].name, r->line[i].before);
		format_fact(b, "set", r->line[i].name, r->line[i].after);
	}
}

static bool
same_value(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void
plan_record_add(struct plan_record *r, const struct postfix_plan *plan)
{
	const struct plan_line	*from;
	struct plan_line	*l;
	size_t			 i, had;

	r->socket = plan->socket;
	for (i = 0; i < plan->n; i++) {
		from = &plan->line[i];
		had = r->n;
		l = plan_record_line(r, from->name);
		if (l == NULL)
			continue;
		if (r->n > had)
			l->before = from->before;
		else if (!same_value(l->after, from->before))
			l->before = from->undo;
		l->after = from->after;
	}
}

void
plan_record_undo(const struct plan_record *r, const struct mta_settings *set,
    struct postfix_plan *plan, struct plan_record *changed)
{
	const struct plan_line	*l;
	const char		*now;
	size_t			 i;

	memset(plan, 0, sizeof(*plan));
	memset(changed, 0, sizeof(*changed));
	changed->socket = r->socket;
	for (i = 0; i < r->n; i++) {
		l = &r->line[i];
		now = mta_get(set, l->name);
		if (same_value(now, l->before))
			continue;
		if (!same_value(now, l->after)) {
			changed->line[changed->n++] = *l;
			continue;
		}
		plan->line[plan->n] = *l;
		plan->line[plan->n].before = now;
		plan->line[plan->n].applies = now;
		plan->line[plan->n].after = l->before;
		plan->line[plan->n++].reason = "as it was before --apply";
	}
}
