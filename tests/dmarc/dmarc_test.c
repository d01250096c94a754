/*
 * dmarc: record, walk, alignment and policy of RFC 9989, as tables.
 */
#include "test.h"

#include "base/arena.h"
#include "dmarc/dmarc.h"
#include "policy/policy_dmarc.h"
#include "policy/policy_override.h"

static struct arena *arena;

/* --- the record ------------------------------------------------------ */

static const struct {
	const char		*text;
	bool			 want;
	struct dmarc_record	 record;
} records[] = {
#define P(x)	.has_p = true, .p = DMARC_##x
	{ "v=DMARC1; p=reject", true, { P(REJECT) } },
	{ "v=DMARC1;p=quarantine;", true, { P(QUARANTINE) } },
	{ "v = DMARC1 ; p = none ;", true, { P(NONE) } },
	{ "V=DMARC1; P=REJECT", true, { P(REJECT) } },
	{ "v=DMARC1", true, { .has_p = false } },
	{ "v=dmarc1; p=reject", false, { .has_p = false } },
	{ "v=DMARC10; p=reject", false, { .has_p = false } },
	{ "v=DMARC2; p=reject", false, { .has_p = false } },
	{ "v=DMARC1 p=reject", false, { .has_p = false } },
	{ " v=DMARC1; p=reject", false, { .has_p = false } },
	{ "p=reject; v=DMARC1", false, { .has_p = false } },
	{ "v=spf1 -all", false, { .has_p = false } },
	{ "", false, { .has_p = false } },
	{ "v=DMARC1; p=rejekt", true, { .has_p = false } },
	{ "v=DMARC1; p=none; p=reject", true, { P(NONE) } },
	{ "v=DMARC1; p=bad; p=reject", true, { .has_p = false } },
	{ "v=DMARC1; p=reject; pct=0; rf=afrf; ri=1", true, { P(REJECT) } },
	{ "v=DMARC1; p=reject; pct=abc; x=\x80", true, { P(REJECT) } },
	{ "v=DMARC1; p=none; sp=reject; np=quarantine", true, { P(NONE),
	    .has_sp = true, .sp = DMARC_REJECT,
	    .has_np = true, .np = DMARC_QUARANTINE } },
	{ "v=DMARC1; p=none; sp=nonsense", true, { P(NONE),
	    .broken = true } },
	{ "v=DMARC1; p=none; np=", true, { P(NONE), .broken = true } },
	{ "v=DMARC1; p=none; adkim=s; aspf=s", true, { P(NONE),
	    .strict_dkim = true, .strict_spf = true } },
	{ "v=DMARC1; p=none; adkim=r; aspf=x", true, { P(NONE) } },
	{ "v=DMARC1; p=none; t=y; psd=n", true, { P(NONE),
	    .testing = true, .psd = PSD_NO } },
	{ "v=DMARC1; p=none; t=n; psd=u", true, { P(NONE) } },
	{ "v=DMARC1; psd=y", true, { .psd = PSD_YES } },
	{ "v=DMARC1; rua=mailto:a@example.org", true, { .has_rua = true } },
	{ "v=DMARC1; rua=mailto:a@example.org!10m,https://x", true,
	    { .has_rua = true } },
	{ "v=DMARC1; rua=nothing, ,mailto:x", true, { .has_rua = false } },
	{ "v=DMARC1; rua=", true, { .has_rua = false } },
	{ "v=DMARC1; ;;; =; p", true, { .has_p = false } },
};

static void
record_table(void **state)
{
	struct dmarc_record	rec;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(records); i++) {
		bool got = dmarc_record_parse(records[i].text,
		    strlen(records[i].text), &rec);

		if (got != records[i].want)
			row_fail(records[i].text, "parsed: %d", got);
		if (got && memcmp(&rec, &records[i].record, sizeof(rec)) != 0)
			row_fail(records[i].text, "p=%d/%d sp=%d np=%d rua=%d",
			    rec.has_p, rec.p, rec.sp, rec.np, rec.has_rua);
	}
}

static void
a_huge_record_is_read_once(void **state)
{
	static const char	start[] = "v=DMARC1; ";
	struct dmarc_record	rec;
	size_t			len = 100000;
	char			*text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, ';', len);
	memcpy(text, start, sizeof(start) - 1);
	memcpy(text + len - 9, ";p=reject", 9);
	assert_true(dmarc_record_parse(text, len, &rec));
	assert_int_equal(rec.p, DMARC_REJECT);
	free(text);
}

/* --- the walk -------------------------------------------------------- */

struct entry {
	const char	*name;		/* without _dmarc. */
	const char	*text;		/* "!" fails, "&" two records */
};

