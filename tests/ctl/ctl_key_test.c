/*
 * millgatectl key: its files and its output, from the first key of a domain to
 * the deletion of an old one.
 */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "ctl/ctl_priv.h"

static char		 top[] = "/tmp/ctl_key_test.XXXXXX";
static struct buf	 out;		/* of the last command */

static int
set_up(void **state)
{
	(void)state;
	umask(022);
	return mkdtemp(top) == NULL || chdir(top) != 0;
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	buf_free(&out);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return chdir("/") != 0 || system(command) != 0;
}

static int
fresh(void **state)
{
	(void)state;
	return system("rm -rf ./*");
}

static void
read_output(int fd)
{
	char	chunk[4096];
	ssize_t	n;

	buf_reset(&out);
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&out, chunk, (size_t)n);
}

/* Run "key WORDS"; both outputs are in `out`. */
static int
run(const char *words)
{
	struct ctl	 c = { .conf_path = "millgate.conf" };
	char		 line[512], *argv[20] = { (char[]){ "key" } }, *save;
	int		 argc = 1, fd, status, saved[2];

	snprintf(line, sizeof(line), "%s", words);
	for (argv[argc] = strtok_r(line, " ", &save); argv[argc] != NULL;
	    argv[argc] = strtok_r(NULL, " ", &save))
		argc++;
	fflush(stdout);
	saved[0] = dup(STDOUT_FILENO);
	saved[1] = dup(STDERR_FILENO);
	fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	status = ctl_key(&c, argc, argv);
	fflush(stdout);
	dup2(saved[0], STDOUT_FILENO);
	dup2(saved[1], STDERR_FILENO);
	close(saved[0]);
	close(saved[1]);
	read_output(fd);
	close(fd);
	unlink("out");
	return status;
}

static void
expect(const char *words, int status, const char *text)
{
	int got = run(words);

	if (got != status || strstr(buf_str(&out), text) == NULL)
		row_fail(words, "status %d: %s", got, buf_str(&out));
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* The records of the domain, as a zone text for --zone. */
static void
publish(const char *words)
{
	FILE		*f;
	const char	*p;

	assert_int_equal(run(words), 0);
	f = fopen("zone", "w");
	assert_non_null(f);
	for (p = buf_str(&out); *p != '\0'; p++) {
		if (strncmp(p, " IN TXT", 7) == 0)
			p += 3;
		if (strncmp(p, "\"\n\t", 3) == 0) {
			fputs("\" ", f);
			p += 2;
		} else if (*p != '(' && *p != ')')
			fputc(*p, f);
	}
	fclose(f);
}

static void
a_new_key_is_pending_and_private(void **state)
{
	(void)state;
	expect("new --directory keys --selector s1 Example.ORG", 0,
	    "s1._domainkey.example.org. IN TXT ( \"v=DKIM1; k=rsa; p=");
	assert_int_equal(mode_of("keys/example.org/s1.private"), 0600);
	assert_int_equal(mode_of("keys/example.org") & 07, 0);
	assert_int_equal(access("keys/example.org/s1.pending", F_OK), 0);
	expect("list --directory keys", 0, "rsa     2048 pending since 20");
	/* nothing else is left behind */
	assert_int_equal(system("test $(ls -A keys/example.org | wc -l) = 2"),
	    0);
	expect("new --directory keys --selector s1 example.org", 2,
	    "this key exists");
	expect("new --directory keys --selector s2 --active --type ed25519"
	    " example.org", 0, "active");
	assert_int_not_equal(access("keys/example.org/s2.pending", F_OK), 0);
	expect("list --directory keys --json example.org", 0,
	    "\"selector\":\"s2\",\"type\":\"ed25519\",\"bits\":256,"
	    "\"state\":\"active\"");
}

static void
dated_selectors_do_not_collide(void **state)
{
	(void)state;
	expect("new --directory keys --type both --bits 1024 example.org", 0,
	    "e._domainkey.example.org. IN TXT \"v=DKIM1; k=ed25519; p=");
	expect("new --directory keys --bits 1024 example.org", 0,
	    "r2._domainkey.example.org.");
	expect("new --directory keys --type both --selector x --bits 1024"
	    " example.org", 0, "x-rsa._domainkey");
	expect("list --directory keys", 0, "x-ed25519");
	expect("new --json --directory keys --type both --selector j --bits"
	    " 1024 example.org", 0, "[{\"domain\":\"example.org\",\"selector\":"
	    "\"j-rsa\",\"type\":\"rsa\",\"bits\":1024,\"state\":\"pending\","
	    "\"path\":\"keys/example.org/j-rsa.private\",\"name\":"
	    "\"j-rsa._domainkey.example.org\",\"text\":\"v=DKIM1; k=rsa; p=");
	assert_non_null(strstr(buf_str(&out), ",\n{\"domain\":\"example.org\","
	    "\"selector\":\"j-ed25519\",\"type\":\"ed25519\",\"bits\":256,"));
	expect("new --json --directory keys --selector j-rsa example.org", 2,
	    "this key exists");
}

/* The same command must work when the cause is mended. */
static void
both_keys_are_made_or_none(void **state)
{
	static const char *const words = "new --directory keys --type both"
	    " --selector x --bits 1024 example.org";

	(void)state;
	expect("new --directory keys --type ed25519 --selector x-ed25519"
	    " example.org", 0, "pending");
	expect(words, 2, "x-ed25519.private: this key exists");
	expect("list --directory keys", 0, "x-ed25519");
	assert_null(strstr(buf_str(&out), "x-rsa"));
	assert_int_equal(unlink("keys/example.org/x-ed25519.private"), 0);
	/* its marker cannot be made */
	assert_int_equal(unlink("keys/example.org/x-ed25519.pending"), 0);
	assert_int_equal(symlink("/", "keys/example.org/x-ed25519.pending"),
	    0);
	expect(words, 2, "x-ed25519.pending: ");
	assert_int_equal(mode_of("keys/example.org/x-rsa.private"), 0);
	assert_int_equal(mode_of("keys/example.org/x-rsa.pending"), 0);
	unlink("keys/example.org/x-ed25519.pending");
	expect(words, 0, "x-ed25519._domainkey");
	assert_int_equal(mode_of("keys/example.org/x-rsa.private"), 0600);
	expect("list --directory keys", 0, "x-rsa");
}

/* A daemon that is not root reads keys as the group of the directory. */
static void
the_key_directory_says_who_reads(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir("keys", 0750), 0);
	assert_int_equal(chown("keys", 0, 12345), 0);
	umask(077);
	expect("new --directory keys --selector s --bits 1024 example.org", 0,
	    "");
	umask(022);
	assert_int_equal(mode_of("keys/example.org/s.private"), 0640);
	assert_int_equal(system("test $(stat -c %u:%g"
	    " keys/example.org/s.private) = 0:12345"), 0);
	assert_int_equal(system("test $(stat -c %g:%a keys/example.org) ="
	    " 12345:750"), 0);
	expect("list --directory keys", 0, "pending");
}

