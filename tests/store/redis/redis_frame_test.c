/*
 * redis_frame: the end of a reply, and octets that are not a reply.
 */
#include "test.h"

#include "store/redis/redis_frame_priv.h"

#define MORE	REDIS_FRAME_MORE
#define WHOLE	REDIS_FRAME_WHOLE
#define BAD	REDIS_FRAME_BAD

static void
replies(void **state)
{
	static const struct {
		const char	*data;
		enum redis_frame want;
		size_t		 end;		/* of a whole one */
	} cases[] = {
		{ "+OK\r\n", WHOLE, 5 },
		{ "+OK\r\n+OK\r\n", WHOLE, 5 },
		{ "-ERR no\r\n", WHOLE, 9 },
		{ ":-12\r\n", WHOLE, 6 },
		{ "$0\r\n\r\n", WHOLE, 6 },
		{ "$5\r\na\r\nbc\r\n", WHOLE, 11 },
		{ "$-1\r\n", WHOLE, 5 },
		{ "*0\r\n", WHOLE, 4 },
		{ "*-1\r\n", WHOLE, 5 },
		{ "*2\r\n:1\r\n$1\r\nx\r\n", WHOLE, 15 },
		{ "*2\r\n*1\r\n:1\r\n:2\r\n:3\r\n", WHOLE, 16 },
		{ "*1\r\n*1\r\n*1\r\n*0\r\n", WHOLE, 16 },
		{ "", MORE, 0 },
		{ "+", MORE, 0 },
		{ "+OK\r", MORE, 0 },
		{ "$5\r\nabcde\r", MORE, 0 },
		{ "*2\r\n:1\r\n", MORE, 0 },
		{ "*99999\r\n", MORE, 0 },
		{ "HTTP/1.1 400", BAD, 0 },
		{ "\r\n", BAD, 0 },
		{ ":\r\n", BAD, 0 },
		{ ":-\r\n", BAD, 0 },
		{ ":1x\r\n", BAD, 0 },
		{ ":123456789012345678901\r\n", BAD, 0 },
		{ "$\r\n", BAD, 0 },
		{ "$-2\r\n", BAD, 0 },
		{ "$+1\r\n", BAD, 0 },
		{ "$1\r\nabc", BAD, 0 },
		{ "$8388608\r\n", BAD, 0 },
		{ "$2000000000\r\n", BAD, 0 },
		{ "$18446744073709551615\r\n", BAD, 0 },
		{ "*2000000000\r\n", BAD, 0 },
		{ "*100000\r\n", BAD, 0 },
		{ "*99998\r\n*3\r\n", BAD, 0 },
		{ "+a\rb\r\n", BAD, 0 },
		{ "%1\r\n", BAD, 0 },
	};
	enum redis_frame	frame;
	size_t			i, end;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		frame = redis_frame_scan(cases[i].data, strlen(cases[i].data),
		    &end);
		if (frame != cases[i].want)
			row_fail(cases[i].data, "%d", frame);
		if (frame == WHOLE && end != cases[i].end)
			row_fail(cases[i].data, "ends at %zu", end);
	}
}

/* Cut anywhere, a reply is never taken for another one. */
static void
a_part_needs_more(void **state)
{
	static const char	reply[] = "*3\r\n$4\r\n1\r\n2\r\n*2\r\n:7\r\n"
				    "-ERR x\r\n$-1\r\n";
	size_t			n, end;

	(void)state;
	for (n = 0; n < sizeof(reply) - 1; n++)
		assert_int_equal(redis_frame_scan(reply, n, &end), MORE);
	assert_int_equal(redis_frame_scan(reply, n, &end), WHOLE);
	assert_int_equal(end, n);
}

static void
a_line_without_end(void **state)
{
	static char	line[REDIS_FRAME_LINE + 1];
	size_t		end;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[0] = '-';
	assert_int_equal(redis_frame_scan(line, 100, &end), MORE);
	assert_int_equal(redis_frame_scan(line, sizeof(line), &end), BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies),
		cmocka_unit_test(a_part_needs_more),
		cmocka_unit_test(a_line_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
