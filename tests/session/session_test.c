/*
 * session: each call that can fail fails once, and no message is accepted
 * because of it. The resolver fails its n-th query, for every n; the store
 * fails its n-th call, for every n.
 */
#include "test.h"

#include "conf/conf.h"
#include "mta/replay.h"
#include "dns/resolver_priv.h"
#include "session/services.h"
#include "store/store_priv.h"

/* --- a resolver of four records that fails its n-th query --------------- */

static const struct record_row {
	const char	*name;
	enum dns_type	 type;
	const char	*rdata;		/* a TXT string */
} zone[] = {
	{ "strict.example", DNS_TXT,
	    "v=spf1 include:_spf.strict.example -all" },
	{ "_spf.strict.example", DNS_TXT, "v=spf1 ip4:192.0.2.0/24 -all" },
	{ "_dmarc.strict.example", DNS_TXT, "v=DMARC1; p=reject" },
	{ "out.strict.example", DNS_TXT, "v=spf1 ip4:192.0.2.7 -all" },
};

static unsigned asked, fail_at;

static void
zone_ask(void *state, struct query *q)
{
	struct dns_reply	reply = { .status = DNS_NXDOMAIN, .ttl = 0 };
	char			rdata[256], *list[1] = { rdata };
	int			len[1];
	size_t			i;

	(void)state;
	if (++asked == fail_at) {
		reply.status = DNS_TEMPFAIL;
		resolver_answered(q, &reply);
		return;
	}
	for (i = 0; i < NELEM(zone); i++) {
		if (strcmp(query_name(q), zone[i].name) != 0 ||
		    query_type(q) != zone[i].type)
			continue;
		rdata[0] = (char)strlen(zone[i].rdata);
		memcpy(rdata + 1, zone[i].rdata, strlen(zone[i].rdata));
		len[0] = (int)strlen(zone[i].rdata) + 1;
		reply.status = DNS_OK;
		reply.n = 1;
		reply.rdata = list;
		reply.len = len;
	}
	resolver_answered(q, &reply);
}

static void
zone_close(void *state)
{
	(void)state;
}

static const struct resolver_backend zone_backend = { zone_ask, zone_close };

/* --- a store that fails its n-th call ----------------------------------- */

static unsigned store_calls, store_fail_at;
static unsigned outstanding;

static enum store_answer
store_step(struct store_usage *usage)
{
	memset(usage, 0, sizeof(*usage));
	if (++store_calls != store_fail_at)
		return STORE_TAKEN;
	snprintf(usage->error, sizeof(usage->error), "the disk is full");
	return STORE_UNKNOWN;
}

static struct reservation *
fake_new(struct store *s, const struct store_account *account, size_t n)
{
	struct reservation *r = calloc(1, sizeof(*r));

	(void)s;
	(void)account;
	(void)n;
	assert_non_null(r);
	outstanding++;
	return r;
}

static enum store_answer
fake_reserve(struct reservation *r, time_t now, struct store_usage *usage)
{
	(void)r;
	(void)now;
	return store_step(usage);
}

static enum store_answer
fake_commit(struct reservation *r, time_t now, struct store_usage *usage)
{
	(void)now;
	free(r);
	outstanding--;
	return store_step(usage);
}

static void
fake_give_back(struct reservation *r)
{
	free(r);
	outstanding--;
}

static enum store_answer
fake_settings_get(struct store *s, const char *const *key, size_t n,
    struct store_setting *setting, char error[STORE_ERROR])
{
	(void)s;
	(void)key;
	(void)n;
	(void)setting;
	(void)error;
	return STORE_TAKEN;
}

static void
fake_close(struct store *s)
{
	free(s);
}

static const struct store_ops fake_ops = {
	.reservation_new = fake_new, .reserve = fake_reserve,
	.commit = fake_commit, .give_back = fake_give_back,
	.settings_get = fake_settings_get, .close = fake_close,
};

static struct store *
fake_store(void)
{
	struct store *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->ops = &fake_ops;
	return s;
}

/* --- one message -------------------------------------------------------- */

static struct services *
open_services(const char *conf_text, struct store *store)
{
	char		*why = NULL;
	struct conf	*c = conf_load_text("test", conf_text, &why);
	struct setup	*st;
	struct services	*sv;

	if (c == NULL)
		fail_msg("%s", why);
	st = setup_new(c, &why);
	assert_non_null(st);
	sv = services_new(st, resolver_new(&zone_backend, NULL, 0), store,
	    "mx.example.net");
	assert_non_null(sv);
	return sv;
}

