/*
 * millgatectl: key list, user explain, check and doctor say the same of a
 * pending key as the daemon does, from the state and without a daemon.
 */
#include "test.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/keydir.h"
#include "dkim/keyseen.h"
#include "store/store.h"
#include "store/store_keys.h"
#include "store/store_one.h"

#define NOW	1789992000	/* 2026-09-21 12:00:00 UTC */

static char		 top[] = "/tmp/ctl_pending_test.XXXXXX";
static struct buf	 out;		/* of the last command */

/* Run millgatectl; both outputs are in `out`. */
static int
run(const char *words)
{
	const char	*build = getenv("MILLGATE_BUILD");
	char		 command[512], chunk[4096];
	size_t		 n;
	FILE		*f;

	snprintf(command, sizeof(command), "'%s/millgatectl' -c millgate.conf "
	    "%s 2>&1", build != NULL ? build : ".", words);
	f = popen(command, "r");
	assert_non_null(f);
	buf_reset(&out);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&out, chunk, n);
	return WEXITSTATUS(pclose(f));
}

static void
expect(const char *words, int status, const char *text)
{
	int got = run(words);

	if (got != status || strstr(buf_str(&out), text) == NULL)
		row_fail(words, "status %d, not \"%s\" in: %s", got, text,
		    buf_str(&out));
}

static void
expect_not(const char *words, const char *text)
{
	run(words);
	if (strstr(buf_str(&out), text) != NULL)
		row_fail(words, "\"%s\" in: %s", text, buf_str(&out));
}

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int
set_up(void **state)
{
	char text[512];

	(void)state;
	if (mkdtemp(top) == NULL || chdir(top) != 0)
		return -1;
	snprintf(text, sizeof(text), "state = \"%s/state.db\"\n"
	    "control-socket = none\n"
	    "signing { key-directory = \"%s/keys\" }\n"
	    "listener s { daemon-ports = {587} direction = submission\n"
	    "    require-tls = no }\n"
	    "user any { senders = {\"*\"} }\n", top, top);
	write_text("millgate.conf", text);
	write_text("zone", "");
	write_text("sendmail.cf", "");
	write_text("m", "From: a@example.org\n\nHello.\n");
	return run("key new --type ed25519 --selector s1 example.org");
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

/* What the daemon does when it has seen the record of the key. */
static void
see(const char *selector)
{
	struct arena		*a = arena_new(0);
	struct buf		 b = BUF_INIT;
	struct store_key	 key;
	struct crypto_key	*file;
	struct store		*s;
	char			*why = NULL, error[STORE_ERROR];

	file = keyfile_load(arena_printf(a, "keys/example.org/%s.private",
	    selector), &b);
	assert_non_null(file);
	key.name = keyseen_name(a, "example.org", selector, file);
	s = store_open(arena_printf(a, "%s/state.db", top), &why);
	if (s == NULL)
		fail_msg("%s", why);
	assert_int_equal(store_keys_note(s, &key, 1, NOW, error),
	    STORE_TAKEN);
	store_close(&s);
	crypto_key_free(&file);
	arena_free(&a);
	buf_free(&b);
}

#define EXPLAIN	"user explain a@example.org"
#define DOCTOR	"doctor --sendmail sendmail.cf"
#define CHECK	"check --zone zone --port 587 --tls TLSv1.3 " \
		"--login a@example.org --from a@example.org " \
		"--rcpt b@example.net m"

static void
without_a_state_no_pending_key_signs(void **state)
{
	static const char *const commands[] = { "key list", EXPLAIN, CHECK };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(commands); i++) {
		expect(commands[i], 0, "state.db: does not exist; ");
		expect(commands[i], 0, "which pending keys were seen");
	}
}

static void
all_agree_that_a_key_is_pending(void **state)
{
	struct store	*s;
	char		*why = NULL;

	(void)state;
	s = store_open("state.db", &why);
	if (s == NULL)
		fail_msg("%s", why);
	store_close(&s);
	expect("key list", 0, " pending since 20");
	expect_not("key list", "signs since");
	expect(EXPLAIN, 0, "signed by      no key\n"
	    "pending keys   example.org/s1 (ed25519-sha256)\n");
	expect(EXPLAIN " --json", 0, "\"keys\":[],\"pending-keys\":"
	    "[\"example.org/s1 (ed25519-sha256)\"]");
	expect("user explain any", 0, "pending keys   example.org/s1 ");
	expect(CHECK, 0, "unsigned=\"key pending\"");
	expect(CHECK, 0, "event=key-pending domain=example.org");
	/* status 1: there is advice */
	expect(DOCTOR, 1, ". example.org: mail is not signed: the record of "
	    "the domain's only key was never seen in the DNS "
	    "[key-pending]\n    millgatectl key dns DOMAIN; ");
}

static void
all_agree_that_a_key_was_seen(void **state)
{
	(void)state;
	see("s1");
	expect("key list", 0, ", signs since 2026-09-21");
	expect("key list --json", 0, "\"signs-since\":\"2026-09-21\"");
	expect(EXPLAIN, 0, "signed by      example.org/s1 (ed25519-sha256)\n");
	expect_not(EXPLAIN, "pending keys");
	expect("user explain any", 0, "signed by      example.org/s1 ");
	expect(CHECK, 0, "\ninsert DKIM-Signature:");
	expect(CHECK, 0, " signed=1");
	expect_not(DOCTOR, "key-pending");
	/* without the configuration there is no state */
	expect_not("key list --directory keys", "signs since");
}

/* The key that signs is the one that has replaced the older. */
static void
an_older_key_is_replaced(void **state)
{
	(void)state;
	assert_int_equal(run("key new --active --type ed25519 --selector a0 "
	    "example.org"), 0);
	expect("key list", 0, " active, replaced by s1\n");
	expect("key list --json", 0, "\"replaced-by\":\"s1\"");
	expect(EXPLAIN, 0, "signed by      example.org/s1 (ed25519-sha256)\n");
	expect("user explain any", 0,
	    "signed by      example.org/s1 (ed25519-sha256)\n");
	expect(CHECK, 0, "\n\ts=s1;");
}

/* A new host has hundreds of them: the advice stays short. */
static void
doctor_shows_twenty_domains(void **state)
{
	char	command[96];
	int	i;

	(void)state;
	for (i = 1; i <= 23; i++) {
		snprintf(command, sizeof(command), "key new --type ed25519 "
		    "--selector s%d d%02d.example", i, i);
		assert_int_equal(run(command), 0);
	}
	expect(DOCTOR, 1, "d19.example, d20.example, and 3 more: mail is not "
	    "signed: ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_state_no_pending_key_signs),
		cmocka_unit_test(all_agree_that_a_key_is_pending),
		cmocka_unit_test(all_agree_that_a_key_was_seen),
		cmocka_unit_test(an_older_key_is_replaced),
		cmocka_unit_test(doctor_shows_twenty_domains),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
