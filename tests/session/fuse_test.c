/*
 * fuse: which events count, for how long, that it trips once, and its bounds
 */
#include "test.h"

#include <pthread.h>

#include "session/fuse_priv.h"

#define T0	36000u		/* seconds of a clock that is never set */

static int
setup(void **state)
{
	*state = fuse_new(7);
	return 0;
}

static int
teardown(void **state)
{
	struct fuse *f = *state;

	fuse_free(&f);
	assert_null(f);
	return 0;
}

/* The count, if it is within the limit; 0: the fuse tripped. */
static unsigned
note(struct fuse *f, enum fuse_kind kind, const char *value, unsigned limit,
    uint64_t seconds)
{
	struct fuse_trip trip;

	if (!fuse_note(f, "alice", kind, value, limit, seconds, &trip))
		return trip.count;
	assert_int_equal(trip.kind, kind);
	assert_int_equal(trip.limit, limit);
	assert_int_equal(trip.count, limit + 1);
	return 0;
}

static void
equal_values_count_once(void **state)
{
	struct fuse *f = *state;

	assert_int_equal(note(f, FUSE_NETWORKS, "192.0.2.0", 2, T0), 1);
	assert_int_equal(note(f, FUSE_NETWORKS, "192.0.2.0", 2, T0), 1);
	assert_int_equal(note(f, FUSE_NETWORKS, "198.51.100.0", 2, T0), 2);
	assert_int_equal(note(f, FUSE_NETWORKS, "192.0.2.0", 2, T0), 2);
	/* the other kinds have counts of their own */
	assert_int_equal(note(f, FUSE_FROM, "192.0.2.0", 2, T0), 1);
	assert_int_equal(note(f, FUSE_REFUSED, "", 9, T0), 1);
	assert_int_equal(note(f, FUSE_REFUSED, "", 9, T0), 2);
	assert_int_equal(fuse_logins(f), 1);
}

static void
it_trips_once_and_begins_anew(void **state)
{
	struct fuse *f = *state;

	assert_int_equal(note(f, FUSE_FROM, "a", 2, T0), 1);
	assert_int_equal(note(f, FUSE_FROM, "b", 2, T0), 2);
	assert_int_equal(note(f, FUSE_FROM, "c", 2, T0), 0);
	assert_int_equal(fuse_logins(f), 0);
	assert_int_equal(note(f, FUSE_FROM, "d", 2, T0), 1);
	assert_int_equal(note(f, FUSE_REFUSED, "", 0, T0), 0);
}

static void
logins_are_apart(void **state)
{
	struct fuse	*f = *state;
	struct fuse_trip trip;

	assert_int_equal(note(f, FUSE_FROM, "a", 1, T0), 1);
	assert_false(fuse_note(f, "bob", FUSE_FROM, "b", 1, T0, &trip));
	assert_int_equal(trip.count, 1);
}

/* A value counts for an hour after it was last seen. */
static void
each_counts_for_an_hour(void **state)
{
	struct fuse *f = *state;

	note(f, FUSE_NETWORKS, "a", 9, T0);
	note(f, FUSE_NETWORKS, "b", 9, T0 + 1800);
	assert_int_equal(note(f, FUSE_NETWORKS, "c", 9, T0 + 3599), 3);
	assert_int_equal(note(f, FUSE_NETWORKS, "c", 9, T0 + 3600), 2);
	note(f, FUSE_NETWORKS, "b", 9, T0 + 3600);
	assert_int_equal(note(f, FUSE_NETWORKS, "c", 9, T0 + 7199), 2);
	assert_int_equal(note(f, FUSE_NETWORKS, "c", 9, T0 + 7200), 1);

	note(f, FUSE_REFUSED, "", 9, T0);
	note(f, FUSE_REFUSED, "", 9, T0 + 1800);
	assert_int_equal(note(f, FUSE_REFUSED, "", 9, T0 + 3599), 3);
	assert_int_equal(note(f, FUSE_REFUSED, "", 9, T0 + 3600), 3);
	assert_int_equal(note(f, FUSE_REFUSED, "", 9, T0 + 5400), 3);
	assert_int_equal(note(f, FUSE_REFUSED, "", 9, T0 + 86400), 1);
}

/* The highest limit that can be configured is exact, too. */
static void
the_highest_limit(void **state)
{
	struct fuse	*f = *state;
	char		 value[16];
	unsigned	 i;

	for (i = 1; i <= FUSE_LIMIT_MAX; i++) {
		snprintf(value, sizeof(value), "%u", i);
		assert_int_equal(note(f, FUSE_FROM, value, FUSE_LIMIT_MAX,
		    T0), i);
	}
	assert_int_equal(note(f, FUSE_FROM, "one more", FUSE_LIMIT_MAX, T0),
	    0);
	for (i = 1; i <= 10000; i++)
		assert_int_equal(note(f, FUSE_REFUSED, "", 10000, T0 + i / 5),
		    i);
	assert_int_equal(note(f, FUSE_REFUSED, "", 10000, T0 + 2001), 0);
}

static void
the_login_not_seen_for_longest_is_forgotten(void **state)
{
	struct fuse	*f = *state;
	struct fuse_trip trip;
	char		 login[32];
	unsigned	 i;

	for (i = 0; i < FUSE_LOGINS; i++) {
		snprintf(login, sizeof(login), "user%u", i);
		fuse_note(f, login, FUSE_FROM, "a", 9, T0, &trip);
	}
	fuse_note(f, "user0", FUSE_FROM, "b", 9, T0, &trip);
	assert_int_equal(trip.count, 2);
	fuse_note(f, "new", FUSE_FROM, "a", 9, T0, &trip);
	assert_int_equal(fuse_logins(f), FUSE_LOGINS);
	fuse_note(f, "user0", FUSE_FROM, "c", 9, T0, &trip);
	assert_int_equal(trip.count, 3);
	fuse_note(f, "user1", FUSE_FROM, "b", 9, T0, &trip);
	assert_int_equal(trip.count, 1);
	assert_int_equal(fuse_logins(f), FUSE_LOGINS);
}

#define THREADS	8
#define ROUNDS	2000

/* Of the events of all threads together, every tenth trips. */
static void *
note_many(void *arg)
{
	struct fuse_trip trip;
	uintptr_t	 trips = 0;
	unsigned	 i;

	for (i = 0; i < ROUNDS; i++)
		trips += fuse_note(arg, "alice", FUSE_REFUSED, "", 9, T0,
		    &trip);
	return (void *)trips;
}

static void
many_at_once(void **state)
{
	pthread_t	 thread[THREADS];
	uintptr_t	 trips = 0;
	void		*n;
	unsigned	 i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, note_many,
		    *state), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &n);
		trips += (uintptr_t)n;
	}
	assert_int_equal(trips, THREADS * ROUNDS / 10);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_values_count_once),
		TEST(it_trips_once_and_begins_anew),
		TEST(logins_are_apart),
		TEST(each_counts_for_an_hour),
		TEST(the_highest_limit),
		TEST(the_login_not_seen_for_longest_is_forgotten),
		TEST(many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
