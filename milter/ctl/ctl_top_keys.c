/*
 * ctl_top_keys - millgatectl top: what the keys do, and the rows they choose
 *
 * Only the key y in the question changes anything at the daemon.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "ctl_top_priv.h"

#define PAGE_STEP	10	/* rows of "page up" and "page down" */
#define KEY_BACKSPACE	8
#define KEY_DELETE	127
#define KEY_CLEAR	21	/* ^U */
#define KEY_REDRAW	12	/* ^L */

const char *const top_key_help[] = {
	"1 2 3 4, Tab   logins, groups, rules, blocks",
	"up down, k j   choose a row",
	"s              sort by use, rate or name",
	"/              show names with this text",
	"Esc            show all names",
	"b              block the chosen account",
	"u              unblock it",
	"p              pause, go on",
	"space          ask the daemon now",
	"q, ^C          quit",
	"",
	"USE   of the fullest limit of the account",
	"FREE  when it may send again",
	"RATE  recipients a minute, while top runs",
	NULL
};

/* --- filter and sort ------------------------------------------------------ */

static bool
name_matches(const char *name, const char *filter)
{
	size_t i;

	for (; *name != '\0'; name++) {
		for (i = 0; filter[i] != '\0' && ascii_lower(name[i]) ==
		    ascii_lower(filter[i]); i++)
			;
		if (filter[i] == '\0')
			return true;
	}
	return filter[0] == '\0';
}

static int
row_order(uint64_t a, uint64_t b)
{
	return a == b ? 0 : a > b ? -1 : 1;
}

static int
row_by_name(const void *va, const void *vb)
{
	const struct top_row *a = va, *b = vb;

	return strcmp(a->name, b->name);
}

/* Use of the limits; of rules, the refusals; else what was sent. */
static int
row_by_use(const void *va, const void *vb)
{
	const struct top_row	*a = va, *b = vb;
	int			 order = row_order(a->share, b->share);

	if (order == 0)
		order = row_order(a->hour, b->hour);
	if (order == 0)
		order = row_order(a->total, b->total);
	if (order == 0)
		order = row_order(a->recipients, b->recipients);
	return order != 0 ? order : row_by_name(va, vb);
}

static int
row_by_rate(const void *va, const void *vb)
{
	const struct top_row	*a = va, *b = vb;
	int			 order = row_order(a->rate, b->rate);

	return order != 0 ? order : row_by_use(va, vb);
}

struct top_list
top_rows(struct arena *a, const struct top_state *s, const struct top_data *d,
    size_t *chosen)
{
	static int (*const orders[TOP_SORTS])(const void *, const void *) = {
		[TOP_BY_USE] = row_by_use,
		[TOP_BY_RATE] = row_by_rate,
		[TOP_BY_NAME] = row_by_name,
	};
	const struct top_list	*all = &d->list[s->page];
	struct top_list		 list = { 0, NULL };
	size_t			 i;

	list.row = arena_array(a, all->n + 1, sizeof(*list.row));
	for (i = 0; i < all->n; i++)
		if (name_matches(all->row[i].name, s->filter))
			list.row[list.n++] = all->row[i];
	/* blocks stay in the daemon's order, the newest first */
	if (s->page != TOP_BLOCKS || s->sort == TOP_BY_NAME)
		qsort(list.row, list.n, sizeof(*list.row), orders[s->sort]);
	*chosen = 0;
	for (i = 0; i < list.n; i++)
		if (strcmp(list.row[i].name, s->chosen) == 0)
			*chosen = i;
	if (list.n > 0)
		list.row[*chosen].chosen = true;
	return list;
}

/* --- keys ----------------------------------------------------------------- */

/* ESC [ and ESC O begin a sequence, which a letter or ~ ends (ECMA-48 5.4). */
static int
sequence_key(const char *p, size_t len)
{
	static const struct {
		const char	*text;
		int		 key;
	} rows[] = {
		{ "A", TOP_KEY_UP }, { "B", TOP_KEY_DOWN },
		{ "H", TOP_KEY_HOME }, { "F", TOP_KEY_END },
		{ "1~", TOP_KEY_HOME }, { "4~", TOP_KEY_END },
		{ "5~", TOP_KEY_PAGE_UP }, { "6~", TOP_KEY_PAGE_DOWN },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].text) == len &&
		    memcmp(rows[i].text, p, len) == 0)
			return rows[i].key;
	return TOP_KEY_OTHER;
}

size_t
top_key_read(const char *p, size_t len, bool all, int *key)
{
	size_t i;

	*key = len > 0 ? (unsigned char)p[0] : TOP_KEY_OTHER;
	if (len == 0 || *key != TOP_KEY_ESCAPE)
		return len > 0;
	if (len == 1)
		return all;
	if (p[1] != '[' && p[1] != 'O')
		return 1;
	for (i = 2; i < len; i++) {
		if (p[i] < '@' || p[i] > '~')
			continue;
		*key = sequence_key(p + 2, i - 1);
		return i + 1;
	}
	*key = TOP_KEY_OTHER;
	return all ? len : 0;
}

static void
choose_row(struct top_state *s, const struct top_row *r)
{
	snprintf(s->chosen, sizeof(s->chosen), "%s", r->name);
}

