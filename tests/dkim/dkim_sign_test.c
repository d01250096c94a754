/*
 * dkim_sign: every field is parsed here, the data to hash is built again from
 * the message and the h= of the field as RFC 6376 3.7 says, and OpenSSL
 * verifies the signature.
 */
#include "test.h"

#include <ctype.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/buf.h"
#include "mail/canon_reference.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keyring.h"

#define NOW	1790000000

struct field {
	const char *name, *value;
};

struct message {
	const struct field	*field;
	size_t			 n;
	const char		*body;
	size_t			 len;
};

static struct signing_key	 rsa_key = { .domain = "example.org",
	.selector = "2026a", .algorithm = "rsa-sha256" };
static struct signing_key	 ed_key = { .domain = "example.org",
	.selector = "2026e", .algorithm = "ed25519-sha256" };
static const struct signing_key	*const both[] = { &rsa_key, &ed_key };

static int
make_keys(void **state)
{
	const char *why;

	(void)state;
	rsa_key.pkey = crypto_key_generate(CRYPTO_RSA, 2048, &why);
	ed_key.pkey = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	return rsa_key.pkey == NULL || ed_key.pkey == NULL;
}

static int
drop_keys(void **state)
{
	(void)state;
	crypto_key_free(&rsa_key.pkey);
	crypto_key_free(&ed_key.pkey);
	return 0;
}

/* --- the independent verifier ------------------------------------------ */

/* The value of a tag, its white space removed; "" when there is none. */
static const char *
tag(struct arena *a, const char *field, const char *name)
{
	char		*out = arena_memdup(a, field, strlen(field)), *to;
	const char	*p = field;
	size_t		 len = strlen(name);

	for (;;) {
		p += strspn(p, " \t\n");
		if (strncmp(p, name, len) == 0 && p[len] == '=')
			break;
		p = strchr(p, ';');
		if (p == NULL)
			return "";
		p++;
	}
	for (p += len + 1, to = out; *p != '\0' && *p != ';'; p++)
		if (strchr(" \t\n", *p) == NULL)
			*to++ = *p;
	*to = '\0';
	return out;
}

/* A field in the simple form: LF is CRLF on the wire. */
static void
wire_field(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s:", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			buf_addch(out, '\r');
		buf_addch(out, *value);
	}
	buf_addstr(out, "\r\n");
}

/* RFC 6376 3.4.2, on the whole field, rule by rule. */
static void
relax_field(struct buf *out, const char *name, const char *value)
{
	struct buf	 wire = BUF_INIT, flat = BUF_INIT;
	size_t		 i;

	wire_field(&wire, "", value);
	for (i = 0; i < wire.len; i++)
		if (wire.data[i] != '\n' &&
		    !(wire.data[i] == '\r' && wire.data[i + 1] == '\n'))
			buf_addch(&flat, wire.data[i] == '\t' ? ' ' :
			    wire.data[i]);
	for (; *name != '\0' && *name != ' '; name++)
		buf_addch(out, (char)tolower((unsigned char)*name));
	buf_addch(out, ':');
	while (flat.len > 1 && flat.data[flat.len - 1] == ' ')
		flat.len--;
	for (i = 1; i < flat.len && flat.data[i] == ' '; i++)
		;
	for (; i < flat.len; i++)
		if (flat.data[i] != ' ' || flat.data[i - 1] != ' ')
			buf_addch(out, flat.data[i]);
	buf_addstr(out, "\r\n");
	buf_free(&wire);
	buf_free(&flat);
}

static void
canonical_field(struct buf *out, bool relaxed, const char *name,
    const char *value)
{
	if (relaxed)
		relax_field(out, name, value);
	else
		wire_field(out, name, value);
}

/* h= from the left, each name from the bottom up (RFC 6376 5.4.2). */
static void
selected_fields(struct buf *out, struct arena *a, const struct message *m,
    bool relaxed, const char *names)
{
	bool	*used = arena_array(a, m->n + 1, sizeof(*used));
	char	*list = arena_strdup(a, names), *name, *save = NULL;
	size_t	 i;

	for (name = strtok_r(list, ":", &save); name != NULL;
	    name = strtok_r(NULL, ":", &save)) {
		for (i = m->n; i > 0; i--)
			if (!used[i - 1] && strncasecmp(m->field[i - 1].name,
			    name, strlen(name)) == 0 && strchr(" ",
			    m->field[i - 1].name[strlen(name)]) != NULL)
				break;
		if (i == 0)
			continue;
		used[i - 1] = true;
		canonical_field(out, relaxed, m->field[i - 1].name,
		    m->field[i - 1].value);
	}
}

