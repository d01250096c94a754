/*
 * bench_store: the cost of a message in the ledger, and of a million logins
 *
 *	bench_store [DIRECTORY]
 *
 * It prints a line for each measurement: backend, windows with a limit, threads,
 * recipients per message, messages per second, microseconds that a message
 * waits, and CPU microseconds. Then it measures state files with a million
 * logins (BENCH_LOGINS in the environment): of one window, and of four after
 * some messages in the course of a month. Time to open, memory, decisions, and
 * to list the busiest. Last, it upgrades such a file of version 0.1.0.
 * The Redis server is started on the loopback in the same run; the CPU time
 * is ours, without the server's.
 */
#include "test.h"

#include <sys/stat.h>

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "store/store_sqlite.h"
#include "store/redis/redis_server.h"
#include "store/store_one.h"

#define T0		1790000040
#define SECONDS		1.0
#define MAX_THREADS	16
#define BENCH_LOGINS	1000000

#define MOST	UINT64_C(4000000000)

/* One limit of each unit in so many windows: the hour, the day, and so on. */
static struct store_limits
limits_of(unsigned windows)
{
	static const enum store_window order[STORE_WINDOWS] = {
		STORE_HOUR, STORE_DAY, STORE_MINUTE, STORE_MONTH
	};
	struct store_limits	limits = STORE_LIMITS_HOUR(MOST, MOST);
	unsigned		i;
	int			u;

	for (i = 0; windows > 1 && i < windows; i++)
		for (u = 0; u < STORE_UNITS; u++)
			limits.of[u][order[i]] = MOST;
	return limits;
}

struct worker {
	struct store	*store;
	struct store_limits limits;
	unsigned	 windows, bytes;
	unsigned	 number, recipients, logins;
	bool		 commit;
	double		 until;
	unsigned long	 messages;
	pthread_t	 thread;
};

static double
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
stop(const char *why)
{
	fprintf(stderr, "bench_store: %s\n", why);
	exit(2);
}

static void
message(struct store *s, const char *login, const struct worker *like,
    time_t now)
{
	struct reservation	*r = reservation_on(s, login, like->limits);
	struct store_usage	 u;
	unsigned		 i;

	for (i = 0; i < like->recipients; i++)
		if (store_reserve(r, now, &u) != STORE_TAKEN)
			stop("a recipient was not accepted");
	store_set_bytes(r, like->bytes);
	if (!like->commit)
		store_give_back(&r);
	else if (store_commit(&r, now, &u) != STORE_TAKEN)
		stop(u.error);
}

/* CPU seconds of the whole process; other load does not distort them. */
static double
cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void *
work(void *arg)
{
	struct worker	*w = arg;
	char		 login[48];
	unsigned	 i;

	do {
		for (i = 0; i < 64; i++) {
			snprintf(login, sizeof(login), "user%lu@example.org",
			    (w->messages * 7919 + w->number) % w->logins);
			message(w->store, login, w, T0);
			w->messages++;
		}
	} while (clock_now() < w->until);
	return NULL;
}

static void
measure(const char *name, struct store *s, unsigned threads,
    struct worker like)
{
	struct worker	 w[MAX_THREADS];
	double		 start = clock_now(), cpu = cpu_now(), rate;
	unsigned long	 messages = 0;
	unsigned	 i;

	for (i = 0; i < threads; i++) {
		w[i] = like;
		w[i].limits = limits_of(like.windows);
		w[i].store = s;
		w[i].number = i;
		w[i].until = start + SECONDS;
		if (pthread_create(&w[i].thread, NULL, work, &w[i]) != 0)
			stop("cannot start a thread");
	}
	for (i = 0; i < threads; i++) {
		pthread_join(w[i].thread, NULL);
		messages += w[i].messages;
	}
	rate = (double)messages / (clock_now() - start);
	cpu = (cpu_now() - cpu) / (double)messages;
	printf("%-24s %u windows %2u threads %2u rcpts %9.0f messages/s %8.2f us "
	    "%8.2f us CPU\n", name, like.windows, threads, like.recipients, rate,
	    threads * 1e6 / rate, cpu * 1e6);
}

/* One login that has sent in every slot of four windows. */
static void
measure_busy(const char *name, struct store *s)
{
	static const struct { time_t seconds; int slots; } shape[] = {
		{ 21600, 121 }, { 900, 97 }, { 60, 60 }, { 1, 61 }
	};
	struct worker	like = { .recipients = 1, .commit = true, .bytes = 1,
			    .windows = STORE_WINDOWS, .logins = 1,
			    .limits = limits_of(STORE_WINDOWS) };
	size_t		w;
	int		i;

	for (w = 0; w < sizeof(shape) / sizeof(shape[0]); w++)
		for (i = shape[w].slots - 1; i >= 0; i--)
			message(s, "user0@example.org", &like,
			    T0 - i * shape[w].seconds);
	measure(name, s, 1, like);
}

