/*
 * authres and claims: the field that we write, and fields that claim our id
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "mail/authres.h"
#include "mail/claims.h"
#include "authres_reader.h"

#define ID	"mx.example.net"

/* --- fields that claim our id --------------------------------------------- */

static const struct {
	const char	*name, *value;
	bool		 ours;
} claims[] = {
	/* C1, C2: the ways to write our id */
	{ "plain", " mx.example.net; dkim=pass", true },
	{ "no blank", "mx.example.net;dkim=pass", true },
	{ "no result", " mx.example.net; none", true },
	{ "id alone", " mx.example.net", true },
	{ "C2: upper case", " MX.Example.NET; dkim=pass", true },
	{ "C2: version", " mx.example.net 1; dkim=pass", true },
	{ "C2: version nobody knows", " mx.example.net 999; dkim=pass", true },
	{ "C2: version, no result", " mx.example.net 1", true },
	{ "C2: version in a comment", " mx.example.net (x) 1 (y); a=b", true },
	{ "C2: comment in front", " (x) mx.example.net; dkim=pass", true },
	{ "C2: comment behind", " mx.example.net(x); dkim=pass", true },
	{ "C2: nested comments", " (a(b)\\)(c))mx.example.net ; a=b", true },
	{ "C2: comment with another id",
	    " (a.example;) mx.example.net;", true },
	{ "C2: quoted", " \"mx.example.net\"; dkim=pass", true },
	{ "C2: quoted pairs", " \"m\\x.example.net\"; dkim=pass", true },
	{ "C2: quoted, upper case, version", "\"MX.example.net\"1; a=b", true },
	{ "C2: quoted, with blanks", " \" mx.example.net \"; a=b", true },
	{ "C2: folded", "\r\n\tmx.example.net;\r\n dkim=pass", true },
	{ "C2: folded by LF", "\n mx.example.net\n ; dkim=pass", true },
	{ "C2: fold in the quotes", " \"mx.example\n .net\"; a=b", true },
	{ "C2: final dot", " mx.example.net.; dkim=pass", true },
	{ "TAB", "\tmx.example.net\t;", true },
	{ "zero width space, which IDNA drops", " mx.example\342\200\213.net;",
	    true },
	{ "full-width letters", " \357\275\215x.example.net; a=b", true },
	{ "ideographic dot", " mx.example\343\200\202net; a=b", true },
	/* not ours */
	{ "another id", " mx.example.org; dkim=pass", false },
	{ "our parent", " example.net; dkim=pass", false },
	{ "a name below ours", " a.mx.example.net; dkim=pass", false },
	{ "ours as a prefix", " mx.example.network; dkim=pass", false },
	{ "ours with a hyphen", " mx.example.net-x; dkim=pass", false },
	{ "ours in a comment", " a.example (mx.example.net); dkim=pass",
	    false },
	{ "ours in a property", " a.example; spf=pass smtp.helo=mx.example.net",
	    false },
	{ "ours as a method", " a.example; mx.example.net; dkim=pass", false },
	{ "a quoted foreign id", " \"mx.example.org\"; dkim=pass", false },
	{ "foreign U-label", " b\303\274cher.example; dkim=pass", false },
	{ "empty", "", false },
	{ "blank", " ", false },
	{ "foreign and broken", " a.example dkim=pass", false },
	{ "foreign, unclosed comment", " (a.example; dkim=pass", false },
	{ "nested far, foreign", " ((((((((((((((((((((", false },
	/* unparsable: ours if it contains our id as a word */
	{ "no semicolon", " mx.example.net dkim=pass", true },
	{ "comma", " mx.example.net, dkim=pass", true },
	{ "two versions", " mx.example.net 1 1; dkim=pass", true },
	{ "version that is none", " mx.example.net v1; dkim=pass", true },
	{ "slash", " mx.example.net/1; dkim=pass", true },
	{ "port", " mx.example.net:25; dkim=pass", true },
	{ "brackets", " <mx.example.net>; dkim=pass", true },
	{ "square brackets", " [mx.example.net]; dkim=pass", true },
	{ "address", " root@mx.example.net; dkim=pass", true },
	{ "equals", " id=mx.example.net; dkim=pass", true },
	{ "vertical tab", "\vmx.example.net; dkim=pass", true },
	{ "semicolon in front", " ; mx.example.net; dkim=pass", true },
	{ "unclosed comment", " (mx.example.net; dkim=pass", true },
	{ "unclosed quotes", " \"mx.example.net; dkim=pass", true },
	{ "stray end of comment", " )mx.example.net; dkim=pass", true },
	{ "single quotes", " 'mx.example.net' x; dkim=pass", true },
	{ "escaped", " mx.\\example.net; dkim=pass", true },
	{ "a comment inside", " mx.exa(x)mple.net; dkim=pass", true },
	{ "nested comments inside", " mx.exa(x(y)z)mple.net; a=b", true },
	{ "a fold inside", " mx.exa\n mple.net; dkim=pass", true },
	{ "quotes inside", " mx.\"example\".net; dkim=pass", true },
	{ "unclosed, and a comment inside", " ( mx.exa(x)mple.net; a=b",
	    true },
	{ "quotes with a semicolon", " \"mx.example.net; dkim=pass\"; a=b",
	    true },
	{ "octets that are no UTF-8", " \377mx.example.net; dkim=pass", true },
	{ "the same behind", " mx.example.net\240; dkim=pass", true },
	{ "two ids", " a.example mx.example.net; dkim=pass", true },
	{ "ours in a broken field's comment", " a.example x (mx.example.net)",
	    true },
	{ "part of a longer word", " a.example xmx.example.net; a=b", false },
	{ "part of a longer name", " a.example b.mx.example.net; a=b", false },
	{ "a longer name in front", " a.example mx.example.net.org; a=b",
	    false },
	{ "dot at the very front", ".mx.example.net x; dkim=pass", true },
	{ "one end of comment too many", " (x))mx.exa(y)mple.net; a=b", true },
	{ "ends of comments", " ))) mx.exa(y)mple.net; a=b", true },
	{ "dot in front", " .mx.example.net x; dkim=pass", true },
};

