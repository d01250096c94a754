/*
 * fuzz_top - whatever the status has, and whatever is typed: millgatectl top
 * draws lines of printable characters that fit into the screen.
 *
 * The text after the first newline is typed.
 */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ctl/ctl_top_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
check_line(const char *text, size_t columns, bool utf8)
{
	size_t left = strlen(text), len;

	CHECK(top_width(text, columns, utf8) <= columns);
	for (; left > 0; text += len, left -= len) {
		len = utf8_length(text, left);
		CHECK(len > 0 && (utf8 || len == 1));
		CHECK(!utf8_is_invisible(utf8_character(text, len)));
	}
}

static void
check_screen(const struct top_state *s, const struct top_data *d, int columns,
    int rows)
{
	struct top_screen	v = { .columns = columns, .rows = rows };
	int			i;

	v.arena = arena_new(0);
	v.utf8 = s->utf8;
	top_view(&v, s, d);
	CHECK(v.n <= rows && v.rows == rows);
	for (i = 0; i < v.n; i++)
		check_line(v.line[i].text, (size_t)columns, v.utf8);
	arena_free(&v.arena);
}

static void
check_all(const struct top_state *s, const struct top_data *d)
{
	check_screen(s, d, 1, 1);
	check_screen(s, d, 40, 12);
	check_screen(s, d, 80, 24);
}

static void
check_typed(struct top_state *s, const struct top_data *d, const char *p,
    size_t len)
{
	size_t	n;
	int	key;

	for (; len > 0; p += n, len -= n) {
		n = top_key_read(p, len, true, &key);
		CHECK(n > 0 && n <= len);
		if (top_key(s, d, key) == TOP_CHANGE)
			CHECK(key == 'y' && s->target[0] != '\0');
		check_screen(s, d, 20, 6);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct top_history	*h = calloc(1, sizeof(*h));
	struct arena		*a = arena_new(1024);
	struct top_state	 s = { .page = TOP_LOGINS };
	struct buf		 report = BUF_INIT;
	const char		*text = (const char *)data;
	const char		*end = size > 0 ? memchr(text, '\n', size) :
				    NULL;
	size_t			 len = end != NULL ? (size_t)(end - text) :
				    size;
	struct top_data		*d;
	struct json		 v;

	CHECK(h != NULL && setlocale(LC_CTYPE, "C.UTF-8") != NULL);
	if (json_parse(text, len, &v)) {
		d = top_read(a, v);
		top_rates(h, d);
		d->uptime += 7;
		top_rates(h, d);
		check_all(&s, d);
		s.utf8 = true;
		check_all(&s, d);
		check_screen(&s, d, TOP_WIDEST, TOP_HIGHEST);
		top_report(a, d, false, &report);
		if (end != NULL && size - len < 64)
			check_typed(&s, d, end + 1, size - len - 1);
	}
	buf_free(&report);
	arena_free(&a);
	free(h);
	return 0;
}
