/*
 * dns_server - run tests/tools/fakedns.py on a port of its own, with a
 * resolver that asks it
 */
#ifndef MILLGATE_DNS_SERVER_H
#define MILLGATE_DNS_SERVER_H

#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "dns/resolver.h"

struct server {
	pid_t	 pid;
	int	 in;		/* closing it ends the server */
	FILE	*out;
	char	 address[64];	/* 127.0.53.10@PORT */
};

static inline const char *
from_env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : otherwise;
}

static inline void
server_exec(const char *ip, const char *zone)
{
	char script[4096], file[4096];

	snprintf(script, sizeof(script), "%s/tests/tools/fakedns.py",
	    from_env("srcdir", ".."));
	snprintf(file, sizeof(file), "--zone=%s/tests/data/%s",
	    from_env("srcdir", ".."), zone != NULL ? zone : "");
	execl(from_env("PYTHON3", "/usr/bin/python3"), "python3", script,
	    zone != NULL ? file : "--delay-ms=0", ip, "0", (char *)NULL);
	_exit(127);
}

static inline void
server_start(struct server *s, const char *ip, const char *zone)
{
	int		in[2], out[2];
	unsigned	port = 0;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	fcntl(in[1], F_SETFD, FD_CLOEXEC);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		server_exec(ip, zone);
	}
	close(in[0]);
	close(out[1]);
	s->in = in[1];
	s->out = fdopen(out[0], "r");
	assert_non_null(s->out);
	if (fscanf(s->out, "ready %u", &port) != 1)
		fail_msg("tests/tools/fakedns.py does not start");
	snprintf(s->address, sizeof(s->address), "%s@%u", ip, port);
}

static inline void
server_stop(struct server *s)
{
	int status;

	close(s->in);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_int_equal(status, 0);
	fclose(s->out);
}

static inline unsigned
server_queries(struct server *s)
{
	unsigned n = 0;

	kill(s->pid, SIGUSR1);
	assert_int_equal(fscanf(s->out, " queries %u", &n), 1);
	return n;
}

static inline struct resolver *
resolver_at(const char *address, const char *anchor)
{
	const char		*why = NULL;
	const char *const	 servers[] = { address };
	const struct resolver_options options = {
		.servers = servers, .nservers = 1, .trust_anchor = anchor
	};
	struct resolver		*r = resolver_unbound_new(&options, &why);

	if (r == NULL)
		fail_msg("no resolver: %s", why);
	return r;
}

#endif
