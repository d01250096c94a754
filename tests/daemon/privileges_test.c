/*
 * privileges: which group the socket may have, and whom a file's owner, group
 * and mode let write
 *
 * With the users of base-passwd: the group of daemon is daemon, and games
 * belongs to games alone.
 */
#include "test.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "daemon/privileges.h"

static void
the_group_of_the_socket_is_not_the_daemons(void **state)
{
	static const struct {
		const char *user, *group, *want;	/* part of the error */
	} rows[] = {
		{ "daemon", NULL, NULL },
		{ "daemon", "games", NULL },
		{ "no-such-user", "games", NULL },
		{ "root", "games", NULL },
		{ "daemon", "daemon", "socket-group \"daemon\" is the "
		    "daemon's own group" },
		{ "root", "root", "socket-group \"root\" is the daemon's own "
		    "group" },
		{ "daemon", "no-such-group", "no such group; create it "
		    "(addgroup --system no-such-group)" },
		{ "daemon", "", "no such group" },
	};
	char	*why;
	bool	 ok;
	size_t	 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		why = NULL;
		ok = privileges_may_connect(rows[i].user, rows[i].group,
		    &why);
		if (ok != (rows[i].want == NULL) || ok != (why == NULL) ||
		    (!ok && strstr(why, rows[i].want) == NULL))
			row_fail(rows[i].group, "%s", why != NULL ? why :
			    "allowed");
		free(why);
	}
}

/* What runs without root is the daemon itself, whatever `user` says. */
static void
the_group_of_this_process_is_refused_without_root(void **state)
{
	struct group	*gr = getgrgid(getegid());
	char		*why = NULL;

	(void)state;
	if (geteuid() == 0 || gr == NULL)
		skip();
	assert_false(privileges_may_connect("no-such-user", gr->gr_name,
	    &why));
	assert_non_null(strstr(why, "own group"));
	free(why);
}

static void
owner_group_and_mode_say_who_may_write(void **state)
{
	static const struct {
		const char	*name, *user;
		const char	*owner, *group;
		mode_t		 mode;
		bool		 want;
	} rows[] = {
		{ "a member", "games", "daemon", "games", 0660, true },
		{ "not a member", "games", "daemon", "daemon", 0660, false },
		{ "a mode without the group", "games", "daemon", "games", 0600,
		    false },
		{ "the owner", "games", "games", "daemon", 0600, true },
		{ "the owner is asked first", "games", "games", "games", 0060,
		    false },
		{ "all", "games", "daemon", "daemon", 0662, true },
		{ "root", "root", "daemon", "daemon", 0, true },
		{ "an unknown user", "no-such-user", "daemon", "daemon", 0,
		    true },
	};
	char	path[] = "/tmp/millgate-test-XXXXXX";
	int	fd = mkstemp(path);
	size_t	i;

	(void)state;
	assert_int_not_equal(fd, -1);
	close(fd);
	for (i = 0; i < NELEM(rows) && geteuid() == 0; i++) {
		if (chown(path, getpwnam(rows[i].owner)->pw_uid,
		    getgrnam(rows[i].group)->gr_gid) != 0 ||
		    chmod(path, rows[i].mode) != 0)
			row_fail(rows[i].name, "cannot change the file");
		if (privileges_reach(rows[i].user, path) != rows[i].want)
			row_fail(rows[i].name, "%d", !rows[i].want);
	}
	unlink(path);
	assert_true(privileges_reach("games", path));
}

/* As under the unit, which forbids chown(2) to a member of the group, too. */
static void
why_a_file_cannot_be_given_to_the_group(void **state)
{
	static const struct {
		gid_t		 member, effective;
		const char	*want;
	} rows[] = {
		{ 1, 2, "chgrp daemon '/dev' && chmod g+s '/dev'" },
		{ 2, 1, "chgrp daemon '/dev' && chmod g+s '/dev'" },
		{ 2, 2, "must be a member (adduser daemon daemon)" },
	};
	struct privileges_owner	 o = { .uid = (uid_t)-1, .gid = 1 };
	size_t			 i;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (i = 0; i < NELEM(rows); i++) {
		gid_t	 old[64];
		int	 n = getgroups(NELEM(old), old);
		int	 fd = open("/dev/null", O_RDONLY);
		char	*why = NULL;
		bool	 ok;

		if (n < 0 || setgroups(1, &rows[i].member) != 0 ||
		    setegid(rows[i].effective) != 0 || seteuid(1) != 0)
			fail_msg("cannot become user 1");
		ok = privileges_give(fd, "/dev/null", &o, &why);
		if (seteuid(0) != 0 || setegid(0) != 0 ||
		    setgroups((size_t)n, old) != 0)
			fail_msg("cannot become root");
		close(fd);
		assert_false(ok);
		if (strstr(why, rows[i].want) == NULL)
			row_fail(rows[i].want, "%s", why);
		free(why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_group_of_the_socket_is_not_the_daemons),
		cmocka_unit_test(
		    the_group_of_this_process_is_refused_without_root),
		cmocka_unit_test(owner_group_and_mode_say_who_may_write),
		cmocka_unit_test(why_a_file_cannot_be_given_to_the_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
