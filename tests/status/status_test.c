/*
 * status: the snapshot as JSON and as a page, whatever names mail has brought
 */
#include "config.h"

#include "test.h"

#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "daemon/control_priv.h"
#include "dkim/crypto.h"
#include "session/observed.h"
#include "session/session_site.h"
#include "status/status_priv.h"
#include "store/store_priv.h"
#include "store/store_settings.h"

static const struct status_start begun = { NOW - 3600, 0 };

static void
send_mail(struct services *sv, const char *key, unsigned recipients)
{
	struct store_account	 account = { key, STORE_LIMITS_NONE };
	struct reservation	*r = store_reservation_new(sv->store,
	    &account, 1);
	struct store_usage	 usage;

	while (recipients-- > 0)
		assert_int_equal(store_reserve(r, NOW, &usage), STORE_TAKEN);
	assert_int_equal(store_commit(&r, NOW, &usage), STORE_TAKEN);
}

static void
block(struct services *sv, const char *key, const char *reason, time_t until)
{
	struct store_setting	t = { .blocked_until = until, .changed = NOW };
	char			error[STORE_ERROR];

	snprintf(t.reason, sizeof(t.reason), "%s", reason);
	assert_int_equal(store_setting_put(sv->store, key, STORE_PART_BLOCK,
	    &t, error), STORE_TAKEN);
}

/* The snapshot as JSON, which must be valid. */
static struct json
json_of(struct services *sv, struct buf *b)
{
	struct status	*s = status_gather(sv, &begun);
	struct json	 v;

	buf_reset(b);
	status_write_json(s, b);
	status_free(&s);
	assert_true(json_parse(b->data, b->len, &v));
	return v;
}

static struct json
part(struct json v, const char *name)
{
	struct json found;

	if (!json_get(v, name, &found))
		row_fail(name, "is missing");
	return found;
}

/* Element `i` of a list. */
static struct json
item(struct json list, size_t i)
{
	struct json at = { NULL, NULL }, v;

	do
		assert_true(json_next(list, &at, NULL, &v));
	while (i-- > 0);
	return v;
}

static size_t
count(struct json list)
{
	struct json	at = { NULL, NULL }, v;
	size_t		n = 0;

	while (json_next(list, &at, NULL, &v))
		n++;
	return n;
}

static void
an_idle_daemon_is_shown(void **state)
{
	struct services	*sv = open_services("");
	struct arena	*a = arena_new(0);
	struct buf	 b = BUF_INIT;
	struct json	 v = json_of(sv, &b);

	(void)state;
	assert_string_equal(json_get_text(a, v, "host"), "mx.example.net");
	assert_string_equal(json_get_text(a, v, "version"), PACKAGE_VERSION);
	assert_string_equal(json_get_text(a, v, "mode"), "enforce");
	assert_int_equal(json_get_number(v, "now"), NOW);
	assert_true(json_get_true(part(v, "health"), "good"));
	assert_int_equal(count(part(v, "traffic")), TRAFFIC_MINUTES);
	assert_int_equal(count(part(v, "logins")), 0);
	assert_int_equal(count(part(v, "groups")), 0);
	assert_int_equal(count(part(part(v, "blocks"), "list")), 0);
	assert_int_equal(count(part(v, "dmarc")), 0);
	assert_int_equal(count(part(part(v, "dns"), "latency")),
	    HISTOGRAM_BOUNDS + 1);
	assert_false(json_get(part(v, "dns"), "p50_us", &v));
	buf_free(&b);
	arena_free(&a);
	services_free(&sv);
}

static void
messages_are_added_up_by_direction(void **state)
{
	struct services	*sv = open_services("");
	struct arena	*a = arena_new(0);
	struct buf	 b = BUF_INIT;
	struct json	 v;
	const char	*name;
	int		 i;

	(void)state;
	for (i = 0; i < 3; i++)
		observed_verdict(observed_listener(sv->observed,
		    i == 0 ? "mx" : "other"), DIRECTION_INBOUND, "eom",
		    ACTION_REJECT, "spf-fail");
	observed_verdict(observed_listener(sv->observed, "submission"),
	    DIRECTION_SUBMISSION, "eom", ACTION_ACCEPT, NULL);
	v = part(json_of(sv, &b), "directions");
	assert_int_equal(count(v), 2);
	name = json_get_text(a, item(v, 0), "name");
	assert_string_equal(name, "inbound");
	assert_int_equal(json_get_number(item(v, 0), "reject"), 3);
	assert_int_equal(json_get_number(item(v, 0), "accept"), 0);
	name = json_get_text(a, item(v, 1), "name");
	assert_string_equal(name, "submission");
	assert_int_equal(json_get_number(item(v, 1), "accept"), 1);
	buf_free(&b);
	arena_free(&a);
	services_free(&sv);
}

