/*
 * metrics: the table keeps the rules of OpenMetrics, each kind of counter is
 * exported where it belongs, and keys and blocks are looked at
 */
#include "test.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "daemon/daemon_alarms_priv.h"
#include "dns/resolver.h"
#include "session/observed.h"
#include "session/services.h"
#include "status/metrics_priv.h"
#include "status/status.h"
#include "store/store.h"
#include "store/store_settings.h"

static uint64_t ticks_now = 1000000;

static uint64_t
test_ticks(void)
{
	return ticks_now;
}

static struct services *
open_services(void)
{
	char		*why = NULL;
	struct conf	*c = conf_load_text("test", "", &why);
	struct services	*sv;

	sv = services_new(setup_new(c, &why), resolver_zone_new("", &why),
	    store_open_memory(), "mx.example.net");
	sv->ticks = test_ticks;
	return sv;
}

static const struct status_start start = { 1700000000, 0 };

static void
has_line(const struct buf *b, const char *line)
{
	struct buf want = BUF_INIT;

	buf_printf(&want, "\n%s\n", line);
	if (strstr(buf_str(b), buf_str(&want)) == NULL)
		fail_msg("no line \"%s\" in:\n%s", line, buf_str(b));
	buf_free(&want);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

/* OpenMetrics 1.0: a unit is the end of the name; some ends are reserved. */
static void
names_keep_the_rules(void **state)
{
	static const char *const reserved[] = {
		"_total", "_created", "_count", "_sum", "_bucket", "_gcount",
		"_gsum"
	};
	const struct metrics_row *row, *other;
	const struct metric	*m;
	size_t			 i;

	(void)state;
	for (row = metrics_rows; row->metric.name != NULL; row++) {
		m = &row->metric;
		if (strncmp(m->name, "millgate_", 9) != 0 ||
		    strspn(m->name, "abcdefghijklmnopqrstuvwxyz_") !=
		    strlen(m->name))
			row_fail(m->name, "not a name");
		if (m->unit != NULL && !ends_with(m->name, m->unit))
			row_fail(m->name, "the unit is not its end");
		if (m->unit == NULL && (ends_with(m->name, "_seconds") ||
		    ends_with(m->name, "_bytes")))
			row_fail(m->name, "without a unit");
		for (i = 0; i < NELEM(reserved); i++)
			if (ends_with(m->name, reserved[i]))
				row_fail(m->name, "reserved");
		if (strpbrk(m->help, "\"\\\n") != NULL ||
		    !ends_with(m->help, "."))
			row_fail(m->name, "help");
		assert_true((row->write == NULL) == (row->at > 0));
		for (other = metrics_rows; other < row; other++)
			if (strcmp(other->metric.name, m->name) == 0)
				row_fail(m->name, "twice");
	}
	assert_true(row - metrics_rows > 40);
}

static void
tally_some(struct services *sv)
{
	struct dkim_signature	sig[] = {
		{ .result = RESULT_PASS, .algorithm = "RSA-SHA256" },
		{ .result = RESULT_FAIL, .algorithm = "ed25519-sha256" },
		{ .result = RESULT_PERMERROR, .algorithm = "rsa-sha1" },
		{ .result = RESULT_PERMERROR, .algorithm = "\"x\n\"" },
		{ .result = RESULT_PERMERROR, .algorithm = NULL },
	};
	struct facts		f = { .direction = DIRECTION_INBOUND };

	f.spf_mfrom.done = f.spf_helo.done = f.iprev.done = true;
	f.spf_mfrom.result = RESULT_SOFTFAIL;
	f.spf_helo.result = RESULT_NONE;
	f.iprev.result = RESULT_PASS;
	f.dkim = (struct dkim_facts){ .done = true, .n = NELEM(sig),
	    .sig = sig };
	f.dmarc.done = true;
	f.dmarc.result = RESULT_FAIL;
	f.dmarc.policy = DMARC_QUARANTINE;
	f.dmarc.record_domain = "example.org";
	tally_results(&sv->tallies, &f);
	f = (struct facts){ .direction = DIRECTION_INBOUND };
	f.dkim.done = f.dmarc.done = true;
	tally_results(&sv->tallies, &f);
	/* of a submission nothing is known */
	f = (struct facts){ .direction = DIRECTION_SUBMISSION };
	tally_results(&sv->tallies, &f);
}

static void
results_are_exported(void **state)
{
	struct services	*sv = open_services();
	struct buf	 b = BUF_INIT;
	struct observed_listener *l = observed_listener(sv->observed, "m\"x");

	(void)state;
	tally_some(sv);
	observed_verdict(l, DIRECTION_SUBMISSION, "eom", ACTION_DEFER,
	    "quota");
	observed_verdict(l, DIRECTION_SUBMISSION, "rcpt", ACTION_DEFER,
	    "quota");
	observed_verdict(l, DIRECTION_INBOUND, "eom", ACTION_ACCEPT, NULL);
	counter_add(&sv->tallies.fuse[FUSE_FROM], 1);
	counter_add(&counter_set_row(&sv->tallies.plans, "gold")->
	    cell[TALLY_RECIPIENTS], 9);
	atomic_store(&sv->tallies.reload_failed, true);
	metrics_write(sv, &start, METRICS_OPENMETRICS, &b);
	has_line(&b, "millgate_start_time_seconds 1700000000");
	has_line(&b, "millgate_spf_results_total{identity=\"mfrom\","
	    "result=\"softfail\"} 1");
	has_line(&b, "millgate_spf_results_total{identity=\"helo\","
	    "result=\"none\"} 1");
	has_line(&b, "millgate_iprev_results_total{result=\"pass\"} 1");
	has_line(&b, "millgate_dkim_results_total{algorithm=\"rsa-sha256\","
	    "result=\"pass\"} 1");
	has_line(&b, "millgate_dkim_results_total{algorithm=\"ed25519-sha256\""
	    ",result=\"fail\"} 1");
	has_line(&b, "millgate_dkim_results_total{algorithm=\"rsa-sha1\","
	    "result=\"permerror\"} 1");
	has_line(&b, "millgate_dkim_results_total{algorithm=\"other\","
	    "result=\"permerror\"} 2");
	has_line(&b, "millgate_dkim_unsigned_messages_total 1");
	has_line(&b, "millgate_dmarc_results_total{policy=\"quarantine\","
	    "result=\"fail\"} 1");
	has_line(&b, "millgate_dmarc_results_total{policy=\"absent\","
	    "result=\"none\"} 1");
	has_line(&b, "millgate_messages_total{listener=\"m\\\"x\","
	    "direction=\"submission\",action=\"defer\"} 1");
	has_line(&b, "millgate_messages_total{listener=\"m\\\"x\","
	    "direction=\"inbound\",action=\"accept\"} 1");
	has_line(&b, "millgate_messages_total{listener=\"m\\\"x\","
	    "direction=\"inbound\",action=\"reject\"} 0");
	has_line(&b, "millgate_refusals_total{listener=\"m\\\"x\","
	    "rule=\"quota\"} 2");
	has_line(&b, "millgate_fuse_trips_total{fuse=\"from\"} 1");
	has_line(&b, "millgate_quota_recipients_total{plan=\"gold\"} 9");
	has_line(&b, "millgate_config_last_reload_successful 0");
	assert_true(ends_with(buf_str(&b), "\n# EOF\n"));
	buf_free(&b);
	services_free(&sv);
}

static bool
has_blocks(struct services *sv)
{
	struct buf	b = BUF_INIT;
	bool		has;

	metrics_write(sv, &start, METRICS_PROMETHEUS, &b);
	has = strstr(buf_str(&b), "\nmillgate_blocks ") != NULL;
	buf_free(&b);
	return has;
}

/* By the daemon's task, and only while the store answers. */
static void
blocks_are_counted(void **state)
{
	struct services		*sv = open_services();
	struct store_setting	 t = { .block = STORE_BLOCK_REJECT,
	    .blocked_until = STORE_FOREVER, .changed = 1 };
	struct buf		 b = BUF_INIT;
	char			 error[STORE_ERROR];

	(void)state;
	assert_false(has_blocks(sv));
	snprintf(t.reason, sizeof(t.reason), "test");
	assert_int_equal(store_setting_put(sv->store, "a@example.net",
	    STORE_PART_BLOCK, &t, error), STORE_TAKEN);
	alarm_blocks(sv);
	metrics_write(sv, &start, METRICS_PROMETHEUS, &b);
	has_line(&b, "millgate_blocks 1");
	atomic_store(&sv->tallies.blocks_known, false);
	assert_false(has_blocks(sv));
	buf_free(&b);
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_keep_the_rules),
		cmocka_unit_test(results_are_exported),
		cmocka_unit_test(blocks_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
