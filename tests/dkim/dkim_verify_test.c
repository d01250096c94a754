/*
 * dkim_verify: signed messages that libopendkim accepts wrongly, refuses
 * wrongly or verifies correctly, each with the result it must have. They are
 * signed here by an independent signer, and delivered in several ways.
 */
#include "dkim_site.h"

/* The usual values; a row gives only the others. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define HEADER	"From: Alice <alice@example.com>\r\n"			\
		"To: bob@example.org\r\n"				\
		"Subject: dinner\r\n"
#define BODY	"Are you  hungry? \r\n\r\nJoe.\r\n\r\n"

#define START	" v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;"
#define FROM_TO	" h=From:To:Subject;"
#define END	" bh=%BH%; b=%B%"
#define USUAL	START " s=rsa2048;" FROM_TO END
#define USING(selector)	START " s=" selector ";" FROM_TO END
#define WITH(tags)	START " s=rsa2048;" FROM_TO " " tags ";" END
#define CANON(c)							\
	" v=1; a=rsa-sha256; c=" c "; d=example.com; s=rsa2048;" FROM_TO END
#define ED(tags)							\
	" v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=ed;" \
	FROM_TO " " tags END

/* --- the zone ------------------------------------------------------------ */

static const struct {
	const char	*selector;
	const char	*record;	/* %P% is the key */
	const char	*key, *form;
} records[] = {
	{ "rsa512", "v=DKIM1; p=%P%", "rsa512", "spki" },
	{ "rsa768", "v=DKIM1; p=%P%", "rsa768", "spki" },
	{ "rsa1024", "v=DKIM1; p=%P%", "rsa1024", "spki" },
	{ "rsa2048", "v=DKIM1; k=rsa; p=%P%", "rsa2048", "spki" },
	{ "rsa4096", "v=DKIM1; p=%P%", "rsa4096", "spki" },
	{ "ed", "v=DKIM1; k=ed25519; p=%P%", "ed25519", "raw" },
	{ "pkcs1", "v=DKIM1; p=%P%", "rsa2048", "pkcs1" },
	{ "bare", "p=%P%", "rsa2048", "spki" },
	{ "edspki", "v=DKIM1; k=ed25519; p=%P%", "ed25519", "spki" },
	{ "edasrsa", "v=DKIM1; k=rsa; p=%P%", "ed25519", "raw" },
	{ "edspkiasrsa", "v=DKIM1; k=rsa; p=%P%", "ed25519", "spki" },
	{ "ednok", "v=DKIM1; p=%P%", "ed25519", "raw" },
	{ "rsaased", "v=DKIM1; k=ed25519; p=%P%", "rsa2048", "spki" },
	{ "ptwice", "v=DKIM1; p=%P%; p=%P%", "rsa2048", "spki" },
	{ "vlast", "p=%P%; v=DKIM1", "rsa2048", "spki" },
	{ "dkim2", "v=DKIM2; p=%P%", "rsa2048", "spki" },
	{ "utf8note", "v=DKIM1; n=cl\xc3\xa9; p=%P%", "rsa2048", "spki" },
	{ "testing", "v=DKIM1; t=y; p=%P%", "rsa2048", "spki" },
	{ "strict", "v=DKIM1; t=s; p=%P%", "rsa2048", "spki" },
	{ "email", "v=DKIM1; s=email; p=%P%", "rsa2048", "spki" },
	{ "tlsrpt", "v=DKIM1; s=tlsrpt; p=%P%", "rsa2048", "spki" },
	{ "hboth", "v=DKIM1; h=sha1:sha256; p=%P%", "rsa2048", "spki" },
	{ "hsha1", "v=DKIM1; h=sha1; p=%P%", "rsa2048", "spki" },
	{ "hodd", "v=DKIM1; h=sha3; p=%P%", "rsa2048", "spki" },
	{ "revoked", "v=DKIM1; p=", "rsa2048", "spki" },
	{ "junk", "v=DKIM1; p=YWJjZGVm", "rsa2048", "spki" },
	{ "nop", "v=DKIM1; k=rsa", "rsa2048", "spki" },
	{ "wildspf", "v=spf1 -all", "rsa2048", "spki" },
	{ "spaced", "v=DKIM1; p= %P% ;", "rsa2048", "spki" },
	/* several records of one name */
	{ "twokeys", "v=DKIM1; p=%P%", "rsa2048", "spki" },
	{ "twokeys", "v=DKIM1; p=%P%", "rsa1024", "spki" },
	{ "keyandspf", "v=spf1 -all", "rsa2048", "spki" },
	{ "keyandspf", "v=DKIM1; p=%P%", "rsa2048", "spki" },
	{ "twotypes", "v=DKIM1; k=ed25519; p=%P%", "ed25519", "raw" },
	{ "twotypes", "v=DKIM1; p=%P%", "rsa2048", "spki" },
	{ "revokedtoo", "v=DKIM1; p=", "rsa2048", "spki" },
	{ "revokedtoo", "v=DKIM1; p=%P%", "rsa2048", "spki" },
	{ "badtoo", "v=DKIM2; p=%P%", "rsa1024", "spki" },
	{ "badtoo", "v=DKIM1; p=YWJjZGVm", "rsa2048", "spki" },
	{ "badtoo", "v=DKIM1; k=rsa", "rsa2048", "spki" },
	{ "badtoo", "v=DKIM1; p=%P%", "rsa2048", "spki" },
	{ "badtoo", "v=DKIM1; t=", "rsa2048", "spki" },
	{ "stricttoo", "v=DKIM1; t=s; p=%P%", "rsa2048", "spki" },
	{ "stricttoo", "v=DKIM1; p=%P%", "rsa2048", "spki" },
	{ "noneofthem", "v=DKIM1; p=%P%", "rsa1024", "spki" },
	{ "noneofthem", "v=DKIM1; p=%P%", "rsa4096", "spki" },
	{ "bothrevoked", "v=DKIM1; p=", "rsa2048", "spki" },
	{ "bothrevoked", "v=DKIM1; k=ed25519; p=", "ed25519", "raw" },
	{ "testtoo", "v=DKIM1; t=y; p=%P%", "rsa2048", "spki" },
	{ "testtoo", "v=DKIM1; p=%P%", "rsa2048", "spki" },
	{ "testother", "v=DKIM1; t=y; p=%P%", "rsa1024", "spki" },
	{ "testother", "v=DKIM1; p=%P%", "rsa2048", "spki" },
	{ "testlast", "v=DKIM1; p=%P%", "rsa2048", "spki" },
	{ "testlast", "v=DKIM1; t=y; p=%P%", "rsa1024", "spki" },
	{ "testlast", "v=DKIM1; t=y; k=ed25519; p=%P%", "ed25519", "raw" },
};