static void
answer_of(const struct entry *zone, const char *name, struct dns_answer *a)
{
	struct dns_rr	*rr = arena_array(arena, 2, sizeof(*rr));
	size_t		 i;

	memset(a, 0, sizeof(*a));
	a->status = DNS_NXDOMAIN;
	for (i = 0; i < 8 && zone[i].name != NULL; i++) {
		if (strcmp(zone[i].name, name) != 0)
			continue;
		a->status = zone[i].text[0] == '!' ? DNS_TEMPFAIL : DNS_OK;
		a->why = "servfail";
		a->n = zone[i].text[0] == '&' ? 2 : 1;
		rr[0].data = rr[1].data = zone[i].text[0] == '&' ?
		    zone[i].text + 1 : zone[i].text;
		rr[0].len = rr[1].len = strlen(rr[0].data);
		a->rr = rr;
	}
}

static void
walk(const struct entry *zone, const char *domain,
    struct dmarc_walk_result *r)
{
	struct dmarc_walk	 w;
	struct dns_answer	 a[DMARC_WALK_MAX];
	const struct dns_answer	*list[DMARC_WALK_MAX] = { NULL };
	size_t			 i;

	dmarc_walk_init(&w, domain);
	assert_true(w.n <= DMARC_WALK_MAX);
	for (i = 0; i < w.n; i++) {
		answer_of(zone, w.name[i], &a[i]);
		list[i] = &a[i];
	}
	dmarc_walk_judge(&w, list, arena, r);
}

static void
names_of_the_walk(void **state)
{
	struct dmarc_walk w;

	(void)state;
	dmarc_walk_init(&w, "example");
	assert_int_equal(w.n, 1);
	dmarc_walk_init(&w, "a.example");
	assert_int_equal(w.n, 2);
	dmarc_walk_init(&w, "a.b.c.d.e.f.g");		/* 7 */
	assert_int_equal(w.n, 7);
	assert_string_equal(w.name[1], "b.c.d.e.f.g");
	dmarc_walk_init(&w, "a.b.c.d.e.f.g.h");		/* 8 */
	assert_int_equal(w.n, 8);
	assert_string_equal(w.name[1], "b.c.d.e.f.g.h");
	dmarc_walk_init(&w, "a.b.c.d.e.f.g.h.i");	/* 9 */
	assert_int_equal(w.n, 8);
	assert_string_equal(w.name[1], "c.d.e.f.g.h.i");
	dmarc_walk_init(&w, "1.2.3.4.5.a.b.c.d.e.f.g");	/* 12 */
	assert_int_equal(w.n, 8);
	assert_string_equal(w.name[0], "1.2.3.4.5.a.b.c.d.e.f.g");
	assert_string_equal(w.name[1], "a.b.c.d.e.f.g");
	assert_string_equal(w.name[7], "g");
}

#define REJECT	"v=DMARC1; p=reject"
#define NONE	"v=DMARC1; p=none"

static const struct {
	const char		*name;
	struct entry		 zone[8];
	const char		*domain;
	enum dmarc_found	 state;
	const char		*org, *record;	/* record NULL: none used */
} walks[] = {
	{ "no record anywhere", { { NULL, NULL } }, "a.example.org",
	    DMARC_NOT_FOUND, "a.example.org", NULL },
	{ "at the domain itself", { { "example.org", REJECT } },
	    "example.org", DMARC_FOUND, "example.org", "example.org" },
	{ "at the organizational domain", { { "example.org", REJECT } },
	    "a.b.example.org", DMARC_FOUND, "example.org", "example.org" },
	{ "the fewest labels are the organization",
	    { { "example.org", REJECT }, { "b.example.org", NONE } },
	    "a.b.example.org", DMARC_FOUND, "example.org", "example.org" },
	{ "never a record from between",
	    { { "example.org", REJECT }, { "c.example.org", NONE } },
	    "a.b.c.example.org", DMARC_FOUND, "example.org", "example.org" },
	{ "its own record comes first",
	    { { "example.org", REJECT }, { "a.example.org", NONE } },
	    "a.example.org", DMARC_FOUND, "example.org", "a.example.org" },
	{ "psd=n ends the walk",
	    { { "org", REJECT },
	    { "example.org", "v=DMARC1; p=none; psd=n" } },
	    "a.example.org", DMARC_FOUND, "example.org", "example.org" },
	{ "psd=n at the start",
	    { { "org", REJECT },
	    { "a.example.org", "v=DMARC1; p=none; psd=n" } },
	    "a.example.org", DMARC_FOUND, "a.example.org", "a.example.org" },
	{ "psd=y: one label below it",
	    { { "co.uk", "v=DMARC1; p=reject; psd=y" } },
	    "a.b.co.uk", DMARC_FOUND, "b.co.uk", "co.uk" },
	{ "psd=y: the organization's record before the suffix's",
	    { { "co.uk", "v=DMARC1; p=reject; psd=y" }, { "b.co.uk", NONE } },
	    "a.b.co.uk", DMARC_FOUND, "b.co.uk", "b.co.uk" },
	{ "psd=y: never one from between the start and the organization",
	    { { "co.uk", "v=DMARC1; p=reject; psd=y" },
	    { "c.b.co.uk", NONE } },
	    "a.c.b.co.uk", DMARC_FOUND, "b.co.uk", "co.uk" },
	{ "psd=y at the start itself is its own organization",
	    { { "co.uk", "v=DMARC1; p=reject; psd=y" } },
	    "co.uk", DMARC_FOUND, "co.uk", "co.uk" },
	{ "psd=y below a jump: one label more of the start",
	    { { "c.d.e.f.g.h.i", "v=DMARC1; p=none; psd=y" } },
	    "y.z.a.b.c.d.e.f.g.h.i", DMARC_FOUND, "b.c.d.e.f.g.h.i",
	    "c.d.e.f.g.h.i" },
	{ "psd=u says nothing",
	    { { "example.org", "v=DMARC1; p=none; psd=u" },
	    { "org", REJECT } },
	    "example.org", DMARC_FOUND, "org", "example.org" },
	{ "several records at a name are none",
	    { { "a.example.org", "&" NONE }, { "example.org", REJECT } },
	    "a.example.org", DMARC_FOUND, "example.org", "example.org" },
	{ "a record without a policy still ends the walk by psd",
	    { { "example.org", "v=DMARC1; psd=n" }, { "org", REJECT } },
	    "a.example.org", DMARC_FOUND, "example.org", "example.org" },
	{ "other TXT records are none",
	    { { "a.example.org", "v=spf1 -all" }, { "example.org", NONE } },
	    "a.example.org", DMARC_FOUND, "example.org", "example.org" },
	{ "the start fails", { { "a.example.org", "!" },
	    { "example.org", REJECT } }, "a.example.org", DMARC_TEMPERROR,
	    "a.example.org", NULL },
	{ "a step above fails; its own record is known",
	    { { "a.example.org", NONE }, { "example.org", "!" } },
	    "a.example.org", DMARC_TEMPERROR, "a.example.org",
	    "a.example.org" },
	{ "a step fails behind the end of the walk",
	    { { "example.org", "v=DMARC1; p=none; psd=n" }, { "org", "!" } },
	    "a.example.org", DMARC_FOUND, "example.org", "example.org" },
	{ "the last step fails", { { "example.org", NONE }, { "org", "!" } },
	    "a.example.org", DMARC_TEMPERROR, "a.example.org", NULL },
};

