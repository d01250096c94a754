/*
 * keyring: keys that load, the order in which they are found, and every refusal
 * with its file and command.
 */
#include "test.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keyring.h"

static char		 top[] = "/tmp/keyring_test.XXXXXX";
static struct buf	 rsa_pem, ed_pem;

static int
set_up(void **state)
{
	struct crypto_key	*key;
	const char		*why;

	(void)state;
	key = crypto_key_generate(CRYPTO_RSA, 1024, &why);
	crypto_key_pem(key, &rsa_pem);
	crypto_key_free(&key);
	key = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	crypto_key_pem(key, &ed_pem);
	crypto_key_free(&key);
	umask(0);
	return mkdtemp(top) == NULL;
}

static void
run(const char *fmt, const char *what)
{
	struct buf command = BUF_INIT;

	buf_printf(&command, "cd %s && ", top);
	buf_printf(&command, "%s %s", fmt, what);
	assert_int_equal(system(buf_str(&command)), 0);
	buf_free(&command);
}

static int
tear_down(void **state)
{
	(void)state;
	run("rm -rf", top);
	buf_free(&rsa_pem);
	buf_free(&ed_pem);
	return 0;
}

/* An empty directory to put keys into. */
static int
fresh(void **state)
{
	(void)state;
	run("rm -rf", "./* && chmod 0750 .");
	return 0;
}

