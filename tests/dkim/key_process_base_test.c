/*
 * key_process_base: keys of keys-database are found, kept and used through the
 * key process, which alone asks an SQLite file
 */
#include "test.h"

#include <pthread.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/buf.h"
#include "directory/sqlite_file.h"
#include "dkim/dkim_sign.h"
#include "dkim/key_process_priv.h"
#include "dkim/keybase_priv.h"
#include "dkim/keyring.h"
#include "key_process_site.h"

#define THREADS	40

static char		 database[128];
static struct arena	*arena;
static struct keyring	*no_files;
static struct keybase_place place = { .database = database,
	.query = "SELECT selector, key, state FROM keys WHERE domain = ?1",
	.timeout = 5000, .cache = 60000, .stale = 3600000 };

static int
serve_base(const struct key_channels *c)
{
	return key_process_serve(c, &place);
}

static int
serve_no_base(const struct key_channels *c)
{
	return key_process_serve(c, NULL);
}

static void
new_database(void)
{
	unlink(database);
	sqlite_file_run(database, "CREATE TABLE keys (domain, selector, key, "
	    "state)");
}

static void
add_row(const char *domain, const char *selector, const char *key,
    const char *state)
{
	char *sql = sqlite3_mprintf("INSERT INTO keys VALUES (%Q, %Q, %Q, %Q)",
	    domain, selector, key, state);

	sqlite_file_run(database, sql);
	sqlite3_free(sql);
}

/* A row with the text of a new key, which is returned. */
static struct crypto_key *
add_key(const char *domain, const char *selector)
{
	const char		*why;
	struct crypto_key	*key = crypto_key_generate(CRYPTO_ED25519, 0,
				    &why);
	struct buf		 pem = BUF_INIT;

	assert_non_null(key);
	assert_true(crypto_key_pem(key, &pem));
	add_row(domain, selector, buf_str(&pem), NULL);
	buf_free(&pem);
	return key;
}

static struct keybase *
open_base(void)
{
	char		*why = NULL;
	struct keybase	*kb = keybase_new(&place, &why);

	assert_non_null(kb);
	assert_null(kb->source);
	return kb;
}

static struct keybase_reply
ask(struct keybase *kb, const char *domain, uint64_t now, struct arena *a)
{
	struct keybase_author who = { .ring = no_files, .base = kb,
		.rules = &sign_default_rules, .local = "x", .domain = domain,
		.now = now };

	return keybase_find_author(&who, a);
}

/* Does the key that the process found sign as this one? */
static void
assert_signs_as(const struct keybase_reply *r, struct crypto_key *key)
{
	unsigned char	 digest[CRYPTO_SHA256_LEN] = "a digest";
	unsigned char	 one[CRYPTO_SIGNATURE_MAX];
	unsigned char	 other[CRYPTO_SIGNATURE_MAX];
	const char	*why;
	size_t		 len = crypto_sign(key, digest, one, &why);

	assert_false(r->unknown);
	assert_int_equal(r->keys.n, 1);
	assert_int_equal(crypto_sign(r->keys.key[0]->pkey, digest, other,
	    &why), len);
	assert_int_not_equal(len, 0);
	assert_memory_equal(one, other, len);
}

static void
keys_of_rows_sign(void **state)
{
	struct process		 p;
	struct keybase		*kb;
	struct keybase_reply	 r;
	struct crypto_key	*key, *file;
	char			 path[128];

	(void)state;
	new_database();
	key = add_key("a.example", "s1");
	file = key_in_file(CRYPTO_ED25519, "b.private", path);
	add_row("b.example", "s2", path, "active");
	p = start(serve_base, place.timeout);
	kb = open_base();
	r = ask(kb, "a.example", 1, arena);
	assert_signs_as(&r, key);
	assert_string_equal(r.keys.key[0]->selector, "s1");
	assert_string_equal(r.keys.key[0]->domain, "a.example");
	keybase_release(&r.held);
	r = ask(kb, "b.example", 1, arena);
	assert_signs_as(&r, file);
	assert_string_equal(r.keys.key[0]->path, path);
	keybase_release(&r.held);
	r = ask(kb, "c.example", 1, arena);
	assert_int_equal(r.keys.n, 0);
	assert_false(r.unknown);
	keybase_free(&kb);
	crypto_key_free(&key);
	crypto_key_free(&file);
	assert_int_equal(failures, 0);
	assert_int_equal(end(&p), 0);
}