static enum action
inbound(const char *client, const char *message)
{
	struct services	*sv = open_services("", store_open_memory());
	struct replay	*r = replay_new(sv);
	struct verdict	 v;

	asked = 0;
	assert_true(replay_connect(r, client, NULL));
	replay_helo(r, "out.strict.example");
	v = replay_mail(r, "<ceo@strict.example>");
	assert_int_equal(v.action, ACTION_ACCEPT);
	replay_rcpt(r, "<bob@example.net>");
	v = replay_message(r, message, strlen(message));
	replay_free(&r);
	services_free(&sv);
	return v.action;
}

static const char mail[] = "From: ceo@strict.example\nSubject: x\n\nHello.\n";

static void
spoofed_mail_is_never_let_in_by_a_failing_lookup(void **state)
{
	unsigned	n, questions;
	enum action	a;

	(void)state;
	fail_at = 0;
	assert_int_equal(inbound("198.51.100.7", mail), ACTION_REJECT);
	questions = asked;
	assert_true(questions >= 4);
	for (n = 1; n <= questions; n++) {
		fail_at = n;
		a = inbound("198.51.100.7", mail);
		if (a != ACTION_REJECT && a != ACTION_DEFER)
			fail_msg("question %u of %u failed: %s", n, questions,
			    action_name(a));
	}
}

static void
good_mail_is_never_rejected_by_a_failing_lookup(void **state)
{
	unsigned	n, questions;
	enum action	a;

	(void)state;
	fail_at = 0;
	assert_int_equal(inbound("192.0.2.7", mail), ACTION_ACCEPT);
	questions = asked;
	for (n = 1; n <= questions; n++) {
		fail_at = n;
		a = inbound("192.0.2.7", mail);
		if (a == ACTION_REJECT || a == ACTION_HOLD)
			fail_msg("question %u of %u failed: %s", n, questions,
			    action_name(a));
	}
}

#define SUBMISSION "listener s { daemon-ports = {587} direction = submission }"

/* The worst answer to the client. Checks that nothing remains reserved. */
static enum action
submit(const char *conf_text)
{
	struct services	*sv = open_services(conf_text, fake_store());
	struct replay	*r = replay_new(sv);
	struct verdict	 v;
	enum action	 worst;

	store_calls = 0;
	fail_at = 0;
	replay_macro(r, "{daemon_port}", "587");
	replay_macro(r, "{tls_version}", "TLSv1.3");
	replay_macro(r, "{cipher_bits}", "256");
	replay_macro(r, "{auth_type}", "PLAIN");
	replay_macro(r, "{auth_authen}", "ceo@strict.example");
	assert_true(replay_connect(r, "192.0.2.7", NULL));
	replay_helo(r, "c");
	worst = replay_mail(r, "<ceo@strict.example>").action;
	v = replay_rcpt(r, "<a@example.net>");
	worst = v.action > worst ? v.action : worst;
	v = replay_rcpt(r, "<b@example.net>");
	worst = v.action > worst ? v.action : worst;
	v = replay_message(r, mail, strlen(mail));
	worst = v.action > worst ? v.action : worst;
	/* with any verdict, the log and the counter report the failure */
	assert_int_equal(atomic_load(&sv->counters.store_failures),
	    store_fail_at != 0);
	if (store_fail_at != 0) {
		assert_non_null(strstr(replay_outcome(r),
		    "store-error=\"the disk is full\""));
		assert_non_null(strstr(replay_outcome(r),
		    "rule=quota-unknown"));
	} else
		assert_null(strstr(replay_outcome(r), "store-error"));
	assert_int_equal(atomic_load(&sv->counters.quota_refused), 0);
	replay_free(&r);
	services_free(&sv);
	assert_int_equal(outstanding, 0);
	return worst;
}

static void
a_failing_store_defers(void **state)
{
	unsigned n;

	(void)state;
	store_fail_at = 0;
	assert_int_equal(submit(SUBMISSION), ACTION_ACCEPT);
	assert_int_equal(store_calls, 3);
	for (n = 1; n <= 3; n++) {
		store_fail_at = n;
		assert_int_equal(submit(SUBMISSION), ACTION_DEFER);
	}
	store_fail_at = 0;
}

static void
a_failing_store_accepts_only_where_told(void **state)
{
	unsigned n;

	(void)state;
	for (n = 1; n <= 3; n++) {
		store_fail_at = n;
		assert_int_equal(submit(SUBMISSION
		    "\nquota { on-store-failure = accept }"), ACTION_ACCEPT);
	}
	store_fail_at = 0;
}

