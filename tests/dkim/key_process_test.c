/*
 * key_process: keys are loaded and sign in another process; messages that are
 * wrong, in either direction; a process that has ended
 */
#include "test.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "dkim/key_process_priv.h"
#include "dkim/keydir.h"
#include "key_process_site.h"

/* --- messages -------------------------------------------------------------- */

static struct keymsg *
message(enum keymsg_type type, uint32_t n)
{
	struct keymsg *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->head = (struct keymsg_head){ type, n };
	return m;
}

static bool
request_is_good(struct keymsg *m)
{
	size_t	size = keymsg_size(&m->head);
	bool	good = keymsg_is_request(m, size);

	/* one octet more or less is another message */
	assert_false(keymsg_is_request(m, size + 1));
	assert_false(size > 0 && keymsg_is_request(m, size - 1));
	free(m);
	return good;
}

static void
requests_are_checked(void **state)
{
	struct keymsg	*m;
	uint32_t	 type;

	(void)state;
	assert_false(keymsg_is_request(m = message(KEYMSG_SIGN, 1), 0));
	free(m);
	for (type = 0; type <= KEYMSG_ROW + 1; type++)
		if (type != KEYMSG_PARSE && type != KEYMSG_CHECK)
			assert_false(request_is_good(message(type, 0)));
	assert_true(request_is_good(message(KEYMSG_SIGN, 1)));
	assert_true(request_is_good(message(KEYMSG_SIGN, KEYMSG_SIGN_MAX)));
	assert_false(request_is_good(message(KEYMSG_SIGN,
	    KEYMSG_SIGN_MAX + 1)));
	assert_false(request_is_good(message(KEYMSG_SIGN, UINT32_MAX)));
	assert_true(request_is_good(message(KEYMSG_FORGET,
	    KEYMSG_FORGET_MAX)));
	assert_false(request_is_good(message(KEYMSG_FORGET,
	    KEYMSG_FORGET_MAX + 1)));
	assert_false(request_is_good(message(KEYMSG_SIGNED, 1)));
	m = message(KEYMSG_LOAD, 0);
	memset(m->path, 'x', KEYMSG_PATH_MAX - 1);
	assert_true(request_is_good(m));
	m = message(KEYMSG_LOAD, 0);
	memset(m->path, 'x', KEYMSG_PATH_MAX);
	assert_false(request_is_good(m));
	m = message(KEYMSG_LOAD, 0);	/* octets behind the text */
	strcpy(m->path, "/a");
	m->path[KEYMSG_PATH_MAX - 1] = 'b';
	assert_false(request_is_good(m));
	m = message(KEYMSG_LOAD, 1);
	strcpy(m->path, "/a");
	assert_false(request_is_good(m));
	m = message(KEYMSG_PARSE, 0);
	memset(m->text, 'x', KEYMSG_TEXT_MAX);
	assert_false(request_is_good(m));
}

static struct keymsg *
rows_request(uint32_t known, const char *domain)
{
	struct keymsg *m = message(KEYMSG_ROWS, 0);

	m->rows.known = known;
	strcpy(m->rows.domain, domain);
	return m;
}

static void
questions_are_checked(void **state)
{
	struct keymsg *m;

	(void)state;
	assert_true(request_is_good(message(KEYMSG_CHECK, 0)));
	assert_false(request_is_good(message(KEYMSG_CHECK, 1)));
	assert_true(request_is_good(rows_request(0, "a_1.xn--b-1.example")));
	assert_true(request_is_good(rows_request(1, "example")));
	assert_false(request_is_good(rows_request(2, "example")));
	assert_false(request_is_good(rows_request(0, "")));
	assert_false(request_is_good(rows_request(0, "A.example")));
	assert_false(request_is_good(rows_request(0, "a'b.example")));
	m = rows_request(0, "");
	memset(m->rows.domain, 'a', sizeof(m->rows.domain));
	assert_false(request_is_good(m));
}

static bool
answer_is_good(struct keymsg *m, enum keymsg_type asked, uint32_t n)
{
	struct keymsg	*request = message(asked, n);
	size_t		 size = keymsg_size(&m->head);
	bool		 good = keymsg_is_answer(m, size, request);

	assert_false(keymsg_is_answer(m, size + 1, request));
	free(request);
	free(m);
	return good;
}

static struct keymsg *
key_answer(enum crypto_type type, unsigned bits, const char *public)
{
	struct keymsg *m = message(KEYMSG_KEY, 0);

	m->key.type = type;
	m->key.bits = bits;
	strcpy(m->key.public, public);
	return m;
}

