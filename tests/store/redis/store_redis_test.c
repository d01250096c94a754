/*
 * store_redis: beyond the contract of all backends: daemons that share a
 * server, killed daemons, and a server that fails. All on a real server;
 * hostile ones are in store_redis_fake_test.c.
 */
#include "test.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "redis_server.h"
#include "store/store.h"
#include "store/store_keys.h"
#include "store/store_settings.h"
#include "store/store_one.h"

/* Long enough for a busy machine. */
#define PATIENCE	60000		/* state-timeout, ms */
#define BACK		60000		/* until it works again, ms */
#define LEASE		600		/* seconds; see lapse() */
/* For tests of a server that does not answer. */
#define SHORT		1500		/* ms */
/* A time limit needs a clock; a busy machine may be late. */
#define SLOWEST		10000		/* ms */
#define TRIES		20

static struct redis_process	 redis;
static const struct store_limits no_limits = STORE_LIMITS_NONE;

static double
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static struct store *
open_at(struct store_place place)
{
	struct store	*s;
	char		*why = NULL;

	if (place.spec == NULL)
		place.spec = redis.url;
	if (place.timeout == 0)
		place.timeout = PATIENCE;
	s = store_open_at(&place, STORE_KEEP, &why);
	if (s == NULL)
		fail_msg("%s", why);
	return s;
}

static struct store *
open_store(void)
{
	return open_at((struct store_place){ .lease = 0 });
}

/* A server of its own for each test, and a store on it. */
static int
setup(void **state)
{
	redis_start(&redis, NULL);
	*state = open_store();
	return 0;
}

static int
teardown(void **state)
{
	struct store *s = *state;

	store_close(&s);
	redis_end(&redis);
	return 0;
}

/* Reserve one; the answer, and how long it took. */
static enum store_answer
try_one(struct store *s, const char *key, struct store_usage *u, double *ms)
{
	struct reservation	*r = reservation_on(s, key, no_limits);
	enum store_answer	 answer;
	double			 start = clock_ms();

	answer = store_reserve(r, 0, u);
	*ms = clock_ms() - start;
	store_give_back(&r);
	return answer;
}

static void
works(struct store *s)
{
	struct store_usage	u;
	double			ms, end = clock_ms() + BACK;

	while (try_one(s, "works", &u, &ms) != STORE_TAKEN) {
		if (clock_ms() > end)
			fail_msg("does not work again: %s", u.error);
		usleep(50000);
	}
}

/* Unknown, with these words, and not much later than it may be. */
static void
is_unknown(struct store *s, const char *want)
{
	struct store_usage	u;
	double			ms;

	if (try_one(s, "x", &u, &ms) != STORE_UNKNOWN)
		fail_msg("works, without \"%s\"", want);
	if (strstr(u.error, want) == NULL || strstr(u.error, "redis") == NULL)
		fail_msg("\"%s\", not \"%s\"", u.error, want);
	if (ms > SLOWEST)
		fail_msg("%s: after %.0f ms", want, ms);
}

static struct store_usage
usage_of(struct store *s, const char *key)
{
	struct store_usage u;

	if (store_usage(s, key, 0, no_limits, &u) == STORE_UNKNOWN)
		fail_msg("%s", u.error);
	return u;
}

static struct store_usage
usage_everywhere(struct store *s, const char *key)
{
	struct store_usage u;

	if (store_usage(s, key, 0, limits_everywhere(), &u) == STORE_UNKNOWN)
		fail_msg("%s", u.error);
	return u;
}

/* --- several daemons ----------------------------------------------------- */

#define DAEMONS	2
#define CROWD	50		/* sessions of one daemon */
#define LIMIT	50
#define ROUNDS	100

struct board {
	pthread_barrier_t	 start;
	atomic_uint		 taken[ROUNDS];
};

struct session {
	struct store		*store;
	struct board		*board;
	unsigned		 round;
};

static void *
one_session(void *arg)
{
	struct session		*c = arg;
	struct store_limits	 limits = STORE_LIMITS_NONE;
	struct store_usage	 u;
	struct reservation	*r;
	char			 key[32];

	/* each unit and window in its turn */
	limits.of[c->round % STORE_UNITS][c->round / STORE_UNITS %
	    STORE_WINDOWS] = LIMIT;
	snprintf(key, sizeof(key), "round %u", c->round);
	r = reservation_on(c->store, key, limits);
	store_set_bytes(r, 1);
	if (store_reserve(r, 0, &u) != STORE_TAKEN)
		store_give_back(&r);
	else if (store_commit(&r, 0, &u) == STORE_TAKEN)
		atomic_fetch_add(&c->board->taken[c->round], 1);
	return NULL;
}

