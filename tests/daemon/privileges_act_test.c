/*
 * privileges: root acts as another user for a moment, and is root again.
 */
#include "config.h"

#include "test.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <unistd.h>

#include "daemon/privileges.h"

#define NOBODY	65534		/* the user and its group nogroup */
#define GAMES	"games"

static char	top[] = "/tmp/privileges_test.XXXXXX";
static char	theirs[64], at[96];

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(theirs, sizeof(theirs), "%s/theirs", top);
	snprintf(at, sizeof(at), "%s/file", theirs);
	return chmod(top, 0755) != 0 || mkdir(theirs, 0755) != 0 ||
	    (geteuid() == 0 && chown(theirs, NOBODY, NOBODY) != 0);
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command);
}

static void
root_acts_and_is_root_again(void **state)
{
	struct privileges_acting	 a;
	gid_t				 before[64], after[64];
	int				 nbefore, nafter;
	char				*why = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	nbefore = getgroups(64, before);
	assert_true(privileges_act("nobody", &a, &why));
	assert_int_equal(geteuid(), NOBODY);
	assert_int_equal(getegid(), NOBODY);
	assert_int_equal(getgroups(64, after), 1);
	assert_int_equal(after[0], NOBODY);
	assert_int_equal(open("/etc/shadow", O_RDONLY), -1);
	privileges_act_end(&a);
	assert_int_equal(geteuid(), 0);
	assert_int_equal(getegid(), getgid());
	nafter = getgroups(64, after);
	assert_int_equal(nafter, nbefore);
	if (nafter > 0)
		assert_memory_equal(after, before, (size_t)nafter *
		    sizeof(after[0]));
	/* root is told to stay root */
	assert_true(privileges_act("root", &a, &why));
	assert_int_equal(geteuid(), 0);
	privileges_act_end(&a);
	assert_false(privileges_act("nosuchuser", &a, &why));
	assert_non_null(strstr(why, "no such user"));
	free(why);
}

static void
the_directory_decides(void **state)
{
	static const struct { const char *path; uid_t uid; } rows[] = {
		{ "/etc/file", 0 },
		{ "/file", 0 },
		{ "/tmp/file", NOBODY },
		{ at, NOBODY },
		{ "/nowhere/file", NOBODY },
	};
	struct privileges_acting	 a;
	char				*why = NULL;
	size_t				 i;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (i = 0; i < NELEM(rows); i++) {
		assert_true(privileges_act_at(rows[i].path, "nobody", &a,
		    &why));
		if (geteuid() != rows[i].uid)
			row_fail(rows[i].path, "user id %d", (int)geteuid());
		privileges_act_end(&a);
		assert_int_equal(geteuid(), 0);
	}
}

static void
an_owner_is_parsed_and_given(void **state)
{
	struct privileges_owner	 o;
	struct stat		 st;
	struct sockaddr_un	 un = { .sun_family = AF_UNIX };
	char			*why = NULL;
	int			 fd, s = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(privileges_owner("nobody", NULL, &o, &why));
	assert_true(o.uid == NOBODY && o.gid == NOBODY);
	assert_true(privileges_owner("root", NULL, &o, &why));
	assert_true(o.uid == (uid_t)-1 && o.gid == (gid_t)-1);
	assert_false(privileges_owner("nobody", "nosuchuser:", &o, &why));
	assert_non_null(strstr(why, "no such user \"nosuchuser\""));
	free(why);
	assert_false(privileges_owner("nobody", ":nosuchgroup", &o, &why));
	assert_non_null(strstr(why, "no such group \"nosuchgroup\""));
	free(why);
	why = NULL;
	assert_true(privileges_owner("nobody", ":" GAMES, &o, &why));
	assert_int_equal(o.uid, NOBODY);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", at);
	assert_int_equal(bind(s, (void *)&un, sizeof(un)), 0);
	fd = open(at, O_PATH | O_NOFOLLOW);
	assert_true(privileges_give(fd, at, &o, &why));
	assert_int_equal(lstat(at, &st), 0);
	assert_true(st.st_uid == NOBODY && st.st_gid == o.gid);
	close(fd);
	close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_acts_and_is_root_again),
		cmocka_unit_test(the_directory_decides),
		cmocka_unit_test(an_owner_is_parsed_and_given),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