static struct keymsg *
why_answer(const char *why)
{
	struct keymsg *m = message(KEYMSG_WHY, 0);

	strcpy(m->why, why);
	return m;
}

static void
answers_are_checked(void **state)
{
	struct keymsg *m;

	(void)state;
	assert_true(answer_is_good(message(KEYMSG_SIGNED, 2), KEYMSG_SIGN, 2));
	assert_false(answer_is_good(message(KEYMSG_SIGNED, 1), KEYMSG_SIGN,
	    2));
	assert_false(answer_is_good(message(KEYMSG_SIGNED, 1), KEYMSG_LOAD,
	    0));
	m = message(KEYMSG_SIGNED, 2);
	m->signature[1].len = CRYPTO_SIGNATURE_MAX;
	assert_true(answer_is_good(m, KEYMSG_SIGN, 2));
	m = message(KEYMSG_SIGNED, 2);
	m->signature[1].len = CRYPTO_SIGNATURE_MAX + 1;
	assert_false(answer_is_good(m, KEYMSG_SIGN, 2));
	assert_true(answer_is_good(message(KEYMSG_DONE, 0), KEYMSG_FORGET, 1));
	assert_false(answer_is_good(message(KEYMSG_DONE, 0), KEYMSG_SIGN, 1));
	assert_true(answer_is_good(key_answer(CRYPTO_RSA, 2048, "AAAA"),
	    KEYMSG_LOAD, 0));
	assert_true(answer_is_good(key_answer(CRYPTO_ED25519, 256, "AA=="),
	    KEYMSG_PARSE, 0));
	assert_false(answer_is_good(key_answer(CRYPTO_RSA, 2048, "AAAA"),
	    KEYMSG_SIGN, 1));
	assert_false(answer_is_good(key_answer(CRYPTO_RSA, 1023, "AAAA"),
	    KEYMSG_LOAD, 0));
	assert_false(answer_is_good(key_answer(CRYPTO_RSA, 8193, "AAAA"),
	    KEYMSG_LOAD, 0));
	assert_false(answer_is_good(key_answer(2, 2048, "AAAA"), KEYMSG_LOAD,
	    0));
	assert_false(answer_is_good(key_answer(CRYPTO_RSA, 2048, ""),
	    KEYMSG_LOAD, 0));
	assert_false(answer_is_good(key_answer(CRYPTO_RSA, 2048, "AA\n="),
	    KEYMSG_LOAD, 0));
	assert_false(answer_is_good(key_answer(CRYPTO_RSA, 2048, "AAAAA"),
	    KEYMSG_LOAD, 0));
	m = key_answer(CRYPTO_RSA, 2048, "");
	memset(m->key.public, 'A', sizeof(m->key.public));
	assert_false(answer_is_good(m, KEYMSG_LOAD, 0));
	assert_true(answer_is_good(why_answer("no: a\nb"), KEYMSG_LOAD, 0));
	assert_false(answer_is_good(why_answer("\033[2J"), KEYMSG_LOAD, 0));
	assert_false(answer_is_good(why_answer("no"), KEYMSG_FORGET, 1));
	assert_false(answer_is_good(message(KEYMSG_LOAD, 0), KEYMSG_LOAD, 0));
}

static struct keymsg *
found_answer(enum keyrows_result result, uint32_t n)
{
	struct keymsg *m = message(KEYMSG_FOUND, 0);

	m->found.result = result;
	m->found.n = n;
	strcpy(m->found.server, "db.example:5432");
	return m;
}

static struct keymsg *
row_answer(const char *domain, const char *selector, const char *why)
{
	struct keymsg *m = message(KEYMSG_ROW, 0);

	m->row.key.type = CRYPTO_RSA;
	m->row.key.bits = 2048;
	strcpy(m->row.key.public, "AAAA");
	strcpy(m->row.domain, domain);
	strcpy(m->row.selector, selector);
	strcpy(m->row.why, why);
	return m;
}

static bool
is_row(struct keymsg *m)
{
	return answer_is_good(m, KEYMSG_ROWS, 0);
}

static void
found_keys_are_checked(void **state)
{
	struct keymsg *m;

	(void)state;
	assert_true(is_row(found_answer(KEYROWS_READ, 0)));
	assert_true(is_row(found_answer(KEYROWS_READ, KEYBASE_ROWS)));
	assert_false(is_row(found_answer(KEYROWS_READ, KEYBASE_ROWS + 1)));
	assert_false(is_row(found_answer(KEYROWS_SAME, 1)));
	assert_true(is_row(found_answer(KEYROWS_FAILED, 0)));
	assert_false(is_row(found_answer(KEYROWS_FAILED + 1, 0)));
	assert_false(answer_is_good(found_answer(KEYROWS_READ, 0),
	    KEYMSG_LOAD, 0));
	m = found_answer(KEYROWS_FAILED, 0);
	strcpy(m->found.why, "\033[2J");
	assert_false(is_row(m));
	m = found_answer(KEYROWS_READ, 0);
	memset(m->found.server, 'a', sizeof(m->found.server));
	assert_false(is_row(m));
}

