/*
 * dkim_sigfield: one row for each rule of RFC 6376 3.5 and 6.1.1, RFC 8301,
 * 8463 and 8616. Each row is a whole field of the tags below, with one of them
 * replaced.
 */
#include "test.h"

#include "base/arena.h"
#include "dkim/dkim_sigfield_priv.h"

#define BH	"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="

static const struct {
	const char	*tag, *value;
} usual[] = {
	{ "v", "1" }, { "a", "rsa-sha256" }, { "d", "example.com" },
	{ "s", "sel" }, { "h", "From:To" }, { "bh", BH }, { "b", "YWJj" },
};

/*
 * The usual tags, with `change` ("tag=value") in the place of one, or added;
 * "-tag" leaves one out, "-tag;text" adds the text for it.
 */
static char *
make_field(struct arena *a, const char *change)
{
	const char	*without = *change == '-' ? change + 1 : "";
	size_t		 gone = strcspn(without, ";"), i, len;
	char		*text = arena_strdup(a, "");
	const char	*tag;

	for (i = 0; i < NELEM(usual); i++) {
		tag = usual[i].tag;
		len = strlen(tag);
		if (len == gone && memcmp(without, tag, len) == 0)
			continue;
		if (strncmp(change, tag, len) == 0 && change[len] == '=')
			continue;
		text = arena_printf(a, "%s%s=%s; ", text, tag,
		    usual[i].value);
	}
	if (*change != '-')
		return arena_printf(a, "%s%s", text, change);
	return arena_printf(a, "%s%s", text,
	    without[gone] == ';' ? without + gone + 1 : "");
}

