/*
 * program - run a program, and read what it prints
 */
#define _GNU_SOURCE	/* posix_spawn_file_actions_addclosefrom_np */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/monotonic.h"
#include "base/program.h"
#include "base/why.h"

extern char **environ;

static int
program_spawn(const struct program *p, int out, pid_t *pid)
{
	posix_spawn_file_actions_t	fa;
	posix_spawnattr_t		at;
	sigset_t			all, none;
	int				error;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&at);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGDEF |
	    POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&at, &all);
	posix_spawnattr_setsigmask(&at, &none);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null",
	    O_RDONLY, 0);
	if (p->quiet)
		posix_spawn_file_actions_addopen(&fa, STDERR_FILENO,
		    "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&fa, STDERR_FILENO + 1);
	error = posix_spawnp(pid, p->argv[0], &fa, &at, p->argv,
	    p->env != NULL ? p->env : environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&at);
	return error;
}

/* An error number; ETIME: its time is over. */
static int
program_read(const struct program *p, int fd, struct buf *out)
{
	struct pollfd	pfd = { fd, POLLIN, 0 };
	uint64_t	end = monotonic_ms() + p->seconds * UINT64_C(1000);
	char		chunk[4096];
	ssize_t		n;
	int		wait = -1, ready;

	while (out->len < p->most) {
		if (p->seconds > 0)
			wait = end > monotonic_ms() ?
			    (int)(end - monotonic_ms()) : 0;
		ready = poll(&pfd, 1, wait);
		if (ready == 0)
			return ETIME;
		n = ready == 1 ? read(fd, chunk, sizeof(chunk)) : -1;
		if (n == 0)
			break;
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		else if (errno != EINTR)
			return errno;
	}
	return 0;
}

static int
program_wait(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return status;
}

bool
program_output(const struct program *p, struct buf *out,
    char why[PROGRAM_WHY])
{
	int	fd[2], error, status = -1;
	pid_t	pid = 0;

	if (pipe2(fd, O_CLOEXEC) != 0)
		return why_print(why, PROGRAM_WHY, "%s: %s", p->argv[0],
		    strerror(errno));
	error = program_spawn(p, fd[1], &pid);
	close(fd[1]);
	if (error == 0)
		error = program_read(p, fd[0], out);
	close(fd[0]);		/* so that it does not wait for us */
	if (error != 0 && pid > 0)
		kill(pid, SIGKILL);
	if (pid > 0)
		status = program_wait(pid);
	if (error == ETIME)
		return why_print(why, PROGRAM_WHY, "%s does not end",
		    p->argv[0]);
	if (error != 0)
		return why_print(why, PROGRAM_WHY, "%s: %s", p->argv[0],
		    strerror(error));
	return status == 0 ||
	    why_print(why, PROGRAM_WHY, "%s failed", p->argv[0]);
}