/* A daemon with its own connections and many sessions of one login. */
static void
one_daemon(struct board *board)
{
	struct session	c = { .board = board };
	pthread_t	thread[CROWD];
	unsigned	i;

	c.store = open_at((struct store_place){ .timeout = 20000 });
	for (c.round = 0; c.round < ROUNDS; c.round++) {
		pthread_barrier_wait(&board->start);
		for (i = 0; i < CROWD; i++)
			pthread_create(&thread[i], NULL, one_session, &c);
		for (i = 0; i < CROWD; i++)
			pthread_join(thread[i], NULL);
	}
	store_close(&c.store);
	_exit(0);
}

static void
two_daemons_share_a_limit(void **state)
{
	struct board		*board;
	pthread_barrierattr_t	 attr;
	pid_t			 pid[DAEMONS];
	char			 key[32];
	unsigned		 i;
	int			 status;

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(board != MAP_FAILED);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&board->start, &attr, DAEMONS);
	for (i = 0; i < DAEMONS; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			one_daemon(board);
	}
	for (i = 0; i < DAEMONS; i++) {
		waitpid(pid[i], &status, 0);
		assert_int_equal(status, 0);
	}
	for (i = 0; i < ROUNDS; i++) {
		snprintf(key, sizeof(key), "round %u", i);
		assert_int_equal(atomic_load(&board->taken[i]), LIMIT);
		assert_int_equal(RCPTS(usage_of(*state, key)), LIMIT);
	}
	munmap(board, sizeof(*board));
}

/* --- kill -9 ------------------------------------------------------------- */

/* Reserves three, reports it, and waits to be killed. */
static void
reserve_and_wait(int fd)
{
	struct store		*s;
	struct reservation	*r;
	struct store_usage	 u;

	s = open_at((struct store_place){ .lease = LEASE, .timeout = 5000 });
	r = reservation_on(s, "alice", limits_everywhere());
	store_set_bytes(r, 900);
	store_reserve(r, 0, &u);
	store_reserve(r, 0, &u);
	if (store_reserve(r, 0, &u) == STORE_TAKEN && write(fd, "r", 1) == 1)
		pause();
	_exit(1);
}

/* The leases of all reservations on the account end now. */
static void
lapse(const char *key)
{
	char command[500];

	snprintf(command, sizeof(command), "EVAL \"%s\" 2 "
	    "millgate:account:%s millgate:windows:%s",
	    "for _, k in ipairs(KEYS) do "
	    "for _, f in ipairs(redis.call('HKEYS', k)) do "
	    "local v = redis.call('HGET', k, f) "
	    "if f:find('^[hx]') then redis.call('HSET', k, f, "
	    "(v:gsub('%d+$', '1'))) end end end return 1", key, key);
	assert_string_equal(redis_say(redis.port, command), ":1\r\n");
}

/* A lease needs a clock: it does not end earlier, nor much later. */
static void
a_lease_ends_by_itself(void **state)
{
	struct store		*s = open_at((struct store_place){ .lease = 1 });
	struct reservation	*r = reservation_on(s, "alice", no_limits);
	struct store_usage	 u;
	double			 start = clock_ms();

	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	while (RCPTS_HELD(usage_of(*state, "alice")) > 0)
		usleep(10000);
	/* both clocks count whole milliseconds */
	assert_true(clock_ms() - start > 998);
	assert_true(clock_ms() - start < 1000 + SLOWEST);
	store_give_back(&r);
	store_close(&s);
}

static void
a_killed_daemon_frees_its_reservations(void **state)
{
	struct store_limits	 limits = STORE_LIMITS_HOUR(3, 1);
	struct reservation	*r;
	struct store_usage	 u;
	int			 fd[2];
	pid_t			 pid;
	char			 c;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0)
		reserve_and_wait(fd[1]);
	close(fd[1]);
	assert_int_equal(read(fd[0], &c, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd[0]);
	u = usage_everywhere(*state, "alice");
	assert_int_equal(RCPTS_HELD(u), 3);
	assert_int_equal(MSGS_HELD(u), 1);
	assert_int_equal(u.reserved[STORE_BYTES], 900);
	limits.of[STORE_BYTES][STORE_DAY] = 1000;
	r = reservation_on(*state, "alice", limits);
	assert_int_equal(store_reserve(r, 0, &u), STORE_REFUSED);
	lapse("alice");
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS_HELD(u), 1);
	assert_int_equal(u.reserved[STORE_BYTES], 0);
	store_set_bytes(r, 1000);
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	assert_int_equal(u.reserved[STORE_BYTES], 1000);
	store_give_back(&r);
	/* nothing is left on the server */
	assert_string_equal(redis_say(redis.port,
	    "EXISTS millgate:windows:alice"), ":0\r\n");
	assert_string_equal(redis_say(redis.port,
	    "EXISTS millgate:account:alice"), ":0\r\n");
}