static void
accounts_have_their_limits(void **state)
{
	struct services	*sv = open_services(
	    "plan small { recipients-per-hour = 10 messages-per-day = 4 }\n"
	    "group acme { domains = {\"example.org\"} "
	    "recipients-per-hour = 40 }\n"
	    "user alice@example.org { plan = small }\n"
	    "listener submission { daemon-ports = {587} "
	    "direction = submission }\n");
	struct arena	*a = arena_new(0);
	struct buf	 b = BUF_INIT;
	struct json	 v, who, limit;

	(void)state;
	send_mail(sv, "alice@example.org", 10);
	send_mail(sv, "bob@example.org", 500);
	send_mail(sv, "group acme", 20);
	send_mail(sv, "listener submission", 1);
	v = json_of(sv, &b);
	assert_int_equal(count(part(v, "logins")), 2);
	assert_int_equal(count(part(v, "groups")), 2);

	who = item(part(v, "logins"), 0);
	assert_string_equal(json_get_text(a, who, "account"),
	    "bob@example.org");
	assert_string_equal(json_get_text(a, who, "plan"), "trial");
	assert_int_equal(json_get_number(who, "recipients"), 500);
	assert_int_equal(json_get_number(who, "share"), 50);
	assert_int_equal(json_get_number(who, "free"), 0);

	who = item(part(v, "logins"), 1);
	assert_string_equal(json_get_text(a, who, "plan"), "small");
	assert_int_equal(json_get_number(who, "share"), 100);
	assert_true(json_get_number(who, "free") > NOW);
	assert_int_equal(count(part(who, "limits")), 2);
	limit = item(part(who, "limits"), 0);
	assert_string_equal(json_get_text(a, limit, "name"),
	    "recipients-per-hour");
	assert_int_equal(json_get_number(limit, "used"), 10);
	assert_int_equal(json_get_number(limit, "limit"), 10);

	who = item(part(v, "groups"), 0);
	assert_string_equal(json_get_text(a, who, "account"), "group acme");
	assert_int_equal(json_get_number(who, "share"), 50);
	buf_free(&b);
	arena_free(&a);
	services_free(&sv);
}

static void
blocks_have_the_command_that_lifts_them(void **state)
{
	static const struct {
		const char	*key, *lift;
	} rows[] = {
		{ "alice@example.org",
		    "millgatectl user unblock 'alice@example.org'" },
		{ "group acme", "millgatectl user unblock 'group acme'" },
		{ "o'brien@x", "millgatectl user unblock 'o'\\''brien@x'" },
		{ "$(reboot)`id`@x",
		    "millgatectl user unblock '$(reboot)`id`@x'" },
		{ "--all", "millgatectl user unblock -- '--all'" },
	};
	struct services	*sv;
	struct arena	*a = arena_new(0);
	struct buf	 b = BUF_INIT;
	struct json	 v;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		sv = open_services("");
		block(sv, rows[i].key, "fuse: 9 client networks", NOW + 60);
		v = part(json_of(sv, &b), "blocks");
		assert_int_equal(json_get_number(v, "total"), 1);
		v = item(part(v, "list"), 0);
		assert_string_equal(json_get_text(a, v, "lift"),
		    rows[i].lift);
		assert_int_equal(json_get_number(v, "until"), NOW + 60);
		assert_string_equal(json_get_text(a, v, "action"), "defer");
		assert_true(json_get_true(v, "fuse"));
		services_free(&sv);
	}
	buf_free(&b);
	arena_free(&a);
}

static void
lists_are_bounded(void **state)
{
	struct services	*sv = open_services("");
	struct buf	 b = BUF_INIT;
	char		 key[40];
	struct json	 v;
	unsigned	 i;

	(void)state;
	for (i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "user%u@example.org", i);
		send_mail(sv, key, 1);
		block(sv, key, "test", STORE_FOREVER);
		snprintf(key, sizeof(key), "group %u", i);
		send_mail(sv, key, 1);
		snprintf(key, sizeof(key), "d%u.example", i);
		traffic_author(sv->traffic, sv->ticks(), key, RESULT_PASS,
		    false);
	}
	v = json_of(sv, &b);
	assert_int_equal(count(part(v, "logins")), STATUS_ACCOUNTS);
	assert_int_equal(count(part(v, "groups")), STATUS_ACCOUNTS);
	assert_int_equal(count(part(v, "dmarc")), STATUS_DOMAINS);
	assert_int_equal(json_get_number(part(v, "blocks"), "total"), 200);
	assert_int_equal(count(part(part(v, "blocks"), "list")),
	    STATUS_BLOCKS);
	buf_free(&b);
	services_free(&sv);
}

