/*
 * store: what every backend promises, run on each of them.
 */
#include "test.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

#define T0	1790000040		/* the beginning of a minute */
#define HOUR	3600

static const struct store_limits no_limits = {
	STORE_UNLIMITED, STORE_UNLIMITED
};

/* --- the backends -------------------------------------------------------- */

struct backend {
	const char	*name;
	bool		 durable;
	struct store	*(*open)(struct backend *b);
	char		 dir[64], path[80];
	struct store	*store;
};

static struct store *
open_memory(struct backend *b)
{
	(void)b;
	return store_open_memory();
}

static struct store *
open_sqlite(struct backend *b)
{
	struct store	*s;
	char		*why = NULL;

	s = store_open(b->path, &why);
	if (s == NULL)
		fail_msg("%s", why);
	return s;
}

static struct backend backends[] = {
	{ .name = "memory", .durable = false, .open = open_memory },
	{ .name = "sqlite", .durable = true, .open = open_sqlite },
};

static void
remove_files(const struct backend *b)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-lock" };
	char	name[96];
	size_t	i;

	for (i = 0; i < NELEM(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", b->path, suffixes[i]);
		unlink(name);
	}
}

/* Every test begins with an empty store. */
static int
setup(void **state)
{
	struct backend *b = *state;

	snprintf(b->dir, sizeof(b->dir), "/tmp/millgate-store-XXXXXX");
	if (mkdtemp(b->dir) == NULL)
		return -1;
	snprintf(b->path, sizeof(b->path), "%s/state.db", b->dir);
	b->store = b->open(b);
	return 0;
}

static int
teardown(void **state)
{
	struct backend *b = *state;

	store_close(&b->store);
	remove_files(b);
	return rmdir(b->dir);
}

/* --- helpers ------------------------------------------------------------- */

/* One message with so many recipients, taken and committed. */
static void
sent(struct store *s, const char *key, time_t now, unsigned recipients)
{
	struct reservation	*r = store_reservation_new(s, key, no_limits);
	struct store_usage	 u;
	unsigned		 i;

	for (i = 0; i < recipients; i++)
		assert_int_equal(store_reserve(r, now, &u), STORE_TAKEN);
	assert_int_equal(store_commit(&r, now, &u), STORE_TAKEN);
	assert_null(r);
}

static struct store_usage
usage(struct store *s, const char *key, time_t now, uint32_t recipients,
    uint32_t messages)
{
	struct store_limits	limits = { recipients, messages };
	struct store_usage	u;

	assert_int_not_equal(store_usage(s, key, now, limits, &u),
	    STORE_UNKNOWN);
	assert_string_equal(u.error, "");
	return u;
}

static uint32_t
used(struct store *s, const char *key, time_t now)
{
	return usage(s, key, now, STORE_UNLIMITED, STORE_UNLIMITED).recipients;
}

/* --- one message --------------------------------------------------------- */

static void
a_message_from_reservation_to_commit(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits = { 3, 2 };
	struct reservation	*r;
	struct store_usage	 u;

	r = store_reservation_new(b->store, "alice", limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(u.recipients, 0);
	assert_int_equal(u.reserved_recipients, 2);
	assert_int_equal(u.reserved_messages, 1);
	assert_int_equal(u.next_fit, 0);
	assert_int_equal(store_commit(&r, T0, &u), STORE_TAKEN);
	assert_null(r);
	assert_int_equal(u.recipients, 2);
	assert_int_equal(u.messages, 1);
	assert_int_equal(u.reserved_recipients, 0);
	assert_int_equal(u.reserved_messages, 0);
	assert_int_equal(used(b->store, "alice", T0), 2);
	assert_int_equal(used(b->store, "bob", T0), 0);
}

static void
the_recipient_above_the_limit_is_refused(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits = { 2, STORE_UNLIMITED };
	struct reservation	*r;
	struct store_usage	 u;

	r = store_reservation_new(b->store, "alice", limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, T0, &u), STORE_REFUSED);
	assert_false(u.by_messages);
	assert_int_equal(u.reserved_recipients, 2);
	/* if these two are committed now, they are over in an hour */
	assert_int_equal(u.next_fit, T0 + HOUR);
	store_unreserve(r);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_commit(&r, T0, &u), STORE_TAKEN);
	assert_int_equal(u.recipients, 2);
	assert_int_equal(u.next_fit, T0 + HOUR);
}