static void
walk_table(void **state)
{
	struct dmarc_walk_result	r;
	size_t				i;

	(void)state;
	for (i = 0; i < NELEM(walks); i++) {
		walk(walks[i].zone, walks[i].domain, &r);
		if (r.state != walks[i].state)
			row_fail(walks[i].name, "state %d", r.state);
		if (strcmp(r.org_domain, walks[i].org) != 0)
			row_fail(walks[i].name, "org %s", r.org_domain);
		if ((r.record_domain == NULL) != (walks[i].record == NULL) ||
		    (r.record_domain != NULL &&
		    strcmp(r.record_domain, walks[i].record) != 0))
			row_fail(walks[i].name, "record at %s",
			    r.record_domain != NULL ? r.record_domain : "-");
	}
}

/* Several records at one name are not "no record". */
static void
walk_tells_several_records(void **state)
{
	static const struct {
		struct entry	 zone[8];
		const char	*why;
		bool		 found;
	} rows[] = {
		{ { { "example.org", "&" REJECT } },
		    "several records at _dmarc.example.org", false },
		{ { { "a.example.org", "&" REJECT }, { "org", "&" NONE } },
		    "several records at _dmarc.a.example.org", false },
		{ { { "a.example.org", "&" REJECT }, { "example.org", NONE } },
		    "several records at _dmarc.a.example.org", true },
		{ { { "example.org", "&" REJECT }, { "org", "!" } },
		    "_dmarc.org: servfail", false },
		{ { { "example.org", "&v=spf1 -all" } }, NULL, false },
		{ { { "example.org", REJECT } }, NULL, true },
	};
	struct dmarc_walk_result	r;
	size_t				i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		walk(rows[i].zone, "a.example.org", &r);
		if ((r.record_domain != NULL) != rows[i].found ||
		    (r.why == NULL) != (rows[i].why == NULL) ||
		    (r.why != NULL && strcmp(r.why, rows[i].why) != 0))
			fail_msg("row %zu: %s", i, r.why);
	}
}

/* --- result and policy ----------------------------------------------- */

#define SPF(d, r)	{ d, RESULT_##r, false, NULL }
#define DKIM(d, r)	{ d, RESULT_##r, true, NULL }