static void
rows_are_checked(void **state)
{
	struct keymsg *m;

	(void)state;
	assert_true(is_row(row_answer("a.example", "s1", "")));
	assert_false(answer_is_good(row_answer("a.example", "s1", ""),
	    KEYMSG_PARSE, 0));
	assert_false(is_row(row_answer("", "s1", "")));
	assert_false(is_row(row_answer("a.example", "", "")));
	assert_true(is_row(row_answer("", "", "column key is empty")));
	assert_false(is_row(row_answer("a.example", "s1 ", "")));
	assert_false(is_row(row_answer("a.example;", "s1", "")));
	m = row_answer("a.example", "s1", "");
	m->row.key.bits = 100;
	assert_false(is_row(m));
	m = row_answer("a.example", "s1", "no key");
	m->row.state = KEY_RETIRED + 1;
	assert_false(is_row(m));
	m = row_answer("a.example", "s1", "");
	strcpy(m->row.path, "/a\nb\033");
	assert_false(is_row(m));
}

/* --- what the key process answers ------------------------------------------ */

static void
numbers_are_looked_up(void **state)
{
	struct key_server	*s = key_server_new(NULL);
	struct keymsg		*m = message(KEYMSG_LOAD, 0);
	struct keymsg		*answer = message(0, 0);
	struct crypto_key	*key;
	uint32_t		 id;
	char			 path[128];

	(void)state;
	key = key_in_file(CRYPTO_ED25519, "numbers", path);
	crypto_key_free(&key);
	strcpy(m->path, path);
	assert_true(key_server_answer(s, m, answer));
	assert_int_equal(answer->head.type, KEYMSG_KEY);
	id = answer->key.id;
	memset(m, 0, sizeof(*m));
	m->head = (struct keymsg_head){ KEYMSG_SIGN, 2 };
	m->ask[0].id = m->ask[1].id = id;
	assert_true(key_server_answer(s, m, answer));
	assert_int_equal(answer->signature[1].len, 64);
	m->ask[1].id = id + 1;
	assert_false(key_server_answer(s, m, answer));
	m->head = (struct keymsg_head){ KEYMSG_FORGET, 1 };
	m->id[0] = UINT32_MAX;
	assert_false(key_server_answer(s, m, answer));
	m->id[0] = id;
	assert_true(key_server_answer(s, m, answer));
	assert_false(key_server_answer(s, m, answer));	/* it is gone */
	m->head = (struct keymsg_head){ KEYMSG_SIGN, 1 };
	m->ask[0].id = id;
	assert_false(key_server_answer(s, m, answer));
	key_server_free(&s);
	free(m);
	free(answer);
}

/* --- two processes ---------------------------------------------------------- */

static int
serve_keys(const struct key_channels *c)
{
	return key_process_serve(c, NULL);
}

/* A key of this process, and what the key process has loaded from its file. */
struct pair {
	struct crypto_key	*here, *there;
	char			 path[128];
};

static struct crypto_key *
load(const char *path)
{
	struct buf		 why = BUF_INIT;
	struct crypto_key	*key = keyfile_load(path, &why);

	assert_non_null(key);
	return key;
}

static struct pair
make_pair(enum crypto_type type)
{
	struct pair k;

	k.here = key_in_file(type, type == CRYPTO_RSA ? "rsa" : "ed", k.path);
	k.there = load(k.path);
	return k;
}

static void
free_pair(struct pair *k)
{
	crypto_key_free(&k->here);
	crypto_key_free(&k->there);
}

/* Does the other key sign as this one? Its parts of the record, too. */
static void
assert_same_key(struct crypto_key *a, struct crypto_key *b)
{
	unsigned char	 digest[CRYPTO_SHA256_LEN] = "a digest";
	unsigned char	 one[CRYPTO_SIGNATURE_MAX];
	unsigned char	 other[CRYPTO_SIGNATURE_MAX];
	struct buf	 p = BUF_INIT, q = BUF_INIT;
	const char	*why;
	size_t		 len = crypto_sign(a, digest, one, &why);

	assert_int_not_equal(len, 0);
	assert_int_equal(crypto_sign(b, digest, other, &why), len);
	assert_memory_equal(one, other, len);
	assert_true(crypto_key_public(a, &p) && crypto_key_public(b, &q));
	assert_string_equal(buf_str(&p), buf_str(&q));
	assert_int_equal(crypto_key_bits(a), crypto_key_bits(b));
	assert_string_equal(crypto_algorithm(a), crypto_algorithm(b));
	buf_free(&p);
	buf_free(&q);
}

