/*
 * millgatectl outcomes: its output, with and without a running daemon.
 */
#include "test.h"

#include <time.h>

#include "ctl_run.h"
#include "store/store_outcomes.h"

/* T0 is of this day. */
#define DAY	"2026-09-21"

static const struct dmarc_outcome spoofed = { {
	"strict.example", "strict.example", "198.51.100.7", "evil.example",
	"fail", "evil.example", "mfrom", "fail", "evil.example/s=fail", "",
	"fail", "p=reject; adkim=r; aspf=r", "reject", "reject", ""
} };
static const struct dmarc_outcome listed = { {
	"a.strict.example", "strict.example", "", "", "none", "", "", "none",
	"", "", "fail", "p=reject; adkim=r; aspf=r", "reject", "accept",
	"lists"
} };

/* Run the command on this state; its output is in `out`. */
static int
run_on(const char *spec, char *out, size_t size, const char *words)
{
	char line[256];

	snprintf(line, sizeof(line), "outcomes --state %s %s", spec, words);
	return ctl_run(ctl_outcomes, ".none", line, out, size);
}

static int
run(char *out, size_t size, const char *words)
{
	return run_on(path, out, size, words);
}

/* A daemon that has written two spoofed messages and one of a list. */
static struct store *
begin(void)
{
	struct store	*s = open_good();
	char		 error[STORE_ERROR];

	store_note_dmarc(s, &listed, T0);
	store_note_dmarc(s, &spoofed, T0);
	store_note_dmarc(s, &spoofed, T0);
	store_note_dmarc(s, &spoofed, T0 + 86400);
	assert_int_equal(store_write_dmarc(s, T0, 30, error), STORE_TAKEN);
	return s;
}

static void
rows_as_json(void **state)
{
	struct store	*s = begin();
	char		 out[4096];

	(void)state;
	assert_int_equal(run(out, sizeof(out), "--json --day " DAY), CTL_GOOD);
	assert_string_equal(out, "[\n"
	    "{\"day\":\"2026-09-21\",\"header_from\":\"strict.example\","
	    "\"policy_domain\":\"strict.example\","
	    "\"source_ip\":\"198.51.100.7\","
	    "\"envelope_from\":\"evil.example\",\"spf\":\"fail\","
	    "\"spf_domain\":\"evil.example\",\"spf_scope\":\"mfrom\","
	    "\"dkim\":\"fail\",\"dkim_signatures\":\"evil.example/s=fail\","
	    "\"aligned\":\"\",\"dmarc\":\"fail\","
	    "\"policy_published\":\"p=reject; adkim=r; aspf=r\","
	    "\"policy\":\"reject\",\"disposition\":\"reject\","
	    "\"override\":\"\",\"messages\":2},\n"
	    "{\"day\":\"2026-09-21\",\"header_from\":\"a.strict.example\","
	    "\"policy_domain\":\"strict.example\",\"source_ip\":\"\","
	    "\"envelope_from\":\"\",\"spf\":\"none\",\"spf_domain\":\"\","
	    "\"spf_scope\":\"\",\"dkim\":\"none\",\"dkim_signatures\":\"\","
	    "\"aligned\":\"\",\"dmarc\":\"fail\","
	    "\"policy_published\":\"p=reject; adkim=r; aspf=r\","
	    "\"policy\":\"reject\",\"disposition\":\"accept\","
	    "\"override\":\"lists\",\"messages\":1}\n]\n");
	store_close(&s);
}

static void
rows_as_a_table(void **state)
{
	struct store	*s = begin();
	char		 out[4096];

	(void)state;
	assert_int_equal(run(out, sizeof(out), "--day " DAY), CTL_GOOD);
	assert_non_null(strstr(out, DAY ": 3 messages in 2 rows\n"));
	assert_non_null(strstr(out, "       2  strict.example  "));
	assert_non_null(strstr(out, "evil.example/s=fail\n"));
	assert_non_null(strstr(out, "accept lists"));
	assert_int_equal(run(out, sizeof(out), "--day 2026-09-22"), CTL_GOOD);
	assert_non_null(strstr(out, ": 1 messages in 1 rows\n"));
	/* a day without mail */
	assert_int_equal(run(out, sizeof(out), "--day 2026-09-20"), CTL_GOOD);
	assert_string_equal(out, "2026-09-20: 0 messages in 0 rows\n");
	assert_int_equal(run(out, sizeof(out), "--json"), CTL_GOOD);
	assert_string_equal(out, "[]\n");
	store_close(&s);
}

/* Rows that the daemon adds are seen, and none is needed to read them. */
static void
beside_a_daemon_and_without_one(void **state)
{
	struct store	*s = begin();
	char		 out[4096], error[STORE_ERROR];

	(void)state;
	assert_int_equal(run(out, sizeof(out), "--day " DAY), CTL_GOOD);
	store_note_dmarc(s, &spoofed, T0);
	assert_int_equal(store_write_dmarc(s, T0, 30, error), STORE_TAKEN);
	assert_int_equal(run(out, sizeof(out), "--day " DAY), CTL_GOOD);
	assert_non_null(strstr(out, ": 4 messages in 2 rows\n"));
	store_close(&s);
	assert_int_equal(run(out, sizeof(out), "--day " DAY), CTL_GOOD);
	assert_non_null(strstr(out, ": 4 messages in 2 rows\n"));
}

static void
trouble_is_told(void **state)
{
	static const char *const days[] = { "2026-02-29", "2026-1-01",
	    "2026-13-01", "2026-00-10", "2026-01-00", "1969-12-31", "today",
	    "2026-09-21T" };
	struct store	*s = begin();
	char		 out[256], words[64];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(days); i++) {
		snprintf(words, sizeof(words), "--day %s", days[i]);
		if (run(out, sizeof(out), words) != CTL_TROUBLE)
			row_fail(days[i], "taken");
	}
	assert_int_equal(run(out, sizeof(out), "--day"), CTL_TROUBLE);
	assert_int_equal(run(out, sizeof(out), "extra"), CTL_TROUBLE);
	assert_int_equal(run(out, sizeof(out), "--day 2024-02-29"), CTL_GOOD);
	assert_int_equal(run_on("redis://127.0.0.1:1/0", out, sizeof(out), ""),
	    CTL_TROUBLE);
	store_close(&s);
	remove_files();
	assert_int_equal(run(out, sizeof(out), "--day " DAY), CTL_TROUBLE);
	assert_string_equal(out, "");
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_as_json),
		TEST(rows_as_a_table),
		TEST(beside_a_daemon_and_without_one),
		TEST(trouble_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