static const struct {
	const char		*name;
	struct entry		 zone[8];
	const char		*author;
	enum dns_status		 exists;
	struct dmarc_identifier	 id[4];
	enum result		 result;
	enum dmarc_policy	 policy;
	bool			 could;
} messages[] = {
	{ "no record", { { NULL, NULL } }, "example.org", DNS_OK,
	    { SPF("example.org", PASS) }, RESULT_NONE, DMARC_NONE, false },
	{ "nothing passed", { { "example.org", REJECT } }, "example.org",
	    DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_REJECT, false },
	{ "SPF alone", { { "example.org", REJECT } }, "example.org", DNS_OK,
	    { SPF("example.org", PASS) }, RESULT_PASS, DMARC_REJECT, false },
	{ "DKIM alone", { { "example.org", REJECT } }, "example.org", DNS_OK,
	    { DKIM("example.org", PASS) }, RESULT_PASS, DMARC_REJECT, false },
	{ "relaxed: a subdomain aligns", { { "example.org", REJECT } },
	    "example.org", DNS_OK, { DKIM("mail.example.org", PASS) },
	    RESULT_PASS, DMARC_REJECT, false },
	{ "relaxed: siblings align", { { "example.org", REJECT } },
	    "a.example.org", DNS_OK, { SPF("b.example.org", PASS) },
	    RESULT_PASS, DMARC_REJECT, false },
	{ "strict: a subdomain does not",
	    { { "example.org", "v=DMARC1; p=reject; adkim=s" } },
	    "example.org", DNS_OK, { DKIM("mail.example.org", PASS) },
	    RESULT_FAIL, DMARC_REJECT, false },
	{ "strict for DKIM is not strict for SPF",
	    { { "example.org", "v=DMARC1; p=reject; adkim=s" } },
	    "example.org", DNS_OK, { SPF("mail.example.org", PASS) },
	    RESULT_PASS, DMARC_REJECT, false },
	{ "strict SPF", { { "example.org", "v=DMARC1; p=reject; aspf=s" } },
	    "example.org", DNS_OK, { SPF("mail.example.org", PASS) },
	    RESULT_FAIL, DMARC_REJECT, false },
	{ "an aligned failure beside an unaligned pass is no pass",
	    { { "example.org", REJECT } }, "example.org", DNS_OK,
	    { DKIM("example.org", FAIL), DKIM("evil.test", PASS) },
	    RESULT_FAIL, DMARC_REJECT, false },
	{ "an unaligned failure beside an aligned pass is a pass",
	    { { "example.org", REJECT } }, "example.org", DNS_OK,
	    { DKIM("evil.test", FAIL), DKIM("example.org", PASS) },
	    RESULT_PASS, DMARC_REJECT, false },
	{ "siblings below a public suffix do not align",
	    { { "co.uk", "v=DMARC1; p=reject; psd=y" } }, "a.co.uk", DNS_OK,
	    { DKIM("b.co.uk", PASS) }, RESULT_FAIL, DMARC_REJECT, false },
	{ "the suffix itself does not align with what is below",
	    { { "co.uk", "v=DMARC1; p=reject; psd=y" } }, "a.co.uk", DNS_OK,
	    { DKIM("co.uk", PASS) }, RESULT_FAIL, DMARC_REJECT, false },
	{ "sp for a subdomain",
	    { { "example.org", "v=DMARC1; p=reject; sp=none" } },
	    "a.example.org", DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_NONE,
	    false },
	{ "sp defaults to p", { { "example.org", REJECT } },
	    "a.example.org", DNS_NODATA, { { NULL } }, RESULT_FAIL,
	    DMARC_REJECT, false },
	{ "sp says nothing about the domain itself",
	    { { "example.org", "v=DMARC1; p=reject; sp=none" } },
	    "example.org", DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_REJECT,
	    false },
	{ "np for a name that does not exist",
	    { { "example.org", "v=DMARC1; p=none; sp=none; np=reject" } },
	    "ghost.example.org", DNS_NXDOMAIN, { { NULL } }, RESULT_FAIL,
	    DMARC_REJECT, false },
	{ "np is not for NODATA",
	    { { "example.org", "v=DMARC1; p=none; np=reject" } },
	    "a.example.org", DNS_NODATA, { { NULL } }, RESULT_FAIL,
	    DMARC_NONE, false },
	{ "np defaults to sp",
	    { { "example.org", "v=DMARC1; p=none; sp=quarantine" } },
	    "ghost.example.org", DNS_NXDOMAIN, { { NULL } }, RESULT_FAIL,
	    DMARC_QUARANTINE, false },
	{ "not known whether it exists: the stricter of np and sp",
	    { { "example.org", "v=DMARC1; p=none; sp=quarantine; np=none" } },
	    "a.example.org", DNS_TEMPFAIL, { { NULL } }, RESULT_TEMPERROR,
	    DMARC_QUARANTINE, false },
	{ "not known whether it exists, and np is sp",
	    { { "example.org", "v=DMARC1; p=reject; sp=quarantine" } },
	    "a.example.org", DNS_TEMPFAIL, { { NULL } }, RESULT_FAIL,
	    DMARC_QUARANTINE, false },
	{ "a pass needs no existence",
	    { { "example.org", "v=DMARC1; p=none; np=reject" } },
	    "a.example.org", DNS_TEMPFAIL, { DKIM("example.org", PASS) },
	    RESULT_PASS, DMARC_REJECT, false },
	{ "a broken sp voids p", { { "example.org",
	    "v=DMARC1; p=reject; sp=rejekt; rua=mailto:a@b" } },
	    "example.org", DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_NONE,
	    false },
	{ "a broken sp voids p, and without rua all of DMARC",
	    { { "example.org", "v=DMARC1; p=reject; sp=rejekt" } },
	    "example.org", DNS_OK, { { NULL } }, RESULT_NONE, DMARC_NONE,
	    false },
	{ "a rua that is no URI is none", { { "example.org",
	    "v=DMARC1; p=reject; sp=rejekt; rua=a@b" } },
	    "example.org", DNS_OK, { { NULL } }, RESULT_NONE, DMARC_NONE,
	    false },
	{ "a broken np voids p where only p would apply", { { "example.org",
	    "v=DMARC1; p=reject; np=; rua=x, mailto:a@b" } },
	    "example.org", DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_NONE,
	    false },
	{ "a broken np, and a name that does not exist", { { "example.org",
	    "v=DMARC1; p=reject; sp=reject; np=rejekt; rua=mailto:a@b" } },
	    "ghost.example.org", DNS_NXDOMAIN, { { NULL } }, RESULT_FAIL,
	    DMARC_NONE, false },
	{ "a pass remains one under a broken sp", { { "example.org",
	    "v=DMARC1; p=reject; sp=rejekt; rua=mailto:a@b" } },
	    "a.example.org", DNS_OK, { DKIM("example.org", PASS) },
	    RESULT_PASS, DMARC_NONE, false },
	{ "a broken record of the author's own hides the one above",
	    { { "a.example.org", "v=DMARC1; p=reject; sp=rejekt" },
	    { "example.org", "v=DMARC1; p=reject" } },
	    "a.example.org", DNS_OK, { { NULL } }, RESULT_NONE, DMARC_NONE,
	    false },
	{ "a broken np voids sp, without rua altogether",
	    { { "example.org", "v=DMARC1; p=reject; sp=reject; np=x" } },
	    "a.example.org", DNS_OK, { { NULL } }, RESULT_NONE, DMARC_NONE,
	    false },
	{ "no valid p voids sp, too", { { "example.org",
	    "v=DMARC1; p=x; sp=reject; rua=mailto:a@b" } },
	    "a.example.org", DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_NONE,
	    false },
	{ "t=y lowers reject",
	    { { "example.org", "v=DMARC1; p=reject; t=y" } }, "example.org",
	    DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_QUARANTINE, false },
	{ "t=y lowers quarantine",
	    { { "example.org", "v=DMARC1; p=quarantine; t=y" } },
	    "example.org", DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_NONE,
	    false },
	{ "pct is ignored",
	    { { "example.org", "v=DMARC1; p=reject; pct=0" } },
	    "example.org", DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_REJECT,
	    false },
	{ "no valid p, with rua: none",
	    { { "example.org", "v=DMARC1; p=x; rua=mailto:a@b" } },
	    "example.org", DNS_OK, { { NULL } }, RESULT_FAIL, DMARC_NONE,
	    false },
	{ "no valid p, no rua: no DMARC",
	    { { "example.org", "v=DMARC1; p=x" } }, "example.org", DNS_OK,
	    { { NULL } }, RESULT_NONE, DMARC_NONE, false },
	{ "the walk fails before any record",
	    { { "example.org", "!" } }, "example.org", DNS_OK,
	    { SPF("mail.example.org", PASS) }, RESULT_TEMPERROR, DMARC_REJECT,
	    true },
	{ "the same, and the author domain itself passes: nothing can refuse",
	    { { "example.org", "!" } }, "example.org", DNS_OK,
	    { SPF("example.org", PASS) }, RESULT_TEMPERROR, DMARC_NONE,
	    true },
	{ "the same, and its signature passes",
	    { { "org", "!" } }, "a.example.org", DNS_OK,
	    { SPF("evil.test", PASS), DKIM("a.example.org", PASS) },
	    RESULT_TEMPERROR, DMARC_NONE, true },
	{ "the same, and it may pass",
	    { { "example.org", "!" } }, "example.org", DNS_OK,
	    { SPF("example.org", TEMPERROR), DKIM("example.org", FAIL) },
	    RESULT_TEMPERROR, DMARC_REJECT, true },
	{ "SPF temperror that would align",
	    { { "example.org", REJECT } }, "example.org", DNS_OK,
	    { SPF("example.org", TEMPERROR) }, RESULT_TEMPERROR,
	    DMARC_REJECT, true },
	{ "SPF temperror that would not",
	    { { "example.org", REJECT } }, "example.org", DNS_OK,
	    { SPF("evil.test", TEMPERROR) }, RESULT_FAIL, DMARC_REJECT,
	    false },
	{ "DKIM temperror beside an aligned pass",
	    { { "example.org", REJECT } }, "example.org", DNS_OK,
	    { DKIM("example.org", TEMPERROR), SPF("example.org", PASS) },
	    RESULT_PASS, DMARC_REJECT, false },
	{ "the identifier's walk fails",
	    { { "example.org", REJECT }, { "b.example.org", "!" } },
	    "a.example.org", DNS_OK, { SPF("b.example.org", PASS) },
	    RESULT_TEMPERROR, DMARC_REJECT, true },
	{ "a stranger whose walk fails changes nothing",
	    { { "example.org", REJECT }, { "evil.test", "!" } },
	    "example.org", DNS_OK, { DKIM("evil.test", PASS),
	    SPF("evil.test", TEMPERROR) }, RESULT_FAIL, DMARC_REJECT, false },
	{ "a stranger below the same top may share an unknown organization",
	    { { "a.example.org", REJECT }, { "org", "!" } },
	    "a.example.org", DNS_OK, { DKIM("other.org", PASS) },
	    RESULT_TEMPERROR, DMARC_REJECT, true },
	{ "an organization of its own is none of the author's",
	    { { "a.example.org", REJECT }, { "example.org", "!" },
	    { "other.org", "v=DMARC1; p=none; psd=n" } },
	    "a.example.org", DNS_OK, { DKIM("other.org", PASS) },
	    RESULT_FAIL, DMARC_REJECT, false },
	{ "own record without a policy, the walk above fails: no DMARC",
	    { { "a.example.org", "v=DMARC1" }, { "example.org", "!" } },
	    "a.example.org", DNS_OK, { { NULL } }, RESULT_NONE, DMARC_NONE,
	    false },
	{ "own record known, the walk above fails, the same name passes",
	    { { "a.example.org", REJECT }, { "example.org", "!" } },
	    "a.example.org", DNS_OK, { SPF("a.example.org", PASS) },
	    RESULT_PASS, DMARC_REJECT, false },
};

