/*
 * keybase: rows become keys or are refused, what is kept and for how long, what
 * a failure changes, pending keys, many threads, and the bound of the memory
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "directory/directory.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keybase_priv.h"
#include "dkim/keyrecord.h"
#include "dns/resolver.h"
#include "store/store.h"
#include "store/store_priv.h"
#include "store/store_sqlite.h"
#include "store/store_test.h"

static struct buf	 rsa_pem, rsa2_pem, ed_pem, ed_record;
static struct arena	*arena;
static struct keyring	*no_files;

/* --- a database --------------------------------------------------------- */

struct fake_row {
	const char	*asked, *selector, *key, *state, *domain;
};

static struct {
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	const struct fake_row *row;
	bool		 away, blocked, any;	/* any: each domain has row 0 */
	unsigned	 delay;			/* microseconds */
	unsigned	 asked;
	char		 names[400];		/* asked, with blanks */
	const char	*column[5];
	const char	*extra;			/* a column more */
	unsigned	 repeat;
} db = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
	.column = { "Selector", "key", "state", "domain" } };

static void
add_cell(struct directory_reply *r, struct directory_cell *cell,
    const char *column, const char *value)
{
	if (column == NULL || value == NULL)
		return;
	cell[r->ncells].row = r->nrows;
	cell[r->ncells].column = column;
	cell[r->ncells++].value = value;
}

static void
add_row(struct directory_reply *r, struct directory_cell *cell,
    const struct fake_row *row, struct arena *a)
{
	add_cell(r, cell, "Selector", arena_strdup(a, row->selector));
	add_cell(r, cell, "key", arena_strdup(a, row->key));
	add_cell(r, cell, "state", arena_strdup(a, row->state));
	add_cell(r, cell, "domain", arena_strdup(a, row->domain));
	add_cell(r, cell, db.extra, "x");
	r->nrows++;
}

static struct directory_reply
fake_ask(void *arg, const char *domain, uint64_t now, struct arena *a)
{
	struct directory_reply	 r = { .result = DIRECTORY_NONE,
		.server = "fake" };
	struct directory_cell	*cell = arena_array(a, 500, sizeof(*cell));
	const struct fake_row	*row;
	unsigned		 i;

	(void)arg;
	(void)now;
	usleep(db.delay);
	pthread_mutex_lock(&db.lock);
	db.asked++;
	snprintf(db.names + strlen(db.names), sizeof(db.names) -
	    strlen(db.names), "%s ", domain);
	pthread_cond_broadcast(&db.changed);
	while (db.blocked)
		pthread_cond_wait(&db.changed, &db.lock);
	for (row = db.row; row != NULL && row->asked != NULL; row++)
		if (db.any || strcmp(row->asked, domain) == 0)
			for (i = 0; i <= db.repeat; i++)
				add_row(&r, cell, row, a);
	r.column = db.column;
	r.ncolumns = db.extra != NULL ? 5 : 4;
	db.column[4] = db.extra;
	if (db.away) {
		r.result = DIRECTORY_UNKNOWN;
		r.why = "the fake database is away";
	} else if (r.nrows > 0)
		r.result = DIRECTORY_FOUND;
	pthread_mutex_unlock(&db.lock);
	r.cell = cell;
	return r;
}

static const struct keybase_place place = { .database = "fake",
	.query = "q", .cache = 60000, .stale = 3600000 };

static struct keybase *
open_base(const struct fake_row *row)
{
	db.row = row;
	db.away = db.blocked = db.any = false;
	db.asked = db.delay = 0;
	db.names[0] = '\0';
	db.extra = NULL;
	db.repeat = 0;
	return keybase_new_with(&place, fake_ask, NULL);
}

/* --- questions ---------------------------------------------------------- */

static struct keybase_reply
ask(struct keybase *kb, struct store *s, const char *domain, uint64_t now)
{
	struct keybase_author who = { .ring = no_files, .base = kb,
		.store = s, .rules = &sign_default_rules, .local = "x",
		.domain = domain, .now = now };

	return keybase_find_author(&who, arena);
}

/* "SELECTOR/DOMAIN ..." of the keys; "-" none, "?" unknown, "(S)" pending. */
static const char *
words_of(const struct keybase_reply *r)
{
	struct buf	 b = BUF_INIT;
	const char	*text;
	size_t		 i;

	for (i = 0; i < r->keys.n; i++)
		buf_printf(&b, "%s%s/%s", i > 0 ? " " : "",
		    r->keys.key[i]->selector, r->keys.key[i]->domain);
	if (r->unknown)
		buf_addstr(&b, "?");
	else if (r->keys.n == 0 && r->pending != NULL)
		buf_printf(&b, "(%s)", r->pending->selector);
	else if (r->keys.n == 0)
		buf_addstr(&b, "-");
	if (r->keys.of_parent)
		buf_addstr(&b, " parent");
	if (r->stale)
		buf_addstr(&b, " stale");
	text = arena_strdup(arena, buf_str(&b));
	buf_free(&b);
	return text;
}

