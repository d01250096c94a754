/*
 * headers: comparison of names, instance numbers, limits
 */
#include "test.h"

#include "base/arena.h"
#include "mail/headers.h"

/* The nth field of this name, or NULL. */
static const struct header *
nth_of(const struct headers *h, const char *name, unsigned nth)
{
	const struct header *f = headers_first(h, name);

	while (f != NULL && --nth > 0)
		f = headers_next(h, f);
	return f;
}

static void
counts_as_the_mta_does(void **state)
{
	struct arena		*a = arena_new(1024);
	const struct header	*f;
	struct headers		 h;

	(void)state;
	headers_init(&h, a, 100, 1000);
	assert_int_equal(headers_count(&h, "From"), 0);
	assert_null(headers_first(&h, "From"));
	assert_true(headers_add(&h, "From", " a"));
	assert_true(headers_add(&h, "To", " b"));
	assert_true(headers_add(&h, "FROM ", " c"));
	assert_true(headers_add(&h, "from\t ", " d"));
	assert_true(headers_add(&h, "From\r\n ", " e"));
	assert_true(headers_add(&h, "Fro", " f"));
	assert_true(headers_add(&h, "From-", " g"));
	assert_int_equal(headers_count(&h, "fRoM"), 4);
	f = nth_of(&h, "from", 2);
	assert_non_null(f);
	assert_string_equal(f->name, "FROM");
	assert_string_equal(f->value, " c");
	assert_int_equal(f->nth, 2);
	assert_ptr_equal(f, headers_at(&h, 2));
	assert_string_equal(nth_of(&h, "From", 4)->value, " e");
	assert_string_equal(nth_of(&h, "From", 4)->name, "From");
	assert_null(nth_of(&h, "From", 5));
	assert_int_equal(headers_count(&h, "To"), 1);
	assert_int_equal(h.n, 7);
	arena_free(&a);
}

/* A DKIM signature covers the blanks before the colon, too. */
static void
names_are_kept_as_sent(void **state)
{
	static const char *const sent[] = { "From", "From", "FROM", "from \t",
	    "From ", "From" };
	static const char *const cut[] = { "From", "From", "FROM", "from",
	    "From", "From" };
	struct arena		*a = arena_new(1024);
	const struct header	*f;
	struct headers		 h;
	size_t			 i;

	(void)state;
	headers_init(&h, a, 100, 1000);
	for (i = 0; i < NELEM(sent); i++)
		assert_true(headers_add(&h, sent[i], ""));
	for (i = 0; i < NELEM(sent); i++) {
		f = headers_at(&h, i);
		assert_string_equal(f->name, cut[i]);
		assert_string_equal(headers_sent_name(f), sent[i]);
	}
	/* the text of a name is stored once */
	assert_ptr_equal(headers_at(&h, 0)->name, headers_at(&h, 1)->name);
	arena_free(&a);
}

/* From the bottom up, each once, whatever else was taken (RFC 6376 5.4.2). */
static void
fields_are_taken_from_the_bottom(void **state)
{
	struct arena	*a = arena_new(1024);
	struct headers	 h;
	char		 name[] = "X-0";
	size_t		 i, round;

	(void)state;
	headers_init(&h, a, 100, 1000);
	for (i = 0; i < 60; i++) {
		name[2] = (char)('0' + i % 3);
		assert_true(headers_add(&h, name, ""));
	}
	for (round = 0; round < 2; round++) {
		headers_select(&h);
		assert_int_equal(headers_take(&h, "X-3", 3), HEADERS_NONE);
		for (i = 60; i-- > 0;) {
			name[2] = (char)('0' + i % 3);
			assert_int_equal(headers_take(&h, name, 3), i);
		}
		assert_int_equal(headers_take(&h, "X-0", 3), HEADERS_NONE);
	}
	headers_select(&h);
	assert_int_equal(headers_take(&h, "x-1;X-2", 3), 58);
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
	/* the blanks before the colon are kept, so they count */
	headers_init(&h, a, 3, 10);
	assert_false(headers_add(&h, "a         ", "b"));
	assert_true(headers_add(&h, "a        ", "b"));
	assert_int_equal(h.bytes, 10);
	headers_init(&h, a, 3, SIZE_MAX);
	assert_true(headers_add(&h, "a", "b"));
	arena_free(&a);
}

static void
ten_thousand_fields(void **state)
{
	struct arena		*a = arena_new(1024);
	const struct header	*f;
	struct headers		 h;
	char			 name[32];
	unsigned		 i;

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
	i = 0;
	for (f = headers_first(&h, "From"); f != NULL;
	    f = headers_next(&h, f))
		assert_int_equal(f->nth, ++i);
	assert_int_equal(i, 10000);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_as_the_mta_does),
		cmocka_unit_test(names_are_kept_as_sent),
		cmocka_unit_test(fields_are_taken_from_the_bottom),
		cmocka_unit_test(folds_letters_only),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(ten_thousand_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
