/*
 * mfi_starved - threads for sessions that libmilter leaves waiting
 *
 * libmilter (worker.c of sendmail 8.17) starts a thread for a session that has
 * a command only if it counts no idle thread. A thread that it has woken counts
 * as idle until it runs, so that several sessions can be given to one thread.
 * They wait until some callback returns, and callbacks wait for DNS or a
 * database. Only a further event makes libmilter count again, and with all its
 * threads in callbacks a new connection gets a thread of its own. A thread that
 * has served a session looks for others that wait.
 *
 * So a timer divides the time in which callbacks run into periods. For each
 * callback that began in the last period but one and has not returned,
 * libmilter accepts two connections that are closed already (two, so that the
 * number of threads can double). Only xxfi_close sees them. They begin no
 * callback that is counted here, so that they cause no further ones. Callbacks
 * that go on are found again after PERIODS, which repeats it.
 *
 * The bound: a session that is ready gets a thread within 2 * PERIOD_MS after
 * the callbacks that hold the threads have begun. If sessions that were ready
 * before it wait in callbacks too, each 2 * PERIOD_MS doubles the number of
 * sessions that have threads, until MOST_AT_ONCE are added in each period. A
 * command that the MTA sends in parts, or an answer that it does not read, also
 * holds a thread, and is not seen here.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "mfi_priv.h"

#define PERIOD_MS	50
#define PERIODS		16
#define MOST_AT_ONCE	16

/*
 * All are initialised before the threads of libmilter, which take descriptors
 * from it. `owed` belongs to its listening thread.
 */
static int		timer = -1, closed = -1;
static unsigned		owed;
static atomic_uint	running[PERIODS];	/* callbacks by their begin */
static atomic_uint	period;
static atomic_bool	timing;

static void
period_timer(long nanoseconds)
{
	struct itimerspec at = { .it_value.tv_nsec = nanoseconds };

	timerfd_settime(timer, 0, &at, NULL);
}

void
mfi_timer_start(void)
{
	if (!atomic_load(&timing) && !atomic_exchange(&timing, true))
		period_timer(PERIOD_MS * 1000000L);
}

unsigned
mfi_callback_begins(void)
{
	unsigned when = atomic_load(&period) % PERIODS;

	atomic_fetch_add(&running[when], 1);
	mfi_timer_start();
	return when;
}

void
mfi_callback_ends(unsigned when)
{
	atomic_fetch_sub(&running[when], 1);
}

static bool
timer_is_needed(void)
{
	size_t i;

	for (i = 0; i < PERIODS; i++)
		if (atomic_load(&running[i]) > 0)
			return true;
	return mfi_threads_wanted();
}

/*
 * The timer stops when no callback runs. A callback that begins meanwhile
 * either is seen here, or sees that the timer has stopped.
 */
static void
period_begins(void)
{
	if (timer_is_needed())
		period_timer(PERIOD_MS * 1000000L);
	else {
		atomic_store(&timing, false);
		if (timer_is_needed())
			mfi_timer_start();
	}
}

static unsigned
connections_owed(void)
{
	unsigned now = atomic_load(&period);
	unsigned late = atomic_load(&running[(now + PERIODS - 1) % PERIODS]);

	atomic_store(&period, now + 1);
	return late < MOST_AT_ONCE / 2 ? 2 * late : MOST_AT_ONCE;
}

int
mfi_closed_connection(void)
{
	uint64_t	expired;
	int		connection = -1;

	/* the timer that expired is what libmilter's poll has seen */
	if (read(timer, &expired, sizeof(expired)) == sizeof(expired)) {
		mfi_threads_retry();
		if (owed == 0)
			owed = connections_owed();
		if (mfi_threads_wanted())	/* they would wait, too */
			owed = 0;
		if (owed > 0) {
			owed--;
			connection = fcntl(closed, F_DUPFD_CLOEXEC, 0);
		}
		if (owed > 0)
			period_timer(1);
		else
			period_begins();
	}
	if (connection == -1)
		errno = EAGAIN;
	return connection;
}

/* Reading at one end of a pair without the other finds the end at once. */
static bool
closed_open(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	closed = pair[0];
	close(pair[1]);
	return true;
}

static bool
poll_adds(int poll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

int
mfi_starved_open(int listening)
{
	int poll_fd = epoll_create1(EPOLL_CLOEXEC);
	int queue = fcntl(listening, F_DUPFD_CLOEXEC, 0);
	int flags = fcntl(listening, F_GETFL);

	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (poll_fd != -1 && queue != -1 && timer != -1 && flags != -1 &&
	    fcntl(queue, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    closed_open() && poll_adds(poll_fd, queue) &&
	    poll_adds(poll_fd, timer) &&
	    dup3(poll_fd, listening, O_CLOEXEC) == listening)
		close(poll_fd);
	else
		queue = -1;
	return queue;
}