static const struct {
	const char	*name, *change;
	const char	*want;		/* a part of the words; NULL: good */
} rows[] = {
	{ "the usual field", "", NULL },
	{ "an unknown tag", "xyz=1", NULL },
	{ "a tag twice", "a=rsa-sha256; a=rsa-sha256", "twice" },
	{ "an unknown tag twice", "q1=a; q1=b", "twice" },

	{ "v missing", "-v", "v=" },
	{ "v of the future", "v=2", "v=" },
	{ "v with a digit too many", "v=1.0", "v=" },
	{ "v empty", "v=", "v=" },

	{ "a missing", "-a", "a=" },
	{ "a ed25519", "a=ed25519-sha256", NULL },
	{ "a rsa-sha1 (RFC 8301)", "a=rsa-sha1", "rsa-sha1" },
	{ "a unknown", "a=rsa-sha512", "a=" },
	{ "a in upper case", "a=RSA-SHA256", "a=" },

	{ "d missing", "-d", "d=" },
	{ "d empty", "d=", "d=" },
	{ "d with a blank", "d=exam ple.com", "d=" },
	{ "d with a fold", "d=exam\r\n ple.com", "d=" },
	{ "d with a final dot", "d=example.com.", "d=" },
	{ "d with a dot first", "d=.example.com", "d=" },
	{ "d with two dots", "d=example..com", "d=" },
	{ "d in upper case", "d=EXAMPLE.com", NULL },
	{ "d of one label", "d=com", NULL },
	{ "d with an underscore", "d=a_b.example.com", NULL },
	{ "d as a literal", "d=[192.0.2.1]", "d=" },
	{ "d with an at sign", "d=a@example.com", "d=" },
	{ "d with a U-label (RFC 8616)", "d=b\xc3\xbc" "cher.example", NULL },
	{ "d in Latin-1", "d=b\xfc" "cher.example", "d=" },

	{ "s missing", "-s", "s=" },
	{ "s empty", "s=", "s=" },
	{ "s of two labels", "s=a.b", NULL },
	{ "s with an empty label", "s=a..b", "s=" },
	{ "s with a final dot", "s=a.", "s=" },
	{ "s with a slash", "s=a/b", "s=" },
	{ "s with a U-label", "s=\xc3\xbc", NULL },
	{ "s of a label too long", "s=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaa", "s=" },

	{ "c simple", "c=simple", NULL },
	{ "c relaxed", "c=relaxed", NULL },
	{ "c relaxed/relaxed", "c=relaxed/relaxed", NULL },
	{ "c with blanks around the slash", "c=relaxed / simple", "c=" },
	{ "c empty", "c=", "c=" },
	{ "c unknown header form", "c=nofws/simple", "c=" },
	{ "c unknown body form", "c=simple/nofws", "c=" },
	{ "c with an empty body form", "c=simple/", "c=" },
	{ "c of three", "c=simple/simple/simple", "c=" },

	{ "h missing", "-h", "h=" },
	{ "h empty", "h=", "h=" },
	{ "h with an empty item", "h=From::To", "h=" },
	{ "h with a colon behind", "h=From:To:", "h=" },
	{ "h with blanks", "h= From : To ", NULL },
	{ "h with folds", "h=From:\r\n\tTo", NULL },
	{ "h with a blank in a name", "h=From:re ply", "h=" },
	{ "h without From (RFC 6376 5.4)", "h=To:Subject", "From" },
	{ "h with a From-like name", "h=From-x:xFrom", "From" },
	{ "h with From in another case", "h=fROM", NULL },
	{ "h with a name twice", "h=From:From", NULL },
	{ "h of five names", "h=From:a:b:c:d", NULL },
	{ "h of too many", "h=From:a:b:c:d:e", "too many" },

	{ "bh missing", "-bh", "bh=" },
	{ "bh empty", "bh=", "bh=" },
	{ "bh no base64", "bh=***", "bh=" },
	{ "bh with folds", "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6S\r\n"
	    " n7XIkfJVOzv8=", NULL },
	{ "b missing", "-b", "b=" },
	{ "b empty", "b=", "b=" },
	{ "b without padding", "b=YQ", "b=" },
	{ "b with blanks", "b= Y W\tJ j ", NULL },

	{ "i absent local part", "i=@example.com", NULL },
	{ "i with a local part", "i=user@example.com", NULL },
	{ "i of a subdomain", "i=@mail.example.com", NULL },
	{ "i in another case", "i=@EXAMPLE.COM", NULL },
	{ "i outside", "i=@example.org", "i=" },
	{ "i with d as a suffix of a label", "i=@badexample.com", "i=" },
	{ "i above d", "i=@com", "i=" },
	{ "i without an at sign", "i=example.com", "i=" },
	{ "i empty", "i=", "i=" },
	{ "i without a domain", "i=user@", "i=" },
	{ "i with a final dot", "i=@example.com.", "i=" },
	{ "i quoted-printable", "i=a=3Bb@example.com", NULL },
	{ "i with a quoted domain", "i==40example.com", NULL },
	{ "i with a quoted local part", "i=\"a@b\"@example.com", NULL },
	{ "i with an equals sign of its own",
	    "i=bounce=x.y@example.com", NULL },
	{ "i with an equals sign at its end", "i=@example.com=", "i=" },
	{ "i with a UTF-8 local part (RFC 8616)",
	    "i=b\xc3\xbc@example.com", NULL },
	{ "i with a cut UTF-8 octet", "i=b\xc3@example.com", "UTF-8" },
	{ "an over-long form of UTF-8", "n=\xc0\xaf", "UTF-8" },
	{ "a surrogate in UTF-8", "n=\xed\xa0\x80", "UTF-8" },
	{ "four octets of UTF-8", "n=\xf0\x9f\x93\xa7", NULL },
	{ "beyond Unicode", "n=\xf4\x90\x80\x80", "UTF-8" },

	{ "l zero", "l=0", NULL },
	{ "l of 20 digits", "l=18446744073709551616", NULL },
	{ "l of 76 digits", "l=11111111111111111111111111111111111111"
	    "11111111111111111111111111111111111111", NULL },
	{ "l of 77 digits", "l=111111111111111111111111111111111111111"
	    "11111111111111111111111111111111111111", "l=" },
	{ "l negative", "l=-1", "l=" },
	{ "l empty", "l=", "l=" },
	{ "l in hexadecimal", "l=0x10", "l=" },
	{ "l with a blank inside", "l=1 0", "l=" },

	{ "t", "t=1700000000", NULL },
	{ "t near the epoch", "t=0", NULL },
	{ "t empty", "t=", "t=" },
	{ "t negative", "t=-1", "t=" },
	{ "t with a fraction", "t=1.5", "t=" },
	{ "x behind t", "t=100; x=101", NULL },
	{ "x equal to t", "t=100; x=100", "x=" },
	{ "x before t", "t=100; x=99", "x=" },
	{ "x of 20 digits is infinite", "t=100; x=18446744073709551610",
	    NULL },
	{ "x no number", "x=soon", "x=" },

	{ "q as usual", "q=dns/txt", NULL },
	{ "q with another one first", "q=http/x : dns/txt", NULL },
	{ "q without an option", "q=dns", "q=" },
	{ "q unknown", "q=http/x", "q=" },
	{ "q empty", "q=", "q=" },
	{ "z is not looked at", "z=From:a@b=20c|To:d", NULL },
};

static void
every_rule(void **state)
{
	struct arena	*a = arena_new(65536);
	struct dkim_sigfield f;
	const char	*text, *why;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		text = make_field(a, rows[i].change);
		why = dkim_sigfield_parse(&f, a, text, strlen(text), 5);
		if (why == NULL && rows[i].want == NULL)
			continue;
		if (why == NULL || rows[i].want == NULL ||
		    strstr(why, rows[i].want) == NULL)
			row_fail(rows[i].name, "%s\n  says: %s", text,
			    why ? why : "good");
	}
	arena_free(&a);
}