/* The field with the value of b= taken out. */
static const char *
without_b(struct arena *a, const char *field)
{
	const char *b = strstr(field, "\tb=");

	assert_non_null(b);
	assert_null(strchr(b, ';'));
	return arena_memdup(a, field, (size_t)(b + 3 - field));
}

static bool
signature_verifies(const struct signing_key *key, const struct buf *data,
    const char *b)
{
	unsigned char	 sig[1024], digest[32], der[1024];
	struct buf	 public = BUF_INIT;
	EVP_MD_CTX	*md = EVP_MD_CTX_new();
	EVP_PKEY	*pkey;
	const unsigned char *p = der;
	bool		 rsa = strcmp(key->algorithm, "rsa-sha256") == 0;
	size_t		 siglen = rsa ? 256 : 64;
	int		 ok, len;

	EVP_DecodeBlock(sig, (const unsigned char *)b, (int)strlen(b));
	assert_true(crypto_key_public(key->pkey, &public));
	len = EVP_DecodeBlock(der, (unsigned char *)public.data,
	    (int)public.len);
	pkey = rsa ? d2i_PUBKEY(NULL, &p, len) :
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, der, 32);
	assert_non_null(pkey);
	EVP_Digest(data->data, data->len, digest, NULL, EVP_sha256(), NULL);
	ok = EVP_DigestVerifyInit(md, NULL, rsa ? EVP_sha256() : NULL, NULL,
	    pkey);
	assert_int_equal(ok, 1);
	ok = EVP_DigestVerify(md, sig, siglen,
	    rsa ? (unsigned char *)data->data : digest,
	    rsa ? data->len : sizeof(digest));
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(pkey);
	buf_free(&public);
	return ok == 1;
}

static bool
body_verifies(struct arena *a, const struct message *m, const char *field)
{
	unsigned char	 digest[32];
	struct buf	 body = BUF_INIT, bh = BUF_INIT;
	bool		 relaxed, same;

	relaxed = strstr(tag(a, field, "c"), "/relaxed") != NULL;
	reference_body(&body, relaxed ? CANON_RELAXED : CANON_SIMPLE, m->body,
	    m->len);
	EVP_Digest(buf_str(&body), body.len, digest, NULL, EVP_sha256(), NULL);
	crypto_base64(&bh, digest, sizeof(digest));
	same = strcmp(buf_str(&bh), tag(a, field, "bh")) == 0;
	buf_free(&body);
	buf_free(&bh);
	return same;
}

static bool
field_verifies(struct arena *a, const struct message *m,
    const struct signing_key *key, const char *field)
{
	struct buf	data = BUF_INIT;
	bool		relaxed, ok;

	relaxed = strncmp(tag(a, field, "c"), "relaxed/", 8) == 0;
	selected_fields(&data, a, m, relaxed, tag(a, field, "h"));
	canonical_field(&data, relaxed, "DKIM-Signature", without_b(a, field));
	data.len -= 2;
	ok = signature_verifies(key, &data, tag(a, field, "b"));
	buf_free(&data);
	return ok && body_verifies(a, m, field);
}

/* --- signing ----------------------------------------------------------- */

static const char *const *
sign(struct arena *a, const struct sign_rules *rules,
    const struct signing_key *const *keys, size_t nkeys,
    const struct message *m)
{
	struct dkim_signer	*s;
	const char *const	*values;
	const char		*why = NULL;
	size_t			 i, take;

	s = dkim_signer_new(rules, keys, nkeys, a, NOW);
	for (i = 0; i < m->n; i++)
		dkim_signer_header(s, m->field[i].name, m->field[i].value);
	for (i = 0; i < m->len; i += take) {
		take = 1 + (size_t)random() % 20;
		if (take > m->len - i)
			take = m->len - i;
		dkim_signer_body(s, m->body + i, take);
	}
	values = dkim_signer_finish(s, &why);
	if (values == NULL)
		fail_msg("%s", why);
	dkim_signer_free(&s);
	assert_null(s);
	return values;
}

