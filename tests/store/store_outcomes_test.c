/*
 * store_outcomes: outcomes are counted by the row, written, pruned and bounded.
 */
#include "test.h"

#include "store/store_sqlite.h"
#include "store_test.h"
#include "store/store_outcomes.h"

#define DAY	86400

static const struct dmarc_outcome spoofed = { {
	"strict.example", "strict.example", "198.51.100.7", "evil.example",
	"fail", "evil.example", "mfrom", "none", "evil.example/s=fail", "",
	"fail", "p=reject; adkim=r; aspf=r", "reject", "reject", ""
} };

static struct store *
open_store(void)
{
	char		*why = NULL;
	struct store	*s = store_open(path, &why);

	if (s == NULL)
		fail_msg("%s", why);
	return s;
}

static void
expect(const char *query, const char *want)
{
	struct sql	*s;
	char		*text;

	assert_true(sql_open(&s, path, SQL_READ));
	text = sql_text(s, query);
	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
	sql_close(&s);
}

static void
write_out(struct store *s, time_t now, unsigned days)
{
	char error[STORE_ERROR];

	if (store_write_dmarc(s, now, days, error) != STORE_TAKEN)
		fail_msg("%s", error);
}

#define ALL	"SELECT group_concat(day || ' ' || author || ' ' || source " \
	"|| ' ' || disposition || ' ' || messages, '; ') FROM outcome"

static void
equal_ones_are_one_row(void **state)
{
	struct dmarc_outcome	 held = spoofed;
	struct store		*s = open_store();
	int			 i;

	(void)state;
	held.text[OUTCOME_DISPOSITION] = "hold";
	for (i = 0; i < 3; i++)
		store_note_dmarc(s, &spoofed, T0);
	store_note_dmarc(s, &held, T0);
	store_note_dmarc(s, &spoofed, T0 + DAY);
	/* nothing is written before store_write_dmarc */
	expect("SELECT count(*) FROM outcome", "0");
	write_out(s, T0, 30);
	expect(ALL, "20717 strict.example 198.51.100.7 hold 1; "
	    "20717 strict.example 198.51.100.7 reject 3; "
	    "20718 strict.example 198.51.100.7 reject 1");
	store_note_dmarc(s, &spoofed, T0);
	write_out(s, T0, 30);
	expect("SELECT messages FROM outcome WHERE day = 20717 AND "
	    "disposition = 'reject'", "4");
	/* the quota goes on beside it */
	store_close(&s);
	s = open_store();
	expect("SELECT count(*) FROM outcome", "3");
	store_close(&s);
}

static void
old_ones_are_removed(void **state)
{
	struct store *s = open_store();

	(void)state;
	store_note_dmarc(s, &spoofed, T0);
	store_note_dmarc(s, &spoofed, T0 + 5 * DAY);
	write_out(s, T0 + 10 * DAY, 10);
	expect("SELECT count(*) FROM outcome", "2");
	write_out(s, T0 + 11 * DAY, 10);
	expect("SELECT group_concat(day) FROM outcome", "20722");
	store_close(&s);
}

static void
what_waits_has_a_bound(void **state)
{
	struct dmarc_outcome	 o = spoofed;
	struct store		*s = open_store();
	char			 author[64];
	int			 i;

	(void)state;
	o.text[OUTCOME_AUTHOR] = author;
	for (i = 0; i < 9000; i++) {
		snprintf(author, sizeof(author), "d%d.strict.example", i);
		store_note_dmarc(s, &o, T0);
	}
	assert_int_equal(store_dmarc_lost(s), 9000 - 8192);
	assert_int_equal(store_dmarc_lost(s), 0);
	write_out(s, T0, 30);
	expect("SELECT count(*) || ' ' || sum(messages) FROM outcome",
	    "8192 8192");
	store_close(&s);
}