/* --- keys ---------------------------------------------------------------- */

static char	keys_dir[] = "/tmp/millgate-status-XXXXXX";

static void
make_key(const char *selector, const char *marker)
{
	struct crypto_key *key;
	struct buf	 pem = BUF_INIT;
	const char	*why;
	char		 name[200];
	FILE		*f;

	key = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	assert_non_null(key);
	assert_true(crypto_key_pem(key, &pem));
	snprintf(name, sizeof(name), "%s/example.org", keys_dir);
	mkdir(name, 0700);
	snprintf(name, sizeof(name), "%s/example.org/%s.private", keys_dir,
	    selector);
	f = fopen(name, "w");
	assert_non_null(f);
	fwrite(pem.data, 1, pem.len, f);
	fclose(f);
	assert_int_equal(chmod(name, 0600), 0);
	if (marker != NULL) {
		snprintf(name, sizeof(name), "%s/example.org/%s.%s",
		    keys_dir, selector, marker);
		f = fopen(name, "w");
		assert_non_null(f);
		fclose(f);
	}
	crypto_key_free(&key);
	buf_free(&pem);
}

static void
keys_have_their_state(void **state)
{
	static const struct {
		const char	*selector, *state, *dns;
	} rows[] = {	/* in this order */
		{ "next", "pending", "not published" },
		{ "now", "active", "not checked" },
		{ "old", "retired", "not checked" },
	};
	struct services	*sv;
	struct arena	*a = arena_new(0);
	struct buf	 b = BUF_INIT;
	struct json	 v, key;
	char		 conf[200], command[200];
	size_t		 i;

	(void)state;
	assert_non_null(mkdtemp(keys_dir));
	make_key("now", NULL);
	make_key("next", "pending");
	make_key("old", "retired");
	snprintf(conf, sizeof(conf), "signing { key-directory = \"%s\" }\n",
	    keys_dir);
	sv = open_services(conf);
	v = part(json_of(sv, &b), "keys");
	assert_int_equal(count(part(v, "list")), NELEM(rows));
	for (i = 0; i < NELEM(rows); i++) {
		key = item(part(v, "list"), i);
		assert_int_equal(json_get_number(v, rows[i].state), 1);
		assert_string_equal(json_get_text(a, key, "domain"),
		    "example.org");
		assert_string_equal(json_get_text(a, key, "selector"),
		    rows[i].selector);
		assert_string_equal(json_get_text(a, key, "state"),
		    rows[i].state);
		assert_string_equal(json_get_text(a, key, "dns"),
		    rows[i].dns);
		assert_true(json_get_number(key, "since") > 0);
	}
	services_free(&sv);
	snprintf(command, sizeof(command), "rm -r %s", keys_dir);
	assert_int_equal(system(command), 0);
	buf_free(&b);
	arena_free(&a);
}

/* The control socket answers with the same object. */
static void
the_control_socket_has_it_too(void **state)
{
	struct services	*sv = open_services("");
	struct buf	 b = BUF_INIT;
	struct json	 v;

	(void)state;
	control_answer(sv, &begun, "status", &b);
	assert_true(json_parse(b.data, b.len, &v));
	assert_int_equal(count(part(v, "traffic")), TRAFFIC_MINUTES);
	buf_free(&b);
	services_free(&sv);
}

/* --- the page ------------------------------------------------------------ */

static void
page_of(struct services *sv, struct buf *b)
{
	struct status *s = status_gather(sv, &begun);

	buf_reset(b);
	status_write_page(s, b);
	status_free(&s);
}

/* `name` wherever the page can have a name or a text of others. */
static struct services *
hostile_site(const char *name)
{
	struct services	*sv = open_services("");
	char		 key[12000];
	const char	*p = name;

	/* the store takes reasons in ASCII only */
	while (*p >= ' ' && *p <= '~')
		p++;
	sv->hostname = name;
	send_mail(sv, name, 3);
	snprintf(key, sizeof(key), "group %s", name);
	send_mail(sv, key, 3);
	block(sv, name, *p == '\0' ? name : "reason", NOW + 60);
	block(sv, key, *p == '\0' ? name : "reason", STORE_FOREVER);
	traffic_author(sv->traffic, sv->ticks(), name, RESULT_FAIL, true);
	traffic_note(sv->traffic, sv->ticks(), "eom", ACTION_REJECT, name);
	observed_listener(sv->observed, name);
	return sv;
}

