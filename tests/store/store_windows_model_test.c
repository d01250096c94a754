/*
 * store_windows_model: forty days of random steps, with four windows, agree
 * with a list of all that was sent. The clock jumps, with and without notice,
 * and the machine is restarted. The time zone has a change to winter time in
 * these days: it must not matter.
 *
 * What the answer says of the next moment must be true: nothing fits a second
 * before.
 */
#include "test.h"

#include <stdlib.h>

#include "store_backends.h"

#define STEPS	8000
#define DAYS	40
#define DAY	86400
#define KEYS	4
#define OPEN	6
#define SENT	STEPS
#define GONE	INT64_MIN / 2

static const char *const names[KEYS] = { "a", "b", "c", "d" };
static const struct { time_t seconds; int slots; } shape[STORE_WINDOWS] = {
	{ 1, 61 }, { 60, 60 }, { 900, 97 }, { 21600, 121 }
};
/* Recipients, messages and bytes; 0: no limit. */
static const uint64_t wanted[KEYS][STORE_UNITS][STORE_WINDOWS] = {
	{ { 3, 6, 20, 60 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 } },
	{ { 0, 8, 0, 90 }, { 2, 0, 12, 0 }, { 0, 0, 900, 0 } },
	{ { 0, 0, 0, 0 }, { 0, 0, 0, 0 }, { 60, 200, 600, 3000 } },
	{ { 5, 0, 0, 40 }, { 0, 3, 0, 0 }, { 0, 0, 0, 2500 } },
};

struct sum {
	uint64_t	of[STORE_UNITS];
};

struct model {
	struct backend	*b;
	unsigned	 seed;
	time_t		 now, end;
	struct store_limits limits[KEYS];
	struct {
		struct reservation *r;
		unsigned key;
		struct sum held;
		uint64_t bytes;
	} open[OPEN];
	struct {
		unsigned key;
		int64_t	 slot[STORE_WINDOWS];
		struct sum counts;
	} sent[SENT];
	size_t		 nsent;
	unsigned	 taken, refused, fits, moved, restarted;
};

static unsigned
dice(struct model *m, unsigned sides)
{
	return (unsigned)rand_r(&m->seed) % sides;
}

/* Committed in the window, and reserved by all that are open. */
static struct sum
model_sum(const struct model *m, unsigned key, int w, time_t now,
    struct sum *held)
{
	struct sum	sum = { { 0 } };
	int64_t		slot = now / shape[w].seconds;
	size_t		i;
	int		u;

	memset(held, 0, sizeof(*held));
	for (i = 0; i < OPEN; i++)
		for (u = 0; u < STORE_UNITS; u++)
			if (m->open[i].r != NULL && m->open[i].key == key)
				held->of[u] += m->open[i].held.of[u];
	for (i = 0; i < m->nsent; i++)
		for (u = 0; u < STORE_UNITS; u++)
			if (m->sent[i].key == key &&
			    m->sent[i].slot[w] + shape[w].slots > slot)
				sum.of[u] += m->sent[i].counts.of[u];
	return sum;
}

static bool
model_fits(const struct model *m, unsigned key, time_t now,
    const struct sum *more)
{
	struct sum	used, held;
	uint64_t	limit;
	int		u, w;

	for (w = 0; w < STORE_WINDOWS; w++) {
		used = model_sum(m, key, w, now, &held);
		for (u = 0; u < STORE_UNITS; u++) {
			limit = m->limits[key].of[u][w];
			if (more->of[u] > 0 && limit != STORE_UNLIMITED &&
			    used.of[u] + held.of[u] + more->of[u] > limit)
				return false;
		}
	}
	return true;
}

static bool
is_idle(const struct model *m, unsigned key)
{
	size_t i;

	for (i = 0; i < OPEN; i++)
		if (m->open[i].r != NULL && m->open[i].key == key &&
		    m->open[i].held.of[STORE_RECIPIENTS] > 0)
			return false;
	return true;
}

static void
model_compare(const struct model *m, unsigned key,
    const struct store_usage *use)
{
	struct sum	used, held;
	int		u, w;

	for (w = 0; w < STORE_WINDOWS; w++) {
		used = model_sum(m, key, w, m->now, &held);
		if (!(use->counted & 1u << w))
			continue;
		for (u = 0; u < STORE_UNITS; u++) {
			if (use->used[u][w] != used.of[u])
				fail_msg("%s: key %s, unit %d, window %d: "
				    "%llu, not %llu", m->b->name, names[key],
				    u, w, (unsigned long long)use->used[u][w],
				    (unsigned long long)used.of[u]);
		}
	}
}