static void
keys_sign_in_the_process(void **state)
{
	struct process		 p = start(serve_keys, 0);
	struct pair		 k[2];
	struct crypto_job	 job[20];
	struct buf		 pem = BUF_INIT;
	const char		*wrong;
	unsigned char		 want[CRYPTO_SIGNATURE_MAX];
	size_t			 i;

	(void)state;
	k[0] = make_pair(CRYPTO_RSA);
	k[1] = make_pair(CRYPTO_ED25519);
	for (i = 0; i < 2; i++)
		assert_same_key(k[i].here, k[i].there);
	/* more than one request has room for, of both sides */
	for (i = 0; i < NELEM(job); i++) {
		memset(&job[i], (int)i, sizeof(job[i]));
		job[i].key = i % 7 == 3 ? k[i % 2].here : k[i % 2].there;
	}
	assert_true(crypto_sign_all(job, NELEM(job), &wrong));
	for (i = 0; i < NELEM(job); i++) {
		assert_int_equal(job[i].len, crypto_sign(k[i % 2].here,
		    job[i].digest, want, &wrong));
		assert_memory_equal(job[i].signature, want, job[i].len);
	}
	assert_false(crypto_key_pem(k[0].there, &pem));	/* it is not here */
	for (i = 0; i < 2; i++)
		free_pair(&k[i]);
	assert_int_equal(failures, 0);
	assert_int_equal(end(&p), 0);
}

static void
errors_come_back(void **state)
{
	static const char	 control[] = "/nowhere/\001\033[2J";
	struct process		 p = start(serve_keys, 0);
	struct buf		 why = BUF_INIT;
	const char		*wrong;
	char			*longest = calloc(1, KEYMSG_PATH_MAX + 1);

	(void)state;
	assert_null(keyfile_load("/nowhere/key", &why));
	assert_non_null(strstr(buf_str(&why), "/nowhere/key: No such file"));
	buf_reset(&why);
	assert_null(keyfile_load(control, &why));
	assert_non_null(strstr(buf_str(&why), "/nowhere/??[2J: No such"));
	buf_reset(&why);
	memset(longest, 'x', KEYMSG_PATH_MAX);
	assert_null(keyfile_load(longest, &why));
	assert_non_null(strstr(buf_str(&why), "the path is too long"));
	assert_null(crypto_key_parse("AAAA", 4, &wrong));
	assert_non_null(strstr(wrong, "damaged"));
	assert_null(crypto_key_parse("A\0A", 3, &wrong));
	assert_int_equal(failures, 0);
	assert_int_equal(end(&p), 0);
	buf_free(&why);
	free(longest);
}

/* Keys that are not used are forgotten: numbers do not grow for ever. */
static void
keys_are_forgotten(void **state)
{
	struct process		 p = start(serve_keys, 0);
	struct pair		 k;
	size_t			 i;

	(void)state;
	k = make_pair(CRYPTO_ED25519);
	for (i = 0; i < 3 * KEYMSG_FORGET_MAX; i++) {
		crypto_key_free(&k.there);
		k.there = load(k.path);
		if (i % 100 == 0)
			assert_same_key(k.here, k.there);
	}
	free_pair(&k);
	assert_int_equal(failures, 0);
	assert_int_equal(end(&p), 0);
}

#define THREADS	8

static struct crypto_key *shared[2];

static void *
sign_often(void *arg)
{
	struct crypto_job	 job[2];
	const char		*why;
	intptr_t		 n = 0;
	int			 i;

	for (i = 0; i < 50; i++) {
		memset(job, (int)(intptr_t)arg + i, sizeof(job));
		job[0].key = shared[0];
		job[1].key = shared[1];
		n += crypto_sign_all(job, 2, &why) && job[0].len == 256 &&
		    job[1].len == 64;
	}
	return (void *)n;
}

/* There are more threads than channels. */
static void
threads_share_the_channels(void **state)
{
	struct process		 p = start(serve_keys, 0);
	struct pair		 k[2];
	pthread_t		 thread[THREADS];
	void			*n;
	intptr_t		 i;

	(void)state;
	k[0] = make_pair(CRYPTO_RSA);
	k[1] = make_pair(CRYPTO_ED25519);
	for (i = 0; i < 2; i++)
		shared[i] = k[i].there;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sign_often,
		    (void *)i), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &n);
		assert_int_equal((intptr_t)n, 50);
	}
	for (i = 0; i < 2; i++)
		free_pair(&k[i]);
	assert_int_equal(failures, 0);
	assert_int_equal(end(&p), 0);
}

