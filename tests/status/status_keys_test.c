/*
 * status_keys: keys of a database on the page and in the JSON
 */
#include "config.h"

#include "test.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "dkim/crypto.h"
#include "dkim/keywatch.h"
#include "session/session_site.h"
#include "status/metrics_priv.h"
#include "status/status_priv.h"
#include "store/store_sqlite.h"

static const struct status_start begun = { NOW - 3600, 0 };
static char	top[] = "/tmp/millgate-status-keys-XXXXXX";
static char	base_path[80];

static void
change(const char *sql_text)
{
	struct sql *sql;

	assert_true(sql_open(&sql, base_path, SQL_CREATE));
	assert_true(sql_exec(sql, sql_text));
	sql_close(&sql);
}

static void
add_key(const char *domain, const char *selector, const char *key_state)
{
	const char	*why;
	struct crypto_key *key = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	struct buf	 pem = BUF_INIT, text = BUF_INIT;

	assert_non_null(key);
	assert_true(crypto_key_pem(key, &pem));
	buf_printf(&text, "INSERT INTO dkim VALUES ('%s', '%s', '%s', '%s')",
	    domain, selector, buf_str(&pem), key_state);
	change(buf_str(&text));
	crypto_key_free(&key);
	buf_free(&pem);
	buf_free(&text);
}

static int
make_base(void **state)
{
	(void)state;
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(base_path, sizeof(base_path), "%s/keys.db", top);
	change("CREATE TABLE dkim (domain, s, key, state)");
	add_key("example.org", "now", "active");
	add_key("example.org", "next", "pending");
	add_key("example.org", "old", "retired");
	add_key("gone.example", "last", "retired");
	return 0;
}

static int
remove_base(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static struct services *
open_with_base(void)
{
	char conf[600];

	snprintf(conf, sizeof(conf), "signing { keys-database = \"%s\"\n"
	    "keys-query = \"SELECT s AS selector, key, state FROM dkim WHERE "
	    "domain = $1\" }\n"
	    "listener local { local = yes direction = submission }\n",
	    base_path);
	return open_services(conf);
}

static void
sends(struct services *sv, const char *domain, const char *want)
{
	struct replay *r = site_sends(sv, domain, want);

	replay_free(&r);
}

/* "KEPT DOMAIN/SELECTOR STATE|..." of the list in the JSON. */
static const char *
words_of(struct services *sv, struct buf *words)
{
	struct status	*s = status_gather(sv, &begun);
	struct arena	*a = arena_new(0);
	struct buf	 b = BUF_INIT;
	struct json	 v, list, at = { NULL, NULL };

	buf_reset(words);
	status_write_json(s, &b);
	assert_true(json_parse(b.data, b.len, &v));
	assert_true(json_get(v, "keys", &v));
	assert_true(json_get(v, "list", &list));
	while (json_next(list, &at, NULL, &v))
		buf_printf(words, "%s %s/%s %s|", json_get_text(a, v, "kept"),
		    json_get_text(a, v, "domain"),
		    json_get_text(a, v, "selector"),
		    json_get_text(a, v, "state"));
	status_free(&s);
	arena_free(&a);
	buf_free(&b);
	return buf_str(words);
}

static void
keys_of_domains_in_use_are_listed(void **state)
{
	struct services	*sv = open_with_base();
	struct buf	 words = BUF_INIT;
	struct status	*s;

	(void)state;
	assert_string_equal(words_of(sv, &words), "");
	sends(sv, "gone.example", "unsigned=\"no key\"");
	assert_string_equal(words_of(sv, &words),
	    "database gone.example/last retired|");
	sends(sv, "example.org", " signed=1");
	assert_string_equal(words_of(sv, &words),
	    "database example.org/next pending|"
	    "database example.org/now active|"
	    "database example.org/old retired|"
	    "database gone.example/last retired|");
	s = status_gather(sv, &begun);
	buf_reset(&words);
	status_write_page(s, &words);
	assert_non_null(strstr(buf_str(&words), "<td>database</td>"));
	assert_non_null(strstr(buf_str(&words), "gone.example"));
	status_free(&s);
	buf_free(&words);
	services_free(&sv);
}

static void
ignore_news(void *arg, const struct keywatch_news *n)
{
	(void)arg;
	(void)n;
}

/* The DNS of the site knows no name. */
static void
a_record_that_is_gone_is_shown(void **state)
{
	struct services	*sv = open_with_base();
	struct keywatch_place place = { sv->current->keys,
		sv->current->keybase, sv->resolver };
	struct buf	 b = BUF_INIT;
	struct status	*s;
	unsigned	 i;

	(void)state;
	sends(sv, "example.org", " signed=1");
	for (i = 0; i < KEYWATCH_ANSWERS; i++)
		keywatch_look(sv->keywatch, &place, NOW + i * 3600,
		    ignore_news, NULL);
	s = status_gather(sv, &begun);
	assert_string_equal(s->key[0].selector, "next");
	assert_int_equal(s->key[0].since, NOW);
	assert_string_equal(s->key[1].selector, "now");
	assert_int_equal(s->key[1].record, RECORD_NOT_PUBLISHED);
	assert_int_equal(s->key[1].checked, NOW +
	    (KEYWATCH_ANSWERS - 1) * 3600);
	status_write_json(s, &b);
	assert_non_null(strstr(buf_str(&b), "\"dns\":\"not published\","
	    "\"checked\":"));
	assert_non_null(strstr(buf_str(&b), "\"id\":\"key-record\",\"where\":"
	    "\"example.org, selector now\""));
	buf_reset(&b);
	metrics_write(sv, &begun, METRICS_PROMETHEUS, &b);
	assert_non_null(strstr(buf_str(&b),
	    "\nmillgate_key_records{record=\"missing\"} 1\n"));
	status_free(&s);
	buf_free(&b);
	services_free(&sv);
}

/* The domains used last; and no more than the list has room for. */
static void
the_list_is_bounded(void **state)
{
	struct services	*sv;
	struct status	*s;
	char		 domain[40];
	unsigned	 i;

	(void)state;
	for (i = 0; i < STATUS_BASE + 10; i++) {
		snprintf(domain, sizeof(domain), "d%u.example", i);
		add_key(domain, "a", "active");
		add_key(domain, "b", "active");
	}
	sv = open_with_base();
	for (i = 0; i < STATUS_BASE + 10; i++) {
		snprintf(domain, sizeof(domain), "d%u.example", i);
		sends(sv, domain, " signed=2");
	}
	s = status_gather(sv, &begun);
	assert_int_equal(s->nkeys, STATUS_KEYS);
	assert_int_equal(s->keys_of[KEY_ACTIVE], 2 * STATUS_BASE);
	assert_string_equal(s->key[0].domain, domain);
	status_free(&s);
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_domains_in_use_are_listed),
		cmocka_unit_test(a_record_that_is_gone_is_shown),
		cmocka_unit_test(the_list_is_bounded),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