static void
add_record(struct buf *zone, struct arena *a, size_t i)
{
	char	*p, *text, *name;

	p = maker_public(a, maker_key(records[i].key), records[i].form);
	text = maker_replace(a, records[i].record, "%P%", p);
	text = maker_replace(a, text, "%P%", p);
	name = arena_printf(a, "%s._domainkey.example.com",
	    records[i].selector);
	zone_txt(zone, name, text, strlen(text));
}

/* n records of another key, which differ, and the good one behind them. */
static void
add_many_records(struct buf *zone, struct arena *a, const char *name, size_t n)
{
	char	*other = maker_public(a, maker_key("rsa1024"), "spki");
	char	*text;

	for (; n > 0; n--) {
		text = arena_printf(a, "v=DKIM1; n=%zu; p=%s", n, other);
		zone_txt(zone, name, text, strlen(text));
	}
	text = arena_printf(a, "p=%s", maker_public(a, maker_key("rsa2048"),
	    "spki"));
	zone_txt(zone, name, text, strlen(text));
}

/* Records that a C string cannot hold, and names outside example.com. */
static void
add_odd_records(struct buf *zone, struct arena *a)
{
	char	*p = maker_public(a, maker_key("rsa2048"), "spki");
	char	*text = arena_printf(a, "v=DKIM1; p=%s", p);
	char	*note = arena_alloc(a, 2001);

	zone_txt(zone, "withnul._domainkey.example.com", text,
	    strlen(text) + 1);
	zone_txt(zone, "s._domainkey.xn--bcher-kva.example", text,
	    strlen(text));
	zone_txt(zone, "xn--tda._domainkey.example.com", text, strlen(text));
	zone_txt(zone, "s._domainkey.com", text, strlen(text));
	add_many_records(zone, a, "eight._domainkey.example.com",
	    DKIM_KEYS_TRIED - 1);
	add_many_records(zone, a, "nine._domainkey.example.com",
	    DKIM_KEYS_TRIED);
	buf_addstr(zone, "servfail._domainkey.example.com SERVFAIL\n"
	    "exists._domainkey.example.com A 192.0.2.1\n");
	memset(note, 'x', 2000);
	text = arena_printf(a, "v=DKIM1; n=%s; p=%s", note, p);
	zone_txt(zone, "large._domainkey.example.com", text, strlen(text));
}

