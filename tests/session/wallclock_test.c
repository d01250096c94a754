/*
 * wallclock: setting the system clock neither gives a sender an hour of quota
 * nor takes one. The test has its own wall clock and steady clock. Limits must
 * hold in real time, which only pass() advances. Each row runs on each backend
 * of the store.
 */
#include "test.h"

#include <pthread.h>
#include <time.h>

#include "conf/conf.h"
#include "session/services.h"
#include "store/store_backends.h"
#include "base/wallclock.h"

#define SECOND		INT64_C(1000000000)
#define MINUTES(n)	((n) * 60)
#define HOURS(n)	((n) * 3600)

static _Atomic int64_t	wall_ns, steady_ns;
static struct wallclock	the_clock;

static int64_t
fake_wall(void)
{
	return wall_ns;
}

static int64_t
fake_steady(void)
{
	return steady_ns;
}

static time_t
fake_now(void)
{
	return wallclock_time(&the_clock);
}

static void
start_clocks(int64_t wall)
{
	wall_ns = wall * SECOND + SECOND / 3;
	steady_ns = 12345 * SECOND;
	wallclock_start(&the_clock, fake_wall, fake_steady);
}

/* The backend's store, until close_services. */
static struct services *
open_services(struct backend *b)
{
	struct services *sv = services_new(NULL, NULL, b->store, "test");

	b->store = NULL;
	sv->now = fake_now;
	return sv;
}

static void
close_services(struct backend *b, struct services *sv)
{
	b->store = sv->store;
	sv->store = NULL;
	services_free(&sv);
}

/* --- the clock by itself ------------------------------------------------ */

static void
it_tells_the_machines_time(void **state)
{
	struct wallclock	w;
	time_t			before = time(NULL), now;

	(void)state;
	wallclock_start(&w, NULL, NULL);
	now = wallclock_time(&w);
	assert_in_range(now, before, time(NULL) + 1);
	assert_int_equal(wallclock_look(&w), 0);
}

/* Steps of the system clock one after the other, and the reported steps. */
static void
steps_are_reported_in_minutes(void **state)
{
	static const struct {
		const char	*name;
		double		 step[4];
		int64_t		 report[4];
	} rows[] = {
		{ "forward", { 7200 }, { 7200 } },
		{ "back", { -7200 }, { -7200 } },
		{ "not quite a minute", { 59.9, -59.9 }, { 0, 0 } },
		{ "a minute", { 60, -60 }, { 60, -60 } },
		{ "forward is rounded up", { 61 }, { 120 } },
		{ "and back, too", { -119 }, { -60 } },
		{ "small ones add up", { 25, 25, 25, 25 }, { 0, 0, 120, 0 } },
		{ "small ones back", { -25, -25, -25, -25 },
		    { 0, 0, -60, 0 } },
		{ "rounding does not add up", { 61, 59, 61, 59 },
		    { 120, 0, 120, 0 } },
		{ "there and back", { 100, -100 }, { 120, -120 } },
		{ "to 1970", { -1790000000 }, { -1789999980 } },
	};
	size_t	i, k;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		start_clocks(1790000000);
		for (k = 0; k < 4; k++) {
			int64_t	got;
			time_t	before = fake_now();

			wall_ns += (int64_t)(rows[i].step[k] * 1e9);
			assert_int_equal(fake_now(), before);
			got = wallclock_look(&the_clock);
			if (got != rows[i].report[k])
				row_fail(rows[i].name, "step %zu: %lld", k,
				    (long long)got);
			if (got != 0) {
				assert_int_equal(fake_now(), before);
				wallclock_follow(&the_clock, got);
			}
			assert_int_equal(fake_now(), wall_ns / SECOND);
			assert_int_equal(wallclock_look(&the_clock), 0);
		}
	}
}

static unsigned slept;

/* The machine sleeps for an hour between two looks at its clocks, once. */
static int64_t
sleepy_wall(void)
{
	int64_t wall = wall_ns;

	if (slept++ == 0) {
		wall_ns += HOURS(1) * SECOND;
		steady_ns += HOURS(1) * SECOND;
	}
	return wall;
}

