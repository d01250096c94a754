/*
 * ascii, escape, fnv, utf8, why, monotonic, and formatting into an arena or a
 * buffer: the small kit of all rooms
 */
#include "test.h"

#include <sys/time.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/escape.h"
#include "base/fnv.h"
#include "base/monotonic.h"
#include "base/utf8.h"
#include "base/why.h"

static void
ascii_is_the_same_in_every_locale(void **state)
{
	static const char	upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char	lower[] = "abcdefghijklmnopqrstuvwxyz";
	int			c;
	const char		*at;
	char			ch;

	(void)state;
	for (c = 0; c < 256; c++) {
		ch = (char)c;
		at = c != 0 ? strchr(upper, ch) : NULL;
		assert_int_equal(ascii_lower(ch),
		    at != NULL ? lower[at - upper] : ch);
		at = c != 0 ? strchr(lower, ch) : NULL;
		assert_int_equal(ascii_upper(ch),
		    at != NULL ? upper[at - lower] : ch);
		assert_int_equal(ascii_is_alpha(ch), c != 0 &&
		    (strchr(lower, ch) != NULL || strchr(upper, ch) != NULL));
		assert_int_equal(ascii_is_digit(ch),
		    c != 0 && strchr("0123456789", ch) != NULL);
		assert_int_equal(ascii_is_alnum(ch),
		    ascii_is_alpha(ch) || ascii_is_digit(ch));
		assert_int_equal(ascii_is_space(ch),
		    c != 0 && strchr(" \t\r\n", ch) != NULL);
		assert_int_equal(ascii_is_blank(ch), ch == ' ' || ch == '\t');
		assert_int_equal(ascii_has_8bit(&ch, 1), c >= 128);
		assert_int_equal(ascii_has_control((char[]){ 'a', ch, '\0' }),
		    (c > 0 && c < 32) || c == 127);
	}
	assert_false(ascii_has_8bit("\x80", 0));
	assert_int_equal(ascii_hex('7'), 7);
	assert_int_equal(ascii_hex('a'), 10);
	assert_int_equal(ascii_hex('F'), 15);
	assert_int_equal(ascii_hex('g'), -1);
	assert_int_equal(ascii_hex('/'), -1);
	assert_int_equal(ascii_hex(':'), -1);
}

static void
escapes(void **state)
{
	static const struct {
		const char *text, *want;
		char mark;
	} rows[] = {
		{ "", "", '%' },
		{ "a%3Ab%2f", "a:b/", '%' },
		{ "%25%25", "%%", '%' },
		{ "+C3+A9%41", "\xc3\xa9%41", '+' },
		{ "%0a+", "\n+", '%' },
		{ "%", NULL, '%' },
		{ "a%4", NULL, '%' },
		{ "%4g", NULL, '%' },
		{ "%g4", NULL, '%' },
		{ "a%00b", NULL, '%' },
	};
	struct buf	b = BUF_INIT;
	char		text[32];
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		snprintf(text, sizeof(text), "%s", rows[i].text);
		assert_int_equal(escape_decode(text, rows[i].mark),
		    rows[i].want != NULL);
		if (rows[i].want != NULL)
			assert_string_equal(text, rows[i].want);
	}
	escape_url(&b, "/run/a-b_c.d~e @%\xe9");
	assert_string_equal(buf_str(&b), "%2Frun%2Fa-b_c.d~e%20%40%25%E9");
	buf_free(&b);
}