static void
whose_field_it_is(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(claims); i++)
		if (authres_claims(claims[i].value, ID) != claims[i].ours)
			row_fail(claims[i].name, "wrong answer");
}

static void
ids_of_other_kinds(void **state)
{
	(void)state;
	assert_true(authres_claims(" b\303\274cher.example; none",
	    "xn--bcher-kva.example"));
	assert_true(authres_claims(" xn--bcher-kva.example; none",
	    "B\303\234CHER.example"));
	assert_true(authres_claims(" b\303\274cher.example; none",
	    "b\303\274cher.example"));
	assert_false(authres_claims(" bucher.example; none",
	    "b\303\274cher.example"));
	assert_true(authres_claims(" \"my gate\"; none", "my gate"));
	assert_true(authres_claims(" m; none", "m"));
	assert_false(authres_claims(" m; n=pass", "n"));
	assert_false(authres_claims(" \"my goat\"; none", "my gate"));
	assert_true(authres_claims(" MX.EXAMPLE.NET; none", "Mx.Example.Net."));
}

/* 1 MiB of text that a careless reader would scan in quadratic time. */
static void
claims_is_linear(void **state)
{
	static const char	*const units[] = { "(", "\"", "\\", "()", ")",
				    "mx.", "m", "\"\\", "(\\", "(x) ", "\377" };
	size_t			 size = 1 << 20, i, j, len;
	char			*s = malloc(size + 1);

	(void)state;
	assert_non_null(s);
	for (i = 0; i < NELEM(units); i++) {
		len = strlen(units[i]);
		for (j = 0; j + len <= size; j += len)
			memcpy(s + j, units[i], len);
		s[j] = '\0';
		assert_false(authres_claims(s, ID));
	}
	free(s);
}

/* --- the field that we write ---------------------------------------------- */

static struct dkim_signature good_sig = {
	.result = RESULT_PASS, .domain = "example.org", .selector = "sel",
	.algorithm = "rsa-sha256", .b = "abcdefgh",
};

