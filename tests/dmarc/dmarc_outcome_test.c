/*
 * dmarc_outcome: the columns that an aggregate report needs, and no octet that
 * could break a row.
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "mail/domain.h"
#include "dmarc/dmarc.h"
#include "dmarc/dmarc_outcome.h"

#define SIG(d, s, r)	{ .domain = d, .selector = s, .result = RESULT_ ## r }
#define SIGS(list)	.dkim = { .done = true, .n = NELEM(list), .sig = list }

static const struct dmarc_record reject_rec = { .has_p = true,
    .p = DMARC_REJECT, .strict_spf = true };

#define DMARC(...)	.dmarc = { .done = true, .author_domain = \
	"a.example.org", .record_domain = "example.org", \
	.record = &reject_rec, .policy = DMARC_REJECT, __VA_ARGS__ }
#define SENDER(d)	.env = { .sender_local = "x", .sender_domain = d }

static struct dkim_signature two[] = {
	SIG("list.example", "s2", FAIL), SIG("example.org", "s1", PASS),
};
static struct dkim_signature many[] = {
	SIG("a.example", "s", FAIL), SIG("b.example", "s", PERMERROR),
	SIG("c.example", "s", TEMPERROR), SIG("d.example", "s", POLICY),
	SIG("e.example", "s", FAIL), SIG("f.example", "s", PASS),
};
static struct dkim_signature odd[] = {
	SIG(NULL, NULL, PERMERROR), SIG("a.example", NULL, PERMERROR),
	SIG("a=b/c d;e\"f", "s\n=pass x/y", PERMERROR),
};

static const struct {
	const char	*name;
	struct facts	 facts;
	enum action	 taken;
	const char	*want;		/* columns, "|" between; NULL: none */
} rows[] = {
	{ "all that passes", { DMARC(.result = RESULT_PASS,
	    .spf_aligned = true, .dkim_aligned = true), SENDER("example.org"),
	    .spf_mfrom = { .done = true, .result = RESULT_PASS,
	    .domain = "example.org" }, SIGS(two) }, ACTION_ACCEPT,
	    "a.example.org|example.org||example.org|pass|example.org|mfrom|"
	    "pass|example.org/s1=pass list.example/s2=fail|spf+dkim|pass|"
	    "p=reject; adkim=r; aspf=s|reject|accept|" },
	{ "nothing passes, a rule of the site", { DMARC(.result = RESULT_FAIL),
	    SENDER("evil.example"), .spf_mfrom = { .done = true,
	    .result = RESULT_SOFTFAIL, .domain = "evil.example" },
	    .dkim = { .done = true }, .override = { .name = "lists" } },
	    ACTION_TAG,
	    "a.example.org|example.org||evil.example|softfail|evil.example|"
	    "mfrom|none|||fail|p=reject; adkim=r; aspf=s|reject|tag|lists" },
	{ "the null sender is the HELO name's", { DMARC(.result = RESULT_PASS,
	    .spf_aligned = true), .env = { .sender = "" },
	    .spf_mfrom = { .done = true, .result = RESULT_PASS,
	    .postmaster = true, .domain = "mx.example.org" } }, ACTION_ACCEPT,
	    "a.example.org|example.org|||pass|mx.example.org|helo|none||spf|"
	    "pass|p=reject; adkim=r; aspf=s|reject|accept|" },
	{ "no SPF was done", { DMARC(.result = RESULT_FAIL) }, ACTION_REJECT,
	    "a.example.org|example.org|||none|||none|||fail|"
	    "p=reject; adkim=r; aspf=s|reject|reject|" },
	{ "four signatures of six, a pass in front",
	    { DMARC(.result = RESULT_FAIL), SIGS(many) }, ACTION_REJECT,
	    "a.example.org|example.org|||none|||pass|f.example/s=pass "
	    "a.example/s=fail b.example/s=permerror c.example/s=temperror||"
	    "fail|p=reject; adkim=r; aspf=s|reject|reject|" },
	{ "words of the wire stay words", { DMARC(.result = RESULT_FAIL),
	    SENDER("[192.0.2.1 |x]"), .spf_mfrom = { .done = true,
	    .domain = "a b|\377" }, SIGS(odd) }, ACTION_REJECT,
	    "a.example.org|example.org||[192.0.2.1??x]|none|a?b??|mfrom|"
	    "permerror|a?b?c?d?e?f/s??pass?x?y=permerror||fail|"
	    "p=reject; adkim=r; aspf=s|reject|reject|" },
	{ "no policy, no row", { .dmarc = { .done = true,
	    .result = RESULT_NONE } }, ACTION_ACCEPT, NULL },
	{ "DMARC was not asked", { .dmarc = { .record_domain = "x" } },
	    ACTION_ACCEPT, NULL },
};