/* Each column counts: two outcomes that differ in one are two rows. */
static void
every_column_is_kept(void **state)
{
	struct store		*s = open_store();
	struct dmarc_outcome	 o;
	size_t			 i;

	(void)state;
	store_note_dmarc(s, &spoofed, T0);
	for (i = 0; i < DMARC_OUTCOME_TEXTS; i++) {
		o = spoofed;
		o.text[i] = "other";
		store_note_dmarc(s, &o, T0);
	}
	write_out(s, T0, 30);
	expect("SELECT count(*) || ' ' || sum(messages) FROM outcome",
	    "16 16");
	expect("SELECT author || '|' || record || '|' || source || '|' || "
	    "envelope || '|' || spf || '|' || spf_domain || '|' || spf_scope "
	    "|| '|' || dkim || '|' || signers || '|' || aligned || '|' || "
	    "result || '|' || published || '|' || policy || '|' || "
	    "disposition || '|' || override FROM outcome WHERE NOT 'other' IN "
	    "(author, record, source, envelope, spf, spf_domain, spf_scope, "
	    "dkim, signers, aligned, result, published, policy, disposition, "
	    "override)", "strict.example|strict.example|198.51.100.7|"
	    "evil.example|fail|evil.example|mfrom|none|evil.example/s=fail||"
	    "fail|p=reject; adkim=r; aspf=r|reject|reject|");
	store_close(&s);
}

/* Fill the day with rows, as a flood of forged mail does. */
static void
fill_day(unsigned rows)
{
	struct sql	*other;
	char		 text[512];

	snprintf(text, sizeof(text), "WITH RECURSIVE c(i) AS (SELECT 1 UNION "
	    "ALL SELECT i + 1 FROM c WHERE i < %u) INSERT INTO outcome "
	    "SELECT 20717, i, '', '', '', '', '', '', '', '', '', '', '', "
	    "'', '', '', 1 FROM c", rows);
	assert_true(sql_open(&other, path, SQL_WRITE));
	assert_true(sql_exec(other, text));
	sql_close(&other);
}

static void
a_day_has_a_bound(void **state)
{
	struct dmarc_outcome	 o = spoofed, known = { { "7" } };
	struct store		*s = open_store();
	char			 author[64];
	int			 i;

	(void)state;
	fill_day(199000);
	for (i = 1; i < (int)DMARC_OUTCOME_TEXTS; i++)
		known.text[i] = "";
	o.text[OUTCOME_AUTHOR] = author;
	for (i = 0; i < 1700; i++) {
		snprintf(author, sizeof(author), "d%d.strict.example", i);
		store_note_dmarc(s, &o, T0);
		/* the next day has room of its own, also in between */
		store_note_dmarc(s, &o, T0 + DAY);
	}
	write_out(s, T0, 30);
	expect("SELECT group_concat(n) FROM (SELECT count(*) AS n FROM "
	    "outcome GROUP BY day ORDER BY day)", "200000,1700");
	assert_int_equal(store_dmarc_lost(s), 700);
	/* an existing row goes on counting, a new one is lost */
	snprintf(author, sizeof(author), "new.strict.example");
	store_note_dmarc(s, &o, T0);
	store_note_dmarc(s, &known, T0);
	store_note_dmarc(s, &known, T0);
	write_out(s, T0, 30);
	assert_int_equal(store_dmarc_lost(s), 1);
	expect("SELECT messages FROM outcome WHERE author = '7'", "3");
	expect("SELECT count(*) FROM outcome WHERE day = 20717", "200000");
	store_close(&s);
}

static void
without_a_file_they_go_nowhere(void **state)
{
	char		 error[STORE_ERROR];
	struct store	*s = store_open_memory();

	(void)state;
	store_note_dmarc(s, &spoofed, T0);
	assert_int_equal(store_write_dmarc(s, T0, 1, error), STORE_TAKEN);
	assert_int_equal(store_dmarc_lost(s), 0);
	store_close(&s);
}

static void
a_broken_table_is_told(void **state)
{
	char		 error[STORE_ERROR];
	struct store	*s = open_store();
	struct sql	*other;

	(void)state;
	assert_true(sql_open(&other, path, SQL_WRITE));
	assert_true(sql_exec(other, "DROP TABLE outcome"));
	sql_close(&other);
	store_note_dmarc(s, &spoofed, T0);
	assert_int_equal(store_write_dmarc(s, T0, 1, error), STORE_UNKNOWN);
	assert_non_null(strstr(error, "DMARC outcomes"));
	assert_int_equal(store_dmarc_lost(s), 1);
	store_close(&s);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_ones_are_one_row),
		TEST(old_ones_are_removed),
		TEST(what_waits_has_a_bound),
		TEST(every_column_is_kept),
		TEST(a_day_has_a_bound),
		TEST(without_a_file_they_go_nowhere),
		TEST(a_broken_table_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
