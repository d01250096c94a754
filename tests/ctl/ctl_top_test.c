/*
 * millgatectl top: its lines and its keys, without a terminal.
 */
#include "test.h"

#include <locale.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ctl/ctl_top_priv.h"

#define NOON	"1796126400"	/* 2026-12-01 12:00:00 UTC */

static const char status_text[] =
"{\"version\":\"0.2.0\",\"host\":\"mx.example.net\",\"now\":" NOON ","
"\"started\":1796039000,\"uptime\":87400,\"mode\":\"enforce\","
"\"health\":{\"good\":true,\"why\":[]},"
"\"totals\":{\"open_connections\":12,\"open_messages\":3},"
"\"directions\":[{\"name\":\"inbound\",\"accept\":1000,\"tag\":20,\"hold\":3,"
"\"defer\":4,\"reject\":500},{\"name\":\"submission\",\"accept\":123456,"
"\"tag\":0,\"hold\":0,\"defer\":7,\"reject\":1}],"
"\"traffic\":[{\"time\":1796126280,\"accept\":9},{\"time\":1796126340,"
"\"accept\":17,\"tag\":2,\"hold\":0,\"defer\":1,\"reject\":5},"
"{\"time\":1796126400,\"accept\":1}],"
"\"rules\":[{\"name\":\"quota\",\"hour\":40,\"total\":90},"
"{\"name\":\"dmarc-reject\",\"hour\":10,\"total\":1000}],"
"\"logins\":[{\"account\":\"alice@example.org\",\"plan\":\"trial\","
"\"recipients\":500,\"messages\":30,\"limits\":[{\"name\":"
"\"recipients-per-hour\",\"used\":500,\"limit\":1000}],\"share\":50},"
"{\"account\":\"bob@example.org\",\"plan\":\"small\",\"recipients\":10,"
"\"messages\":5,\"limits\":[{\"name\":\"bytes-per-day\",\"used\":26214400,"
"\"limit\":26214400}],\"share\":100,\"free\":1796130000},"
"{\"account\":\"Carol\",\"recipients\":7,\"messages\":7,\"limits\":[],"
"\"blocked\":\"reject\"}],"
"\"groups\":[{\"account\":\"group acme\",\"recipients\":20,\"messages\":2,"
"\"limits\":[{\"name\":\"recipients-per-hour\",\"used\":20,\"limit\":40}],"
"\"share\":50}],"
"\"blocks\":{\"total\":1,\"list\":[{\"account\":\"Carol\","
"\"action\":\"reject\","
"\"until\":1796133600,\"reason\":\"fuse: 9 client networks\"}]},"
"\"fuse\":{\"networks\":1,\"refused\":0,\"from\":0}}";

struct view {
	struct arena	*arena;
	struct top_data	*data;
	struct top_state state;
	struct top_screen screen;
	struct buf	 text;		/* of the screen */
};

static struct top_data *
read_text(struct arena *a, const char *text)
{
	struct json v;

	assert_true(json_parse(text, strlen(text), &v));
	return top_read(a, v);
}

static void
view_open(struct view *v, const char *text)
{
	memset(v, 0, sizeof(*v));
	v->arena = arena_new(0);
	v->data = read_text(v->arena, text);
}

static void
view_close(struct view *v)
{
	buf_free(&v->text);
	arena_free(&v->arena);
}

static const char *
draw(struct view *v, int columns, int rows)
{
	int i;

	v->screen.arena = v->arena;
	v->screen.columns = columns;
	v->screen.rows = rows;
	v->screen.utf8 = v->state.utf8;
	top_view(&v->screen, &v->state, v->data);
	assert_true(v->screen.n <= rows);
	buf_reset(&v->text);
	for (i = 0; i < v->screen.n; i++) {
		assert_true(top_width(v->screen.line[i].text, 999,
		    v->state.utf8) <= (size_t)columns);
		buf_addstr(&v->text, v->screen.line[i].text);
		while (v->text.len > 0 &&
		    v->text.data[v->text.len - 1] == ' ')
			v->text.data[--v->text.len] = '\0';
		buf_addch(&v->text, '\n');
	}
	return buf_str(&v->text);
}