static void
move_choice(struct top_state *s, const struct top_data *d, int key)
{
	struct arena	*a = arena_new(0);
	size_t		 at, last;
	struct top_list	 list = top_rows(a, s, d, &at);

	if (list.n > 0) {
		last = list.n - 1;
		if (key == TOP_KEY_UP || key == 'k')
			at -= at > 0;
		else if (key == TOP_KEY_DOWN || key == 'j')
			at += at < last;
		else if (key == TOP_KEY_PAGE_UP)
			at -= at < PAGE_STEP ? at : PAGE_STEP;
		else if (key == TOP_KEY_PAGE_DOWN)
			at += last - at < PAGE_STEP ? last - at : PAGE_STEP;
		else
			at = key == TOP_KEY_HOME ? 0 : last;
		choose_row(s, &list.row[at]);
	}
	arena_free(&a);
}

static void
turn_to_page(struct top_state *s, unsigned page)
{
	s->page = (enum top_page)(page % TOP_PAGES);
	s->chosen[0] = '\0';
}

/* The row that is shown as the chosen one becomes the target of a question. */
static enum top_order
ask_about(struct top_state *s, const struct top_data *d, bool block)
{
	struct arena	*a = arena_new(0);
	size_t		 at;
	struct top_list	 list = top_rows(a, s, d, &at);
	enum top_order	 order = TOP_NOTHING;

	if (s->page == TOP_RULES || list.n == 0 ||
	    list.row[at].name[0] == '\0') {
		snprintf(s->message, sizeof(s->message), "%s",
		    s->page == TOP_RULES ? "A rule cannot be blocked." :
		    "No account is shown here.");
	} else if (strlen(list.row[at].name) >= TOP_NAME - 1) {
		snprintf(s->message, sizeof(s->message),
		    "This name is too long; only its begin is known.");
	} else {
		snprintf(s->target, sizeof(s->target), "%s",
		    list.row[at].name);
		choose_row(s, &list.row[at]);
		s->block = block;
		s->mode = TOP_CONFIRM;
		order = TOP_ASK;
	}
	arena_free(&a);
	return order;
}

static enum top_order
key_in_question(struct top_state *s, int key)
{
	s->mode = TOP_BROWSE;
	if (key == 'y')
		return TOP_CHANGE;
	snprintf(s->message, sizeof(s->message), "Nothing was changed.");
	return TOP_NOTHING;
}

static void
key_in_filter(struct top_state *s, int key)
{
	size_t len = strlen(s->filter);

	if (key == '\r' || key == '\n') {
		s->mode = TOP_BROWSE;
	} else if (key == TOP_KEY_ESCAPE) {
		s->mode = TOP_BROWSE;
		s->filter[0] = '\0';
	} else if (key == KEY_CLEAR) {
		s->filter[0] = '\0';
	} else if (key == KEY_BACKSPACE || key == KEY_DELETE) {
		/* the tail of a character of UTF-8, too */
		while (len > 0 && (s->filter[--len] & 0xc0) == 0x80)
			;
		s->filter[len] = '\0';
	} else if (key >= ' ' && key < 256 && len + 1 < sizeof(s->filter)) {
		s->filter[len] = (char)key;
		s->filter[len + 1] = '\0';
	}
}

static enum top_order
key_of_list(struct top_state *s, const struct top_data *d, int key)
{
	switch (key) {
	case '1': case '2': case '3': case '4':
		turn_to_page(s, (unsigned)(key - '1'));
		break;
	case '\t':
		turn_to_page(s, s->page + 1u);
		break;
	case 's':
		s->sort = (enum top_sort)((s->sort + 1u) % TOP_SORTS);
		break;
	case TOP_KEY_UP: case TOP_KEY_DOWN: case 'j': case 'k':
	case TOP_KEY_PAGE_UP: case TOP_KEY_PAGE_DOWN:
	case TOP_KEY_HOME: case TOP_KEY_END:
		move_choice(s, d, key);
		break;
	case 'b':
		return ask_about(s, d, true);
	case 'u':
		return ask_about(s, d, false);
	default:
		break;
	}
	return TOP_NOTHING;
}

static enum top_order
key_of_program(struct top_state *s, int key)
{
	switch (key) {
	case 'q':
		return TOP_QUIT;
	case ' ':
	case KEY_REDRAW:
		return TOP_REFRESH;
	case 'p':
		s->paused = !s->paused;
		break;
	case '/':
		s->mode = TOP_TYPE;
		break;
	case '?':
	case 'h':
		s->mode = TOP_HELP;
		break;
	case TOP_KEY_ESCAPE:
		s->filter[0] = '\0';
		break;
	default:
		break;
	}
	return TOP_NOTHING;
}

enum top_order
top_key(struct top_state *s, const struct top_data *d, int key)
{
	enum top_order order;

	s->message[0] = '\0';
	switch (s->mode) {
	case TOP_CONFIRM:
		return key_in_question(s, key);
	case TOP_TYPE:
		key_in_filter(s, key);
		return TOP_NOTHING;
	case TOP_HELP:
		s->mode = TOP_BROWSE;
		return key == 'q' ? TOP_QUIT : TOP_NOTHING;
	case TOP_BROWSE:
		break;
	}
	order = key_of_list(s, d, key);
	return order != TOP_NOTHING ? order : key_of_program(s, key);
}