static void
expect(struct keybase *kb, const char *domain, uint64_t now,
    const char *want)
{
	struct keybase_reply r = ask(kb, NULL, domain, now);

	assert_string_equal(words_of(&r), want);
	keybase_release(&r.held);
}

/* --- rows --------------------------------------------------------------- */

static char	key_file[] = "/tmp/keybase_test.XXXXXX";

static void
rows_become_keys(void **state)
{
	char			 base64[64] = "/";
	const struct fake_row	 rows[] = {
		{ "a.example", "ed", ed_pem.data, NULL, NULL },
		{ "a.example", "s2", rsa2_pem.data, "Active", NULL },
		{ "a.example", "s1", rsa_pem.data, "", "" },
		{ "a.example", "gone", "-", "retired", NULL },
		{ "b.example", "file", key_file, NULL, "Other.EXAMPLE." },
		{ "c.example", "raw", base64, NULL, NULL },
		{ "d.example", "old", rsa_pem.data, "retired", NULL },
		{ NULL }
	};
	struct keybase		*kb = open_base(rows);
	struct keybase_reply	 r;
	unsigned char		 digest[CRYPTO_SHA256_LEN] = { 0 };
	unsigned char		 signature[CRYPTO_SIGNATURE_MAX];
	const char		*why;

	(void)state;
	/* 32 octets, and the first is 0xff: it begins like a path */
	memset(base64 + 1, 'A', 42);
	strcpy(base64 + 43, "=");
	r = ask(kb, NULL, "a.example", 1);
	assert_string_equal(words_of(&r),
	    "s1/a.example s2/a.example ed/a.example");
	assert_string_equal(r.keys.key[2]->algorithm, "ed25519-sha256");
	assert_int_equal(crypto_sign(r.keys.key[0]->pkey, digest, signature,
	    &why), 128);
	keybase_release(&r.held);
	expect(kb, "b.example", 1, "file/other.example");
	expect(kb, "c.example", 1, "raw/c.example");
	expect(kb, "d.example", 1, "-");
	expect(kb, "e.example", 1, "-");
	keybase_free(&kb);
}

static void
bad_rows_are_refused(void **state)
{
	static const struct {
		const char	*name;
		struct fake_row	 row;
		const char	*why;
	} cases[] = {
		{ "no selector", { "a.example", NULL, "KEY", NULL, NULL },
		    "column selector must be" },
		{ "selector", { "a.example", "SECRET x", "KEY", NULL, NULL },
		    "column selector must be" },
		{ "no key", { "a.example", "s", NULL, NULL, NULL },
		    "key s: column key is empty" },
		{ "empty key", { "a.example", "s", "", NULL, NULL },
		    "key s: column key is empty" },
		{ "no key at all", { "a.example", "s", "SECRET", NULL, NULL },
		    "key s: " },
		{ "URI", { "a.example", "s", "pkcs11:token=SECRET", NULL,
		    NULL }, "key s: a URI; write it to a key file" },
		{ "state", { "a.example", "s", "KEY", "SECRET", NULL },
		    "column state must be" },
		{ "domain", { "a.example", "s", "KEY", NULL, "SECRET x" },
		    "column domain is not" },
		{ "file", { "a.example", "s", "/nowhere/key", NULL, NULL },
		    "/nowhere/key: No such file" },
	};
	struct fake_row		 rows[2] = { { NULL }, { NULL } };
	struct keybase		*kb;
	struct keybase_reply	 r;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rows[0] = cases[i].row;
		if (rows[0].key != NULL && strcmp(rows[0].key, "KEY") == 0)
			rows[0].key = rsa_pem.data;
		kb = open_base(rows);
		r = ask(kb, NULL, "a.example", 1);
		if (!r.unknown || strstr(r.why, cases[i].why) == NULL ||
		    strstr(r.why, "SECRET") != NULL)
			row_fail(cases[i].name, "%s: %s", words_of(&r),
			    r.why != NULL ? r.why : "");
		keybase_release(&r.held);
		keybase_free(&kb);
	}
}

/* The log of a refusal, as JSON. */
static void
a_refusal_is_an_event(void **state)
{
	static const struct fake_row row[] = {
		{ "a.example", "s1", "no key", NULL, NULL }, { NULL } };
	struct keybase	*kb = open_base(row);
	char		 line[1000];
	int		 fd[2], saved = dup(STDERR_FILENO);
	ssize_t		 n;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	dup2(fd[1], STDERR_FILENO);
	log_use_json(true);
	ask(kb, NULL, "a.example", 0);
	log_use_json(false);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd[1]);
	n = read(fd[0], line, sizeof(line) - 1);
	close(fd[0]);
	assert_true(n > 0);
	line[n] = '\0';
	if (strstr(line, "{\"level\":\"warning\",\"event\":\"key-refused\","
	    "\"domain\":\"a.example\",\"selector\":\"s1\",") != line)
		fail_msg("%s", line);
	keybase_free(&kb);
}