/* Type a text of single keys; the last order. */
static enum top_order
type(struct view *v, const char *keys)
{
	enum top_order order = TOP_NOTHING;

	for (; *keys != '\0'; keys++)
		order = top_key(&v->state, v->data, (unsigned char)*keys);
	return order;
}

/* --- lines ---------------------------------------------------------------- */

static void
a_usual_terminal(void **state)
{
	struct view v;

	(void)state;
	view_open(&v, status_text);
	assert_string_equal(draw(&v, 80, 16),
"millgate 0.2.0 enforce healthy up 1d00h  mx.example.net  12:00:00 UTC\n"
"sessions 12 messages 3 blocks 1 fuse 1\n"
"PER MINUTE ACCEPT  TAG HOLD DEFER REJECT\n"
"inbound         -    -    -     -      -\n"
"submission      -    -    -     -      -\n"
"min. 11:59     17    2    0     1      5\n"
"[1 Logins] 2 Groups  3 Rules  4 Blocks   by use\n"
"  LOGIN                             RATE  RCPT/H   MSG/H USE           %  "
"  FREE\n"
"> bob@example.org                      -      10       5 ########## 100%  "
" 1h00m\n"
"  alice@example.org                    -     500      30 #####.....  50%  "
"   now\n"
"  Carol                                -       7       7               - b"
"locked\n"
"\n"
"\n"
"\n"
"\n"
"? help  q quit  s sort  / filter  b block  u unblock  p pause  space refre"
"sh\n");
	view_close(&v);
}

static void
a_narrow_terminal(void **state)
{
	struct view v;

	(void)state;
	view_open(&v, status_text);
	assert_string_equal(draw(&v, 40, 16),
"millgate 0.2.0 enforce healthy up 1d00h\n"
"sessions 12 messages 3 blocks 1 fuse 1\n"
"PER MINUTE ACCEPT  TAG HOLD DEFER REJECT\n"
"inbound         -    -    -     -      -\n"
"submission      -    -    -     -      -\n"
"min. 11:59     17    2    0     1      5\n"
"[1 Logins] 2 Groups  3 Rules  4 Blocks\n"
"  LOGIN              USE       %    FREE\n"
"> bob@example.org    ###### 100%   1h00m\n"
"  alice@example.org  ###...  50%     now\n"
"  Carol                        - blocked\n"
"\n"
"\n"
"\n"
"\n"
"? help  q quit  s sort  / filter\n");
	type(&v, "4");
	assert_string_equal(draw(&v, 40, 8),
"millgate 0.2.0 enforce healthy up 1d00h\n"
"sessions 12 messages 3 blocks 1 fuse 1\n"
" 1 Logins  2 Groups  3 Rules [4 Blocks]\n"
"Fuse: 1 networks, 0 refused, 0 From\n"
"  ACCOUNT                 ACTION ENDS IN\n"
"> Carol                   reject   2h00m\n"
"\n"
"Reason: fuse: 9 client networks\n");
	view_close(&v);
}