static void
evaluate(size_t i, struct dmarc_facts *f)
{
	struct dmarc_walk_result author, other[4];
	struct dmarc_identifier	 id[4];
	struct dmarc_question	 q = { messages[i].author, &author,
	    messages[i].exists, id, 0 };

	walk(messages[i].zone, messages[i].author, &author);
	while (q.nidentifiers < 4 &&
	    messages[i].id[q.nidentifiers].domain != NULL) {
		id[q.nidentifiers] = messages[i].id[q.nidentifiers];
		walk(messages[i].zone, id[q.nidentifiers].domain,
		    &other[q.nidentifiers]);
		id[q.nidentifiers].walk = &other[q.nidentifiers];
		q.nidentifiers++;
	}
	dmarc_evaluate(&q, arena, f);
}

static void
message_table(void **state)
{
	struct dmarc_facts	f;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(messages); i++) {
		evaluate(i, &f);
		if (f.result != messages[i].result)
			row_fail(messages[i].name, "result %s",
			    result_name(f.result));
		if (f.policy != messages[i].policy)
			row_fail(messages[i].name, "policy %d", f.policy);
		if (f.could_be_pass != messages[i].could)
			row_fail(messages[i].name, "could be pass: %d",
			    f.could_be_pass);
	}
}

/* --- the judge ------------------------------------------------------- */

