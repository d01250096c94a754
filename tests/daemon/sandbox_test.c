/*
 * sandbox: a child closes itself in and tries what must not work. Each attempt
 * is first made by a child without the sandbox, where it must work.
 */
#include "config.h"

#include "test.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "conf/conf.h"
#include "daemon/helper_priv.h"
#include "daemon/sandbox_landlock_priv.h"
#include "daemon/sandbox_priv.h"
#include "daemon/sandbox_seccomp_priv.h"
#include "session/notifier.h"
#include "temp_dir.h"

#define NO_SUCH_CALL	9999

static int		listening;
static unsigned		port;		/* it listens there */
static bool		has_calls;	/* this build and kernel filter them */
static int		abi;		/* of Landlock */
static pid_t		parent;		/* this program */

/* --- the place ------------------------------------------------------------- */

static const char *
in_dir(const char *name)
{
	static char	 path[4][600];
	static unsigned	 i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", temp_dir, name);
	return path[i];
}

static void
put_file(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(in_dir(name), 0600), 0);
}

/* A configuration; `more` is added to it. */
static struct conf *
conf_with(const char *more)
{
	char		 text[2000], *why = NULL;
	struct conf	*c;

	snprintf(text, sizeof(text), "state = \"%s/state/state.db\"\n"
	    "control-socket = none\nsigning { key-directory = \"%s/none\" }\n"
	    "%s\n", temp_dir, temp_dir, more);
	put_file("conf/millgate.conf", text);
	c = conf_load(in_dir("conf/millgate.conf"), &why);
	if (c == NULL)
		fail_msg("%s", why);
	return c;
}

static void
listen_somewhere(void)
{
	struct sockaddr_in	at = { .sin_family = AF_INET };
	socklen_t		len = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listening, (void *)&at, len), 0);
	assert_int_equal(listen(listening, 16), 0);
	assert_int_equal(getsockname(listening, (void *)&at, &len), 0);
	port = ntohs(at.sin_port);
}

