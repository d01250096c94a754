/*
 * store: ten thousand random steps on each backend, beside a simple model.
 */
#include "test.h"

#include "store_backends.h"

#define STEPS		10000
#define MODEL_KEYS	4
#define MODEL_OPEN	12
#define MODEL_SENT	20000

static const struct store_limits model_limits[MODEL_KEYS] = {
	STORE_LIMITS_HOUR(40, STORE_UNLIMITED),
	STORE_LIMITS_HOUR(STORE_UNLIMITED, 12),
	STORE_LIMITS_HOUR(60, 15), STORE_LIMITS_HOUR(7, 7)
};

struct model {
	struct backend	*b;
	unsigned	 seed;
	time_t		 now;
	size_t		 nsent;
	struct { unsigned key; time_t minute; uint32_t recipients; }
			 sent[MODEL_SENT];
	struct { struct reservation *r; unsigned key; uint32_t recipients; }
			 open[MODEL_OPEN];
};

static unsigned
dice(struct model *m, unsigned sides)
{
	return (unsigned)rand_r(&m->seed) % sides;
}

struct model_sum { uint32_t recipients, messages, reserved, reserving; };

static struct model_sum
model_sum(const struct model *m, unsigned key, time_t now)
{
	struct model_sum	sum = { 0, 0, 0, 0 };
	size_t			i;

	for (i = 0; i < m->nsent; i++) {
		if (m->sent[i].key != key ||
		    m->sent[i].minute + 59 < now / 60)
			continue;
		sum.recipients += m->sent[i].recipients;
		sum.messages++;
	}
	for (i = 0; i < MODEL_OPEN; i++) {
		if (m->open[i].r == NULL || m->open[i].key != key)
			continue;
		sum.reserved += m->open[i].recipients;
		sum.reserving += m->open[i].recipients > 0;
	}
	return sum;
}

static bool
model_fits(const struct model *m, unsigned key, time_t now, bool message)
{
	struct model_sum		 s = model_sum(m, key, now);
	const struct store_limits	*l = &model_limits[key];

	return (uint64_t)s.recipients + s.reserved + 1 <=
	    RCPTS_MAX(*l) &&
	    (!message || (uint64_t)s.messages + s.reserving + 1 <=
	    MSGS_MAX(*l));
}

static void
model_compare(const struct model *m, unsigned key, const struct store_usage *u)
{
	struct model_sum s = model_sum(m, key, m->now);

	assert_int_equal(RCPTS(*u), s.recipients);
	assert_int_equal(MSGS(*u), s.messages);
	assert_int_equal(RCPTS_HELD(*u), s.reserved);
	assert_int_equal(MSGS_HELD(*u), s.reserving);
}

static void
model_reserve(struct model *m, unsigned i)
{
	unsigned		 key = m->open[i].key;
	struct store_usage	 u;
	bool			 fits;

	fits = model_fits(m, key, m->now, m->open[i].recipients == 0);
	assert_int_equal(store_reserve(m->open[i].r, m->now, &u),
	    fits ? STORE_TAKEN : STORE_REFUSED);
	if (fits)
		m->open[i].recipients++;
	model_compare(m, key, &u);
	if (!fits && u.next_fit > 0)
		assert_true(u.next_fit > m->now && u.next_fit % 60 == 0);
}

static void
model_commit(struct model *m, unsigned i)
{
	unsigned		key = m->open[i].key;
	struct store_usage	u;

	assert_int_equal(store_commit(&m->open[i].r, m->now, &u), STORE_TAKEN);
	if (m->open[i].recipients > 0) {
		assert_true(m->nsent < MODEL_SENT);
		m->sent[m->nsent].key = key;
		m->sent[m->nsent].minute = m->now / 60;
		m->sent[m->nsent++].recipients = m->open[i].recipients;
	}
	m->open[i].recipients = 0;
	model_compare(m, key, &u);
}

static void
model_prune(struct model *m)
{
	char	error[STORE_ERROR];
	size_t	i, kept = 0;

	assert_int_equal(store_prune(m->b->store, m->now, error), STORE_TAKEN);
	if (m->b->shared)	/* nothing is forgotten before its time */
		return;
	for (i = 0; i < m->nsent; i++)
		if (m->sent[i].minute + 59 >= m->now / 60)
			m->sent[kept++] = m->sent[i];
	m->nsent = kept;
}

static void
model_restart(struct model *m)
{
	unsigned i;

	for (i = 0; i < MODEL_OPEN; i++) {
		store_give_back(&m->open[i].r);
		m->open[i].recipients = 0;
	}
	if (m->b->durable) {
		store_close(&m->b->store);
		m->b->store = m->b->open(m->b);
	}
}

static void
model_move_clock(struct model *m)
{
	switch (dice(m, 12)) {
	case 0:
		m->now += 3600 + dice(m, 3600);
		break;
	case 1:
		m->now -= dice(m, 1200);
		break;
	default:
		m->now += dice(m, 300);
		break;
	}
}

static void
model_usage(struct model *m, unsigned key)
{
	static const char *const names[MODEL_KEYS] = { "a", "b", "c", "d" };
	struct store_usage	 u;
	bool			 fits = model_fits(m, key, m->now, true);

	assert_int_equal(store_usage(m->b->store, names[key], m->now,
	    model_limits[key], &u), fits ? STORE_TAKEN : STORE_REFUSED);
	model_compare(m, key, &u);
	/* with nothing reserved, next_fit is exact */
	if (!fits && model_sum(m, key, m->now).reserved == 0) {
		assert_true(model_fits(m, key, u.next_fit, true));
		assert_false(model_fits(m, key, u.next_fit - 1, true));
	}
}

static void
model_step(struct model *m)
{
	static const char *const names[MODEL_KEYS] = { "a", "b", "c", "d" };
	unsigned i = dice(m, MODEL_OPEN), what = dice(m, 200);

	if (what < 20)
		model_move_clock(m);
	else if (what < 40)
		model_usage(m, dice(m, MODEL_KEYS));
	else if (what == 40)
		model_prune(m);
	else if (what == 41)
		model_restart(m);
	else if (m->open[i].r == NULL) {
		m->open[i].key = dice(m, MODEL_KEYS);
		m->open[i].r = reservation_on(m->b->store,
		    names[m->open[i].key], model_limits[m->open[i].key]);
	} else if (what < 140) {
		model_reserve(m, i);
	} else if (what < 180) {
		model_commit(m, i);
	} else {
		store_give_back(&m->open[i].r);
		m->open[i].recipients = 0;
	}
}

static void
random_steps_agree_with_a_model(void **state)
{
	static struct model	m;
	unsigned		i;

	memset(&m, 0, sizeof(m));
	m.b = *state;
	m.seed = 20260501;
	m.now = T0;
	for (i = 0; i < STEPS; i++)
		model_step(&m);
	model_restart(&m);
}

int
main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(random_steps_agree_with_a_model),
	};

	return run_on_all(tests, NELEM(tests));
}
