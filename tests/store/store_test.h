/*
 * store_test - what the tests of the state file share: a directory of its
 * own for each test, and short ways to send, ask, read and write
 */
#ifndef MILLGATE_STORE_TEST_H
#define MILLGATE_STORE_TEST_H

#include <sys/stat.h>

#include <unistd.h>

#include "store/store.h"
#include "store_one.h"

#define T0	1790000040		/* the beginning of a minute */

static const struct store_limits no_limits = STORE_LIMITS_NONE;

/* One test program has one state file at a time. */
static char dir[64], path[80];

static const char *
beside(const char *suffix)
{
	static char name[128];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return name;
}

static inline int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/millgate-sqlite-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/state.db", dir);
	return 0;
}

static inline void
remove_files(void)
{
	static const char *const suffixes[] = {
		"", "-wal", "-shm", "-lock", "-journal", ".new", ".copy",
		".copy-wal", ".copy-shm", ".copy-lock", ".other"
	};
	size_t i;

	for (i = 0; i < NELEM(suffixes); i++)
		remove(beside(suffixes[i]));
}

static inline int
teardown(void **state)
{
	(void)state;
	chmod(dir, 0700);
	remove_files();
	return rmdir(dir);
}

static inline struct store *
open_good(void)
{
	struct store	*s;
	char		*why = NULL;

	s = store_open(path, &why);
	if (s == NULL)
		fail_msg("%s", why);
	return s;
}

static inline void
close_it(struct store *s)
{
	store_close(&s);
}

static inline void
open_bad(const char *name, const char *want)
{
	struct store	*s;
	char		*why = NULL;

	s = store_open(path, &why);
	if (s != NULL)
		row_fail(name, "opened");
	if (strstr(why, want) == NULL || strncmp(why, path, strlen(dir)) != 0
	    || strchr(why, ';') == NULL)
		row_fail(name, "says: %s", why);
	free(why);
}

static inline enum store_answer
send_to(struct store *s, const char *key, time_t now, unsigned recipients,
    struct store_usage *u)
{
	struct reservation	*r = reservation_on(s, key, no_limits);
	unsigned		 i;

	for (i = 0; i < recipients; i++)
		assert_int_equal(store_reserve(r, now, u), STORE_TAKEN);
	return store_commit(&r, now, u);
}

static inline void
sent(struct store *s, const char *key, time_t now, unsigned recipients)
{
	struct store_usage u;

	if (send_to(s, key, now, recipients, &u) != STORE_TAKEN)
		fail_msg("%s", u.error);
}

static inline uint64_t
used(struct store *s, const char *key, time_t now)
{
	struct store_usage u;

	assert_int_equal(store_usage(s, key, now, no_limits, &u), STORE_TAKEN);
	assert_int_equal(RCPTS_HELD(u), 0);
	return RCPTS(u);
}

static inline void
write_file(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static inline unsigned char *
read_file(const char *name, size_t *len)
{
	FILE		*f = fopen(name, "r");
	struct stat	 st;
	unsigned char	*data;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	*len = (size_t)st.st_size;
	data = malloc(*len + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *len, f), *len);
	fclose(f);
	return data;
}

#endif
