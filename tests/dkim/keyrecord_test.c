/*
 * keyrecord: the record that is written is recognized when it is published; a
 * pending key signs as soon as exactly its record is there.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keyrecord.h"
#include "dkim/keyring.h"
#include "dns/resolver.h"

static struct crypto_key	*rsa, *rsa2, *ed;
static struct arena		*arena;

static int
set_up(void **state)
{
	const char *why;

	(void)state;
	rsa = crypto_key_generate(CRYPTO_RSA, 2048, &why);
	rsa2 = crypto_key_generate(CRYPTO_RSA, 4096, &why);
	ed = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	arena = arena_new(0);
	return rsa == NULL || rsa2 == NULL || ed == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	crypto_key_free(&rsa);
	crypto_key_free(&rsa2);
	crypto_key_free(&ed);
	arena_free(&arena);
	return 0;
}

/* The strings of a zone line, joined; each at most 255 octets. */
static const char *
joined(const char *line)
{
	struct buf	 b = BUF_INIT;
	const char	*text, *end;

	while ((line = strchr(line, '"')) != NULL) {
		end = strchr(++line, '"');
		assert_non_null(end);
		assert_true(end - line <= 255);
		buf_add(&b, line, (size_t)(end - line));
		line = end + 1;
	}
	text = arena_strdup(arena, buf_str(&b));
	buf_free(&b);
	return text;
}

static void
written_in_three_forms(void **state)
{
	struct crypto_key	*keys[] = { rsa, rsa2, ed };
	struct buf		 b = BUF_INIT;
	const char		*text;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(keys); i++) {
		text = keyrecord_text(arena, keys[i]);
		buf_reset(&b);
		keyrecord_zone(&b, "s._domainkey.example.org", text);
		assert_int_equal(strncmp(buf_str(&b),
		    "s._domainkey.example.org. IN TXT ", 33), 0);
		assert_string_equal(joined(buf_str(&b)), text);
		assert_int_equal(strchr(buf_str(&b), '(') != NULL,
		    strlen(text) > 255);
		buf_reset(&b);
		keyrecord_nsupdate(&b, "s._domainkey.example.org", text);
		assert_int_equal(strncmp(buf_str(&b), "update add s.", 13), 0);
		assert_string_equal(joined(buf_str(&b)), text);
		assert_ptr_equal(strchr(buf_str(&b), '\n') + 1,
		    buf_str(&b) + b.len);
	}
	text = keyrecord_text(arena, ed);
	assert_int_equal(strncmp(text, "v=DKIM1; k=ed25519; p=", 22), 0);
	assert_int_equal(strlen(text), 22 + 44);
	buf_free(&b);
}

/* "%r", "%s" and "%e" in a record are the public keys. */
static const struct {
	const char		*name;
	const char		*record[3];
	enum keyrecord_state	 want;
	const char		*why;
} cases[] = {
	{ "as written", { "v=DKIM1; k=rsa; p=%r" }, KEYRECORD_PUBLISHED, "" },
	{ "by default RSA", { "p=%r" }, KEYRECORD_PUBLISHED, "" },
	{ "notes, hash, testing",
	    { "v=DKIM1; h=sha1:sha256; t=y:s; n=x; p=%r" },
	    KEYRECORD_PUBLISHED, "" },
	{ "white space in p=", { "v=DKIM1; p= %r ;" }, KEYRECORD_PUBLISHED,
	    "" },
	{ "beside an SPF record", { "v=spf1 -all", "v=DKIM1; p=%r" },
	    KEYRECORD_PUBLISHED, "" },
	{ "nothing", { NULL }, KEYRECORD_MISSING, "no such record" },
	{ "only an SPF record", { "v=spf1 -all" }, KEYRECORD_MISSING,
	    "no such record" },
	{ "another key", { "v=DKIM1; p=%s" }, KEYRECORD_DIFFERENT,
	    "another key" },
	{ "another type", { "v=DKIM1; k=ed25519; p=%e" }, KEYRECORD_DIFFERENT,
	    "another type" },
	{ "kind forgotten", { "v=DKIM1; k=ed25519; p=%r" },
	    KEYRECORD_DIFFERENT, "" },
	{ "revoked", { "v=DKIM1; p=" }, KEYRECORD_DIFFERENT, "revokes" },
	{ "two records", { "v=DKIM1; p=%r", "v=DKIM1; p=%s" },
	    KEYRECORD_DIFFERENT, "several" },
	{ "sha1 only", { "v=DKIM1; h=sha1; p=%r" }, KEYRECORD_DIFFERENT,
	    "sha256" },
	{ "not for email", { "v=DKIM1; s=tlsrpt; p=%r" },
	    KEYRECORD_DIFFERENT, "email" },
	{ "broken", { "v=DKIM1; p=%r; p=%r" }, KEYRECORD_DIFFERENT, "" },
	{ "not yet version 2", { "v=DKIM2; p=%r" }, KEYRECORD_DIFFERENT, "" },
	{ "no answer", { "SERVFAIL" }, KEYRECORD_UNKNOWN, "" },
};