/* Can this build and kernel filter system calls? */
static bool
calls_are_limited(void)
{
	int	status = 1, fd;
	pid_t	pid = fork();
	char	*why = NULL;

	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(sandbox_seccomp(&fd, &why) ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status == 0;
}

static int
make_place(void **state)
{
	static const char	*dirs[] = { "conf", "state", "keys", "other",
				    "none" };
	size_t			 i;

	if (temp_dir_make(state) != 0)
		return 1;
	for (i = 0; i < NELEM(dirs); i++)
		assert_int_equal(mkdir(in_dir(dirs[i]), 0700), 0);
	put_file("keys/s1.private", "a private key\n");
	put_file("other/users", "");
	put_file("state/old", "");
	listen_somewhere();
	parent = getpid();
	abi = sandbox_landlock_abi();
	has_calls = calls_are_limited();
	return 0;
}

static int
remove_place(void **state)
{
	close(listening);
	return temp_dir_remove(state);
}

/* --- attempts: 0, or errno --------------------------------------------------- */

static int
answer(long result)
{
	return result >= 0 ? 0 : errno;
}

static int
open_key(void)
{
	return answer(open(in_dir("keys/s1.private"), O_RDONLY));
}

static int
open_passwd(void)
{
	return answer(open("/etc/passwd", O_RDONLY));
}

static int
read_root(void)
{
	return answer(open("/", O_RDONLY | O_DIRECTORY));
}

static int
write_beside(void)
{
	return answer(open(in_dir("other/new"), O_WRONLY | O_CREAT, 0600));
}

static int
write_conf(void)
{
	return answer(open(in_dir("conf/millgate.conf"), O_WRONLY));
}

static int
remove_conf(void)
{
	return answer(rename(in_dir("conf/millgate.conf"),
	    in_dir("conf/x"))) != 0 ? errno : answer(rename(in_dir("conf/x"),
	    in_dir("conf/millgate.conf")));
}

static int
make_link(void)
{
	unlink(in_dir("state/link"));
	return answer(symlink("/etc/passwd", in_dir("state/link")));
}

static int
change_mode(void)
{
	return answer(chmod(in_dir("state/old"), 0644));
}

static int
change_owner(void)
{
	int	fd = open(in_dir("state/old"), O_RDWR | O_CLOEXEC);
	int	error = fd == -1 ? errno : answer(fchown(fd, (uid_t)-1,
		    (gid_t)-1));

	if (fd != -1)
		close(fd);
	return error;
}

static int
read_memory_of_parent(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/mem", (long)parent);
	return answer(open(path, O_RDONLY));
}

static int
copy_memory_of_parent(void)
{
	char		octet;
	struct iovec	v = { &octet, 1 }, from = { temp_dir, 1 };

	return answer(process_vm_readv(parent, &v, 1, &from, 1, 0));
}

static int
be_traced(void)
{
	return answer(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

/* When it works, the program ends with status 0. */
static int
run_program(void)
{
	char *const	argv[] = { (char *)(uintptr_t)"true", NULL };

	execve("/bin/true", argv, argv + 1);
	return errno;
}

static int
run_by_descriptor(void)
{
	char *const	argv[] = { (char *)(uintptr_t)"true", NULL };
	int		fd = open("/bin/true", O_RDONLY | O_CLOEXEC);

	fexecve(fd, argv, argv + 1);
	return errno;
}

static int
end_child(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return answer(pid);
}

static int
fork_once(void)
{
	return end_child(fork());
}

static int
fork_by_number(void)
{
	return end_child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

/* struct clone_args: only the signal is set */
static int
fork_by_clone3(void)
{
	uint64_t args[8] = { [4] = SIGCHLD };

	return end_child(syscall(SYS_clone3, args, sizeof(args)));
}

/* Without the sandbox it stops at a hundred. */
static int
fork_bomb(void)
{
	int	i, error = 0;

	for (i = 0; i < 100 && error == 0; i++)
		error = fork_once();
	return error;
}

static int
connect_to(unsigned to)
{
	struct sockaddr_in	at = { .sin_family = AF_INET };
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_port = htons((uint16_t)to);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd == -1 ? errno : answer(connect(fd, (void *)&at,
	    sizeof(at)));
}

static int
connect_elsewhere(void)
{
	return connect_to(port);
}

static int
listen_anywhere(void)
{
	struct sockaddr_in	at = { .sin_family = AF_INET };
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (void *)&at, sizeof(at)) == -1)
		return errno;
	return answer(listen(fd, 1));
}

static int
bluetooth(void)
{
	/* without the sandbox: an unknown family, which is not EPERM */
	int error = answer(socket(AF_MAX - 1, SOCK_STREAM, 0));

	return error == EAFNOSUPPORT ? 0 : error;
}

static int
signal_parent(void)
{
	return answer(kill(parent, 0));
}

static int
signal_thread_of_parent(void)
{
	return answer(syscall(SYS_tgkill, parent, parent, 0));
}

static int
write_and_execute(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 0 : errno;
}

static int
execute_what_was_written(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : answer(mprotect(p, 4096, PROT_READ |
	    PROT_EXEC));
}

static int
new_limit(void)
{
	struct rlimit rl;

	return getrlimit(RLIMIT_CORE, &rl) != 0 ? errno :
	    answer(setrlimit(RLIMIT_CORE, &rl));
}

static int
new_namespace(void)
{
	return answer(unshare(CLONE_FILES));
}

static int
make_queue(void)
{
	return answer(syscall(SYS_inotify_init1, 0));
}

static int
unknown_call(void)
{
	/* without the sandbox: ENOSYS */
	int error = answer(syscall(NO_SUCH_CALL));

	return error == ENOSYS ? 0 : error;
}

/* --- what must go on --------------------------------------------------------- */

static void *
thread_works(void *arg)
{
	return arg;
}

static int
start_thread(void)
{
	pthread_t	thread;
	int		error = pthread_create(&thread, NULL, thread_works,
			    NULL);

	return error != 0 ? error : pthread_join(thread, NULL);
}

static int
write_state(void)
{
	int fd = open(in_dir("state/new"), O_RDWR | O_CREAT, 0600);

	if (fd == -1 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) != 0 ||
	    fsync(fd) != 0 || rename(in_dir("state/new"),
	    in_dir("state/newer")) != 0)
		return errno;
	return answer(unlink(in_dir("state/newer")));
}

static int
read_conf(void)
{
	return answer(open(in_dir("conf/millgate.conf"), O_RDONLY));
}

static int
ask_name_server(void)
{
	struct sockaddr_in	at = { .sin_family = AF_INET };
	int			fd = socket(AF_INET, SOCK_DGRAM, 0);

	at.sin_port = htons(53);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd == -1 ? errno : answer(connect(fd, (void *)&at,
	    sizeof(at)));
}

static int
read_limit(void)
{
	struct rlimit rl;

	return answer(getrlimit(RLIMIT_NOFILE, &rl));
}

/* --- the frame -------------------------------------------------------------- */

static void
close_in(const struct conf *c)
{
	const struct daemon_options	 o = { c->path, true };
	char				*why = NULL;
	struct notifier			*helper = helper_start(&o, c, &why);

	if (helper == NULL)
		_exit(201);
	sandbox_close_files(c);
	sandbox_close_calls(c, helper);
}

/* What a child says: 0, errno, or 200 and above: it failed otherwise. */
static int
try_in_child(int (*attempt)(void), const struct conf *c)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0) {
		if (c != NULL)
			close_in(c);
		_exit(attempt());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    200 + WTERMSIG(status);
}

