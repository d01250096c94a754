/*
 * dkim_record: key records (RFC 6376 3.6.1, RFC 8463), and the signatures that
 * they may be used for (RFC 6376 6.1.2).
 */
#include "test.h"

#include "base/arena.h"
#include "dkim/dkim_record_priv.h"
#include "dkim/dkim_sigfield_priv.h"

#define TEXT(s)	(s), sizeof(s) - 1

static const struct {
	const char	*name;
	const char	*text;
	size_t		 len;
	const char	*want;	/* of the words; NULL: read */
} syntax[] = {
	{ "p alone", TEXT("p=YWJj"), NULL },
	{ "the usual one", TEXT("v=DKIM1; k=rsa; p=YWJj"), NULL },
	{ "a final semicolon and blank", TEXT("v=DKIM1; p=YWJj; "), NULL },
	{ "blanks in p", TEXT("v=DKIM1; p=YW Jj YWJj"), NULL },
	{ "p empty is revoked, not wrong", TEXT("v=DKIM1; p="), NULL },
	{ "UTF-8 in the notes", TEXT("v=DKIM1; n=\xc3\xa9; p=YWJj"), NULL },
	{ "Latin-1 in the notes", TEXT("v=DKIM1; n=\xe9; p=YWJj"), NULL },
	{ "unknown tags", TEXT("v=DKIM1; x1=y; p=YWJj"), NULL },
	{ "the old g", TEXT("g=*; p=YWJj"), NULL },
	{ "v missing is fine", TEXT("k=rsa; p=YWJj"), NULL },
	{ "v not first", TEXT("k=rsa; v=DKIM1; p=YWJj"), "first" },
	{ "v of the future", TEXT("v=DKIM2; p=YWJj"), "DKIM1" },
	{ "v in lower case", TEXT("v=dkim1; p=YWJj"), "DKIM1" },
	{ "p missing", TEXT("v=DKIM1; k=rsa"), "p=" },
	{ "p no base64", TEXT("v=DKIM1; p=***"), "base64" },
	{ "p cut off", TEXT("v=DKIM1; p=YWJjY"), "base64" },
	{ "p twice", TEXT("v=DKIM1; p=YWJj; p=YWJj"), "tag list" },
	{ "two semicolons", TEXT("v=DKIM1;; p=YWJj"), "tag list" },
	{ "a NUL", TEXT("v=DKIM1; p=YWJj\0"), "tag list" },
	{ "a NUL inside", TEXT("v=DKIM1; n=a\0b; p=YWJj"), "tag list" },
	{ "empty", TEXT(""), "tag list" },
	{ "quotes that were meant for the zone file",
	    TEXT("\"v=DKIM1; p=YWJj\""), "tag list" },
};

static void
records_are_read(void **state)
{
	struct dkim_record	 r;
	const char		*why;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(syntax); i++) {
		why = dkim_record_parse(&r, syntax[i].text, syntax[i].len);
		if (why == NULL && syntax[i].want == NULL)
			continue;
		if (why == NULL || syntax[i].want == NULL ||
		    strstr(why, syntax[i].want) == NULL)
			row_fail(syntax[i].name, "%s", why ? why : "read");
	}
}

static const struct {
	const char	*name, *record, *algorithm, *identity;
	const char	*want;
} uses[] = {
	{ "rsa by default", "p=YWJj", "rsa-sha256", NULL, NULL },
	{ "rsa", "k=rsa; p=YWJj", "rsa-sha256", NULL, NULL },
	{ "ed25519", "k=ed25519; p=YWJj", "ed25519-sha256", NULL, NULL },
	{ "k ed25519 for a rsa", "k=ed25519; p=YWJj", "rsa-sha256", NULL,
	    "type" },
	{ "k rsa for a ed25519", "k=rsa; p=YWJj", "ed25519-sha256", NULL,
	    "type" },
	{ "no k for a ed25519", "p=YWJj", "ed25519-sha256", NULL, "type" },
	{ "k unknown", "k=ecdsa; p=YWJj", "rsa-sha256", NULL, "type" },
	{ "k in upper case", "k=RSA; p=YWJj", "rsa-sha256", NULL, "type" },
	{ "revoked", "k=rsa; p=", "rsa-sha256", NULL, "revoked" },
	{ "revoked with a blank", "k=rsa; p= ", "rsa-sha256", NULL,
	    "revoked" },
	{ "h sha256", "h=sha256; p=YWJj", "rsa-sha256", NULL, NULL },
	{ "h of both", "h=sha1:sha256; p=YWJj", "rsa-sha256", NULL, NULL },
	{ "h with blanks", "h=sha1 : sha256 ; p=YWJj", "rsa-sha256", NULL,
	    NULL },
	{ "h sha1 only", "h=sha1; p=YWJj", "rsa-sha256", NULL, "hash" },
	{ "h unknown", "h=sha3; p=YWJj", "rsa-sha256", NULL, "hash" },
	{ "h empty", "h=; p=YWJj", "rsa-sha256", NULL, "hash" },
	{ "s star", "s=*; p=YWJj", "rsa-sha256", NULL, NULL },
	{ "s email", "s=email; p=YWJj", "rsa-sha256", NULL, NULL },
	{ "s email among others", "s=tlsrpt:email; p=YWJj", "rsa-sha256",
	    NULL, NULL },
	{ "s tlsrpt", "s=tlsrpt; p=YWJj", "rsa-sha256", NULL, "mail" },
	{ "t y", "t=y; p=YWJj", "rsa-sha256", NULL, NULL },
	{ "t s, no i", "t=s; p=YWJj", "rsa-sha256", NULL, NULL },
	{ "t s, i of d", "t=y:s; p=YWJj", "rsa-sha256", "@example.com",
	    NULL },
	{ "t s, i of a subdomain", "t=s; p=YWJj", "rsa-sha256",
	    "@a.example.com", "subdomain" },
	{ "no t, i of a subdomain", "p=YWJj", "rsa-sha256",
	    "@a.example.com", NULL },
	{ "unknown flags", "t=x:y1; p=YWJj", "rsa-sha256",
	    "@a.example.com", NULL },
};