static void
a_name_too_long_for_the_dns_gets_no_key(void **state)
{
	char	words[320] = "new --directory keys --bits 1024 --selector s ";
	size_t	i;

	(void)state;
	for (i = 0; i < 120; i++)
		strcat(words, "d.");
	strcat(words, "example");	/* 247 octets, "s._domainkey." are 13 */
	expect(words, 2, "choose a shorter selector");
	assert_int_not_equal(system("ls keys/*/s.* 2>/dev/null"), 0);
}

static void
records_in_three_formats(void **state)
{
	(void)state;
	expect("new --directory keys --selector s example.org", 0, "");
	expect("dns --directory keys --format string example.org", 0,
	    "s._domainkey.example.org\nv=DKIM1; k=rsa; p=MII");
	expect("dns --directory keys --format nsupdate example.org", 0,
	    "update add s._domainkey.example.org. 3600 IN TXT \"v=DKIM1;");
	assert_non_null(strstr(buf_str(&out), "\nsend\n"));
	expect("dns --directory keys --json example.org", 0,
	    "[{\"name\":\"s._domainkey.example.org\",\"type\":\"TXT\","
	    "\"text\":\"v=DKIM1; k=rsa; p=");
	expect("dns --directory keys example.net", 1,
	    "example.net has no key");
}

