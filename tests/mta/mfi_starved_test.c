/*
 * mfi_starved: sessions of the real libmilter that are given to one thread, of
 * which some wait in a callback
 *
 * A process serves with a filter of its own; this one is its MTA. A thread that
 * libmilter has woken runs 20 ms later there, as on a loaded host, so that what
 * is rare elsewhere happens each time.
 */
#include "config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#include "base/monotonic.h"
#include "mta/mfi.h"
#include "mta/mfi_priv.h"

#define LATE_MS		20
#define PERIOD_MS	50	/* of mfi_starved.c */
#define LIMIT_MS	20000
#define MANY		30
#define FEW		8	/* more than libmilter's first threads */
#define NOBODY		54321	/* no other process has it */

static struct shared {
	atomic_int	slow;		/* so many callbacks wait */
	atomic_bool	released;	/* no more */
	atomic_bool	stop_listening, stopped;
	atomic_int	negotiated, connected, closed;
	atomic_int	longest_ms;	/* callback */
	atomic_bool	no_threads, limited;	/* no more can be started */
	atomic_uint	open;
} *shared;

struct place {
	const char	*spec;
	int		 passed;
	pid_t		 server;
	union {
		struct sockaddr		any;
		struct sockaddr_un	un;
		struct sockaddr_in	in;
	} at;
	socklen_t	 len;
};

static char	directory[] = "/tmp/starved-XXXXXX";

/* What libmilter's idle threads wait in. */
int
pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
    const struct timespec *until)
{
	int rc = pthread_cond_clockwait(cond, mutex, CLOCK_REALTIME, until);

	pthread_mutex_unlock(mutex);
	usleep(LATE_MS * 1000);
	pthread_mutex_lock(mutex);
	return rc;
}

/* --- the filter -------------------------------------------------------- */

static void
slow_callback(atomic_int *count)
{
	uint64_t	begin = monotonic_ms();
	unsigned	when = mfi_callback_begins();
	int		ms;

	atomic_fetch_add(count, 1);
	if (atomic_fetch_sub(&shared->slow, 1) > 0)
		while (!atomic_load(&shared->released))
			usleep(1000);
	mfi_callback_ends(when);
	ms = (int)(monotonic_ms() - begin);
	if (ms > atomic_load(&shared->longest_ms))
		atomic_store(&shared->longest_ms, ms);
}

static sfsistat
slow_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
    unsigned long f2, unsigned long f3, unsigned long *pf0,
    unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	(void)ctx, (void)f0, (void)f1, (void)f2, (void)f3;
	slow_callback(&shared->negotiated);
	*pf0 = *pf1 = *pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
slow_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *client)
{
	(void)ctx, (void)name, (void)client;
	slow_callback(&shared->connected);
	return SMFIS_CONTINUE;
}

static sfsistat
count_close(SMFICTX *ctx)
{
	(void)ctx;
	mfi_socket_closed();
	atomic_fetch_add(&shared->closed, 1);
	return SMFIS_CONTINUE;
}

static void *
filter_run(void *unused)
{
	(void)unused;
	smfi_main();
	_exit(3);
}

/* Root has no limit of processes. */
static void
become_ordinary(void)
{
	char	path[sizeof(directory) + 16];
	int	fd;

	snprintf(path, sizeof(path), "%s/log", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1 ||
	    (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)))
		_exit(4);
}

static void
limit_threads(bool on)
{
	struct rlimit rl;

	if (on == atomic_load(&shared->limited))
		return;
	if (getrlimit(RLIMIT_NPROC, &rl) != 0)
		_exit(5);
	rl.rlim_cur = on ? 1 : rl.rlim_max;
	if (setrlimit(RLIMIT_NPROC, &rl) != 0)
		_exit(6);
	atomic_store(&shared->limited, on);
}

static void
serve(const struct place *p)
{
	static char	name[] = "starved";
	struct smfiDesc	filter = { .xxfi_name = name,
	    .xxfi_version = SMFI_VERSION, .xxfi_negotiate = slow_negotiate,
	    .xxfi_connect = slow_connect, .xxfi_close = count_close };
	char		*why = NULL;
	pthread_t	 thread;

	alarm(120);
	if (smfi_register(filter) != MI_SUCCESS ||
	    !mfi_socket_open(p->spec, p->passed, &why) ||
	    pthread_create(&thread, NULL, filter_run, NULL) != 0)
		_exit(2);
	become_ordinary();
	for (;;) {
		limit_threads(atomic_load(&shared->no_threads));
		atomic_store(&shared->open, mfi_open_sessions());
		if (atomic_load(&shared->stop_listening) &&
		    !atomic_load(&shared->stopped))
			atomic_store(&shared->stopped, mfi_stop_listening());
		usleep(1000);
	}
}