static void
names_are_inert(void **state)
{
	static const struct {
		const char	*name;
		const char	*bad;	/* must not be in the page */
		const char	*good;	/* must be */
	} rows[] = {
		{ "<script>alert(1)</script>", "<script>alert",
		    "&lt;script&gt;alert(1)&lt;/script&gt;" },
		{ "</title><img src=x onerror=alert(1)>", "<img",
		    "&lt;/title&gt;&lt;img src=x" },
		{ "\" onmouseover=\"alert(1)", "\" onmouseover",
		    "&quot; onmouseover=&quot;alert(1)" },
		{ "' onfocus='alert(1)", "' onfocus",
		    "&#39; onfocus=&#39;alert(1)" },
		{ "&lt;b&gt;", "&lt;b&gt;", "&amp;lt;b&amp;gt;" },
		{ "]]><!--", "<!--", "]]&gt;&lt;!--" },
		/* right-to-left override: it would look like a picture */
		{ "a\xe2\x80\xae" "gpj.exe", "\xe2\x80\xae",
		    "a\\u{202e}gpj.exe" },
		{ "\xe2\x81\xa6" "x\xe2\x80\x8b\xef\xbb\xbf", "\xe2\x81\xa6",
		    "\\u{2066}x\\u{200b}\\u{feff}" },
		{ "x\xff\xfe\xc0\xaf<", "\xff", "x\\x{ff}\\x{fe}\\x{c0}" },
		{ "a\nb\x1b[31m\x7f", "\x1b", "a\\u{a}b\\u{1b}[31m\\u{7f}" },
	};
	struct services	*sv;
	struct buf	 b = BUF_INIT;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		sv = hostile_site(rows[i].name);
		page_of(sv, &b);
		if (strstr(buf_str(&b), rows[i].bad) != NULL)
			row_fail(rows[i].name, "is in the page as it is");
		if (strstr(buf_str(&b), rows[i].good) == NULL)
			row_fail(rows[i].name, "is not in the page");
		assert_int_equal(strlen(buf_str(&b)), b.len);
		json_of(sv, &b);
		services_free(&sv);
	}
	buf_free(&b);
}

static void
long_names_are_cut(void **state)
{
	static char	 name[10241];
	struct services	*sv;
	struct buf	 b = BUF_INIT;
	size_t		 empty;
	struct json	 v;

	(void)state;
	sv = open_services("");
	page_of(sv, &b);
	empty = b.len;
	services_free(&sv);
	memset(name, '<', sizeof(name) - 1);
	sv = hostile_site(name);
	page_of(sv, &b);
	assert_true(b.len < empty + 20000);
	assert_non_null(strstr(buf_str(&b), "&lt;..."));
	v = part(part(json_of(sv, &b), "blocks"), "list");
	assert_false(json_get(item(v, 0), "lift", &v));
	/* the host and the rule, which are not from mail, are whole */
	assert_true(b.len < 40000);
	services_free(&sv);
	buf_free(&b);
}

/* All that runs or styles is what the policy names. */
static void
the_policy_names_the_digests(void **state)
{
	static const struct {
		const char	*begin, *end, *directive;
	} rows[] = {
		{ "<style>", "</style>", "style-src" },
		{ "<script>", "</script>", "script-src" },
	};
	struct services	*sv = open_services("");
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	struct buf	 b = BUF_INIT, text = BUF_INIT;
	const char	*p, *end;
	char		 want[200];
	size_t		 i;

	(void)state;
	page_of(sv, &b);
	for (i = 0; i < NELEM(rows); i++) {
		p = strstr(buf_str(&b), rows[i].begin);
		assert_non_null(p);
		p += strlen(rows[i].begin);
		end = strstr(p, rows[i].end);
		assert_true(crypto_sha256(p, (size_t)(end - p), digest));
		buf_reset(&text);
		crypto_base64(&text, digest, sizeof(digest));
		snprintf(want, sizeof(want), "%s 'sha256-%s'; ",
		    rows[i].directive, buf_str(&text));
		assert_non_null(strstr(status_policy(), want));
		assert_null(strstr(end, rows[i].begin));
	}
	assert_null(strstr(status_policy(), "unsafe"));
	assert_null(strstr(buf_str(&b), " style="));
	buf_free(&text);
	buf_free(&b);
	services_free(&sv);
}