static void
a_wide_terminal(void **state)
{
	struct view v;

	(void)state;
	view_open(&v, status_text);
	v.state.utf8 = true;
	assert_string_equal(draw(&v, 200, 8),
"millgate 0.2.0 enforce healthy up 1d00h  mx.example.net  12:00:00 UTC\n"
"sessions 12 messages 3 blocks 1 fuse 1\n"
"[1 Logins] 2 Groups  3 Rules  4 Blocks   by use\n"
"  LOGIN                                                                   "
"                               PLAN       FULLEST LIMIT                   "
"        RATE  RCPT/H   MSG/H USE           %    FREE\n"
"> bob@example.org                                                         "
"                               small      25M/25M bytes-per-day           "
"           -      10       5 \xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96"
"\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96"
"\x88 100%   1h00m\n"
"  alice@example.org                                                       "
"                               trial      500/1000 recipients-per-hour    "
"           -     500      30 \xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96"
"\x88\xe2\x96\x88\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91\xe2\x96"
"\x91  50%     now\n"
"  Carol                                                                   "
"                               -          no limit                        "
"           -       7       7               - blocked\n"
"? help  q quit  s sort  / filter  b block  u unblock  p pause  space refre"
"sh\n");
	view_close(&v);
}

static void
a_report(void **state)
{
	struct view	v;
	struct buf	b = BUF_INIT;

	(void)state;
	view_open(&v, status_text);
	top_report(v.arena, v.data, false, &b);
	assert_string_equal(buf_str(&b),
"millgate 0.2.0 enforce healthy up 1d00h  mx.example.net  12:00:00 UTC\n"
"sessions 12 messages 3 blocks 1 fuse 1\n"
"TOTAL      ACCEPT  TAG HOLD DEFER REJECT\n"
"inbound      1000   20    3     4    500\n"
"submission 123456    0    0     7      1\n"
"min. 11:59     17    2    0     1      5\n"
"\n"
"  LOGIN                  PLAN       FULLEST LIMIT                         "
"  RATE  RCPT/H   MSG/H USE           %    FREE\n"
"  bob@example.org        small      25M/25M bytes-per-day                 "
"     -      10       5 ########## 100%   1h00m\n"
"  alice@example.org      trial      500/1000 recipients-per-hour          "
"     -     500      30 #####.....  50%     now\n"
"  Carol                  -          no limit                              "
"     -       7       7               - blocked\n"
"\n"
"  GROUP, LISTENER, RELAY PLAN       FULLEST LIMIT                         "
"  RATE  RCPT/H   MSG/H USE           %    FREE\n"
"  group acme             -          20/40 recipients-per-hour             "
"     -      20       2 #####.....  50%     now\n"
"\n"
"  RULE                                                                    "
"                      HOUR    TOTAL\n"
"  quota                                                                   "
"                        40       90 ##########\n"
"  dmarc-reject                                                            "
"                        10     1000 ##........\n"
"\n"
"  ACCOUNT                                             ACTION ENDS IN REASO"
"N\n"
"  Carol                                               reject   2h00m fuse:"
" 9 client networks\n"
"Fuse: 1 networks, 0 refused, 0 From\n");
	buf_free(&b);
	view_close(&v);
}

static void
all_pages(void **state)
{
	struct view v;

	(void)state;
	view_open(&v, status_text);
	type(&v, "3");
	assert_non_null(strstr(draw(&v, 80, 24), "> quota "));
	type(&v, "2");
	assert_non_null(strstr(draw(&v, 80, 24), "> group acme "));
	type(&v, "4");
	assert_non_null(strstr(draw(&v, 80, 24), "fuse: 9 client networks"));
	type(&v, "\t");
	assert_non_null(strstr(draw(&v, 80, 24), "[1 Logins]"));
	type(&v, "?");
	assert_non_null(strstr(draw(&v, 40, 24), "block the chosen account"));
	view_close(&v);
}

static void
trouble_is_shown(void **state)
{
	struct view v;

	(void)state;
	view_open(&v,
	    "{\"health\":{\"good\":false,\"why\":[\"dns: no answer\"]},"
	    "\"store_error\":\"disk I/O error\"}");
	v.state.away = true;
	draw(&v, 80, 24);
	assert_non_null(strstr(buf_str(&v.text), "UNHEALTHY"));
	assert_non_null(strstr(buf_str(&v.text), "Unhealthy: dns: no answer"));
	assert_non_null(strstr(buf_str(&v.text),
	    "The state cannot be read: disk I/O error"));
	assert_non_null(strstr(buf_str(&v.text),
	    "No answer from the daemon."));
	view_close(&v);
}