static void
messages_have_a_limit_of_their_own(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits = { 100, 2 };
	struct reservation	*r, *second;
	struct store_usage	 u;

	sent(b->store, "alice", T0, 5);
	r = store_reservation_new(b->store, "alice", limits);
	second = store_reservation_new(b->store, "alice", limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(second, T0, &u), STORE_REFUSED);
	assert_true(u.by_messages);
	/* further recipients of the first one cost no message */
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	/* the message is given back with its last recipient */
	store_unreserve(r);
	assert_int_equal(store_reserve(second, T0, &u), STORE_REFUSED);
	store_unreserve(r);
	assert_int_equal(store_reserve(second, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, T0, &u), STORE_REFUSED);
	store_unreserve(r);		/* nothing to give back: harmless */
	store_give_back(&r);
	assert_int_equal(store_commit(&second, T0, &u), STORE_TAKEN);
	assert_int_equal(u.recipients, 6);
	assert_int_equal(u.messages, 2);
}

static void
refused_and_aborted_mail_costs_nothing(void **state)
{
	struct backend		*b = *state;
	struct reservation	*r;
	struct store_usage	 u;
	struct store_rows	 rows;
	char			 error[STORE_ERROR];

	r = store_reservation_new(b->store, "alice", no_limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	store_give_back(&r);
	assert_null(r);
	store_give_back(&r);		/* NULL: nothing to do */
	/* a message whose recipients were all refused by others */
	r = store_reservation_new(b->store, "alice", no_limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	store_unreserve(r);
	assert_int_equal(store_commit(&r, T0, &u), STORE_TAKEN);
	u = usage(b->store, "alice", T0, 1, 1);
	assert_int_equal(u.recipients + u.messages, 0);
	assert_int_equal(u.reserved_recipients + u.reserved_messages, 0);
	assert_int_equal(store_list(b->store, T0, &rows, error), STORE_TAKEN);
	assert_int_equal(rows.n, 0);
	store_rows_free(&rows);
}

static void
limit_zero_blocks_and_no_time_helps(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits[] = { { 0, 9 }, { 9, 0 } };
	struct reservation	*r;
	struct store_usage	 u;
	size_t			 i;

	for (i = 0; i < NELEM(limits); i++) {
		r = store_reservation_new(b->store, "alice", limits[i]);
		assert_int_equal(store_reserve(r, T0, &u), STORE_REFUSED);
		assert_int_equal(u.by_messages, i == 1);
		assert_int_equal(u.next_fit, 0);
		store_give_back(&r);
	}
}

/* --- the hour ------------------------------------------------------------ */

static void
a_minute_counts_for_sixty(void **state)
{
	struct backend	*b = *state;
	static const struct {
		const char	*name;
		time_t		 sent, asked;
		uint32_t	 want;
	} cases[] = {
		{ "at once", 0, 0, 2 },
		{ "an hour but a second later", 0, HOUR - 1, 2 },
		{ "an hour later", 0, HOUR, 0 },
		{ "sent at the end of its minute", 59, HOUR - 1, 2 },
		{ "sent at the end of its minute, gone", 59, HOUR, 0 },
		{ "sent in the next minute", 60, HOUR + 59, 2 },
		{ "the clock steps back by a second", 60, 59, 2 },
		{ "the clock steps back by a day", 0, -24 * HOUR, 2 },
		{ "the clock steps forward by a day", 0, 24 * HOUR, 0 },
	};
	char	key[32];
	size_t	i;

	for (i = 0; i < NELEM(cases); i++) {
		snprintf(key, sizeof(key), "key %zu", i);
		sent(b->store, key, T0 + cases[i].sent, 2);
		if (used(b->store, key, T0 + cases[i].asked) != cases[i].want)
			row_fail(cases[i].name, "not %u", cases[i].want);
	}
}

static void
a_clock_that_jumps_and_returns_frees_nothing(void **state)
{
	struct backend *b = *state;

	sent(b->store, "alice", T0, 3);
	assert_int_equal(used(b->store, "alice", T0 + 30 * HOUR), 0);
	sent(b->store, "alice", T0 + 30 * HOUR, 1);
	assert_int_equal(used(b->store, "alice", T0 + 60), 4);
	/* back into the past: both are of the future, both count */
	sent(b->store, "alice", T0 - 10 * HOUR, 5);
	assert_int_equal(used(b->store, "alice", T0 - 10 * HOUR), 9);
}

static void
next_fit_is_when_enough_is_over(void **state)
{
	struct backend	*b = *state;
	struct store_usage u;
	static const struct {
		uint32_t	 recipients, messages;	/* limits */
		time_t		 want;
	} cases[] = {
		/* 5 at :00, 1 at :10, 4 at :20 (one message each) */
		{ 11, 9, 0 },
		{ 10, 9, T0 + HOUR },
		{ 6, 9, T0 + HOUR },
		{ 5, 9, T0 + HOUR + 600 },
		{ 4, 9, T0 + HOUR + 1200 },
		{ 1, 9, T0 + HOUR + 1200 },
		{ 0, 9, 0 },
		{ 11, 3, T0 + HOUR },
		{ 11, 2, T0 + HOUR + 600 },
		{ 10, 1, T0 + HOUR + 1200 },
		{ STORE_UNLIMITED, STORE_UNLIMITED, 0 },
	};
	size_t i;

	sent(b->store, "alice", T0, 5);
	sent(b->store, "alice", T0 + 600, 1);
	sent(b->store, "alice", T0 + 1200, 4);
	for (i = 0; i < NELEM(cases); i++) {
		u = usage(b->store, "alice", T0 + 1230, cases[i].recipients,
		    cases[i].messages);
		assert_int_equal(u.next_fit, cases[i].want);
	}
}

/* What next_fit promises is kept, to the second. */
static void
next_fit_is_the_first_second(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits = { 4, STORE_UNLIMITED };
	struct reservation	*r;
	struct store_usage	 u;
	time_t			 when;

	sent(b->store, "alice", T0 + 7, 3);
	sent(b->store, "alice", T0 + 119, 1);
	when = usage(b->store, "alice", T0 + 130, 4, 9).next_fit;
	r = store_reservation_new(b->store, "alice", limits);
	assert_int_equal(store_reserve(r, when - 1, &u), STORE_REFUSED);
	assert_int_equal(u.next_fit, when);
	assert_int_equal(store_reserve(r, when, &u), STORE_TAKEN);
	store_give_back(&r);
}

/* --- all keys ------------------------------------------------------------ */

static void
list_is_sorted_and_pruned(void **state)
{
	struct backend		*b = *state;
	struct store_rows	 rows;
	char			 error[STORE_ERROR];

	sent(b->store, "old", T0 - HOUR, 50);
	sent(b->store, "carol", T0, 2);
	sent(b->store, "bob", T0, 1);
	sent(b->store, "bob", T0 + 60, 1);
	sent(b->store, "alice", T0, 9);
	assert_int_equal(store_prune(b->store, T0, error), STORE_TAKEN);
	assert_int_equal(store_list(b->store, T0, &rows, error), STORE_TAKEN);
	assert_int_equal(rows.n, 3);
	assert_string_equal(rows.row[0].key, "alice");
	assert_int_equal(rows.row[0].recipients, 9);
	assert_string_equal(rows.row[1].key, "bob");
	assert_int_equal(rows.row[1].recipients, 2);
	assert_int_equal(rows.row[1].messages, 2);
	assert_string_equal(rows.row[2].key, "carol");
	assert_int_equal(rows.row[2].messages, 1);
	store_rows_free(&rows);
	/* what was pruned is gone, even if the clock steps back */
	assert_int_equal(used(b->store, "old", T0 - HOUR), 0);
	assert_int_equal(used(b->store, "alice", T0 - HOUR), 9);
}

static void
keys_are_octets(void **state)
{
	struct backend		*b = *state;
	static const char *const keys[] = {
		"alice", "Alice", "alice ", "", "al'ice\"; DROP TABLE bucket",
		"\xff\xfe\x80", "\xc3\xa9@example.org", "../../etc/passwd",
		"a\nb", "%s%n",
	};
	char			 longer[4001];
	struct store_rows	 rows;
	char			 error[STORE_ERROR];
	size_t			 i;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	sent(b->store, longer, T0, 100);
	for (i = 0; i < NELEM(keys); i++)
		sent(b->store, keys[i], T0, (unsigned)i + 1);
	if (b->durable) {
		store_close(&b->store);
		b->store = b->open(b);
	}
	for (i = 0; i < NELEM(keys); i++)
		assert_int_equal(used(b->store, keys[i], T0), i + 1);
	assert_int_equal(store_list(b->store, T0, &rows, error), STORE_TAKEN);
	assert_int_equal(rows.n, NELEM(keys) + 1);
	assert_string_equal(rows.row[0].key, longer);
	store_rows_free(&rows);
}

static void
committed_counts_survive_a_restart(void **state)
{
	struct backend		*b = *state;
	struct reservation	*r;
	struct store_usage	 u;

	if (!b->durable)
		return;
	sent(b->store, "alice", T0, 3);
	sent(b->store, "alice", T0 + 60, 4);
	r = store_reservation_new(b->store, "alice", no_limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	store_give_back(&r);
	store_close(&b->store);
	b->store = b->open(b);
	u = usage(b->store, "alice", T0 + 60, 7, 9);
	assert_int_equal(u.recipients, 7);
	assert_int_equal(u.messages, 2);
	assert_int_equal(u.reserved_recipients, 0);
	assert_int_equal(u.next_fit, T0 + HOUR);
	sent(b->store, "alice", T0 + 60, 1);
	assert_int_equal(used(b->store, "alice", T0 + HOUR), 5);
}

/* --- many at once -------------------------------------------------------- */

#define CROWD		100
#define CROWD_LIMIT	50
#define CROWD_ROUNDS	100

struct crowd {
	struct store		*store;
	char			 key[32];
	pthread_barrier_t	 start;
};

/* Each tries to send one message to one recipient. */
static void *
one_of_the_crowd(void *arg)
{
	struct crowd		*c = arg;
	struct store_limits	 limits = { CROWD_LIMIT, STORE_UNLIMITED };
	struct reservation	*r;
	struct store_usage	 u;
	enum store_answer	 answer;

	r = store_reservation_new(c->store, c->key, limits);
	pthread_barrier_wait(&c->start);
	answer = store_reserve(r, T0, &u);
	if (answer != STORE_TAKEN)
		store_give_back(&r);
	else
		answer = store_commit(&r, T0, &u);
	return answer == STORE_TAKEN ? arg : NULL;
}

static void
exactly_the_limit_gets_through(void **state)
{
	struct backend	*b = *state;
	struct crowd	 c = { .store = b->store };
	pthread_t	 thread[CROWD];
	unsigned	 round, i, taken;
	void		*answer;

	for (round = 0; round < CROWD_ROUNDS; round++) {
		snprintf(c.key, sizeof(c.key), "round %u", round);
		pthread_barrier_init(&c.start, NULL, CROWD);
		for (i = 0; i < CROWD; i++)
			assert_int_equal(pthread_create(&thread[i], NULL,
			    one_of_the_crowd, &c), 0);
		for (i = taken = 0; i < CROWD; i++) {
			pthread_join(thread[i], &answer);
			taken += answer != NULL;
		}
		pthread_barrier_destroy(&c.start);
		assert_int_equal(taken, CROWD_LIMIT);
		assert_int_equal(used(b->store, c.key, T0), CROWD_LIMIT);
	}
}

/* Several keys, several recipients, some given back, pruning beside it. */
#define MIX_THREADS	8
#define MIX_KEYS	5
#define MIX_LIMIT	200

struct mixer {
	struct store	*store;
	unsigned	 seed;
	uint32_t	 committed[MIX_KEYS];
	bool		 over;		/* the limit was exceeded */
};

static void
mix_one(struct mixer *m)
{
	struct store_limits	 limits = { MIX_LIMIT, STORE_UNLIMITED };
	unsigned		 k = (unsigned)rand_r(&m->seed) % MIX_KEYS;
	unsigned		 n = (unsigned)rand_r(&m->seed) % 5, took = 0;
	struct reservation	*r;
	struct store_usage	 u;
	char			 key[16], error[STORE_ERROR];

	snprintf(key, sizeof(key), "key %u", k);
	r = store_reservation_new(m->store, key, limits);
	while (n-- > 0 && store_reserve(r, T0, &u) == STORE_TAKEN) {
		took++;
		if (u.recipients + u.reserved_recipients > MIX_LIMIT)
			m->over = true;
	}
	switch (rand_r(&m->seed) % 8) {
	case 0:
		store_give_back(&r);
		return;
	case 1:
		store_prune(m->store, T0, error);
		break;
	case 2:
		store_unreserve(r);
		took -= took > 0;
		break;
	default:
		break;
	}
	if (store_commit(&r, T0, &u) == STORE_TAKEN)
		m->committed[k] += took;
}

static void *
mix(void *arg)
{
	unsigned i;

	for (i = 0; i < 300; i++)
		mix_one(arg);
	return NULL;
}

static void
parallel_work_adds_up(void **state)
{
	struct backend	*b = *state;
	struct mixer	 m[MIX_THREADS];
	pthread_t	 thread[MIX_THREADS];
	uint32_t	 sum;
	char		 key[16];
	unsigned	 i, k;

	for (i = 0; i < MIX_THREADS; i++) {
		m[i] = (struct mixer){ .store = b->store, .seed = i + 1 };
		assert_int_equal(pthread_create(&thread[i], NULL, mix, &m[i]),
		    0);
	}
	for (i = 0; i < MIX_THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_false(m[i].over);
	}
	if (b->durable) {
		store_close(&b->store);
		b->store = b->open(b);
	}
	for (k = 0; k < MIX_KEYS; k++) {
		for (i = sum = 0; i < MIX_THREADS; i++)
			sum += m[i].committed[k];
		snprintf(key, sizeof(key), "key %u", k);
		assert_int_equal(used(b->store, key, T0), sum);
		assert_in_range(sum, 1, MIX_LIMIT);
	}
}

/* --- random steps beside a simple model ---------------------------------- */

#define STEPS		10000
#define MODEL_KEYS	4
#define MODEL_OPEN	12
#define MODEL_SENT	20000

static const struct store_limits model_limits[MODEL_KEYS] = {
	{ 40, STORE_UNLIMITED }, { STORE_UNLIMITED, 12 }, { 60, 15 }, { 7, 7 }
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

	return (uint64_t)s.recipients + s.reserved + 1 <= l->recipients &&
	    (!message || (uint64_t)s.messages + s.reserving + 1 <=
	    l->messages);
}

static void
model_compare(const struct model *m, unsigned key, const struct store_usage *u)
{
	struct model_sum s = model_sum(m, key, m->now);

	assert_int_equal(u->recipients, s.recipients);
	assert_int_equal(u->messages, s.messages);
	assert_int_equal(u->reserved_recipients, s.reserved);
	assert_int_equal(u->reserved_messages, s.reserving);
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
		m->open[i].r = store_reservation_new(m->b->store,
		    names[m->open[i].key], model_limits[m->open[i].key]);
	} else if (what < 120) {
		model_reserve(m, i);
	} else if (what < 140) {
		store_unreserve(m->open[i].r);
		m->open[i].recipients -= m->open[i].recipients > 0;
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

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	struct CMUnitTest tests[] = {
		TEST(a_message_from_reservation_to_commit),
		TEST(the_recipient_above_the_limit_is_refused),
		TEST(messages_have_a_limit_of_their_own),
		TEST(refused_and_aborted_mail_costs_nothing),
		TEST(limit_zero_blocks_and_no_time_helps),
		TEST(a_minute_counts_for_sixty),
		TEST(a_clock_that_jumps_and_returns_frees_nothing),
		TEST(next_fit_is_when_enough_is_over),
		TEST(next_fit_is_the_first_second),
		TEST(list_is_sorted_and_pruned),
		TEST(keys_are_octets),
		TEST(committed_counts_survive_a_restart),
		TEST(exactly_the_limit_gets_through),
		TEST(parallel_work_adds_up),
		TEST(random_steps_agree_with_a_model),
	};
	size_t	i, t;
	int	failed = 0;

	for (i = 0; i < NELEM(backends); i++) {
		for (t = 0; t < NELEM(tests); t++)
			tests[t].initial_state = &backends[i];
		failed += cmocka_run_group_tests_name(backends[i].name, tests,
		    NULL, NULL);
	}
	return failed;
}
