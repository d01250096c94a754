/*
 * observed: a macro that was never sent differs from an empty one; the log
 * line of a refusal has a hint, once a minute; the counters are bounded, and
 * exact with several threads
 */
#include "test.h"

#include <pthread.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "base/record.h"
#include "session/observed.h"
#include "dns/resolver.h"
#include "session/services.h"
#include "session/session.h"
#include "store/store.h"

/* --- an MTA that sends the macros of a row ------------------------------ */

struct mta {
	const char	*macro[8][2];	/* name and value */
};

static const char *
get_macro(void *ctx, const char *name)
{
	const struct mta	*m = ctx;
	size_t			 i;

	for (i = 0; i < NELEM(m->macro) && m->macro[i][0] != NULL; i++)
		if (strcmp(m->macro[i][0], name) == 0)
			return m->macro[i][1];
	return NULL;
}

static uint64_t	clock_ms;
static char	logged_hint[1024], logged_rule[64];

static uint64_t
fake_ticks(void)
{
	return clock_ms;
}

/* The value of `key`, or "". */
static const char *
pair_value(const struct record *r, const char *key)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->pair[i].key, key) == 0)
			return r->pair[i].value;
	return "";
}

static void
on_record(void *arg, const struct record *r)
{
	(void)arg;
	snprintf(logged_hint, sizeof(logged_hint), "%s",
	    pair_value(r, "hint"));
	snprintf(logged_rule, sizeof(logged_rule), "%s",
	    pair_value(r, "rule"));
}

static struct services *
open_services(void)
{
	static const char text[] = "listener submission {\n"
	    "  daemon-ports = {587}\n  direction = submission\n}\n"
	    "listener mx { daemon-ports = {25} }\n"
	    "listener local { local = yes  direction = submission }\n";
	char		*why = NULL;
	struct conf	*c = conf_load_text("test", text, &why);
	struct services	*sv;

	if (c == NULL)
		fail_msg("%s", why);
	sv = services_new(setup_new(c, &why), resolver_zone_new("", &why),
	    store_open_memory(), "mx.example.net");
	sv->ticks = fake_ticks;
	sv->on_record = on_record;
	return sv;
}

/* One MAIL command. `mta` false: there is no MTA, as with millgatectl. */
static struct verdict
mail(struct services *sv, const struct mta *m, bool takes_lists, bool mta)
{
	struct session	*s = session_new(sv, get_macro, (void *)(uintptr_t)m);
	struct verdict	 v;

	logged_hint[0] = logged_rule[0] = '\0';
	if (mta)
		session_negotiated(s, 6, takes_lists);
	session_connect(s, "client.example", NULL);
	session_helo(s, "client.example");
	v = session_mail(s, "<alice@example.net>", NULL);
	session_free(&s);
	return v;
}

static void
never_sent_is_not_empty(void **state)
{
#define BASE	{ "v", "Postfix 3.7.11" }, { "{daemon_port}", "587" }
	static const struct {
		const char	*name;
		struct mta	 mta;
		bool		 takes_lists;
		const char	*rule, *hint;	/* "": none */
	} rows[] = {
		{ "TLS was never sent", { { BASE } }, false, "tls-required",
		    "milter_helo_macros" },
		{ "TLS was sent empty", { { BASE, { "{tls_version}", "" } } },
		    false, "tls-required", "" },
		{ "no TLS, though we asked", { { BASE } }, true,
		    "tls-required", "smtpd_tls_security_level" },
		{ "bits were never sent",
		    { { BASE, { "{tls_version}", "TLSv1.3" } } }, false,
		    "min-tls-bits", "{cipher_bits}" },
		{ "a login was never sent",
		    { { BASE, { "{tls_version}", "TLSv1.3" },
		    { "{cipher_bits}", "256" } } }, false, "auth-required",
		    "milter_mail_macros" },
		{ "a login was sent empty",
		    { { BASE, { "{tls_version}", "TLSv1.3" },
		    { "{cipher_bits}", "256" }, { "{auth_type}", "" },
		    { "{auth_authen}", "" } } }, false, "auth-required", "" },
		{ "a mechanism is no login",
		    { { BASE, { "{tls_version}", "TLSv1.3" },
		    { "{cipher_bits}", "256" }, { "{auth_type}", "PLAIN" } } },
		    false, "auth-required", "{auth_authen} was never sent" },
		{ "nor is a name",
		    { { BASE, { "{tls_version}", "TLSv1.3" },
		    { "{cipher_bits}", "256" },
		    { "{auth_authen}", "alice@example.net" } } },
		    false, "auth-required", "{auth_type} was never sent" },
		{ "no port: what it might be is not let in as inbound",
		    { { { "v", "Postfix 2.11.0" } } }, false,
		    "listener-unknown", "milter_connect_macros" },
	};
	struct services	*sv;
	struct verdict	 v;
	size_t		 i;

	(void)state;
	clock_ms = 1000;
	for (i = 0; i < NELEM(rows); i++) {
		sv = open_services();
		v = mail(sv, &rows[i].mta, rows[i].takes_lists, true);
		if (v.action < ACTION_DEFER ||
		    strcmp(logged_rule, rows[i].rule) != 0)
			row_fail(rows[i].name, "%s by %s", action_name(
			    v.action), logged_rule);
		if ((rows[i].hint[0] == '\0') != (logged_hint[0] == '\0') ||
		    strstr(logged_hint, rows[i].hint) == NULL)
			row_fail(rows[i].name, "hint \"%s\"", logged_hint);
		services_free(&sv);
	}
}