/* --- names ---------------------------------------------------------------- */

static void
names_are_made_harmless(void **state)
{
	static const struct {
		const char	*text, *utf8, *ascii;
	} rows[] = {
		{ "alice", "alice", "alice" },
		{ "\033[2J\a", "\\u{1b}[2J\\u{7}", "\\u{1b}[2J\\u{7}" },
		{ "\x9b""2J", "\\x{9b}2J", "\\x{9b}2J" },
		{ "\xc2\x9b""2J", "\\u{9b}2J", "\\u{9b}2J" },
		{ "a\xe2\x80\xaeg", "a\\u{202e}g", "a\\u{202e}g" },
		{ "a\xe2\x80\x8bg", "a\\u{200b}g", "a\\u{200b}g" },
		{ "\xd7\x90", "\\u{5d0}", "\\u{5d0}" },
		{ "e\xcc\x81", "e\\u{301}", "e\\u{301}" },
		{ "\xc3\xa9", "\xc3\xa9", "\\u{e9}" },
		{ "\xe4\xb8\xad", "\xe4\xb8\xad", "\\u{4e2d}" },
		{ "\xff\xc0\x80", "\\x{ff}\\x{c0}\\x{80}",
		    "\\x{ff}\\x{c0}\\x{80}" },
		{ "\xf3\xa0\x81\x81", "\\u{e0041}", "\\u{e0041}" },
		{ "a\nb\tc\rd", "a\\u{a}b\\u{9}c\\u{d}d",
		    "a\\u{a}b\\u{9}c\\u{d}d" },
	};
	struct buf	b = BUF_INIT;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		buf_reset(&b);
		top_cell(&b, rows[i].text, top_width(rows[i].text, 99, true),
		    true);
		if (strcmp(buf_str(&b), rows[i].utf8) != 0)
			row_fail(rows[i].utf8, "is %s", buf_str(&b));
		buf_reset(&b);
		top_cell(&b, rows[i].text, top_width(rows[i].text, 99, false),
		    false);
		if (strcmp(buf_str(&b), rows[i].ascii) != 0)
			row_fail(rows[i].ascii, "is %s", buf_str(&b));
	}
	buf_free(&b);
}

static void
cells_have_their_width(void **state)
{
	static const struct {
		const char	*text;
		size_t		 columns;
		const char	*want;
	} rows[] = {
		{ "alice", 7, "alice  " },
		{ "alice", 5, "alice" },
		{ "alice", 4, "a..." },
		{ "alice", 2, ".." },
		{ "alice", 0, "" },
		{ "", 2, "  " },
		/* two columns each: half a character is never shown */
		{ "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 5,
		    "\xe4\xb8\xad..." },
		{ "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 4, "... " },
		{ "ab\033cdefgh", 9, "ab...    " },
	};
	struct buf	b = BUF_INIT;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		buf_reset(&b);
		top_cell(&b, rows[i].text, rows[i].columns, true);
		if (strcmp(buf_str(&b), rows[i].want) != 0)
			row_fail(rows[i].want, "is \"%s\"", buf_str(&b));
	}
	buf_free(&b);
}

static void
numbers_and_spans_are_short(void **state)
{
	static const struct {
		uint64_t	 n;
		const char	*number, *span;
	} rows[] = {
		{ 0, "     0", "0s" },
		{ 59, "    59", "59s" },
		{ 3599, "  3599", "59m" },
		{ 12345, " 12345", "3h25m" },
		{ 123456, "  123k", "1d10h" },
		{ 2591999, " 2591k", "29d23h" },
		{ 123456789, "  123M", ">1000d" },
		{ UINT64_MAX, "   18E", ">1000d" },
	};
	struct buf	b = BUF_INIT;
	char		text[24];
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		buf_reset(&b);
		top_right_number(&b, rows[i].n, 6);
		assert_string_equal(buf_str(&b), rows[i].number);
		assert_string_equal(top_span(text, rows[i].n), rows[i].span);
	}
	assert_string_equal(top_clock(text, UINT64_MAX), "-");
	buf_free(&b);
}

