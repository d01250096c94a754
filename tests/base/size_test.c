/*
 * size: numbers of octets as text, and back
 */
#include "test.h"

#include "base/size.h"

static const struct {
	const char	*text;
	bool		 is_size;
	uint64_t	 want;
} rows[] = {
	{ "0", true, 0 },
	{ "1000", true, 1000 },
	{ "1k", true, 1024 },
	{ "25M", true, 26214400 },
	{ "2G", true, UINT64_C(2147483648) },
	{ "0G", true, 0 },
	{ "18446744073709551615", true, UINT64_MAX },
	{ "18446744073709551616", true, UINT64_MAX },
	{ "99999999999999999999999999G", true, UINT64_MAX },
	{ "", false, 0 },
	{ "M", false, 0 },
	{ "25MB", false, 0 },
	{ "25 M", false, 0 },
	{ "-1", false, 0 },
	{ "+1", false, 0 },
	{ "0x10", false, 0 },
	{ "1.5G", false, 0 },
	{ "1T", false, 0 },
};

static void
is_parsed(void **state)
{
	uint64_t	size;
	size_t		i;
	bool		got;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		size = 0;
		got = size_parse(rows[i].text, &size);
		if (got != rows[i].is_size || size != rows[i].want)
			row_fail(rows[i].text, "%d %llu", got,
			    (unsigned long long)size);
	}
}

static void
is_written_as_short_as_it_is_exact(void **state)
{
	static const struct {
		uint64_t	 size;
		const char	*want;
	} sizes[] = {
		{ 0, "0" }, { 1023, "1023" }, { 1024, "1K" },
		{ 1025, "1025" }, { 26214400, "25M" }, { 26214401, "26214401" },
		{ UINT64_C(2147483648), "2G" },
		{ UINT64_C(1) << 50, "1048576G" },
		{ UINT64_MAX, "18446744073709551615" },
	};
	char		text[SIZE_TEXT];
	uint64_t	back;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(sizes); i++) {
		assert_string_equal(size_text(text, sizes[i].size),
		    sizes[i].want);
		assert_true(size_parse(text, &back));
		assert_true(back == sizes[i].size);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_parsed),
		cmocka_unit_test(is_written_as_short_as_it_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