static void
add_record(struct buf *zone, const char *name, const char *record)
{
	struct buf	 text = BUF_INIT;
	const char	*p;

	if (strcmp(record, "SERVFAIL") == 0) {
		buf_printf(zone, "%s SERVFAIL\n", name);
		return;
	}
	for (p = record; *p != '\0'; p++) {
		if (*p != '%')
			buf_addch(&text, *p);
		else
			crypto_key_public(*++p == 'r' ? rsa : *p == 's' ?
			    rsa2 : ed, &text);
	}
	buf_printf(zone, "%s TXT", name);
	for (p = buf_str(&text); *p != '\0'; p += strnlen(p, 200))
		buf_printf(zone, " \"%.200s\"", p);
	buf_addch(zone, '\n');
	buf_free(&text);
}

static struct resolver *
zone_of(const struct buf *zone)
{
	char		*why = NULL;
	struct resolver	*r = resolver_zone_new(buf_str(zone), &why);

	if (r == NULL)
		fail_msg("%s", why);
	return r;
}

static void
compared_with_what_the_dns_shows(void **state)
{
	static const struct lookup_limits limits = { 1000, 10 };
	const char		*name = "s._domainkey.example.org", *why;
	enum keyrecord_state	 got;
	struct resolver		*r;
	struct lookups		*l;
	struct buf		 zone = BUF_INIT;
	size_t			 i, j;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		buf_reset(&zone);
		for (j = 0; j < 3 && cases[i].record[j] != NULL; j++)
			add_record(&zone, name, cases[i].record[j]);
		r = zone_of(&zone);
		l = lookups_new(r, &limits);
		why = "";
		got = keyrecord_compare(lookups_ask(l, name, DNS_TXT), rsa,
		    &why);
		if (got != cases[i].want || (got != KEYRECORD_PUBLISHED &&
		    strstr(why, cases[i].why) == NULL))
			row_fail(cases[i].name, "%s: %s",
			    keyrecord_state_name(got), why);
		lookups_free(&l);
		resolver_free(&r);
	}
	buf_free(&zone);
}

/* --- pending keys ------------------------------------------------------ */

static char top[] = "/tmp/keyrecord_test.XXXXXX";

static void
put(const char *name, const struct crypto_key *key)
{
	char		 path[256];
	struct buf	 pem = BUF_INIT;
	FILE		*f;

	snprintf(path, sizeof(path), "%s/example.org/%s", top, name);
	f = fopen(path, "w");
	assert_non_null(f);
	if (key != NULL) {
		assert_true(crypto_key_pem(key, &pem));
		fputs(buf_str(&pem), f);
	}
	fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
	buf_free(&pem);
}