static const char *domains[] = { "example.org", "example.net" };
#define FROM	.from = { .ndomains = 1, .domain = domains }
#define DMARC(r, p) .dmarc = { .done = true, .result = RESULT_##r, \
		.policy = DMARC_##p, .author_domain = "example.org", \
		.record_domain = "example.org", .reason = "why" }

static const struct {
	const char	*name;
	struct facts	 facts;
	enum action	 action;
	const char	*rule, *reply;
} judged[] = {
	{ "pass", { FROM, DMARC(PASS, REJECT) }, ACTION_ACCEPT, "ok", " " },
	{ "no record", { FROM, DMARC(NONE, NONE) }, ACTION_ACCEPT, "ok", " " },
	{ "fail under reject", { FROM, DMARC(FAIL, REJECT) }, ACTION_REJECT,
	    "dmarc-reject", "550 5.7.1" },
	{ "fail under quarantine", { FROM, DMARC(FAIL, QUARANTINE) },
	    ACTION_HOLD, "dmarc-quarantine", " " },
	{ "fail under none", { FROM, DMARC(FAIL, NONE) }, ACTION_TAG,
	    "dmarc-none", " " },
	{ "temperror under reject", { FROM, DMARC(TEMPERROR, REJECT) },
	    ACTION_DEFER, "dmarc-temperror", "451 4.7.0" },
	{ "temperror under quarantine", { FROM, DMARC(TEMPERROR, QUARANTINE) },
	    ACTION_TAG, "dmarc-temperror", " " },
	{ "no From", { .from = { .state = FROM_MISSING } }, ACTION_REJECT,
	    "dmarc-from", "550 5.7.1" },
	{ "two From", { .from = { .state = FROM_REPEATED } }, ACTION_REJECT,
	    "dmarc-from", "550 5.7.1" },
	{ "From that cannot be read", { .from = { .state = FROM_UNPARSABLE } },
	    ACTION_REJECT, "dmarc-from", "550 5.7.1" },
	{ "two author domains", { .from = { .ndomains = 2,
	    .domain = domains } }, ACTION_REJECT, "dmarc-from", "550 5.7.1" },
	{ "an empty group", { .from = { .ndomains = 0 } }, ACTION_REJECT,
	    "dmarc-from", "550 5.7.1" },
};

