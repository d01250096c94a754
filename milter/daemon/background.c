/*
 * background - leave the terminal, and report readiness to who waits for it
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "background_priv.h"

#define STATUS_TROUBLE	2

int
background_fork(void)
{
	int	fd[2], status = STATUS_TROUBLE;
	char	ready;
	pid_t	pid;

	if (pipe2(fd, O_CLOEXEC) != 0 || (pid = fork()) == -1)
		return -1;
	if (pid > 0) {
		close(fd[1]);
		if (read(fd[0], &ready, 1) == 1)
			status = 0;
		_exit(status);
	}
	close(fd[0]);
	setsid();
	return fd[1];
}

void
background_enter(void)
{
	int null;

	if (chdir("/") != 0)
		log_printf(LOG_LEVEL_WARNING, "chdir /: %s", strerror(errno));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

void
background_report(int fd)
{
	if (fd == -1)
		return;
	if (write(fd, "r", 1) != 1)
		log_printf(LOG_LEVEL_WARNING, "cannot report readiness to the "
		    "parent process: %s", strerror(errno));
	close(fd);
}
