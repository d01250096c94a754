/*
 * daemon_socket: is a socket that systemd passes the one of the configuration?
 */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/conf.h"
#include "daemon/daemon_socket_priv.h"

/* Listens on an unused port of this address. */
static int
listen_inet(const char *address, unsigned *port)
{
	struct sockaddr_in	in = { .sin_family = AF_INET };
	socklen_t		len = sizeof(in);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
	assert_int_equal(bind(fd, (const void *)&in, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

static int
listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const void *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(chmod(path, mode), 0);
	return fd;
}

/* `said`: a part of the message, or NULL if there is none. */
static void
expect(int fd, const char *socket, bool same, const char *said)
{
	struct conf	 c = { .socket = socket, .socket_mode = 0660 };
	char		*why = NULL;

	assert_int_equal(daemon_socket_is_of(fd, &c, &why), same);
	if (said == NULL)
		assert_null(why);
	else
		assert_non_null(strstr(why, said));
	free(why);
}

static void
a_port_is_the_same_by_any_name(void **state)
{
	unsigned	port;
	int		fd = listen_inet("127.0.0.1", &port);
	char		spec[64];

	(void)state;
	snprintf(spec, sizeof(spec), "inet:%u@127.0.0.1", port);
	expect(fd, spec, true, NULL);
	snprintf(spec, sizeof(spec), "inet:%u@localhost", port);
	expect(fd, spec, true, NULL);
	snprintf(spec, sizeof(spec), "inet:%u@127.0.0.2", port);
	expect(fd, spec, false, "opened by millgate itself");
	snprintf(spec, sizeof(spec), "inet:%u@127.0.0.1", port ^ 1);
	expect(fd, spec, false, "opened by millgate itself");
	expect(fd, "local:/run/x", false, "has \"inet:");
	close(fd);
}

static void
an_address_of_ipv6_may_have_brackets(void **state)
{
	struct sockaddr_in6	in = { .sin6_family = AF_INET6,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t		len = sizeof(in);
	int			fd = socket(AF_INET6, SOCK_STREAM, 0);
	char			spec[64];

	(void)state;
	if (fd == -1 || bind(fd, (const void *)&in, len) != 0)
		skip();		/* no IPv6 here */
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	snprintf(spec, sizeof(spec), "inet6:%u@[::1]", ntohs(in.sin6_port));
	expect(fd, spec, true, NULL);
	snprintf(spec, sizeof(spec), "inet6:%u@::1", ntohs(in.sin6_port));
	expect(fd, spec, true, NULL);
	expect(fd, "inet6:25@::1", false, "has \"inet6:");
	close(fd);
}

static void
a_unix_socket_has_the_path_and_the_mode(void **state)
{
	char	directory[] = "/tmp/daemon_socket_testXXXXXX";
	char	path[64], spec[80];
	int	fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/s", directory);
	snprintf(spec, sizeof(spec), "local:%s", path);
	fd = listen_unix(path, 0660);
	expect(fd, spec, true, NULL);
	assert_int_equal(chmod(path, 0666), 0);
	expect(fd, spec, true, "SocketMode=0660");
	expect(fd, "local:/run/other", false, path);
	expect(fd, "inet:25@127.0.0.1", false, path);
	close(fd);
	unlink(path);
	rmdir(directory);
}

static void
a_file_is_no_socket(void **state)
{
	(void)state;
	expect(STDERR_FILENO, "inet:25@127.0.0.1", false,
	    "a socket of another kind");
	expect(STDERR_FILENO, "local:/run/x", false,
	    "a socket of another kind");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_is_the_same_by_any_name),
		cmocka_unit_test(an_address_of_ipv6_may_have_brackets),
		cmocka_unit_test(a_unix_socket_has_the_path_and_the_mode),
		cmocka_unit_test(a_file_is_no_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
