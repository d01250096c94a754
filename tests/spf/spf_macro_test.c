/*
 * spf_macro: sections 7.1 to 7.4 of RFC 7208, one row for each sentence
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "spf/spf_macro_priv.h"

static struct spf_macro_values
values(void)
{
	struct spf_macro_values v = {
		.sender = "strong-bad@email.example.com",
		.local = "strong-bad",
		.sender_domain = "email.example.com",
		.domain = "email.example.com",
		.validated = "mx.example.org",
		.helo = "mx.example.org",
		.receiver = "mta.example.net",
		.now = 1700000000,
	};

	assert_true(netaddr_parse("192.0.2.3", &v.client));
	return v;
}

static const struct {
	const char	*text;
	bool		 name, modifier, explanation;
} syntax[] = {
	{ "%{d}", true, true, true },
	{ "%{D}", true, true, true },
	{ "%{l1r-}", true, true, true },
	{ "%{l1R-}", true, true, true },
	{ "%{d128}", true, true, true },
	{ "%{d99999999999999999999}", true, true, true },
	{ "%{d01}", true, true, true },
	{ "%{d0}", false, false, false },
	{ "%{d00}", false, false, false },
	{ "%{dr1}", false, false, false },
	{ "%{drr}", false, false, false },
	{ "%{l.-+,/_=}", true, true, true },
	{ "%{l|}", false, false, false },
	{ "%{l-1}", false, false, false },
	{ "%{}", false, false, false },
	{ "%{1}", false, false, false },
	{ "%{a}", false, false, false },
	{ "%{dd}", false, false, false },
	{ "%{d", false, false, false },
	{ "%{", false, false, false },
	{ "%", false, false, false },
	{ "%(d)", false, false, false },
	{ "%a", false, false, false },
	{ "%%", true, true, true },
	{ "%_", true, true, true },
	{ "%-", true, true, true },
	{ "%%%", false, false, false },
	{ "%{c}", false, true, true },
	{ "%{r}", false, true, true },
	{ "%{t}", false, true, true },
	{ "%{C}", false, true, true },
	{ "x.example", true, true, true },
	{ "x", false, true, true },
	{ "", false, true, true },
	{ "x y.example", false, false, true },
	{ "x\ty.example", false, false, false },
	{ "x\x7f.example", false, false, false },
	{ "x\xc3\xa9.example", false, false, false },
	{ "{}~!.example", true, true, true },
	{ "%{d}x", false, true, true },
	{ "%{d}.x", true, true, true },
	{ "%{d}.x.", true, true, true },
	{ "%{d}..", false, true, true },
	{ "x.%{d}", true, true, true },
	{ "x.%%", true, true, true },
	{ "a.b%%c", false, true, true },
	{ "a.b%%.c", true, true, true },
};

static void
judges_syntax(void **state)
{
	const char	*s;
	size_t		 i, len;

	(void)state;
	for (i = 0; i < NELEM(syntax); i++) {
		s = syntax[i].text;
		len = strlen(s);
		if (spf_macro_valid_name(s, len) != syntax[i].name)
			row_fail(s, "as a name");
		if (spf_macro_valid(s, len, MACRO_MODIFIER) !=
		    syntax[i].modifier)
			row_fail(s, "as a modifier's value");
		if (spf_macro_valid(s, len, MACRO_TEXT) !=
		    syntax[i].explanation)
			row_fail(s, "as an explanation");
	}
	assert_false(spf_macro_valid("a\0b", 3, MACRO_TEXT));
}

static const struct {
	const char *text, *want;
} names[] = {
	/* the examples of section 7.4 */
	{ "%{s}", "strong-bad@email.example.com" },
	{ "%{o}", "email.example.com" },
	{ "%{d}", "email.example.com" },
	{ "%{d4}", "email.example.com" },
	{ "%{d3}", "email.example.com" },
	{ "%{d2}", "example.com" },
	{ "%{d1}", "com" },
	{ "%{dr}", "com.example.email" },
	{ "%{d2r}", "example.email" },
	{ "%{l}", "strong-bad" },
	{ "%{l-}", "strong.bad" },
	{ "%{lr}", "strong-bad" },
	{ "%{lr-}", "bad.strong" },
	{ "%{l1r-}", "strong" },
	{ "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com" },
	{ "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com" },
	{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
	    "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
	{ "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
	    "3.2.0.192.in-addr.strong.lp._spf.example.com" },
	{ "%{d2}.trusted-domains.example.net",
	    "example.com.trusted-domains.example.net" },
	/* the rest of 7.2 and 7.3 */
	{ "%{h}", "mx.example.org" },
	{ "%{p}", "mx.example.org" },
	{ "%{i}", "192.0.2.3" },
	{ "%{i2}", "2.3" },
	{ "%{i3r}", "2.0.192" },
	{ "a%%b%_c%-d.example", "a%b c%20d.example" },
	{ "%{d999}", "email.example.com" },
	{ "%{d01}", "com" },
	{ "%{S}", "strong-bad%40email.example.com" },
	{ "%{s.-}", "strong.bad@email.example.com" },
	{ "%{s-@}", NULL },
	{ "%{sr-}", "bad@email.example.com.strong" },
	{ "%{d1=}", "email.example.com" },
	{ "x.example.", "x.example" },
	{ ".example", ".example" },
	{ "x..example", "x..example" },
};