static void
what_a_good_field_gives(void **state)
{
	static const char value[] =
	    " v=1; a=ed25519-sha256; c=relaxed/simple; d=M\xc3\xbcller.Example;"
	    "\r\n s=Sel.One; i=joe=40@a.m\xc3\xbcller.example; l=12; t=5; x=9;"
	    "\r\n h=from:to: from; bh= YW Jj; b=\r\n YW\r\n Jj ; q=dns/txt";
	struct arena	*a = arena_new(4096);
	struct dkim_sigfield f;

	(void)state;
	assert_null(dkim_sigfield_parse(&f, a, value, strlen(value), 9));
	assert_int_equal(f.algorithm, SIGALG_ED25519_SHA256);
	assert_string_equal(f.algorithm_name, "ed25519-sha256");
	assert_string_equal(f.domain, "xn--mller-kva.example");
	assert_string_equal(f.selector, "sel.one");
	assert_string_equal(f.query,
	    "sel.one._domainkey.xn--mller-kva.example");
	assert_string_equal(f.identity, "joe@@a.xn--mller-kva.example");
	assert_string_equal(f.identity_domain, "a.xn--mller-kva.example");
	assert_true(f.header_relaxed && !f.body_relaxed);
	assert_true(f.has_length && f.has_time && f.has_expiry && f.unusual);
	assert_int_equal(f.length, 12);
	assert_int_equal(f.time, 5);
	assert_int_equal(f.expiry, 9);
	assert_int_equal(f.nnames, 3);
	assert_int_equal(dkim_sigfield_names(&f, "FROM"), 2);
	assert_int_equal(dkim_sigfield_names(&f, "fro"), 0);
	assert_string_equal(f.b, "YWJj");
	assert_string_equal(f.bh, "YWJj");
	assert_memory_equal(value + f.b_from, "\r\n YW\r\n Jj ;", 11);
	assert_int_equal(value[f.b_to], ';');
	arena_free(&a);
}

static const struct {
	const char	*name, *change, *want;
} identities[] = {
	{ "no i=", "", NULL },
	{ "plain", "i=joe@Mail.Example.ORG", "joe@mail.example.org" },
	{ "no local part", "i=@example.org", "@example.org" },
	{ "a plus sign", "i=joe=2Bnews@example.org", "joe+news@example.org" },
	{ "an equals sign", "i=joe=3Dnews@example.org",
	    "joe=news@example.org" },
	{ "an equals sign of its own", "i=b=joe=@example.org",
	    "b=joe=@example.org" },
	{ "hex in lower case is no code", "i=joe=2bnews@example.org",
	    "joe=2bnews@example.org" },
	{ "an encoded @", "i=a=40b=40example.org", "a@b@example.org" },
	{ "quoted", "i=\"joe.x\"@example.org", "joe.x@example.org" },
	{ "quoted, the quotes encoded", "i==22joe=20x=22@example.org",
	    "joe x@example.org" },
	{ "quoted pairs", "i=\"j\\\"o\\\\e\"@example.org",
	    "j\"o\\e@example.org" },
	{ "an @ in quotes", "i=\"a@b\"@example.org", "a@b@example.org" },
	{ "nothing in quotes", "i=\"\"@example.org", "\"\"@example.org" },
	{ "one quote", "i=\"joe@example.org", "\"joe@example.org" },
	{ "a quote inside", "i=\"j\"oe\"@example.org",
	    "\"j\"oe\"@example.org" },
	{ "the last quote is escaped", "i=\"joe\\\"@example.org",
	    "\"joe\\\"@example.org" },
	{ "folded", "i=joe\r\n =2B\r\n news@example.org",
	    "joe+news@example.org" },
	{ "an encoded NUL", "i=joe=00@example.org", "joe=00@example.org" },
	{ "an encoded line end", "i=joe=0D=0AX:@example.org",
	    "joe=0D=0AX:@example.org" },
	{ "UTF-8, encoded", "i=j=C3=B6@example.org", "j\xc3\xb6@example.org" },
};

static void
identities_are_decoded(void **state)
{
	struct arena	*a = arena_new(4096);
	struct dkim_sigfield f;
	const char	*text;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(identities); i++) {
		text = arena_printf(a, "v=1; a=rsa-sha256; d=example.org; s=s;"
		    " h=From; bh=YWJj; b=YWJj; %s", identities[i].change);
		if (dkim_sigfield_parse(&f, a, text, strlen(text), 9) != NULL)
			row_fail(identities[i].name, "refused: %s", text);
		if (identities[i].want == NULL ? f.identity != NULL :
		    strcmp(f.identity, identities[i].want) != 0)
			row_fail(identities[i].name, "is %s", f.identity);
	}
	arena_free(&a);
}