static void
bad_answers_are_failures(void **state)
{
	const struct fake_row	 rows[] = {
		{ "a.example", "s", rsa_pem.data, NULL, NULL }, { NULL }
	};
	struct keybase		*kb = open_base(rows);
	struct keybase_reply	 r;

	(void)state;
	db.repeat = 1;
	expect(kb, "a.example", 1, "s/a.example");	/* the second: refused */
	db.repeat = KEYBASE_ROWS;
	r = ask(kb, NULL, "a.example", 100000);
	assert_string_equal(words_of(&r), "s/a.example stale");
	keybase_release(&r.held);
	keybase_free(&kb);
	kb = open_base(rows);
	db.extra = "password";
	r = ask(kb, NULL, "a.example", 1);
	assert_true(r.unknown);
	assert_non_null(strstr(r.why, "unknown column \"password\""));
	keybase_free(&kb);
	kb = open_base(rows);
	db.extra = "key";
	r = ask(kb, NULL, "a.example", 1);
	assert_true(r.unknown);
	assert_non_null(strstr(r.why, "several values of one column"));
	keybase_free(&kb);
}

static void
a_bad_row_does_not_stop_a_good_one(void **state)
{
	const struct fake_row	 rows[] = {
		{ "a.example", "bad", "x", NULL, NULL },
		{ "a.example", "ed", ed_pem.data, NULL, NULL },
		{ "b.example", "bad", "x", "retired", NULL },
		{ "c.example", "wait", ed_pem.data, "pending", NULL },
		{ "c.example", "bad", "x", NULL, NULL },
		{ NULL }
	};
	struct keybase		*kb = open_base(rows);
	struct keybase_counts	 c;

	(void)state;
	expect(kb, "a.example", 1, "ed/a.example");
	expect(kb, "b.example", 1, "-");
	/* the active key is bad: mail must not go out unsigned */
	expect(kb, "c.example", 1, "?");
	keybase_count(kb, &c);
	assert_int_equal(c.refused, 2);
	keybase_free(&kb);
}

/* --- the cache ---------------------------------------------------------- */

static void
a_change_acts_within_the_cache_time(void **state)
{
	struct fake_row	 rows[] = {
		{ "a.example", "old", rsa_pem.data, "active", NULL },
		{ "a.example", "new", rsa2_pem.data, "pending", NULL },
		{ NULL }
	};
	struct keybase	*kb = open_base(rows);

	(void)state;
	expect(kb, "a.example", 1000, "old/a.example");
	expect(kb, "none.example", 1000, "-");
	assert_int_equal(db.asked, 2);
	rows[0].state = "retired";
	rows[1].state = "active";
	expect(kb, "a.example", 60999, "old/a.example");
	expect(kb, "none.example", 60999, "-");
	assert_int_equal(db.asked, 2);
	expect(kb, "a.example", 61000, "new/a.example");
	expect(kb, "none.example", 61000, "-");
	assert_int_equal(db.asked, 4);
	/* a reload asks at once */
	rows[1].state = "retired";
	keybase_expire(kb);
	expect(kb, "a.example", 61001, "-");
	keybase_free(&kb);
}

/* "DOMAIN:active,retired ..." of what `n` references hold; they are released. */
static const char *
words_in_use(struct keybase_keys **held, size_t n)
{
	const struct keybase_retired	*retired;
	struct buf	 b = BUF_INIT;
	const char	*text;
	size_t		 i, nretired;

	for (i = 0; i < n; i++) {
		retired = keybase_retired(held[i], &nretired);
		buf_printf(&b, "%zu", keyring_count(keybase_ring(held[i])));
		if (nretired > 0)
			buf_printf(&b, "-%s", retired[0].selector);
		buf_addch(&b, ' ');
		keybase_release(&held[i]);
	}
	text = arena_strdup(arena, buf_str(&b));
	buf_free(&b);
	return text;
}

static void
keys_in_use_can_be_listed(void **state)
{
	struct fake_row	 rows[] = {
		{ "a.example", "s", rsa_pem.data, "active", NULL },
		{ "a.example", "t", rsa2_pem.data, "pending", NULL },
		{ "b.example", "gone", rsa_pem.data, "retired", NULL },
		{ NULL }
	};
	struct keybase		*kb = open_base(rows);
	struct keybase_keys	*held[4];
	size_t			 next = 0;

	(void)state;
	assert_int_equal(keybase_in_use(kb, held, 4), 0);
	expect(kb, "a.example", 1000, "s/a.example");
	expect(kb, "none.example", 1000, "-");
	expect(kb, "b.example", 1000, "-");
	assert_string_equal(words_in_use(held, keybase_in_use(kb, held, 4)),
	    "0-gone 2 ");
	expect(kb, "a.example", 1000, "s/a.example");
	assert_string_equal(words_in_use(held, keybase_in_use(kb, held, 1)),
	    "2 ");
	assert_int_equal(keybase_next(kb, held, 1, &next), 1);
	assert_true(next > 0);
	keybase_release(&held[0]);
	assert_int_equal(keybase_next(kb, held, 4, &next), 1);
	assert_int_equal(next, 0);
	keybase_release(&held[0]);
	assert_true(keybase_cached(kb, "none.example", &held[0]));
	assert_null(held[0]);
	assert_false(keybase_cached(kb, "c.example", &held[0]));
	assert_true(keybase_cached(kb, "a.example", &held[0]));
	assert_string_equal(keybase_domain(held[0]), "a.example");
	assert_string_equal(words_in_use(held, 1), "2 ");
	/* "no keys" that is not believed any more has none to show */
	db.away = true;
	expect(kb, "b.example", 4000000, "?");
	assert_string_equal(words_in_use(held, keybase_in_use(kb, held, 4)),
	    "2 ");
	keybase_free(&kb);
}

