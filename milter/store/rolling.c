/*
 * rolling - the counts of one key in one rolling window, by slot
 *
 * Most keys have sent in few slots of a window: a short sorted list is smaller
 * than a counter for each slot, and faster to sum. The newest slot is the last
 * one; nearly every addition goes there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "rolling_priv.h"

const struct rolling_shape rolling_shapes[STORE_WINDOWS] = {
	[STORE_MINUTE] = { 1, 61 },
	[STORE_HOUR] = { 60, 60 },
	[STORE_DAY] = { 900, 97 },
	[STORE_MONTH] = { 21600, 121 },
};

/* The nearest slot that can be stored. */
static uint32_t
rolling_bounded(int64_t at)
{
	if (at < 0)
		return 0;
	return at < ROLLING_AT_MAX ? (uint32_t)at : ROLLING_AT_MAX;
}

/* A division by a constant is several times faster: it is in each decision. */
uint32_t
rolling_at(enum store_window w, time_t now)
{
	if (now < 0)
		return 0;
	switch (w) {
	case STORE_MINUTE:
		return rolling_bounded(now);
	case STORE_HOUR:
		return rolling_bounded(now / 60);
	case STORE_DAY:
		return rolling_bounded(now / 900);
	default:
		return rolling_bounded(now / 21600);
	}
}

uint32_t
rolling_begin(enum store_window w, uint32_t at)
{
	uint32_t slots = rolling_shapes[w].slots;

	return at < slots ? 0 : at - (slots - 1);
}

void
rolling_free(struct rolling *r)
{
	free(r->slot);
	memset(r, 0, sizeof(*r));
}

/* --- the list ------------------------------------------------------------ */

/* How many slots, from the front, no longer count. */
static uint16_t
rolling_over(const struct rolling *r, enum store_window w, uint32_t at)
{
	uint32_t	first = rolling_begin(w, at);
	uint16_t	i;

	for (i = 0; i < r->n && r->slot[i].at < first; i++)
		;
	return i;
}

static void
rolling_drop_front(struct rolling *r, uint16_t count)
{
	if (count == 0)
		return;
	r->n = (uint16_t)(r->n - count);
	memmove(r->slot, r->slot + count, r->n * sizeof(*r->slot));
}

static uint16_t
rolling_most(enum store_window w)
{
	return (uint16_t)(2 * rolling_shapes[w].slots);
}

static void
rolling_grow(struct rolling *r, enum store_window w)
{
	size_t size = r->size + r->size / 4u + 1, most = rolling_most(w);

	r->size = (uint16_t)(size < most ? size : most);
	r->slot = xrealloc(r->slot, r->size * sizeof(*r->slot));
}

/* The index of `at`, or where it must be inserted. */
static uint16_t
rolling_place(const struct rolling *r, uint32_t at)
{
	uint16_t i = r->n;

	while (i > 0 && r->slot[i - 1].at >= at)
		i--;
	return i;
}

bool
rolling_has(const struct rolling *r, uint32_t at)
{
	uint16_t i = rolling_place(r, at);

	return i < r->n && r->slot[i].at == at;
}

static struct rolling_slot *
rolling_slot_at(struct rolling *r, enum store_window w, uint32_t at)
{
	uint16_t		 i = rolling_place(r, at);
	struct rolling_slot	*s;

	if (i < r->n && r->slot[i].at == at)
		return &r->slot[i];
	if (r->n == rolling_most(w)) {
		rolling_drop_front(r, rolling_over(r, w, at));
		i = rolling_place(r, at);
	}
	if (r->n == rolling_most(w))
		return &r->slot[r->n - 1];
	if (r->n == r->size)
		rolling_grow(r, w);
	s = &r->slot[i];
	memmove(s + 1, s, (size_t)(r->n - i) * sizeof(*s));
	r->n++;
	*s = (struct rolling_slot){ .at = at };
	return s;
}

uint32_t
rolling_slot_for(struct rolling *r, enum store_window w, uint32_t at)
{
	return rolling_slot_at(r, w, at)->at;
}

