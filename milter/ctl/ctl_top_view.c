/*
 * ctl_top_view - millgatectl top: the state as lines
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/size.h"
#include "ctl_top_priv.h"

#define MEDIUM		60	/* columns from which on there is more */
#define WIDE		120
#define HIGH		16	/* rows from which on rates are shown */
#define QUESTION_NAME	4	/* lines that a name may fill in a question */
#define FULL		100	/* percent */

static void
add_bar(const struct top_screen *v, struct buf *b, uint64_t share,
    unsigned columns)
{
	uint64_t full = share >= FULL ? columns : share * columns / FULL;
	unsigned i;

	buf_addch(b, ' ');
	for (i = 0; i < columns; i++)
		buf_addstr(b, i < full ? v->utf8 ? "\xe2\x96\x88" : "#" :
		    v->utf8 ? "\xe2\x96\x91" : ".");
}

/* --- the head ------------------------------------------------------------- */

static void
head_flow(struct top_screen *v, const char *name, const struct top_flow *f,
    bool known)
{
	static const int columns[] = { 7, 5, 5, 6, 7 };
	struct buf	 b = BUF_INIT;
	enum action	 a;

	top_cell(&b, name, 10, v->utf8);
	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++) {
		if (known)
			top_right_number(&b, f->n[a], columns[a]);
		else
			top_right(&b, "-", columns[a]);
	}
	top_line_take(v, TOP_PLAIN, &b);
	buf_free(&b);
}

static void
head_flows(struct top_screen *v, const struct top_data *d, bool report)
{
	static const struct top_flow	 none;
	bool				 totals = report && !d->has_rates;
	const struct top_flow		*f = totals ? d->total : d->rate;
	bool				 known = totals || d->has_rates;
	char				 when[24], name[32];

	top_line_add(v, TOP_TITLE, arena_printf(v->arena,
	    "%-10s ACCEPT  TAG HOLD DEFER REJECT",
	    totals ? "TOTAL" : "PER MINUTE"));
	head_flow(v, "inbound", known ? &f[0] : &none, known);
	head_flow(v, "submission", known ? &f[1] : &none, known);
	snprintf(name, sizeof(name), "min. %.5s", d->minute == 0 ? "-" :
	    top_clock(when, d->minute));
	head_flow(v, name, &d->last, d->minute != 0);
}

static void
head_view(struct top_screen *v, const struct top_state *s,
    const struct top_data *d)
{
	char span[24], when[24];

	top_line_add(v, TOP_BOLD, arena_printf(v->arena,
	    v->columns < MEDIUM ? "millgate %s %s %s up %s" :
	    "millgate %s %s %s up %s  %s  %s UTC", d->version, d->mode,
	    d->good ? "healthy" : "UNHEALTHY", top_span(span, d->uptime),
	    d->host, top_clock(when, d->now)));
	if (s->away)
		top_line_add(v, TOP_REVERSE, "No answer from the daemon. "
		    "It is asked again; this is old.");
	if (!d->good)
		top_line_add(v, TOP_REVERSE, arena_printf(v->arena,
		    "Unhealthy: %s", d->why));
	if (d->store_error[0] != '\0')
		top_line_add(v, TOP_REVERSE, arena_printf(v->arena,
		    "The state cannot be read: %s", d->store_error));
	top_line_add(v, TOP_PLAIN, arena_printf(v->arena, "%ssessions %llu "
	    "messages %llu blocks %llu fuse %llu",
	    s->paused ? "PAUSED  " : "", (unsigned long long)d->sessions,
	    (unsigned long long)d->messages, (unsigned long long)d->blocks,
	    (unsigned long long)(d->fuse[0] + d->fuse[1] + d->fuse[2])));
}

/* --- rows ----------------------------------------------------------------- */

/* The columns beside the name. */
static int
beside_name(const struct top_screen *v, enum top_page page)
{
	if (page == TOP_RULES)
		return v->columns < MEDIUM ? 17 : 28;
	if (page == TOP_BLOCKS)
		return v->columns < MEDIUM ? 16 : 16 + (v->columns - 16) / 2;
	return v->columns < MEDIUM ? 20 : v->columns < WIDE ? 48 : 96;
}

static size_t
name_columns(const struct top_screen *v, enum top_page page)
{
	int left = v->columns - 2 - beside_name(v, page);

	return left > 4 ? (size_t)left : 4;
}