/* An answer that is the same again costs no parsing, and keeps the ring. */
static void
the_same_answer_keeps_the_keys(void **state)
{
	const struct fake_row	 rows[] = {
		{ "a.example", "s", rsa_pem.data, NULL, NULL },
		{ "b.example", "f", key_file, NULL, NULL }, { NULL }
	};
	struct keybase		*kb = open_base(rows);
	struct keybase_reply	 r, later;
	static const char *const names[] = { "a.example", "b.example" };
	size_t			 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		r = ask(kb, NULL, names[i], 1000);
		later = ask(kb, NULL, names[i], 900000);
		assert_ptr_equal(r.keys.key[0], later.keys.key[0]);
		keybase_release(&later.held);
		/* a key file that was touched is read again */
		assert_int_equal(chmod(key_file, 0400), 0);
		later = ask(kb, NULL, names[i], 1900000);
		assert_int_equal(r.keys.key[0] == later.keys.key[0], i == 0);
		keybase_release(&later.held);
		keybase_release(&r.held);
	}
	assert_int_equal(db.asked, 6);
	keybase_free(&kb);
}

static void
the_last_good_keys_go_on_signing(void **state)
{
	struct fake_row		 rows[] = {
		{ "a.example", "s", rsa_pem.data, NULL, NULL }, { NULL }
	};
	struct keybase		*kb = open_base(rows);
	struct keybase_counts	 c;
	uint64_t		 month = UINT64_C(30) * 86400 * 1000;

	(void)state;
	expect(kb, "a.example", 1000, "s/a.example");
	expect(kb, "none.example", 1000, "-");
	db.away = true;
	expect(kb, "a.example", 61000, "s/a.example stale");
	expect(kb, "none.example", 61000, "- stale");
	expect(kb, "new.example", 61000, "?");
	assert_int_equal(db.asked, 5);
	/* not asked again for each message */
	expect(kb, "a.example", 61999, "s/a.example stale");
	expect(kb, "none.example", 61999, "- stale");
	expect(kb, "new.example", 61999, "?");
	assert_int_equal(db.asked, 5);
	expect(kb, "a.example", month, "s/a.example stale");
	/* "none" is believed for cache and stale */
	expect(kb, "none.example", 1000 + 3660000, "?");
	keybase_count(kb, &c);
	assert_int_equal(c.failed, 5);
	db.away = false;
	expect(kb, "a.example", month + 1000, "s/a.example");
	expect(kb, "none.example", month + 1000, "-");
	expect(kb, "new.example", month + 1000, "-");
	keybase_free(&kb);
}

static void
a_key_that_goes_bad_leaves_the_old_one(void **state)
{
	struct fake_row	 rows[] = {
		{ "a.example", "s", rsa_pem.data, NULL, NULL }, { NULL }
	};
	struct keybase	*kb = open_base(rows);

	(void)state;
	expect(kb, "a.example", 1000, "s/a.example");
	rows[0].key = "garbage";
	expect(kb, "a.example", 100000, "s/a.example");
	expect(kb, "a.example", 200000, "s/a.example");
	rows[0].key = rsa2_pem.data;
	rows[0].selector = "t";
	expect(kb, "a.example", 300000, "t/a.example");
	keybase_free(&kb);
}

/* --- which domain ------------------------------------------------------- */

static void
the_nearest_domain_counts(void **state)
{
	const struct fake_row	 rows[] = {
		{ "a.example", "s", rsa_pem.data, NULL, NULL },
		{ "p.a.example", "wait", ed_pem.data, "pending", NULL },
		{ "q.example", "own", rsa_pem.data, NULL, NULL },
		{ NULL }
	};
	struct keybase		*kb = open_base(rows);
	struct sign_rules	 rules = sign_default_rules;
	struct keybase_author	 who = { .ring = no_files, .base = kb,
		.rules = &rules, .local = "x", .domain = "b.a.example" };
	struct keybase_reply	 r;

	(void)state;
	expect(kb, "b.a.example", 1, "s/a.example parent");
	expect(kb, "p.a.example", 1, "s/a.example parent");
	expect(kb, "example", 1, "-");
	db.names[0] = '\0';
	expect(kb, "x.w.v.u.t.s.q.example", 1, "own/q.example parent");
	assert_string_equal(db.names, "x.w.v.u.t.s.q.example u.t.s.q.example "
	    "t.s.q.example s.q.example "
	    "q.example ");
	rules.own_domain_only = true;
	r = keybase_find_author(&who, arena);
	assert_string_equal(words_of(&r), "-");
	keybase_free(&kb);
}