/* --- its MTA ----------------------------------------------------------- */

static int
session_new_at(const struct place *p)
{
	static const unsigned char negotiation[] = { 0, 0, 0, 13, 'O',
		0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff };
	int fd = socket(p->at.any.sa_family, SOCK_STREAM, 0);

	if (connect(fd, &p->at.any, p->len) != 0 ||
	    write(fd, negotiation, sizeof(negotiation)) !=
	    sizeof(negotiation)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool
becomes(const atomic_int *n, int wanted)
{
	uint64_t end = monotonic_ms() + LIMIT_MS;

	while (atomic_load(n) < wanted && monotonic_ms() < end)
		usleep(1000);
	return atomic_load(n) >= wanted;
}

static void
server_starts(struct place *p)
{
	uint64_t	end = monotonic_ms() + LIMIT_MS;
	int		fd;

	memset(shared, 0, sizeof(*shared));
	p->server = fork();
	if (p->server == 0)
		serve(p);
	while ((fd = session_new_at(p)) == -1 && monotonic_ms() < end)
		usleep(1000);
	assert_int_not_equal(fd, -1);
	close(fd);
	assert_true(becomes(&shared->closed, 1));
	usleep(2 * LATE_MS * 1000);	/* both threads are idle */
	atomic_store(&shared->negotiated, 0);
}

static void
server_ends(struct place *p)
{
	kill(p->server, SIGKILL);
	waitpid(p->server, NULL, 0);
}

/* `slow` sessions and one more at once; how long that one waits. */
static unsigned
wait_behind(struct place *p, int slow)
{
	int		fd[MANY + 1], i;
	uint64_t	begin;
	bool		served;

	atomic_store(&shared->slow, slow);
	for (i = 0; i <= slow; i++)
		fd[i] = session_new_at(p);
	begin = monotonic_ms();
	served = becomes(&shared->negotiated, slow + 1);
	begin = monotonic_ms() - begin;
	atomic_store(&shared->released, true);
	for (i = 0; i <= slow; i++)
		close(fd[i]);
	assert_true(served);
	return (unsigned)begin;
}

/* Closed connections are sessions until libmilter has looked at them. */
static void
nothing_remains(void)
{
	uint64_t end = monotonic_ms() + LIMIT_MS;

	while (atomic_load(&shared->open) > 0 && monotonic_ms() < end)
		usleep(1000);
	assert_int_equal(atomic_load(&shared->open), 0);
}

static void
place_unix(struct place *p)
{
	static char spec[sizeof(directory) + 16];

	memset(p, 0, sizeof(*p));
	p->passed = -1;
	snprintf(spec, sizeof(spec), "local:%s/socket", directory);
	p->spec = spec;
	p->at.un.sun_family = AF_UNIX;
	snprintf(p->at.un.sun_path, sizeof(p->at.un.sun_path), "%s/socket",
	    directory);
	p->len = sizeof(p->at.un);
}

static int
bound_at(struct place *p)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	memset(p, 0, sizeof(*p));
	p->at.in.sin_family = AF_INET;
	p->at.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->len = sizeof(p->at.in);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)), 0);
	assert_int_equal(bind(fd, &p->at.any, p->len), 0);
	assert_int_equal(getsockname(fd, &p->at.any, &p->len), 0);
	return fd;
}

static void
place_tcp(struct place *p)
{
	static char spec[40];

	close(bound_at(p));
	p->passed = -1;
	snprintf(spec, sizeof(spec), "inet:%u@127.0.0.1",
	    ntohs(p->at.in.sin_port));
	p->spec = spec;
}

static void
place_passed(struct place *p)
{
	p->passed = bound_at(p);
	assert_int_equal(listen(p->passed, 100), 0);
	p->spec = "inet:1@127.0.0.1";	/* not used */
}

/* --- the tests --------------------------------------------------------- */

static void
a_session_gets_a_thread(void **state)
{
	static void (*const places[])(struct place *) = { place_unix,
	    place_tcp, place_passed };
	struct place	p;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		places[i](&p);
		server_starts(&p);
		print_message("# behind 2 sessions: %u ms\n",
		    wait_behind(&p, 2));
		nothing_remains();
		server_ends(&p);
		if (p.passed > 0)
			close(p.passed);
	}
}