static void
make_directory(void)
{
	char path[256];

	assert_non_null(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/example.org", top);
	assert_int_equal(mkdir(path, 0700), 0);
	put("old.private", rsa);
	put("new.private", rsa2);
	put("new.pending", NULL);
	put("ed.private", ed);
	put("ed.pending", NULL);
	put("gone.private", rsa);
	put("gone.retired", NULL);
	put("orphan.pending", NULL);
}

static void
expect_signers(const struct keyring *k, const char *want)
{
	struct sign_rules	 rules = sign_default_rules;
	struct signing_keys	 keys;
	char			 got[200] = "";
	size_t			 i;

	keys = keyring_find_author(k, &rules, "x", "example.org", arena);
	for (i = 0; i < keys.n; i++) {
		strcat(got, keys.key[i]->selector);
		strcat(got, " ");
	}
	assert_string_equal(got, want);
}

static size_t
check(struct keyring *k, const char *first, const char *record,
    const char *second, const char *other)
{
	struct buf	 zone = BUF_INIT;
	struct resolver	*r;
	size_t		 left = 0, i, next = 0;
	bool		 signs;

	if (first != NULL)
		add_record(&zone, first, record);
	if (second != NULL)
		add_record(&zone, second, other);
	r = zone_of(&zone);
	assert_false(keyrecord_activate_pending(k, r, &next));
	for (i = 0; i < keyring_npending(k); i++) {
		keyring_pending(k, i, &signs);
		left += !signs;
	}
	resolver_free(&r);
	buf_free(&zone);
	return left;
}

static atomic_bool stop;

/* Like a session: every answer has one usable RSA key. */
static void *
ask_on(void *arg)
{
	unsigned char		 sig[CRYPTO_SIGNATURE_MAX], digest[32] = { 0 };
	struct signing_keys	 keys;
	const char		*why;

	while (!atomic_load(&stop)) {
		keys = keyring_find(arg, "example.org");
		if (keys.n == 0 || strcmp(keys.key[0]->algorithm,
		    "rsa-sha256") != 0 || crypto_sign(keys.key[0]->pkey,
		    digest, sig, &why) == 0)
			return arg;
	}
	return NULL;
}

static void
pending_keys_wait_for_their_record(void **state)
{
	const char	*new = "new._domainkey.example.org";
	const char	*fresh = "ed._domainkey.example.org";
	char		*why = NULL, command[64];
	struct keyring	*k;
	pthread_t	 session;
	void		*bad;

	(void)state;
	make_directory();
	k = keyring_load(top, &why);
	if (k == NULL)
		fail_msg("%s", why);
	assert_int_equal(keyring_count(k), 3);
	assert_int_equal(keyring_npending(k), 2);
	assert_int_equal(pthread_create(&session, NULL, ask_on, k), 0);
	expect_signers(k, "old ");
	assert_int_equal(check(k, NULL, NULL, NULL, NULL), 2);
	assert_int_equal(check(k, new, "v=DKIM1; p=%r", fresh, "SERVFAIL"), 2);
	expect_signers(k, "old ");
	/* the Ed25519 key replaces no RSA key */
	assert_int_equal(check(k, fresh, "v=DKIM1; k=ed25519; p=%e", NULL,
	    NULL), 1);
	expect_signers(k, "old ed ");
	/* the new RSA key does; what is not asked for again stays */
	assert_int_equal(check(k, new, "v=DKIM1; p=%s", NULL, NULL), 0);
	expect_signers(k, "new ed ");
	assert_int_equal(check(k, NULL, NULL, NULL, NULL), 0);
	expect_signers(k, "new ed ");
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(session, &bad), 0);
	assert_null(bad);
	keyring_free(&k);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	assert_int_equal(system(command), 0);
}

/* The lookups of thousands of domains are split into batches. */
static void
many_pending_keys_are_asked_for_in_batches(void **state)
{
	struct buf	 zone = BUF_INIT;
	struct keyring	*k;
	struct resolver	*r;
	char		*why = NULL, name[64], command[64];
	size_t		 i, next = 0;

	(void)state;
	strcpy(strrchr(top, '.'), ".XXXXXX");
	make_directory();
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "e%zu.private", i);
		put(name, ed);
		snprintf(name, sizeof(name), "e%zu.pending", i);
		put(name, NULL);
		snprintf(name, sizeof(name), "e%zu._domainkey.example.org", i);
		add_record(&zone, name, "v=DKIM1; k=ed25519; p=%e");
	}
	k = keyring_load(top, &why);
	assert_non_null(k);
	assert_int_equal(keyring_npending(k), 302);
	r = zone_of(&zone);
	assert_true(keyrecord_activate_pending(k, r, &next));
	assert_int_equal(next, 256);
	assert_false(keyrecord_activate_pending(k, r, &next));
	assert_int_equal(next, 0);
	assert_int_equal(keyring_find(k, "example.org").n, 301);
	resolver_free(&r);
	keyring_free(&k);
	buf_free(&zone);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_in_three_forms),
		cmocka_unit_test(compared_with_what_the_dns_shows),
		cmocka_unit_test(pending_keys_wait_for_their_record),
		cmocka_unit_test(many_pending_keys_are_asked_for_in_batches),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