static void
expands_names(void **state)
{
	struct spf_macro_values	 v = values();
	struct arena		*a = arena_new(4096);
	const char		*got;
	size_t			 i, len;

	(void)state;
	for (i = 0; i < NELEM(names); i++) {
		len = strlen(names[i].text);
		if (names[i].want == NULL) {
			assert_false(spf_macro_valid_name(names[i].text, len));
			continue;
		}
		got = spf_macro_name(a, &v, names[i].text, len);
		if (strcmp(got, names[i].want) != 0)
			row_fail(names[i].text, "got %s", got);
	}
	arena_free(&a);
}

/* Splitting and joining of the local part (section 7.3). */
static const struct {
	const char *local, *text, *want;
} splits[] = {
	{ "a-b+c", "%{l-}", "a.b+c" },
	{ "a-b+c", "%{l-+}", "a.b.c" },
	{ "a-b+c", "%{l2-+}", "b.c" },
	{ "a-b+c", "%{l2r-+}", "b.a" },
	{ "a-b+c", "%{lr-+}", "c.b.a" },
	{ "a,b/c_d=e", "%{l,/_=}", "a.b.c.d.e" },
	{ "a.b-c", "%{l-}", "a.b.c" },
	{ "a.b-c", "%{l1-}", "c" },
	{ "a.b-c", "%{l2-}", "a.b.c" },
	{ "a.b-c", "%{lr-}", "c.a.b" },
	{ "a--b", "%{l-}", "a..b" },
	{ "a--b", "%{lr-}", "b..a" },
	{ "-a-", "%{l-}", ".a." },
	{ "-a-", "%{l1-}", "" },
	{ "-a-", "%{l1r-}", "" },
	{ "-a-", "%{l2r-}", "a." },
	{ "a.b.c.d", "%{l3r}", "c.b.a" },
	{ "a b", "%{L}", "a%20b" },
	{ "~jack&jill=up-a_b3.c", "%{L}", "~jack%26jill%3Dup-a_b3.c" },
	{ "a&b", "%{Lr&}", NULL },
	{ "x&y-z%", "%{Lr-}", "z%25.x%26y" },
	{ "\xc3\xa9", "%{L}", "%C3%A9" },
};

static void
splits_and_joins(void **state)
{
	struct spf_macro_values	 v = values();
	struct arena		*a = arena_new(4096);
	struct buf		 want = BUF_INIT, text = BUF_INIT;
	const char		*got;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(splits); i++) {
		buf_reset(&text);
		buf_printf(&text, "[%s].x", splits[i].text);
		if (splits[i].want == NULL) {
			assert_false(spf_macro_valid_name(text.data, text.len));
			continue;
		}
		v.local = splits[i].local;
		got = spf_macro_name(a, &v, text.data, text.len);
		buf_reset(&want);
		buf_printf(&want, "[%s].x", splits[i].want);
		if (strcmp(got, want.data) != 0)
			row_fail(splits[i].text, "of %s: got %s",
			    splits[i].local, got);
	}
	buf_free(&want);
	buf_free(&text);
	arena_free(&a);
}