/* The time-out is that of all domains of an author together. */
static void
parents_are_not_asked_without_time(void **state)
{
	const struct fake_row	 rows[] = {
		{ "a.example", "s", rsa_pem.data, NULL, NULL }, { NULL }
	};
	struct keybase		*kb = open_base(rows);

	(void)state;
	kb->place.timeout = 20;
	db.delay = 30000;
	expect(kb, "b.a.example", 1, "?");
	assert_string_equal(db.names, "b.a.example ");
	expect(kb, "a.example", 1, "s/a.example");
	/* all is known */
	kb->place.timeout = 60000;
	expect(kb, "b.a.example", 1, "s/a.example parent");
	assert_int_equal(db.asked, 2);
	keybase_free(&kb);
}

/* Files in the key directory come first, at the same domain. */
static void
files_come_first(void **state)
{
	const struct fake_row	 rows[] = {
		{ "a.example", "db", rsa_pem.data, NULL, NULL },
		{ "b.a.example", "db", rsa_pem.data, NULL, NULL },
		{ NULL }
	};
	struct keybase		*kb = open_base(rows);
	char			 top[] = "/tmp/keybase_test.XXXXXX";
	char			 command[256], *why = NULL;
	struct keyring		*empty = no_files;

	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(command, sizeof(command), "mkdir %s/a.example && cp %s "
	    "%s/a.example/file.private && chmod -R go= %s", top, key_file, top,
	    top);
	assert_int_equal(system(command), 0);
	no_files = keyring_load(top, &why);
	if (no_files == NULL)
		fail_msg("%s", why);
	expect(kb, "a.example", 1, "file/a.example");
	assert_int_equal(db.asked, 0);
	expect(kb, "b.a.example", 1, "db/b.a.example");
	expect(kb, "c.a.example", 1, "file/a.example parent");
	assert_string_equal(db.names, "b.a.example c.a.example ");
	/* the database may have a nearer key, and is away */
	db.away = true;
	expect(kb, "d.a.example", 1, "?");
	expect(kb, "a.example", 1, "file/a.example");
	keyring_free(&no_files);
	no_files = empty;
	keybase_free(&kb);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	assert_int_equal(system(command), 0);
}

/* --- pending keys ------------------------------------------------------- */

static struct resolver *
zone_with(const char *selector, const char *domain)
{
	struct buf	 zone = BUF_INIT;
	struct resolver	*r;
	char		*why = NULL;

	if (selector != NULL)
		buf_printf(&zone, "%s._domainkey.%s TXT \"%s\"\n", selector,
		    domain, buf_str(&ed_record));
	r = resolver_zone_new(buf_str(&zone), &why);
	if (r == NULL)
		fail_msg("%s", why);
	buf_free(&zone);
	return r;
}

static void
look(struct keybase *kb, struct store *s, const char *selector)
{
	struct resolver	*r = zone_with(selector, "a.example");
	char		 error[STORE_ERROR] = "";
	size_t		 next = 0;

	assert_false(keybase_activate_pending(kb, r, s, T0, &next, error));
	assert_string_equal(error, "");
	assert_false(keybase_has_new(kb));
	resolver_free(&r);
}

static void
expect_stored(struct keybase *kb, struct store *s, uint64_t now,
    const char *want)
{
	struct keybase_reply r = ask(kb, s, "a.example", now);

	assert_string_equal(words_of(&r), want);
	keybase_release(&r.held);
}

static void
pending_keys_wait_for_their_record(void **state)
{
	struct fake_row	 rows[] = {
		{ "a.example", "s", ed_pem.data, "pending", NULL },
		{ NULL }, { NULL }
	};
	struct keybase	*kb = open_base(rows);
	struct store	*s = open_good();
	uint64_t	 now = 1000;

	(void)state;
	expect_stored(kb, s, now, "(s)");
	assert_true(keybase_has_new(kb));
	look(kb, s, NULL);
	expect_stored(kb, s, now, "(s)");
	look(kb, s, "s");
	expect_stored(kb, s, now, "s/a.example");
	/* another answer has another ring; the key has been seen */
	rows[1] = (struct fake_row){ "a.example", "t", rsa_pem.data,
		"pending", NULL };
	expect_stored(kb, NULL, now += 60000, "s/a.example");
	look(kb, s, NULL);
	expect_stored(kb, s, now, "s/a.example");
	keybase_free(&kb);
	/* after a restart the store knows it, without DNS */
	kb = open_base(rows);
	expect_stored(kb, s, now, "s/a.example");
	keybase_free(&kb);
	/* another key of this name is new */
	kb = open_base(rows);
	rows[0].key = rsa2_pem.data;
	expect_stored(kb, s, now, "(s)");
	keybase_free(&kb);
	store_close(&s);
}

#define MANY_KEYS	30	/* of one domain */
#define MANY_DOMAINS	10

static struct resolver *
zone_with_many(void)
{
	struct buf	 zone = BUF_INIT;
	struct resolver	*r;
	char		*why = NULL;
	int		 d, k;

	for (d = 0; d < MANY_DOMAINS; d++)
		for (k = 0; k < MANY_KEYS; k++)
			buf_printf(&zone, "s%d._domainkey.d%d.example TXT "
			    "\"%s\"\n", k, d, buf_str(&ed_record));
	r = resolver_zone_new(buf_str(&zone), &why);
	if (r == NULL)
		fail_msg("%s", why);
	buf_free(&zone);
	return r;
}

