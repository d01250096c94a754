/*
 * keytable: OpenDKIM's tables as in its manual and in popular installation
 * guides.
 */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keyring.h"

static char		 top[] = "/tmp/keytable_test.XXXXXX";
static struct buf	 rsa_pem, ed_pem, rsa_line;

static const char *
path_of(const char *name)
{
	static char	path[4][512];
	static int	next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", top, name);
	return path[next];
}

/* "$" in the text is the test's directory. */
static void
put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	for (; *text != '\0'; text++)
		if (*text == '$')
			fputs(top, f);
		else
			fputc(*text, f);
	fclose(f);
	assert_int_equal(chmod(path_of(name), mode), 0);
}

static int
set_up(void **state)
{
	struct crypto_key	*key;
	const char		*why;
	char			*p;

	(void)state;
	if (mkdtemp(top) == NULL)
		return 1;
	key = crypto_key_generate(CRYPTO_RSA, 1024, &why);
	crypto_key_pem(key, &rsa_pem);
	crypto_key_free(&key);
	key = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	crypto_key_pem(key, &ed_pem);
	crypto_key_free(&key);
	/* the base64 of a PEM text, in one line */
	for (p = strchr(rsa_pem.data, '\n'); strncmp(p, "\n-", 2) != 0; p++)
		if (*p != '\n')
			buf_addch(&rsa_line, *p);
	put("rsa.private", buf_str(&rsa_pem), 0600);
	put("ed.private", buf_str(&ed_pem), 0600);
	put("bad.private", "no key", 0600);
	mkdir(path_of("keys"), 0750);
	mkdir(path_of("keys/example.com"), 0750);
	mkdir(path_of("keys/sub.example.com"), 0750);
	mkdir(path_of("keys/no domain"), 0750);
	put("keys/example.com/mail.private", buf_str(&rsa_pem), 0600);
	put("keys/sub.example.com/mail.private", buf_str(&ed_pem), 0600);
	put("keys/no domain/mail.private", buf_str(&ed_pem), 0600);
	put("keys/example.com-example.com.key", buf_str(&rsa_pem), 0600);
	put("keys/example.com-example.net.key", buf_str(&rsa_pem), 0600);
	return 0;
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	buf_free(&rsa_pem);
	buf_free(&ed_pem);
	buf_free(&rsa_line);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static struct keyring *
load(bool patterns, const char *keys, const char *authors)
{
	char		*why = NULL, name[600];
	struct keyring	*k;

	put("key.table", keys, 0644);
	put("signing.table", authors, 0644);
	snprintf(name, sizeof(name), "%s%s", patterns ? "refile:" : "file:",
	    path_of("signing.table"));
	k = keyring_load_tables(path_of("key.table"), name, &why);
	if (k == NULL)
		fail_msg("%s", why);
	return k;
}

/* "d/s/algorithm[/i] ..." of the keys that sign for an author */
static const char *
signers(const struct keyring *k, struct arena *a, const char *local,
    const char *domain, bool all)
{
	struct sign_rules	 rules = sign_default_rules;
	struct signing_keys	 keys;
	struct buf		 b = BUF_INIT;
	const char		*text;
	size_t			 i;

	rules.all_matches = all;
	keys = keyring_find_author(k, &rules, local, domain, a);
	assert_false(keys.of_parent);
	for (i = 0; i < keys.n; i++) {
		assert_non_null(keys.key[i]->pkey);
		buf_printf(&b, "%s%s/%s/%.3s%s%s", i > 0 ? " " : "",
		    keys.key[i]->domain, keys.key[i]->selector,
		    keys.key[i]->algorithm,
		    keys.key[i]->identity != NULL ? "/" : "",
		    keys.key[i]->identity != NULL ? keys.key[i]->identity : "");
	}
	text = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return text;
}

static const struct {
	const char	*name;
	bool		 patterns;
	const char	*keys, *authors;
	const char	*local, *domain;
	bool		 all;
	const char	*want;
} cases[] = {
	{ "one domain", true,
	    "mail._domainkey.example.org example.org:mail:$/rsa.private\n",
	    "*@example.org mail._domainkey.example.org\n",
	    "alice", "example.org", false, "example.org/mail/rsa" },
	{ "nobody's domain", true,
	    "k example.org:mail:$/rsa.private\n", "*@example.org k\n",
	    "alice", "sub.example.org", false, "" },
	{ "the first line of two", true,
	    "r example.org:r:$/rsa.private\ne example.org:e:$/ed.private\n",
	    "alice@example.org e\n*@example.org r\n",
	    "alice", "example.org", false, "example.org/e/ed2" },
	{ "MultipleSignatures, RSA first", true,
	    "r example.org:r:$/rsa.private\ne example.org:e:$/ed.private\n",
	    "*@example.org e\n*@example.org r\n* r\n",
	    "alice", "example.org", true,
	    "example.org/r/rsa example.org/e/ed2" },
	{ "a domain of %", true,
	    "k %:mail:$/rsa.private", "*@example.org k\n*@*.example.org k\n",
	    "bob", "a.example.org", false, "a.example.org/mail/rsa" },
	{ "a path of %", true,
	    "k %:mail:$/keys/%/mail.private", "* k",
	    "bob", "sub.example.com", false, "sub.example.com/mail/ed2" },
	{ "a path of %, no such key", true,
	    "k %:mail:$/keys/%/mail.private", "* k",
	    "bob", "example.org", false, "" },
	{ "a path of %, the next line signs", true,
	    "k %:mail:$/keys/%/mail.private\nd example.org:d:$/ed.private",
	    "* k\n* d", "bob", "example.org", false, "example.org/d/ed2" },
	{ "% twice in a path", true,
	    "k example.org:mail:$/keys/%-%.key", "* k",
	    "bob", "example.com", false, "example.org/mail/rsa" },
	{ "% twice, different ones", true,
	    "k example.org:mail:$/keys/%-%.key", "* k",
	    "bob", "example.com-example.net", false, "" },
	{ "a name of %", true,
	    "example.com example.com:a:$/rsa.private\n"
	    "example.net example.net:b:$/ed.private", "*@* %",
	    "bob", "example.net", false, "example.net/b/ed2" },
	{ "an identity", true,
	    "k example.org:a:$/rsa.private", "* k:%",
	    "bob", "sub.example.org", false,
	    "example.org/a/rsa/@sub.example.org" },
	{ "an identity of its own", true,
	    "k example.org:a:$/rsa.private", "* k : boss@example.org",
	    "bob", "example.org", false, "example.org/a/rsa/boss@example.org" },
	{ "an identity that needs quoting (RFC 6376 2.11)", true,
	    "k example.org:a:$/rsa.private", "* k:a;b =c\xc3\xbc@%",
	    "bob", "example.org", false,
	    "example.org/a/rsa/a=3Bb=20=3Dc=C3=BC@example.org" },
	{ "an identity that is quoted already", true,
	    "k example.org:a:$/rsa.private", "* k:a=3Bb=40=@%",
	    "bob", "example.org", false,
	    "example.org/a/rsa/a=3Bb=40=3D@example.org" },
	{ "an identity with a U-label, of any case", true,
	    "k xn--bcher-kva.example:a:$/rsa.private",
	    "* k:x@A.B\xc3\xbc" "cher.example.", "bob", "example.org", false,
	    "xn--bcher-kva.example/a/rsa/x@a.xn--bcher-kva.example" },
	{ "an identity outside of d= is left out", true,
	    "k example.org:a:$/rsa.private", "* k:@%",
	    "bob", "example.net", false, "example.org/a/rsa" },
	{ "relative to the table", true,
	    "k example.org:a:./rsa.private", "* k",
	    "bob", "example.org", false, "example.org/a/rsa" },
	{ "spaces, comments, case", true,
	    "# keys\n K\tExample.ORG : a : $/rsa.private # old\n",
	    "*@EXAMPLE.org\tk",
	    "Bob", "example.org", false, "example.org/a/rsa" },
	{ "file: user@host first", false,
	    "1 example.org:s1:$/rsa.private\n2 example.org:s2:$/rsa.private",
	    "example.org 2\nbob@example.org 1\n",
	    "bob", "example.org", false, "example.org/s1/rsa" },
	{ "file: host", false,
	    "1 example.org:s1:$/rsa.private\n2 example.org:s2:$/rsa.private",
	    "bob@.org 2\nexample.org 1\n* 2",
	    "bob", "example.org", false, "example.org/s1/rsa" },
	{ "file: user@.domain before .domain", false,
	    "1 example.org:s1:$/rsa.private\n2 example.org:s2:$/rsa.private",
	    ".example.org 2\nbob@.org 1\n",
	    "bob", "a.example.org", false, "example.org/s1/rsa" },
	{ "file: .domain", false,
	    "1 example.org:s1:$/rsa.private\n2 example.org:s2:$/rsa.private",
	    ".example.org 1\n* 2\nbob@* 2",
	    "bob", "a.example.org", false, "example.org/s1/rsa" },
	{ "file: user@* before *", false,
	    "1 example.org:s1:$/rsa.private\n2 example.org:s2:$/rsa.private",
	    "* 2\nbob@* 1",
	    "bob", "example.net", false, "example.org/s1/rsa" },
	{ "file: *", false,
	    "1 example.org:s1:$/rsa.private", "* 1",
	    "bob", "example.net", false, "example.org/s1/rsa" },
	{ "file: all that match", false,
	    "1 example.org:s1:$/rsa.private\n2 example.org:s2:$/ed.private",
	    "bob@example.org 2\nexample.org 1\n* 2",
	    "bob", "example.org", true,
	    "example.org/s1/rsa example.org/s2/ed2" },
	{ "a key that no line leads to is not opened", true,
	    "k example.org:a:$/rsa.private\nold example.org:b:$/gone",
	    "* k", "bob", "example.org", false, "example.org/a/rsa" },
};

static void
authors_find_their_keys(void **state)
{
	struct arena	*a = arena_new(4096);
	struct keyring	*k;
	const char	*got;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		k = load(cases[i].patterns, cases[i].keys, cases[i].authors);
		got = signers(k, a, cases[i].local, cases[i].domain,
		    cases[i].all);
		if (strcmp(got, cases[i].want) != 0)
			row_fail(cases[i].name, "got \"%s\"", got);
		keyring_free(&k);
	}
	arena_free(&a);
}

