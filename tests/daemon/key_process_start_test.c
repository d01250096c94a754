/*
 * key_process_start: the memory with the keys is locked, or the operator is
 * told that it is not, and what to do
 */
#include "test.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "daemon/key_process_start_priv.h"

#define NOBODY	65534
#define LIMIT	(64 * 1024)

/* In a process of its own: start one, and say what a daemon says. */
static void
start_and_warn(int out)
{
	const struct conf	 conf = { .user = "root" };
	char			*why = NULL;

	if (dup2(out, STDERR_FILENO) == -1)
		_exit(1);
	if (key_process_start(&conf, true, NULL, &why)) {
		key_process_warn();
		printf("%s\n", key_process_is_swappable() ? "swappable" :
		    "locked");
		fflush(stdout);
		key_process_stop();
	} else
		printf("%s\n", why);
	_exit(fflush(stdout) != 0);
}

/* No right to change the limit: it is inherited. */
static void
become_ordinary(rlim_t limit)
{
	const struct rlimit rl = { limit, limit };

	if (setrlimit(RLIMIT_MEMLOCK, &rl) != 0)
		_exit(99);
	if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		_exit(98);
}

/* Standard output and error; false: the limit cannot be set. */
static bool
run(rlim_t limit, char *said, size_t size)
{
	int	pipes[2], status;
	size_t	len = 0;
	ssize_t	n;
	pid_t	pid;

	fflush(NULL);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		become_ordinary(limit);
		start_and_warn(pipes[1]);
	}
	close(pipes[1]);
	while ((n = read(pipes[0], said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		return false;
	assert_int_equal(status, 0);
	return true;
}

static void
a_limit_is_reported_once(void **state)
{
	char		 said[4096];
	const char	*at;

	(void)state;
	assert_true(run(LIMIT, said, sizeof(said)));
	at = strstr(said, "may be written to swap: the limit of locked memory "
	    "is 64 KB. In the systemd unit, set LimitMEMLOCK=infinity; in a "
	    "shell, run ulimit -l unlimited");
	if (at == NULL || strstr(said, "warning: ") == NULL ||
	    strstr(said, "swappable\n") == NULL)
		fail_msg("%s", said);
	assert_null(strstr(strchr(at, ':'), "written to swap"));
}

static void
without_a_limit_nothing_is_said(void **state)
{
	char said[4096];

	(void)state;
	if (!run(RLIM_INFINITY, said, sizeof(said))) {
		print_message("skipped: the limit of locked memory is set\n");
		skip();
	}
	assert_string_equal(said, "locked\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_is_reported_once),
		cmocka_unit_test(without_a_limit_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
