/*
 * redis_server - a real Redis server for a test: on a port of the loopback
 * interface, with an empty directory; it ends with the test
 *
 * The program is redis-server below $MILLGATE_PROGRAMS (contrib/lib/programs
 * unpacks it there), or the system's. Without one tests are skipped.
 */
#ifndef MILLGATE_REDIS_SERVER_H
#define MILLGATE_REDIS_SERVER_H

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "store/store.h"
#include "store/store_one.h"

#define REDIS_ARGUMENTS	16

struct redis_process {
	pid_t		 pid;
	unsigned	 port;
	char		 url[64];
	char		 dir[64];
};

/* NULL: not installed. */
static inline const char *
redis_program(void)
{
	static char	 path[512];
	const char	*root = getenv("MILLGATE_PROGRAMS");
	const char	*srcdir = getenv("srcdir");

	if (root != NULL)
		snprintf(path, sizeof(path), "%s/usr/bin/redis-server", root);
	else
		snprintf(path, sizeof(path),
		    "%s/build-programs/usr/bin/redis-server",
		    srcdir != NULL ? srcdir : ".");
	if (access(path, X_OK) != 0)
		snprintf(path, sizeof(path), "/usr/bin/redis-server");
	return access(path, X_OK) == 0 ? path : NULL;
}

/* Is Redis built in, and is a server installed? */
static inline bool
redis_is_possible(void)
{
	struct store	*s;
	char		*why = NULL;
	bool		 possible;

	s = store_open("redis://127.0.0.1", &why);
	possible = s != NULL && redis_program() != NULL;
	if (!possible)
		print_message("[  SKIPPED ] redis: %s\n", s == NULL ? why :
		    "no redis-server; run contrib/lib/programs");
	store_close(&s);
	free(why);
	return possible;
}

static inline int
redis_connect(unsigned port)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };
	struct timeval		patience = { .tv_sec = 5 };
	int			fd = socket(AF_INET, SOCK_STREAM |
				    SOCK_CLOEXEC, 0);

	sin.sin_port = htons((uint16_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A command of one line; the beginning of the reply, "" if there is none. */
static inline const char *
redis_say(unsigned port, const char *command)
{
	static char	reply[4096];
	int		fd = redis_connect(port);
	ssize_t		n = -1;

	reply[0] = '\0';
	if (fd == -1)
		return reply;
	if (dprintf(fd, "%s\r\n", command) > 0)
		n = recv(fd, reply, sizeof(reply) - 1, 0);
	reply[n > 0 ? n : 0] = '\0';
	close(fd);
	return reply;
}

/* A free port of the loopback interface. */
static inline unsigned
free_port(void)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };
	socklen_t		len = sizeof(sin);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) != 0)
		fail_msg("no free port");
	close(fd);
	return ntohs(sin.sin_port);
}

/* The child's part: does not return. */
static inline void
redis_exec(const struct redis_process *r, const char *const *more)
{
	const char	*arg[REDIS_ARGUMENTS + 16];
	char		 port[16];
	int		 n = 0, null = open("/dev/null", O_RDWR);

	snprintf(port, sizeof(port), "%u", r->port);
	arg[n++] = "redis-server";
	arg[n++] = "--port";
	arg[n++] = port;
	arg[n++] = "--bind";
	arg[n++] = "127.0.0.1";
	arg[n++] = "--dir";
	arg[n++] = r->dir;
	arg[n++] = "--save";
	arg[n++] = "";
	while (more != NULL && *more != NULL)
		arg[n++] = *more++;
	arg[n] = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execv(redis_program(), (char *const *)arg);
	_exit(127);
}

/* Start it (again) on its port, and wait until it listens. */
static inline void
redis_start(struct redis_process *r, const char *const *more)
{
	int	tries, fd = -1;

	if (r->port == 0) {
		r->port = free_port();
		snprintf(r->url, sizeof(r->url), "redis://127.0.0.1:%u/0",
		    r->port);
		snprintf(r->dir, sizeof(r->dir),
		    "/tmp/millgate-redis-XXXXXX");
		if (mkdtemp(r->dir) == NULL)
			fail_msg("no directory");
	}
	r->pid = fork();
	if (r->pid == 0)
		redis_exec(r, more);
	for (tries = 0; tries < 500 && fd == -1; tries++) {
		usleep(10000);
		fd = redis_connect(r->port);
	}
	if (fd == -1)
		fail_msg("redis-server does not listen");
	close(fd);
}

static inline void
redis_kill(struct redis_process *r)
{
	if (r->pid <= 0)
		return;
	kill(r->pid, SIGCONT);
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	r->pid = 0;
}

/* Kill it, and remove its files. */
static inline void
redis_end(struct redis_process *r)
{
	static const char *const names[] = { "dump.rdb", "users.acl" };
	char			 path[128];
	size_t			 i;

	redis_kill(r);
	for (i = 0; r->port != 0 && i < NELEM(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", r->dir, names[i]);
		unlink(path);
	}
	if (r->port != 0)
		rmdir(r->dir);
	r->port = 0;
}

#endif
