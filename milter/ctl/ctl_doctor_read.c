/*
 * ctl_doctor_read - the MTA's configuration as text: what postconf(1) prints,
 * and the sendmail.cf
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/postfix_setup.h"
#include "doctor/sendmail_setup.h"
#include "ctl_doctor_priv.h"

#define TEXT_BYTES	(4 * 1024 * 1024)	/* more is not read */

extern char **environ;

static void
read_all(int fd, struct buf *b)
{
	char	chunk[4096];
	ssize_t	n;

	while (b->len < TEXT_BYTES && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(b, chunk, (size_t)n);
}

/* What it prints; stderr is left out: it warns of each unknown parameter. */
static bool
run(char *const *argv, struct buf *out)
{
	posix_spawn_file_actions_t	actions;
	int				fd[2], status = -1, error;
	pid_t				pid;

	if (pipe(fd) != 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, fd[0]);
	posix_spawn_file_actions_addclose(&actions, fd[1]);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
	    O_WRONLY, 0);
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fd[1]);
	if (error == 0)
		read_all(fd[0], out);
	close(fd[0]);
	if (error != 0) {
		fprintf(stderr, "millgatectl: %s: %s\n", argv[0],
		    strerror(error));
		return false;
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return status == 0;
}

static const char *
postconf(struct arena *a, const char *dir, const char *const *args)
{
	struct buf	 out = BUF_INIT;
	char		*argv[32] = { NULL };
	const char	*text = NULL;
	size_t		 n = 0;

	argv[n++] = arena_strdup(a, "postconf");
	argv[n++] = arena_strdup(a, "-c");
	argv[n++] = arena_strdup(a, dir);
	for (; *args != NULL && n < 31; args++)
		argv[n++] = arena_strdup(a, *args);
	if (run(argv, &out))
		text = arena_strdup(a, buf_str(&out));
	else
		fprintf(stderr, "millgatectl: postconf -c %s %s failed\n", dir,
		    argv[3]);
	buf_free(&out);
	return text;
}

bool
doctor_read_postfix(struct arena *a, const char *dir, struct postfix_setup *p)
{
	static const char *const values[] = { "-x", "smtpd_milters",
	    "non_smtpd_milters", "milter_default_action", "milter_protocol",
	    "milter_content_timeout", "milter_macro_daemon_name",
	    "receive_override_options", "smtpd_forbid_bare_newline",
	    "smtpd_sasl_auth_enable", "smtpd_tls_security_level",
	    "smtpd_tls_wrappermode", "smtpd_use_tls", NULL };
	static const char *const services[] = { "-M", NULL };
	static const char *const own[] = { "-Px", NULL };
	const char *text;

	if ((text = postconf(a, dir, values)) == NULL)
		return false;
	postfix_read_main(a, p, text);
	if ((text = postconf(a, dir, services)) == NULL)
		return false;
	postfix_read_services(a, p, text);
	if ((text = postconf(a, dir, own)) == NULL)
		return false;
	postfix_read_own(a, p, text);
	return true;
}

bool
doctor_read_sendmail(struct arena *a, const char *path,
    struct sendmail_setup *s)
{
	struct buf	text = BUF_INIT;
	int		fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1) {
		fprintf(stderr, "millgatectl: %s: %s\n", path,
		    strerror(errno));
		return false;
	}
	read_all(fd, &text);
	close(fd);
	sendmail_read(a, s, buf_str(&text));
	buf_free(&text);
	return true;
}
