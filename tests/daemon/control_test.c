/*
 * control: requests and answers over the socket, and a socket that exists
 */
#include "test.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "daemon/control_priv.h"
#include "ctl/ctl_ask_priv.h"
#include "base/json.h"
#include "base/monotonic.h"
#include "conf/users_query.h"
#include "session/observed.h"
#include "dns/resolver.h"
#include "session/services.h"
#include "store/store.h"

static char	directory[] = "/tmp/millgate-control-XXXXXX";
static char	path[64];

static struct services *
open_services(const char *text)
{
	char		*why = NULL;
	struct conf	*c = conf_load_text("test", text, &why);

	assert_non_null(c);
	return services_new(setup_new(c, &why), resolver_zone_new("", &why),
	    store_open_memory(), "mx.example.net");
}

static int
connect_to(void)
{
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (connect(fd, (void *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Returns the length of the answer, after which the daemon closes. */
static size_t
ask(const char *question, size_t len, char *answer, size_t size)
{
	int	fd = connect_to();
	size_t	n = 0;
	ssize_t	got;

	assert_int_not_equal(fd, -1);
	assert_int_equal(send(fd, question, len, MSG_NOSIGNAL), len);
	while (n < size - 1 && (got = read(fd, answer + n, size - 1 - n)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	close(fd);
	return n;
}

static void
questions_are_answered(void **state)
{
	static char	answer[65536];
	struct services	*sv = open_services("");
	char		*why = NULL, many[1000];
	struct control	*c = control_open(path, sv, &why);
	struct stat	 st;
	struct json	 v, list;
	size_t		 n;

	(void)state;
	assert_non_null(c);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	observed_listener(sv->observed, "mx \"quoted\"");
	atomic_store(&sv->counters.messages, 17);

	n = ask("stats\n", 6, answer, sizeof(answer));
	assert_true(json_parse(answer, n, &v));
	assert_int_equal(json_get_number(v, "messages"), 17);
	assert_true(json_get(v, "listeners", &list));
	assert_null(strstr(answer, "macros"));
	n = ask("doctor\n", 7, answer, sizeof(answer));
	assert_true(json_parse(answer, n, &v));
	assert_non_null(strstr(answer, "{auth_type}"));
	n = ask("nonsense\n", 9, answer, sizeof(answer));
	assert_true(json_parse(answer, n, &v));
	assert_true(json_get(v, "error", &list));

	/* too long, or not a line: no answer, and the next client is served */
	memset(many, 'x', sizeof(many));
	assert_int_equal(ask(many, sizeof(many), answer, sizeof(answer)), 0);
	close(connect_to());
	assert_true(ask("stats\n", 6, answer, sizeof(answer)) > 0);

	control_close(&c);
	assert_int_not_equal(stat(path, &st), 0);
	services_free(&sv);
}

/* Fill a database with one login, or make it blocked. */
static void
run_sql(const char *file, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static bool
is_blocked(struct services *sv, const char *login)
{
	struct arena		*a = arena_new(0);
	struct setup		*st = services_setup(sv);
	struct users_reply	 r = users_query_find(st->users, login,
				     monotonic_ms(), a);
	bool			 blocked;

	assert_int_equal(r.answer, USERS_FOUND);
	blocked = r.user->block;
	setup_unref(&st);
	arena_free(&a);
	return blocked;
}

static void
cached_logins_are_forgotten(void **state)
{
	char		 answer[65536], file[80], text[300], *why = NULL;
	struct services	*sv = open_services("");
	struct control	*c = control_open(path, sv, &why);
	struct json	 v, users = { 0 };
	size_t		 n;

	(void)state;
	ask("forget-all\n", 11, answer, sizeof(answer));
	assert_string_equal(answer, "{\"forgotten\": false}\n");
	control_close(&c);
	services_free(&sv);
	snprintf(file, sizeof(file), "%s/users.db", directory);
	run_sql(file, "CREATE TABLE u (l, blocked); "
	    "INSERT INTO u VALUES ('a@example.org', 0), ('b', 0)");
	snprintf(text, sizeof(text), "users-database = \"%s\"\nusers-query = "
	    "\"SELECT blocked FROM u WHERE l = $1\"\nlogin-domain = "
	    "example.org\nusers-timeout = 60000\n", file);
	sv = open_services(text);
	c = control_open(path, sv, &why);
	assert_false(is_blocked(sv, "a@example.org") || is_blocked(sv, "b"));
	run_sql(file, "UPDATE u SET blocked = 1");
	assert_false(is_blocked(sv, "a@example.org") || is_blocked(sv, "b"));
	/* the login as it is counted: with login-domain */
	ask("forget A\n", 9, answer, sizeof(answer));
	assert_string_equal(answer, "{\"forgotten\": true}\n");
	assert_true(is_blocked(sv, "a@example.org"));
	assert_false(is_blocked(sv, "b"));
	ask("forget-all\n", 11, answer, sizeof(answer));
	assert_true(is_blocked(sv, "b"));
	n = ask("stats\n", 6, answer, sizeof(answer));
	assert_true(json_parse(answer, n, &v) && json_get(v, "users", &users));
	assert_int_equal(json_get_number(users, "asked"), 4);
	assert_int_equal(json_get_number(users, "cached"), 3);
	assert_int_equal(json_get_number(users, "kept"), 1);
	control_close(&c);
	services_free(&sv);
	unlink(file);
}

static void
a_client_that_says_nothing_is_left_after_its_time(void **state)
{
	static char	answer[65536];
	struct services	*sv = open_services("");
	char		*why = NULL;
	struct control	*c = control_open(path, sv, &why);
	int		 idle = connect_to();

	(void)state;
	assert_int_not_equal(idle, -1);
	assert_true(ask("stats\n", 6, answer, sizeof(answer)) > 0);
	assert_int_equal(read(idle, answer, 1), 0);
	close(idle);
	control_close(&c);
	services_free(&sv);
}

static void
an_old_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	struct services		*sv = open_services("");
	struct control		*c, *second;
	char			*why = NULL, longer[200];
	int			 fd = socket(AF_UNIX, SOCK_STREAM, 0);
	FILE			*f;

	(void)state;
	/* as a crash leaves it: bound, but not served */
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(bind(fd, (void *)&un, sizeof(un)), 0);
	close(fd);
	c = control_open(path, sv, &why);
	assert_non_null(c);
	second = control_open(path, sv, &why);
	assert_null(second);
	assert_non_null(strstr(why, "another millgate serves it"));
	free(why);
	close(connect_to());	/* the first one still serves */
	control_close(&c);

	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_null(control_open(path, sv, &why));
	assert_non_null(strstr(why, "a file with this name exists"));
	free(why);
	assert_int_equal(unlink(path), 0);

	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	assert_null(control_open(longer, sv, &why));
	assert_non_null(strstr(why, "too long"));
	free(why);
	assert_null(control_open("/nowhere/at/all", sv, &why));
	assert_non_null(strstr(why, "/nowhere/at/all"));
	free(why);
	services_free(&sv);
}

static void
the_tool_asks_where_the_configuration_says(void **state)
{
	struct services	*sv = open_services("");
	struct buf	 text = BUF_INIT, options = BUF_INIT;
	char		*why = NULL, real[80];
	struct conf	*conf;
	struct control	*c;
	struct json	 v;

	(void)state;
	buf_printf(&options, "control-socket = \"%s\"\n", path);
	conf = conf_load_text("test", buf_str(&options), &why);
	assert_non_null(conf);
	assert_false(ctl_ask(conf, "stats", &text, &v));
	c = control_open(path, sv, &why);
	buf_reset(&text);
	assert_true(ctl_ask(conf, "stats", &text, &v));
	assert_true(json_get_number(v, "pid") == (uint64_t)getpid());
	buf_reset(&text);
	assert_false(ctl_ask(conf, "what", &text, &v));
	/* a link may lead to the socket of another program */
	snprintf(real, sizeof(real), "%s-real", path);
	assert_int_equal(rename(path, real), 0);
	assert_int_equal(symlink(real, path), 0);
	buf_reset(&text);
	assert_false(ctl_ask(conf, "stats", &text, &v));
	unlink(real);
	control_close(&c);
	conf_unref(&conf);
	conf = conf_load_text("test", "control-socket = none", &why);
	assert_false(ctl_ask(conf, "stats", &text, &v));
	conf_unref(&conf);
	buf_free(&text);
	buf_free(&options);
	services_free(&sv);
}

static void
the_default_is_beside_the_state_file(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "state = \"/x/state.db\"", "/x/state.db-control" },
		{ "state = \"redis://127.0.0.1/0\"", STATEDIR "/control" },
		{ "state = \"/x/y\" control-socket = \"/run/c\"", "/run/c" },
		{ "control-socket = none", CONF_NO_SOCKET },
	};
	char		*why = NULL, bad[300];
	struct conf	*c;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		c = conf_load_text("test", rows[i].text, &why);
		if (c == NULL)
			row_fail(rows[i].text, "%s", why);
		assert_string_equal(c->control_socket, rows[i].want);
		conf_unref(&c);
	}
	snprintf(bad, sizeof(bad), "state = \"/%0120d\"", 1);
	assert_null(conf_load_text("test", bad, &why));
	assert_non_null(strstr(why, "control-socket"));
	free(why);
	assert_null(conf_load_text("test", "control-socket = c", &why));
	free(why);
}

static int
make_directory(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/control", directory);
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_are_answered),
		cmocka_unit_test(cached_logins_are_forgotten),
		cmocka_unit_test(
		    a_client_that_says_nothing_is_left_after_its_time),
		cmocka_unit_test(
		    an_old_socket_is_replaced_and_a_live_one_is_not),
		cmocka_unit_test(the_tool_asks_where_the_configuration_says),
		cmocka_unit_test(the_default_is_beside_the_state_file),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