static const struct attempt {
	const char	*name;
	int		(*attempt)(void);
	int		 error;		/* in the sandbox */
	int		 abi;		/* Landlock's version; 0: seccomp */
} attempts[] = {
	{ "a key in its own directory", open_key, EACCES, 1 },
	{ "/etc/passwd", open_passwd, EACCES, 1 },
	{ "the root directory", read_root, EACCES, 1 },
	{ "a file elsewhere", write_beside, EACCES, 1 },
	{ "the configuration", write_conf, EACCES, 1 },
	{ "its name", remove_conf, EACCES, 1 },
	{ "/proc/PID/mem", read_memory_of_parent, EACCES, 1 },
	{ "connect elsewhere", connect_elsewhere, EACCES, 4 },
	{ "a port", listen_anywhere, EACCES, 4 },
	{ "a link", make_link, EPERM, 0 },
	{ "chmod", change_mode, EPERM, 0 },
	{ "fchown", change_owner, EPERM, 0 },
	{ "process_vm_readv", copy_memory_of_parent, EPERM, 0 },
	{ "ptrace", be_traced, EPERM, 0 },
	{ "execve", run_program, EPERM, 0 },
	{ "fexecve", run_by_descriptor, EPERM, 0 },
	{ "fork", fork_once, EPERM, 0 },
	{ "clone", fork_by_number, EPERM, 0 },
	{ "clone3", fork_by_clone3, ENOSYS, 0 },
	{ "a fork bomb", fork_bomb, EPERM, 0 },
	{ "another family", bluetooth, EPERM, 0 },
	{ "kill", signal_parent, EPERM, 0 },
	{ "tgkill", signal_thread_of_parent, EPERM, 0 },
	{ "W and X", write_and_execute, EPERM, 0 },
	{ "X after W", execute_what_was_written, EPERM, 0 },
	{ "setrlimit", new_limit, EPERM, 0 },
	{ "unshare", new_namespace, EPERM, 0 },
	{ "inotify", make_queue, EPERM, 0 },
	{ "an unknown call", unknown_call, EPERM, 0 },
};

static void
what_must_not_work(void **state)
{
	struct conf		*c = conf_with("");
	const struct attempt	*a;
	unsigned		 tried = 0;
	size_t			 i;
	int			 error;

	(void)state;
	for (i = 0; i < NELEM(attempts); i++) {
		a = &attempts[i];
		if (a->abi == 0 ? !has_calls : abi < a->abi)
			continue;
		error = try_in_child(a->attempt, NULL);
		if (error != 0)
			row_fail(a->name, "without a sandbox: %d (%s)", error,
			    strerror(error));
		error = try_in_child(a->attempt, c);
		if (error != a->error)
			row_fail(a->name, "in the sandbox: %d (%s)", error,
			    error != 0 ? strerror(error) : "it works");
		tried++;
	}
	conf_unref(&c);
	print_message("# %u of %zu attempts\n", tried, NELEM(attempts));
}

static void
what_must_go_on(void **state)
{
	static const struct {
		const char	*name;
		int		(*attempt)(void);
	} rows[] = {
		{ "a thread", start_thread },
		{ "the state's directory", write_state },
		{ "the configuration", read_conf },
		{ "a question to a name server", ask_name_server },
		{ "getrlimit", read_limit },
		{ "a configured port", connect_elsewhere },
	};
	char		 servers[100];
	struct conf	*c;
	size_t		 i;
	int		 error;

	(void)state;
	snprintf(servers, sizeof(servers),
	    "resolver { servers = {\"127.0.0.1@%u\"} }", port);
	c = conf_with(servers);
	for (i = 0; i < NELEM(rows); i++) {
		error = try_in_child(rows[i].attempt, c);
		if (error != 0)
			row_fail(rows[i].name, "%d (%s)", error,
			    strerror(error));
	}
	conf_unref(&c);
}