/* --- when something is wrong ------------------------------------------------- */

static void
assert_cannot_sign(struct crypto_key *key)
{
	unsigned char	 digest[CRYPTO_SHA256_LEN] = "x";
	unsigned char	 signature[CRYPTO_SIGNATURE_MAX];
	const char	*why = NULL;

	assert_int_equal(crypto_sign(key, digest, signature, &why), 0);
	assert_non_null(strstr(why, "key process"));
}

static void
a_process_that_has_ended_cannot_sign(void **state)
{
	struct process		 p = start(serve_keys, 0);
	struct pair		 k;
	struct buf		 why = BUF_INIT;
	int			 status;

	(void)state;
	k = make_pair(CRYPTO_ED25519);
	kill(p.pid, SIGKILL);
	waitpid(p.pid, &status, 0);
	assert_cannot_sign(k.there);
	assert_cannot_sign(k.there);
	assert_int_equal(failures, 1);
	assert_null(keyfile_load(k.path, &why));
	assert_non_null(strstr(buf_str(&why), "does not answer"));
	key_process_lost();		/* that is known */
	assert_int_equal(failures, 1);
	free_pair(&k);
	key_channels_close(&p.ours);
	buf_free(&why);
}

static void
a_wrong_request_ends_the_process(void **state)
{
	struct process	 p = start(serve_keys, 0);
	struct keymsg	*m = message(KEYMSG_SIGN, 1);

	(void)state;
	m->ask[0].id = 77;		/* there is no such key */
	assert_true(send(p.ours.signer[0], m, keymsg_size(&m->head), 0) > 0);
	assert_int_equal(recv(p.ours.signer[0], m, sizeof(*m), 0), 0);
	assert_int_equal(end(&p), 1);
	p = start(serve_keys, 0);
	assert_int_equal(send(p.ours.signer[1], "hello", 5, 0), 5);
	assert_int_equal(recv(p.ours.signer[1], m, sizeof(*m), 0), 0);
	assert_int_equal(end(&p), 1);
	free(m);
}

/* The descriptor of a channel with a request. */
static int
next_request(const struct key_channels *c)
{
	struct pollfd	at[KEY_PROCESS_SIGNERS];
	size_t		i, n = 0;

	for (i = 0; i < c->nsigners; i++)
		at[n++] = (struct pollfd){ c->signer[i], POLLIN, 0 };
	poll(at, n, -1);
	for (i = 0; i < n - 1 && at[i].revents == 0; i++)
		;
	return at[i].fd;
}

/* As the key process, but signatures are too long. */
static int
serve_wrongly(const struct key_channels *c)
{
	struct key_server	*s = key_server_new(NULL);
	struct keymsg		*m = message(0, 0), *answer = message(0, 0);
	int			 fd, i;

	key_process_use(NULL, NULL);
	for (i = 0; i < 2; i++) {
		fd = next_request(c);
		if (recv(fd, m, sizeof(*m), 0) <= 0 ||
		    !key_server_answer(s, m, answer))
			return 1;
		if (i == 1)
			answer->signature[0].len = CRYPTO_SIGNATURE_MAX + 1;
		send(fd, answer, keymsg_size(&answer->head), 0);
	}
	return 0;
}

static void
a_wrong_answer_is_not_used(void **state)
{
	struct process		 p = start(serve_wrongly, 0);
	struct pair		 k;

	(void)state;
	k = make_pair(CRYPTO_ED25519);
	assert_cannot_sign(k.there);
	assert_int_equal(failures, 1);
	free_pair(&k);
	assert_int_equal(end(&p), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_checked),
		cmocka_unit_test(questions_are_checked),
		cmocka_unit_test(answers_are_checked),
		cmocka_unit_test(found_keys_are_checked),
		cmocka_unit_test(rows_are_checked),
		cmocka_unit_test(numbers_are_looked_up),
		cmocka_unit_test(keys_sign_in_the_process),
		cmocka_unit_test(errors_come_back),
		cmocka_unit_test(keys_are_forgotten),
		cmocka_unit_test(threads_share_the_channels),
		cmocka_unit_test(a_process_that_has_ended_cannot_sign),
		cmocka_unit_test(a_wrong_request_ends_the_process),
		cmocka_unit_test(a_wrong_answer_is_not_used),
	};

	return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