static void
a_refused_field_still_has_its_names(void **state)
{
	static const char value[] = "v=1; a=rsa-sha1; d=example.com; s=sel;"
	    " h=To; bh=YWJj; b=QUJD; ; ";
	struct arena	*a = arena_new(4096);
	struct dkim_sigfield f;

	(void)state;
	assert_non_null(dkim_sigfield_parse(&f, a, value, strlen(value), 9));
	assert_string_equal(f.domain, "example.com");
	assert_string_equal(f.selector, "sel");
	assert_string_equal(f.algorithm_name, "rsa-sha1");
	assert_string_equal(f.b, "QUJD");
	arena_free(&a);
}

static void
names_too_long_together(void **state)
{
	struct arena	*a = arena_new(4096);
	struct dkim_sigfield f;
	char		 label[64], *value;

	(void)state;
	memset(label, 'a', 63);
	label[63] = '\0';
	value = arena_printf(a, "v=1; a=rsa-sha256; h=From; bh=YWJj; b=YWJj;"
	    " s=sel; d=%s.%s.%s.example", label, label, label);
	assert_null(dkim_sigfield_parse(&f, a, value, strlen(value), 9));
	value = arena_printf(a, "v=1; a=rsa-sha256; h=From; bh=YWJj; b=YWJj;"
	    " s=%s; d=%s.%s.%s", label, label, label, label);
	assert_non_null(strstr(dkim_sigfield_parse(&f, a, value,
	    strlen(value), 9), "too long"));
	arena_free(&a);
}

static const struct {
	const char	*name, *change;
	bool		 want;
} unusual_rows[] = {
	{ "the usual field", "", false },
	{ "a blank before b's equals sign", "-b;b =YWJj", true },
	{ "another tag that ends in b", "ab=1", true },
	{ "bh is no such tag", "bx=1", false },
	{ "8-bit octets", "n=\xc3\xa9", true },
	{ "an equals sign in i", "i=a=3Bb@example.com", true },
	{ "an infinite x", "x=18446744073709551610", true },
	{ "an ordinary x", "x=99999999999", false },
	{ "the largest ordinary l", "l=1152921504606846976", false },
	{ "the smallest unusual l", "l=1152921504606846977", true },
	{ "a huge l", "l=9223372036854775808", true },
	{ "other signatures signed", "h=From:dkim-signature", true },
};

/* Fields that libopendkim reads differently are marked. */
static void
unusual_fields(void **state)
{
	struct arena	*a = arena_new(4096);
	struct dkim_sigfield f;
	const char	*text;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(unusual_rows); i++) {
		text = make_field(a, unusual_rows[i].change);
		if (dkim_sigfield_parse(&f, a, text, strlen(text), 9) != NULL)
			row_fail(unusual_rows[i].name, "refused: %s", text);
		if (f.unusual != unusual_rows[i].want)
			row_fail(unusual_rows[i].name, "marked wrongly");
	}
	arena_free(&a);
}

static const struct {
	const char	*name, *change;
	time_t		 now;
	bool		 want;
} times[] = {
	{ "neither t nor x", "", 1000, true },
	{ "t in the past", "t=1", 1000, true },
	{ "t now", "t=1000", 1000, true },
	{ "t within the skew", "t=1300", 1000, true },
	{ "t beyond the skew", "t=1301", 1000, false },
	{ "t infinite", "t=9999999999999", 1000, false },
	{ "x ahead", "x=1001", 1000, true },
	{ "x now", "x=1000", 1000, true },
	{ "x within the skew", "x=700", 1000, true },
	{ "x beyond the skew", "x=699", 1000, false },
	{ "x within the skew of the epoch", "x=0", 300, true },
	{ "x at the epoch", "x=0", 301, false },
	{ "x infinite", "x=9999999999999", 1000, true },
};

static void
the_time_is_right(void **state)
{
	struct arena	*a = arena_new(4096);
	struct dkim_sigfield f;
	const char	*text;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(times); i++) {
		text = make_field(a, times[i].change);
		assert_null(dkim_sigfield_parse(&f, a, text, strlen(text),
		    9));
		if ((dkim_sigfield_timely(&f, times[i].now, 300) == NULL) !=
		    times[i].want)
			row_fail(times[i].name, "judged wrongly");
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule),
		cmocka_unit_test(what_a_good_field_gives),
		cmocka_unit_test(identities_are_decoded),
		cmocka_unit_test(a_refused_field_still_has_its_names),
		cmocka_unit_test(names_too_long_together),
		cmocka_unit_test(unusual_fields),
		cmocka_unit_test(the_time_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