static void
sleep_between_two_looks_is_no_step(void **state)
{
	(void)state;
	slept = 1;
	start_clocks(1790000000);
	the_clock.wall = sleepy_wall;
	slept = 0;
	assert_int_equal(wallclock_look(&the_clock), 0);
	assert_true(slept > 1);
	assert_int_equal(fake_now(), 1790000000 + HOURS(1));
}

/* --- no free hour, no lost hour ----------------------------------------- */

/* Advance real time; the system clock follows. */
static void
pass(struct services *sv, int64_t seconds)
{
	wall_ns += seconds * SECOND;
	steady_ns += seconds * SECOND;
	services_clock_look(sv, &the_clock);
}

static bool
one_fits(struct services *sv)
{
	static const struct store_limits limits =
	    STORE_LIMITS_HOUR(10, STORE_UNLIMITED);
	struct reservation	*r = reservation_on(sv->store, "alice", limits);
	struct store_usage	 u;
	enum store_answer	 answer;

	answer = store_reserve(r, services_time_begin(sv), &u);
	services_time_end(sv);
	store_give_back(&r);
	assert_int_not_equal(answer, STORE_UNKNOWN);
	return answer == STORE_TAKEN;
}

struct step {
	int64_t	after;		/* seconds since the mail, real ones */
	int64_t	by;		/* seconds; 0: none */
};

static const struct clock_row {
	const char	*name;
	int64_t		 start;
	struct step	 step[8];
	unsigned	 repeat;	/* the first step, every ten seconds */
} clock_rows[] = {
	{ "nothing happens", 1790000000, { { 0, 0 } }, 0 },
	{ "back two hours", 1790000000, { { 60, -HOURS(2) } }, 0 },
	{ "forward two hours", 1790000000, { { 60, HOURS(2) } }, 0 },
	{ "back a day, at once", 1790000000, { { 1, -HOURS(24) } }, 0 },
	{ "forward ten years", 1790000000, { { 600, HOURS(87660) } }, 0 },
	{ "forward and back", 1790000000,
	    { { 60, HOURS(2) }, { 120, -HOURS(2) } }, 0 },
	{ "back and forward", 1790000000,
	    { { 60, -HOURS(2) }, { 3000, HOURS(2) } }, 0 },
	{ "to 1970 and back", 1790000000,
	    { { 60, -1790000000 }, { 600, 1790000000 } }, 0 },
	{ "an hour and a second", 1790000000, { { 60, HOURS(1) + 1 } }, 0 },
	{ "a minute and a half", 1790000000, { { 60, 90 } }, 0 },
	{ "forward, often", 1790000000, { { 0, 61 } }, 100 },
	{ "back, often", 1790000000, { { 0, -61 } }, 100 },
	{ "forward, little and often", 1790000000, { { 0, 59 } }, 300 },
	{ "back, little and often", 1790000000, { { 0, -59 } }, 300 },
	{ "the last second of an hour", 1789999199, { { 1, -HOURS(2) } }, 0 },
	{ "the first second of an hour", 1789999200, { { 1, HOURS(2) } }, 0 },
	{ "over midnight, and back", 1789948790,
	    { { 20, -HOURS(2) }, { 40, HOURS(2) } }, 0 },
	{ "to the first second of a day", 1789948790, { { 5, 5 } }, 0 },
};

static int64_t
next_step(const struct clock_row *row, unsigned second, int64_t *by)
{
	size_t k;

	if (row->repeat > 0) {
		*by = second % 10 == 0 && second / 10 < row->repeat ?
		    row->step[0].by : 0;
		return *by;
	}
	for (*by = 0, k = 0; k < NELEM(row->step); k++)
		if (row->step[k].by != 0 && row->step[k].after == second)
			*by = row->step[k].by;
	return *by;
}

/*
 * Ten of ten are used at second 0. The eleventh fits when the minute of the
 * mail is an hour old, 59 to 60 minutes later. A step of the clock may make it
 * a minute later; a step of less than a minute may make it a minute earlier.
 */
