/*
 * dkim_sign: plain libopendkim and our own verifier accept our signatures in
 * all four canonicalizations, and refuse them after a change.
 *
 * libopendkim does not follow the RFC for a bare CR or LF and a missing final
 * CRLF, so it gets only messages with CRLF. Our verifier gets all.
 */
#include "test.h"

#include <opendkim/dkim.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim_feed.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/dkim_verify.h"
#include "dkim/keyring.h"
#include "dns/resolver.h"

#define NOW	1790000000

static struct signing_key keys[] = {
	{ .domain = "example.org", .selector = "r",
	    .algorithm = "rsa-sha256" },
	{ .domain = "example.org", .selector = "e",
	    .algorithm = "ed25519-sha256" },
};
static const struct signing_key *const both[] = { &keys[0], &keys[1] };

static struct buf	 records[2];
static DKIM_LIB		*opendkim;
static struct dkim_lib	*lib;
static struct resolver	*resolver;

struct message {
	size_t		 n;
	const char	*name[16], *value[16];
	const char	*body;
	size_t		 len;
};

static int
set_up(void **state)
{
	struct buf	 zone = BUF_INIT;
	char		*whyzone;
	const char	*why;
	int		 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		keys[i].pkey = crypto_key_generate(i == 0 ? CRYPTO_RSA :
		    CRYPTO_ED25519, 2048, &why);
		buf_printf(&records[i], "v=DKIM1; k=%s; p=",
		    i == 0 ? "rsa" : "ed25519");
		crypto_key_public(keys[i].pkey, &records[i]);
		buf_printf(&zone, "%s._domainkey.example.org TXT \"%.200s\""
		    " \"%s\"\n", keys[i].selector, records[i].data,
		    records[i].len > 200 ? records[i].data + 200 : "");
	}
	resolver = resolver_zone_new(buf_str(&zone), &whyzone);
	buf_free(&zone);
	lib = dkim_lib_new(&dkim_default_limits);
	opendkim = dkim_init(NULL, NULL);
	return resolver == NULL || lib == NULL || opendkim == NULL;
}

static int
tear_down(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		crypto_key_free(&keys[i].pkey);
		buf_free(&records[i]);
	}
	dkim_lib_free(&lib);
	resolver_free(&resolver);
	dkim_close(opendkim);
	return 0;
}

/* --- the verifiers ----------------------------------------------------- */

static DKIM_CBSTAT
give_record(DKIM *dkim, DKIM_SIGINFO *sig, u_char *buf, size_t size)
{
	(void)dkim;
	snprintf((char *)buf, size, "%s",
	    records[dkim_sig_getselector(sig)[0] == 'e'].data);
	return DKIM_CBSTAT_CONTINUE;
}

static void
opendkim_field(DKIM *dkim, const char *name, const char *value)
{
	struct buf	b = BUF_INIT;
	DKIM_STAT	st;

	canon_header(&b, CANON_SIMPLE, name, value);
	st = dkim_header(dkim, (u_char *)b.data, b.len - 2);
	assert_int_equal(st, DKIM_STAT_OK);
	buf_free(&b);
}

/* Signatures that pass. */
static int
opendkim_passes(const struct message *m, const char *const *values)
{
	DKIM_SIGINFO	**sigs;
	DKIM_STAT	  st;
	DKIM		 *dkim;
	int		  i, n, good = 0;

	dkim_set_key_lookup(opendkim, give_record);
	dkim = dkim_verify(opendkim, (const u_char *)"t", NULL, &st);
	for (i = 0; i < 2; i++)
		opendkim_field(dkim, "DKIM-Signature", values[i]);
	for (i = 0; i < (int)m->n; i++)
		opendkim_field(dkim, m->name[i], m->value[i]);
	assert_int_equal(dkim_eoh(dkim), DKIM_STAT_OK);
	if (m->len > 0)
		dkim_body(dkim, (u_char *)(uintptr_t)m->body, m->len);
	dkim_eom(dkim, NULL);
	assert_int_equal(dkim_getsiglist(dkim, &sigs, &n), DKIM_STAT_OK);
	for (i = 0; i < n; i++)
		good += (dkim_sig_getflags(sigs[i]) & DKIM_SIGFLAG_PASSED) &&
		    dkim_sig_getbh(sigs[i]) == DKIM_SIGBH_MATCH;
	dkim_free(dkim);
	return good;
}

static int
our_verifier_passes(const struct message *m, const char *const *values)
{
	static const struct lookup_limits limits = { 2000, 10 };
	struct arena		*a = arena_new(65536);
	struct lookups		*l = lookups_new(resolver, &limits);
	struct headers		*h = feed_start(a);
	struct dkim_verifier	*v = dkim_verifier_new(lib, l, a, h, NOW);
	struct dkim_facts	 f = { .done = false };
	int			 good = 0;
	size_t			 i;

	for (i = 0; i < 2; i++)
		feed_field(v, h, "DKIM-Signature", values[i]);
	for (i = 0; i < m->n; i++)
		feed_field(v, h, m->name[i], m->value[i]);
	dkim_verifier_eoh(v);
	dkim_verifier_body(v, m->body, m->len);
	dkim_verifier_finish(v, &f);
	for (i = 0; i < f.n; i++)
		good += f.sig[i].result == RESULT_PASS;
	dkim_verifier_free(&v);
	lookups_free(&l);
	arena_free(&a);
	return good;
}