static void
from_pending_to_deleted(void **state)
{
	(void)state;
	expect("new --directory keys --active --selector old --bits 1024"
	    " example.org", 0, "");
	expect("new --directory keys --selector new example.org", 0, "");
	publish("dns --directory keys example.org old");
	expect("check --directory keys --zone zone example.org", 1,
	    "new._domainkey.example.org (pending): missing");
	expect("check --directory keys --zone zone example.org old", 0,
	    "(active): published");
	expect("activate --directory keys --zone zone example.org", 1,
	    "still pending");
	assert_int_equal(access("keys/example.org/new.pending", F_OK), 0);

	publish("dns --directory keys example.org");
	expect("check --directory keys --zone zone example.org", 0,
	    "new._domainkey.example.org (pending): published");
	expect("activate --directory keys --zone zone example.org", 0,
	    "old of example.org: retired\nnew of example.org: active");
	expect("activate --directory keys --zone zone example.org", 1,
	    "example.org has no pending key");
	expect("list --directory keys", 0, "retired since 20");
	/* the record of a retired key may be missing */
	publish("dns --directory keys example.org");
	assert_null(strstr(buf_str(&out), "old._domainkey"));
	expect("check --directory keys --zone zone example.org", 0,
	    "old._domainkey.example.org (retired): missing");

	expect("prune --directory keys", 0, "");
	assert_int_equal(access("keys/example.org/old.private", F_OK), 0);
	expect("prune --directory keys --keep 0", 0,
	    "remove the record of old._domainkey.example.org");
	assert_int_not_equal(access("keys/example.org/old.private", F_OK), 0);
	assert_int_not_equal(access("keys/example.org/old.retired", F_OK), 0);
	assert_int_equal(access("keys/example.org/new.private", F_OK), 0);

	expect("retire --directory keys example.org new", 0, "");
	expect("retire --directory keys example.org new", 1, "already");
	expect("retire --directory keys example.org other", 1,
	    "no key with selector other");
}

static void
check_says_what_is_wrong(void **state)
{
	(void)state;
	expect("new --directory keys --active --selector s --bits 1024"
	    " example.org", 0, "");
	publish("dns --directory keys example.org");
	assert_int_equal(unlink("keys/example.org/s.private"), 0);
	expect("new --directory keys --active --selector s --bits 1024"
	    " example.org", 0, "");
	expect("check --directory keys --zone zone example.org", 1,
	    "different: the record holds another key");
	expect("check --directory keys --zone zone --json example.org", 1,
	    "\"dns\":\"different\",\"why\":\"the record holds another key\"");
	expect("check --directory keys --zone zone example.net", 1,
	    "example.net has no key");
	expect("check --directory keys --zone nowhere example.org", 2,
	    "nowhere");
	assert_int_equal(chmod("keys/example.org/s.private", 0644), 0);
	expect("check --directory keys --zone zone example.org", 2,
	    "chmod 0640");
	expect("list --directory keys", 1, "unusable: ");
}

static void
the_configuration_names_the_directory(void **state)
{
	FILE *f = fopen("millgate.conf", "w");

	(void)state;
	assert_non_null(f);
	fprintf(f, "signing { key-directory = \"%s/keys\" }\n", top);
	fclose(f);
	expect("new --selector s --bits 1024 example.org", 0, "s._domainkey");
	expect("list", 0, "pending");
	f = fopen("millgate.conf", "w");
	assert_non_null(f);
	fprintf(f, "signing { key-table = \"%s/kt\" signing-table ="
	    " \"refile:%s/st\" }\n", top, top);
	fclose(f);
	assert_int_equal(system("echo 'k example.org:t:./keys/example.org/"
	    "s.private' >kt; echo '*@example.org k' >st"), 0);
	expect("list", 0, "example.org                  t ");
	expect("dns example.org", 0, "t._domainkey.example.org.");
	expect("new example.org", 2, "--directory");
	assert_int_equal(unlink("millgate.conf"), 0);
	expect("list", 2, "millgate.conf");
}

static void
usage_is_explained(void **state)
{
	static const char *const bad[] = { "", "frob", "new", "dns",
		"retire example.org", "list a b", "new --type dsa example.org",
		"new --bits 512 example.org", "new --bits 2048x example.org",
		"new --selector a..b example.org", "new -x example.org",
		"list --format xml", "new not_a..domain", "check a -- b c" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++)
		expect(bad[i], 2, "");
	expect("--help", 0, "usage: ");
	expect("new --type dsa example.org", 2,
	    "--type takes rsa, ed25519 or both, not \"dsa\"");
	expect("new --bits 512 example.org", 2,
	    "--bits takes a number from 1024 to 8192, not \"512\"");
	assert_int_not_equal(access("keys", F_OK), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_new_key_is_pending_and_private,
		    fresh),
		cmocka_unit_test_setup(dated_selectors_do_not_collide, fresh),
		cmocka_unit_test_setup(both_keys_are_made_or_none, fresh),
		cmocka_unit_test_setup(the_key_directory_says_who_reads,
		    fresh),
		cmocka_unit_test_setup(a_name_too_long_for_the_dns_gets_no_key,
		    fresh),
		cmocka_unit_test_setup(records_in_three_formats, fresh),
		cmocka_unit_test_setup(from_pending_to_deleted, fresh),
		cmocka_unit_test_setup(check_says_what_is_wrong, fresh),
		cmocka_unit_test_setup(the_configuration_names_the_directory,
		    fresh),
		cmocka_unit_test_setup(usage_is_explained, fresh),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