static void
a_listener_hints_once_a_minute(void **state)
{
	static const struct mta m = { { BASE } };
	struct services	*sv = open_services();

	(void)state;
	clock_ms = 1000;
	mail(sv, &m, false, true);
	assert_string_not_equal(logged_hint, "");
	clock_ms += 59000;
	mail(sv, &m, false, true);
	assert_string_equal(logged_hint, "");
	assert_string_equal(logged_rule, "tls-required");
	clock_ms += 1001;
	mail(sv, &m, false, true);
	assert_string_not_equal(logged_hint, "");
	services_free(&sv);
}

static void
where_a_login_was_seen_the_client_is_to_blame(void **state)
{
	static const struct mta good = { { BASE,
	    { "{tls_version}", "TLSv1.3" }, { "{cipher_bits}", "256" },
	    { "{auth_type}", "PLAIN" },
	    { "{auth_authen}", "alice@example.net" } } };
	static const struct mta bare = { { BASE,
	    { "{tls_version}", "TLSv1.3" }, { "{cipher_bits}", "256" } } };
	struct services	*sv = open_services();

	(void)state;
	assert_int_equal(mail(sv, &good, false, true).action, ACTION_ACCEPT);
	assert_int_equal(mail(sv, &bare, false, true).action, ACTION_REJECT);
	assert_string_equal(logged_hint, "");
	services_free(&sv);
}

/* The mail is accepted; once a minute the log has a hint about the login. */
static void
a_login_at_an_inbound_listener_is_told(void **state)
{
	static const struct mta m = { { { "v", "Postfix 3.7.11" },
	    { "{daemon_port}", "25" }, { "{tls_version}", "TLSv1.3" },
	    { "{auth_type}", "PLAIN" },
	    { "{auth_authen}", "alice@example.net" } } };
	struct services		*sv = open_services();
	const struct edits	*edits;
	struct session		*s;
	int			 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		logged_hint[0] = '\0';
		s = session_new(sv, get_macro, (void *)(uintptr_t)&m);
		session_negotiated(s, 6, true);
		session_connect(s, "client.example", NULL);
		session_mail(s, "<ceo@example.net>", NULL);
		session_header(s, "From", " ceo@example.net");
		session_eoh(s);
		assert_int_equal(session_eom(s, &edits).action, ACTION_ACCEPT);
		session_commit(s, NULL);
		session_end(s, NULL);
		assert_int_equal(i == 0, strstr(logged_hint,
		    "smtpd_sasl_auth_enable = no") != NULL);
		session_free(&s);
	}
	services_free(&sv);
}

static void
mail_without_a_login_needs_no_hint(void **state)
{
	static const struct mta	 m = { { { "v", "Postfix 3.7.11" },
	    { "{daemon_port}", "25" } } };
	struct services		*sv = open_services();
	const struct edits	*edits;
	struct session		*s;

	(void)state;
	logged_hint[0] = '\0';
	s = session_new(sv, get_macro, (void *)(uintptr_t)&m);
	session_negotiated(s, 6, true);
	session_connect(s, "client.example", NULL);
	session_mail(s, "<a@example.net>", NULL);
	session_header(s, "From", " a@example.net");
	session_eoh(s);
	assert_int_equal(session_eom(s, &edits).action, ACTION_ACCEPT);
	session_commit(s, NULL);
	session_end(s, NULL);
	assert_string_equal(logged_hint, "");
	session_free(&s);
	services_free(&sv);
}