static int
set_up(void **state)
{
	struct arena	*a = arena_new(65536);
	struct buf	 zone = BUF_INIT;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(records); i++)
		add_record(&zone, a, i);
	add_odd_records(&zone, a);
	site_open(&zone);
	arena_free(&a);
	return 0;
}

/* --- one message, one signature ------------------------------------------ */

struct row {
	const char	*name;
	const char	*template;
	enum result	 want;
	const char	*reason;	/* a part of it; NULL: none */
	const char	*key;		/* NULL: "rsa2048" */
	const char	*header;	/* as it was signed; NULL: HEADER */
	const char	*body;		/* NULL: BODY */
	const char	*sent_header;	/* as it arrives; NULL: the same */
	const char	*sent_body;
};

#define PASS	RESULT_PASS
#define FAIL	RESULT_FAIL
#define POLICY	RESULT_POLICY
#define PERM	RESULT_PERMERROR
#define TEMP	RESULT_TEMPERROR

static const char *
either(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

static void
check(const struct row *r, const struct dkim_facts *f, size_t delivery)
{
	const struct dkim_signature *s = &f->sig[0];

	if (f->n != 1)
		row_fail(r->name, "%zu signatures", f->n);
	if (s->result != r->want || (s->reason == NULL) != (r->reason == NULL)
	    || (r->reason != NULL && strstr(s->reason, r->reason) == NULL))
		row_fail(r->name, "delivery %zu: %s (%s)", delivery,
		    result_name(s->result), s->reason ? s->reason : "-");
	if (s->temperror != (s->result == RESULT_TEMPERROR))
		row_fail(r->name, "temperror is %d", s->temperror);
}

static void
run(const struct row *rows, size_t n)
{
	struct dkim_facts facts;
	struct arena	*a = arena_new(65536);
	const char	*header, *body, *signature, *whole;
	size_t		 i, d;

	for (i = 0; i < n; i++) {
		header = either(rows[i].header, HEADER);
		body = either(rows[i].body, BODY);
		signature = maker_sign(a, rows[i].template,
		    maker_key(either(rows[i].key, "rsa2048")), header, body,
		    strlen(body));
		whole = arena_printf(a, "DKIM-Signature:%s\r\n%s", signature,
		    either(rows[i].sent_header, header));
		body = either(rows[i].sent_body, body);
		for (d = 0; d < NELEM(deliveries); d++) {
			message_verify(lib, resolver, a, whole, body,
			    strlen(body), &deliveries[d], &facts);
			check(&rows[i], &facts, d);
		}
		arena_reset(a);
	}
	arena_free(&a);
}

/* --- wrong accepts of research/dkim.md, section 6 ------------------------ */

static const struct row must_not_pass[] = {
	{ "rsa-sha1 (RFC 8301)",
	    " v=1; a=rsa-sha1; c=relaxed/relaxed; d=example.com; s=rsa2048;"
	    FROM_TO END, PERM, "rsa-sha1" },
	{ "a RSA key of 512 bits", USING("rsa512"), POLICY, "too short",
	    "rsa512" },
	{ "a RSA key of 768 bits", USING("rsa768"), POLICY, "too short",
	    "rsa768" },
	{ "two semicolons", WITH("; x=9999999999"), PERM, "tag" },
	{ "octets that are no UTF-8", WITH("n=\xe9"), PERM, "UTF-8" },
	{ "k=ed25519 with a RSA key", USING("rsaased"), PERM, "type" },
	{ "k=rsa with an Ed25519 key", " v=1; a=ed25519-sha256; d=example.com;"
	    " s=edasrsa;" FROM_TO END, PERM, "type", "ed25519" },
	{ "no k with an Ed25519 key", " v=1; a=ed25519-sha256; d=example.com;"
	    " s=ednok;" FROM_TO END, PERM, "type", "ed25519" },
	{ "a=rsa-sha256 with an Ed25519 key in SPKI",
	    USING("edspkiasrsa"), PERM, "decoded" },
	{ "an Ed25519 key in SPKI (RFC 8463 4)",
	    " v=1; a=ed25519-sha256; d=example.com; s=edspki;" FROM_TO END,
	    PERM, "decoded", "ed25519" },
	{ "a tag twice in the field", WITH("d=example.com"), PERM, "twice" },
	{ "a tag twice in the key", USING("ptwice"), PERM, "tag list" },
	{ "v= last in the key", USING("vlast"), PERM, "first" },
	{ "d= with a blank", " v=1; a=rsa-sha256; d=exam ple.com; s=rsa2048;"
	    FROM_TO END, PERM, "d=" },
	{ "d= with a final dot", " v=1; a=rsa-sha256; d=example.com.;"
	    " s=rsa2048;" FROM_TO END, PERM, "d=" },
	{ "q= of no known method", WITH("q=http/x"), PERM, "q=" },
	{ "l= of 2^63", WITH("l=9223372036854775808"), PERM, "l=" },
	{ "l= of 2^64", WITH("l=18446744073709551616"), PERM, "l=" },
	{ "l= of 2^64 and the body's length",
	    WITH("l=18446744073709551640"), PERM, "l=" },
	{ "x= of more than the skew ago", WITH("t=1; x=1699999699"), PERM,
	    "expired" },
	{ "a CR slipped into a relaxed body", USUAL, FAIL, "body",
	    .sent_body = "Are you\r  hungry? \r\n\r\nJoe.\r\n\r\n" },
	{ "a CR slipped before a line end", USUAL, FAIL, "body",
	    .sent_body = "Are you  hungry? \r\r\n\r\nJoe.\r\n\r\n" },
	{ "a CR slipped into a simple body", CANON("simple/simple"), FAIL,
	    "body", .sent_body = "Are you  hungry? \r\n\r\nJ\roe.\r\n\r\n" },
	{ "a LF slipped into a body", USUAL, FAIL, "body",
	    .sent_body = "Are you  hungry? \r\n\n\r\nJoe.\r\n\r\n" },
	{ "a CR slipped into a relaxed field", USUAL, FAIL, "match",
	    .sent_header = "From: Alice\r <alice@example.com>\r\n"
	    "To: bob@example.org\r\nSubject: dinner\r\n" },
	{ "a vertical tab in place of a space", USUAL, FAIL, "match",
	    .sent_header = "From: Alice <alice@example.com>\r\n"
	    "To: bob@example.org\r\nSubject:\vdinner\r\n" },
	{ "t=s and i= of a subdomain", START " s=strict; i=@a.example.com;"
	    FROM_TO END, PERM, "subdomain" },
	{ "another text in a tag that ends in b",
	    WITH("ab=1"), FAIL, "match", .sent_header = "From: Mallory"
	    " <alice@example.com>\r\nTo: bob@example.org\r\n"
	    "Subject: dinner\r\n" },
};

static void
wrong_accepts(void **state)
{
	(void)state;
	run(must_not_pass, NELEM(must_not_pass));
}

/* --- wrong rejects ------------------------------------------------------- */

static const struct row must_pass[] = {
	{ "U-labels in d= (RFC 8616)", " v=1; a=rsa-sha256;"
	    " c=relaxed/relaxed; d=b\xc3\xbc" "cher.example; s=s;" FROM_TO
	    END, PASS, NULL },
	{ "U-labels in i=", " v=1; a=rsa-sha256; d=xn--bcher-kva.example;"
	    " s=s; i=\xc3\xa4@x.b\xc3\xbc" "cher.example;" FROM_TO END,
	    PASS, NULL },
	{ "U-labels in s=", START " s=\xc3\xbc;" FROM_TO END, PASS, NULL },
	{ "UTF-8 in another tag, simple", " v=1; a=rsa-sha256;"
	    " d=example.com; s=rsa2048; n=\xc3\xa9;" FROM_TO END, PASS,
	    NULL },
	{ "UTF-8 notes in the key", USING("utf8note"), PASS, NULL },
	{ "a key record of over 2000 octets", USING("large"), PASS, NULL },
	{ "a PKCS#1 key", USING("pkcs1"), PASS, NULL },
	{ "blanks around p=", USING("spaced"), PASS, NULL },
	{ "a blank before b's equals sign",
	    START " s=rsa2048;" FROM_TO " bh=%BH%; b =%B%", PASS, NULL },
	{ "a fold before b's equals sign",
	    START " s=rsa2048;" FROM_TO " bh=%BH%; b\r\n =%B%", PASS, NULL },
	{ "a fold behind b's equals sign, tags behind it",
	    START " s=rsa2048; bh=%BH%; b=%B%;" FROM_TO " t=5", PASS, NULL },
	{ "another tag that ends in b", WITH("ab=1"), PASS, NULL },
	{ "another tag that ends in b, simple", " v=1; a=rsa-sha256;"
	    " d=example.com; s=rsa2048; xb = 2 ;" FROM_TO END, PASS, NULL },
	{ "t= near the epoch", WITH("t=0"), PASS, NULL },
	{ "t= of 299", WITH("t=299"), PASS, NULL },
	{ "x= near 2^64", WITH("t=5; x=18446744073709551610"), PASS, NULL },
	{ "x= a little ago", WITH("t=1; x=1699999700"), PASS, NULL },
	{ "t= a little ahead", WITH("t=1700000200"), PASS, NULL },
	{ "no final CRLF, relaxed", USUAL, PASS, NULL,
	    .body = "one\r\ntwo" },
	{ "no final CRLF, simple", CANON("relaxed/simple"), PASS, NULL,
	    .body = "one\r\ntwo" },
	{ "a final CR alone, simple", CANON("relaxed/simple"), PASS, NULL,
	    .body = "one\r" },
	{ "a final blank, relaxed", USUAL, PASS, NULL, .body = "one \t" },
	{ "CR alone, relaxed", USUAL, PASS, NULL, .body = "a\rb \r c\r\r\n" },
	{ "CR alone, simple", CANON("simple/simple"), PASS, NULL,
	    .body = "a\rb \r c\r\r\n" },
	{ "LF alone, relaxed", USUAL, PASS, NULL, .body = "a\nb \n c\n\r\n" },
	{ "LF alone, simple", CANON("simple/simple"), PASS, NULL,
	    .body = "a\nb \n c\n\r\n" },
	{ "VT and FF in a relaxed field", USUAL, PASS, NULL,
	    .header = "From: a@example.com\r\nTo: b@c.d\r\n"
	    "Subject: \v a \f b\v\r\n" },
	{ "a CR alone in a relaxed field", USUAL, PASS, NULL,
	    .header = "From: a@example.com\r\nTo: b@c.d\r\n"
	    "Subject: a\rb \r c\r\n" },
	{ "an empty From", USUAL, PASS, NULL,
	    .header = "From:\r\nTo: b@c.d\r\nSubject: x\r\n" },
	{ "a From that is no address", USUAL, PASS, NULL,
	    .header = "From: <<>>,,;(\r\nTo: b@c.d\r\nSubject: x\r\n" },
	{ "a group in From", USUAL, PASS, NULL,
	    .header = "From: us:a@example.com;\r\nTo: b@c.d\r\n"
	    "Subject: x\r\n" },
	{ "an 8-bit From", USUAL, PASS, NULL,
	    .header = "From: \xc3\xbc <a@example.com>\r\nTo: b@c.d\r\n"
	    "Subject: \xff\xfe\r\n" },
};

static void
wrong_rejects(void **state)
{
	(void)state;
	run(must_pass, NELEM(must_pass));
}

/* --- correct results of the library, which we must give, too ------------- */

static const struct row the_rest[] = {
	{ "the usual one", USUAL, PASS, NULL },
	{ "1024 bits", USING("rsa1024"), PASS, NULL, "rsa1024" },
	{ "4096 bits", USING("rsa4096"), PASS, NULL, "rsa4096" },
	{ "ed25519", ED(""), PASS, NULL, "ed25519" },
	{ "ed25519, changed field", ED(""), FAIL, "match", "ed25519",
	    .sent_header = "From: Alice <alice@example.com>\r\n"
	    "To: bob@example.org\r\nSubject: lunch\r\n" },
	{ "simple/simple", CANON("simple/simple"), PASS, NULL },
	{ "simple/relaxed", CANON("simple/relaxed"), PASS, NULL },
	{ "relaxed/simple", CANON("relaxed/simple"), PASS, NULL },
	{ "c=relaxed means a simple body", CANON("relaxed"), PASS, NULL },
	{ "no c= means simple", " v=1; a=rsa-sha256; d=example.com;"
	    " s=rsa2048;" FROM_TO END, PASS, NULL },
	{ "another key", USUAL, FAIL, "match", "rsa1024" },
	{ "a changed body", USUAL, FAIL, "body", .sent_body = "other\r\n" },
	{ "blanks changed, relaxed", USUAL, PASS, NULL,
	    .sent_header = "from :Alice\r\n\t <alice@example.com> \r\n"
	    "TO:  bob@example.org\r\nSubject: dinner\t\r\n",
	    .sent_body = "Are\tyou hungry?\r\n\r\nJoe.\t\r\n" },
	{ "blanks changed, simple body", CANON("relaxed/simple"), FAIL,
	    "body", .sent_body = "Are you hungry? \r\n\r\nJoe.\r\n" },
	{ "blanks changed, simple header", CANON("simple/relaxed"), FAIL,
	    "match", .sent_header = "From:  Alice <alice@example.com>\r\n"
	    "To: bob@example.org\r\nSubject: dinner\r\n" },
	{ "folded fields, relaxed", USUAL, PASS, NULL,
	    .header = "From: Alice\r\n <alice@example.com>\r\nTo: b@c.d,\r\n"
	    "\te@f.g\r\nSubject:\r\n dinner\r\n" },
	{ "folded fields, simple", CANON("simple/simple"), PASS, NULL,
	    .header = "From: Alice\r\n <alice@example.com>\r\nTo: b@c.d,\r\n"
	    "\te@f.g\r\nSubject:\r\n dinner\r\n" },
	{ "a blank before the colon, relaxed", USUAL, PASS, NULL,
	    .header = "From : a@example.com\r\nTo\t: b@c.d\r\n"
	    "Subject: x\r\n" },
	{ "a blank before the colon, simple", CANON("simple/simple"), PASS,
	    NULL, .header = "From : a@example.com\r\nTo\t: b@c.d\r\n"
	    "Subject: x\r\n" },
	{ "an empty body, simple", CANON("simple/simple"), PASS, NULL,
	    .body = "" },
	{ "an empty body, relaxed", USUAL, PASS, NULL, .body = "" },
	{ "a body of CRLFs, relaxed", USUAL, PASS, NULL,
	    .body = "\r\n\r\n\r\n" },
	{ "a body of CRLFs, simple", CANON("simple/simple"), PASS, NULL,
	    .body = "\r\n\r\n\r\n", .sent_body = "\r\n" },
	{ "an 8-bit body", USUAL, PASS, NULL, .body = "\xff\x80\xc3\r\n" },
	{ "empty lines behind the body", USUAL, PASS, NULL,
	    .sent_body = BODY "\r\n\r\n" },
	{ "a line behind the body", USUAL, FAIL, "body",
	    .sent_body = BODY "more\r\n" },
	{ "other fields come and go", USUAL, PASS, NULL,
	    .sent_header = "Received: by x\r\nX-A: b\r\n" HEADER
	    "X-B: c\r\n" },
	{ "a signed field is gone", USUAL, FAIL, "match", .sent_header =
	    "From: Alice <alice@example.com>\r\nTo: bob@example.org\r\n" },
	{ "a field that is not there is signed, and not there", START
	    " s=rsa2048; h=From:To:Subject:Cc;" END, PASS, NULL },
	{ "a field that is not there is signed, and added", START
	    " s=rsa2048; h=From:To:Subject:Cc;" END, FAIL, "match",
	    .sent_header = HEADER "Cc: e@f.g\r\n" },
	{ "two Subjects, the lower is signed", USUAL, PASS, NULL,
	    .header = "From: a@b.c\r\nTo: d@e.f\r\nSubject: up\r\n"
	    "Subject: low\r\n" },
	{ "two Subjects, both signed", START
	    " s=rsa2048; h=From:Subject:Subject;" END, PASS, NULL,
	    .header = "From: a@b.c\r\nSubject: up\r\nSubject: low\r\n" },
	{ "two Subjects, swapped", START
	    " s=rsa2048; h=From:Subject:Subject;" END, FAIL, "match",
	    .header = "From: a@b.c\r\nSubject: up\r\nSubject: low\r\n",
	    .sent_header = "From: a@b.c\r\nSubject: low\r\nSubject: up\r\n" },
	{ "names in h= in another case", START
	    " s=rsa2048; h=FROM : to :\r\n\tsUBJECT;" END, PASS, NULL },
	{ "h= with an empty item", START " s=rsa2048; h=from:subj::to;" END,
	    PERM, "h=" },
	{ "From is not signed", START " s=rsa2048; h=To:Subject;" END, PERM,
	    "From" },
	{ "an oversigned From, another added", START
	    " s=rsa2048; h=From:From:To;" END, FAIL, "match",
	    .sent_header = "From: Mallory <m@m.m>\r\n" HEADER },
	{ "an unsigned From on top", USUAL, POLICY, "From",
	    .sent_header = "From: Mallory <m@m.m>\r\n" HEADER },
	{ "an unsigned From of another spelling on top", USUAL, POLICY,
	    "From", .sent_header = "fROM : Mallory <m@m.m>\r\n" HEADER },
	{ "an unsigned From below", USUAL, FAIL, "match",
	    .sent_header = HEADER "From: Mallory <m@m.m>\r\n" },
	{ "two From fields, both signed", START
	    " s=rsa2048; h=From:From:To;" END, PASS, NULL,
	    .header = "From: a@b.c\r\nFrom: d@e.f\r\nTo: g@h.i\r\n" },
	{ "l= of the whole body", WITH("l=25"), PASS, NULL },
	{ "l= of a part", WITH("l=10"), POLICY, "l=" },
	{ "l= of nothing", WITH("l=0"), POLICY, "l=" },
	{ "l= of nothing, no body", WITH("l=0"), PASS, NULL, .body = "" },
	{ "l= of an empty simple body", " v=1; a=rsa-sha256; d=example.com;"
	    " s=rsa2048; l=2;" FROM_TO END, PASS, NULL, .body = "" },
	{ "l= of more than the body", WITH("l=26"), PERM, "l=" },
	{ "l= and a text behind it", WITH("l=25"), POLICY, "l=",
	    .sent_body = "Are you  hungry? \r\n\r\nJoe.\r\nmore\r\n" },
	{ "l= and a change inside", WITH("l=10"), FAIL, "body",
	    .sent_body = "Were you hungry?\r\n" },
	{ "t=y in the key", USING("testing"), PASS, NULL },
	{ "t=s and no i=", USING("strict"), PASS, NULL },
	{ "t=s and i= of the domain", START " s=strict; i=x@example.com;"
	    FROM_TO END, PASS, NULL },
	{ "i= of a subdomain", WITH("i=x@a.example.com"), PASS, NULL },
	{ "i= outside of d=", WITH("i=x@example.org"), PERM, "i=" },
	{ "i= that ends like d=", WITH("i=x@badexample.com"), PERM, "i=" },
	{ "i= quoted-printable", WITH("i=a=3Bb=40@example.com"), PASS, NULL },
	{ "i= with an equals sign of its own", WITH("i=a=b@example.com"),
	    PASS, NULL },
	{ "i= with an equals sign at the end", WITH("i=@example.com="), PERM,
	    "i=" },
	{ "s=email", USING("email"), PASS, NULL },
	{ "s=tlsrpt", USING("tlsrpt"), PERM, "mail" },
	{ "h=sha1:sha256 in the key", USING("hboth"), PASS, NULL },
	{ "h=sha1 in the key", USING("hsha1"), PERM, "hash" },
	{ "h= unknown in the key", USING("hodd"), PERM, "hash" },
	{ "a revoked key", USING("revoked"), PERM, "revoked" },
	{ "a key of junk", USING("junk"), PERM, "decoded" },
	{ "a key record without p=", USING("nop"), PERM, "p=" },
	{ "v=DKIM2 in the key", USING("dkim2"), PERM, "DKIM1" },
	{ "a NUL in the key record", USING("withnul"), PERM, "tag list" },
	{ "a key record of p= alone", USING("bare"), PASS, NULL },
	{ "two keys of one name, one", USING("twokeys"), PASS, NULL },
	{ "two keys of one name, the other", USING("twokeys"), PASS, NULL,
	    "rsa1024" },
	{ "two keys of one name, neither", USING("twokeys"), FAIL, "match",
	    "rsa4096" },
	{ "two types of key, RSA", USING("twotypes"), PASS, NULL },
	{ "two types of key, Ed25519", " v=1; a=ed25519-sha256;"
	    " d=example.com; s=twotypes;" FROM_TO END, PASS, NULL, "ed25519" },
	{ "two types of key, another RSA key", USING("twotypes"), FAIL,
	    "match", "rsa1024" },
	{ "a revoked record beside it", USING("revokedtoo"), PASS, NULL },
	{ "bad records beside it", USING("badtoo"), PASS, NULL },
	{ "a t=s record beside it", START " s=stricttoo; i=@a.example.com;"
	    FROM_TO END, PASS, NULL },
	{ "several keys, none of which verifies", USING("noneofthem"), FAIL,
	    "match" },
	{ "several records, all revoked", USING("bothrevoked"), PERM,
	    "revoked" },
	{ "the last of as many keys as are tried", USING("eight"), PASS,
	    NULL },
	{ "behind as many keys as are tried", USING("nine"), FAIL, "match" },
	{ "a key and a wildcard's SPF", USING("keyandspf"), PASS, NULL },
	{ "a wildcard's SPF alone", USING("wildspf"), PERM, "no key" },
	{ "NXDOMAIN", USING("nowhere"), PERM, "no key" },
	{ "NODATA", USING("exists"), PERM, "no key" },
	{ "SERVFAIL", USING("servfail"), TEMP, "DNS" },
	{ "SERVFAIL, but the body has changed", USING("servfail"), FAIL,
	    "body", .sent_body = "other\r\n" },
	{ "v=2", " v=2; a=rsa-sha256; d=example.com; s=rsa2048;" FROM_TO END,
	    PERM, "v=" },
	{ "no v=", " a=rsa-sha256; d=example.com; s=rsa2048;" FROM_TO END,
	    PERM, "v=" },
	{ "x= not after t=", WITH("t=5; x=5"), PERM, "x=" },
	{ "t= an hour ahead", WITH("t=1700003600"), PERM, "future" },
	{ "d= of one label", " v=1; a=rsa-sha256; d=com; s=s;" FROM_TO END,
	    PASS, NULL },
	{ "folds around b= and bh=", START " s=rsa2048;" FROM_TO
	    " bh=\r\n %BH% ; b=%B%\r\n ", PASS, NULL },
	{ "unknown tags", WITH("foo=bar; X_1=y z"), PASS, NULL },
	{ "z=", WITH("z=From:a@b=20c|\r\n To:d"), PASS, NULL },
	{ "a final semicolon", START " s=rsa2048;" FROM_TO END ";", PASS,
	    NULL },
};

static void
all_others(void **state)
{
	(void)state;
	run(the_rest, NELEM(the_rest));
}

/* --- test keys ------------------------------------------------------------ */

static const struct {
	const char	*name, *template, *key;
	bool		 changed;	/* a signed field */
	bool		 testing;
	enum result	 pass, ignore;	/* by `test-keys' */
} tests_of_keys[] = {
	{ "t=y", USING("testing"), "rsa2048", false, true, PASS, POLICY },
	{ "t=y, a changed field", USING("testing"), "rsa2048", true, true,
	    FAIL, FAIL },
	{ "no t=y", USUAL, "rsa2048", false, false, PASS, PASS },
	{ "the same key without t=y beside it", USING("testtoo"), "rsa2048",
	    false, false, PASS, PASS },
	{ "another key with t=y beside it", USING("testother"), "rsa2048",
	    false, false, PASS, PASS },
	{ "neither of a key with t=y and one without", USING("testother"),
	    "rsa4096", false, false, FAIL, FAIL },
	{ "the same in the other order", USING("testlast"), "rsa4096", false,
	    false, FAIL, FAIL },
	{ "that other key", USING("testother"), "rsa1024", false, true, PASS,
	    POLICY },
};

static enum result
test_key_result(struct arena *a, size_t i, enum test_keys setting,
    bool *testing)
{
	struct dkim_verify_limits limits = dkim_default_limits;
	struct dkim_lib		*l;
	struct dkim_facts	 f;
	const char		*header = HEADER;

	limits.test_keys = setting;
	l = dkim_lib_new(&limits);
	if (tests_of_keys[i].changed)
		header = "From: Alice <alice@example.com>\r\n"
		    "To: bob@example.org\r\nSubject: lunch\r\n";
	message_verify(l, resolver, a, arena_printf(a,
	    "DKIM-Signature:%s\r\n%s", maker_sign(a,
	    tests_of_keys[i].template, maker_key(tests_of_keys[i].key),
	    HEADER, BODY, strlen(BODY)), header), BODY, strlen(BODY),
	    &deliveries[0], &f);
	dkim_lib_free(&l);
	*testing = f.sig[0].testing;
	return f.sig[0].result;
}

static void
test_keys_are_told(void **state)
{
	struct arena	*a = arena_new(65536);
	enum result	 pass, ignore;
	bool		 one, other;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(tests_of_keys); i++) {
		pass = test_key_result(a, i, TEST_KEYS_PASS, &one);
		ignore = test_key_result(a, i, TEST_KEYS_IGNORE, &other);
		if (pass != tests_of_keys[i].pass ||
		    ignore != tests_of_keys[i].ignore)
			row_fail(tests_of_keys[i].name, "%s, ignore: %s",
			    result_name(pass), result_name(ignore));
		if (one != tests_of_keys[i].testing || other != one)
			row_fail(tests_of_keys[i].name, "testing is %d", one);
		arena_reset(a);
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_accepts),
		cmocka_unit_test(wrong_rejects),
		cmocka_unit_test(all_others),
		cmocka_unit_test(test_keys_are_told),
	};

	return cmocka_run_group_tests(tests, set_up, site_close);
}
