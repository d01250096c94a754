/*
 * ctl_postconf - runs postconf(1) for the subcommands that read or change the
 * configuration of Postfix
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/postfix_setup.h"
#include "ctl_common_priv.h"
#include "ctl_postconf_priv.h"

#define TEXT_BYTES	(4 * 1024 * 1024)	/* more is not read */

extern char **environ;

static void
read_pipe(int fd, struct buf *b)
{
	char	chunk[4096];
	ssize_t	n;

	while (b->len < TEXT_BYTES && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(b, chunk, (size_t)n);
}

/* Run a program, and append its output. With `quiet`, its stderr is dropped. */
static bool
run_program(char *const *argv, bool quiet, struct buf *out)
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
	if (quiet)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
		    "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fd[1]);
	if (error == 0)
		read_pipe(fd[0], out);
	close(fd[0]);
	if (error != 0)
		return ctl_complain("%s: %s%s", argv[0], strerror(error),
		    error == ENOENT ? "; is Postfix installed on this host?" :
		    "");
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return status == 0;
}

/* False: postconf -c DIR ARGS failed, which is reported. */
static bool
run_postconf(struct arena *a, const char *dir, const char *const *args,
    bool quiet, struct buf *out)
{
	char	*argv[32] = { NULL };
	size_t	 n = 0;

	argv[n++] = arena_strdup(a, "postconf");
	argv[n++] = arena_strdup(a, "-c");
	argv[n++] = arena_strdup(a, dir);
	for (; *args != NULL && n < 31; args++)
		argv[n++] = arena_strdup(a, *args);
	return run_program(argv, quiet, out) || ctl_complain("postconf -c %s "
	    "%s failed", dir, argv[3]);
}

/* postconf warns of each parameter that it does not know, which is no news. */
const char *
ctl_postconf(struct arena *a, const char *dir, const char *const *args)
{
	struct buf	 out = BUF_INIT;
	const char	*text = NULL;

	if (run_postconf(a, dir, args, true, &out))
		text = arena_strdup(a, buf_str(&out));
	buf_free(&out);
	return text;
}

bool
ctl_postconf_change(struct arena *a, const char *dir, const char *const *args)
{
	struct buf	out = BUF_INIT;
	bool		ok = run_postconf(a, dir, args, false, &out);

	buf_free(&out);
	return ok;
}

bool
ctl_postconf_read(struct arena *a, const char *dir, struct postfix_setup *p)
{
	static const char *const values[] = { "-x", "smtpd_milters",
	    "non_smtpd_milters", "milter_default_action", "milter_protocol",
	    "milter_content_timeout", "milter_macro_daemon_name",
	    "receive_override_options", "smtpd_forbid_bare_newline",
	    "smtpd_sasl_auth_enable", "smtpd_tls_security_level",
	    "smtpd_tls_wrappermode", "smtpd_use_tls", "queue_directory",
	    "mail_owner", "smtpd_sender_login_maps", "mydestination", NULL };
	static const char *const services[] = { "-M", NULL };
	static const char *const own[] = { "-Px", NULL };
	const char *text;

	if ((text = ctl_postconf(a, dir, values)) == NULL)
		return false;
	postfix_read_main(a, p, text);
	if ((text = ctl_postconf(a, dir, services)) == NULL)
		return false;
	postfix_read_services(a, p, text);
	if ((text = ctl_postconf(a, dir, own)) == NULL)
		return false;
	postfix_read_own(a, p, text);
	return true;
}