static void
expands_ipv6(void **state)
{
	struct spf_macro_values	 v = values();
	struct arena		*a = arena_new(4096);

	(void)state;
	assert_true(netaddr_parse("2001:db8::cb01", &v.client));
	assert_string_equal(spf_macro_name(a, &v, "%{ir}.%{v}._spf.%{d2}", 21),
	    "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	    "ip6._spf.example.com");
	assert_string_equal(spf_macro_text(a, &v, "%{c}", 4),
	    "2001:db8::cb01");
	arena_free(&a);
}

static void
expands_explanations(void **state)
{
	struct spf_macro_values	 v = values();
	struct arena		*a = arena_new(4096);
	static const char	 text[] =
	    "%{c} at %{t}, says %{R}: see http://x.example/?s=%{S}.";

	(void)state;
	assert_string_equal(spf_macro_text(a, &v, text, sizeof(text) - 1),
	    "192.0.2.3 at 1700000000, says mta.example.net: see "
	    "http://x.example/?s=strong-bad%40email.example.com.");
	v.local = "\xc3\xa9\r\nX: y\x7f";
	assert_string_equal(spf_macro_text(a, &v, "<%{l}>", 6), "<????X: y?>");
	v.validated = NULL;
	assert_string_equal(spf_macro_text(a, &v, "%{p}", 4), "unknown");
	arena_free(&a);
}

static void
caps_explanations(void **state)
{
	struct spf_macro_values	 v = values();
	struct arena		*a = arena_new(4096);
	struct buf		 b = BUF_INIT;
	const char		*got;

	(void)state;
	while (b.len < 65530)
		buf_addstr(&b, "%{s}");
	got = spf_macro_text(a, &v, b.data, b.len);
	assert_int_equal(strlen(got), SPF_EXPLANATION_MAX);
	assert_memory_equal(got, "strong-bad@email.example.comstrong", 34);
	assert_true(arena_used(a) < 1024);
	buf_free(&b);
	arena_free(&a);
}

/* 7.3: whole labels go from the left until 253 octets are left. */
static void
cuts_names(void **state)
{
	struct spf_macro_values	 v = values();
	struct arena		*a = arena_new(4096);
	struct buf		 b = BUF_INIT;
	const char		*got;
	char			 label[64];
	size_t			 want;

	(void)state;
	memset(label, 'x', sizeof(label));
	label[62] = '.';
	label[63] = '\0';
	/* 4 labels of 62 and a dot each, and "b": 253, which stays */
	buf_printf(&b, "%s%s%s%sb", label, label, label, label);
	assert_int_equal(b.len, 253);
	got = spf_macro_name(a, &v, b.data, b.len);
	assert_int_equal(strlen(got), 253);
	/* a final dot is not counted */
	buf_addch(&b, '.');
	got = spf_macro_name(a, &v, b.data, b.len);
	assert_int_equal(strlen(got), 253);
	/* one octet more: the first label goes */
	buf_reset(&b);
	buf_printf(&b, "%s%s%s%sbb", label, label, label, label);
	got = spf_macro_name(a, &v, b.data, b.len);
	assert_int_equal(strlen(got), 254 - 63);
	/* 64 kilobytes of macros: the same end, and little memory */
	buf_reset(&b);
	while (b.len < 65000)
		buf_addstr(&b, "%{d}.");
	buf_addstr(&b, "end.example");
	arena_reset(a);
	got = spf_macro_name(a, &v, b.data, b.len);
	want = 11 + (253 - 11) / 18 * 18;
	/* the last labels that fit: "com", maybe "example" before them */
	assert_true(strlen(got) >= want && strlen(got) <= 253);
	assert_string_equal(got + strlen(got) - 29,
	    "email.example.com.end.example");
	assert_true(got[0] == 'e' || got[0] == 'c');
	assert_true(arena_used(a) < 1024);
	buf_free(&b);
	arena_free(&a);
}

/* No dot to cut at: the resolver refuses the name; memory is bounded. */
static void
keeps_long_labels_bounded(void **state)
{
	struct spf_macro_values	 v = values();
	struct arena		*a = arena_new(4096);
	struct buf		 local = BUF_INIT;
	const char		*got;

	(void)state;
	while (local.len < 100000)
		buf_addch(&local, 'l');
	v.local = local.data;
	got = spf_macro_name(a, &v, "a.%{l}%{l}", 10);
	assert_true(strlen(got) > 253 && strlen(got) <= 1024);
	got = spf_macro_name(a, &v, "%{L}.x.example", 14);
	assert_string_equal(got, "x.example");
	buf_free(&local);
	arena_free(&a);
}

static void
sees_p(void **state)
{
	(void)state;
	assert_true(spf_macro_uses_p("a.%{p2}.example", 15));
	assert_true(spf_macro_uses_p("%{P}", 4));
	assert_false(spf_macro_uses_p("p.%{d}.%%{p}", 12));
	assert_false(spf_macro_uses_p("", 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_syntax),
		cmocka_unit_test(expands_names),
		cmocka_unit_test(splits_and_joins),
		cmocka_unit_test(expands_ipv6),
		cmocka_unit_test(expands_explanations),
		cmocka_unit_test(caps_explanations),
		cmocka_unit_test(cuts_names),
		cmocka_unit_test(keeps_long_labels_bounded),
		cmocka_unit_test(sees_p),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
