/*
 * notifier: real commands, which record their environment. The scripts and
 * their output are in a directory below the current one.
 */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "session/notifier_message_priv.h"

static char	dir[512];

static int
make_dir(void **state)
{
	char cwd[400];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(dir, sizeof(dir), "%s/notifier.XXXXXX", cwd);
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int
remove_dir(void **state)
{
	char command[600];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* Write a script into the directory. Returns the command that runs it. */
static const char *
script(const char *name, const char *body)
{
	static char	 path[600];
	FILE		*f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\ncd '%s' || exit 9\n%s\n", dir, body);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

/* A helper whose command is that of `r`; a reload reads `conf`, or NULL. */
static struct notifier *
helper_of(const struct notifier_rules *r, const char *conf)
{
	struct notifier_options	 o = { .rules = r, .conf_path = conf };
	struct notifier		*n;
	char			*why = NULL;

	n = notifier_new(&o, &why);
	if (n == NULL)
		fail_msg("%s", why);
	return n;
}

static void
write_conf(const char *path, const char *command)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "quota { notify-command = \"%s\" }\n", command);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void
nap(unsigned ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Polls end after a minute, and waits of the code after 10 s. */
#define POLLS		3000	/* of 20 ms */
#define SLOWEST		10000	/* ms */

/* Wait for the file, which the script renames into place; its text. */
static const char *
text_of(const char *name)
{
	static char	 text[8192];
	char		 path[600];
	unsigned	 i;
	FILE		*f = NULL;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (i = 0; i < POLLS && f == NULL; i++) {
		nap(20);
		f = fopen(path, "r");
	}
	if (f == NULL)
		fail_msg("%s has not appeared", path);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	unlink(path);
	return text;
}

static const struct notice warning = {
	"quota-warning", "alice@example.org", NULL, "tiny", "recipients",
	"day", 8, 10, 80
};

static void
a_command_gets_what_it_should(void **state)
{
	/* 141: SIGPIPE, which the daemon ignores, kills the command */
	static const char	*want[] = {
		"MILLGATE_EVENT=quota-warning\n",
		"MILLGATE_LOGIN=alice@example.org\n", "MILLGATE_PLAN=tiny\n",
		"MILLGATE_GROUP=\n", "MILLGATE_UNIT=recipients\n",
		"MILLGATE_WINDOW=day\n",
		"MILLGATE_USED=8\n", "MILLGATE_LIMIT=10\n",
		"MILLGATE_SHARE=80\n", "args:2:one:two\"\n", "0 -> /dev/null\n",
		"2 -> /dev/null\n", "SigBlk:\t0000000000000000\n",
		"pipe:141\n", "group:yes\n",
	};
	static const char	*never[] = { "HOME=", "SECRET=", "socket:[",
				    "pipe:[", "notifier_test" };
	struct notifier_rules	 r = { NULL, 10, 4 };
	struct notifier		*n;
	sigset_t		 set;
	char			 command[700];
	const char		*text;
	int			 leak[2];
	size_t			 i;

	(void)state;
	setenv("SECRET", "x", 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(leak), 0);	/* not close-on-exec */
	snprintf(command, sizeof(command), " %s  one\ttwo\" ", script("show",
	    "{ tr '\\0' '\\n' </proc/self/environ; echo args:$#:$1:$2\n"
	    "ls -l /proc/$$/fd; cat /proc/self/status\n"
	    "sh -c 'kill -PIPE $$'; echo pipe:$?\n"
	    "kill -0 -$$ && echo group:yes; } >show.tmp; mv show.tmp shown"));
	r.command = command;
	n = helper_of(&r, NULL);
	assert_true(notifier_event(n, &r, &warning));
	text = text_of("shown");
	for (i = 0; i < NELEM(want); i++)
		if (strstr(text, want[i]) == NULL)
			row_fail(want[i], "not in:\n%s", text);
	for (i = 0; i < NELEM(never); i++)
		if (strstr(text, never[i]) != NULL)
			row_fail(never[i], "in:\n%s", text);
	close(leak[0]);
	close(leak[1]);
	notifier_free(&n);
}

/* A login comes from the client; no part of it may run as a command. */
static void
a_login_is_no_command(void **state)
{
	static const struct {
		const char *login, *want;
	} rows[] = {
		{ "a; touch bad", "[a; touch bad]" },
		{ "$(touch bad)`touch bad`", "[$(touch bad)`touch bad`]" },
		{ "' \" * | & > bad", "[' \" * | & > bad]" },
		{ "a\nTo: b\r\x7f", "[a?To: b??]" },
		{ "j\xc3\xb6rg", "[j\xc3\xb6rg]" },
		{ "", "[]" },
	};
	struct notifier_rules	 r = { NULL, 10, 1 };
	struct notice		 e = warning;
	struct notifier		*n;
	char			 path[600];
	size_t			 i;

	(void)state;
	r.command = script("login",
	    "printf '[%s]' \"$MILLGATE_LOGIN\" >login.tmp; mv login.tmp got");
	n = helper_of(&r, NULL);
	for (i = 0; i < NELEM(rows); i++) {
		e.login = rows[i].login;
		while (!notifier_event(n, &r, &e))
			nap(10);
		assert_string_equal(text_of("got"), rows[i].want);
	}
	snprintf(path, sizeof(path), "%s/bad", dir);
	assert_int_equal(access(path, F_OK), -1);
	notifier_free(&n);
}

static bool
is_gone(pid_t pid)
{
	char	 path[64], stat[256] = "";
	FILE	*f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "r");
	if (f == NULL)
		return true;
	stat[fread(stat, 1, sizeof(stat) - 1, f)] = '\0';
	fclose(f);
	/* init will reap it, or has, since the file was opened */
	return strstr(stat, ") Z ") != NULL || stat[0] == '\0';
}

static void
until_gone(pid_t pid)
{
	unsigned i;

	for (i = 0; i < POLLS && !is_gone(pid); i++)
		nap(20);
	assert_true(is_gone(pid));
}

static void
wait_gone(const char *file)
{
	pid_t pid = (pid_t)atol(text_of(file));

	assert_true(pid > 1);
	until_gone(pid);
}

static void
a_hanging_command_is_killed_with_its_group(void **state)
{
	/* on a busy machine the script takes a second to start */
	struct notifier_rules	 r = { NULL, 5, 1 };
	struct notifier		*n;
	uint64_t		 began = now_ms();

	(void)state;
	r.command = script("hang", "trap '' TERM INT HUP; sleep 60 &\n"
	    "echo $! >c.tmp; mv c.tmp child; echo $$ >p.tmp; mv p.tmp parent\n"
	    "while :; do sleep 60; done");
	n = helper_of(&r, NULL);
	assert_true(notifier_event(n, &r, &warning));
	wait_gone("parent");
	wait_gone("child");
	/* a timeout needs a clock; a busy machine may be late */
	assert_in_range(now_ms() - began, 5000, 5000 + SLOWEST);
	while (!notifier_event(n, &r, &warning))	/* there is room again */
		nap(10);
	notifier_free(&n);
}

static void
what_a_command_leaves_behind_is_killed(void **state)
{
	struct notifier_rules	 r = { NULL, 30, 1 };
	struct notifier		*n;

	(void)state;
	r.command = script("leave", "sleep 60 & echo $! >l.tmp; mv l.tmp left");
	n = helper_of(&r, NULL);
	assert_true(notifier_event(n, &r, &warning));
	wait_gone("left");
	notifier_free(&n);
}

static void
the_end_of_the_daemon_is_theirs(void **state)
{
	struct notifier_rules	 r = { NULL, 60, 2 };
	struct notifier		*n;
	uint64_t		 began;
	pid_t			 pid;

	(void)state;
	r.command = script("stay", "echo $$ >s.tmp; mv s.tmp stays; sleep 60");
	n = helper_of(&r, NULL);
	assert_true(notifier_event(n, &r, &warning));
	pid = (pid_t)atol(text_of("stays"));
	began = now_ms();
	notifier_free(&n);
	assert_in_range(now_ms() - began, 0, SLOWEST);	/* not a minute */
	assert_true(is_gone(pid));
}

/* Wait until a file has so many octets; the scripts append to it. */
static void
wait_size(const char *name, off_t want)
{
	char		 path[600];
	struct stat	 st = { .st_size = 0 };
	unsigned	 i;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (i = 0; i < POLLS && st.st_size < want; i++) {
		nap(20);
		(void)stat(path, &st);
	}
	assert_int_equal(st.st_size, want);
}

/*
 * 1,000 events: never more than four commands run, the rest is dropped. No
 * event waits for a command: they all run until there is a gate.
 */
static void
many_at_once_are_bounded(void **state)
{
	struct notifier_rules	 r = { NULL, 600, 4 };
	struct notifier		*n;
	unsigned		 i, taken = 0;
	char			 command[600];

	(void)state;
	snprintf(command, sizeof(command), "%s", script("one", "echo >>ran\n"
	    "until test -e gate; do sleep 0.1; done; echo >>done"));
	r.command = command;
	n = helper_of(&r, NULL);
	for (i = 0; i < 1000; i++)
		taken += notifier_event(n, &r, &warning) ? 1 : 0;
	assert_int_equal(taken, 4);
	script("gate", "");
	while (!notifier_event(n, &r, &warning))
		nap(50);
	wait_size("done", 5);
	nap(300);	/* if more commands run, they show themselves now */
	wait_size("ran", 5);
	notifier_free(&n);
}

static void
what_cannot_be_run_frees_its_place(void **state)
{
	static const char	*commands[] = { "/nonexistent/program", "/",
				    "/dev/null x", " " };
	struct notifier_rules	 r = { NULL, 10, 1 };
	struct notifier		*n;
	unsigned		 i, k;

	(void)state;
	for (i = 0; i < NELEM(commands); i++) {
		r.command = commands[i];
		n = helper_of(&r, NULL);
		assert_true(notifier_event(n, &r, &warning));
		for (k = 0; k < POLLS && !notifier_event(n, &r, &warning); k++)
			nap(20);
		assert_true(k < POLLS);
		notifier_free(&n);
	}
}

static void
no_command_no_notifier(void **state)
{
	struct notifier_rules	 none = { NULL, 10, 4 };
	struct notifier_rules	 some = { "/bin/true", 10, 4 };
	struct notifier		*n;

	(void)state;
	n = helper_of(&none, NULL);
	assert_false(notifier_event(n, &none, &warning));
	assert_false(notifier_event(NULL, &some, &warning));
	notifier_free(&n);
	notifier_free(&n);
}

/*
 * The daemon reads bytes of strangers, and the helper does not: what the
 * daemon names is not run, but what the configuration file says.
 */
static void
the_helper_alone_knows_the_command(void **state)
{
	struct notifier_rules	 own = { NULL, 10, 1 };
	struct notifier_rules	 other = { NULL, 10, 1 };
	struct notifier		*n;
	char			 first[600], second[600], conf[600];

	(void)state;
	snprintf(first, sizeof(first), "%s", script("first",
	    "echo first >1.tmp; mv 1.tmp ran"));
	snprintf(second, sizeof(second), "%s", script("second",
	    "echo second >2.tmp; mv 2.tmp ran"));
	snprintf(conf, sizeof(conf), "%s/conf", dir);
	own.command = first;
	other.command = second;
	n = helper_of(&own, conf);
	assert_true(notifier_event(n, &other, &warning));
	assert_string_equal(text_of("ran"), "first\n");
	write_conf(conf, second);
	notifier_reload(n);
	while (!notifier_event(n, &own, &warning))
		nap(10);
	assert_string_equal(text_of("ran"), "second\n");
	write_conf(conf, "no path");
	notifier_reload(n);	/* and the command remains */
	while (!notifier_event(n, &own, &warning))
		nap(10);
	assert_string_equal(text_of("ran"), "second\n");
	notifier_free(&n);
}

/* What ends the daemon also ends the helper, and the commands. */
static void
a_killed_daemon_leaves_no_command(void **state)
{
	struct notifier_rules	 r = { NULL, 600, 1 };
	pid_t			 daemon, command;

	(void)state;
	r.command = script("stays", "echo $$ >d.tmp; mv d.tmp runs; sleep 600");
	daemon = fork();
	if (daemon == 0) {
		notifier_event(helper_of(&r, NULL), &r, &warning);
		for (;;)
			pause();
	}
	command = (pid_t)atol(text_of("runs"));
	assert_true(command > 1);
	kill(daemon, SIGKILL);
	assert_int_equal(waitpid(daemon, NULL, 0), daemon);
	until_gone(command);
}

/* Packets that our own side never sends do nothing, and the next is served. */
static void
packets_of_another_form_are_dropped(void **state)
{
	static const char	good[] = "r1\0002\0003\0004\0005\0006\0007\0008\0009"
				    "\0a\0b\0c";
	static char		large[3 * NOTIFIER_PACKET];
	const struct {
		const char	*data;
		size_t		 len;
	} bad[] = {
		{ "r", 1 }, { "r\0", 2 }, { "x", 1 }, { "w", 1 }, { "\0", 1 },
		{ good, sizeof(good) - 1 },	/* the last is not ended */
		{ good, sizeof(good) - 2 },	/* eleven */
		{ large, NOTIFIER_PACKET }, { large, sizeof(large) }
	};
	struct notifier_rules	 r = { NULL, 10, 1 };
	struct notifier_options	 o = { .rules = &r };
	int			 fd[2];
	char			 octet;
	size_t			 i;
	pid_t			 pid;

	(void)state;
	memset(large, 'r', sizeof(large));
	r.command = script("form", "echo $MILLGATE_EVENT$MILLGATE_REASON "
	    ">f.tmp; mv f.tmp formed");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	pid = fork();
	if (pid == 0)
		notifier_helper(fd[1], &o);
	close(fd[1]);
	for (i = 0; i < NELEM(bad); i++)
		assert_int_equal(send(fd[0], bad[i].data, bad[i].len, 0),
		    bad[i].len);
	assert_int_equal(send(fd[0], good, sizeof(good), 0), sizeof(good));
	assert_string_equal(text_of("formed"), "1c\n");
	shutdown(fd[0], SHUT_WR);
	for (i = 0; recv(fd[0], &octet, 1, 0) == 1; i++)
		;
	/* each event gives its place back; "x", "w" and "\0" are none */
	assert_in_range(i, NELEM(bad) - 3, NELEM(bad) - 2);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_gets_what_it_should),
		cmocka_unit_test(a_login_is_no_command),
		cmocka_unit_test(a_hanging_command_is_killed_with_its_group),
		cmocka_unit_test(what_a_command_leaves_behind_is_killed),
		cmocka_unit_test(the_end_of_the_daemon_is_theirs),
		cmocka_unit_test(many_at_once_are_bounded),
		cmocka_unit_test(what_cannot_be_run_frees_its_place),
		cmocka_unit_test(no_command_no_notifier),
		cmocka_unit_test(the_helper_alone_knows_the_command),
		cmocka_unit_test(a_killed_daemon_leaves_no_command),
		cmocka_unit_test(packets_of_another_form_are_dropped),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