static void
keys_fit_or_not(void **state)
{
	struct arena		*a = arena_new(4096);
	struct dkim_sigfield	 f;
	struct dkim_record	 r;
	const char		*field, *why;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(uses); i++) {
		field = arena_printf(a, "v=1; a=%s; d=example.com; s=s;"
		    " h=From; bh=YWJj; b=YWJj%s%s", uses[i].algorithm,
		    uses[i].identity ? "; i=" : "",
		    uses[i].identity ? uses[i].identity : "");
		assert_null(dkim_sigfield_parse(&f, a, field, strlen(field),
		    9));
		assert_null(dkim_record_parse(&r, uses[i].record,
		    strlen(uses[i].record)));
		why = dkim_record_unfit(&r, &f);
		if (why == NULL && uses[i].want == NULL)
			continue;
		if (why == NULL || uses[i].want == NULL ||
		    strstr(why, uses[i].want) == NULL)
			row_fail(uses[i].name, "%s", why ? why : "fits");
	}
	arena_free(&a);
}

/* Such a field is refused before; no key may make it valid again. */
static void
no_key_is_for_sha1(void **state)
{
	static const char	sha1[] = "v=1; a=rsa-sha1; d=example.com; s=s;"
	    " h=From; bh=YWJj; b=YWJj";
	struct arena		*a = arena_new(0);
	struct dkim_sigfield	 f;
	struct dkim_record	 r;

	(void)state;
	assert_non_null(dkim_sigfield_parse(&f, a, TEXT(sha1), 9));
	assert_null(dkim_record_parse(&r, TEXT("k=rsa; p=YWJj")));
	assert_non_null(dkim_record_unfit(&r, &f));
	assert_null(dkim_record_parse(&r, TEXT("k=ed25519; p=YWJj")));
	assert_non_null(dkim_record_unfit(&r, &f));
	arena_free(&a);
}

static void
flags(void **state)
{
	struct dkim_record r;

	(void)state;
	assert_null(dkim_record_parse(&r, TEXT("t= y : s; p=YWJj")));
	assert_true(r.testing && r.strict);
	assert_null(dkim_record_parse(&r, TEXT("t=Y; p=YWJj")));
	assert_false(r.testing || r.strict);
}

static const struct {
	const char	*text;
	bool		 want;
} foreign[] = {
	{ "v=spf1 -all", true }, { "v=DMARC1; p=none", true },
	{ "google-site-verification=abc", true }, { "hello", true },
	{ "", true }, { "v=DKIM1; k=rsa", false }, { "p=YWJj", false },
	{ "k=rsa; p=YWJj", false }, { "v=DKIM1; p=***; p=", false },
	{ "k=rsa; p=a; v=DKIM1", false },
	{ "v=DKIM2; p=a", false }, { "v=DKI; p=a", true },
	{ "v=DKIM", false },
};

static void
foreign_records(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(foreign); i++)
		if (dkim_record_is_foreign(foreign[i].text,
		    strlen(foreign[i].text)) != foreign[i].want)
			row_fail(foreign[i].text, "judged wrongly");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_read),
		cmocka_unit_test(keys_fit_or_not),
		cmocka_unit_test(no_key_is_for_sha1),
		cmocka_unit_test(flags),
		cmocka_unit_test(foreign_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