/* --- counts -------------------------------------------------------------- */

struct counts
rolling_counts(const struct rolling_slot *s)
{
	return (struct counts){ .of = {
		[STORE_RECIPIENTS] = s->recipients,
		[STORE_MESSAGES] = s->messages,
		[STORE_BYTES] = (uint64_t)s->bytes[1] << 32 | s->bytes[0],
	} };
}

static uint64_t
rolling_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct counts
rolling_cap(const struct counts *a, const struct counts *b)
{
	static const uint64_t	most[STORE_UNITS] = {
		UINT32_MAX, UINT32_MAX, STORE_LIMIT_MAX
	};
	struct counts		c;
	int			u;

	for (u = 0; u < STORE_UNITS; u++)
		c.of[u] = rolling_least(rolling_least(a->of[u], most[u]) +
		    rolling_least(b->of[u], most[u]), most[u]);
	return c;
}

void
rolling_add(struct rolling *r, enum store_window w, uint32_t at,
    const struct counts *more)
{
	struct rolling_slot	*s = rolling_slot_at(r, w, at);
	struct counts		 c = rolling_counts(s);

	c = rolling_cap(&c, more);
	s->recipients = (uint32_t)c.of[STORE_RECIPIENTS];
	s->messages = (uint32_t)c.of[STORE_MESSAGES];
	s->bytes[0] = (uint32_t)c.of[STORE_BYTES];
	s->bytes[1] = (uint32_t)(c.of[STORE_BYTES] >> 32);
}

struct counts
rolling_sum(const struct rolling *r, enum store_window w, uint32_t at)
{
	struct counts	sum = { { 0 } }, c;
	uint16_t	i;
	int		u;

	for (i = rolling_over(r, w, at); i < r->n; i++) {
		c = rolling_counts(&r->slot[i]);
		for (u = 0; u < STORE_UNITS; u++)
			sum.of[u] += c.of[u];
	}
	return sum;
}

bool
rolling_when_over(const struct rolling *r, enum store_window w, uint32_t at,
    enum store_unit unit, uint64_t over, uint32_t *when)
{
	uint64_t	sum = 0;
	uint16_t	i;

	*when = at;
	for (i = rolling_over(r, w, at); i < r->n && sum < over; i++) {
		sum += rolling_counts(&r->slot[i]).of[unit];
		*when = r->slot[i].at + rolling_shapes[w].slots;
	}
	return sum >= over;
}

/* --- the whole ----------------------------------------------------------- */

bool
rolling_move(struct rolling *r, enum store_window w, int64_t slots,
    uint32_t latest)
{
	struct rolling	moved = { NULL, 0, 0 };
	struct counts	c;
	uint32_t	at;
	uint16_t	i;

	if (r->n == 0 || (slots == 0 && r->slot[r->n - 1].at <= latest))
		return false;
	/* one by one: at ROLLING_AT_MAX several may fall into one slot */
	for (i = 0; i < r->n; i++) {
		at = rolling_bounded(r->slot[i].at + slots);
		c = rolling_counts(&r->slot[i]);
		rolling_add(&moved, w, at < latest ? at : latest, &c);
	}
	rolling_free(r);
	*r = moved;
	return true;
}

void
rolling_seed(struct rolling *r, enum store_window w,
    const struct rolling *shorter, enum store_window of)
{
	struct counts	c;
	uint16_t	i;

	for (i = 0; i < shorter->n; i++) {
		c = rolling_counts(&shorter->slot[i]);
		rolling_add(r, w, rolling_at(w, (time_t)shorter->slot[i].at *
		    rolling_shapes[of].seconds), &c);
	}
}

void
rolling_drop_over(struct rolling *r, enum store_window w, uint32_t at)
{
	rolling_drop_front(r, rolling_over(r, w, at));
}

bool
rolling_forget(struct rolling *r, enum store_window w, uint32_t at)
{
	rolling_drop_over(r, w, at);
	if (r->n == 0)
		rolling_free(r);
	return r->n == 0;
}