/* More keys than one batch, and a batch that ends within a ring. */
static void
all_pending_keys_are_looked_up(void **state)
{
	static char	 selector[MANY_KEYS][8];
	struct fake_row	 rows[MANY_KEYS + 1] = { { NULL } };
	struct keybase	*kb = open_base(rows);
	struct store	*s = open_good();
	struct resolver	*r = zone_with_many();
	struct keybase_reply reply;
	char		 domain[32], error[STORE_ERROR] = "";
	size_t		 next = 0;
	int		 i;

	(void)state;
	assert_true(MANY_KEYS * MANY_DOMAINS > KEYRECORD_BATCH);
	assert_true(KEYRECORD_BATCH % MANY_KEYS != 0);
	for (i = 0; i < MANY_KEYS; i++) {
		snprintf(selector[i], sizeof(selector[i]), "s%d", i);
		rows[i] = (struct fake_row){ "any", selector[i], ed_pem.data,
		    "pending", NULL };
	}
	db.any = true;
	for (i = 0; i < 2 * MANY_DOMAINS; i++) {
		if (i == MANY_DOMAINS)
			assert_false(keybase_activate_pending(kb, r, s, T0,
			    &next, error));
		snprintf(domain, sizeof(domain), "d%d.example",
		    i % MANY_DOMAINS);
		reply = ask(kb, s, domain, 1000);
		assert_int_equal(reply.keys.n, i < MANY_DOMAINS ? 0 :
		    MANY_KEYS);
		keybase_release(&reply.held);
	}
	assert_string_equal(error, "");
	assert_int_equal(db.asked, MANY_DOMAINS);
	resolver_free(&r);
	keybase_free(&kb);
	store_close(&s);
}

/* --- threads and memory ------------------------------------------------- */

static atomic_uint	good_answers;

static void *
ask_in_thread(void *arg)
{
	struct arena		*a = arena_new(0);
	struct keybase_author	 who = { .ring = no_files, .base = arg,
		.rules = &sign_default_rules, .local = "x",
		.domain = "a.example", .now = 200000 };
	struct keybase_reply	 r = keybase_find_author(&who, a);

	if (r.keys.n == 1)
		atomic_fetch_add(&good_answers, 1);
	keybase_release(&r.held);
	arena_free(&a);
	return NULL;
}

static void
wait_until_asked(unsigned n)
{
	pthread_mutex_lock(&db.lock);
	while (db.asked < n)
		pthread_cond_wait(&db.changed, &db.lock);
	pthread_mutex_unlock(&db.lock);
}

static void
unblock(void)
{
	pthread_mutex_lock(&db.lock);
	db.blocked = false;
	pthread_cond_broadcast(&db.changed);
	pthread_mutex_unlock(&db.lock);
}

static void
one_question_for_many_threads(void **state)
{
	const struct fake_row	 rows[] = {
		{ "a.example", "s", rsa_pem.data, NULL, NULL }, { NULL }
	};
	struct keybase		*kb = open_base(rows);
	pthread_t		 thread[8];
	size_t			 i;

	(void)state;
	good_answers = 0;
	db.blocked = true;
	for (i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
		    ask_in_thread, kb), 0);
	wait_until_asked(1);
	unblock();
	for (i = 0; i < 8; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(good_answers, 8);
	assert_int_equal(db.asked, 1);
	/* while one thread asks again, the others take the old keys */
	db.blocked = true;
	keybase_expire(kb);
	assert_int_equal(pthread_create(&thread[0], NULL, ask_in_thread, kb),
	    0);
	wait_until_asked(2);
	expect(kb, "a.example", 200000, "s/a.example");
	assert_int_equal(good_answers, 8);
	unblock();
	assert_int_equal(pthread_join(thread[0], NULL), 0);
	assert_int_equal(good_answers, 9);
	assert_int_equal(db.asked, 2);
	keybase_free(&kb);
}

static void
wait_until_waiting(struct keybase *kb)
{
	unsigned n = 0;

	while (n == 0) {
		pthread_mutex_lock(&kb->lock);
		n = kb->waiting;
		pthread_mutex_unlock(&kb->lock);
		usleep(1000);
	}
}

/* Those that wait for one answer share it, even if nothing is kept. */
static void
threads_that_wait_share_the_answer(void **state)
{
	const struct fake_row	 rows[] = {
		{ "a.example", "s", rsa_pem.data, NULL, NULL }, { NULL }
	};
	struct keybase		*kb = open_base(rows);
	pthread_t		 first, second;

	(void)state;
	good_answers = 0;
	kb->place.cache = 0;
	db.blocked = true;
	assert_int_equal(pthread_create(&first, NULL, ask_in_thread, kb), 0);
	wait_until_asked(1);
	assert_int_equal(pthread_create(&second, NULL, ask_in_thread, kb), 0);
	wait_until_waiting(kb);
	unblock();
	assert_int_equal(pthread_join(first, NULL), 0);
	assert_int_equal(pthread_join(second, NULL), 0);
	assert_int_equal(good_answers, 2);
	assert_int_equal(db.asked, 1);
	keybase_free(&kb);
}