static void
lines_are_short_and_folded(const char *field)
{
	const char	*p, *end;
	size_t		 columns = sizeof("DKIM-Signature:") - 1;

	assert_int_equal(field[0], ' ');
	for (p = field; ; p = end + 2, columns = 8) {
		end = strchr(p, '\n');
		columns += end != NULL ? (size_t)(end - p) : strlen(p);
		assert_true(columns <= 76);
		if (end == NULL)
			break;
		assert_int_equal(end[1], '\t');
		assert_int_not_equal(end[2], '\0');
		assert_null(strchr(" \t\n", end[2]));
		assert_null(strchr(" \t", end[-1]));
	}
	assert_null(strchr(field, '\r'));
}

static const struct field plain_fields[] = {
	{ "Received", " from a by b;\n\tMon, 1 Jan 2026 00:00:00 +0000" },
	{ "From", " Alice <alice@example.org>" },
	{ "To", " bob@example.net,\n\tcarol@example.net" },
	{ "Subject", " A  subject \t with\n  folds and blanks  " },
	{ "Date", " Mon, 1 Jan 2026 00:00:00 +0000" },
	{ "Message-Id", " <1@example.org>" },
	{ "X-Mailer", " none" },
};

static const struct field awkward_fields[] = {
	{ "From ", "alice@example.org" },
	{ "Received", " from nowhere" },
	{ "Comments", " unsigned" },
	{ "To", " third@example.net" },
	{ "to", " second@example.net" },
	{ "TO", " first@example.net" },
	{ "Cc", "" },
	{ "Reply-To", " \n\t " },
	{ "Subject", " J\xc3\xbcrgen \xff\xfe" },
	{ "References", "\n <a@b>\n <c@d>\n\t<e@f>" },
	{ "Sender", " alice@example.org" },
	{ "List-Id", " <x.example.org>" },
	{ "List-Weird", " unsigned" },
	{ "DKIM-Signature", " v=1; a=rsa-sha256; b=" },
	{ "Resent-From", " alice@example.org" },
	{ "Content-Type", " text/plain;\n\tcharset=\"utf-8\"" },
};

#define L(s)	(s), sizeof(s) - 1

static const struct {
	const char	*name;
	struct message	 m;
} messages[] = {
	{ "plain", { plain_fields, NELEM(plain_fields),
	    L("Hello,  world \r\n\r\n\tbye\r\n\r\n\r\n") } },
	{ "awkward", { awkward_fields, NELEM(awkward_fields),
	    L(" \t x \r\n.\r\n\r\ny\tz") } },
	{ "empty body", { plain_fields, NELEM(plain_fields), L("") } },
	{ "only CRLFs", { plain_fields, NELEM(plain_fields),
	    L("\r\n\r\n") } },
	{ "no final CRLF", { plain_fields, NELEM(plain_fields), L("x") } },
	{ "CR, LF, NUL", { plain_fields, NELEM(plain_fields),
	    L("a \rb \nc\0 \0\r\n\r\r\n") } },
};

static void
every_signature_verifies(void **state)
{
	struct sign_rules	 rules = sign_default_rules;
	struct arena		*a = arena_new(65536);
	const char *const	*values;
	size_t			 i, k;
	int			 c;

	(void)state;
	for (i = 0; i < NELEM(messages) * 4; i++) {
		c = (int)(i % 4);
		rules.header_canon = c & 1 ? CANON_SIMPLE : CANON_RELAXED;
		rules.body_canon = c & 2 ? CANON_SIMPLE : CANON_RELAXED;
		values = sign(a, &rules, both, 2, &messages[i / 4].m);
		for (k = 0; k < 2; k++) {
			lines_are_short_and_folded(values[k]);
			if (!field_verifies(a, &messages[i / 4].m, both[k],
			    values[k]))
				row_fail(messages[i / 4].name, "%s", values[k]);
		}
		arena_reset(a);
	}
	arena_free(&a);
}

/* Shows that the verifier above detects changes. */
static void
a_changed_message_does_not(void **state)
{
	struct arena		*a = arena_new(65536);
	struct field		 changed[NELEM(plain_fields)];
	struct message		 m = messages[0].m;
	const char *const	*values;

	(void)state;
	values = sign(a, &sign_default_rules, both, 2, &m);
	memcpy(changed, plain_fields, sizeof(changed));
	changed[1].value = " Mallory <alice@example.org>";
	m.field = changed;
	assert_false(field_verifies(a, &m, &rsa_key, values[0]));
	assert_false(field_verifies(a, &m, &ed_key, values[1]));
	m = messages[0].m;
	m.body = "Hello,  World \r\n\r\n\tbye\r\n\r\n\r\n";
	assert_false(field_verifies(a, &m, &rsa_key, values[0]));
	arena_free(&a);
}