static void
title_account(const struct top_screen *v, struct buf *b)
{
	if (v->columns >= WIDE)
		buf_printf(b, " %-10s %-36s", "PLAN", "FULLEST LIMIT");
	if (v->columns >= MEDIUM)
		buf_printf(b, "%8s%8s%8s", "RATE", "RCPT/H", "MSG/H");
	buf_printf(b, " %-*s%5s%8s", v->columns < MEDIUM ? 6 : 10, "USE", "%",
	    "FREE");
}

static void
row_title(struct top_screen *v, enum top_page page)
{
	static const char *const names[TOP_PAGES] = {
		"LOGIN", "GROUP, LISTENER, RELAY", "RULE", "ACCOUNT"
	};
	struct buf b = BUF_INIT;

	buf_addstr(&b, "  ");
	top_cell(&b, names[page], name_columns(v, page), v->utf8);
	if (page == TOP_RULES)
		buf_addstr(&b, "    HOUR    TOTAL");
	else if (page == TOP_BLOCKS)
		buf_addstr(&b, v->columns < MEDIUM ? "  ACTION ENDS IN" :
		    "  ACTION ENDS IN REASON");
	else
		title_account(v, &b);
	top_line_take(v, TOP_TITLE, &b);
	buf_free(&b);
}

static void
add_limit(const struct top_screen *v, const struct top_row *r, struct buf *b)
{
	char		used[SIZE_TEXT], limit[SIZE_TEXT];
	const char	*text = "no limit";

	if (r->limited && strncmp(r->limit_name, "bytes-", 6) == 0)
		text = arena_printf(v->arena, "%s/%s %s",
		    size_text(used, r->used), size_text(limit, r->limit),
		    r->limit_name);
	else if (r->limited)
		text = arena_printf(v->arena, "%llu/%llu %s",
		    (unsigned long long)r->used, (unsigned long long)r->limit,
		    r->limit_name);
	buf_addch(b, ' ');
	top_cell(b, r->plan[0] != '\0' ? r->plan : "-", 10, v->utf8);
	buf_addch(b, ' ');
	top_cell(b, text, 36, v->utf8);
}

static void
add_use(const struct top_screen *v, const struct top_data *d,
    const struct top_row *r, struct buf *b)
{
	char		text[24];
	const char	*free = "now";

	if (r->limited) {
		add_bar(v, b, r->share, v->columns < MEDIUM ? 6 : 10);
		snprintf(text, sizeof(text), "%llu%%",
		    (unsigned long long)(r->share > 999 ? 999 : r->share));
		top_right(b, text, 5);
	} else {
		top_right(b, "", v->columns < MEDIUM ? 7 : 11);
		top_right(b, "-", 5);
	}
	if (r->action[0] != '\0')
		free = "blocked";
	else if (r->until > d->now)
		free = top_span(text, r->until - d->now);
	top_right(b, free, 8);
}

static void
add_account(const struct top_screen *v, const struct top_data *d,
    const struct top_row *r, struct buf *b)
{
	if (v->columns >= WIDE)
		add_limit(v, r, b);
	if (v->columns >= MEDIUM) {
		if (r->rate == TOP_NO_RATE)
			top_right(b, "-", 8);
		else
			top_right_number(b, r->rate, 8);
		top_right_number(b, r->recipients, 8);
		top_right_number(b, r->messages, 8);
	}
	add_use(v, d, r, b);
}

static void
add_rule(const struct top_screen *v, const struct top_list *list,
    const struct top_row *r, struct buf *b)
{
	uint64_t	most = 1;
	size_t		i;

	top_right_number(b, r->hour, 8);
	top_right_number(b, r->total, 9);
	for (i = 0; i < list->n; i++)
		if (list->row[i].hour > most)
			most = list->row[i].hour;
	if (v->columns >= MEDIUM)
		add_bar(v, b, (uint64_t)((double)r->hour * FULL /
		    (double)most), 10);
}

static void
add_block(const struct top_screen *v, const struct top_data *d,
    const struct top_row *r, struct buf *b)
{
	char text[24];

	top_right(b, r->action, 8);
	top_right(b, r->until > d->now ? top_span(text, r->until - d->now) :
	    "-", 8);
	if (v->columns < MEDIUM)
		return;
	buf_addch(b, ' ');
	top_cell(b, r->reason, (size_t)beside_name(v, TOP_BLOCKS) - 17,
	    v->utf8);
}