static void
key_in_the_table_itself(void **state)
{
	struct arena	*a = arena_new(4096);
	struct buf	 line = BUF_INIT;
	struct keyring	*k;

	(void)state;
	buf_printf(&line, "k example.org:a:%s", buf_str(&rsa_line));
	k = load(true, buf_str(&line), "* k");
	assert_string_equal(signers(k, a, "bob", "example.org", false),
	    "example.org/a/rsa");
	keyring_free(&k);
	buf_free(&line);
	arena_free(&a);
}

/* The KeyTable may have patterns, too. */
static void
key_table_of_patterns(void **state)
{
	struct arena	*a = arena_new(4096);
	char		*why = NULL, keys[600];
	struct keyring	*k;

	(void)state;
	put("key.table", "*.com %:mail:$/keys/%/mail.private\n", 0644);
	put("signing.table", "example.com %\n", 0644);
	snprintf(keys, sizeof(keys), "refile:%s", path_of("key.table"));
	k = keyring_load_tables(keys, path_of("signing.table"), &why);
	if (k == NULL)
		fail_msg("%s", why);
	assert_string_equal(signers(k, a, "bob", "example.com", false),
	    "example.com/mail/rsa");
	assert_int_equal(keyring_find(k, "example.com").n, 1);
	keyring_free(&k);
	arena_free(&a);
}