/* --- tags -------------------------------------------------------------- */

static void
tags_say_what_was_asked_for(void **state)
{
	struct sign_rules	 rules = sign_default_rules;
	struct arena		*a = arena_new(65536);
	struct signing_key	 key = rsa_key;
	const struct signing_key *keys[] = { &key };
	const char		*v;

	(void)state;
	v = sign(a, &rules, both, 2, &messages[0].m)[0];
	assert_string_equal(tag(a, v, "v"), "1");
	assert_string_equal(tag(a, v, "a"), "rsa-sha256");
	assert_string_equal(tag(a, v, "c"), "relaxed/relaxed");
	assert_string_equal(tag(a, v, "d"), "example.org");
	assert_string_equal(tag(a, v, "s"), "2026a");
	assert_string_equal(tag(a, v, "t"), "1790000000");
	assert_string_equal(tag(a, v, "x"), "");
	assert_string_equal(tag(a, v, "i"), "");
	assert_string_equal(tag(a, v, "l"), "");
	assert_string_equal(tag(a, sign(a, &rules, both, 2,
	    &messages[0].m)[1], "a"), "ed25519-sha256");

	rules.ttl = 86400;
	rules.timestamp = false;
	v = sign(a, &rules, keys, 1, &messages[0].m)[0];
	assert_string_equal(tag(a, v, "t"), "");
	assert_string_equal(tag(a, v, "x"), "1790086400");
	assert_true(field_verifies(a, &messages[0].m, &key, v));
	rules.timestamp = true;
	rules.identity = true;
	rules.header_canon = CANON_SIMPLE;
	v = sign(a, &rules, keys, 1, &messages[0].m)[0];
	assert_string_equal(tag(a, v, "x"), "1790086400");
	assert_string_equal(tag(a, v, "i"), "@example.org");
	assert_string_equal(tag(a, v, "c"), "simple/relaxed");
	key.identity = "alice@sub.example.org";
	v = sign(a, &rules, keys, 1, &messages[0].m)[0];
	assert_string_equal(tag(a, v, "i"), "alice@sub.example.org");
	assert_true(field_verifies(a, &messages[0].m, &key, v));
	arena_free(&a);
}

/* The h= of the signature, which verifies. */
static void
expect_h(const struct sign_rules *rules, const struct message *m,
    const char *want)
{
	struct arena	*a = arena_new(65536);
	const char	*v = sign(a, rules, both, 1, m)[0];

	assert_string_equal(tag(a, v, "h"), want);
	assert_true(field_verifies(a, m, &rsa_key, v));
	arena_free(&a);
}

static void
h_names_what_is_signed(void **state)
{
	(void)state;
	expect_h(&sign_default_rules, &messages[0].m,
	    "From:From:To:To:Cc:Subject:"
	    "Subject:Date:Date:Reply-To:Message-ID:Message-ID:MIME-Version:"
	    "Content-Type:Content-Transfer-Encoding");
	expect_h(&sign_default_rules, &messages[1].m,
	    "From:From:To:To:To:To:Cc:Cc:"
	    "Subject:Subject:Date:Reply-To:Reply-To:Message-ID:MIME-Version:"
	    "Content-Type:Content-Type:Content-Transfer-Encoding:"
	    "List-Id:List-Id:List-Unsubscribe:List-Unsubscribe-Post:List-Help:"
	    "List-Subscribe:List-Post:List-Owner:List-Archive:Sender:Sender:"
	    "References:Resent-From");
}

static void
oversign_is_a_setting(void **state)
{
	static const char *const few[] = { "Subject", "X-Mailer", "x-mailer",
		"Sender", NULL };
	static const char *const none[] = { NULL };
	struct sign_rules	 rules = sign_default_rules;

	(void)state;
	rules.oversign = few;
	expect_h(&rules, &messages[0].m, "From:To:Subject:Subject:Date:"
	    "Message-ID:X-Mailer:X-Mailer");
	rules.oversign = none;
	expect_h(&rules, &messages[0].m, "From:To:Subject:Date:Message-ID");
	rules.oversign = NULL;
	expect_h(&rules, &messages[0].m, "From:To:Subject:Date:Message-ID");
}