/* The same answer brings no key again; another one brings the new key. */
static void
an_answer_is_recognized(void **state)
{
	struct process		 p;
	struct keyrows		 k[3];
	struct crypto_key	*key, *next;
	struct arena		*a = arena_new(0);

	(void)state;
	new_database();
	key = add_key("a.example", "s1");
	p = start(serve_base, place.timeout);
	key_process_rows("a.example", NULL, &k[0], a);
	assert_int_equal(k[0].result, KEYROWS_READ);
	assert_int_equal(k[0].n, 1);
	assert_string_equal(k[0].server, database);
	key_process_rows("a.example", k[0].digest, &k[1], a);
	assert_int_equal(k[1].result, KEYROWS_SAME);
	assert_int_equal(k[1].n, 0);
	next = add_key("a.example", "s2");
	key_process_rows("a.example", k[0].digest, &k[2], a);
	assert_int_equal(k[2].result, KEYROWS_READ);
	assert_int_equal(k[2].n, 2);
	keyrows_free(&k[0]);
	keyrows_free(&k[2]);
	crypto_key_free(&key);
	crypto_key_free(&next);
	arena_free(&a);
	assert_int_equal(end(&p), 0);
}

static void
wrong_rows_say_why(void **state)
{
	struct process		 p;
	struct keybase		*kb;
	struct keybase_row	*row;
	struct crypto_key	*key;
	const char		*server, *why;
	int			 i, n;

	(void)state;
	new_database();
	add_row("a.example", "s1", "not a key", NULL);
	add_row("a.example", "s 2", "x", NULL);
	add_row("a.example", "s3", "/no/such\nfile", "pending");
	key = add_key("a.example", "s4");
	sqlite_file_run(database, "UPDATE keys SET state = 'retired' WHERE "
	    "selector = 's4'");
	p = start(serve_base, place.timeout);
	kb = open_base();
	n = keybase_list(kb, "a.example", &row, &server, &why, arena);
	assert_int_equal(n, 4);
	for (i = 0; i < n; i++)
		assert_string_equal(row[i].domain, "a.example");
	assert_null(row[0].key);
	assert_non_null(row[0].why);
	assert_null(strstr(row[0].why, "not a key"));
	assert_null(row[1].selector);
	assert_string_equal(row[1].why, "column selector must be letters, "
	    "digits and hyphens");
	assert_non_null(strstr(row[2].why, "No such file"));
	assert_int_equal(row[2].state, KEY_PENDING);
	assert_non_null(row[3].key);
	assert_int_equal(row[3].state, KEY_RETIRED);
	crypto_key_free(&row[3].key);
	crypto_key_free(&key);
	keybase_free(&kb);
	assert_int_equal(failures, 0);
	assert_int_equal(end(&p), 0);
}

static void
a_database_that_fails_says_why(void **state)
{
	struct process		 p;
	struct keybase		*kb;
	struct keybase_reply	 r;
	char			*why = NULL;
	int			 i;

	(void)state;
	new_database();
	for (i = 0; i <= (int)KEYBASE_ROWS; i++)
		add_row("many.example", "s", "x", NULL);
	p = start(serve_base, place.timeout);
	kb = open_base();
	assert_true(keybase_check(kb, &why));
	r = ask(kb, "many.example", 1, arena);
	assert_true(r.unknown);
	assert_non_null(strstr(r.why, "33 rows"));
	sqlite_file_run(database, "DROP TABLE keys");
	assert_false(keybase_check(kb, &why));
	assert_non_null(strstr(why, "keys-database: "));
	assert_non_null(strstr(why, "no such table"));
	free(why);
	r = ask(kb, "b.example", 1, arena);
	assert_true(r.unknown);
	assert_non_null(strstr(r.why, "no such table"));
	keybase_free(&kb);
	assert_int_equal(failures, 0);
	assert_int_equal(end(&p), 0);
}

/* A reload names a database, but the process was started without one. */
static void
a_process_without_a_database(void **state)
{
	struct process		 p = start(serve_no_base, 0);
	struct keybase		*kb = open_base();
	struct keybase_reply	 r = ask(kb, "a.example", 1, arena);
	char			*why = NULL;

	(void)state;
	assert_true(r.unknown);
	assert_non_null(strstr(r.why, KEY_SERVER_NO_BASE));
	assert_true(keybase_check(kb, &why));
	keybase_free(&kb);
	assert_int_equal(failures, 0);
	assert_int_equal(end(&p), 0);
}

/*
 * A reload: which keys go on, of the last start or of the new configuration?
 * `used`: with a key process.
 */
static void
expect_adopted(bool used, const struct keybase_place *next, bool old)
{
	struct process	 p = { 0 };
	struct keybase	*before, *after, *kept;
	char		*why = NULL;

	if (used)
		p = start(serve_base, place.timeout);
	before = keybase_new(&place, &why);
	after = next != NULL ? keybase_new(next, &why) : NULL;
	assert_non_null(before);
	kept = keybase_adopt(after, before);
	assert_ptr_equal(kept, old ? before : after);
	keybase_free(&kept);
	keybase_free(&before);
	if (used)
		assert_int_equal(end(&p), 0);
}