static void
judge_table(void **state)
{
	const struct dmarc_rules rules = { .on_reject = ACTION_REJECT,
	    .on_quarantine = ACTION_HOLD, .on_none = ACTION_TAG,
	    .on_temperror = ACTION_DEFER, .on_missing_from = ACTION_REJECT,
	    .on_repeated_from = ACTION_REJECT, .on_bad_from = ACTION_REJECT };
	struct verdict	v;
	char		reply[16];
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(judged); i++) {
		v = policy_dmarc(&rules, &judged[i].facts);
		snprintf(reply, sizeof(reply), "%s %s", v.code, v.status);
		if (v.action != judged[i].action ||
		    strcmp(v.rule, judged[i].rule) != 0 ||
		    strcmp(reply, judged[i].reply) != 0)
			row_fail(judged[i].name, "%s %s %s",
			    action_name(v.action), v.rule, reply);
	}
}

/* --- several authors, and none --------------------------------------- */

#define EACH(r, p)	{ .done = true, .result = RESULT_##r, \
	.policy = DMARC_##p }

static const struct {
	const char		*name;
	struct dmarc_facts	 each[3];
	size_t			 n;
	enum result		 result;
	enum dmarc_policy	 policy;
} together[] = {
	{ "one alone", { EACH(PASS, REJECT) }, 1, RESULT_PASS, DMARC_REJECT },
	{ "several never pass", { EACH(PASS, REJECT), EACH(PASS, NONE) }, 2,
	    RESULT_NONE, DMARC_REJECT },
	{ "the stricter fail", { EACH(FAIL, NONE), EACH(FAIL, REJECT),
	    EACH(FAIL, QUARANTINE) }, 3, RESULT_FAIL, DMARC_REJECT },
	{ "a pass hides no fail", { EACH(PASS, REJECT), EACH(FAIL, NONE) }, 2,
	    RESULT_FAIL, DMARC_NONE },
	{ "no record hides no fail", { EACH(NONE, NONE),
	    EACH(FAIL, QUARANTINE) }, 2, RESULT_FAIL, DMARC_QUARANTINE },
	{ "a temperror under reject is stricter", { EACH(FAIL, QUARANTINE),
	    EACH(TEMPERROR, REJECT) }, 2, RESULT_TEMPERROR, DMARC_REJECT },
	{ "a fail is more than a temperror", { EACH(TEMPERROR, REJECT),
	    EACH(FAIL, REJECT) }, 2, RESULT_FAIL, DMARC_REJECT },
	{ "no record and a pass", { EACH(PASS, REJECT), EACH(NONE, NONE) }, 2,
	    RESULT_NONE, DMARC_NONE },
};

/* Neither a second author nor an unusable From hides a policy. */
static void
a_second_author_hides_no_policy(void **state)
{
	const struct dmarc_rules rules = { .on_reject = ACTION_REJECT,
	    .on_quarantine = ACTION_HOLD, .on_temperror = ACTION_TAG,
	    .on_bad_from = ACTION_TAG, .several_domains = SEVERAL_REFUSE };
	struct dmarc_rules	 several = rules;
	const struct dmarc_facts each[] = { EACH(TEMPERROR, REJECT),
	    EACH(FAIL, NONE), EACH(FAIL, QUARANTINE) };
	struct facts		 f = { .from = { .ndomains = 2,
	    .domain = domains }, DMARC(FAIL, REJECT) };

	(void)state;
	several.several_domains = SEVERAL_STRICTEST;
	assert_int_equal(policy_dmarc(&rules, &f).action, ACTION_REJECT);
	f.dmarc.result = RESULT_NONE;
	assert_int_equal(policy_dmarc(&rules, &f).action, ACTION_TAG);
	assert_int_equal(policy_dmarc(&several, &f).action, ACTION_ACCEPT);
	dmarc_strictest(each, 3, &f.dmarc);
	assert_int_equal(f.dmarc.result, RESULT_TEMPERROR);
	assert_int_equal(policy_dmarc(&several, &f).action, ACTION_HOLD);
	assert_int_equal(policy_dmarc(&rules, &f).action, ACTION_HOLD);
	several.on_temperror = ACTION_DEFER;
	assert_int_equal(policy_dmarc(&several, &f).action, ACTION_DEFER);
	dmarc_strictest(each, 1, &f.dmarc);
	assert_null(f.dmarc.fails_too);
	f.dmarc.result = RESULT_PERMERROR;	/* more than are asked for */
	assert_int_equal(policy_dmarc(&rules, &f).action, ACTION_REJECT);
	assert_int_equal(policy_dmarc(&several, &f).action, ACTION_REJECT);
}