static void
fields_can_be_chosen(void **state)
{
	static const char *const few[] = { "Subject", "x-mailer", "SUBJECT",
		"List-Id", NULL };
	static const char *const skipped[] = { "to", "List-Id", "Reply-To",
		NULL };
	struct sign_rules	 rules = sign_default_rules;

	(void)state;
	rules.fields = few;
	expect_h(&rules, &messages[0].m, "From:From:Subject:Subject:"
	    "x-mailer");
	rules.skip = skipped;
	expect_h(&rules, &messages[1].m, "From:From:Subject:Subject");
	rules.fields = NULL;
	expect_h(&rules, &messages[0].m, "From:From:Cc:Subject:Subject:"
	    "Date:Date:Message-ID:Message-ID:MIME-Version:Content-Type:"
	    "Content-Transfer-Encoding");
}

/* Sendmail adds Date and Message-ID behind us. */
static void
what_comes_later_is_not_signed_as_missing(void **state)
{
	static const char *const later[] = { "Message-ID", "Cc", "X-Odd",
		NULL };
	struct arena		*a = arena_new(65536);
	struct dkim_signer	*s;
	const char *const	*values;
	const char		*why;

	(void)state;
	s = dkim_signer_new(&sign_default_rules, both, 1, a, NOW);
	dkim_signer_added_later(s, later);
	dkim_signer_header(s, "From", " alice@example.org");
	dkim_signer_header(s, "cc", " bob@example.net");
	values = dkim_signer_finish(s, &why);
	assert_non_null(values);
	assert_string_equal(tag(a, values[0], "h"), "From:From:To:Cc:Cc:"
	    "Subject:Date:Reply-To:MIME-Version:Content-Type:"
	    "Content-Transfer-Encoding");
	dkim_signer_free(&s);
	arena_free(&a);
}

static void
no_author_no_signature(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_signer	*s;
	const char		*why = NULL;

	(void)state;
	s = dkim_signer_new(&sign_default_rules, both, 2, a, NOW);
	dkim_signer_header(s, "To", " bob@example.net");
	assert_null(dkim_signer_finish(s, &why));
	assert_non_null(strstr(why, "From"));
	dkim_signer_free(&s);
	arena_free(&a);
}

/* --- random messages --------------------------------------------------- */

static const char *
random_text(struct arena *a, const char *alphabet, size_t most)
{
	size_t	 letters = strlen(alphabet), len = (size_t)random() % most;
	char	*s = arena_alloc(a, len + 1);
	size_t	 i;

	for (i = 0; i < len; i++)
		s[i] = alphabet[(size_t)random() % letters];
	return s;
}

static void
random_message(struct arena *a, struct message *m)
{
	static const char *const names[] = { "From", "from ", "To", "Cc",
		"Subject", "X-Other", "Received", "References", "List-Id",
		"Sender", "Resent-To", "Content-Type" };
	struct field	*f;
	size_t		 i;

	m->n = 1 + (size_t)random() % 12;
	f = arena_array(a, m->n, sizeof(*f));
	for (i = 0; i < m->n; i++) {
		f[i].name = i == 0 ? "From" :
		    names[(size_t)random() % NELEM(names)];
		f[i].value = random_text(a, " \tab\xc3\xa4:;=\n", 100);
	}
	m->field = f;
	m->body = random_text(a, "\r\n \t\r\nabc\x80", 400);
	m->len = strlen(m->body);
}

static void
random_messages_verify(void **state)
{
	struct sign_rules	 rules = sign_default_rules;
	struct arena		*a = arena_new(65536);
	struct message		 m;
	const char *const	*values;
	int			 i;

	(void)state;
	srandom(6376);
	for (i = 0; i < 400; i++) {
		rules.header_canon = i & 1 ? CANON_SIMPLE : CANON_RELAXED;
		rules.body_canon = i & 2 ? CANON_SIMPLE : CANON_RELAXED;
		random_message(a, &m);
		values = sign(a, &rules, both + 1, 1, &m);
		if (!field_verifies(a, &m, &ed_key, values[0]))
			fail_msg("message %d: %s", i, values[0]);
		arena_reset(a);
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_signature_verifies),
		cmocka_unit_test(a_changed_message_does_not),
		cmocka_unit_test(tags_say_what_was_asked_for),
		cmocka_unit_test(h_names_what_is_signed),
		cmocka_unit_test(oversign_is_a_setting),
		cmocka_unit_test(fields_can_be_chosen),
		cmocka_unit_test(what_comes_later_is_not_signed_as_missing),
		cmocka_unit_test(no_author_no_signature),
		cmocka_unit_test(random_messages_verify),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