static void
row_view(struct top_screen *v, const struct top_data *d, enum top_page page,
    const struct top_list *list, const struct top_row *r)
{
	struct buf	b = BUF_INIT;
	enum top_style	style = r->share >= FULL ? TOP_BOLD : TOP_PLAIN;
	bool		chosen = r->chosen && !v->report;

	buf_addstr(&b, chosen ? "> " : "  ");
	top_cell(&b, r->name, name_columns(v, page), v->utf8);
	if (page == TOP_RULES)
		add_rule(v, list, r, &b);
	else if (page == TOP_BLOCKS)
		add_block(v, d, r, &b);
	else
		add_account(v, d, r, &b);
	top_line_take(v, chosen ? TOP_REVERSE : style, &b);
	buf_free(&b);
}

static const char *
empty_text(const struct top_state *s, const struct top_data *d)
{
	static const char *const texts[TOP_PAGES] = {
		"  No login has sent mail that still counts.",
		"  No group has sent mail that still counts.",
		"  No rule has refused or held mail.",
		"  No account is blocked.",
	};

	return d->list[s->page].n > 0 ? "  Nothing matches the filter." :
	    texts[s->page];
}

/* The rows of the page; of the screen, as many as `room` has. */
static void
rows_view(struct top_screen *v, const struct top_state *s,
    const struct top_data *d, int room)
{
	size_t		chosen, i = 0;
	struct top_list	list = top_rows(v->arena, s, d, &chosen);

	row_title(v, s->page);
	room--;
	if (list.n == 0)
		top_line_add(v, TOP_PLAIN, empty_text(s, d));
	if (room > 0 && chosen >= (size_t)room)
		i = chosen - (size_t)room + 1;
	for (; i < list.n && room > 0; i++, room--)
		row_view(v, d, s->page, &list, &list.row[i]);
}

/* --- the bottom ----------------------------------------------------------- */

/* A long name is cut, so that the rest of the question stays in view. */
static const char *
question_text(struct top_screen *v, const struct top_state *s,
    const struct top_data *d)
{
	struct buf	 b = BUF_INIT;
	const char	*name, *effect;
	size_t		 most = (size_t)v->columns * QUESTION_NAME;
	size_t		 width = top_width(s->target, most, v->utf8);

	top_cell(&b, s->target, width < most ? width : most, v->utf8);
	name = arena_strdup(v->arena, buf_str(&b));
	buf_free(&b);
	if (!s->block)
		effect = "Its mail is accepted again, and the reason of the "
		    "block is forgotten.";
	else if (strcmp(d->mode, "monitor") == 0)
		effect = "Its mail would be rejected until it is unblocked; "
		    "mode = monitor refuses nothing.";
	else
		effect = "All its mail is rejected (550) until it is "
		    "unblocked.";
	return arena_printf(v->arena, "%s \"%s\"? %s Press y to %s, any other "
	    "key to change nothing.", s->block ? "Block" : "Unblock", name,
	    effect, s->block ? "block it" : "unblock it");
}

static const char *
bottom_text(struct top_screen *v, const struct top_state *s,
    const struct top_data *d)
{
	size_t		chosen;
	struct top_list	list;

	if (s->mode == TOP_CONFIRM)
		return question_text(v, s, d);
	if (s->mode == TOP_HELP)
		return "Press any key to go on.";
	if (s->message[0] != '\0')
		return s->message;
	if (s->mode == TOP_TYPE)
		return "Enter: done  Esc: no filter";
	list = top_rows(v->arena, s, d, &chosen);
	if (s->page == TOP_BLOCKS && v->columns < MEDIUM && list.n > 0 &&
	    list.row[chosen].reason[0] != '\0')
		return arena_printf(v->arena, "Reason: %s",
		    list.row[chosen].reason);
	return v->columns < MEDIUM ? "? help  q quit  s sort  / filter" :
	    "? help  q quit  s sort  / filter  b block  u unblock  p pause  "
	    "space refresh";
}

/* Its lines: only the question and messages are worth more than one. */
static int
bottom_lines(const struct top_screen *v, const struct top_state *s,
    const char *text)
{
	int n = s->mode == TOP_CONFIRM || s->message[0] != '\0' ?
	    top_wrap_count(v, text) : 1;

	return n < v->rows ? n : v->rows;
}

static void
bottom_view(struct top_screen *v, const struct top_state *s, const char *text)
{
	if (s->mode == TOP_CONFIRM || s->message[0] != '\0')
		top_wrap(v, TOP_BOLD, text);
	else
		top_line_add(v, TOP_PLAIN, text);
}

