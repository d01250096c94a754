/*
 * ctl_top_text - millgatectl top: text in columns, and lines
 *
 * Every line goes through top_cell at its end, so that nothing that mail has
 * brought can move the cursor or be wider than the screen.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "ctl_top_priv.h"

/* --- text ----------------------------------------------------------------- */

/* Letters that are written from right to left would move their neighbours. */
static bool
runs_leftwards(uint32_t c)
{
	return (c >= 0x590 && c <= 0x8ff) || (c >= 0xfb1d && c <= 0xfdff) ||
	    (c >= 0xfe70 && c <= 0xfeff) || (c >= 0x10800 && c <= 0x10fff) ||
	    (c >= 0x1e800 && c <= 0x1efff);
}

/* One character as it is shown. */
struct piece {
	char	text[16];
	size_t	octets;		/* that were read */
	size_t	width;		/* columns */
};

static void
piece_read(const char *p, size_t left, bool utf8, struct piece *piece)
{
	size_t		len = utf8_length(p, left);
	uint32_t	c = len > 0 ? utf8_character(p, len) : 0;
	int		width = 1;

	piece->octets = len > 0 ? len : 1;
	if (len > 1)
		width = utf8 && !runs_leftwards(c) ? wcwidth((wchar_t)c) : 0;
	if (len == 0) {
		snprintf(piece->text, sizeof(piece->text), "\\x{%02x}",
		    (unsigned char)*p);
	} else if (width < 1 || utf8_is_invisible(c)) {
		snprintf(piece->text, sizeof(piece->text), "\\u{%x}",
		    (unsigned)c);
	} else {
		memcpy(piece->text, p, len);
		piece->text[len] = '\0';
		piece->width = (size_t)width;
		return;
	}
	piece->width = strlen(piece->text);
}

size_t
top_width(const char *text, size_t max, bool utf8)
{
	size_t		left = strlen(text), width = 0;
	struct piece	piece;

	while (left > 0 && width <= max) {
		piece_read(text, left, utf8, &piece);
		width += piece.width;
		text += piece.octets;
		left -= piece.octets;
	}
	return width;
}

void
top_cell(struct buf *b, const char *text, size_t columns, bool utf8)
{
	bool		cut = top_width(text, columns, utf8) > columns;
	size_t		dots = !cut ? 0 : columns < 3 ? columns : 3;
	size_t		left = strlen(text), width = 0;
	struct piece	piece;

	while (left > 0) {
		piece_read(text, left, utf8, &piece);
		if (width + piece.width > columns - dots)
			break;
		buf_addstr(b, piece.text);
		width += piece.width;
		text += piece.octets;
		left -= piece.octets;
	}
	for (; dots > 0; dots--, width++)
		buf_addch(b, '.');
	for (; width < columns; width++)
		buf_addch(b, ' ');
}

void
top_right(struct buf *b, const char *text, int columns)
{
	buf_printf(b, " %*.*s", columns - 1, columns - 1, text);
}

/* A number that is too wide loses digits: 12345 in four columns is "12k". */
void
top_right_number(struct buf *b, uint64_t n, int columns)
{
	static const char	units[] = " kMGTPE";
	char			text[32];
	size_t			i;

	for (i = 0; ; i++, n /= 1000) {
		snprintf(text, sizeof(text), "%llu%.*s", (unsigned long long)n,
		    i > 0, &units[i]);
		if (strlen(text) < (size_t)columns || i == 6)
			break;
	}
	top_right(b, text, columns);
}

const char *
top_span(char text[24], uint64_t seconds)
{
	if (seconds < 60)
		snprintf(text, 24, "%us", (unsigned)seconds);
	else if (seconds < 3600)
		snprintf(text, 24, "%um", (unsigned)(seconds / 60));
	else if (seconds < 86400)
		snprintf(text, 24, "%uh%02um", (unsigned)(seconds / 3600),
		    (unsigned)(seconds / 60 % 60));
	else if (seconds < UINT64_C(1000) * 86400)
		snprintf(text, 24, "%ud%02uh", (unsigned)(seconds / 86400),
		    (unsigned)(seconds / 3600 % 24));
	else
		snprintf(text, 24, ">1000d");
	return text;
}

const char *
top_clock(char text[24], uint64_t t)
{
	time_t		when = (time_t)t;
	struct tm	tm;

	/* a year that gmtime_r cannot tell */
	if (t > UINT64_C(253402300799) || gmtime_r(&when, &tm) == NULL)
		return "-";
	strftime(text, 24, "%H:%M:%S", &tm);
	return text;
}

/* --- lines ---------------------------------------------------------------- */

void
top_line_add(struct top_screen *v, enum top_style style, const char *text)
{
	struct buf b = BUF_INIT;

	if (v->n >= v->rows)
		return;
	top_cell(&b, text, (size_t)v->columns, v->utf8);
	if (v->report || style == TOP_PLAIN || style == TOP_BOLD)
		while (b.len > 0 && b.data[b.len - 1] == ' ')
			b.data[--b.len] = '\0';
	v->line[v->n].text = arena_strdup(v->arena, buf_str(&b));
	v->line[v->n++].style = style;
	buf_free(&b);
}

void
top_line_take(struct top_screen *v, enum top_style style, struct buf *b)
{
	top_line_add(v, style, buf_str(b));
	buf_reset(b);
}

/* The octets of the text that fit into one line, to a blank if possible. */
static size_t
wrap_at(const struct top_screen *v, const char *text)
{
	size_t		left = strlen(text), width = 0, at = 0, blank = 0;
	struct piece	piece;

	while (at < left) {
		piece_read(text + at, left - at, v->utf8, &piece);
		width += piece.width;
		if (width > (size_t)v->columns)
			return blank > 0 ? blank : at > 0 ? at : piece.octets;
		at += piece.octets;
		if (piece.text[0] == ' ')
			blank = at;
	}
	return left;
}

int
top_wrap_count(const struct top_screen *v, const char *text)
{
	int n = 0;

	for (; *text != '\0'; n++)
		text += wrap_at(v, text);
	return n;
}

void
top_wrap(struct top_screen *v, enum top_style style, const char *text)
{
	size_t len;

	for (; *text != '\0'; text += len) {
		len = wrap_at(v, text);
		top_line_add(v, style, arena_memdup(v->arena, text, len));
	}
}