static void *
ask_for_many(void *arg)
{
	struct arena		*a = arena_new(0);
	char			 name[32];
	struct keybase_author	 who = { .ring = no_files, .base = arg,
		.rules = &sign_default_rules, .local = "x", .domain = name };
	struct keybase_reply	 r;
	unsigned		 i;

	for (i = 0; i < 600; i++) {
		who.now = i * 1000;
		snprintf(name, sizeof(name), "d%u.example", i * 7 % 40);
		r = keybase_find_author(&who, a);
		atomic_fetch_add(&good_answers, r.keys.n);
		keybase_release(&r.held);
		arena_reset(a);
	}
	arena_free(&a);
	return NULL;
}

/* Many threads, domains that come and go, and the task of pending keys. */
static void
threads_agree(void **state)
{
	const struct fake_row	 rows[] = {
		{ "any", "s", ed_pem.data, NULL, NULL },
		{ "any", "t", ed_pem.data, "pending", NULL }, { NULL }
	};
	struct keybase		*kb = open_base(rows);
	struct store		*s = open_good();
	struct resolver		*r = zone_with("t", "d7.example");
	pthread_t		 thread[4];
	char			 error[STORE_ERROR];
	size_t			 i, next = 0;

	(void)state;
	db.any = true;
	kb->most = 20 * 6000;
	good_answers = 0;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
		    ask_for_many, kb), 0);
	for (i = 0; i < 20; i++)
		keybase_activate_pending(kb, r, s, T0, &next, error);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(good_answers, 2400);
	keybase_free(&kb);
	resolver_free(&r);
	store_close(&s);
}

static void
memory_is_bounded(void **state)
{
	const struct fake_row	 rows[] = {
		{ "any", "s", ed_pem.data, NULL, NULL }, { NULL }
	};
	struct keybase		*kb = open_base(rows);
	struct keybase_reply	 first, r;
	struct keybase_counts	 c;
	char			 name[32];
	unsigned		 i;

	(void)state;
	db.any = true;
	kb->most = 200000;
	first = ask(kb, NULL, "first.example", 1);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "d%u.example", i);
		r = ask(kb, NULL, name, 1);
		assert_int_equal(r.keys.n, 1);
		keybase_release(&r.held);
	}
	keybase_count(kb, &c);
	assert_int_equal(c.asked, 1001);
	assert_in_range(c.kept, 150000, 200000);
	assert_int_equal(c.domains, c.keys);
	assert_int_equal(c.evicted, 1001 - c.domains);
	/* those used last are there */
	expect(kb, "d999.example", 2, "s/d999.example");
	expect(kb, "d980.example", 2, "s/d980.example");
	keybase_count(kb, &c);
	assert_int_equal(c.asked, 1001);
	/* a message goes on with keys that were dropped */
	assert_string_equal(first.keys.key[0]->domain, "first.example");
	keybase_release(&first.held);
	/* domains without keys count, too */
	db.row = NULL;
	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		expect(kb, name, 3, "-");
	}
	keybase_count(kb, &c);
	assert_in_range(c.kept, 190000, 200000);
	assert_int_equal(c.keys, 0);
	keybase_free(&kb);
}

/* --- the text of a key -------------------------------------------------- */

#define MASK	0x55

/* A key that is nowhere in the memory of this process, but masked. */
static struct {
	size_t	len;
	char	text[1000];
} masked;

static void
masked_write(int fd)
{
	struct buf	 pem = BUF_INIT;
	const char	*why;
	struct crypto_key *key = crypto_key_generate(CRYPTO_RSA, 1024, &why);
	size_t		 i;

	if (key == NULL || !crypto_key_pem(key, &pem))
		_exit(1);
	for (i = 0; i < pem.len; i++)
		pem.data[i] ^= MASK;
	_exit(write(fd, pem.data, pem.len) != (ssize_t)pem.len);
}