/* The next moment is the first one, if nothing is reserved. */
static void
model_check_next(struct model *m, unsigned key, const struct sum *more,
    const struct store_usage *use)
{
	if (!use->refused || use->next_fit == 0 || !is_idle(m, key))
		return;
	m->fits++;
	assert_true(use->next_fit > m->now);
	if (!model_fits(m, key, use->next_fit, more))
		fail_msg("%s: key %s does not fit when it should",
		    m->b->name, names[key]);
	if (model_fits(m, key, use->next_fit - 1, more))
		fail_msg("%s: key %s fits earlier than was said", m->b->name,
		    names[key]);
}

static void
model_reserve(struct model *m, unsigned i)
{
	struct sum		 more = { { 1, 0, 1 } }, *held;
	unsigned		 key = m->open[i].key;
	struct store_usage	 use;
	bool			 fits;

	held = &m->open[i].held;
	more.of[STORE_MESSAGES] = held->of[STORE_MESSAGES] == 0;
	if (m->open[i].bytes > 0)
		more.of[STORE_BYTES] = m->open[i].bytes -
		    held->of[STORE_BYTES];
	fits = model_fits(m, key, m->now, &more);
	store_set_bytes(m->open[i].r, m->open[i].bytes);
	assert_int_equal(store_reserve(m->open[i].r, m->now, &use), fits ?
	    STORE_TAKEN : STORE_REFUSED);
	model_check_next(m, key, &more, &use);
	if (fits) {
		held->of[STORE_RECIPIENTS]++;
		held->of[STORE_MESSAGES] = 1;
		held->of[STORE_BYTES] = m->open[i].bytes;
	}
	model_compare(m, key, &use);
}

/* What is over is gone for good, though the clock may go back. */
static void
model_forget(struct model *m, unsigned key, int w)
{
	size_t i;

	for (i = 0; i < m->nsent; i++)
		if (m->sent[i].key == key && m->sent[i].slot[w] +
		    shape[w].slots <= m->now / shape[w].seconds)
			m->sent[i].slot[w] = GONE;
}

static void
model_prune(struct model *m)
{
	char	error[STORE_ERROR];
	unsigned key;
	int	w;

	assert_int_equal(store_prune(m->b->store, m->now, error), STORE_TAKEN);
	for (key = 0; !m->b->shared && key < KEYS; key++)
		for (w = 0; w < STORE_WINDOWS; w++)
			model_forget(m, key, w);
}

static void
model_close(struct model *m, unsigned i)
{
	memset(&m->open[i], 0, sizeof(m->open[i]));
}

static void
model_commit(struct model *m, unsigned i)
{
	static const struct sum	 one = { { 1, 1, 1 } };
	struct sum		 more = { { 0 } }, counts;
	unsigned		 key = m->open[i].key;
	struct store_usage	 use;
	bool			 fits;
	int			 w;

	counts = m->open[i].held;
	/* sometimes it is larger than announced, or smaller */
	counts.of[STORE_BYTES] = m->open[i].bytes / 2 + dice(m, 60) + 1;
	if (counts.of[STORE_BYTES] > m->open[i].held.of[STORE_BYTES])
		more.of[STORE_BYTES] = counts.of[STORE_BYTES] -
		    m->open[i].held.of[STORE_BYTES];
	fits = counts.of[STORE_RECIPIENTS] == 0 ||
	    model_fits(m, key, m->now, &more);
	store_set_bytes(m->open[i].r, counts.of[STORE_BYTES]);
	assert_int_equal(store_commit(&m->open[i].r, m->now, &use), fits ?
	    STORE_TAKEN : STORE_REFUSED);
	model_close(m, i);
	if (!fits) {
		m->refused++;
		return;
	}
	if (counts.of[STORE_RECIPIENTS] > 0) {
		m->taken++;
		assert_true(m->nsent < SENT);
		m->sent[m->nsent].key = key;
		m->sent[m->nsent].counts = counts;
		for (w = 0; w < STORE_WINDOWS; w++)
			m->sent[m->nsent].slot[w] = m->now / shape[w].seconds;
		m->nsent++;
	}
	/* a server forgets when it counts, but the hour not so soon */
	for (w = 0; m->b->shared && w < STORE_WINDOWS; w++)
		if (w != STORE_HOUR && counts.of[STORE_RECIPIENTS] > 0)
			model_forget(m, key, w);
	model_compare(m, key, &use);
	model_check_next(m, key, &one, &use);
}

