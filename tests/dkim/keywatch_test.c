/*
 * keywatch: a record that goes away is told after several answers, never after
 * a failure; keys that begin and end to sign; nothing is told twice
 */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "directory/directory.h"
#include "dkim/keybase_priv.h"
#include "dkim/keyring.h"
#include "dkim/keywatch.h"
#include "dns/resolver.h"
#include "dns/resolver_priv.h"

#define T0	1800000000
#define HOURS	10000		/* seconds: longer than any wait */

static struct crypto_key *one, *two, *ed;
static struct arena	*arena;
static char	top[] = "/tmp/keywatch_test.XXXXXX";
static struct buf	said = BUF_INIT;

static int
set_up(void **state)
{
	const char *why;

	(void)state;
	one = crypto_key_generate(CRYPTO_RSA, 1024, &why);
	two = crypto_key_generate(CRYPTO_RSA, 1024, &why);
	ed = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	arena = arena_new(0);
	return one == NULL || two == NULL || ed == NULL ||
	    mkdtemp(top) == NULL;
}

static int
tear_down(void **state)
{
	char command[80];

	(void)state;
	crypto_key_free(&one);
	crypto_key_free(&two);
	crypto_key_free(&ed);
	arena_free(&arena);
	buf_free(&said);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

/* --- a DNS --------------------------------------------------------------- */

static struct {
	enum dns_status	 status;
	unsigned	 asked;
	const struct crypto_key *key;	/* OK: of each record */
} dns;

/* As strings of a record's data (RFC 1035 3.3.14). */
static int
txt_data(char *data, const char *text)
{
	size_t	left = strlen(text), take;
	char	*p = data;

	for (; left > 0; text += take, left -= take) {
		take = left < 255 ? left : 255;
		*p++ = (char)take;
		memcpy(p, text, take);
		p += take;
	}
	return (int)(p - data);
}

static void
dns_asks(void *state, struct query *q)
{
	struct dns_reply	 reply = { .status = dns.status, .ttl = 60 };
	char			 data[600], *rdata = data;
	int			 len;

	(void)state;
	dns.asked++;
	if (dns.status == DNS_OK) {
		len = txt_data(data, keyrecord_text(arena, dns.key));
		reply.n = 1;
		reply.rdata = &rdata;
		reply.len = &len;
	}
	resolver_answered(q, &reply);
}

static void
dns_closes(void *state)
{
	(void)state;
}

static const struct resolver_backend backend = { dns_asks, dns_closes };

/* --- keys in files ------------------------------------------------------- */

static void
put(const char *name, const struct crypto_key *key)
{
	struct buf	 pem = BUF_INIT;
	char		 path[200];
	FILE		*f;

	snprintf(path, sizeof(path), "%s/example.org", top);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/example.org/%s", top, name);
	f = fopen(path, "w");
	assert_non_null(f);
	if (key != NULL) {
		assert_true(crypto_key_pem(key, &pem));
		fwrite(pem.data, 1, pem.len, f);
	}
	fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
	buf_free(&pem);
}

static void
take_away(const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/example.org/%s", top, name);
	unlink(path);
}

static struct keyring *
load(void)
{
	char		*why = NULL;
	struct keyring	*k = keyring_load(top, &why);

	if (k == NULL)
		fail_msg("%s", why);
	return k;
}

/* --- looks --------------------------------------------------------------- */

static void
tell(void *arg, const struct keywatch_news *n)
{
	static const char *const words[] = { "activated", "retired",
		"pending", "missing", "restored" };

	(void)arg;
	buf_printf(&said, "%s %s/%s;", words[n->event], n->domain,
	    n->selector);
	if (n->event == KEYWATCH_MISSING)
		buf_printf(&said, " %s;", n->why);
}

/* A resolver of its own has nothing in its cache. */
static void
look(struct keywatch *w, const struct keyring *ring, struct keybase *base,
    time_t now, const char *want)
{
	struct keywatch_place p = { ring, base,
		resolver_new(&backend, NULL, 0) };

	buf_reset(&said);
	dns.asked = 0;
	keywatch_look(w, &p, now, tell, NULL);
	resolver_free(&p.resolver);
	assert_string_equal(buf_str(&said), want);
}

static enum keyrecord_state
state_of(struct keywatch *w, const struct keyring *ring, const char *selector)
{
	struct signing_keys	keys = keyring_all(ring, arena);
	struct keywatch_seen	seen = { .state = KEYRECORD_UNKNOWN };
	size_t			i;

	for (i = 0; i < keys.n; i++)
		if (strcmp(keys.key[i]->selector, selector) == 0)
			assert_true(keywatch_find(w, keys.key[i], &seen));
	return seen.state;
}

#define GONE "missing example.org/s; there is no such record;"

static void
a_record_that_goes_is_told_after_several_answers(void **state)
{
	/* one look each */
	static const struct {
		enum dns_status	 status;
		bool		 other;		/* the record of another key */
		enum keyrecord_state seen;
		const char	*want;
	} rows[] = {
		{ DNS_TEMPFAIL, false, KEYRECORD_UNKNOWN, "" },
		{ DNS_OK, false, KEYRECORD_PUBLISHED, "" },
		/* a name server that flaps */
		{ DNS_NXDOMAIN, false, KEYRECORD_MISSING, "" },
		{ DNS_NXDOMAIN, false, KEYRECORD_MISSING, "" },
		{ DNS_OK, false, KEYRECORD_PUBLISHED, "" },
		/* one that fails */
		{ DNS_TEMPFAIL, false, KEYRECORD_PUBLISHED, "" },
		{ DNS_TEMPFAIL, false, KEYRECORD_PUBLISHED, "" },
		{ DNS_TEMPFAIL, false, KEYRECORD_PUBLISHED, "" },
		{ DNS_TEMPFAIL, false, KEYRECORD_PUBLISHED, "" },
		{ DNS_NXDOMAIN, false, KEYRECORD_MISSING, "" },
		{ DNS_TEMPFAIL, false, KEYRECORD_MISSING, "" },
		{ DNS_NODATA, false, KEYRECORD_MISSING, "" },
		{ DNS_NXDOMAIN, false, KEYRECORD_MISSING, GONE },
		{ DNS_NXDOMAIN, false, KEYRECORD_MISSING, "" },
		{ DNS_TEMPFAIL, false, KEYRECORD_MISSING, "" },
		{ DNS_OK, false, KEYRECORD_PUBLISHED,
		    "restored example.org/s;" },
		{ DNS_OK, true, KEYRECORD_DIFFERENT, "" },
		{ DNS_NXDOMAIN, false, KEYRECORD_MISSING, "" },
		{ DNS_OK, true, KEYRECORD_DIFFERENT, "missing example.org/s; "
		    "the record holds another key;" },
		{ DNS_OK, false, KEYRECORD_PUBLISHED,
		    "restored example.org/s;" },
	};
	struct keywatch		*w = keywatch_new();
	struct keywatch_missing	 gone;
	struct keyring		*ring;
	uint64_t		 n[KEYRECORD_UNKNOWN + 1];
	time_t			 now = T0;
	size_t			 i;

	(void)state;
	put("s.private", one);
	ring = load();
	for (i = 0; i < NELEM(rows); i++) {
		dns.status = rows[i].status;
		dns.key = rows[i].other ? two : one;
		look(w, ring, NULL, now += HOURS, rows[i].want);
		assert_int_equal(dns.asked, 1);
		assert_int_equal(state_of(w, ring, "s"), rows[i].seen);
		keywatch_count(w, n);
		assert_int_equal(n[rows[i].seen], 1);
		assert_int_equal(keywatch_missing(w, arena, &gone, 1),
		    (i >= 12 && i < 15) || i == 18);
	}
	keyring_free(&ring);
	keywatch_free(&w);
	take_away("s.private");
}

static void
lookups_are_rare(void **state)
{
	struct keywatch	*w = keywatch_new();
	struct keyring	*ring;
	char		 name[20];
	unsigned	 i;

	(void)state;
	for (i = 0; i < 2 * KEYWATCH_BATCH; i++) {
		snprintf(name, sizeof(name), "s%u.private", i);
		put(name, one);
	}
	ring = load();
	dns.status = DNS_OK;
	dns.key = one;
	for (i = 0; i < 4; i++) {
		look(w, ring, NULL, T0 + i, "");
		assert_int_equal(dns.asked, i < 2 ? KEYWATCH_BATCH : 0);
	}
	look(w, ring, NULL, T0 + KEYWATCH_FRESH - 1, "");
	assert_int_equal(dns.asked, 0);
	dns.status = DNS_NXDOMAIN;
	look(w, ring, NULL, T0 + KEYWATCH_FRESH, "");
	assert_int_equal(dns.asked, KEYWATCH_BATCH);
	/* those that are missing come again soon, with half of the lookups */
	look(w, ring, NULL, T0 + KEYWATCH_FRESH + KEYWATCH_AGAIN - 1, "");
	look(w, ring, NULL, T0 + KEYWATCH_FRESH + KEYWATCH_AGAIN, "");
	assert_int_equal(dns.asked, KEYWATCH_BATCH / 2);
	keyring_free(&ring);
	keywatch_free(&w);
	for (i = 0; i < 2 * KEYWATCH_BATCH; i++) {
		snprintf(name, sizeof(name), "s%u.private", i);
		take_away(name);
	}
}

static void
keys_begin_and_end_to_sign(void **state)
{
	struct keywatch	*w = keywatch_new();
	struct keyring	*ring, *next;
	time_t		 since;

	(void)state;
	dns.status = DNS_NXDOMAIN;
	put("old.private", one);
	put("new.private", two);
	put("new.pending", NULL);
	ring = load();
	since = time(NULL);		/* of the marker */
	look(w, ring, NULL, since, "");
	look(w, ring, NULL, since + KEYWATCH_LONG - 10, "");
	look(w, ring, NULL, since + KEYWATCH_LONG + 10,
	    "pending example.org/new;");
	look(w, ring, NULL, since + KEYWATCH_LONG + 20, "");
	/* it is seen, and replaces the old one */
	keyring_activate(ring, 0);
	look(w, ring, NULL, since + KEYWATCH_LONG + 30,
	    "activated example.org/new;retired example.org/old;");
	look(w, ring, NULL, since + KEYWATCH_LONG + 40, "");
	/* a reload: the new one is retired, and the old one is there again */
	put("new.retired", NULL);
	next = load();
	look(w, next, NULL, since + KEYWATCH_LONG + 50,
	    "retired example.org/new;");
	keyring_free(&ring);
	/* another key in the same file is another key */
	put("old.private", two);
	ring = load();
	look(w, ring, NULL, since + KEYWATCH_LONG + 60,
	    "retired example.org/old;");
	keyring_free(&ring);
	keyring_free(&next);
	keywatch_free(&w);
	take_away("old.private");
	take_away("new.private");
	take_away("new.pending");
	take_away("new.retired");
}

static size_t	told;

static void
count_news(void *arg, const struct keywatch_news *n)
{
	(void)arg;
	assert_int_equal(n->event, KEYWATCH_RETIRED);
	told++;
}

/* A site that moves all its keys away; a name server that is down. */
static void
events_and_lookups_are_bounded(void **state)
{
	struct keywatch		*w = keywatch_new();
	struct keyring		*none = keyring_empty();
	struct keywatch_place	 p = { .resolver = resolver_new(&backend,
		NULL, 0) };
	struct keyring		*ring;
	char			 name[20];
	unsigned		 i;

	(void)state;
	for (i = 0; i < KEYWATCH_NEWS + 7; i++) {
		snprintf(name, sizeof(name), "s%u.private", i);
		put(name, ed);
	}
	p.ring = ring = load();
	dns.status = DNS_TEMPFAIL;
	dns.asked = 0;
	keywatch_look(w, &p, T0, count_news, NULL);
	assert_int_equal(dns.asked, KEYWATCH_BATCH);
	keywatch_look(w, &p, T0 + 59, count_news, NULL);
	assert_int_equal(dns.asked, KEYWATCH_BATCH);
	keywatch_look(w, &p, T0 + 60, count_news, NULL);
	assert_int_equal(dns.asked, 2 * KEYWATCH_BATCH);
	p.ring = none;
	assert_int_equal(keywatch_look(w, &p, T0 + 61, count_news, NULL), 7);
	assert_int_equal(told, KEYWATCH_NEWS);
	for (i = 0; i < KEYWATCH_NEWS + 7; i++) {
		snprintf(name, sizeof(name), "s%u.private", i);
		take_away(name);
	}
	resolver_free(&p.resolver);
	keyring_free(&ring);
	keyring_free(&none);
	keywatch_free(&w);
}

/* --- keys of a database -------------------------------------------------- */

static const char *row_state;		/* NULL: no row */

static struct directory_reply
one_row(void *arg, const char *domain, uint64_t now, struct arena *a)
{
	static const char *const names[] = { "selector", "key", "state" };
	struct directory_reply	 r = { .result = DIRECTORY_NONE,
		.server = "fake", .column = (const char **)names,
		.ncolumns = 3 };
	struct directory_cell	*cell = arena_array(a, 3, sizeof(*cell));
	struct buf		 pem = BUF_INIT;
	size_t			 i;

	(void)arg;
	(void)domain;
	(void)now;
	if (row_state == NULL)
		return r;
	assert_true(crypto_key_pem(ed, &pem));
	for (i = 0; i < 3; i++) {
		cell[i].row = 0;
		cell[i].column = names[i];
	}
	cell[0].value = "s";
	cell[1].value = arena_strdup(a, buf_str(&pem));
	cell[2].value = row_state;
	buf_free(&pem);
	r.result = DIRECTORY_FOUND;
	r.nrows = 1;
	r.ncells = 3;
	r.cell = cell;
	return r;
}

static void
read_again(struct keybase *base, const char *domain, const char *now)
{
	struct keybase_keys	*keys = NULL;
	char			 why[KEYBASE_WHY];
	bool			 stale;

	row_state = now;
	keybase_expire(base);
	keybase_find(base, domain, NULL, 1000, &keys, &stale, why);
	keybase_release(&keys);
}

static void
keys_of_a_database_are_watched_too(void **state)
{
	static const struct keybase_place place = { .database = "fake",
		.query = "q", .cache = 60000, .stale = 60000 };
	struct keybase	*base = keybase_new_with(&place, one_row, NULL);
	struct keyring	*none = keyring_empty();
	struct keywatch	*w = keywatch_new();

	(void)state;
	dns.status = DNS_OK;
	dns.key = ed;
	read_again(base, "a.example", "pending");
	look(w, none, base, T0, "");
	assert_int_equal(dns.asked, 0);
	look(w, none, base, T0 + KEYWATCH_LONG, "pending a.example/s;");
	read_again(base, "a.example", "active");
	look(w, none, base, T0 + KEYWATCH_LONG + 15,
	    "activated a.example/s;");
	assert_int_equal(dns.asked, 1);
	read_again(base, "a.example", "retired");
	look(w, none, base, T0 + KEYWATCH_LONG + 30, "retired a.example/s;");
	/* without a row it is the same */
	read_again(base, "b.example", "active");
	look(w, none, base, T0 + KEYWATCH_LONG + 45, "");
	read_again(base, "b.example", NULL);
	look(w, none, base, T0 + KEYWATCH_LONG + 60, "retired b.example/s;");
	/* a domain that the cache has dropped is no news */
	read_again(base, "c.example", "active");
	look(w, none, base, T0 + KEYWATCH_LONG + 75, "");
	keybase_free(&base);
	base = keybase_new_with(&place, one_row, NULL);
	look(w, none, base, T0 + KEYWATCH_LONG + 90, "");
	assert_int_equal(dns.asked, 0);
	keybase_free(&base);
	keyring_free(&none);
	keywatch_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_record_that_goes_is_told_after_several_answers),
		cmocka_unit_test(lookups_are_rare),
		cmocka_unit_test(keys_begin_and_end_to_sign),
		cmocka_unit_test(events_and_lookups_are_bounded),
		cmocka_unit_test(keys_of_a_database_are_watched_too),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