static const char *
path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void
put(const char *name, const char *text, mode_t mode)
{
	char	*path = strdup(path_of(name)), *slash = strrchr(path, '/');
	FILE	*f;

	*slash = '\0';
	(void)mkdir(path, 0750);
	*slash = '/';
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static void
answers_by_domain_rsa_first(void **state)
{
	struct keyring		*k;
	struct signing_keys	 keys;
	char			*why = NULL;

	(void)state;
	put("example.org/b.private", buf_str(&rsa_pem), 0600);
	put("example.org/a.private", buf_str(&ed_pem), 0640);
	put("example.org/c.2026.private", buf_str(&rsa_pem), 0400);
	put("example.org/b.txt", "b._domainkey IN TXT ...", 0644);
	put("example.org/.b.private.swp", "", 0666);
	put("Example.NET/s.private", buf_str(&ed_pem), 0600);
	put("m\xc3\xbcller.example/s.private", buf_str(&ed_pem), 0600);
	put("empty.example/README", "", 0644);
	put("README", "", 0666);
	k = keyring_load(top, &why);
	if (k == NULL)
		fail_msg("%s", why);
	assert_int_equal(keyring_count(k), 5);
	keys = keyring_find(k, "example.org");
	assert_int_equal(keys.n, 3);
	assert_string_equal(keys.key[0]->selector, "b");
	assert_string_equal(keys.key[0]->algorithm, "rsa-sha256");
	assert_string_equal(keys.key[1]->selector, "c.2026");
	assert_string_equal(keys.key[2]->selector, "a");
	assert_string_equal(keys.key[2]->algorithm, "ed25519-sha256");
	assert_string_equal(keys.key[2]->domain, "example.org");
	assert_non_null(keys.key[2]->pkey);
	assert_int_equal(keyring_find(k, "example.net").n, 1);
	assert_int_equal(keyring_find(k, "xn--mller-kva.example").n, 1);
	assert_int_equal(keyring_find(k, "empty.example").n, 0);
	assert_int_equal(keyring_find(k, "a.example.org").n, 0);
	assert_int_equal(keyring_find(k, "zz").n, 0);
	assert_int_equal(keyring_find(k, "").n, 0);
	keyring_free(&k);
	assert_null(k);
}

static void
parents_sign_for_their_subdomains(void **state)
{
	struct sign_rules	 rules = sign_default_rules;
	struct arena		*a = arena_new(4096);
	struct keyring		*k;
	struct signing_keys	 keys;
	char			*why = NULL;

	(void)state;
	put("example.org/s.private", buf_str(&ed_pem), 0600);
	put("b.example.org/t.private", buf_str(&ed_pem), 0600);
	k = keyring_load(top, &why);
	assert_non_null(k);
	keys = keyring_find_author(k, &rules, "x", "a.example.org", a);
	assert_int_equal(keys.n, 1);
	assert_string_equal(keys.key[0]->domain, "example.org");
	assert_true(keys.of_parent);
	keys = keyring_find_author(k, &rules, "x", "c.b.example.org", a);
	assert_string_equal(keys.key[0]->domain, "b.example.org");
	keys = keyring_find_author(k, &rules, "x", "example.org", a);
	assert_false(keys.of_parent);
	assert_string_equal(keys.key[0]->domain, "example.org");
	assert_int_equal(keyring_find_author(k, &rules, "x", "org", a).n, 0);
	assert_int_equal(keyring_find_author(k, &rules, "x", "notexample.org",
	    a).n, 0);
	rules.own_domain_only = true;
	assert_int_equal(keyring_find_author(k, &rules, "x", "a.example.org",
	    a).n, 0);
	assert_int_equal(keyring_find_author(k, &rules, "x", "example.org",
	    a).n, 1);
	keyring_free(&k);
	arena_free(&a);
}

static void
empty_ring(void **state)
{
	struct keyring	*k = keyring_empty();
	char		*why;

	(void)state;
	assert_int_equal(keyring_count(k), 0);
	assert_int_equal(keyring_find(k, "example.org").n, 0);
	keyring_free(&k);
	k = keyring_load(top, &why);
	assert_non_null(k);
	assert_int_equal(keyring_count(k), 0);
	keyring_free(&k);
}

static void
refused(const char *name, const char *file, const char *remedy)
{
	char		*why = NULL;
	struct keyring	*k = keyring_load(top, &why);

	if (k != NULL)
		row_fail(name, "loaded");
	if (strstr(why, file) == NULL || strstr(why, remedy) == NULL)
		row_fail(name, "\"%s\"", why);
	free(why);
}

/* `named` is the end of the path that must be in the message. */
static const struct {
	const char	*name, *file, *named, *text;
	mode_t		 mode;
	const char	*remedy;
} refusals[] = {
	{ "others may read", "example.org/s.private", "org/s.private", NULL,
	    0604, "everybody may use this private key; run: ch" },
	{ "others may write", "example.org/s.private", "org/s.private", NULL,
	    0602, "run: ch" },
	{ "the group may write", "example.org/s.private", "org/s.private", NULL,
	    0660, "the group may change this private key; run: ch" },
	{ "no key inside", "example.org/s.private", "org/s.private", "", 0600,
	    "millgatectl key new" },
	{ "a public key", "example.org/s.private", "org/s.private",
	    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQH"
	    "Og7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n", 0600,
	    "not of a private key" },
	{ "no selector", "example.org/a b.private", "org/a b.private", NULL,
	    0600, "rename the file" },
	{ "no domain", "no domain/s.private", "/no domain", NULL, 0600,
	    "rename or move the directory" },
	{ "no directory", "./example.org.private", "/example.org.private",
	    NULL, 0600, "/DOMAIN/example.org.private" },
};

static void
refusals_name_file_and_remedy(void **state)
{
	const char	*text;
	size_t		 i;

	for (i = 0; i < NELEM(refusals); i++) {
		fresh(state);
		text = refusals[i].text;
		put(refusals[i].file, text != NULL ? text : buf_str(&ed_pem),
		    refusals[i].mode);
		refused(refusals[i].name, refusals[i].named,
		    refusals[i].remedy);
	}
}

static void
other_files_are_refused(void **state)
{
	char	*why = NULL;

	(void)state;
	put("example.org/x", "", 0600);
	run("mkdir", "example.org/dir.private");
	refused("a directory", "dir.private", "not a regular file");
	run("rmdir", "example.org/dir.private");
	run("mkfifo", "example.org/pipe.private");
	refused("a pipe", "pipe.private", "not a regular file");
	run("rm", "example.org/pipe.private");
	run("ln -s nowhere", "example.org/s.private");
	refused("a dangling link", "s.private", "No such file or directory;"
	    " restore it, or");
	run("rm", "example.org/s.private");
	run("chmod 0777", "example.org");
	refused("an open directory", "example.org", "chmod o-w '");
	run("chmod 0750", "example.org && chmod 1777 .");
	refused("an open key directory", top, "chmod o-w '");
	run("chmod 0750", ".");
	put("example.org/s.private", buf_str(&ed_pem), 0600);
	put("EXAMPLE.org/s.private", buf_str(&ed_pem), 0600);
	refused("the same domain twice", "s.private", "move one of them");
	assert_null(keyring_load(path_of("nowhere"), &why));
	assert_non_null(strstr(why, "install -d"));
	free(why);
}

/* Does the user nobody, in no group of root, load the keys? */
static bool
nobody_loads(char **why)
{
	struct keyring	*k;
	bool		 good;

	*why = NULL;
	assert_int_equal(setegid(65534), 0);
	assert_int_equal(seteuid(65534), 0);
	k = keyring_load(path_of("keys"), why);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	good = k != NULL;
	keyring_free(&k);
	return good;
}

/* Run, as root, the command of each line of advice. */
static void
follow(const char *name, const char *why)
{
	const char	*at = why;
	char		 command[4096];

	while ((at = strstr(at, "run: ")) != NULL) {
		at += strlen("run: ");
		snprintf(command, sizeof(command), "%.*s",
		    (int)strcspn(at, "\n"), at);
		if (system(command) != 0)
			row_fail(name, "%s", command);
	}
}

/* A daemon that is not root, and keys that belong to root. */
static void
advice_that_is_followed_is_enough(void **state)
{
	static const struct {
		const char	*name, *setting;
	} rows[] = {
		{ "root's key", "chmod 0600 keys/*/*" },
		{ "a key of all", "chmod 0644 keys/*/*" },
		{ "a key of its group", "chmod 0660 keys/*/*" },
		{ "a domain's directory", "chmod 0700 keys/example.org" },
		{ "one of two directories", "chmod 0700 keys/example.net" },
		{ "the key directory", "chmod 0700 keys" },
		{ "a directory above", "chmod 0700 ." },
		{ "all of them", "chmod 0600 keys/*/*; chmod 0700 . keys "
		    "keys/*" },
		{ "all, seen by nobody", "chmod 0 keys/*/* keys/* keys ." },
		{ "a link to a key elsewhere", "mkdir -m 0700 x; mv "
		    "keys/example.org/s.private x/k; ln -s ../../x/k "
		    "keys/example.org/s.private" },
		{ "a link to a directory elsewhere", "mv keys/example.org "
		    "x && chmod 0700 x; ln -s ../x keys/example.org" },
	};
	struct stat	 st;
	char		*why;
	size_t		 i;

	if (geteuid() != 0)
		skip();
	assert_int_equal(setgroups(0, NULL), 0);
	for (i = 0; i < NELEM(rows); i++) {
		fresh(state);
		run("mkdir", "-m 0755 keys && chmod 0755 .");
		put("keys/example.org/s.private", buf_str(&ed_pem), 0600);
		put("keys/example.net/s.private", buf_str(&ed_pem), 0600);
		run("chown -R 0:0", "keys && chmod 0755 keys/*");
		run(rows[i].setting, "");
		if (nobody_loads(&why))
			row_fail(rows[i].name, "loaded");
		follow(rows[i].name, why);
		free(why);
		if (!nobody_loads(&why))
			row_fail(rows[i].name, "again: %s", why);
		/* others cannot read it now */
		assert_int_equal(stat(path_of("keys/example.org/s.private"),
		    &st), 0);
		assert_int_equal(st.st_mode & 07, 0);
	}
}

static void
problems_are_told_together(void **state)
{
	char		*why = NULL, name[64], *p;
	unsigned	 i, lines;

	(void)state;
	for (i = 0; i < 14; i++) {
		snprintf(name, sizeof(name), "example.org/s%02u.private", i);
		put(name, "", 0600);
	}
	assert_null(keyring_load(top, &why));
	for (lines = 1, p = why; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	assert_int_equal(lines, 11);
	assert_non_null(strstr(why, "s00.private"));
	assert_non_null(strstr(why, "\nand 4 more"));
	free(why);
}

/* Enough keys for several threads. */
static void
many_domains(void **state)
{
	struct keyring	*k;
	char		*why = NULL, name[64];
	unsigned	 i;

	(void)state;
	for (i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "d%u.example/s.private", i);
		put(name, buf_str(i % 2 ? &ed_pem : &rsa_pem), 0600);
	}
	k = keyring_load(top, &why);
	if (k == NULL)
		fail_msg("%s", why);
	assert_int_equal(keyring_count(k), 600);
	for (i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "d%u.example", i);
		assert_int_equal(keyring_find(k, name).n, 1);
		assert_string_equal(keyring_find(k, name).key[0]->domain,
		    name);
	}
	keyring_free(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(answers_by_domain_rsa_first, fresh),
		cmocka_unit_test_setup(parents_sign_for_their_subdomains,
		    fresh),
		cmocka_unit_test_setup(empty_ring, fresh),
		cmocka_unit_test(refusals_name_file_and_remedy),
		cmocka_unit_test_setup(other_files_are_refused, fresh),
		cmocka_unit_test_setup(
		    advice_that_is_followed_is_enough, fresh),
		cmocka_unit_test_setup(problems_are_told_together, fresh),
		cmocka_unit_test_setup(many_domains, fresh),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
