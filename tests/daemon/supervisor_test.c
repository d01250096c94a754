/*
 * supervisor: what kills the daemon does not end the service.
 */
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "daemon/supervisor_priv.h"

static const struct {
	unsigned		last;
	unsigned long long	ran;
	unsigned		pause;
} pauses[] = {
	{ 0, 0, 100 },			/* the first fault */
	{ 100, 500, 200 },		/* again at once */
	{ 200, 59999, 400 },
	{ 400, 60000, 100 },		/* it ran for a minute */
	{ 51200, 0, 60000 },		/* the longest pause */
	{ 60000, 0, 60000 },
};

static void
the_pause_grows_and_is_forgotten(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(pauses); i++)
		assert_int_equal(supervisor_pause(pauses[i].last,
		    pauses[i].ran), pauses[i].pause);
}

/*
 * What each child does in turn, one letter each. The letters that children
 * have written stand in a file, whose length is the turn.
 */
struct play {
	const char	*script;
	int		 log;
};

static int
child_acts(const struct supervised *s, void *arg)
{
	struct play	*p = arg;
	off_t		 turn = lseek(p->log, 0, SEEK_END);
	char		 act = p->script[turn];

	if (write(p->log, &act, 1) != 1 || s->again != (turn > 0))
		return 9;
	if (act != 'n' && act != 'b' && write(s->ready_fd, "r", 1) != 1)
		return 9;
	switch (act) {
	case 'f':
		return supervisor_follow(s) ? 0 : 9;
	case 'b':
	case 'k':			/* a fault */
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
		return 9;
	case 'e':			/* trouble that may pass */
		return 2;
	case 'n':			/* never ready */
		return 7;
	case 't':			/* somebody stops the parent */
		signal(SIGTERM, SIG_DFL);
		kill(getppid(), SIGTERM);
		sleep(60);
		return 9;
	default:
		return 0;
	}
}

static unsigned readiness;

static void
count_readiness(void *arg)
{
	(void)arg;
	readiness++;
}

static int
supervise(struct play *p)
{
	const struct supervisor_job job = { .child = child_acts,
	    .ready = count_readiness, .arg = p };

	return supervisor_run(&job);
}

static const struct {
	const char	*script, *done;
	int		 status;
} plays[] = {
	{ "0", "0", 0 },		/* stops by itself */
	{ "n", "n", 7 },		/* cannot start: do not try again */
	{ "kk0", "kk0", 0 },		/* two faults */
	{ "ek0", "ek0", 0 },
	{ "k0", "k0", 0 },
	{ "t", "t", 0 },		/* the signal is passed on */
	{ "kt", "kt", 0 },
	{ "b", "b", 2 },		/* killed before it was ready */
	{ "kbk0", "kbk0", 0 },		/* the first was ready */
	{ "f", "f", 0 },
};

static void
what_kills_the_daemon_does_not_end_the_service(void **state)
{
	struct play	 p;
	char		 done[8], path[] = "/tmp/supervisor_test.XXXXXX";
	size_t		 i;
	int		 status;
	pid_t		 pid;
	ssize_t		 n;

	(void)state;
	for (i = 0; i < NELEM(plays); i++) {
		p.script = plays[i].script;
		p.log = mkstemp(path);
		assert_int_not_equal(p.log, -1);
		unlink(path);
		strcpy(path, "/tmp/supervisor_test.XXXXXX");
		pid = fork();
		if (pid == 0)
			_exit(supervise(&p));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		n = pread(p.log, done, sizeof(done) - 1, 0);
		done[n > 0 ? n : 0] = '\0';
		close(p.log);
		assert_string_equal(done, plays[i].done);
		assert_int_equal(WEXITSTATUS(status), plays[i].status);
	}
}

/* The parent hears of the first child while that one runs. */
static void
tell(void *arg)
{
	int *fd = arg;

	count_readiness(NULL);
	if (write(fd[1], &(char){ (char)readiness }, 1) != 1)
		abort();
}

static int
child_waits_for_the_parent(const struct supervised *s, void *arg)
{
	int	*fd = arg;
	char	 byte = 0;

	if (s->again)	/* nobody is told again */
		return 0;
	if (write(s->ready_fd, "r", 1) != 1 || read(fd[0], &byte, 1) != 1 ||
	    byte != 1)
		return 9;
	raise(SIGKILL);
	return 9;
}

static void
readiness_is_reported_once_and_at_once(void **state)
{
	int			fd[2], status;
	char			byte;
	pid_t			pid;
	struct supervisor_job	job = { .child = child_waits_for_the_parent,
	    .ready = tell, .arg = fd };

	(void)state;
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0)
		_exit(supervisor_run(&job));
	close(fd[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(read(fd[0], &byte, 1), 0);
	close(fd[0]);
}

/* kill -9 of the parent takes the child along. */
static int
child_follows(const struct supervised *s, void *arg)
{
	int *fd = arg;

	if (!supervisor_follow(s) || write(fd[1], &(pid_t){ getpid() },
	    sizeof(pid_t)) != (ssize_t)sizeof(pid_t))
		return 9;
	close(fd[0]);
	for (;;)
		pause();
}

static void
the_child_ends_with_its_parent(void **state)
{
	int			fd[2], status;
	pid_t			pid, child;
	struct supervisor_job	job = { .child = child_follows,
	    .ready = count_readiness, .arg = fd };

	(void)state;
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0)
		_exit(supervisor_run(&job));
	close(fd[1]);
	assert_int_equal(read(fd[0], &child, sizeof(child)), sizeof(child));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* end of file when the last writer has ended */
	assert_int_equal(read(fd[0], &child, 1), 0);
	close(fd[0]);
}

#define PAUSE	800	/* ms, after four faults at once */
#define TRIES	20

/*
 * The milliseconds that a stop takes in a pause. If a child still ran, which a
 * busy machine may bring about, its fault is the status, and this is no pause.
 */
static uint64_t
stop_in_a_pause(void)
{
	struct play	p = { "kkkkkkkkkkkk", -1 };
	char		path[] = "/tmp/supervisor_test.XXXXXX";
	uint64_t	began;
	int		status;
	pid_t		pid;

	p.log = mkstemp(path);
	assert_int_not_equal(p.log, -1);
	unlink(path);
	pid = fork();
	if (pid == 0)
		_exit(supervise(&p));
	while (lseek(p.log, 0, SEEK_END) < 4)
		usleep(1000);
	usleep(50000);
	began = monotonic_ms();
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	began = monotonic_ms() - began;
	close(p.log);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 0)
		return began;
	assert_int_equal(WEXITSTATUS(status), 2);
	return PAUSE;
}

/*
 * A stop must not wait for the end of a pause of a minute. If it did, each
 * try would take almost the whole pause; a busy machine does so in some.
 */
static void
a_stop_ends_the_pause(void **state)
{
	unsigned	tries = 1;

	(void)state;
	while (stop_in_a_pause() >= PAUSE / 2)
		assert_in_range(++tries, 1, TRIES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pause_grows_and_is_forgotten),
		cmocka_unit_test(
		    what_kills_the_daemon_does_not_end_the_service),
		cmocka_unit_test(readiness_is_reported_once_and_at_once),
		cmocka_unit_test(the_child_ends_with_its_parent),
		cmocka_unit_test(a_stop_ends_the_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