static void
run_row(const struct clock_row *row, struct services *sv)
{
	unsigned	second, fits = 0;
	int64_t		by;

	for (second = 0; second <= MINUTES(62) && fits == 0; second++) {
		if (next_step(row, second, &by) != 0)
			wall_ns += by * SECOND;
		services_clock_look(sv, &the_clock);
		assert_int_equal(fake_now(), wall_ns / SECOND);
		if (one_fits(sv))
			fits = second;
		pass(sv, 1);
	}
	if (fits < MINUTES(58) || fits > MINUTES(61))
		row_fail(row->name, "it fits after %u seconds", fits);
}

static void
each_row(void **state)
{
	struct backend	*b = *state;
	size_t		 i;

	for (i = 0; i < NELEM(clock_rows); i++) {
		struct services	*sv = open_services(b);
		char		 error[STORE_ERROR];

		start_clocks(clock_rows[i].start);
		sent(sv->store, "alice", fake_now(), 10);
		run_row(&clock_rows[i], sv);
		/* the next row starts with no counts */
		pass(sv, HOURS(5));
		assert_int_equal(store_prune(sv->store, fake_now(), error),
		    STORE_TAKEN);
		close_services(b, sv);
	}
}

/* After a step the file has the counts in their shifted buckets. */
static void
kill_after_a_step_loses_nothing(void **state)
{
	struct backend	*b = *state;
	struct services	*sv = open_services(b);

	start_clocks(1790000000);
	sent(sv->store, "alice", fake_now(), 10);
	pass(sv, MINUTES(10));
	wall_ns += HOURS(30) * SECOND;
	services_clock_look(sv, &the_clock);
	if (b->durable) {
		store_close(&sv->store);
		sv->store = b->open(b);
	}
	assert_false(one_fits(sv));
	pass(sv, MINUTES(48));
	assert_false(one_fits(sv));
	pass(sv, MINUTES(3));
	assert_true(one_fits(sv));
	close_services(b, sv);
}

/* After eight hours of suspend the hour is over. */
static void
suspended(void **state)
{
	struct backend	*b = *state;
	struct services	*sv = open_services(b);

	start_clocks(1790000000);
	sent(sv->store, "alice", fake_now(), 10);
	pass(sv, 60);
	assert_false(one_fits(sv));
	pass(sv, HOURS(8));
	assert_true(one_fits(sv));
	close_services(b, sv);
}

/*
 * A machine without a battery-backed clock starts in 1970 with a file of 2026,
 * and its clock is set a minute later. The ten remain used for an hour, not
 * for 56 years. A file with times in the future is usable again in an hour.
 */
static void
a_clock_that_is_wrong_at_the_start(void **state)
{
	static const struct {
		const char	*name;
		int64_t		 start, step;	/* from the mail on */
	} rows[] = {
		{ "1970", -1790000000, 1790000600 },
		{ "set back by two hours meanwhile", -HOURS(2), 0 },
		{ "two hours back, and right again", -HOURS(2), HOURS(2) },
		{ "right", 60, 0 },
	};
	struct backend	*b = *state;
	size_t		 i;

	for (i = 0; i < NELEM(rows); i++) {
		struct services	*sv;
		char		 error[STORE_ERROR];
		unsigned	 minute;

		start_clocks(1790000000);
		sent(b->store, "alice", fake_now(), 10);
		if (b->durable) {
			store_close(&b->store);
			b->store = b->open(b);
		}
		sv = open_services(b);
		start_clocks(1790000000 + rows[i].start);
		assert_int_equal(store_clock_known(sv->store, fake_now(),
		    error), STORE_TAKEN);
		pass(sv, 60);
		wall_ns += rows[i].step * SECOND;
		services_clock_look(sv, &the_clock);
		for (minute = 0; minute < 57; minute++) {
			if (one_fits(sv))
				row_fail(rows[i].name, "free in minute %u",
				    minute);
			pass(sv, 60);
		}
		pass(sv, MINUTES(4));
		if (!one_fits(sv))
			row_fail(rows[i].name, "still held");
		pass(sv, HOURS(200000));	/* clear it for the next row */
		assert_int_equal(store_prune(sv->store, fake_now(), error),
		    STORE_TAKEN);
		close_services(b, sv);
	}
}

/* --- daylight saving ---------------------------------------------------- */

static int
local_hour(time_t t)
{
	struct tm tm;

	assert_non_null(localtime_r(&t, &tm));
	return tm.tm_hour;
}

