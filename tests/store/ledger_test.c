/*
 * ledger: how threads share the disk. The disk is a fake: it records each
 * write, waits until several threads queue, and fails on demand.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "store/ledger_disk_priv.h"
#include "store_one.h"
#include "thread_sleep.h"

#define T0	1790000040
#define CROWD	20

static const struct store_limits no_limits = STORE_LIMITS_NONE;

/* The calls that the disk saw, and its orders. */
struct fake {
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	bool		 hold;		/* a write waits until this is over */
	bool		 writing, syncing, broken, closed;
	bool		 nothing_to_forget;
	unsigned	 writes, rows, steps, step_of_write;
	unsigned	 users;		/* at the same time: never two */
};

static void
fake_enter(struct fake *f)
{
	pthread_mutex_lock(&f->lock);
	assert_int_equal(f->users++, 0);
}

static void
fake_leave(struct fake *f)
{
	f->users--;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static bool
fake_write(void *disk, const struct ledger_row *row, char error[STORE_ERROR])
{
	struct fake	*f = disk;
	bool		 ok;

	fake_enter(f);
	f->writing = true;
	pthread_cond_broadcast(&f->changed);
	while (f->hold)
		pthread_cond_wait(&f->changed, &f->lock);
	f->writing = false;
	f->writes++;
	f->step_of_write = f->steps;
	for (; row != NULL; row = row->next)
		f->rows++;
	ok = !f->broken;
	if (!ok)
		snprintf(error, STORE_ERROR, "broken on purpose");
	fake_leave(f);
	return ok;
}

/* A minute of pruning, if no commit gets in. */
#define STEPS	60000

/* There are always more rows to forget, until a row was written. */
static bool
fake_forget(void *disk, enum store_window w, uint32_t before, bool *more,
    char error[STORE_ERROR])
{
	const struct timespec	 ms = { 0, 1000000 };
	struct fake		*f = disk;

	(void)error;
	assert_int_equal(before, rolling_begin(w, rolling_at(w, T0)));
	fake_enter(f);
	f->steps++;
	*more = !f->nothing_to_forget && f->writes == 0 &&
	    f->steps < STEPS;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	nanosleep(&ms, NULL);
	pthread_mutex_lock(&f->lock);
	fake_leave(f);
	return true;
}

static void
fake_close(void *disk)
{
	((struct fake *)disk)->closed = true;
}

static bool
fake_replace(void *disk, const struct ledger_row *row,
    char error[STORE_ERROR])
{
	((struct fake *)disk)->rows = 0;
	return fake_write(disk, row, error);
}

/* Takes as long as one commit. */
static bool
fake_sync(void *disk, char error[STORE_ERROR])
{
	struct fake *f = disk;

	(void)error;
	pthread_mutex_lock(&f->lock);
	f->syncing = true;
	pthread_cond_broadcast(&f->changed);
	while (f->writes == 0)
		pthread_cond_wait(&f->changed, &f->lock);
	f->syncing = false;
	pthread_mutex_unlock(&f->lock);
	return true;
}

static const struct ledger_disk fake_disk = {
	.write = fake_write, .replace = fake_replace, .forget = fake_forget,
	.sync = fake_sync, .close = fake_close
};

static struct store *
begin(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	return ledger_new(&fake_disk, f);
}

static void
end(struct fake *f, struct store *s)
{
	store_close(&s);
	assert_true(f->closed);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
}

static struct store_usage
look(struct store *s)
{
	struct store_usage u;

	store_usage(s, "alice", T0, no_limits, &u);
	return u;
}

/* One message to one recipient; NULL when it was not counted. */
static void *
send_one(void *arg)
{
	struct reservation	*r;
	struct store_usage	 u;

	r = reservation_on(arg, "alice", no_limits);
	if (store_reserve(r, T0, &u) != STORE_TAKEN)
		abort();
	if (store_commit(&r, T0, &u) == STORE_TAKEN)
		return arg;
	return strcmp(u.error, "broken on purpose") == 0 ? NULL : arg;
}

static void
wait_for_reserved(struct store *s, uint32_t n)
{
	const struct timespec ms = { 0, 1000000 };

	while (RCPTS_HELD(look(s)) < n)
		nanosleep(&ms, NULL);
}

/* A thread that says who it is. */
struct caller {
	struct store	*s;
	pthread_t	 thread;
	atomic_int	 id;
	void		*(*run)(void *s);
};

static void *
caller_run(void *arg)
{
	struct caller *c = arg;

	c->id = thread_self();
	return c->run(c->s);
}

static void
caller_start(struct caller *c, struct store *s, void *(*run)(void *s))
{
	c->s = s;
	c->run = run;
	atomic_init(&c->id, 0);
	assert_int_equal(pthread_create(&c->thread, NULL, caller_run, c), 0);
}

/* Until all of them wait in the store. */
static void
callers_wait(struct caller *c, size_t n)
{
	const struct timespec	 ms = { 0, 1000000 };
	pid_t			 id[CROWD];
	size_t			 i;

	for (i = 0; i < n; i++)
		while ((id[i] = c[i].id) == 0)
			nanosleep(&ms, NULL);
	assert_true(threads_sleep(id, n));
}

/*
 * One writes and is slow; the others come meanwhile, and all of them are one
 * transaction. Until it is over they count as reserved.
 */
static void
crowd(struct store *s, struct fake *f, bool broken)
{
	struct caller		 c[CROWD];
	struct store_usage	 u;
	void			*taken;
	unsigned		 i;

	f->hold = true;
	f->broken = broken;
	for (i = 0; i < CROWD; i++) {
		caller_start(&c[i], s, send_one);
		pthread_mutex_lock(&f->lock);
		while (i == 0 && !f->writing)
			pthread_cond_wait(&f->changed, &f->lock);
		pthread_mutex_unlock(&f->lock);
	}
	wait_for_reserved(s, CROWD);
	callers_wait(c, CROWD);
	u = look(s);
	assert_int_equal(RCPTS(u), 0);
	assert_int_equal(RCPTS_HELD(u), CROWD);
	pthread_mutex_lock(&f->lock);
	f->hold = false;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	for (i = 0; i < CROWD; i++) {
		pthread_join(c[i].thread, &taken);
		assert_int_equal(taken != NULL, !broken);
	}
	assert_int_equal(f->rows, CROWD);
	assert_int_equal(f->writes, 2);
	u = look(s);
	assert_int_equal(RCPTS(u), broken ? 0 : CROWD);
	assert_int_equal(MSGS(u), broken ? 0 : CROWD);
	assert_int_equal(RCPTS_HELD(u), 0);
	assert_int_equal(MSGS_HELD(u), 0);
}

static void
who_waits_is_written_together(void **state)
{
	struct fake	 f;
	struct store	*s = begin(&f);

	(void)state;
	crowd(s, &f, false);
	end(&f, s);
}

static void
who_waits_fails_together(void **state)
{
	struct fake	 f;
	struct store	*s = begin(&f);

	(void)state;
	crowd(s, &f, true);
	end(&f, s);
}

static void *
prune(void *arg)
{
	char error[STORE_ERROR];

	return store_prune(arg, T0, error) == STORE_TAKEN ? arg : NULL;
}

/* Forgetting a million rows does not hold up mail. */
static void
a_commit_does_not_wait_for_all_pruning(void **state)
{
	struct fake	 f;
	struct store	*s = begin(&f);
	pthread_t	 thread;
	void		*good;
	unsigned	 steps;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, prune, s), 0);
	pthread_mutex_lock(&f.lock);
	while (f.steps == 0)
		pthread_cond_wait(&f.changed, &f.lock);
	steps = f.steps;
	pthread_mutex_unlock(&f.lock);
	assert_non_null(send_one(s));
	pthread_join(thread, &good);
	assert_non_null(good);
	assert_int_equal(f.writes, 1);
	/* on a slow machine after many steps, but not after all */
	assert_in_range(f.step_of_write, steps, STEPS - 1);
	end(&f, s);
}