static void
together_table(void **state)
{
	struct dmarc_facts	f;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(together); i++) {
		dmarc_strictest(together[i].each, together[i].n, &f);
		if (f.result != together[i].result ||
		    f.policy != together[i].policy)
			row_fail(together[i].name, "%s %d",
			    result_name(f.result), f.policy);
	}
}

/* Each kind of bad From has its own setting, and is never "none". */
static void
each_bad_from_has_its_rule(void **state)
{
	const struct dmarc_rules rules = { .on_missing_from = ACTION_TAG,
	    .on_repeated_from = ACTION_HOLD, .on_bad_from = ACTION_DEFER };
	const enum action	 want[] = { [FROM_OK] = ACTION_DEFER,
	    [FROM_MISSING] = ACTION_TAG, [FROM_REPEATED] = ACTION_HOLD,
	    [FROM_UNPARSABLE] = ACTION_DEFER };
	struct facts		 f;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(want); i++) {
		memset(&f, 0, sizeof(f));
		f.from.state = (enum from_state)i;
		dmarc_of_from(&f.from, 4, &f.dmarc);
		assert_true(f.dmarc.done);
		assert_int_equal(f.dmarc.result, RESULT_PERMERROR);
		assert_int_equal(policy_dmarc(&rules, &f).action, want[i]);
	}
}

/* --- overrides ------------------------------------------------------- */

static const char *const signers[] = { "lists.example", ".friend.example" };

static const struct {
	const char	*signer;
	enum result	 signature, dmarc;
	enum action	 action;
} overrides[] = {
	{ "lists.example", RESULT_PASS, RESULT_FAIL, ACTION_TAG },
	{ "a.friend.example", RESULT_PASS, RESULT_FAIL, ACTION_TAG },
	{ "friend.example", RESULT_PASS, RESULT_FAIL, ACTION_REJECT },
	{ "lists.example", RESULT_FAIL, RESULT_FAIL, ACTION_REJECT },
	{ "lists.example", RESULT_POLICY, RESULT_FAIL, ACTION_REJECT },
	{ "xlists.example", RESULT_PASS, RESULT_FAIL, ACTION_REJECT },
	{ NULL, RESULT_PASS, RESULT_FAIL, ACTION_REJECT },
	{ "lists.example", RESULT_PASS, RESULT_TEMPERROR, ACTION_TAG },
	{ "lists.example", RESULT_PASS, RESULT_PASS, ACTION_REJECT },
	{ "lists.example", RESULT_PASS, RESULT_NONE, ACTION_REJECT },
};

static void
override_by_signer(void **state)
{
	const struct override_rules r = { .name = "lists", .signers = signers,
	    .nsigners = 2, .action = ACTION_TAG };
	const struct identity_rules ir = { '+', false };
	struct dkim_signature	 sig = { .result = RESULT_PASS };
	struct override_facts	 o;
	struct facts		 f = { FROM };
	struct verdict		 v;
	size_t			 i;

	(void)state;
	f.dkim.n = 1;
	f.dkim.sig = &sig;
	f.dmarc.done = true;
	for (i = 0; i < NELEM(overrides); i++) {
		memset(&o, 0, sizeof(o));
		sig.domain = overrides[i].signer;
		sig.result = overrides[i].signature;
		f.dmarc.result = overrides[i].dmarc;
		v = policy_override(&r, 1, &ir, &f, &o,
		    verdict_refuse("dmarc-reject", "550 5.7.1", "no"));
		if (v.action != overrides[i].action || (o.name != NULL) !=
		    (v.action == ACTION_TAG))
			row_fail("override", "row %zu: %s", i,
			    action_name(v.action));
	}
}

/* `most` domains are not too many. */
static void
number_of_author_domains(void **state)
{
	struct from_facts	from = { .state = FROM_OK, .ndomains = 4 };
	struct dmarc_facts	f;

	(void)state;
	dmarc_of_from(&from, 4, &f);
	assert_false(f.done);
	from.ndomains = 5;
	dmarc_of_from(&from, 4, &f);
	assert_true(f.done);
	assert_int_equal(f.result, RESULT_PERMERROR);
	assert_non_null(strstr(f.reason, "too many"));
	from.ndomains = 0;
	dmarc_of_from(&from, 4, &f);
	assert_true(f.done);
	assert_non_null(strstr(f.reason, "no address"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_table),
		cmocka_unit_test(a_huge_record_is_read_once),
		cmocka_unit_test(names_of_the_walk),
		cmocka_unit_test(walk_table),
		cmocka_unit_test(walk_tells_several_records),
		cmocka_unit_test(message_table),
		cmocka_unit_test(judge_table),
		cmocka_unit_test(together_table),
		cmocka_unit_test(a_second_author_hides_no_policy),
		cmocka_unit_test(number_of_author_domains),
		cmocka_unit_test(override_by_signer),
		cmocka_unit_test(each_bad_from_has_its_rule),
	};
	int failed;

	arena = arena_new(65536);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