static const struct {
	const char	*name, *keys, *authors, *where, *what;
} refusals[] = {
	{ "no such name", "k example.org:a:$/rsa.private", "\n* other",
	    "signing.table:2:", "no key \"other\" in" },
	{ "two fields", "\nk example.org:a", "* k", "key.table:2:",
	    "domain:selector:/path" },
	{ "no value", "k", "* k", "key.table:1:", "domain:selector:/path" },
	{ "no domain", "k -:a:$/rsa.private\nk2 a..b:a:/x", "* k\n* k2",
	    "key.table:2:", "is not a domain" },
	{ "no selector", "k example.org::$/rsa.private", "* k",
	    "key.table:1:", "is not a selector" },
	{ "no file", "k example.org:a:$/gone", "* k", "/gone:",
	    "No such file" },
	{ "a bad file", "k example.org:a:$/bad.private", "* k",
	    "bad.private:", "no private key" },
	{ "a bad inline key", "k example.org:a:xyz", "* k", "key.table:1:",
	    "a path must begin with" },
	{ "no key for any domain", "k %:a:$/keys/%/gone", "* k",
	    "key.table:1:", "for any domain" },
};

static void
refusals_name_table_and_line(void **state)
{
	char		*why, name[600];
	struct keyring	*k;
	size_t		 i;

	(void)state;
	snprintf(name, sizeof(name), "refile:%s", path_of("signing.table"));
	for (i = 0; i < NELEM(refusals); i++) {
		put("key.table", refusals[i].keys, 0644);
		put("signing.table", refusals[i].authors, 0644);
		why = NULL;
		k = keyring_load_tables(path_of("key.table"), name, &why);
		if (k != NULL)
			row_fail(refusals[i].name, "loaded");
		if (strstr(why, refusals[i].where) == NULL ||
		    strstr(why, refusals[i].what) == NULL)
			row_fail(refusals[i].name, "\"%s\"", why);
		free(why);
	}
}