/* --- the whole ------------------------------------------------------------ */

static void
fuse_view(struct top_screen *v, const struct top_data *d)
{
	top_line_add(v, TOP_PLAIN, arena_printf(v->arena,
	    "Fuse: %llu networks, %llu refused, %llu From", (unsigned long long)d->fuse[0],
	    (unsigned long long)d->fuse[1], (unsigned long long)d->fuse[2]));
}

static void
tabs_view(struct top_screen *v, const struct top_state *s,
    const struct top_data *d)
{
	static const char *const sorts[TOP_SORTS] = {
		[TOP_BY_USE] = "use", [TOP_BY_RATE] = "rate",
		[TOP_BY_NAME] = "name"
	};
	static const char *const names[TOP_PAGES] = {
		"1 Logins", "2 Groups", "3 Rules", "4 Blocks"
	};
	struct buf	b = BUF_INIT;
	unsigned	i;

	for (i = 0; i < TOP_PAGES; i++)
		buf_printf(&b, s->page == i ? "[%s]" : " %s ", names[i]);
	if (s->page == TOP_BLOCKS && d->blocks > d->list[TOP_BLOCKS].n)
		buf_printf(&b, "  the newest %zu of %llu",
		    d->list[TOP_BLOCKS].n, (unsigned long long)d->blocks);
	else if (v->columns >= MEDIUM)
		buf_printf(&b, "  by %s", s->page == TOP_BLOCKS &&
		    s->sort != TOP_BY_NAME ? "time" : sorts[s->sort]);
	else if (b.data[b.len - 1] == ' ')
		b.data[--b.len] = '\0';
	top_line_take(v, TOP_PLAIN, &b);
	if (s->page == TOP_BLOCKS)
		fuse_view(v, d);
	if (s->filter[0] != '\0' || s->mode == TOP_TYPE)
		top_line_add(v, TOP_BOLD, arena_printf(v->arena, "Filter: %s%s",
		    s->filter, s->mode == TOP_TYPE ? "_" : ""));
	buf_free(&b);
}

static void
help_view(struct top_screen *v)
{
	size_t i;

	for (i = 0; top_key_help[i] != NULL; i++)
		top_line_add(v, TOP_PLAIN, top_key_help[i]);
}

void
top_view(struct top_screen *v, const struct top_state *s,
    const struct top_data *d)
{
	const char	*bottom = bottom_text(v, s, d);
	int		 rows = v->rows, n = bottom_lines(v, s, bottom);

	v->n = 0;
	v->rows -= n;
	head_view(v, s, d);
	if (s->mode == TOP_HELP) {
		help_view(v);
	} else {
		if (rows >= HIGH)
			head_flows(v, d, false);
		tabs_view(v, s, d);
		rows_view(v, s, d, v->rows - v->n);
	}
	while (v->n < v->rows)
		top_line_add(v, TOP_PLAIN, "");
	v->rows = rows;
	bottom_view(v, s, bottom);
}

/* The columns of the longest name. */
static int
longest_name(const struct top_data *d, bool utf8)
{
	size_t page, i, width, most = 22;

	for (page = 0; page < TOP_PAGES; page++) {
		for (i = 0; i < d->list[page].n; i++) {
			width = top_width(d->list[page].row[i].name,
			    TOP_WIDEST / 2, utf8);
			if (width > most)
				most = width;
		}
	}
	return (int)(most < TOP_WIDEST / 2 ? most : TOP_WIDEST / 2);
}

void
top_report(struct arena *a, const struct top_data *d, bool utf8,
    struct buf *b)
{
	struct top_screen	*v = arena_alloc(a, sizeof(*v));
	struct top_state	 s = { .utf8 = utf8 };
	int			 i;

	v->arena = a;
	v->utf8 = utf8;
	v->report = true;
	v->rows = TOP_HIGHEST;
	v->columns = WIDE;
	v->columns = longest_name(d, utf8) + 2 + beside_name(v, TOP_LOGINS);
	head_view(v, &s, d);
	head_flows(v, d, true);
	for (i = TOP_LOGINS; i <= TOP_BLOCKS; i++) {
		s.page = (enum top_page)i;
		top_line_add(v, TOP_PLAIN, "");
		rows_view(v, &s, d, v->rows - v->n);
	}
	fuse_view(v, d);
	for (i = 0; i < v->n; i++)
		buf_printf(b, "%s\n", v->line[i].text);
}