/* One message after the other; an octet for each that was answered. */
static void
send_until_killed(int fd)
{
	struct store		*s;
	struct reservation	*r;
	struct store_usage	 u;

	s = open_at((struct store_place){ .timeout = 5000 });
	for (;;) {
		r = reservation_on(s, "bob", limits_everywhere());
		store_set_bytes(r, 70);
		if (store_reserve(r, 0, &u) != STORE_TAKEN ||
		    store_commit(&r, 0, &u) != STORE_TAKEN ||
		    write(fd, "c", 1) != 1)
			_exit(1);
	}
}

static void
an_answered_commit_is_never_lost(void **state)
{
	unsigned	seed = 7, round, answered = 0;
	uint64_t	before;
	struct store_usage after;
	char		buf[4096];
	int		fd[2];
	ssize_t		n;
	pid_t		pid;

	for (round = 0; round < 200; round++) {
		before = RCPTS(usage_of(*state, "bob"));
		answered = 0;
		assert_int_equal(pipe(fd), 0);
		pid = fork();
		if (pid == 0)
			send_until_killed(fd[1]);
		close(fd[1]);
		usleep((useconds_t)(rand_r(&seed) % 8000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while ((n = read(fd[0], buf, sizeof(buf))) > 0)
			answered += (unsigned)n;
		close(fd[0]);
		/* the server may still have one that it read before */
		usleep(1000);
		after = usage_everywhere(*state, "bob");
		assert_in_range(RCPTS(after), before + answered,
		    before + answered + 1);
		assert_int_equal(after.used[STORE_BYTES][STORE_DAY],
		    70 * RCPTS(after));
		assert_int_equal(after.used[STORE_RECIPIENTS][STORE_DAY],
		    RCPTS(after));
		assert_int_equal(after.used[STORE_RECIPIENTS][STORE_MONTH],
		    RCPTS(after));
	}
	print_message("200 kills, %llu messages\n",
	    (unsigned long long)RCPTS(usage_of(*state, "bob")));
}

/* --- reservations that got lost ------------------------------------------ */

static void
a_late_commit_is_judged_anew(void **state)
{
	struct store_limits	 limits = STORE_LIMITS_HOUR(2, STORE_UNLIMITED);
	struct store		*s;
	struct reservation	*slow, *quick;
	struct store_usage	 u;

	(void)state;
	s = open_at((struct store_place){ .lease = LEASE });
	slow = reservation_on(s, "alice", limits);
	assert_int_equal(store_reserve(slow, 0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(slow, 0, &u), STORE_TAKEN);
	lapse("alice");
	quick = reservation_on(s, "alice", limits);
	assert_int_equal(store_reserve(quick, 0, &u), STORE_TAKEN);
	assert_int_equal(store_commit(&quick, 0, &u), STORE_TAKEN);
	/* there is room for one, not for two */
	assert_int_equal(store_commit(&slow, 0, &u), STORE_REFUSED);
	assert_true(u.refused);
	assert_true(u.next_fit > 0);
	assert_int_equal(RCPTS(usage_of(s, "alice")), 1);

	slow = reservation_on(s, "carol", limits);
	assert_int_equal(store_reserve(slow, 0, &u), STORE_TAKEN);
	lapse("carol");
	assert_int_equal(store_commit(&slow, 0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS(usage_of(s, "carol")), 1);
	store_close(&s);
}

/* A lapsed reservation stays lapsed until all of it fits. */
static void
a_lapsed_reservation_does_not_come_back(void **state)
{
	struct store_limits	 limits = STORE_LIMITS_HOUR(3, 1);
	struct store_limits	 many = STORE_LIMITS_HOUR(3, 9);
	struct store		*s;
	struct reservation	*slow, *quick;
	struct store_usage	 u;

	(void)state;
	s = open_at((struct store_place){ .lease = LEASE });
	slow = reservation_on(s, "alice", many);
	assert_int_equal(store_reserve(slow, 0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(slow, 0, &u), STORE_TAKEN);
	lapse("alice");
	quick = reservation_on(s, "alice", many);
	assert_int_equal(store_reserve(quick, 0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(quick, 0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(quick, 0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(slow, 0, &u), STORE_REFUSED);
	assert_int_equal(RCPTS_HELD(u), 3);
	assert_int_equal(RCPTS_HELD(usage_of(s, "alice")), 3);
	assert_int_equal(store_commit(&quick, 0, &u), STORE_TAKEN);
	assert_int_equal(store_commit(&slow, 0, &u), STORE_REFUSED);
	assert_int_equal(RCPTS(usage_of(s, "alice")), 3);

	/* the message, too */
	slow = reservation_on(s, "bob", limits);
	assert_int_equal(store_reserve(slow, 0, &u), STORE_TAKEN);
	lapse("bob");
	quick = reservation_on(s, "bob", limits);
	assert_int_equal(store_reserve(quick, 0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(slow, 0, &u), STORE_REFUSED);
	assert_int_equal(u.unit, STORE_MESSAGES);
	store_give_back(&quick);
	assert_int_equal(store_reserve(slow, 0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS_HELD(u), 2);
	assert_int_equal(MSGS_HELD(u), 1);
	assert_int_equal(store_commit(&slow, 0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS(u), 2);
	store_close(&s);
}

static void
a_server_that_starts_empty(void **state)
{
	struct store_limits	 limits = STORE_LIMITS_HOUR(2, STORE_UNLIMITED);
	struct reservation	*r;
	struct store_usage	 u;

	r = reservation_on(*state, "alice", limits);
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	redis_kill(&redis);
	redis_start(&redis, NULL);
	/* the idle connection is broken: no caller notices */
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS_HELD(u), 2);
	assert_int_equal(store_reserve(r, 0, &u), STORE_REFUSED);
	assert_string_equal(redis_say(redis.port, "FLUSHALL"), "+OK\r\n");
	assert_int_equal(store_commit(&r, 0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS(u), 2);
}

/* Lost counts are reported: the daemon asks once a minute, and logs it. */
static void
what_a_server_has_forgotten_is_said_once(void **state)
{
	char error[STORE_ERROR];

	assert_int_equal(store_prune(*state, 0, error), STORE_TAKEN);
	assert_int_equal(store_prune(*state, 0, error), STORE_TAKEN);
	/* the time since when it counts differs by milliseconds */
	usleep(5000);
	assert_string_equal(redis_say(redis.port, "FLUSHALL"), "+OK\r\n");
	works(*state);
	assert_int_equal(store_prune(*state, 0, error), STORE_UNKNOWN);
	assert_non_null(strstr(error, "has lost its counts"));
	assert_non_null(strstr(error, "redis://"));
	assert_int_equal(store_prune(*state, 0, error), STORE_TAKEN);
	redis_say(redis.port, "HSET millgate:since since x");
	assert_int_equal(store_prune(*state, 0, error), STORE_UNKNOWN);
	assert_non_null(strstr(error, "WRONGTYPE"));
}

static void
a_script_that_was_forgotten(void **state)
{
	works(*state);
	assert_string_equal(redis_say(redis.port, "SCRIPT FLUSH"),
	    "+OK\r\n");
	works(*state);
}

/* --- a server that does not work ----------------------------------------- */

static void
a_server_that_is_gone(void **state)
{
	struct store_usage	u;
	double			ms, start;
	unsigned		i;

	works(*state);
	redis_kill(&redis);
	is_unknown(*state, "cannot connect: Connection refused");
	start = clock_ms();
	for (i = 0; i < 100; i++)
		assert_int_equal(try_one(*state, "x", &u, &ms),
		    STORE_UNKNOWN);
	/* no try waits */
	assert_true(clock_ms() - start < SLOWEST);
	redis_start(&redis, NULL);
	works(*state);
}

/* Messages that come while the server is stopped. */
static void *
one_caller(void *arg)
{
	struct store_usage	u;
	double			*ms = malloc(sizeof(*ms));

	if (ms == NULL)
		abort();
	try_one(arg, "x", &u, ms);
	return ms;
}

/* How many of many callers at once wait for the server. */
static unsigned
callers_that_wait(struct store *s)
{
	pthread_t	 thread[40];
	double		*took;
	void		*p;
	unsigned	 i, slow = 0;

	for (i = 0; i < NELEM(thread); i++)
		pthread_create(&thread[i], NULL, one_caller, s);
	for (i = 0; i < NELEM(thread); i++) {
		pthread_join(thread[i], &p);
		took = p;
		slow += *took > SHORT * 0.8;
		free(took);
	}
	return slow;
}

/*
 * After a failure nobody waits for a second, then one of many. On a busy
 * machine more than one may be the first after a second, but not in each try.
 */
static void
a_server_that_stands_still(void **state)
{
	struct store		*s;
	struct store_usage	 u;
	double			 ms = SHORT;
	unsigned		 i, slow = 0;

	s = open_at((struct store_place){ .timeout = SHORT });
	works(*state);
	/* a connection of its own, before the server stops */
	works(s);
	kill(redis.pid, SIGSTOP);
	is_unknown(s, "does not answer in time");
	for (i = 0; i < TRIES && ms >= SHORT / 2; i++)
		assert_int_equal(try_one(s, "x", &u, &ms), STORE_UNKNOWN);
	assert_true(ms < SHORT / 2);
	for (i = 0; i < TRIES && slow != 1; i++) {
		usleep(1100000);
		slow = callers_that_wait(s);
	}
	assert_int_equal(slow, 1);
	kill(redis.pid, SIGCONT);
	works(s);
	/* questions without an answer were not done later */
	u = usage_of(*state, "x");
	assert_int_equal(RCPTS_HELD(u), 0);
	store_close(&s);
}

/* Reserve one, although a busy machine may need more than SHORT. */
static void
take_one(struct reservation *r)
{
	struct store_usage	u;
	unsigned		i;

	for (i = 0; store_reserve(r, 0, &u) != STORE_TAKEN; i++) {
		if (i == TRIES)
			fail_msg("%s", u.error);
		usleep(1100000);
	}
}

/* A commit that was given up must not count when the server wakes up. */
static void
a_commit_that_comes_too_late(void **state)
{
	struct store		*s;
	struct reservation	*r;
	struct store_usage	 u;

	s = open_at((struct store_place){ .timeout = SHORT });
	r = reservation_on(s, "alice", no_limits);
	take_one(r);
	kill(redis.pid, SIGSTOP);
	assert_int_equal(store_commit(&r, 0, &u), STORE_UNKNOWN);
	kill(redis.pid, SIGCONT);
	works(s);
	assert_int_equal(RCPTS(usage_of(*state, "alice")), 0);
	store_close(&s);
}

/* Owed reservations are given back once the server works again. */
static void
what_is_owed_is_given_back(void **state)
{
	struct store		*s;
	struct reservation	*given, *committed;
	struct store_usage	 u;
	char			 error[STORE_ERROR];
	unsigned		 tries = 0;

	s = open_at((struct store_place){ .timeout = SHORT });
	given = reservation_on(s, "alice", no_limits);
	committed = reservation_on(s, "alice", no_limits);
	take_one(given);
	take_one(given);
	take_one(committed);
	kill(redis.pid, SIGSTOP);
	store_give_back(&given);
	assert_int_equal(store_commit(&committed, 0, &u), STORE_UNKNOWN);
	/* the caller does not wait, and gets no error */
	assert_int_equal(store_take_requests(s, error), STORE_TAKEN);
	kill(redis.pid, SIGCONT);
	do {
		usleep(200000);
		assert_int_equal(store_take_requests(s, error), STORE_TAKEN);
		u = usage_of(*state, "alice");
	} while (RCPTS_HELD(u) > 0 && ++tries < 300);
	assert_int_equal(RCPTS_HELD(u), 0);
	assert_int_equal(RCPTS(u), 0);
	works(s);
	store_close(&s);
}

/* A reservation that stays owed does not leak. */
static void
what_is_owed_to_a_dead_server_is_forgotten(void **state)
{
	struct store		*s;
	struct reservation	*r;
	struct store_usage	 u;
	char			 error[STORE_ERROR];
	unsigned		 i;

	(void)state;
	s = open_at((struct store_place){ .lease = 2 });
	for (i = 0; i < 3; i++) {
		r = reservation_on(s, "alice", no_limits);
		assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
		redis_kill(&redis);
		store_give_back(&r);
		redis_start(&redis, NULL);
		usleep(1100000);
	}
	redis_kill(&redis);
	assert_int_equal(store_take_requests(s, error), STORE_TAKEN);
	store_close(&s);
	redis_start(&redis, NULL);
}

static void
a_server_without_memory(void **state)
{
	works(*state);
	assert_string_equal(redis_say(redis.port, "CONFIG SET maxmemory 1"),
	    "+OK\r\n");
	is_unknown(*state, "\"OOM ");
	is_unknown(*state, "raise its maxmemory");
	assert_string_equal(redis_say(redis.port, "CONFIG SET maxmemory 0"),
	    "+OK\r\n");
	works(*state);
}

static void
a_server_that_becomes_a_replica(void **state)
{
	char command[64];

	works(*state);
	snprintf(command, sizeof(command), "REPLICAOF 127.0.0.1 %u",
	    free_port());
	assert_string_equal(redis_say(redis.port, command), "+OK\r\n");
	is_unknown(*state, "\"READONLY ");
	assert_string_equal(redis_say(redis.port, "REPLICAOF NO ONE"),
	    "+OK\r\n");
	works(*state);
}

static void
keys_that_are_not_ours(void **state)
{
	struct store_usage	 u;
	struct store_rows	 rows;
	char			 error[STORE_ERROR];

	redis_say(redis.port, "SET millgate:account:alice 1");
	redis_say(redis.port, "HSET millgate:account:bob b29833334 x");
	redis_say(redis.port, "HSET millgate:account:carol z 1");
	redis_say(redis.port, "HSET millgate:account:dave b7 \"1 99999999\"");
	assert_int_equal(store_usage(*state, "alice", 0, no_limits, &u),
	    STORE_UNKNOWN);
	assert_non_null(strstr(u.error, "WRONGTYPE"));
	assert_int_equal(store_usage(*state, "bob", 0, no_limits, &u),
	    STORE_UNKNOWN);
	assert_non_null(strstr(u.error, "field b29833334"));
	assert_int_equal(store_usage(*state, "carol", 0, no_limits, &u),
	    STORE_UNKNOWN);
	assert_int_equal(MSGS(usage_of(*state, "dave")), 0);
	assert_int_equal(store_list(*state, 0, &rows, error), STORE_UNKNOWN);
	store_rows_free(&rows);
}

/* Plants a field of alice: the time is in ms from now. */
static void
plant_hold(const char *id, int recipients, long long ms)
{
	char command[160];

	snprintf(command, sizeof(command), "HSET millgate:account:alice h%s "
	    "\"%d 1 %lld\"", id, recipients, (long long)time(NULL) * 1000 + ms);
	assert_string_equal(redis_say(redis.port, command), ":1\r\n");
}

static void
plant_bucket(long minutes, int recipients)
{
	char command[160];

	snprintf(command, sizeof(command), "HSET millgate:account:alice b%ld "
	    "\"%d 1\"", (long)(time(NULL) / 60) + minutes, recipients);
	assert_string_equal(redis_say(redis.port, command), ":1\r\n");
}

/*
 * The server's clock was a year ahead, and a daemon was killed meanwhile: its
 * reservation does not hold for a year.
 */
static void
a_reservation_of_the_future_is_over(void **state)
{
	struct store_limits	 limits = STORE_LIMITS_HOUR(5, STORE_UNLIMITED);
	struct reservation	*r;
	struct store_usage	 u;

	plant_hold("dead.1", 3, 365 * 86400000LL);
	plant_hold("dead.2", 3, 1260000);
	plant_hold("live.1", 4, 600000);
	plant_hold("late.1", 4, -1000);
	u = usage_of(*state, "alice");
	assert_int_equal(RCPTS_HELD(u), 4);
	assert_int_equal(MSGS_HELD(u), 1);
	r = reservation_on(*state, "alice", limits);
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, 0, &u), STORE_REFUSED);
	store_give_back(&r);
	assert_string_equal(redis_say(redis.port,
	    "HKEYS millgate:account:alice"), "*1\r\n$7\r\nhlive.1\r\n");
}

/* Its counts leave the hour in an hour, not in a year and an hour. */
static void
a_count_of_the_future_is_of_now(void **state)
{
	struct store_limits	 limits = STORE_LIMITS_HOUR(6, STORE_UNLIMITED);
	struct store_usage	 u;
	struct reservation	*r;
	char			 error[STORE_ERROR], *reply;
	time_t			 now;

	plant_bucket(525600, 2);
	plant_bucket(525601, 3);
	u = usage_of(*state, "alice");
	assert_int_equal(RCPTS(u), 5);
	assert_int_equal(MSGS(u), 2);
	/* a refusal is enough to move it */
	limits.of[STORE_RECIPIENTS][STORE_HOUR] = 5;
	now = time(NULL);
	r = reservation_on(*state, "alice", limits);
	assert_int_equal(store_reserve(r, 0, &u), STORE_REFUSED);
	assert_in_range(u.next_fit, now + 3540, now + 3662);
	store_give_back(&r);
	reply = strdup(redis_say(redis.port, "HVALS millgate:account:alice"));
	assert_string_equal(reply, "*1\r\n$3\r\n5 2\r\n");
	free(reply);
	/* another on top of what was moved, in one step */
	plant_bucket(525600, 7);
	r = reservation_on(*state, "alice", no_limits);
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	assert_int_equal(store_commit(&r, 0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS(u), 13);
	plant_bucket(525600, 7);
	assert_int_equal(store_reset(*state, "alice", 0, error), STORE_TAKEN);
	assert_int_equal(RCPTS(usage_of(*state, "alice")), 0);
}

/* An hour ahead it counts until it is over, and is kept for that long. */
static void
a_count_of_the_next_hour_stays(void **state)
{
	struct reservation	*r;
	struct store_usage	 u;
	long			 left;

	plant_bucket(30, 2);
	r = reservation_on(*state, "alice", no_limits);
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	assert_int_equal(store_commit(&r, 0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS(u), 3);
	left = strtol(redis_say(redis.port, "TTL millgate:account:alice") + 1,
	    NULL, 10);
	assert_in_range(left, 3600 + 1800 - 60, 3700 + 1800);
}

/* next_fit and now are of the same clock. */
static void
the_time_is_the_servers(void **state)
{
	struct store_usage	u;
	time_t			now = time(NULL), end;

	if (store_usage(*state, "alice", 7, no_limits, &u) == STORE_UNKNOWN)
		fail_msg("%s", u.error);
	end = time(NULL);
	assert_in_range(u.now, now, end + 1);
}

static void
settings_that_are_not_ours(void **state)
{
	static const char *const values[] = {
		"\"\"", "x", "\"5 6 0 0 1\"", "\"5 6 0 3 1 \"",
		"\"-1 6 0 0 1 \"", "\"4294967296 - 0 0 1 \"",
		"\"- - 99999999999999999999 0 1 \"", "\"- - 0 0 1 a\\nb\"",
		"\"- - 0 0 1 a\\x00b\"", "\"5  6 0 0 1 \"",
		"\"- - 0 0 253402300800 \"",
	};
	struct store_setting	 t;
	struct store_setting_rows rows;
	char			 error[STORE_ERROR], command[512];
	size_t			 i;

	for (i = 0; i < NELEM(values); i++) {
		snprintf(command, sizeof(command),
		    "HSET millgate:settings alice %s", values[i]);
		if (redis_say(redis.port, command)[0] != ':')
			row_fail(values[i], "is not stored");
		if (store_setting_get(*state, "alice", 0, &t, error) !=
		    STORE_UNKNOWN || strstr(error, "\"alice\"") == NULL)
			row_fail(values[i], "is taken: %s", error);
		if (store_settings_list(*state, 0, &rows, error) !=
		    STORE_UNKNOWN)
			row_fail(values[i], "is listed");
		store_setting_rows_free(&rows);
	}
	/* a whole one, of the greatest length */
	snprintf(command, sizeof(command), "HSET millgate:settings alice "
	    "\"4294967294 - 253402300799 2 253402300799 %0127d\"", 0);
	redis_say(redis.port, command);
	assert_int_equal(store_setting_get(*state, "alice", 0, &t, error),
	    STORE_TAKEN);
	assert_int_equal(strlen(t.reason), 127);
	assert_int_equal(t.block, STORE_BLOCK_HOLD);
	assert_int_equal(RCPTS_MAX(t.limits), 4294967294u);
	redis_say(redis.port, "DEL millgate:settings");
	redis_say(redis.port, "SET millgate:settings x");
	assert_int_equal(store_setting_get(*state, "alice", 0, &t, error),
	    STORE_UNKNOWN);
	assert_non_null(strstr(error, "WRONGTYPE"));
}

/* As many accounts as a message has: one answer of the server to wait for. */
static void
settings_of_all_accounts_are_one_question(void **state)
{
	static const char *const key[STORE_ACCOUNTS] = {
		"alice", "group a", "group b", "group c"
	};
	struct store_setting	 t[STORE_ACCOUNTS];
	char			 error[STORE_ERROR];

	redis_say(redis.port, "HSET millgate:settings \"group b\" "
	    "\"5 - 0 0 1 \"");
	assert_string_equal(redis_say(redis.port, "CONFIG RESETSTAT"),
	    "+OK\r\n");
	assert_int_equal(store_settings_get(*state, key, NELEM(key), 0, t,
	    error), STORE_TAKEN);
	assert_int_equal(RCPTS_MAX(t[2].limits), 5);
	assert_non_null(strstr(redis_say(redis.port, "INFO commandstats"),
	    "cmdstat_hmget:calls=1,"));
	/* an invalid value is named, and none is used */
	redis_say(redis.port, "HSET millgate:settings \"group c\" x");
	assert_int_equal(store_settings_get(*state, key, NELEM(key), 0, t,
	    error), STORE_UNKNOWN);
	assert_non_null(strstr(error, "\"group c\""));
}

/* --- who may ------------------------------------------------------------- */

static const char *
password_file(const char *text, mode_t mode)
{
	static char	path[128];
	FILE		*f;

	snprintf(path, sizeof(path), "%s/dump.rdb", redis.dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	return path;
}

static void
a_password(void **state)
{
	struct store_place	 place = { .spec = redis.url };
	struct store		*s;
	char			*why = NULL;

	works(*state);
	store_close((struct store **)state);
	assert_string_equal(redis_say(redis.port,
	    "CONFIG SET requirepass secret"), "+OK\r\n");
	*state = open_store();
	is_unknown(*state, "\"NOAUTH ");
	place.password_file = password_file("wrong\n", 0640);
	s = open_at(place);
	is_unknown(s, "\"WRONGPASS ");
	/* the file is read again for each connection */
	password_file("secret\n", 0640);
	works(s);
	store_close(&s);

	password_file("secret\n", 0644);
	assert_null(store_open_at(&place, STORE_KEEP, &why));
	assert_non_null(strstr(why, "chmod 0640"));
	free(why);
	password_file("\n", 0600);
	assert_null(store_open_at(&place, STORE_KEEP, &why));
	assert_non_null(strstr(why, "is empty or too long"));
	free(why);
	place.password_file = "/nonexistent/password";
	assert_null(store_open_at(&place, STORE_KEEP, &why));
	assert_non_null(strstr(why, "No such file"));
	free(why);
}

/* The commands that millgate.conf(5) lists are enough. */
static void
a_user_of_its_own(void **state)
{
	struct store_setting	 t = {
		.blocked_until = STORE_FOREVER, .reason = "a b"
	};
	struct store_place	 place = { .password_file = NULL };
	struct store_key	 key = { .name = "example.org/s" };
	struct store_setting_rows settings;
	struct store_rows	 rows;
	struct reservation	*r;
	struct store_usage	 u;
	struct store		*s;
	char			 error[STORE_ERROR], url[96];

	(void)state;
	assert_string_equal(redis_say(redis.port, "ACL SETUSER mail on "
	    ">secret ~millgate:* +eval +evalsha +script|load +select +time "
	    "+hgetall +hget +hmget +hset +hdel +expire +scan +hscan "
	    "+zadd +zscore +zremrangebyrank"), "+OK\r\n");
	snprintf(url, sizeof(url), "redis://mail@127.0.0.1:%u", redis.port);
	place.spec = url;
	place.password_file = password_file("secret", 0600);
	s = open_at(place);
	r = reservation_on(s, "alice", no_limits);
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	assert_int_equal(store_commit(&r, 0, &u), STORE_TAKEN);
	assert_int_equal(store_setting_put(s, "alice", STORE_PART_ALL, &t,
	    error), STORE_TAKEN);
	assert_int_equal(store_setting_get(s, "alice", 0, &t, error),
	    STORE_TAKEN);
	assert_int_equal(store_settings_list(s, 0, &settings, error),
	    STORE_TAKEN);
	assert_int_equal(settings.n, 1);
	store_setting_rows_free(&settings);
	assert_int_equal(store_list(s, 0, &rows, error), STORE_TAKEN);
	assert_int_equal(rows.n, 1);
	store_rows_free(&rows);
	assert_int_equal(store_reset(s, "alice", 0, error), STORE_TAKEN);
	assert_int_equal(store_prune(s, 0, error), STORE_TAKEN);
	assert_int_equal(store_keys_note(s, &key, 1, 0, error), STORE_TAKEN);
	assert_int_equal(store_keys_find(s, &key, 1, error), STORE_TAKEN);
	assert_true(key.seen > 1500000000);
	store_close(&s);
}

/* --- many keys ----------------------------------------------------------- */

static void
three_thousand_accounts_expire(void **state)
{
	struct store_rows	 rows;
	struct reservation	*r;
	struct store_usage	 u;
	char			 key[32], error[STORE_ERROR];
	long			 left;
	unsigned		 i;

	/* the oldest may be a minute old at the end, the last one is not */
	for (i = 0; i < 3000; i++) {
		snprintf(key, sizeof(key), "user%u", i);
		r = reservation_on(*state, key, no_limits);
		assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
		assert_int_equal(store_commit(&r, 0, &u), STORE_TAKEN);
	}
	assert_int_equal(store_list(*state, 0, &rows, error), STORE_TAKEN);
	assert_int_equal(rows.n, 3000);
	assert_string_equal(rows.row[0].key, "user0");
	store_rows_free(&rows);
	left = strtol(redis_say(redis.port, "TTL millgate:account:user2999") + 1,
	    NULL, 10);
	assert_in_range(left, 3600, 3700);
}

int
main(void)
{
#define ROW(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(two_daemons_share_a_limit),
		ROW(a_lease_ends_by_itself),
		ROW(a_killed_daemon_frees_its_reservations),
		ROW(an_answered_commit_is_never_lost),
		ROW(a_late_commit_is_judged_anew),
		ROW(a_lapsed_reservation_does_not_come_back),
		ROW(a_server_that_starts_empty),
		ROW(what_a_server_has_forgotten_is_said_once),
		ROW(a_script_that_was_forgotten),
		ROW(a_server_that_is_gone),
		ROW(a_server_that_stands_still),
		ROW(a_commit_that_comes_too_late),
		ROW(what_is_owed_is_given_back),
		ROW(what_is_owed_to_a_dead_server_is_forgotten),
		ROW(a_server_without_memory),
		ROW(a_server_that_becomes_a_replica),
		ROW(keys_that_are_not_ours),
		ROW(a_reservation_of_the_future_is_over),
		ROW(a_count_of_the_future_is_of_now),
		ROW(a_count_of_the_next_hour_stays),
		ROW(the_time_is_the_servers),
		ROW(settings_that_are_not_ours),
		ROW(settings_of_all_accounts_are_one_question),
		ROW(a_password),
		ROW(a_user_of_its_own),
		ROW(three_thousand_accounts_expire),
	};

	if (!redis_is_possible())
		return 77;		/* automake: skipped */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
