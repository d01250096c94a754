/*
 * safe_open: a file that somebody else has put there is not used.
 */
#include "test.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/safe_open.h"

#define NOBODY	65534

static char dir[] = "/tmp/safe_open_test.XXXXXX";
static char at[128];

static const char *
place(const char *name)
{
	snprintf(at, sizeof(at), "%s/%s", dir, name);
	return at;
}

static void
put(const char *name, const char *text)
{
	int fd = open(place(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	put("mine", "text");
	put("twice", "text");
	put("foreign", "text");
	if (mkfifo(place("fifo"), 0644) != 0 ||
	    symlink("mine", place("link")) != 0 ||
	    symlink("nowhere", place("dangling")) != 0)
		return -1;
	return 0;
}

static int
tear_down(void **state)
{
	char command[160];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* NULL: it opens. */
static const struct {
	const char	*name;
	int		 flags;
	const char	*why;
} rows[] = {
	{ "mine", O_WRONLY, NULL },
	{ "mine", O_RDONLY | O_CREAT, NULL },
	{ "new", O_WRONLY | O_CREAT, NULL },
	{ "new", O_WRONLY | O_CREAT, NULL },	/* it is there now */
	{ "missing", O_WRONLY, "No such file" },
	{ "link", O_WRONLY, "symbolic link" },
	{ "link", O_WRONLY | O_CREAT, "symbolic link" },
	{ "dangling", O_WRONLY | O_CREAT, "symbolic link" },
	{ "twice", O_WRONLY | O_CREAT, "2 hard links" },
	{ "fifo", O_RDWR, "not a regular file" },
	{ "fifo", O_RDONLY, "not a regular file" },
	{ "fifo", O_WRONLY | O_CREAT, "not a regular file" },
	{ ".", O_RDONLY, "not a regular file" },
};

static void
opens_regular_files_with_one_name(void **state)
{
	char	*why, other[128];
	size_t	 i;
	int	 fd;

	(void)state;
	snprintf(other, sizeof(other), "%s", place("second"));
	assert_int_equal(link(place("twice"), other), 0);
	for (i = 0; i < NELEM(rows); i++) {
		why = NULL;
		fd = safe_open(place(rows[i].name), rows[i].flags, 0600,
		    geteuid(), &why);
		if (rows[i].why == NULL) {
			assert_int_not_equal(fd, -1);
			assert_null(why);
			close(fd);
			continue;
		}
		assert_int_equal(fd, -1);
		assert_memory_equal(why, dir, strlen(dir));
		assert_non_null(strstr(why, rows[i].why));
		free(why);
	}
	/* nothing was made behind the link, nothing truncated */
	assert_int_equal(access(place("nowhere"), F_OK), -1);
	fd = open(place("mine"), O_RDONLY);
	assert_int_equal(read(fd, other, sizeof(other)), 4);
	close(fd);
}

/* For reading: whose file it is does not matter. */
static void
a_file_to_read_is_regular(void **state)
{
	const char	*wrong;
	int		 fd;

	(void)state;
	fd = safe_open_read(place("mine"), &wrong);
	assert_int_not_equal(fd, -1);
	assert_null(wrong);
	close(fd);
	assert_int_equal(safe_open_read(place("fifo"), &wrong), -1);
	assert_string_equal(wrong, "is not a regular file");
	assert_int_equal(errno, 0);
	assert_int_equal(safe_open_read(place("missing"), &wrong), -1);
	assert_string_equal(wrong, "No such file or directory");
	assert_int_equal(errno, ENOENT);
	fd = safe_open_read(place("link"), &wrong);
	assert_int_not_equal(fd, -1);
	close(fd);
	if (geteuid() != 0)
		return;
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(safe_open_read(place("link"), &wrong), -1);
	assert_string_equal(wrong, "is a symbolic link, in a directory that "
	    "others may change");
	fd = safe_open_read(place("mine"), &wrong);
	assert_int_not_equal(fd, -1);
	close(fd);
	assert_int_equal(chmod(dir, 0700), 0);
}

static void
files_of_others_are_refused(void **state)
{
	char	*why = NULL;
	int	 fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(place("foreign"), NOBODY, NOBODY), 0);
	fd = safe_open(place("foreign"), O_WRONLY | O_CREAT, 0600, 0, &why);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(why, "belongs to user id 65534, not to 0"));
	free(why);
	fd = safe_open(place("foreign"), O_WRONLY, 0600, NOBODY, &why);
	assert_int_not_equal(fd, -1);
	close(fd);
}

static void
the_directory_of_root_is_roots(void **state)
{
	char other[128];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(safe_is_roots("/"));
	assert_true(safe_is_roots("/etc"));
	assert_true(safe_is_roots("/usr//lib/"));
	assert_false(safe_is_roots("/etc/passwd"));	/* a file */
	assert_false(safe_is_roots("/nowhere"));
	assert_false(safe_is_roots("etc"));
	assert_false(safe_is_roots("/tmp"));		/* anybody's */
	/* sticky: nobody else can rename a directory of root in it */
	assert_true(safe_is_roots(dir));
	snprintf(at, sizeof(at), "%s/./", dir);
	assert_true(safe_is_roots(at));
	assert_int_equal(symlink(dir, place("again")), 0);
	assert_true(safe_is_roots(at));
	snprintf(other, sizeof(other), "%s-link", dir);
	assert_int_equal(symlink(dir, other), 0);
	assert_false(safe_is_roots(other));
	unlink(other);
	assert_int_equal(mkdir(place("open"), 0777), 0);
	assert_int_equal(chmod(at, 0777), 0);
	assert_false(safe_is_roots(at));
	assert_int_equal(mkdir(place("open/inside"), 0755), 0);
	assert_false(safe_is_roots(at));
	assert_int_equal(chmod(place("open"), 01777), 0);
	assert_true(safe_is_roots(place("open/inside")));
}

/* Below a directory that only root can write to. */
static void
links_are_followed_and_looked_at(void **state)
{
	char	base[] = "/root/.safe_open_test.XXXXXX", path[128];

	(void)state;
	if (geteuid() != 0 || !safe_is_roots("/root"))
		skip();
	assert_non_null(mkdtemp(base));
	snprintf(path, sizeof(path), "%s/good", base);
	assert_int_equal(symlink("/etc", path), 0);
	assert_true(safe_is_roots(path));
	snprintf(path, sizeof(path), "%s/up", base);
	assert_int_equal(symlink("../", path), 0);
	assert_true(safe_is_roots(path));
	snprintf(path, sizeof(path), "%s/loop", base);
	assert_int_equal(symlink("loop", path), 0);
	assert_false(safe_is_roots(path));
	snprintf(path, sizeof(path), "%s/bad", base);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_false(safe_is_roots(path));
	snprintf(path, sizeof(path), "%s/user", base);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(safe_is_roots(path));
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	assert_false(safe_is_roots(path));
	/* a directory of root in one of a user: the user may rename it */
	snprintf(path, sizeof(path), "%s/user/roots", base);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_false(safe_is_roots(path));
	snprintf(path, sizeof(path), "rm -rf '%s'", base);
	assert_int_equal(system(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_regular_files_with_one_name),
		cmocka_unit_test(a_file_to_read_is_regular),
		cmocka_unit_test(files_of_others_are_refused),
		cmocka_unit_test(the_directory_of_root_is_roots),
		cmocka_unit_test(links_are_followed_and_looked_at),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