static void
many_sessions_get_threads(void **state)
{
	struct place p;

	(void)state;
	place_unix(&p);
	server_starts(&p);
	print_message("# behind %d sessions: %u ms\n", MANY,
	    wait_behind(&p, MANY));
	nothing_remains();
	server_ends(&p);
}

static void
set_limit(bool on)
{
	uint64_t end = monotonic_ms() + LIMIT_MS;

	atomic_store(&shared->no_threads, on);
	while (atomic_load(&shared->limited) != on && monotonic_ms() < end)
		usleep(1000);
	assert_int_equal(atomic_load(&shared->limited), on);
}

/* How often the log has the text. */
static unsigned
logged(const char *text)
{
	char		path[sizeof(directory) + 16], line[1024];
	unsigned	n = 0;
	FILE		*f;

	snprintf(path, sizeof(path), "%s/log", directory);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, text) != NULL;
	fclose(f);
	return n;
}

/* libmilter would forget all sessions but those of its first threads. */
static void
sessions_wait_for_threads_that_cannot_be_started(void **state)
{
	struct place	p;
	int		fd[FEW], i;

	(void)state;
	place_unix(&p);
	server_starts(&p);
	set_limit(true);
	atomic_store(&shared->slow, FEW);
	for (i = 0; i < FEW; i++) {
		fd[i] = session_new_at(&p);
		usleep(3 * LATE_MS * 1000);	/* so that no thread is idle */
	}
	assert_in_range(atomic_load(&shared->negotiated), 1, FEW - 1);
	assert_int_equal(logged("no thread can be started for a session of "
	    "the MTA"), 1);
	set_limit(false);
	assert_true(becomes(&shared->negotiated, FEW));
	atomic_store(&shared->released, true);
	for (i = 0; i < FEW; i++)
		close(fd[i]);
	nothing_remains();
	server_ends(&p);
}

/*
 * The next process gets new connections; those that are open go on. Here they
 * are ready at the same moment, and not new.
 */
static void
a_server_that_stops_serves_its_sessions(void **state)
{
	static const unsigned char connect_packet[] = { 0, 0, 0, 4, 'C',
		'h', 0, 'U' };
	struct place	p;
	struct pollfd	later = { .events = POLLIN };
	int		fd[3], i;

	(void)state;
	place_unix(&p);
	server_starts(&p);
	for (i = 0; i < 3; i++)
		fd[i] = session_new_at(&p);
	assert_true(becomes(&shared->negotiated, 3));
	atomic_store(&shared->stop_listening, true);
	while (!atomic_load(&shared->stopped))
		usleep(1000);
	later.fd = session_new_at(&p);
	assert_int_not_equal(later.fd, -1);
	usleep(3 * LATE_MS * 1000);	/* threads are idle */
	atomic_store(&shared->slow, 2);
	for (i = 0; i < 3; i++)
		assert_int_equal(write(fd[i], connect_packet,
		    sizeof(connect_packet)), sizeof(connect_packet));
	assert_true(becomes(&shared->connected, 3));
	atomic_store(&shared->released, true);
	for (i = 0; i < 3; i++)
		close(fd[i]);
	nothing_remains();
	assert_int_equal(atomic_load(&shared->negotiated), 3);
	assert_int_equal(poll(&later, 1, 0), 0);
	close(later.fd);
	server_ends(&p);
}

/* Nothing is added where no callback takes long (on a loaded host some do). */
static void
nothing_waits_and_nothing_is_added(void **state)
{
	struct place	p;
	int		i, fd;

	(void)state;
	place_unix(&p);
	server_starts(&p);
	for (i = 1; i <= 20; i++) {
		fd = session_new_at(&p);
		assert_true(becomes(&shared->negotiated, i));
		close(fd);
		assert_true(becomes(&shared->closed, 1 + i));
	}
	nothing_remains();
	if (atomic_load(&shared->longest_ms) < PERIOD_MS - 1)
		assert_int_equal(atomic_load(&shared->closed), 21);
	server_ends(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_gets_a_thread),
		cmocka_unit_test(many_sessions_get_threads),
		cmocka_unit_test(
		    sessions_wait_for_threads_that_cannot_be_started),
		cmocka_unit_test(a_server_that_stops_serves_its_sessions),
		cmocka_unit_test(nothing_waits_and_nothing_is_added),
	};
	char	path[sizeof(directory) + 16];
	int	failed;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || mkdtemp(directory) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(path, sizeof(path), "%s/socket", directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/log", directory);
	unlink(path);
	rmdir(directory);
	return failed;
}
