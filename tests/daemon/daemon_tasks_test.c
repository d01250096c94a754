/*
 * daemon_tasks: old DMARC outcomes are pruned even if none are recorded
 */
#include "test.h"

#include "daemon/daemon_tasks_priv.h"
#include "session/session_site.h"
#include "store/store_sqlite.h"
#include "store/store_test.h"
#include "store/store_outcomes.h"

#define DAY	86400

static uint64_t minutes;

static uint64_t
fake_ticks(void)
{
	return minutes * 60 * 1000;
}

static struct services *
services_with_file(const char *text)
{
	struct services	*sv = open_services(text);
	char		*why = NULL;

	store_close(&sv->store);
	sv->store = store_open(path, &why);
	assert_non_null(sv->store);
	sv->ticks = fake_ticks;
	return sv;
}

static void
expect_days(const char *want)
{
	struct sql	*s;
	char		*text;

	assert_true(sql_open(&s, path, SQL_READ));
	text = sql_text(s, "SELECT ifnull(group_concat(day - 20717), '') "
	    "FROM (SELECT DISTINCT day FROM outcome ORDER BY day)");
	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
	sql_close(&s);
}

/* With record-outcomes = no, keep-outcomes still applies to old ones. */
static void
outcomes_are_pruned_when_they_are_not_recorded_any_more(void **state)
{
	static const struct dmarc_outcome o = { {
	    "a.example", "a.example", "192.0.2.1", "", "none", "", "", "none",
	    "", "", "fail", "p=none; adkim=r; aspf=r", "none", "tag", "" } };
	struct services	*sv = services_with_file("dmarc { record-outcomes = "
			     "no  keep-outcomes = 7 }");
	time_t		 today = (time_t)20717 * DAY;
	char		 error[STORE_ERROR];
	int		 i;

	(void)state;
	for (i = -9; i <= 0; i += 3)
		store_note_dmarc(sv->store, &o, today + i * DAY);
	assert_int_equal(store_write_dmarc(sv->store, today, 100, error),
	    STORE_TAKEN);
	expect_days("-9,-6,-3,0");
	assert_int_equal(NOW / DAY, 20717);
	daemon_tasks_clock(sv);
	sv->now = noon;
	daemon_tasks_start(sv);
	minutes += 2;
	daemon_tasks_run(sv);
	expect_days("-6,-3,0");
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    outcomes_are_pruned_when_they_are_not_recorded_any_more,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