static void
other_kinds_of_table_are_refused(void **state)
{
	char *why = NULL;

	(void)state;
	put("key.table", "k example.org:a:$/rsa.private", 0646);
	put("signing.table", "* k", 0644);
	assert_null(keyring_load_tables(path_of("key.table"),
	    path_of("signing.table"), &why));
	assert_non_null(strstr(why, "chmod o-w '"));
	free(why);
	assert_null(keyring_load_tables("dsn:mysql://x/y", "x", &why));
	assert_non_null(strstr(why, "refile:/path"));
	free(why);
	assert_null(keyring_load_tables(path_of("nowhere"), "x", &why));
	assert_non_null(strstr(why, "No such file"));
	free(why);
}

/* All of them use one file, which is read once. */
static void
many_authors(void **state)
{
	struct arena	*a = arena_new(65536);
	struct buf	 keys = BUF_INIT, authors = BUF_INIT;
	struct keyring	*k;
	char		 domain[64], want[80];
	int		 i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		buf_printf(&keys, "k%d d%d.example:s:$/ed.private\n", i, i);
		buf_printf(&authors, "*@d%d.example k%d\n", i, i);
	}
	k = load(true, buf_str(&keys), buf_str(&authors));
	assert_int_equal(keyring_count(k), 20000);
	for (i = 0; i < 20000; i += 7) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		snprintf(want, sizeof(want), "%s/s/ed2", domain);
		assert_string_equal(signers(k, a, "bob", domain, true), want);
	}
	keyring_free(&k);
	buf_free(&keys);
	buf_free(&authors);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authors_find_their_keys),
		cmocka_unit_test(key_in_the_table_itself),
		cmocka_unit_test(key_table_of_patterns),
		cmocka_unit_test(refusals_name_table_and_line),
		cmocka_unit_test(other_kinds_of_table_are_refused),
		cmocka_unit_test(many_authors),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