/* A slow sync of the disk delays the pruning thread alone. */
static void
a_commit_does_not_wait_for_a_sync(void **state)
{
	struct fake	 f;
	struct store	*s = begin(&f);
	pthread_t	 thread;
	void		*good;

	(void)state;
	f.nothing_to_forget = true;
	assert_int_equal(pthread_create(&thread, NULL, prune, s), 0);
	pthread_mutex_lock(&f.lock);
	while (!f.syncing)
		pthread_cond_wait(&f.changed, &f.lock);
	pthread_mutex_unlock(&f.lock);
	assert_non_null(send_one(s));
	pthread_join(thread, &good);
	assert_non_null(good);
	end(&f, s);
}

static void *
move_clock(void *arg)
{
	char error[STORE_ERROR];

	return store_clock_moved(arg, 7200, error) == STORE_TAKEN ? arg : NULL;
}

/* A commit that is under way moves with the clock, in memory as on disk. */
static void
the_clock_waits_for_commits(void **state)
{
	struct fake	 f;
	struct store	*s = begin(&f);
	struct caller	 clock;
	pthread_t	 sender;
	struct store_usage u;

	(void)state;
	f.hold = true;
	assert_int_equal(pthread_create(&sender, NULL, send_one, s), 0);
	pthread_mutex_lock(&f.lock);
	while (!f.writing)
		pthread_cond_wait(&f.changed, &f.lock);
	pthread_mutex_unlock(&f.lock);
	caller_start(&clock, s, move_clock);
	callers_wait(&clock, 1);
	pthread_mutex_lock(&f.lock);
	assert_int_equal(f.writes, 0);
	f.hold = false;
	pthread_cond_broadcast(&f.changed);
	pthread_mutex_unlock(&f.lock);
	pthread_join(sender, NULL);
	pthread_join(clock.thread, NULL);
	assert_int_equal(f.writes, 2);
	assert_int_equal(f.rows, 1);
	store_usage(s, "alice", T0 + 7200 + 3599, no_limits, &u);
	assert_int_equal(RCPTS(u), 1);
	store_usage(s, "alice", T0 + 7200 + 3600, no_limits, &u);
	assert_int_equal(RCPTS(u), 0);
	end(&f, s);
}