static void
hashes_are_fnv_1a(void **state)
{
	(void)state;
	/* test vectors of FNV's authors */
	assert_true(fnv_add(FNV_START, "", 0) == UINT64_C(0xcbf29ce484222325));
	assert_true(fnv_add(FNV_START, "a", 1) ==
	    UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(fnv_add(FNV_START, "foobar", 6) ==
	    UINT64_C(0x85944171f73967e8));
	assert_true(fnv_add_lower(FNV_START, "FooBAR", 6) ==
	    UINT64_C(0x85944171f73967e8));
}

static const struct {
	const char	*text;
	size_t		 left, length;
} sequences[] = {
	{ "a", 1, 1 }, { "", 0, 0 }, { "\xc3\xbc", 2, 2 }, { "\xc3\xbc", 1, 0 },
	{ "\xe2\x82\xac", 3, 3 }, { "\xf0\x9f\x98\x80", 4, 4 },
	{ "\x80", 1, 0 }, { "\xc0\xaf", 2, 0 }, { "\xe0\x9f\xbf", 3, 0 },
	{ "\xed\xa0\x80", 3, 0 }, { "\xf0\x8f\xbf\xbf", 4, 0 },
	{ "\xf4\x90\x80\x80", 4, 0 }, { "\xf5\x80\x80\x80", 4, 0 },
	{ "\xc3(", 2, 0 }, { "\xe2\x82(", 3, 0 },
};

static void
utf8_is_that_of_rfc_3629(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(sequences); i++)
		assert_int_equal(utf8_length(sequences[i].text,
		    sequences[i].left), sequences[i].length);
}

static void
failures_explain_themselves(void **state)
{
	char	*why = NULL, text[8];

	(void)state;
	assert_false(why_set(&why, "%s: %d", "port", 25));
	assert_string_equal(why, "port: 25");
	free(why);
	assert_false(why_print(text, sizeof(text), "%s", "too long a text"));
	assert_string_equal(text, "too lon");
}

#define TEXTS	300

/* Texts that fit into the room that is left, exactly or not at all. */
static void
formatted_texts_are_whole(void **state)
{
	struct arena	*a = arena_new(128);
	struct buf	 b = BUF_INIT;
	char		*text[TEXTS], want[TEXTS + 10];
	size_t		 at = 0;
	int		 i;

	(void)state;
	for (i = 0; i < TEXTS; i++) {
		text[i] = arena_printf(a, "%*d", i % 150, i);
		buf_printf(&b, "%*d", i, i);
	}
	for (i = 0; i < TEXTS; i++) {
		snprintf(want, sizeof(want), "%*d", i % 150, i);
		assert_string_equal(text[i], want);
		snprintf(want, sizeof(want), "%*d", i, i);
		assert_memory_equal(b.data + at, want, strlen(want));
		at += strlen(want);
	}
	assert_int_equal(b.len, at);
	assert_int_equal(b.data[at], '\0');
	buf_free(&b);
	arena_free(&a);
}

static void
interrupt(int number)
{
	(void)number;
}

static void
monotonic_poll_keeps_the_deadline(void **state)
{
	struct sigaction	act = { .sa_handler = interrupt };
	struct itimerval	soon = { .it_value = { 0, 20000 } };
	struct pollfd		p = { -1, POLLIN, 0 };
	uint64_t		start = monotonic_ms();
	int			fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	p.fd = fd[0];
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(monotonic_poll(&p, start + 100), 0);
	assert_in_range(monotonic_ms() - start, 100, 20000);
	assert_int_equal(write(fd[1], "x", 1), 1);
	assert_int_equal(monotonic_poll(&p, monotonic_ms() + 60000), 1);
	/* who sends without a pause does not get more time */
	assert_int_equal(monotonic_poll(&p, monotonic_ms()), 0);
	close(fd[0]);
	close(fd[1]);
}

static void
monotonic_goes_on(void **state)
{
	struct timespec	in;
	uint64_t	before = monotonic_ms(), at;
	unsigned	late = 0;

	(void)state;
	in = monotonic_in(2500);
	at = (uint64_t)in.tv_sec * 1000 + (uint64_t)in.tv_nsec / 1000000;
	assert_in_range(at, before + 2500, monotonic_ms() + 2500);
	assert_in_range(in.tv_nsec, 0, 999999999);
	/* a tick lasts 10 ms at most (100 Hz); a few may come late */
	do {
		before = monotonic_ms();
	} while (monotonic_ms_coarse() + 11 < before && ++late < 1000);
	assert_in_range(late, 0, 999);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_is_the_same_in_every_locale),
		cmocka_unit_test(escapes),
		cmocka_unit_test(hashes_are_fnv_1a),
		cmocka_unit_test(utf8_is_that_of_rfc_3629),
		cmocka_unit_test(failures_explain_themselves),
		cmocka_unit_test(formatted_texts_are_whole),
		cmocka_unit_test(monotonic_poll_keeps_the_deadline),
		cmocka_unit_test(monotonic_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