/* --- rates ---------------------------------------------------------------- */

static struct top_data *
counted(struct arena *a, unsigned uptime, unsigned accept, unsigned recipients)
{
	return read_text(a, arena_printf(a, "{\"started\":5,\"uptime\":%u,"
	    "\"directions\":[{\"accept\":%u}],\"logins\":[{\"account\":\"a\","
	    "\"recipients\":%u}]}", uptime, accept, recipients));
}

static void
rates_are_of_the_last_minute(void **state)
{
	static struct top_history	 h;
	struct arena			*a = arena_new(0);
	struct top_data			*d;
	unsigned			 i;

	(void)state;
	d = counted(a, 100, 1000, 50);
	top_rates(&h, d);
	assert_false(d->has_rates);
	assert_true(d->list[TOP_LOGINS].row[0].rate == TOP_NO_RATE);
	d = counted(a, 110, 1010, 60);
	top_rates(&h, d);
	assert_true(d->has_rates);
	assert_int_equal(d->rate[0].n[ACTION_ACCEPT], 60);
	assert_int_equal(d->rate[1].n[ACTION_ACCEPT], 0);
	assert_int_equal(d->list[TOP_LOGINS].row[0].rate, 60);
	/* the hour rolls on: that is not sending */
	d = counted(a, 120, 1010, 20);
	top_rates(&h, d);
	assert_int_equal(d->list[TOP_LOGINS].row[0].rate, 30);
	/* the same answer again */
	top_rates(&h, d);
	assert_int_equal(h.n, 3);
	for (i = 0; i < 300; i++) {
		d = counted(a, 121 + i, 1010 + i, 20);
		top_rates(&h, d);
	}
	assert_int_equal(d->rate[0].n[ACTION_ACCEPT], 60);
	assert_int_equal(d->list[TOP_LOGINS].row[0].rate, 0);
	/* the daemon was started again */
	d = counted(a, 1, 3, 20);
	top_rates(&h, d);
	assert_false(d->has_rates);
	arena_free(&a);
}

static void
a_login_that_begins_to_send_has_a_rate(void **state)
{
	static struct top_history	 h;
	struct arena			*a = arena_new(0);
	struct top_data			*d;

	(void)state;
	d = read_text(a, "{\"uptime\":10,\"logins\":[]}");
	top_rates(&h, d);
	d = counted(a, 40, 0, 9);
	h.started = d->started;
	top_rates(&h, d);
	assert_int_equal(d->list[TOP_LOGINS].row[0].rate, 18);
	arena_free(&a);
}

/* --- keys ----------------------------------------------------------------- */

static const char *
chosen(struct view *v)
{
	size_t		at;
	struct top_list	list = top_rows(v->arena, &v->state, v->data, &at);

	return at < list.n ? list.row[at].name : "";
}

