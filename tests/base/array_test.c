/*
 * array: growth, and removal of duplicates
 */
#include "test.h"

#include "base/array.h"

static void
grows_by_doubling(void **state)
{
	unsigned	*number = NULL;
	size_t		 n, capacity = 0, moves = 0, before;

	(void)state;
	for (n = 0; n < 10000; n++) {
		before = capacity;
		number = array_grow(number, n, &capacity, sizeof(*number));
		assert_true(n < capacity);
		moves += capacity != before;
		number[n] = (unsigned)n;
	}
	for (n = 0; n < 10000; n++)
		assert_int_equal(number[n], n);
	/* 16, 32, ... 16384 */
	assert_int_equal(moves, 11);
	free(number);
}

static int
compare_length(const void *a, const void *b)
{
	size_t x = strlen(*(const char *const *)a);
	size_t y = strlen(*(const char *const *)b);

	return (x > y) - (x < y);
}

static const struct {
	const char	*text[6];
	size_t		 n, left;
	size_t		 length[6];
} rows[] = {
	{ { NULL }, 0, 0, { 0 } },
	{ { "a" }, 1, 1, { 1 } },
	{ { "bb", "a" }, 2, 2, { 1, 2 } },
	{ { "a", "b", "c" }, 3, 1, { 1 } },
	{ { "ccc", "bb", "ccc", "a", "bb", "a" }, 6, 3, { 1, 2, 3 } },
};

static void
keeps_one_of_each(void **state)
{
	const char	*text[6];
	size_t		 i, k, left;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		memcpy(text, rows[i].text, sizeof(text));
		left = array_sort_unique(rows[i].n > 0 ? text : NULL,
		    rows[i].n, sizeof(text[0]), compare_length);
		assert_int_equal(left, rows[i].left);
		for (k = 0; k < left; k++)
			assert_int_equal(strlen(text[k]), rows[i].length[k]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_by_doubling),
		cmocka_unit_test(keeps_one_of_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
