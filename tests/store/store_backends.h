/*
 * store_backends - the backends that keep the contract of the store; a test
 * program runs its tests on each of them
 */
#ifndef MILLGATE_STORE_BACKENDS_H
#define MILLGATE_STORE_BACKENDS_H

#include <sys/stat.h>

#include <unistd.h>

#include "store/redis/redis_server.h"
#include "store/store.h"
#include "store_one.h"

#define T0	1790000040		/* the beginning of a minute */
#define HOUR	3600

static const struct store_limits no_limits = STORE_LIMITS_NONE;

/* --- the backends -------------------------------------------------------- */

struct backend {
	const char	*name;
	bool		 durable;
	bool		 shared;	/* on a server: it forgets by itself */
	struct store	*(*open)(struct backend *b);
	char		 dir[64], path[80];
	struct store	*store;
};

static inline struct store *
open_memory(struct backend *b)
{
	(void)b;
	return store_open_memory();
}

static inline struct store *
open_sqlite(struct backend *b)
{
	struct store	*s;
	char		*why = NULL;

	s = store_open(b->path, &why);
	if (s == NULL)
		fail_msg("%s", why);
	return s;
}

static struct redis_process redis;

static inline struct store *
open_redis(struct backend *b)
{
	struct store_place	 place = {
		.spec = redis.url, .timeout = 10000, .callers_clock = true
	};
	struct store		*s;
	char			*why = NULL;

	(void)b;
	s = store_open_at(&place, STORE_KEEP, &why);
	if (s == NULL)
		fail_msg("%s", why);
	return s;
}

static struct backend backends[] = {
	{ .name = "memory", .durable = false, .open = open_memory },
	{ .name = "sqlite", .durable = true, .open = open_sqlite },
	{ .name = "redis", .durable = true, .shared = true,
	    .open = open_redis },
};

static inline void
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
static inline int
setup(void **state)
{
	struct backend *b = *state;

	snprintf(b->dir, sizeof(b->dir), "/tmp/millgate-store-XXXXXX");
	if (mkdtemp(b->dir) == NULL)
		return -1;
	snprintf(b->path, sizeof(b->path), "%s/state.db", b->dir);
	if (b->shared)
		assert_string_equal(redis_say(redis.port, "FLUSHALL"),
		    "+OK\r\n");
	b->store = b->open(b);
	return 0;
}

static inline int
teardown(void **state)
{
	struct backend *b = *state;

	store_close(&b->store);
	remove_files(b);
	return rmdir(b->dir);
}

/* Through a restart, where there is one. */
static inline void
reopen(struct backend *b)
{
	if (!b->durable)
		return;
	store_close(&b->store);
	b->store = b->open(b);
}

/* --- helpers ------------------------------------------------------------- */

/* One message with so many recipients, taken and committed. */
static inline void
sent(struct store *s, const char *key, time_t now, unsigned recipients)
{
	struct reservation	*r = reservation_on(s, key, no_limits);
	struct store_usage	 u;
	unsigned		 i;

	for (i = 0; i < recipients; i++)
		assert_int_equal(store_reserve(r, now, &u), STORE_TAKEN);
	assert_int_equal(store_commit(&r, now, &u), STORE_TAKEN);
	assert_null(r);
}

static inline struct store_usage
usage(struct store *s, const char *key, time_t now, uint64_t recipients,
    uint64_t messages)
{
	struct store_limits	limits = STORE_LIMITS_HOUR(recipients, messages);
	struct store_usage	u;

	assert_int_not_equal(store_usage(s, key, now, limits, &u),
	    STORE_UNKNOWN);
	assert_string_equal(u.error, "");
	return u;
}

static inline uint64_t
used(struct store *s, const char *key, time_t now)
{
	return RCPTS(usage(s, key, now, STORE_UNLIMITED,
	    STORE_UNLIMITED));
}

/* Run the tests on every backend; each begins with an empty store. */
static inline int
run_on_all(struct CMUnitTest *tests, size_t n)
{
	size_t	i, t;
	int	failed = 0;

	for (i = 0; i < NELEM(backends); i++) {
		if (backends[i].shared) {
			if (!redis_is_possible())
				continue;
			redis_start(&redis, NULL);
		}
		for (t = 0; t < n; t++) {
			tests[t].setup_func = setup;
			tests[t].teardown_func = teardown;
			tests[t].initial_state = &backends[i];
		}
		failed += _cmocka_run_group_tests(backends[i].name, tests, n,
		    NULL, NULL);
	}
	redis_end(&redis);
	return failed;
}

#endif