/* Both changes of Berlin in 2026, at 01:00 UTC; the mail is 10 min. before. */
static void
daylight_saving_changes_nothing(void **state)
{
	static const time_t	 change[] = { 1774746000, 1792890000 };
	struct backend		*b = *state;
	size_t			 i;

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	if (local_hour(change[0]) - local_hour(change[0] - 1) != 2 ||
	    local_hour(change[1]) - local_hour(change[1] - 1) != 0)
		skip();		/* no time zones are installed */
	for (i = 0; i < NELEM(change); i++) {
		struct services	*sv = open_services(b);
		unsigned	 minute;

		start_clocks(change[i] - MINUTES(10));
		sent(sv->store, "alice", fake_now(), 10);
		for (minute = 0; minute < 60; minute++) {
			assert_false(one_fits(sv));
			pass(sv, 60);
		}
		assert_true(one_fits(sv));
		close_services(b, sv);
	}
}

/* --- sessions while the clock is set ------------------------------------ */

#define THREADS	4
#define LIMIT	2000

struct worker {
	pthread_t	 thread;
	struct services	*sv;
	atomic_bool	*stop;
	atomic_uint	*accepted;
};

static void *
send_on(void *arg)
{
	static const struct store_limits limits =
	    STORE_LIMITS_HOUR(LIMIT, STORE_UNLIMITED);
	struct worker		*w = arg;
	struct store_usage	 u;
	enum store_answer	 answer;

	while (!atomic_load(w->stop)) {
		struct reservation *r = reservation_on(w->sv->store, "alice",
		    limits);

		answer = store_reserve(r, services_time_begin(w->sv), &u);
		services_time_end(w->sv);
		if (answer != STORE_TAKEN) {
			store_give_back(&r);
			continue;
		}
		answer = store_commit(&r, services_time_begin(w->sv), &u);
		services_time_end(w->sv);
		atomic_fetch_add(w->accepted, answer == STORE_TAKEN ? 1 : 0);
	}
	return NULL;
}

/* Four threads send as fast as they can while the clock is set repeatedly. */
static void
sessions_meanwhile(void **state)
{
	struct backend	*b = *state;
	struct services	*sv = open_services(b);
	struct worker	 worker[THREADS];
	struct timespec	 nap = { 0, 2000000 };
	atomic_bool	 stop = false;
	atomic_uint	 accepted = 0;
	unsigned	 i;

	start_clocks(1790000000);
	for (i = 0; i < THREADS; i++) {
		worker[i] = (struct worker){ .sv = sv, .stop = &stop,
		    .accepted = &accepted };
		assert_int_equal(pthread_create(&worker[i].thread, NULL,
		    send_on, &worker[i]), 0);
	}
	/* a busy machine may need longer until one is accepted */
	for (i = 0; i < 200 || (accepted == 0 && i < 20000); i++) {
		wall_ns += (i % 2 == 0 ? 2 : -2) * HOURS(1) * SECOND;
		services_clock_look(sv, &the_clock);
		nanosleep(&nap, NULL);
	}
	atomic_store(&stop, true);
	for (i = 0; i < THREADS; i++)
		pthread_join(worker[i].thread, NULL);
	assert_in_range(accepted, 1, LIMIT);
	assert_int_equal(usage(sv->store, "alice", fake_now(), LIMIT,
	    STORE_UNLIMITED).used[STORE_RECIPIENTS][STORE_HOUR], accepted);
	close_services(b, sv);
}

int
main(void)
{
#define ON(b, test) \
	{ #test, (test), setup, teardown, &backends[b] }
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_tells_the_machines_time),
		cmocka_unit_test(steps_are_reported_in_minutes),
		cmocka_unit_test(sleep_between_two_looks_is_no_step),
		ON(0, each_row), ON(1, each_row),
		ON(0, kill_after_a_step_loses_nothing),
		ON(1, kill_after_a_step_loses_nothing),
		ON(0, suspended), ON(1, suspended),
		ON(0, a_clock_that_is_wrong_at_the_start),
		ON(1, a_clock_that_is_wrong_at_the_start),
		ON(0, daylight_saving_changes_nothing),
		ON(1, daylight_saving_changes_nothing),
		ON(0, sessions_meanwhile), ON(1, sessions_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