/* The clock of the machine is set; a server's clock is not ours to move. */
static void
model_set_clock(struct model *m, int64_t seconds)
{
	char	error[STORE_ERROR];
	int64_t	slots;
	size_t	i;
	int	w;

	assert_int_equal(store_clock_moved(m->b->store, seconds, error),
	    STORE_TAKEN);
	m->now += seconds;
	m->end += seconds;
	m->moved++;
	for (w = 0; !m->b->shared && w < STORE_WINDOWS; w++) {
		slots = seconds / shape[w].seconds;
		if (seconds > 0 && seconds % shape[w].seconds != 0)
			slots++;
		for (i = 0; i < m->nsent; i++)
			m->sent[i].slot[w] += slots;
	}
}

static void
model_give_back_all(struct model *m)
{
	unsigned i;

	for (i = 0; i < OPEN; i++) {
		store_give_back(&m->open[i].r);
		model_close(m, i);
	}
}

/* Reservations end; the clock may be wrong afterwards. */
static void
model_restart(struct model *m)
{
	char	error[STORE_ERROR];
	int64_t	now;
	size_t	k;
	int	w;

	model_give_back_all(m);
	if (!m->b->durable)
		return;
	m->restarted++;
	store_close(&m->b->store);
	if (dice(m, 2) == 0)
		m->now -= dice(m, 3 * HOUR);
	m->b->store = m->b->open(m->b);
	assert_int_equal(store_clock_known(m->b->store, m->now, error),
	    STORE_TAKEN);
	for (w = 0; !m->b->shared && w < STORE_WINDOWS; w++) {
		now = m->now / shape[w].seconds;
		for (k = 0; k < m->nsent; k++)
			if (m->sent[k].slot[w] > now)
				m->sent[k].slot[w] = now;
	}
}

static void
model_pass_time(struct model *m)
{
	switch (dice(m, 40)) {
	case 0:
		model_set_clock(m, -(int64_t)dice(m, 2 * HOUR));
		break;
	case 1:
		model_set_clock(m, (int64_t)dice(m, 2 * HOUR));
		break;
	case 2:		/* a step back that nobody noticed */
		m->now -= dice(m, HOUR);
		break;
	case 3:
	case 4:		/* no message takes that long */
		model_give_back_all(m);
		m->now += dice(m, 2 * DAY);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		m->now += dice(m, 2 * HOUR);
		break;
	default:
		m->now += dice(m, 90);
	}
}

static void
model_usage(struct model *m, unsigned key)
{
	static const struct sum	 one = { { 1, 1, 1 } };
	struct store_usage	 use;
	bool			 fits = model_fits(m, key, m->now, &one);

	assert_int_equal(store_usage(m->b->store, names[key], m->now,
	    m->limits[key], &use), fits ? STORE_TAKEN : STORE_REFUSED);
	model_compare(m, key, &use);
	model_check_next(m, key, &one, &use);
}

static void
model_step(struct model *m)
{
	unsigned i = dice(m, OPEN), what = dice(m, 100);

	if (what < 25)
		model_pass_time(m);
	else if (what < 35)
		model_usage(m, dice(m, KEYS));
	else if (what < 37)
		model_prune(m);
	else if (what == 37)
		model_restart(m);
	else if (m->open[i].r == NULL) {
		m->open[i].key = dice(m, KEYS);
		m->open[i].bytes = dice(m, 2) * dice(m, 60);
		m->open[i].r = reservation_on(m->b->store,
		    names[m->open[i].key], m->limits[m->open[i].key]);
	} else if (what < 70) {
		model_reserve(m, i);
	} else if (what < 95) {
		model_commit(m, i);
	} else {
		store_give_back(&m->open[i].r);
		model_close(m, i);
	}
}

static void
forty_days_agree_with_a_model(void **state)
{
	static struct model	m;
	unsigned		i;
	int			u, w;

	memset(&m, 0, sizeof(m));
	m.b = *state;
	m.seed = 20261025;
	m.now = T0;
	m.end = T0 + DAYS * DAY;
	for (i = 0; i < KEYS; i++)
		for (u = 0; u < STORE_UNITS; u++)
			for (w = 0; w < STORE_WINDOWS; w++)
				m.limits[i].of[u][w] = wanted[i][u][w] == 0 ?
				    STORE_UNLIMITED : wanted[i][u][w];
	for (i = 0; i < STEPS; i++)
		model_step(&m);
	model_restart(&m);
	print_message("%s: %u messages, %u too large, %u next moments, "
	    "%u clock steps, %u restarts, %lld days\n", m.b->name, m.taken,
	    m.refused, m.fits, m.moved, m.restarted,
	    (long long)(m.now - T0) / DAY);
	assert_true(m.now >= m.end);
	assert_true(m.taken > 200 && m.refused > 10 && m.fits > 200);
}

int
main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(forty_days_agree_with_a_model),
	};

	/* winter time begins there on 25 October 2026, in these forty days */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return run_on_all(tests, NELEM(tests));
}