/* sandbox = no */
static void
it_can_be_switched_off(void **state)
{
	struct conf *c = conf_with("sandbox = no");

	(void)state;
	assert_int_equal(try_in_child(fork_once, c), 0);
	assert_int_equal(try_in_child(open_passwd, c), 0);
	conf_unref(&c);
}

static pthread_barrier_t	meet;

static void *
old_thread(void *arg)
{
	int *error = arg;

	pthread_barrier_wait(&meet);	/* the filter is loaded */
	*error = answer(syscall(SYS_inotify_init1, 0));
	return NULL;
}

/* Threads that run when the filter is loaded have it, too. */
static void
threads_that_run_are_limited(void **state)
{
	struct conf	*c;
	int		 status, error = 0;
	pthread_t	 thread;
	pid_t		 pid;

	(void)state;
	if (!has_calls)
		skip();
	c = conf_with("");
	pid = fork();
	if (pid == 0) {
		const struct daemon_options	 o = { c->path, true };
		char				*why = NULL;
		struct notifier			*h = helper_start(&o, c, &why);

		sandbox_close_files(c);
		pthread_barrier_init(&meet, NULL, 2);
		pthread_create(&thread, NULL, old_thread, &error);
		sandbox_close_calls(c, h);
		pthread_barrier_wait(&meet);
		pthread_join(thread, NULL);
		_exit(error);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EPERM);
	conf_unref(&c);
}

/* The log names the call, once for many; some are usual. */
static void
a_refused_call_is_named(void **state)
{
	struct conf	*c;
	const char	*named = "sandbox: refused the system call ptrace (";
	const char	*first;
	char		 text[4096];
	int		 fd[2], status;
	size_t		 len = 0;
	ssize_t		 n;
	pid_t		 pid;

	(void)state;
	if (!has_calls)
		skip();
	c = conf_with("");
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fd[1], STDERR_FILENO);
		close(fd[0]);
		close(fd[1]);
		close_in(c);
		be_traced();
		be_traced();
		change_owner();
		_exit(unknown_call() == EPERM ? 0 : 1);
	}
	close(fd[1]);
	/* ends when the helper has ended */
	while ((n = read(fd[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	first = strstr(text, named);
	if (first == NULL || strstr(first + 1, named) != NULL ||
	    strstr(text, "refused the system call ? (9999)") == NULL ||
	    strstr(text, "fchown") != NULL)
		fail_msg("%s", text);
	conf_unref(&c);
}

/* A reload cannot widen the sandbox, and says so. */
static int
reload_elsewhere(void)
{
	struct conf	*start = conf_with(""), *files, *ports, *later;
	char		 more[700], *why = NULL;

	snprintf(more, sizeof(more), "users-file = \"%s/other/users\"",
	    temp_dir);
	files = conf_with(more);
	ports = conf_with("users-database = \"pgsql://u@db.example/d\" "
	    "users-query = \"SELECT plan FROM u WHERE login = $1\"");
	later = conf_with("pid-file = \"/elsewhere/pid\"");
	close_in(start);
	if (sandbox_allows(files, &why) || strstr(why, "users-file: the "
	    "sandbox does not allow") == NULL || strstr(why, "restart") ==
	    NULL)
		return 1;
	if (abi >= 4 && (sandbox_allows(ports, &why) || strstr(why,
	    "users-database: the sandbox does not allow connections to port "
	    "5432") == NULL))
		return 2;
	if (!sandbox_allows(later, &why))	/* it waits for a restart */
		return 3;
	if (sandbox_hint("Permission denied") == NULL || sandbox_hint("No "
	    "such file") != NULL)
		return 4;
	return sandbox_allows(start, &why) ? 0 : 5;
}

static void
a_reload_does_not_widen_it(void **state)
{
	(void)state;
	if (abi == 0)
		skip();
	assert_int_equal(try_in_child(reload_elsewhere, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_not_work),
		cmocka_unit_test(what_must_go_on),
		cmocka_unit_test(it_can_be_switched_off),
		cmocka_unit_test(threads_that_run_are_limited),
		cmocka_unit_test(a_refused_call_is_named),
		cmocka_unit_test(a_reload_does_not_widen_it),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