static void
a_reload_keeps_the_place_and_takes_the_times(void **state)
{
	struct keybase_place	same = place, times = place, other = place;
	bool			used;
	int			i;

	(void)state;
	new_database();
	times.cache = 1000;
	other.query = "SELECT selector, key FROM keys WHERE domain = ?1";
	for (i = 0; i < 2; i++) {
		used = i == 1;
		if (!used)
			key_process_use(NULL, NULL);
		expect_adopted(used, &same, true);
		expect_adopted(used, &times, false);
		expect_adopted(used, &other, used);
		expect_adopted(used, NULL, used);
	}
	assert_null(keybase_adopt(NULL, NULL));
}

/* --- many at the same time ----------------------------------------------- */

static struct keybase *shared_base;

static void *
ask_some(void *arg)
{
	struct arena		*a = arena_new(0);
	struct keybase_reply	 r;
	char			 domain[32];
	intptr_t		 i, n = 0;

	for (i = 0; i < 10; i++) {
		snprintf(domain, sizeof(domain), "d%d.example",
		    (int)(((intptr_t)arg + i) % 20));
		r = ask(shared_base, domain, 1, a);
		n += !r.unknown && r.keys.n == 1;
		keybase_release(&r.held);
	}
	arena_free(&a);
	return (void *)n;
}

/* There are more threads than channels and connections. */
static void
threads_ask_together(void **state)
{
	struct process		 p;
	struct crypto_key	*key;
	pthread_t		 thread[THREADS];
	char			 domain[32];
	void			*n;
	intptr_t		 i;

	(void)state;
	new_database();
	for (i = 0; i < 20; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", (int)i);
		key = add_key(domain, "s");
		crypto_key_free(&key);
	}
	p = start(serve_base, place.timeout);
	shared_base = open_base();
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, ask_some,
		    (void *)i), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &n);
		assert_int_equal((intptr_t)n, 10);
	}
	keybase_free(&shared_base);
	assert_int_equal(failures, 0);
	assert_int_equal(end(&p), 0);
}

/* --- a process that is wrong ------------------------------------------------ */

static void
send_message(int fd, const struct keymsg *m)
{
	send(fd, m, keymsg_size(&m->head), 0);
}

/* A row, after a message with this number of rows; 0: without it. */
static int
serve_a_row(const struct key_channels *c, uint32_t said)
{
	struct keymsg	*m = calloc(1, sizeof(*m));
	int		 fd = c->asker[c->naskers - 1];

	if (recv(fd, m, sizeof(*m), 0) <= 0)
		return 1;
	memset(m, 0, sizeof(*m));
	m->head.type = KEYMSG_FOUND;
	m->found.result = KEYROWS_READ;
	m->found.n = said;
	if (said > 0)
		send_message(fd, m);
	memset(m, 0, sizeof(*m));
	m->head.type = KEYMSG_ROW;
	strcpy(m->row.why, "a row");
	send_message(fd, m);
	free(m);
	return 0;
}

static int
serve_only_a_row(const struct key_channels *c)
{
	return serve_a_row(c, 0);
}

static int
serve_too_few(const struct key_channels *c)
{
	return serve_a_row(c, 2);
}

static void
wrong_answers_end_all(void **state)
{
	static int (*const	 serve[])(const struct key_channels *) = {
		serve_only_a_row, serve_too_few };
	struct process		 p;
	struct keyrows		 k;
	size_t			 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		p = start(serve[i], place.timeout);
		key_process_rows("a.example", NULL, &k, arena);
		assert_int_equal(k.result, KEYROWS_FAILED);
		assert_int_equal(k.n, 0);
		assert_string_equal(k.why, "the key process does not answer");
		assert_int_equal(failures, 1);
		assert_int_equal(end(&p), 0);
	}
}

static int
setup(void **state)
{
	int error = temp_dir_make(state);

	snprintf(database, sizeof(database), "%s/keys.db", temp_dir);
	arena = arena_new(0);
	no_files = keyring_empty();
	return error;
}

static int
teardown(void **state)
{
	keyring_free(&no_files);
	arena_free(&arena);
	return temp_dir_remove(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_rows_sign),
		cmocka_unit_test(an_answer_is_recognized),
		cmocka_unit_test(wrong_rows_say_why),
		cmocka_unit_test(a_database_that_fails_says_why),
		cmocka_unit_test(a_process_without_a_database),
		cmocka_unit_test(a_reload_keeps_the_place_and_takes_the_times),
		cmocka_unit_test(threads_ask_together),
		cmocka_unit_test(wrong_answers_end_all),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