static void
whatever_ends_a_message_gives_the_reservation_back(void **state)
{
	struct services	*sv = open_services(SUBMISSION, fake_store());
	struct replay	*r = replay_new(sv);

	(void)state;
	store_fail_at = fail_at = 0;
	replay_macro(r, "{daemon_port}", "587");
	replay_macro(r, "{tls_version}", "TLSv1.3");
	replay_macro(r, "{cipher_bits}", "256");
	replay_macro(r, "{auth_type}", "PLAIN");
	replay_macro(r, "{auth_authen}", "ceo@strict.example");
	assert_true(replay_connect(r, "192.0.2.7", NULL));
	replay_helo(r, "c");
	replay_mail(r, "<ceo@strict.example>");
	replay_rcpt(r, "<a@example.net>");
	assert_int_equal(outstanding, 1);
	replay_abort(r);				/* RSET */
	assert_int_equal(outstanding, 0);
	replay_mail(r, "<ceo@strict.example>");
	replay_rcpt(r, "<a@example.net>");
	replay_mail(r, "<ceo@strict.example>");		/* a second MAIL */
	assert_int_equal(outstanding, 1);
	replay_rcpt(r, "<a@example.net>");
	replay_message(r, "From: other@example.org\n\nx\n", 28);
	assert_int_equal(outstanding, 0);		/* a refusal */
	replay_mail(r, "<ceo@strict.example>");
	replay_rcpt(r, "<a@example.net>");
	replay_free(&r);				/* a disconnect */
	assert_int_equal(outstanding, 0);
	services_free(&sv);
}

/* Which certificates belong to the login, by the macros of each MTA. */
static void
a_certificate_is_the_logins_by_its_decoded_common_name(void **state)
{
	static const struct {
		const char *name, *v, *verify, *subject, *cn;
		enum action want;
	} rows[] = {
		{ "Postfix: the common name alone", "Postfix 3.7", NULL,
		    "a@x.example", NULL, ACTION_ACCEPT },
		{ "Postfix, with a {verify} of its own configuration",
		    "Postfix 3.7", "OK", "a@x.example", NULL, ACTION_ACCEPT },
		{ "Postfix, with another {verify}", "Postfix 3.7", "FAIL",
		    "a@x.example", NULL, ACTION_REJECT },
		{ "Postfix does not encode names", "Postfix 3.7", NULL,
		    "a+40x.example", NULL, ACTION_REJECT },
		{ "Sendmail: the common name beside the subject", "8.17", "OK",
		    "/O=Ann+20+28X+29/CN=a@x.example", "a@x.example",
		    ACTION_ACCEPT },
		{ "coded characters are the characters", "8.17", "OK",
		    "/CN=a+40x.example", "a+40x.example", ACTION_ACCEPT },
		{ "not verified", "8.17", "FAIL", "/CN=a@x.example",
		    "a@x.example", ACTION_REJECT },
		{ "a subject that looks like one, but is not", "8.17", "OK",
		    "/CN=m@x.example/O=y/CN=a@x.example", "m@x.example",
		    ACTION_REJECT },
		{ "the subject alone proves nothing", "8.17", "OK",
		    "/CN=a@x.example", NULL, ACTION_REJECT },
		{ "a control character", "8.17", "OK", "/CN=a@x.example+00",
		    "a@x.example+00", ACTION_REJECT },
		{ "half a code", "8.17", "OK", "/CN=a@x.example+4",
		    "a@x.example+4", ACTION_REJECT },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct services	*sv = open_services(SUBMISSION
		    "\nuser a@x.example { second-factor = yes }",
		    fake_store());
		struct replay	*r = replay_new(sv);

		replay_macro(r, "{daemon_port}", "587");
		replay_macro(r, "{tls_version}", "TLSv1.3");
		replay_macro(r, "{cipher_bits}", "256");
		replay_macro(r, "{auth_type}", "PLAIN");
		replay_macro(r, "{auth_authen}", "a@x.example");
		replay_macro(r, "v", rows[i].v);
		replay_macro(r, "{cert_subject}", rows[i].subject);
		if (rows[i].verify != NULL)
			replay_macro(r, "{verify}", rows[i].verify);
		if (rows[i].cn != NULL)
			replay_macro(r, "{cn_subject}", rows[i].cn);
		assert_true(replay_connect(r, "192.0.2.7", NULL));
		replay_helo(r, "c");
		if (replay_mail(r, "<a@x.example>").action != rows[i].want)
			fail_msg("%s", rows[i].name);
		replay_free(&r);
		services_free(&sv);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    spoofed_mail_is_never_let_in_by_a_failing_lookup),
		cmocka_unit_test(
		    good_mail_is_never_rejected_by_a_failing_lookup),
		cmocka_unit_test(a_failing_store_defers),
		cmocka_unit_test(a_failing_store_accepts_only_where_told),
		cmocka_unit_test(
		    whatever_ends_a_message_gives_the_reservation_back),
		cmocka_unit_test(
		    a_certificate_is_the_logins_by_its_decoded_common_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