static void
a_message_without_recipients_is_not_written(void **state)
{
	struct fake		 f;
	struct store		*s = begin(&f);
	struct reservation	*r;
	struct store_usage	 u;

	(void)state;
	r = reservation_on(s, "alice", no_limits);
	assert_int_equal(store_commit(&r, T0, &u), STORE_TAKEN);
	assert_int_equal(f.writes, 0);
	end(&f, s);
}

/*
 * The accounts of a reservation are locked together. Of so many pairs, some
 * are in one shard, which must be locked once.
 */
static void
two_accounts_of_one_shard(void **state)
{
	struct fake		 f;
	struct store		*s = begin(&f);
	struct store_account	 both[2] = { { "alice",
				    STORE_LIMITS_NONE } };
	struct reservation	*r;
	struct store_usage	 u[2];
	char			 name[16];
	int			 i;

	(void)state;
	alarm(60);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "group%d", i);
		both[1] = (struct store_account){ name, no_limits };
		r = store_reservation_new(s, both, 2);
		assert_int_equal(store_reserve(r, T0, u), STORE_TAKEN);
		assert_int_equal(store_commit(&r, T0, u), STORE_TAKEN);
		assert_int_equal(RCPTS(u[0]), i + 1);
		assert_int_equal(RCPTS(u[1]), 1);
	}
	alarm(0);
	end(&f, s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_is_written_together),
		cmocka_unit_test(who_waits_fails_together),
		cmocka_unit_test(a_commit_does_not_wait_for_all_pruning),
		cmocka_unit_test(a_commit_does_not_wait_for_a_sync),
		cmocka_unit_test(the_clock_waits_for_commits),
		cmocka_unit_test(a_message_without_recipients_is_not_written),
		cmocka_unit_test(two_accounts_of_one_shard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
