/*
 * traffic - the messages of the last hour by minute, and the rules that refused
 * them
 *
 * A cell has the number of its minute in the upper half and the count in the
 * lower half. A thread that finds an older minute replaces both in one step,
 * so no count is lost when a minute begins.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/metrics.h"
#include "traffic_priv.h"

#define MINUTE_MS	60000
#define COUNT_BITS	32

struct traffic *
traffic_new(void)
{
	struct traffic *t = xcalloc(1, sizeof(*t));

	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void
traffic_free(struct traffic **tp)
{
	if (*tp == NULL)
		return;
	pthread_mutex_destroy(&(*tp)->lock);
	free(*tp);
	*tp = NULL;
}

/* Minutes begin with 1, because an unused cell is all zero. */
static uint32_t
minute_of(uint64_t ticks)
{
	return (uint32_t)(ticks / MINUTE_MS + 1);
}

static void
cell_add(atomic_uint_fast64_t *ring, uint32_t minute)
{
	atomic_uint_fast64_t	*cell = &ring[minute % TRAFFIC_MINUTES];
	uint_fast64_t		 old = atomic_load(cell), new;

	do {
		/* another thread was later: this one counts there */
		if (old >> COUNT_BITS >= minute)
			new = old + 1;
		else
			new = ((uint_fast64_t)minute << COUNT_BITS) + 1;
	} while (!atomic_compare_exchange_weak(cell, &old, new));
}

static uint64_t
cell_read(atomic_uint_fast64_t *ring, uint32_t minute)
{
	uint_fast64_t v = atomic_load(&ring[minute % TRAFFIC_MINUTES]);

	return v >> COUNT_BITS == minute ? v & UINT32_MAX : 0;
}

static uint64_t
ring_sum(atomic_uint_fast64_t *ring, uint32_t now)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < TRAFFIC_MINUTES && i < now; i++)
		sum += cell_read(ring, now - i);
	return sum;
}

/* NULL: the table is full. */
static struct rule_ring *
rule_find(struct traffic *t, const char *rule)
{
	size_t i;

	for (i = 0; i < TRAFFIC_RULES; i++)
		if (counter_slot_has(&t->rule[i].name, rule))
			return &t->rule[i];
	return NULL;
}

void
traffic_note(struct traffic *t, uint64_t ticks, const char *event,
    enum action action, const char *rule)
{
	uint32_t	  minute = minute_of(ticks);
	struct rule_ring *r;

	cell_add(t->column[strcmp(event, "rcpt") == 0 ? TRAFFIC_RECIPIENTS :
	    (unsigned)action], minute);
	if (rule == NULL || (r = rule_find(t, rule)) == NULL)
		return;
	atomic_fetch_add(&r->total, 1);
	cell_add(r->ring, minute);
}

void
traffic_hour(struct traffic *t, uint64_t ticks,
    struct traffic_minute minute[TRAFFIC_MINUTES])
{
	uint32_t	now = minute_of(ticks), back;
	size_t		i, c;

	memset(minute, 0, TRAFFIC_MINUTES * sizeof(*minute));
	for (i = 0; i < TRAFFIC_MINUTES; i++) {
		back = (uint32_t)(TRAFFIC_MINUTES - 1 - i);
		for (c = 0; c < TRAFFIC_COLUMNS && back < now; c++)
			minute[i].n[c] = cell_read(t->column[c], now - back);
	}
}

static int
rule_by_count(const void *va, const void *vb)
{
	const struct traffic_rule *a = va, *b = vb;

	if (a->hour != b->hour)
		return a->hour > b->hour ? -1 : 1;
	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return strcmp(a->name, b->name);
}

size_t
traffic_rules(struct traffic *t, uint64_t ticks,
    struct traffic_rule rule[TRAFFIC_RULES])
{
	uint32_t	now = minute_of(ticks);
	size_t		n = 0;

	while (n < TRAFFIC_RULES) {
		rule[n].name = atomic_load(&t->rule[n].name);
		if (rule[n].name == NULL)
			break;
		rule[n].total = atomic_load(&t->rule[n].total);
		rule[n].hour = ring_sum(t->rule[n].ring, now);
		n++;
	}
	qsort(rule, n, sizeof(*rule), rule_by_count);
	return n;
}