/* --- messages ---------------------------------------------------------- */

static const char *
random_text(struct arena *a, const char *const *word, size_t words,
    size_t most)
{
	struct buf	 b = BUF_INIT;
	size_t		 n = (size_t)random() % most;
	const char	*text;

	while (n-- > 0)
		buf_addstr(&b, word[(size_t)random() % words]);
	text = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return text;
}

static void
random_message(struct arena *a, struct message *m, bool alone)
{
	static const char *const names[] = { "To", "Cc", "Subject", "Date",
		"Received", "References", "List-Id", "Sender", "X-Other",
		"SUBJECT", "Content-Type", "Resent-From" };
	static const char *const words[] = { "word", " ", "  ", "\t", "a,b",
		"\xc3\xbc", "\n\tfold", "\n  fold", "\"q;=:\"", "=20", "\xff" };
	static const char *const pieces[] = { "\r\n", "\r\n\r\n", " ", "\t",
		"  ", "text", ".", "\xc3\xa4\xff", "=20", "\v\f", "long line",
		"\r", "\n" };
	size_t i;

	m->n = 1 + (size_t)random() % 14;
	for (i = 0; i < m->n; i++) {
		m->name[i] = names[(size_t)random() % NELEM(names)];
		m->value[i] = arena_printf(a, " %s", random_text(a, words,
		    NELEM(words), 10));
	}
	i = (size_t)random() % m->n;
	m->name[i] = "From";
	m->value[i] = " Alice <alice@example.org>";
	m->body = random_text(a, pieces, NELEM(pieces) - (alone ? 0 : 2), 80);
	if (!alone && m->body[0] != '\0')
		m->body = arena_printf(a, "%s\r\n", m->body);
	m->len = strlen(m->body);
}

static const char *const *
sign(struct arena *a, const struct message *m, int form)
{
	struct sign_rules	 rules = sign_default_rules;
	struct dkim_signer	*s;
	const char *const	*values;
	const char		*why;
	size_t			 i;

	rules.header_canon = form & 1 ? CANON_SIMPLE : CANON_RELAXED;
	rules.body_canon = form & 2 ? CANON_SIMPLE : CANON_RELAXED;
	s = dkim_signer_new(&rules, both, 2, a, NOW);
	for (i = 0; i < m->n; i++)
		dkim_signer_header(s, m->name[i], m->value[i]);
	dkim_signer_body(s, m->body, m->len);
	values = dkim_signer_finish(s, &why);
	assert_non_null(values);
	dkim_signer_free(&s);
	return values;
}

static void
peers_accept(void **state)
{
	struct arena		*a = arena_new(65536);
	struct message		 m;
	const char *const	*values;
	int			 i;

	(void)state;
	srandom(8463);
	for (i = 0; i < 200; i++) {
		random_message(a, &m, i % 3 == 2);
		values = sign(a, &m, i);
		if (our_verifier_passes(&m, values) != 2)
			fail_msg("ours, message %d: %s", i, values[0]);
		if (i % 3 != 2 && opendkim_passes(&m, values) != 2)
			fail_msg("libopendkim, message %d: %s", i, values[0]);
		arena_reset(a);
	}
	arena_free(&a);
}

/* The purpose of oversigning: no field can be added above the author's. */
static void
peers_notice_changes(void **state)
{
	static const struct message signed_one = { 3,
	    { "From", "To", "Subject" },
	    { " alice@example.org", " bob@example.net", " Hello" },
	    "Hello.\r\n", 8 };
	static const struct {
		const char *name, *field, *value;
	} added[] = {
		{ "another From", "From", " mallory@example.org" },
		{ "another Subject", "Subject", " Pay" },
		{ "a Reply-To", "Reply-To", " mallory@example.org" },
		{ "a Content-Type", "Content-Type", " text/html" },
		{ "another To", "to", " everybody@example.net" },
	};
	struct arena		*a = arena_new(65536);
	struct message		 m = signed_one;
	const char *const	*values = sign(a, &m, 0);
	size_t			 i;

	(void)state;
	assert_int_equal(our_verifier_passes(&m, values), 2);
	m.n = 4;
	for (i = 0; i < NELEM(added); i++) {
		m.name[3] = added[i].field;
		m.value[3] = added[i].value;
		if (our_verifier_passes(&m, values) != 0 ||
		    opendkim_passes(&m, values) != 0)
			row_fail(added[i].name, "still passes");
	}
	/* fields that a mailing list adds do not break it */
	m.name[3] = "List-Id";
	m.value[3] = " <list.example.net>";
	assert_int_equal(our_verifier_passes(&m, values), 2);
	m = signed_one;
	m.body = "Hello!\r\n";
	assert_int_equal(our_verifier_passes(&m, values), 0);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_accept),
		cmocka_unit_test(peers_notice_changes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