static void
rows_are_sorted(void **state)
{
	struct view v;

	(void)state;
	view_open(&v, status_text);
	assert_string_equal(chosen(&v), "bob@example.org");	/* use */
	v.data->list[TOP_LOGINS].row[0].rate = 5;
	v.data->list[TOP_LOGINS].row[1].rate = 4;
	v.data->list[TOP_LOGINS].row[2].rate = 9;
	type(&v, "s");
	assert_string_equal(chosen(&v), "Carol");		/* rate */
	type(&v, "s");
	assert_string_equal(chosen(&v), "Carol");		/* name */
	top_key(&v.state, v.data, TOP_KEY_DOWN);
	assert_string_equal(chosen(&v), "alice@example.org");
	type(&v, "s");						/* stays */
	assert_string_equal(chosen(&v), "alice@example.org");
	top_key(&v.state, v.data, TOP_KEY_END);
	assert_string_equal(chosen(&v), "Carol");
	top_key(&v.state, v.data, TOP_KEY_PAGE_UP);
	assert_string_equal(chosen(&v), "bob@example.org");
	type(&v, "k");						/* the first */
	assert_string_equal(chosen(&v), "bob@example.org");
	type(&v, "jk");
	assert_string_equal(chosen(&v), "bob@example.org");
	top_key(&v.state, v.data, TOP_KEY_PAGE_DOWN);
	assert_string_equal(chosen(&v), "Carol");
	type(&v, "j");						/* the last */
	assert_string_equal(chosen(&v), "Carol");
	top_key(&v.state, v.data, TOP_KEY_HOME);
	assert_string_equal(chosen(&v), "bob@example.org");
	view_close(&v);
}

static void
rows_are_filtered(void **state)
{
	struct view v;

	(void)state;
	view_open(&v, status_text);
	type(&v, "/ALicq");
	assert_non_null(strstr(draw(&v, 80, 24), "Nothing matches"));
	assert_int_equal(v.state.mode, TOP_TYPE);
	type(&v, "\x7f");
	assert_string_equal(chosen(&v), "alice@example.org");
	assert_null(strstr(draw(&v, 80, 24), "bob@"));
	type(&v, "\xc3\xa9\x7f\r");
	assert_string_equal(v.state.filter, "ALic");
	assert_int_equal(v.state.mode, TOP_BROWSE);
	type(&v, "\033");
	assert_non_null(strstr(draw(&v, 80, 24), "bob@"));
	type(&v, "/");
	while (strlen(v.state.filter) + 1 < TOP_FILTER)
		type(&v, "x");
	type(&v, "x");
	assert_int_equal(strlen(v.state.filter), TOP_FILTER - 1);
	top_key(&v.state, v.data, TOP_KEY_UP);	/* no octet */
	assert_int_equal(strlen(v.state.filter), TOP_FILTER - 1);
	type(&v, "\025");			/* ^U */
	assert_string_equal(v.state.filter, "");
	type(&v, "a\b\b\x7f" "b\033");	/* nothing is left to delete */
	assert_string_equal(v.state.filter, "");
	assert_int_equal(v.state.mode, TOP_BROWSE);
	view_close(&v);
}

static void
only_y_changes_a_block(void **state)
{
	struct view	v;
	int		key;

	(void)state;
	view_open(&v, status_text);
	for (key = 1; key <= TOP_KEY_OTHER; key++) {
		assert_int_equal(top_key(&v.state, v.data, 'b'), TOP_ASK);
		if (top_key(&v.state, v.data, key) == TOP_CHANGE)
			assert_int_equal(key, 'y');
		assert_int_equal(v.state.mode, TOP_BROWSE);
	}
	assert_int_equal(type(&v, "b"), TOP_ASK);
	assert_non_null(strstr(draw(&v, 80, 24), "Block \"bob@example.org\"? "
	    "All its mail is rejected (550)"));
	assert_non_null(strstr(draw(&v, 40, 12), "Press y"));
	/* another snapshot does not change who is meant */
	v.data->list[TOP_LOGINS].n = 1;
	assert_int_equal(type(&v, "y"), TOP_CHANGE);
	assert_string_equal(v.state.target, "bob@example.org");
	assert_true(v.state.block);
	assert_int_equal(type(&v, "4u"), TOP_ASK);
	assert_non_null(strstr(draw(&v, 80, 24), "Unblock \"Carol\"?"));
	assert_int_equal(type(&v, "y"), TOP_CHANGE);
	assert_false(v.state.block);
	assert_int_equal(type(&v, "3b"), TOP_NOTHING);
	assert_non_null(strstr(draw(&v, 80, 24), "A rule cannot be blocked."));
	assert_int_equal(type(&v, "1/nobody\rb"), TOP_NOTHING);
	view_close(&v);
}