static void
joined(struct buf *b, const struct dmarc_outcome *o)
{
	size_t i;

	buf_reset(b);
	for (i = 0; i < DMARC_OUTCOME_TEXTS; i++) {
		assert_non_null(o->text[i]);
		buf_printf(b, "%s%s", i > 0 ? "|" : "", o->text[i]);
	}
}

static void
facts_become_a_row(void **state)
{
	struct arena		*a = arena_new(4096);
	struct dmarc_outcome	 o;
	struct buf		 b = BUF_INIT;
	bool			 some;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		memset(&o, 0, sizeof(o));
		some = dmarc_outcome_fill(&o, &rows[i].facts, rows[i].taken,
		    a);
		if (some != (rows[i].want != NULL))
			row_fail(rows[i].name, "row: %d", some);
		if (!some)
			continue;
		joined(&b, &o);
		if (strcmp(buf_str(&b), rows[i].want) != 0)
			row_fail(rows[i].name, "%s", buf_str(&b));
	}
	buf_free(&b);
	arena_free(&a);
}

static void
the_client_is_an_address(void **state)
{
	struct arena		*a = arena_new(4096);
	struct facts		 f = { DMARC(.result = RESULT_FAIL) };
	struct dmarc_outcome	 o;

	(void)state;
	f.conn.client_known = true;
	assert_true(netaddr_parse("2001:db8::7", &f.conn.client));
	assert_true(dmarc_outcome_fill(&o, &f, ACTION_HOLD, a));
	assert_string_equal(o.text[OUTCOME_SOURCE], "2001:db8::7");
	assert_string_equal(o.text[OUTCOME_DISPOSITION], "hold");
	arena_free(&a);
}

/* A signature whose names are too long for a DNS name. */
static void
long_names_make_no_long_rows(void **state)
{
	struct arena		*a = arena_new(4096);
	struct facts		 f = { DMARC(.result = RESULT_FAIL) };
	struct dkim_signature	 sig = SIG("example.org", NULL, FAIL);
	struct dmarc_outcome	 o;
	char			 selector[300];

	(void)state;
	memset(selector, 's', sizeof(selector));
	selector[sizeof(selector) - 1] = '\0';
	sig.selector = selector;
	f.dkim.n = 1;
	f.dkim.sig = &sig;
	assert_true(dmarc_outcome_fill(&o, &f, ACTION_TAG, a));
	assert_string_equal(o.text[OUTCOME_SIGNERS], "");
	assert_string_equal(o.text[OUTCOME_DKIM], "fail");
	/* 252 octets together, and no place for another one and dots */
	selector[DOMAIN_MAX - strlen("example.org")] = '\0';
	assert_true(dmarc_outcome_fill(&o, &f, ACTION_TAG, a));
	assert_string_equal(o.text[OUTCOME_SIGNERS], "");
	selector[DOMAIN_MAX - strlen("example.org") - 1] = '\0';
	assert_true(dmarc_outcome_fill(&o, &f, ACTION_TAG, a));
	assert_string_not_equal(o.text[OUTCOME_SIGNERS], "");
	arena_free(&a);
}

static const struct {
	const char *record, *want;
} records[] = {
	{ "v=DMARC1; p=none", "p=none; adkim=r; aspf=r" },
	{ "v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; aspf=s",
	    "p=reject; sp=none; np=quarantine; adkim=s; aspf=s" },
	{ "v=DMARC1; p=quarantine; sp=quarantine; np=quarantine; t=y; psd=y",
	    "p=quarantine; sp=quarantine; np=quarantine; adkim=r; aspf=r; "
	    "psd=y; t=y" },
	{ "v=DMARC1; p=quarantine; sp=quarantine; np=x; t=y; psd=n",
	    "p=quarantine; sp=quarantine; adkim=r; aspf=r; psd=n; t=y; "
	    "invalid" },
	{ "v=DMARC1; rua=mailto:a@b", "adkim=r; aspf=r; invalid" },
	{ "v=DMARC1; sp=reject; rua=mailto:a@b",
	    "sp=reject; adkim=r; aspf=r; invalid" },
};

static void
records_are_told(void **state)
{
	struct dmarc_record	rec;
	char			text[DMARC_RECORD_TEXT];
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(records); i++) {
		assert_true(dmarc_record_parse(records[i].record,
		    strlen(records[i].record), &rec));
		dmarc_record_format(&rec, text);
		if (strcmp(text, records[i].want) != 0)
			row_fail(records[i].record, "%s", text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_become_a_row),
		cmocka_unit_test(the_client_is_an_address),
		cmocka_unit_test(long_names_make_no_long_rows),
		cmocka_unit_test(records_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
