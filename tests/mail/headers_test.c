/*
 * headers: comparison of names, instance numbers, limits
 */
#include "test.h"

#include "base/arena.h"
#include "mail/headers.h"

static void
counts_as_the_mta_does(void **state)
{
	struct arena		*a = arena_new(1024);
	const struct header	*f;
	struct headers		 h;

	(void)state;
	headers_init(&h, a, 100, 1000);
	assert_int_equal(headers_count(&h, "From"), 0);
	assert_null(headers_find(&h, "From", 1));
	assert_true(headers_add(&h, "From", " a"));
	assert_true(headers_add(&h, "To", " b"));
	assert_true(headers_add(&h, "FROM ", " c"));
	assert_true(headers_add(&h, "from\t ", " d"));
	assert_true(headers_add(&h, "From\r\n ", " e"));
	assert_true(headers_add(&h, "Fro", " f"));
	assert_true(headers_add(&h, "From-", " g"));
	assert_int_equal(headers_count(&h, "fRoM"), 4);
	f = headers_find(&h, "from", 2);
	assert_non_null(f);
	assert_string_equal(f->name, "FROM");
	assert_string_equal(f->value, " c");
	assert_int_equal(f->nth, 2);
	assert_ptr_equal(f, &h.field[2]);
	assert_string_equal(headers_find(&h, "From", 4)->value, " e");
	assert_string_equal(headers_find(&h, "From", 4)->name, "From");
	assert_null(headers_find(&h, "From", 5));
	assert_null(headers_find(&h, "From", 0));
	assert_int_equal(headers_count(&h, "To"), 1);
	assert_int_equal(h.n, 7);
	arena_free(&a);
}

/* Letters of other alphabets and signs 0x20 apart are different names. */
static void
folds_letters_only(void **state)
{
	struct arena	*a = arena_new(1024);
	struct headers	 h;

	(void)state;
	headers_init(&h, a, 100, 1000);
	assert_true(headers_add(&h, "X-@", ""));
	assert_true(headers_add(&h, "X-\303\234", ""));
	assert_int_equal(headers_count(&h, "x-`"), 0);
	assert_int_equal(headers_count(&h, "x-\303\274"), 0);
	assert_int_equal(headers_count(&h, "x-@"), 1);
	arena_free(&a);
}

static void
limits_hold(void **state)
{
	struct arena	*a = arena_new(1024);
	struct headers	 h;

	(void)state;
	headers_init(&h, a, 3, 10);
	assert_true(headers_add(&h, "ab", "cdefgh"));
	assert_false(headers_add(&h, "ab", "c"));
	assert_int_equal(headers_count(&h, "ab"), 1);
	assert_true(headers_add(&h, "i", "j"));
	assert_int_equal(h.bytes, 10);
	assert_true(headers_add(&h, "", ""));
	assert_false(headers_add(&h, "", ""));
	assert_int_equal(h.n, 3);
	headers_init(&h, a, 3, SIZE_MAX);
	assert_true(headers_add(&h, "a", "b"));
	arena_free(&a);
}

static void
ten_thousand_fields(void **state)
{
	struct arena	*a = arena_new(1024);
	struct headers	 h;
	char		 name[32];
	unsigned	 i;

	(void)state;
	headers_init(&h, a, 20000, 1 << 20);
	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "X-%u", i);
		assert_true(headers_add(&h, name, ""));
		assert_true(headers_add(&h, "From", ""));
	}
	assert_false(headers_add(&h, "From", ""));
	assert_int_equal(headers_count(&h, "from"), 10000);
	assert_int_equal(headers_count(&h, "x-9999"), 1);
	for (i = 1; i <= 10000; i++)
		assert_int_equal(headers_find(&h, "From", i)->nth, i);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_as_the_mta_does),
		cmocka_unit_test(folds_letters_only),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(ten_thousand_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
