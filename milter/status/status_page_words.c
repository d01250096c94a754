/*
 * status_page_words - numbers, times and names as HTML
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/html.h"
#include "store/usage.h"
#include "status_page_priv.h"

#define THIN	"\xe2\x80\xaf"	/* U+202F NARROW NO-BREAK SPACE */

void
page_text(struct buf *b, const char *text)
{
	buf_addstr(b, "<bdi>");
	html_text(b, text, PAGE_TEXT);
	buf_addstr(b, "</bdi>");
}

void
page_number(struct buf *b, uint64_t n)
{
	char	digits[24];
	int	i, len;

	len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && len > 4)
			buf_addstr(b, THIN);
		buf_addch(b, digits[i]);
	}
}

void
page_span(struct buf *b, uint64_t seconds)
{
	static const struct {
		uint64_t	 seconds, next;
		const char	*name, *next_name;
	} rows[] = {
		{ 86400, 3600, "d", "h" },
		{ 3600, 60, "h", "min" },
		{ 60, 0, "min", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (seconds < rows[i].seconds)
			continue;
		buf_printf(b, "%llu" THIN "%s",
		    (unsigned long long)(seconds / rows[i].seconds),
		    rows[i].name);
		seconds %= rows[i].seconds;
		if (rows[i].next > 0 && seconds >= rows[i].next)
			buf_printf(b, " %llu" THIN "%s",
			    (unsigned long long)(seconds / rows[i].next),
			    rows[i].next_name);
		return;
	}
	buf_printf(b, "%llu" THIN "s", (unsigned long long)seconds);
}

void
page_time(struct buf *b, time_t t, time_t now)
{
	struct tm	tm, today;
	char		text[40];

	gmtime_r(&t, &tm);
	gmtime_r(&now, &today);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_printf(b, "<time datetime=\"%s\">", text);
	strftime(text, sizeof(text), tm.tm_year == today.tm_year &&
	    tm.tm_yday == today.tm_yday ? "%H:%M UTC" : "%Y-%m-%d %H:%M UTC",
	    &tm);
	buf_printf(b, "%s</time>", text);
	if (t > now) {
		buf_addstr(b, ", <span class=\"rel\">in ");
		page_span(b, (uint64_t)(t - now));
	} else {
		buf_addstr(b, ", <span class=\"rel\">");
		page_span(b, (uint64_t)(now - t));
		buf_addstr(b, " ago");
	}
	buf_addstr(b, "</span>");
}

void
page_latency(struct buf *b, uint64_t us)
{
	if (us == 0)
		buf_addstr(b, "none yet");
	else if (us == UINT64_MAX)
		buf_addstr(b, "more than 30" THIN "s");
	else if (us < 1000)
		buf_printf(b, "%u" THIN "\xc2\xb5s", (unsigned)us);
	else if (us < 1000000 && us % 1000 != 0)
		buf_printf(b, "%u.%u" THIN "ms", (unsigned)(us / 1000),
		    (unsigned)(us % 1000 / 100));
	else if (us < 1000000)
		buf_printf(b, "%u" THIN "ms", (unsigned)(us / 1000));
	else if (us % 1000000 != 0)
		buf_printf(b, "%u.%u" THIN "s", (unsigned)(us / 1000000),
		    (unsigned)(us % 1000000 / 100000));
	else
		buf_printf(b, "%u" THIN "s", (unsigned)(us / 1000000));
}

/* Attributes, not a style: the policy allows no inline styles. */
void
page_bar(struct buf *b, unsigned share, const char *class)
{
	buf_printf(b, "<svg class=\"bar\" viewBox=\"0 0 100 8\" "
	    "preserveAspectRatio=\"none\" aria-hidden=\"true\">"
	    "<rect class=\"track\" width=\"100\" height=\"8\"/>"
	    "<rect class=\"%s\" width=\"%u\" height=\"8\"/></svg>", class,
	    share > 100 ? 100 : share);
}

void
page_card(struct buf *b, const char *id, const char *title, const char *class)
{
	buf_printf(b, "<section id=\"%s\" class=\"card %s\" "
	    "aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">%s</h2>\n", id, class,
	    id, id, title);
}

void
page_card_end(struct buf *b)
{
	buf_addstr(b, "</section>\n");
}

/* A head that begins with "#" is that of a column of numbers. */
void
page_table(struct buf *b, const char *id, const char *title,
    const char *const *head)
{
	buf_printf(b, "<div class=\"scroll\" id=\"%s-t\" tabindex=\"0\" "
	    "role=\"region\" aria-label=\"Table: %s\">\n<table>\n"
	    "<thead><tr>", id, title);
	for (; *head != NULL; head++)
		buf_printf(b, "<th scope=\"col\"%s>%s</th>",
		    (*head)[0] == '#' ? " class=\"n\"" : "",
		    *head + ((*head)[0] == '#'));
	buf_addstr(b, "</tr></thead>\n<tbody>\n");
}

void
page_table_end(struct buf *b)
{
	buf_addstr(b, "</tbody>\n</table>\n</div>\n");
}
