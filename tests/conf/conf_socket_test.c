/*
 * conf_socket: who else can connect to the socket, by its address and by the
 * users of the host
 */
#include "test.h"

#include <unistd.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/conf_socket.h"

#define SYSTEM	"root:x:0:0:root:/root:/bin/bash\n"			\
		"www-data:x:33:33::/var/www:/usr/sbin/nologin\n"	\
		"postgres:x:110:110::/var/lib/postgresql:/bin/bash\n"	\
		"nobody:x:65534:65534::/nonexistent:/bin/sh\n"		\
		"sync:x:1001:65534:sync:/bin:/bin/sync\n"		\
		"ftp:x:1002:1002::/srv/ftp:/bin/false\n"		\
		"deleted:x:1003:1003::/home/d:/usr/sbin/nologin\n"

static char	file[] = "/tmp/millgate-test-XXXXXX";

static const char *
passwd_with(const char *text)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	return file;
}

static void
users_can_log_in(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{ "an empty file", "", NULL },
		{ "a host without users", SYSTEM, NULL },
		{ "one user", SYSTEM "alice:x:1000:1000::/home/a:/bin/bash\n",
		    "alice" },
		{ "an empty shell is /bin/sh", SYSTEM
		    "bob:x:1004:1004::/home/b:\n", "bob" },
		{ "lines that are no entries", "x\n::\n\n#c\n+::::::\n" SYSTEM
		    "eve:x:60001:60001::/home/e:/usr/bin/fish\n", "eve" },
		{ "a name with control characters",
		    "a\033[2J:x:1000:1000::/:/bin/sh\n", "a\\x1b[2J" },
	};
	struct arena	*a = arena_new(0);
	const char	*found;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		found = conf_host_user(a, passwd_with(rows[i].text));
		if ((found == NULL) != (rows[i].want == NULL) ||
		    (found != NULL && strcmp(found, rows[i].want) != 0))
			row_fail(rows[i].name, "%s", found != NULL ? found :
			    "none");
	}
	assert_null(conf_host_user(a, "/no/such/file"));
	arena_free(&a);
}

/* The text for this socket on a host with, or without, the user alice. */
static const char *
danger_of(struct arena *a, const char *conf_text, bool users)
{
	char			*why = NULL;
	struct conf		*c = conf_load_text("t", conf_text, &why);
	struct conf_danger	 danger;
	bool			 found;

	if (c == NULL)
		row_fail(conf_text, "%s", why);
	found = conf_socket_danger(a, c, passwd_with(users ? SYSTEM
	    "alice:x:1000:1000::/home/a:/bin/bash\n" : SYSTEM), &danger);
	conf_unref(&c);
	return found ? danger.text : "";
}

static void
each_socket_has_its_reach(void **state)
{
	static const struct {
		const char *text, *alone, *users;	/* parts of the text */
	} rows[] = {
		{ "", "", "" },
		{ "socket = unix:/s socket-group = mta", "", "" },
		{ "socket-mode = \"0666\"", "every user", "every user" },
		{ "socket-mode = \"0662\"", "every user", "every user" },
		{ "socket-mode = \"0664\"", "", "" },
		{ "socket = inet:8899@127.0.0.1", "", "(alice, for example)" },
		{ "socket = inet:8899@127.8.9.1", "", "(alice, for example)" },
		{ "socket = inet:8899@localhost", "", "(alice, for example)" },
		{ "socket = \"inet6:8899@[::1]\"", "", "(alice, for example)" },
		{ "socket = inet6:8899@::1", "", "(alice, for example)" },
		{ "socket = inet:8899@0.0.0.0", "every host", "every host" },
		{ "socket = inet6:8899@::", "every host", "every host" },
		{ "socket = inet:8899@192.0.2.1", "every host", "every host" },
		{ "socket = inet:8899@mx", "every host", "every host" },
	};
	struct arena	*a = arena_new(0);
	const char	*found;
	size_t		 i;

	(void)state;
	for (i = 0; i < 2 * NELEM(rows); i++) {
		const char *want = i % 2 == 0 ? rows[i / 2].alone :
		    rows[i / 2].users;

		found = danger_of(a, rows[i / 2].text, i % 2 == 1);
		if (want[0] == '\0' ? found[0] != '\0' :
		    strstr(found, want) == NULL)
			row_fail(rows[i / 2].text, "%s", found);
	}
	arena_free(&a);
}

static int
set_up(void **state)
{
	(void)state;
	return mkstemp(file) == -1;
}

static int
tear_down(void **state)
{
	(void)state;
	return unlink(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_can_log_in),
		cmocka_unit_test(each_socket_has_its_reach),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