static void
masked_make(void)
{
	int	fd[2], status;
	ssize_t	n;
	pid_t	child;

	assert_int_equal(pipe(fd), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		masked_write(fd[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	n = read(fd[0], masked.text, sizeof(masked.text));
	assert_in_range(n, 800, sizeof(masked.text) - 1);
	masked.len = (size_t)n;
	close(fd[0]);
	close(fd[1]);
}

static struct directory_reply
masked_ask(void *arg, const char *domain, uint64_t now, struct arena *a)
{
	struct directory_reply	 r = { .result = DIRECTORY_FOUND,
		.server = "fake", .nrows = 1, .ncells = 2 };
	static const char *const column[] = { "selector", "key" };
	struct directory_cell	*cell = arena_array(a, 2, sizeof(*cell));
	char			*text = arena_alloc(a, masked.len + 1);
	size_t			 i;

	(void)arg;
	(void)domain;
	(void)now;
	for (i = 0; i < masked.len; i++)
		text[i] = (char)(masked.text[i] ^ MASK);
	cell[0].column = "selector";
	cell[0].value = "s";
	cell[1].column = "key";
	cell[1].value = text;
	r.cell = cell;
	r.column = column;
	r.ncolumns = 2;
	return r;
}

/* Does the memory have the middle of the key? */
static bool
has_text(const unsigned char *p, size_t len)
{
	const char		*want = masked.text + masked.len / 2;
	const unsigned char	*end = p + len;
	size_t			 k;

	while (p + 40 <= end && (p = memchr(p, want[0] ^ MASK,
	    (size_t)(end - p) - 39)) != NULL) {
		for (k = 0; k < 40 && (char)(p[k] ^ MASK) == want[k]; k++)
			;
		if (k == 40)
			return true;
		p++;
	}
	return false;
}

/* What the kernel says of our memory: a sanitizer does not see the reads. */
static bool
memory_has_text(void)
{
	static unsigned char	 chunk[1 << 16];
	FILE			*maps = fopen("/proc/self/maps", "r");
	int			 fd = open("/proc/self/mem", O_RDONLY);
	unsigned long		 at, end;
	char			 line[512], mode[8];
	bool			 found = false;
	ssize_t			 n;

	assert_non_null(maps);
	assert_true(fd >= 0);
	while (!found && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &at, &end, mode) != 3 ||
		    strncmp(mode, "rw", 2) != 0 || end - at > 256u << 20)
			continue;
		/* the chunks overlap, so that no text is cut */
		for (; !found && at < end; at += sizeof(chunk) - 40) {
			n = pread(fd, chunk, sizeof(chunk), (off_t)at);
			found = n > 0 && has_text(chunk, (size_t)n);
		}
	}
	memset(chunk, 0, sizeof(chunk));
	fclose(maps);
	close(fd);
	return found;
}

static void
no_text_of_a_key_stays(void **state)
{
	struct keybase		*kb = keybase_new_with(&place, masked_ask,
				     NULL);
	struct arena		*a = arena_new(0);
	struct directory_reply	 r;
	struct keybase_row	*row;
	const char		*why, *server;

	(void)state;
	masked_make();
	expect(kb, "a.example", 1, "s/a.example");
	assert_false(memory_has_text());
	expect(kb, "a.example", 100000, "s/a.example");
	assert_false(memory_has_text());
	assert_int_equal(keybase_list(kb, "a.example", &row, &server, &why,
	    a), 1);
	crypto_key_free(&row[0].key);
	assert_false(memory_has_text());
	/* it would be found */
	r = masked_ask(NULL, "", 0, a);
	assert_true(memory_has_text());
	assert_int_equal(r.nrows, 1);
	arena_free(&a);
	keybase_free(&kb);
}

/* --- */

static void
make(enum crypto_type type, struct buf *pem, struct buf *record)
{
	const char		*why;
	struct crypto_key	*key = crypto_key_generate(type, 1024, &why);

	assert_non_null(key);
	assert_true(crypto_key_pem(key, pem));
	if (record != NULL)
		buf_addstr(record, keyrecord_text(arena, key));
	crypto_key_free(&key);
}

static int
prepare(void **state)
{
	(void)state;
	arena = arena_new(0);
	no_files = keyring_empty();
	make(CRYPTO_RSA, &rsa_pem, NULL);
	make(CRYPTO_RSA, &rsa2_pem, NULL);
	make(CRYPTO_ED25519, &ed_pem, &ed_record);
	close(mkstemp(key_file));
	write_file(key_file, ed_pem.data, ed_pem.len);
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	unlink(key_file);
	keyring_free(&no_files);
	arena_free(&arena);
	buf_free(&rsa_pem);
	buf_free(&rsa2_pem);
	buf_free(&ed_pem);
	buf_free(&ed_record);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_become_keys),
		cmocka_unit_test(bad_rows_are_refused),
		cmocka_unit_test(a_refusal_is_an_event),
		cmocka_unit_test(bad_answers_are_failures),
		cmocka_unit_test(a_bad_row_does_not_stop_a_good_one),
		cmocka_unit_test(a_change_acts_within_the_cache_time),
		cmocka_unit_test(keys_in_use_can_be_listed),
		cmocka_unit_test(the_same_answer_keeps_the_keys),
		cmocka_unit_test(the_last_good_keys_go_on_signing),
		cmocka_unit_test(a_key_that_goes_bad_leaves_the_old_one),
		cmocka_unit_test(the_nearest_domain_counts),
		cmocka_unit_test(parents_are_not_asked_without_time),
		cmocka_unit_test(files_come_first),
		cmocka_unit_test_setup_teardown(
		    pending_keys_wait_for_their_record, setup, teardown),
		cmocka_unit_test_setup_teardown(all_pending_keys_are_looked_up,
		    setup, teardown),
		cmocka_unit_test(one_question_for_many_threads),
		cmocka_unit_test(threads_that_wait_share_the_answer),
		cmocka_unit_test_setup_teardown(threads_agree, setup,
		    teardown),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(no_text_of_a_key_stays),
	};

	return cmocka_run_group_tests(tests, prepare, finish);
}