static void
the_question_survives_any_name(void **state)
{
	struct view	v;
	char		name[600], text[1024];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[511] = '\0';
	memcpy(name, "\xe2\x80\xae", 3);
	snprintf(text, sizeof(text), "{\"mode\":\"monitor\",\"logins\":["
	    "{\"account\":\"%s\"}]}", name);
	view_open(&v, text);
	assert_int_equal(type(&v, "b"), TOP_ASK);
	draw(&v, 40, 16);
	assert_non_null(strstr(buf_str(&v.text), "Press y"));
	assert_non_null(strstr(buf_str(&v.text), "monitor"));
	assert_non_null(strstr(buf_str(&v.text), "\"\\u{202e}xxx"));
	view_close(&v);
	/* of a name that was cut the rest is not known */
	name[511] = 'x';
	name[512] = '\0';
	snprintf(text, sizeof(text), "{\"logins\":[{\"account\":\"%s\"}]}",
	    name);
	view_open(&v, text);
	assert_int_equal(type(&v, "b"), TOP_NOTHING);
	view_close(&v);
}

static void
keys_are_read(void **state)
{
	static const struct {
		const char	*text;
		bool		 all;
		size_t		 n;
		int		 key;
	} rows[] = {
		{ "q", false, 1, 'q' },
		{ "\xc3\xa9", false, 1, 0xc3 },
		{ "\033[A", false, 3, TOP_KEY_UP },
		{ "\033OB", false, 3, TOP_KEY_DOWN },
		{ "\033[5~y", false, 4, TOP_KEY_PAGE_UP },
		{ "\033[1;5y", false, 6, TOP_KEY_OTHER },
		{ "\033", false, 0, TOP_KEY_ESCAPE },
		{ "\033", true, 1, TOP_KEY_ESCAPE },
		{ "\033b", false, 1, TOP_KEY_ESCAPE },
		{ "\033[", false, 0, TOP_KEY_OTHER },
		{ "\033[12", true, 4, TOP_KEY_OTHER },
		{ "\033[\x7f" "A", true, 4, TOP_KEY_OTHER },
		{ "", true, 0, TOP_KEY_OTHER },
	};
	size_t	i;
	int	key;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(top_key_read(rows[i].text,
		    strlen(rows[i].text), rows[i].all, &key), rows[i].n);
		assert_int_equal(key, rows[i].key);
	}
}

static void
other_keys(void **state)
{
	struct view v;

	(void)state;
	view_open(&v, status_text);
	assert_int_equal(type(&v, " "), TOP_REFRESH);
	assert_int_equal(type(&v, "p"), TOP_NOTHING);
	assert_non_null(strstr(draw(&v, 40, 24), "PAUSED"));
	assert_int_equal(type(&v, "p?q"), TOP_QUIT);
	assert_int_equal(type(&v, "?xq"), TOP_QUIT);
	view_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_terminal),
		cmocka_unit_test(a_narrow_terminal),
		cmocka_unit_test(a_wide_terminal),
		cmocka_unit_test(a_report),
		cmocka_unit_test(all_pages),
		cmocka_unit_test(trouble_is_shown),
		cmocka_unit_test(names_are_made_harmless),
		cmocka_unit_test(cells_have_their_width),
		cmocka_unit_test(numbers_and_spans_are_short),
		cmocka_unit_test(rates_are_of_the_last_minute),
		cmocka_unit_test(a_login_that_begins_to_send_has_a_rate),
		cmocka_unit_test(rows_are_sorted),
		cmocka_unit_test(rows_are_filtered),
		cmocka_unit_test(only_y_changes_a_block),
		cmocka_unit_test(the_question_survives_any_name),
		cmocka_unit_test(keys_are_read),
		cmocka_unit_test(other_keys),
	};

	/* wcwidth(3) */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