static struct store *
open_file(const char *path)
{
	char		*why = NULL;
	struct store	*s = store_open(path, &why);

	if (s == NULL)
		stop(why);
	return s;
}

static long
resident_kb(void)
{
	FILE	*f = fopen("/proc/self/statm", "r");
	long	 pages = 0;

	if (f != NULL && fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/*
 * Each login sends one message now. With four windows it has sent five more: in
 * the course of the month, of the day and of the hour. Meanwhile the store was
 * pruned, as the daemon does once a minute.
 */
static void
fill(struct store *s, unsigned logins, unsigned windows)
{
	static const time_t ago[] = { 1800000, 900000, 50000, 7200, 1200, 0 };
	struct worker	like = { .recipients = 1, .commit = true,
			    .bytes = windows > 1, .limits = limits_of(windows) };
	size_t		k = windows > 1 ? 0 : 5;
	char		login[48], error[STORE_ERROR];
	unsigned	i;

	for (; k < sizeof(ago) / sizeof(ago[0]); k++) {
		if (store_prune(s, T0 - ago[k], error) != STORE_TAKEN)
			stop(error);
		for (i = 0; i < logins; i++) {
			snprintf(login, sizeof(login),
			    "user%u@example.org", i);
			message(s, login, &like, T0 - ago[k]);
		}
	}
}

/* What the daemon needs for them, in a process of its own. */
static void
memory_of(unsigned logins, unsigned windows)
{
	struct store	*s;
	char		 error[STORE_ERROR];
	long		 before, grown;

	fflush(stdout);
	if (fork() == 0) {
		s = store_open_memory();
		before = resident_kb();
		fill(s, logins, windows);
		if (store_prune(s, T0, error) != STORE_TAKEN)
			stop(error);
		grown = resident_kb() - before;
		printf("%u logins, %u windows: memory %.1f MB, %ld octets a "
		    "login\n", logins, windows, (double)grown / 1e3,
		    grown * 1024 / (long)logins);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

/* What the status page asks for, and what it would cost with all rows. */
static void
measure_lists(struct store *s, unsigned logins)
{
	struct store_top	 top = { .most = 20 };
	struct store_rows	 rows;
	char			 error[STORE_ERROR];
	double			 start = clock_now(), all;

	if (store_list(s, T0, &rows, error) != STORE_TAKEN)
		stop(error);
	all = clock_now() - start;
	store_rows_free(&rows);
	start = clock_now();
	if (store_top(s, T0, &top, error) != STORE_TAKEN)
		stop(error);
	printf("%u logins: the 20 busiest in %.3f s, the list of all in "
	    "%.3f s\n", logins, clock_now() - start, all);
	store_top_free(&top);
}

static void
many_logins(const char *path, unsigned logins, unsigned windows)
{
	struct worker	 like = { .recipients = 1, .logins = logins,
			    .windows = windows };
	struct store	*s;
	struct stat	 st = { .st_size = 0 };
	char		 error[STORE_ERROR], name[64];
	double		 start, cpu;
	long		 before, grown;

	/* a process of its own: this one must not reuse its memory */
	if (fork() == 0) {
		s = open_file(path);
		fill(s, logins, windows);
		if (store_prune(s, T0, error) != STORE_TAKEN)
			stop(error);
		store_close(&s);
		_exit(0);
	}
	wait(NULL);
	stat(path, &st);
	before = resident_kb();
	start = clock_now();
	cpu = cpu_now();
	s = open_file(path);
	grown = resident_kb() - before;
	printf("%u logins, %u windows: file %.1f MB, open %.2f s "
	    "(%.2f s CPU), memory %.1f MB, %ld octets a login\n", logins,
	    windows, (double)st.st_size / 1e6, clock_now() - start,
	    cpu_now() - cpu, (double)grown / 1e3,
	    grown * 1024 / (long)logins);
	snprintf(name, sizeof(name), "reserve, %u logins", logins);
	measure(name, s, 1, like);
	like.commit = true;
	snprintf(name, sizeof(name), "sqlite, %u logins", logins);
	measure(name, s, 1, like);
	measure_lists(s, logins);
	start = clock_now();
	if (store_prune(s, T0 + 7200, error) != STORE_TAKEN)
		stop(error);
	printf("%u logins: forgotten in %.2f s\n", logins,
	    clock_now() - start);
	store_close(&s);
}

/* A file as version 0.1.0 left it: only the hour, and one table. */
static void
make_old(const char *path)
{
	struct sql	*sql;
	char		 words[200];

	if (!sql_open(&sql, path, SQL_WRITE) || !sql_exec(sql,
	    "BEGIN; DROP TABLE slot; DROP TABLE setting; DROP TABLE request;"
	    "DROP TABLE published; DROP TABLE outcome;"
	    "ALTER TABLE bucket DROP COLUMN bytes;"
	    "PRAGMA user_version = 1; COMMIT; VACUUM")) {
		sql_words(sql, words, sizeof(words));
		stop(words);
	}
	sql_close(&sql);
}

/* What the first start of this version does with a million logins. */
static void
upgrade(const char *path, unsigned logins)
{
	struct store_rows	 rows;
	struct store		*s;
	char			 error[STORE_ERROR], copy[300];
	double			 start, cpu;
	uint64_t		 sum = 0;
	size_t			 i;

	if (fork() == 0) {
		s = open_file(path);
		fill(s, logins, 1);
		store_close(&s);
		make_old(path);
		_exit(0);
	}
	wait(NULL);
	start = clock_now();
	cpu = cpu_now();
	s = open_file(path);
	printf("%u logins: upgraded from schema 1 and opened in %.2f s "
	    "(%.2f s CPU)", logins, clock_now() - start, cpu_now() - cpu);
	if (store_list(s, T0, &rows, error) != STORE_TAKEN)
		stop(error);
	for (i = 0; i < rows.n; i++)
		sum += rows.row[i].recipients;
	printf(", %zu logins with %llu recipients in it\n", rows.n,
	    (unsigned long long)sum);
	store_rows_free(&rows);
	store_close(&s);
	snprintf(copy, sizeof(copy), "%s.schema1", path);
	if (unlink(copy) != 0)
		stop("the upgrade has kept no copy");
}

/* The same on Redis; each recipient and each commit is a round trip. */
static void
on_redis(const unsigned *threads, size_t n, struct worker one,
    struct worker ten)
{
	/* one second, so that all windows count in one slot, as at T0 */
	struct store_place	 place = {
		.timeout = 10000, .callers_clock = true
	};
	struct redis_process	 redis = { .port = 0 };
	struct store		*s;
	char			*why = NULL;
	size_t			 i;

	if (!redis_is_possible())
		return;
	redis_start(&redis, NULL);
	place.spec = redis.url;
	for (i = 0; i < n; i++) {
		s = store_open_at(&place, STORE_KEEP, &why);
		if (s == NULL)
			stop(why);
		measure("redis", s, threads[i], one);
		if (one.windows == 1)
			measure("redis", s, threads[i], ten);
		if (one.windows == STORE_WINDOWS && i == 0)
			measure_busy("redis, every slot", s);
		store_close(&s);
	}
	redis_end(&redis);
}

static void
remove_files(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-lock" };
	char	name[300];
	size_t	i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

int
main(int argc, char **argv)
{
	static const unsigned threads[] = { 1, 2, 4 };
	static const unsigned windows[] = { 1, 2, 4 };
	const char	*count = getenv("BENCH_LOGINS");
	char		 dir[200], path[256];
	struct worker	 one = { .recipients = 1, .logins = 1000,
			    .commit = true };
	struct worker	 ten = { .recipients = 10, .logins = 1000,
			    .commit = true };
	struct store	*s;
	unsigned	 logins = count != NULL ? (unsigned)atoi(count) :
			    BENCH_LOGINS;
	size_t		 i, k;

	snprintf(dir, sizeof(dir), "%s/bench-store-XXXXXX",
	    argc > 1 ? argv[1] : "/tmp");
	if (mkdtemp(dir) == NULL)
		stop("cannot make a temporary directory");
	snprintf(path, sizeof(path), "%s/state.db", dir);
	for (k = 0; k < sizeof(windows) / sizeof(windows[0]); k++) {
		one.windows = ten.windows = windows[k];
		for (i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
			s = store_open_memory();
			measure("memory", s, threads[i], one);
			store_close(&s);
			s = open_file(path);
			measure("sqlite", s, threads[i], one);
			if (k == 0)
				measure("sqlite", s, threads[i], ten);
			if (windows[k] == STORE_WINDOWS && i == 0)
				measure_busy("sqlite, every slot", s);
			store_close(&s);
			remove_files(path);
		}
		on_redis(threads, sizeof(threads) / sizeof(threads[0]), one,
		    ten);
	}
	memory_of(logins, 1);
	memory_of(logins, STORE_WINDOWS);
	many_logins(path, logins, 1);
	remove_files(path);
	/* to fill it takes ten times as long */
	many_logins(path, logins / 10, STORE_WINDOWS);
	remove_files(path);
	upgrade(path, logins);
	remove_files(path);
	rmdir(dir);
	return 0;
}