/* libmilter does not check that the MTA sends every event: we have to. */
static void
steps_that_are_left_out_let_nothing_in(void **state)
{
	static const struct mta m = { { BASE, { "{tls_version}", "TLSv1.3" },
	    { "{cipher_bits}", "256" }, { "{auth_type}", "PLAIN" },
	    { "{auth_authen}", "alice@example.net" } } };
	static const struct mta at_home = { { { "v", "Postfix 3.7.11" },
	    { "{daemon_port}", "25" }, { "{tls_version}", "TLSv1.3" },
	    { "{auth_type}", "PLAIN" },
	    { "{auth_authen}", "alice@example.net" } } };
	struct services		*sv = open_services();
	struct session		*s;
	const struct edits	*edits;

	(void)state;
	/* an inbound listener, with a login but without an end of headers */
	s = session_new(sv, get_macro, (void *)(uintptr_t)&at_home);
	session_negotiated(s, 6, true);
	session_connect(s, "client.example", NULL);
	assert_int_equal(session_mail(s, "<alice@example.net>", NULL).action,
	    ACTION_ACCEPT);
	session_header(s, "From", " ceo@example.net");
	assert_int_equal(session_eom(s, &edits).action, ACTION_DEFER);
	assert_string_equal(logged_rule, "sequence");
	session_free(&s);
	/* no end of headers: From has not been checked */
	s = session_new(sv, get_macro, (void *)(uintptr_t)&m);
	session_negotiated(s, 6, true);
	session_connect(s, "client.example", NULL);
	assert_int_equal(session_mail(s, "<alice@example.net>", NULL).action,
	    ACTION_ACCEPT);
	session_rcpt(s, "<bob@example.net>");
	session_header(s, "From", " ceo@example.net");
	assert_int_equal(session_eom(s, &edits).action, ACTION_DEFER);
	assert_string_equal(logged_rule, "sequence");
	/* nor in the next message */
	session_mail(s, "<alice@example.net>", NULL);
	session_eoh(s);
	session_abort(s);
	session_mail(s, "<alice@example.net>", NULL);
	assert_int_equal(session_eom(s, &edits).action, ACTION_DEFER);
	session_free(&s);
	/* no connect event, and so no port that selects a listener */
	s = session_new(sv, get_macro, (void *)(uintptr_t)&m);
	session_negotiated(s, 6, true);
	assert_int_equal(session_mail(s, "<alice@example.net>", NULL).action,
	    ACTION_DEFER);
	assert_string_equal(logged_rule, "listener-unknown");
	session_free(&s);
	services_free(&sv);
}

static void
without_an_mta_nothing_is_undecided(void **state)
{
	static const struct mta none = { { { NULL, NULL } } };
	struct services	*sv = open_services();

	(void)state;
	assert_int_equal(mail(sv, &none, false, false).action, ACTION_ACCEPT);
	services_free(&sv);
}

/* --- the record --------------------------------------------------------- */

static void
more_listeners_than_slots_share_the_last(void **state)
{
	struct observed			*o = observed_new();
	struct observed_listener	*first, *l = NULL;
	char				 name[32];
	int				 i;

	(void)state;
	first = observed_listener(o, "name-0");
	for (i = 0; i < 3 * OBSERVED_LISTENERS; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		l = observed_listener(o, name);
		assert_ptr_equal(l, observed_listener(o, name));
	}
	assert_ptr_equal(first, observed_listener(o, "name-0"));
	assert_ptr_equal(l, observed_listener(o, "one more"));
	observed_free(&o);
}

static void *
count(void *arg)
{
	struct observed			*o = arg;
	struct observed_listener	*l;
	struct mta_facts		 mta = { .known = true, .protocol = 6,
					    .version = "Postfix 3.7.11" };
	enum sent			 sent[OBSERVED_ROWS];
	int				 i;

	memset(sent, 0, sizeof(sent));
	for (i = 0; i < 2000; i++) {
		l = observed_listener(o, i % 2 == 0 ? "a" : "b");
		observed_session(l, &mta);
		observed_macros(l, AT_MAIL, sent);
		observed_verdict(l, DIRECTION_INBOUND, "eom", ACTION_REJECT,
		    i % 3 == 0 ? "one" : "two");
	}
	return NULL;
}

static void
threads_lose_no_count(void **state)
{
	struct observed	*o = observed_new();
	struct buf	 b = BUF_INIT;
	pthread_t	 thread[8];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count, o),
		    0);
	for (i = 0; i < NELEM(thread); i++)
		pthread_join(thread[i], NULL);
	observed_json(o, true, &b);
	/* 8 threads, 1000 each on "a" and on "b" */
	for (i = 0; i < 2; i++)
		assert_non_null(strstr(buf_str(&b), i == 0 ?
		    "{\"name\": \"a\", \"sessions\": 8000, \"messages\": 8000"
		    : "{\"name\": \"b\", \"sessions\": 8000, "
		    "\"messages\": 8000"));
	assert_non_null(strstr(buf_str(&b), "\"one\": 2672"));
	assert_non_null(strstr(buf_str(&b), "\"mta\": \"Postfix 3.7.11\""));
	buf_free(&b);
	observed_free(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_sent_is_not_empty),
		cmocka_unit_test(a_listener_hints_once_a_minute),
		cmocka_unit_test(where_a_login_was_seen_the_client_is_to_blame),
		cmocka_unit_test(a_login_at_an_inbound_listener_is_told),
		cmocka_unit_test(mail_without_a_login_needs_no_hint),
		cmocka_unit_test(steps_that_are_left_out_let_nothing_in),
		cmocka_unit_test(without_an_mta_nothing_is_undecided),
		cmocka_unit_test(more_listeners_than_slots_share_the_last),
		cmocka_unit_test(threads_lose_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