static void
trouble_is_on_the_page(void **state)
{
	struct services	*sv = open_services("mode = monitor\n");
	struct buf	 b = BUF_INIT;

	(void)state;
	page_of(sv, &b);
	assert_non_null(strstr(buf_str(&b), ">Healthy<"));
	assert_non_null(strstr(buf_str(&b), "mode monitor"));
	assert_null(strstr(buf_str(&b), "id=\"trouble\""));
	services_store_failed(sv);
	page_of(sv, &b);
	assert_non_null(strstr(buf_str(&b), "class=\"badge bad\""));
	assert_non_null(strstr(buf_str(&b), "state: a call failed"));
	/* the advice of doctor */
	assert_non_null(strstr(buf_str(&b), "the state "));
	buf_free(&b);
	services_free(&sv);
}

static enum store_answer
list_fails(struct store *s, struct store_setting_rows *rows,
    char error[STORE_ERROR])
{
	(void)s;
	(void)rows;
	snprintf(error, STORE_ERROR, "<the disk is full>");
	return STORE_UNKNOWN;
}

static void
a_state_that_cannot_be_read_is_said(void **state)
{
	struct services			*sv = open_services("");
	const struct store_ops		*ops = sv->store->ops;
	struct store_ops		 failing = *ops;
	struct buf			 b = BUF_INIT;

	(void)state;
	failing.settings_list = list_fails;
	sv->store->ops = &failing;
	page_of(sv, &b);
	assert_non_null(strstr(buf_str(&b), "<p>The state cannot be read: "
	    "<bdi>&lt;the disk is full&gt;</bdi></p>"));
	/* and not that nobody is blocked */
	assert_null(strstr(buf_str(&b), "No account is blocked."));
	assert_null(strstr(buf_str(&b), "None has sent mail"));
	sv->store->ops = ops;
	page_of(sv, &b);
	assert_non_null(strstr(buf_str(&b), "No account is blocked."));
	buf_free(&b);
	services_free(&sv);
}

/* What the last reload and the start have said. */
static void
the_configuration_is_described(void **state)
{
	struct services	*sv = open_services("unlisted-users = any\n");
	struct services	*other = open_services("socket = \"inet:1@127.0.0.1\""
			    "\nstate = \"/elsewhere/state.db\"\n");
	struct buf	 b = BUF_INIT;

	(void)state;
	page_of(sv, &b);
	assert_non_null(strstr(buf_str(&b), "<dt>Warnings</dt><dd>"));
	assert_non_null(strstr(buf_str(&b), "own-address is safer"));
	assert_null(strstr(buf_str(&b), "the last one was refused"));
	assert_null(strstr(buf_str(&b), "Needs a restart"));
	atomic_store(&sv->tallies.reload_failed, true);
	free(sv->started_with);
	sv->started_with = conf_restart_text(
	    other->current->conf);
	page_of(sv, &b);
	assert_non_null(strstr(buf_str(&b), "the last one was refused: see "
	    "the log"));
	if (strstr(buf_str(&b), "<dt>Needs a restart</dt><dd>"
	    "<bdi>socket, state") == NULL)
		fail_msg("%.200s", strstr(buf_str(&b), "Needs a restart"));
	page_of(other, &b);
	assert_null(strstr(buf_str(&b), "<dt>Warnings</dt>"));
	buf_free(&b);
	services_free(&sv);
	services_free(&other);
}

static void
the_newest_blocks_are_listed(void **state)
{
	struct services	*sv = open_services("");
	struct buf	 b = BUF_INIT;
	char		 login[32];
	unsigned	 i;

	(void)state;
	for (i = 0; i < STATUS_BLOCKS + 1; i++) {
		page_of(sv, &b);
		assert_null(strstr(buf_str(&b), "The newest ones of "));
		snprintf(login, sizeof(login), "u%u@example.org", i);
		block(sv, login, "reason", NOW + 60);
	}
	page_of(sv, &b);
	assert_non_null(strstr(buf_str(&b), "The newest ones of 51. All: "
	    "<code>millgatectl quota show</code>"));
	buf_free(&b);
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_daemon_is_shown),
		cmocka_unit_test(messages_are_added_up_by_direction),
		cmocka_unit_test(accounts_have_their_limits),
		cmocka_unit_test(blocks_have_the_command_that_lifts_them),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(keys_have_their_state),
		cmocka_unit_test(the_control_socket_has_it_too),
		cmocka_unit_test(names_are_inert),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(the_policy_names_the_digests),
		cmocka_unit_test(trouble_is_on_the_page),
		cmocka_unit_test(a_state_that_cannot_be_read_is_said),
		cmocka_unit_test(the_configuration_is_described),
		cmocka_unit_test(the_newest_blocks_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
