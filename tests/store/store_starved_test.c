/*
 * store_starved: each allocation of SQLite fails once in the life of a state
 * file. What a call says holds: what was taken is there when the file is opened
 * again, what was not taken is not, and a call that fails says why.
 *
 * One point of 31 is tried; MILLGATE_EVERY=1 tries all, in minutes.
 */
#include "test.h"

#include <sqlite3.h>

#include "base/arena.h"
#include "store/store_keys.h"
#include "store/store_outcomes.h"
#include "store/store_settings.h"
#include "store_test.h"

#define ALICE	"alice@example.org"
#define BOB	"bob@example.org"
#define DAY	86400

/* The allocation that fails; 0: none. */
static unsigned			 fails_at;
static sqlite3_mem_methods	 usual;

static bool
fails_now(void)
{
	return fails_at > 0 && --fails_at == 0;
}

static void *
starved_malloc(int n)
{
	return fails_now() ? NULL : usual.xMalloc(n);
}

static void *
starved_realloc(void *p, int n)
{
	return fails_now() ? NULL : usual.xRealloc(p, n);
}

/* --- a life --------------------------------------------------------------- */

/* What the calls have said. */
static struct {
	unsigned	sent;		/* messages of ALICE */
	bool		blocked;	/* BOB */
	bool		seen;		/* the key */
} said;

static enum store_answer
heard(enum store_answer answer, const char *error)
{
	if (answer == STORE_UNKNOWN)
		assert_string_not_equal(error, "");
	return answer;
}

static void
send_one(struct store *s)
{
	struct reservation	*r = reservation_on(s, ALICE, no_limits);
	struct store_usage	 usage[STORE_ACCOUNTS];

	store_set_bytes(r, 1000);
	if (heard(store_reserve(r, T0, usage), usage[0].error) !=
	    STORE_TAKEN) {
		store_give_back(&r);
		return;
	}
	said.sent += heard(store_commit(&r, T0, usage), usage[0].error) ==
	    STORE_TAKEN;
}

static void
block_bob(struct store *s)
{
	struct store_setting	 t = { .blocked_until = STORE_FOREVER,
	    .block = STORE_BLOCK_REJECT };
	char			 error[STORE_ERROR] = "";

	snprintf(t.reason, sizeof(t.reason), "stolen");
	said.blocked |= heard(store_setting_put(s, BOB, STORE_PART_BLOCK, &t,
	    error), error) == STORE_TAKEN;
}

static void
see_key(struct store *s)
{
	struct store_key key = { .name = "example.org/s sha256:1" };
	char		 error[STORE_ERROR] = "";

	said.seen |= heard(store_keys_note(s, &key, 1, T0, error), error) ==
	    STORE_TAKEN;
	heard(store_keys_find(s, &key, 1, error), error);
}

static void
note_outcome(struct store *s)
{
	struct dmarc_outcome	 o;
	char			 error[STORE_ERROR] = "";
	size_t			 i;

	for (i = 0; i < DMARC_OUTCOME_TEXTS; i++)
		o.text[i] = "x";
	store_note_dmarc(s, &o, T0);
	heard(store_write_dmarc(s, T0, 30, error), error);
}

static void
ask(struct store *s)
{
	struct store_setting_rows	 set = { 0 };
	struct store_rows		 rows = { 0 };
	struct store_top		 top = { .most = 5 };
	struct store_setting		 t;
	struct store_usage		 usage;
	char				 error[STORE_ERROR] = "";

	heard(store_list(s, T0, &rows, error), error);
	store_rows_free(&rows);
	heard(store_top(s, T0, &top, error), error);
	store_top_free(&top);
	heard(store_settings_list(s, T0, &set, error), error);
	store_setting_rows_free(&set);
	heard(store_setting_get(s, BOB, T0, &t, error), error);
	heard(store_usage(s, ALICE, T0, no_limits, &usage), usage.error);
}

/* What the tool does, beside the daemon or without it. */
static void
use_tool(void)
{
	struct dmarc_outcome_rows rows;
	struct arena	*a = arena_new(1024);
	char		*why = NULL;
	struct store	*s = store_open_readonly(path, &why);

	assert_true(s != NULL || why != NULL);
	if (s != NULL) {
		ask(s);
		store_close(&s);
	}
	free(why);
	why = NULL;
	if (!store_outcomes_read(path, T0 / DAY, a, &rows, &why))
		assert_non_null(why);
	free(why);
	arena_free(&a);
}

/* False: it was not opened, with a reason. */
static bool
live(void)
{
	char		 error[STORE_ERROR] = "", *why = NULL;
	struct store	*s = store_open(path, &why);

	if (s == NULL) {
		assert_non_null(why);
		free(why);
		return false;
	}
	heard(store_clock_known(s, T0, error), error);
	send_one(s);
	block_bob(s);
	see_key(s);
	note_outcome(s);
	send_one(s);
	ask(s);
	use_tool();
	heard(store_prune(s, T0, error), error);
	heard(store_reset(s, "nobody", T0, error), error);
	send_one(s);
	store_close(&s);
	return true;
}

/* --- and what is left of it ------------------------------------------------- */

static void
check_left(unsigned n)
{
	struct store		*s = open_good();
	struct store_key	 key = { .name = "example.org/s sha256:1" };
	struct store_setting	 t;
	struct store_usage	 usage;
	char			 error[STORE_ERROR] = "", name[32];

	snprintf(name, sizeof(name), "allocation %u", n);
	assert_int_equal(store_clock_known(s, T0, error), STORE_TAKEN);
	assert_int_equal(store_usage(s, ALICE, T0, no_limits, &usage),
	    STORE_TAKEN);
	if (MSGS(usage) != said.sent || RCPTS(usage) != said.sent)
		row_fail(name, "%u messages were taken, %u are counted",
		    said.sent, (unsigned)MSGS(usage));
	assert_int_equal(store_setting_get(s, BOB, T0, &t, error),
	    STORE_TAKEN);
	if (said.blocked && t.blocked_until != STORE_FOREVER)
		row_fail(name, "the block is lost");
	assert_int_equal(store_keys_find(s, &key, 1, error), STORE_TAKEN);
	if (said.seen && key.seen != T0)
		row_fail(name, "the key is lost");
	send_one(s);
	assert_int_equal(store_usage(s, ALICE, T0, no_limits, &usage),
	    STORE_TAKEN);
	if (MSGS(usage) != said.sent)
		row_fail(name, "nothing more is counted");
	store_close(&s);
}

static void
what_is_said_holds(void **state)
{
	const char	*every = getenv("MILLGATE_EVERY");
	unsigned	 n, step = every != NULL ? (unsigned)atoi(every) : 31;
	unsigned	 opened = 0;
	bool		 struck = true;

	(void)state;
	assert_true(live() && said.sent == 3 && said.blocked && said.seen);
	for (n = 1; struck; n += step) {
		remove_files();
		memset(&said, 0, sizeof(said));
		fails_at = n;
		opened += live();
		struck = fails_at == 0;
		fails_at = 0;
		check_left(n);
	}
	assert_int_not_equal(opened, 0);
	print_message("# %u points\n", n / step);
}

int
main(void)
{
	sqlite3_mem_methods	 starved;
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(what_is_said_holds, setup,
		    teardown),
	};

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual) != SQLITE_OK)
		return 1;
	starved = usual;
	starved.xMalloc = starved_malloc;
	starved.xRealloc = starved_realloc;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &starved) != SQLITE_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