static struct dkim_signature sigs[] = {
	{ .result = RESULT_FAIL, .reason = "body hash (bh=) differs",
	    .domain = "example.org", .selector = "s1",
	    .algorithm = "ed25519-sha256", .b = "ab/d+f=h",
	    .identity = "news@mail.example.org" },
	{ .result = RESULT_TEMPERROR, .reason = "no answer", .domain = "a.b",
	    .selector = "s2", .identity = "@A.B" },
};

static struct dkim_signature test_sigs[] = {
	{ .result = RESULT_PASS, .domain = "a.b", .selector = "t",
	    .testing = true, .identity = "rosa r@a.b" },
	{ .result = RESULT_FAIL, .reason = "no match", .domain = "a.b",
	    .selector = "t", .testing = true, .identity = "rosa.r@a.b" },
};

static const struct {
	const char	*name;
	struct facts	 f;
	struct verdict	 v;
	bool		 monitor;
	const char	*want;
} written[] = {
	{ "nothing done", { .direction = DIRECTION_INBOUND },
	    { .action = ACTION_ACCEPT }, false, " mx.example.net; none" },
	{ "a submission",
	    { .auth = { "alice@example.org", "PLAIN" } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tauth=pass (PLAIN) "
	    "smtp.auth=alice@example.org" },
	{ "a submission with a tier",
	    { .auth = { "alice@example.org", "PLAIN" }, .tier = "low" },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tauth=pass (PLAIN, tier low) "
	    "smtp.auth=alice@example.org" },
	{ "a tier beside a mechanism that is no word",
	    { .auth = { "alice@example.org", "A B" }, .tier = "low" },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tauth=pass (tier low) "
	    "smtp.auth=alice@example.org" },
	{ "all methods",
	    { .auth = { "alice@example.org", "PLAIN" },
	    .env = { .sender = "a@b", .sender_local = "a",
		.sender_domain = "b" },
	    .spf_mfrom = { .done = true, .result = RESULT_PASS,
		.domain = "b", .reason = "matched ip4" },
	    .dkim = { .done = true, .n = 1, .sig = &good_sig },
	    .dmarc = { .done = true, .result = RESULT_PASS,
		.policy = DMARC_REJECT, .author_domain = "example.org",
		.record_domain = "example.org", .reason = "aligned" } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n"
	    "\tauth=pass (PLAIN) smtp.auth=alice@example.org;\n"
	    "\tspf=pass smtp.mailfrom=a@b;\n"
	    "\tdkim=pass header.d=example.org header.s=sel "
	    "header.a=rsa-sha256\n\theader.b=abcdefgh;\n"
	    "\tdmarc=pass (p=reject dis=none record=example.org) "
	    "header.from=example.org\n\tpolicy.dmarc=reject" },
	{ "both SPF identities, null sender",
	    { .conn = { .helo = "out.example.org" },
	    .env = { .sender = "" },
	    .spf_mfrom = { .done = true, .result = RESULT_SOFTFAIL,
		.domain = "out.example.org", .postmaster = true,
		.reason = "matched ~all" },
	    .spf_helo = { .done = true, .result = RESULT_NONE,
		.domain = "out.example.org" } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n"
	    "\tspf=softfail (matched ~all) "
	    "smtp.mailfrom=postmaster@out.example.org;\n"
	    "\tspf=none smtp.helo=out.example.org" },
	{ "HELO that is no name",
	    { .conn = { .helo = "[192.0.2.1]; dkim=x\r\nX: y" },
	    .env = { .sender = "" },
	    .spf_mfrom = { .done = true, .postmaster = true },
	    .spf_helo = { .done = true } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tspf=none;\n\tspf=none" },
	{ "HELO that is a literal",
	    { .conn = { .helo = "[192.0.2.1]" },
	    .spf_helo = { .done = true } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tspf=none smtp.helo=\"[192.0.2.1]\"" },
	{ "no signature",
	    { .dkim = { .done = true } }, { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tdkim=none" },
	{ "two signatures and too many",
	    { .dkim = { .done = true, .n = 2, .sig = sigs, .skipped = 7 } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n"
	    "\tdkim=fail (body hash [bh=] differs) header.d=example.org "
	    "header.s=s1\n"
	    "\theader.a=ed25519-sha256 header.b=\"ab/d+f=h\" "
	    "header.i=news@mail.example.org;\n"
	    "\tdkim=temperror (no answer) header.d=a.b header.s=s2;\n"
	    "\tdkim=policy (7 more signatures not evaluated)" },
	{ "test keys, and identities quoted once if need be",
	    { .dkim = { .done = true, .n = 2, .sig = test_sigs } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n"
	    "\tdkim=pass (test key) header.d=a.b header.s=t "
	    "header.i=\"rosa r\"@a.b;\n"
	    "\tdkim=fail (no match) (test key) header.d=a.b header.s=t "
	    "header.i=rosa.r@a.b" },
	{ "a reason that could end its comment",
	    { .spf_helo = { .done = true, .result = RESULT_PERMERROR,
		.reason = "a (b) \"c\"; \\d\n\351  e" } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tspf=permerror (a [b] 'c', /d?? e)" },
	{ "a reason that looks like a result",
	    { .spf_helo = { .done = true, .result = RESULT_PERMERROR,
		.reason = "a:dkim=pass" } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tspf=permerror" },
	{ "an identity that says no more than its domain",
	    { .dkim = { .done = true, .n = 1, .sig = &sigs[1] } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tdkim=temperror (no answer) header.d=a.b "
	    "header.s=s2" },
	{ "DMARC: rejected",
	    { .dmarc = { .done = true, .result = RESULT_FAIL,
		.policy = DMARC_REJECT, .author_domain = "a.example.org",
		.record_domain = "example.org",
		.reason = "no aligned identifier passed" } },
	    { .action = ACTION_REJECT }, false,
	    " mx.example.net;\n"
	    "\tdmarc=fail (p=reject dis=reject record=example.org) "
	    "(no aligned identifier\n"
	    "\tpassed) header.from=a.example.org policy.dmarc=reject" },
	{ "DMARC: would be rejected",
	    { .dmarc = { .done = true, .result = RESULT_FAIL,
		.policy = DMARC_QUARANTINE, .author_domain = "example.org",
		.record_domain = "example.org" } },
	    { .action = ACTION_HOLD }, true,
	    " mx.example.net;\n"
	    "\tdmarc=fail (p=quarantine dis=none enforce=hold "
	    "record=example.org)\n"
	    "\theader.from=example.org policy.dmarc=quarantine" },
	{ "DMARC: monitor mode tags all the same",
	    { .dmarc = { .done = true, .result = RESULT_FAIL,
		.author_domain = "a.b", .record_domain = "b" } },
	    { .action = ACTION_TAG }, true,
	    " mx.example.net;\n\tdmarc=fail (p=none dis=tag record=b) "
	    "header.from=a.b policy.dmarc=none" },
	{ "DMARC: no record",
	    { .dmarc = { .done = true, .author_domain = "a.b" } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tdmarc=none header.from=a.b" },
	{ "DMARC: no record, refused for another reason",
	    { .dmarc = { .done = true, .author_domain = "a.b" } },
	    { .action = ACTION_REJECT }, false,
	    " mx.example.net;\n\tdmarc=none (dis=reject) header.from=a.b" },
	{ "long words go on a line of their own",
	    { .auth = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "PLAIN" } },
	    { .action = ACTION_ACCEPT }, false,
	    " mx.example.net;\n\tauth=pass (PLAIN)\n"
	    "\tsmtp.auth=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
};

static void
writes_the_field(void **state)
{
	struct authres_form form = { ID, LOGIN_RESULTS_LOGIN, false };
	struct arena	*a = arena_new(4096);
	const char	*got;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(written); i++) {
		form.monitor = written[i].monitor;
		got = authres_format(a, &form, &written[i].f, &written[i].v);
		if (strcmp(got, written[i].want) != 0)
			row_fail(written[i].name, "is \"%s\"", got);
		assert_true(authres_claims(got, ID));
	}
	arena_free(&a);
}

/* RFC 5322 2.1.1: with the semicolon that may follow, at most 78 octets. */
static void
lines_are_full_and_fit(void **state)
{
	static const struct authres_form form = { ID, LOGIN_RESULTS_LOGIN,
	    false };
	static const struct verdict	 v = { .action = ACTION_ACCEPT };
	struct arena	*a = arena_new(4096);
	struct facts	 f = { .spf_helo = { .done = true,
	    .result = RESULT_PERMERROR } };
	char		 reason[180];
	const char	*line;
	size_t		 first, len, next;

	(void)state;
	f.spf_helo.reason = reason;
	for (first = 1; first < 60; first++) {
		snprintf(reason, sizeof(reason), "%.*s ab ab ab ab ab ab ab ab "
		    "ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab "
		    "ab ab ab ab ab ab ab ab ab ab ab", (int)first,
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxx");
		line = strchr(authres_format(a, &form, &f, &v), '\t');
		for (; line != NULL; line = line[len] == '\0' ? NULL :
		    line + len + 1) {
			len = strcspn(line, "\n");
			if (len > 77)
				row_fail(reason, "%zu octets: %.*s", len,
				    (int)len, line);
			if (line[len] == '\0')
				break;
			next = strcspn(line + len + 2, " \n");
			if (len + 1 + next <= 77)
				row_fail(reason, "folded early: %.*s",
				    (int)len, line);
		}
	}
	arena_free(&a);
}

static const struct {
	const char	*name;
	enum login_results login;
	struct facts	 f;
	const char	*want;
} told[] = {
	{ "nothing", LOGIN_RESULTS_NONE, { .direction = DIRECTION_SUBMISSION,
	    .auth = { "lee@x.example", "PLAIN" }, .tier = "low" }, NULL },
	{ "nothing, nobody", LOGIN_RESULTS_NONE, { .direction =
	    DIRECTION_SUBMISSION }, NULL },
	{ "nothing, inbound", LOGIN_RESULTS_NONE, {
	    .auth = { "lee@x.example", "PLAIN" },
	    .dkim = { .done = true } }, " mx.example.net;\n\tdkim=none" },
	{ "nothing, inbound, nobody", LOGIN_RESULTS_NONE, { .tier = NULL },
	    " mx.example.net; none" },
	{ "that there was one", LOGIN_RESULTS_ANONYMOUS, { .direction =
	    DIRECTION_SUBMISSION, .auth = { "lee@x.example", "PLAIN" },
	    .tier = "low" }, " mx.example.net;\n\tauth=pass" },
	{ "that there was none", LOGIN_RESULTS_ANONYMOUS, { .direction =
	    DIRECTION_SUBMISSION }, " mx.example.net; none" },
	{ "all", LOGIN_RESULTS_LOGIN, { .direction = DIRECTION_SUBMISSION,
	    .auth = { "lee@x.example", "PLAIN" }, .tier = "low" },
	    " mx.example.net;\n\tauth=pass (PLAIN, tier low) "
	    "smtp.auth=lee@x.example" },
};

static void
tells_of_a_login_what_it_may(void **state)
{
	struct authres_form	 form = { .authserv_id = ID };
	struct verdict		 v = { .action = ACTION_ACCEPT };
	struct arena		*a = arena_new(4096);
	const char		*got;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(told); i++) {
		form.login = told[i].login;
		got = authres_format(a, &form, &told[i].f, &v);
		if (got == NULL || told[i].want == NULL ?
		    got != told[i].want : strcmp(got, told[i].want) != 0)
			row_fail(told[i].name, "is \"%s\"", got != NULL ?
			    got : "(no field)");
	}
	arena_free(&a);
}

/* C7: text from the network as a login, after "auth=pass". */
static const struct {
	const char	*name, *login, *want;
} logins[] = {
	{ "address", "alice@example.org", " smtp.auth=alice@example.org" },
	{ "word", "alice", " smtp.auth=alice" },
	{ "blank", "alice b", " smtp.auth=\"alice b\"" },
	{ "quote", "a\"b\\c", " smtp.auth=\"a\\\"b\\\\c\"" },
	{ "semicolon", "a; b=c", " smtp.auth=\"a; b=c\"" },
	{ "comment", "a(b", " smtp.auth=\"a(b\"" },
	{ "looks like a result", "a dkim=pass", "" },
	{ "looks like a result, upper case", "a dkim=PASS", "" },
	{ "looks like a result, with blanks", "a; dkim =  pass", "" },
	{ "looks like a result, quoted", "a; dkim=\"pass\"", "" },
	{ "equals at the end", "a= ", " smtp.auth=\"a= \"" },
	{ "line break", "a\nX-Y: z", "" },
	{ "CR", "a\rb", "" },
	{ "TAB", "a\tb", "" },
	{ "DEL", "a\177b", "" },
	{ "UTF-8", "andr\303\251", " smtp.auth=\"andr\303\251\"" },
	{ "UTF-8 address", "andr\303\251@example.org",
	    " smtp.auth=andr\303\251@example.org" },
	{ "UTF-8 domain", "a@b\303\274.example",
	    " smtp.auth=\"a@b\303\274.example\"" },
	{ "Latin 1", "andr\351", "" },
	{ "Latin 1 address", "andr\351@example.org",
	    " smtp.auth=example.org" },
	{ "next line, U+0085", "a\302\205b", "" },
	{ "no-break space, U+00A0", "a\302\240b", " smtp.auth=\"a\302\240b\"" },
	{ "line separator, U+2028", "a\342\200\250b", "" },
	{ "paragraph separator, U+2029", "a\342\200\251b@example.org",
	    " smtp.auth=example.org" },
	{ "local part that needs quotes", "a b@example.org",
	    " smtp.auth=\"a b\"@example.org" },
	{ "local part with two at", "a@b@example.org",
	    " smtp.auth=\"a@b\"@example.org" },
	{ "local part like a result", "dkim=pass@example.org",
	    " smtp.auth=example.org" },
	{ "local part like no result", "prvs=1=a@example.org",
	    " smtp.auth=prvs=1=a@example.org" },
	{ "local part of 65", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaa@example.org", " smtp.auth=example.org" },
	{ "domain that is none", "a@b(c", " smtp.auth=\"a@b(c\"" },
	{ "domain with a blank", "a@b c", " smtp.auth=\"a@b c\"" },
	{ "no local part", "@example.org", " smtp.auth=@example.org" },
	{ "no domain", "a@", " smtp.auth=\"a@\"" },
};

static void
foreign_text_stays_inside(void **state)
{
	static const struct authres_form form = { "x", LOGIN_RESULTS_LOGIN,
	    false };
	struct verdict	 v = { .action = ACTION_ACCEPT };
	struct arena	*a = arena_new(4096);
	struct facts	 f;
	const char	*got;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(logins); i++) {
		memset(&f, 0, sizeof(f));
		f.auth.login = logins[i].login;
		got = authres_format(a, &form, &f, &v);
		if (strncmp(got, " x;\n\tauth=pass", 14) != 0 ||
		    strcmp(got + 14, logins[i].want) != 0)
			row_fail(logins[i].name, "is \"%s\"", got);
	}
	arena_free(&a);
}

static void
mechanisms_and_ids(void **state)
{
	struct authres_form form = { ID, LOGIN_RESULTS_LOGIN, false };
	struct verdict	 v = { .action = ACTION_ACCEPT };
	struct arena	*a = arena_new(4096);
	struct facts	 f = { .auth = { "a", "X) dkim=pass (" } };

	(void)state;
	assert_string_equal(authres_format(a, &form, &f, &v),
	    " mx.example.net;\n\tauth=pass smtp.auth=a");
	f.auth.mechanism = "SCRAM-SHA-256-PLUS-AND-MORE";
	assert_string_equal(authres_format(a, &form, &f, &v),
	    " mx.example.net;\n\tauth=pass smtp.auth=a");
	f.auth.mechanism = "";
	form.authserv_id = "my gate";
	assert_string_equal(authres_format(a, &form, &f, &v),
	    " \"my gate\";\n\tauth=pass smtp.auth=a");
	form.authserv_id = "a\nb";
	assert_string_equal(authres_format(a, &form, &f, &v),
	    " unknown;\n\tauth=pass smtp.auth=a");
	arena_free(&a);
}

/* --- random facts --------------------------------------------------------- */

static uint32_t
rnd(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

/* NULL, or some octets of those that have a meaning in the field. */
static const char *
hostile(struct arena *a)
{
	static const char	*const bits[] = { ";", "(", ")", "\"", "\\",
	    "\n", "\r\n", "\t", " ", "=", "=pass", "dkim", "@", ".", "a", "B",
	    "example.org", "\303\251", "\351", "\302\205", "\342\200\250", "/",
	    "<", ">", ",", "\001", "\177", "mx.example.net", "[192.0.2.1]" };
	size_t			 n = rnd() % 12, len = 0;
	char			*s;

	if (rnd() % 8 == 0)
		return NULL;
	s = arena_alloc(a, 1200);
	while (n-- > 0)
		len += (size_t)snprintf(s + len, 1200 - len, "%s",
		    bits[rnd() % NELEM(bits)]);
	if (rnd() % 16 == 0)
		memset(s, 'a', 800);
	return s;
}

static enum result
any_result(void)
{
	return (enum result)(rnd() % (RESULT_PERMERROR + 1));
}

static void
hostile_facts(struct arena *a, struct facts *f)
{
	struct dkim_signature	*s;
	size_t			 i;

	memset(f, 0, sizeof(*f));
	f->auth = (struct auth_facts){ hostile(a), hostile(a) };
	f->conn.helo = hostile(a);
	f->tier = hostile(a);
	f->conn.client_known = true;
	assert_true(netaddr_parse(rnd() % 2 ? "192.0.2.1" : "2001:db8::1",
	    &f->conn.client));
	f->iprev = (struct iprev_facts){ .done = rnd() % 4,
	    .result = any_result(), .name = hostile(a), .reason = hostile(a) };
	f->override = (struct override_facts){ hostile(a), hostile(a),
	    rnd() % 2 ? "dmarc-reject" : NULL };
	f->env.sender_local = hostile(a);
	f->env.sender_domain = hostile(a);
	f->spf_mfrom = (struct spf_facts){ .done = rnd() % 4,
	    .result = any_result(), .domain = hostile(a),
	    .reason = hostile(a), .postmaster = rnd() % 2 };
	f->spf_helo = (struct spf_facts){ .done = rnd() % 4,
	    .result = any_result(), .domain = hostile(a),
	    .reason = hostile(a) };
	f->dkim = (struct dkim_facts){ .done = rnd() % 4, .n = rnd() % 4,
	    .skipped = rnd() % 3 };
	f->dkim.sig = arena_array(a, 4, sizeof(*f->dkim.sig));
	for (i = 0; i < f->dkim.n; i++) {
		s = &f->dkim.sig[i];
		*s = (struct dkim_signature){ .result = any_result(),
		    .reason = hostile(a), .domain = hostile(a),
		    .selector = hostile(a), .identity = hostile(a),
		    .algorithm = hostile(a), .b = hostile(a) };
	}
	f->dmarc = (struct dmarc_facts){ .done = rnd() % 4,
	    .result = any_result(), .policy = rnd() % 3,
	    .author_domain = hostile(a), .record_domain = hostile(a),
	    .reason = hostile(a) };
}

static void
assert_result(const struct reader *r, size_t *at, const char *method,
    enum result want)
{
	assert_true(*at < r->n);
	assert_string_equal(r->result[*at].method, method);
	assert_string_equal(r->result[*at].result, result_name(want));
	++*at;
}

/* Exactly the methods of the facts, in order. */
static void
assert_methods(const struct reader *r, const struct facts *f)
{
	size_t at = 0, i;

	if (f->auth.login != NULL && f->auth.login[0] != '\0')
		assert_result(r, &at, "auth", RESULT_PASS);
	if (f->iprev.done)
		assert_result(r, &at, "iprev", f->iprev.result);
	if (f->spf_mfrom.done)
		assert_result(r, &at, "spf", f->spf_mfrom.result);
	if (f->spf_helo.done)
		assert_result(r, &at, "spf", f->spf_helo.result);
	if (f->dkim.done && f->dkim.n == 0 && f->dkim.skipped == 0)
		assert_result(r, &at, "dkim", RESULT_NONE);
	for (i = 0; f->dkim.done && i < f->dkim.n; i++)
		assert_result(r, &at, "dkim", f->dkim.sig[i].result);
	if (f->dkim.done && f->dkim.skipped > 0)
		assert_result(r, &at, "dkim", RESULT_POLICY);
	if (f->dmarc.done)
		assert_result(r, &at, "dmarc", f->dmarc.result);
	assert_int_equal(at, r->n);
}

/* A property has the value of its fact, or is left out. */
static void
assert_prop(const struct reader_result *res, const char *name,
    const char *want)
{
	size_t i;

	for (i = 0; i < res->nprops; i++)
		if (strcmp(res->prop[i].name, name) == 0)
			assert_string_equal(res->prop[i].value, want);
}

static void
assert_props(const struct reader *r)
{
	static const char	*const known[] = { "smtp.auth", "smtp.mailfrom",
	    "smtp.helo", "header.d", "header.s", "header.a", "header.b",
	    "header.i", "header.from", "policy.dmarc", "policy.iprev" };
	size_t			 i, j, k;

	for (i = 0; i < r->n; i++)
		for (j = 0; j < r->result[i].nprops; j++) {
			for (k = 0; k < NELEM(known); k++)
				if (strcmp(r->result[i].prop[j].name,
				    known[k]) == 0)
					break;
			assert_true(k < NELEM(known));
		}
}

static void
no_facts_escape(void **state)
{
	struct authres_form	 form = { ID, LOGIN_RESULTS_LOGIN, false };
	struct verdict		 v = { .action = ACTION_ACCEPT };
	struct arena		*a = arena_new(16384);
	static struct reader	 r;
	struct facts		 f;
	const char		*got;
	int			 i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		arena_reset(a);
		hostile_facts(a, &f);
		v.action = (enum action)(rnd() % (ACTION_REJECT + 1));
		form.monitor = rnd() % 2;
		got = authres_format(a, &form, &f, &v);
		if (!reader_parse(&r, got)) {
			print_error("cannot be read:%s\n", got);
			fail();
		}
		assert_string_equal(r.id, ID);
		assert_methods(&r, &f);
		assert_props(&r);
		if (f.dmarc.done && f.dmarc.author_domain != NULL)
			assert_prop(&r.result[r.n - 1], "header.from",
			    f.dmarc.author_domain);
		assert_true(authres_claims(got, ID));
		assert_false(authres_claims(got, "other.example"));
	}
	arena_free(&a);
}

/* The octets behind the end of a text close nothing. */
static void
scans_stay_within_the_text(void **state)
{
	static const char	 text[] = " (a)) \"b\"\"";
	struct scan		 s = { text, text + 3 };
	struct buf		 b = BUF_INIT;

	(void)state;
	assert_false(scan_cfws(&s));
	s = (struct scan){ text, text + 4 };
	assert_true(scan_cfws(&s));
	assert_ptr_equal(s.p, text + 4);
	s = (struct scan){ text + 6, text + 8 };
	assert_false(scan_quoted(&s, &b));
	s = (struct scan){ text + 6, text + 9 };
	buf_reset(&b);
	assert_true(scan_quoted(&s, &b));
	assert_string_equal(buf_str(&b), "b");
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_field_it_is),
		cmocka_unit_test(ids_of_other_kinds),
		cmocka_unit_test(claims_is_linear),
		cmocka_unit_test(scans_stay_within_the_text),
		cmocka_unit_test(writes_the_field),
		cmocka_unit_test(lines_are_full_and_fit),
		cmocka_unit_test(tells_of_a_login_what_it_may),
		cmocka_unit_test(foreign_text_stays_inside),
		cmocka_unit_test(mechanisms_and_ids),
		cmocka_unit_test(no_facts_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
