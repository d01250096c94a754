/*
 * policy_spf: each result has the action of its setting, and the reply says
 * which domain has refused the mail
 */
#include "test.h"

#include "policy/policy_override.h"
#include "policy/policy_spf.h"

#define TAG_ALL	{ .on_fail = ACTION_TAG, .on_softfail = ACTION_TAG, \
		    .on_permerror = ACTION_TAG, .on_temperror = ACTION_TAG }
#define SET_ALL	{ .on_fail = ACTION_REJECT, .on_softfail = ACTION_HOLD, \
		    .on_permerror = ACTION_DEFER, .on_temperror = ACTION_TAG }

static const struct {
	enum result	 result;
	enum action	 want;
	const char	*rule;
} rows[] = {
	{ RESULT_NONE, ACTION_ACCEPT, "ok" },
	{ RESULT_NEUTRAL, ACTION_ACCEPT, "ok" },
	{ RESULT_PASS, ACTION_ACCEPT, "ok" },
	{ RESULT_POLICY, ACTION_ACCEPT, "ok" },
	{ RESULT_FAIL, ACTION_REJECT, "spf-fail" },
	{ RESULT_SOFTFAIL, ACTION_HOLD, "spf-softfail" },
	{ RESULT_PERMERROR, ACTION_DEFER, "spf-permerror" },
	{ RESULT_TEMPERROR, ACTION_TAG, "spf-temperror" },
};

static void
expect(const char *name, struct verdict v, size_t row)
{
	if (v.action != rows[row].want || strcmp(v.rule, rows[row].rule) != 0)
		row_fail(name, "%s: %s %s", result_name(rows[row].result),
		    action_name(v.action), v.rule);
}

static void
each_result_has_its_action(void **state)
{
	static const struct spf_rules	 mfrom = { .mfrom = SET_ALL };
	static const struct spf_rules	 helo = { .helo = SET_ALL };
	struct facts			 f;
	size_t				 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		memset(&f, 0, sizeof(f));
		f.spf_mfrom.done = true;
		f.spf_mfrom.result = rows[i].result;
		expect("MAIL FROM", policy_spf(&mfrom, &f), i);
		f.spf_helo = f.spf_mfrom;
		f.spf_mfrom.result = RESULT_PASS;
		expect("HELO", policy_spf(&helo, &f), i);
		f.spf_helo.done = false;
		if (policy_spf(&helo, &f).action != ACTION_ACCEPT)
			row_fail("not checked", "%zu", i);
	}
}

static void
the_worse_identity_counts(void **state)
{
	static const struct spf_rules r = { .mfrom = TAG_ALL,
	    .helo = SET_ALL };
	struct facts f = { .direction = DIRECTION_INBOUND };

	(void)state;
	f.spf_mfrom.done = f.spf_helo.done = true;
	f.spf_mfrom.result = f.spf_helo.result = RESULT_FAIL;
	assert_int_equal(policy_spf(&r, &f).action, ACTION_REJECT);
	f.spf_helo.result = RESULT_PASS;
	assert_int_equal(policy_spf(&r, &f).action, ACTION_TAG);
}

/* A section `override' that replaces what SPF does: which results it may. */
static void
an_override_replaces_bad_results_only(void **state)
{
	static const struct override_rules r = { .name = "all",
	    .of = OVERRIDE_SPF, .action = ACTION_HOLD };
	static const struct identity_rules ir = { .recipient_delimiter = 0 };
	struct override_facts	o;
	struct verdict		v;
	struct facts		f;
	size_t			i;
	bool			helo;

	(void)state;
	for (i = 0; i < 2 * NELEM(rows); i++) {
		helo = i >= NELEM(rows);
		memset(&f, 0, sizeof(f));
		memset(&o, 0, sizeof(o));
		(helo ? &f.spf_helo : &f.spf_mfrom)->done = true;
		(helo ? &f.spf_helo : &f.spf_mfrom)->result =
		    rows[i % NELEM(rows)].result;
		v = policy_override_spf(&r, 1, &ir, &f, &o, verdict_accept());
		if ((v.action == ACTION_HOLD) !=
		    (rows[i % NELEM(rows)].want != ACTION_ACCEPT))
			row_fail(helo ? "HELO" : "MAIL FROM", "%s: %s",
			    result_name(rows[i % NELEM(rows)].result),
			    action_name(v.action));
	}
}

static void
the_reply_names_the_domain(void **state)
{
	static const struct spf_rules r = { .mfrom = SET_ALL };
	struct facts	f = { .direction = DIRECTION_INBOUND };
	struct verdict	v;

	(void)state;
	f.spf_mfrom.done = true;
	f.spf_mfrom.result = RESULT_FAIL;
	v = policy_spf(&r, &f);
	assert_string_equal(v.text, "SPF fail for ?");
	f.spf_mfrom.domain = "example.org";
	v = policy_spf(&r, &f);
	assert_string_equal(v.text, "SPF fail for example.org");
	assert_string_equal(v.code, "550");
	assert_string_equal(v.status, "5.7.23");
	f.spf_mfrom.explanation = "see www.example.org";
	v = policy_spf(&r, &f);
	assert_string_equal(v.text, "SPF fail for example.org, which "
	    "explains: see www.example.org");
	assert_string_equal(v.status, "5.7.23");
	f.spf_mfrom.explanation = NULL;
	f.spf_mfrom.result = RESULT_PERMERROR;
	v = policy_spf(&r, &f);
	assert_string_equal(v.code, "451");
	assert_string_equal(v.status, "4.7.24");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_result_has_its_action),
		cmocka_unit_test(the_worse_identity_counts),
		cmocka_unit_test(an_override_replaces_bad_results_only),
		cmocka_unit_test(the_reply_names_the_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
