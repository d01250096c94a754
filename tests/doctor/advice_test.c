/*
 * advice: the setting that a hint names, by refusal and by MTA
 */
#include "test.h"

#include "doctor/advice.h"
#include "base/arena.h"

/* `arg` names the macros that were seen. */
static bool
never(const void *arg, const char *macro)
{
	return strstr(arg, macro) == NULL;
}

static void
hints_name_the_setting(void **state)
{
	static const struct {
		const char	*name, *rule;
		enum mta_kind	 kind;
		bool		 takes_lists;
		const char	*seen;
		const char	*want;		/* NULL: no hint */
	} rows[] = {
		{ "Postfix's own list lacks the login", "auth-required",
		    MTA_POSTFIX, false, "{tls_version}",
		    "milter_mail_macros = i {mail_addr} {mail_host} "
		    "{mail_mailer} {auth_type} {auth_authen}" },
		{ "a mechanism without a name", "auth-required",
		    MTA_POSTFIX, false, "{auth_type}",
		    "{auth_authen} was never sent" },
		{ "Sendmail's own list lacks the login", "auth-required",
		    MTA_SENDMAIL, false, "",
		    "define(`confMILTER_MACROS_ENVFROM', `i, {auth_type}, "
		    "{auth_authen}" },
		{ "of another MTA both are named", "auth-required",
		    MTA_UNKNOWN, false, "", "Sendmail: define(" },
		{ "no login because the service offers none",
		    "auth-required", MTA_POSTFIX, true, "",
		    "smtpd_sasl_auth_enable = yes" },
		{ "the same on Sendmail", "auth-required", MTA_SENDMAIL, true,
		    "", "confAUTH_MECHANISMS" },
		{ "others have logged in: the client's fault",
		    "auth-required", MTA_POSTFIX, true,
		    "{auth_type} {auth_authen}", NULL },
		{ "no TLS, never told", "tls-required", MTA_POSTFIX, false,
		    "{auth_type}", "milter_helo_macros = {tls_version}" },
		{ "no TLS, none offered", "tls-required", MTA_POSTFIX, true,
		    "", "smtpd_tls_security_level = encrypt" },
		{ "no TLS on Sendmail", "tls-required", MTA_SENDMAIL, true,
		    "", "confSERVER_CERT" },
		{ "TLS seen before", "tls-required", MTA_POSTFIX, false,
		    "{tls_version}", NULL },
		{ "a password in the clear", "plaintext-mechanism",
		    MTA_SENDMAIL, false, "",
		    "define(`confMILTER_MACROS_HELO'" },
		{ "no cipher bits", "min-tls-bits", MTA_POSTFIX, false,
		    "{tls_version}", "{cipher_bits}" },
		{ "no certificates", "second-factor", MTA_POSTFIX, true,
		    "{auth_type}", "smtpd_tls_ask_ccert = yes" },
		{ "no port", "listener-unknown", MTA_POSTFIX, false, "",
		    "milter_connect_macros = " },
		{ "no port, although asked for", "listener-unknown",
		    MTA_POSTFIX, true, "", "milter_macro_daemon_name" },
		{ "other refusals need no macro", "identity", MTA_POSTFIX,
		    false, "", NULL },
		{ "a rule is a whole word", "tls", MTA_POSTFIX, false, "",
		    NULL },
		{ "min-tls is not min-tls-bits", "min-tls", MTA_POSTFIX,
		    false, "{tls_version}", NULL },
	};
	struct mta_facts	mta = { .known = true };
	char			hint[POLICY_HINT];
	bool			found;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		mta.kind = rows[i].kind;
		mta.takes_lists = rows[i].takes_lists;
		found = policy_hint(rows[i].rule, &mta, never, rows[i].seen,
		    hint);
		if (found != (rows[i].want != NULL))
			row_fail(rows[i].name, "hint: %s", found ? hint :
			    "none");
		if (found && strstr(hint, rows[i].want) == NULL)
			row_fail(rows[i].name, "\"%s\"", hint);
		if (found && strlen(hint) + 1 == POLICY_HINT)
			row_fail(rows[i].name, "cut: \"%s\"", hint);
	}
}

/* Mail with such a login is accepted, so only the advice reports it. */
static void
a_login_that_nothing_binds_gets_advice(void **state)
{
	static const struct {
		const char	*name;
		bool		 unbound, setup_known;
		const char	*seen;
		size_t		 want;
	} rows[] = {
		{ "at an inbound listener", true, false, "{auth_authen}", 1 },
		{ "nobody has logged in", true, false, "{tls_version}", 0 },
		{ "at a listener for submission", false, false,
		    "{auth_authen}", 0 },
		{ "the configuration shows whether it still does", true, true,
		    "{auth_authen}", 0 },
	};
	struct advice_list	l;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct advice_seen seen = { .listener = "mx", .sessions = 1,
		    .mta = { .known = true, .protocol = 6 },
		    .unbound = rows[i].unbound,
		    .setup_known = rows[i].setup_known, .never = never,
		    .never_arg = rows[i].seen };

		memset(&l, 0, sizeof(l));
		l.arena = arena_new(1024);
		advice_session(&l, &seen);
		if (l.n != rows[i].want || (l.n > 0 &&
		    strcmp(l.item[0].id, "login-inbound") != 0))
			row_fail(rows[i].name, "%zu advices", l.n);
		arena_free(&l.arena);
	}
}

static void
logins_without_a_domain_are_told(void **state)
{
	struct advice_seen	seen = { .listener = "submission" };
	struct advice_list	l = { .arena = arena_new(1024) };

	(void)state;
	advice_session(&l, &seen);
	assert_int_equal(l.n, 0);
	seen.bare_logins = 1;
	advice_session(&l, &seen);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.item[0].id, "login-domain");
	assert_string_equal(l.item[0].where, "submission");
	assert_string_equal(l.item[0].change,
	    "login-domain = \"example.org\"");
	arena_free(&l.arena);
}

static void
the_mta_is_known_by_its_version(void **state)
{
	static const struct { const char *version; enum mta_kind want; }
	rows[] = {
		{ "Postfix 3.7.11", MTA_POSTFIX }, { "8.17.1.9", MTA_SENDMAIL },
		{ "OpenSMTPD", MTA_UNKNOWN }, { "", MTA_UNKNOWN },
		{ NULL, MTA_UNKNOWN }, { "80", MTA_UNKNOWN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		assert_int_equal(policy_mta_kind(rows[i].version),
		    rows[i].want);
}

/* Each row is a daemon in trouble; `id` NULL: all is well. */
static void
a_daemon_in_trouble_gets_advice(void **state)
{
	static const struct {
		const char		*name;
		struct advice_daemon	 d;
		const char		*id, *text, *change;
	} rows[] = {
		{ "all is well", { .answer = DAEMON_ANSWERED }, NULL, NULL,
		    NULL },
		{ "nobody listens", { .answer = DAEMON_DOWN,
		    .control = "/run/c" }, "daemon-down",
		    "nobody answers at /run/c", "systemctl start millgate" },
		{ "not for this user", { .answer = DAEMON_DENIED,
		    .control = "/run/c" }, "daemon-denied",
		    "may not ask the daemon at /run/c", "as root" },
		{ "turned off", { .answer = DAEMON_OFF, .control = "none" },
		    "daemon-denied", "control-socket = none",
		    "remove control-socket" },
		{ "it hangs", { .answer = DAEMON_SILENT, .control = "/run/c" },
		    "daemon-silent", "at /run/c gives no answer",
		    "systemctl restart millgate" },
		{ "of before an update", { .answer = DAEMON_OLD },
		    "daemon-old", "before an update",
		    "systemctl restart millgate" },
		{ "a broken domain's lookups fail", {
		    .lookups_failing = ADVICE_LOOKUPS - 1 }, NULL, NULL,
		    NULL },
		{ "all lookups fail", { .lookups_failing = ADVICE_LOOKUPS,
		    .server = "192.0.2.1@5353" }, "dns-failing",
		    "20 since the last answer",
		    "dig @192.0.2.1 -p 5353 . NS" },
		{ "with the usual port", { .lookups_failing = 1000,
		    .server = "2001:db8::1" }, "dns-failing",
		    "1000 since", "dig @2001:db8::1 . NS" },
		{ "with the system's servers", { .lookups_failing = 20 },
		    "dns-failing", "all DNS lookups fail", "dig . NS" },
		{ "the store fails", { .store_failures = 1,
		    .store_failure_age = ADVICE_STORE_SECONDS,
		    .state = "/var/lib/state.db" }, "store-failing",
		    "the state /var/lib/state.db fails, the last time 600 "
		    "seconds ago", "store-error=" },
		{ "it failed long ago", { .store_failures = 9,
		    .store_failure_age = ADVICE_STORE_SECONDS + 1 }, NULL,
		    NULL, NULL },
		{ "mail is held", { .held = 3,
		    .held_age = ADVICE_HELD_SECONDS }, "held",
		    "3 messages since the start", "postsuper -H ID" },
		{ "it was held the day before", { .held = 3,
		    .held_age = ADVICE_HELD_SECONDS + 1 }, NULL, NULL, NULL },
		{ "sandbox = no", { .not_limited = "files, TCP ports and "
		    "system calls" }, "sandbox-open", "files, TCP ports and "
		    "system calls are not limited", "sandbox = yes" },
		{ "all of it is closed", { .not_limited = "" }, NULL, NULL,
		    NULL },
		{ "a limit of locked memory", { .keys_swappable = true },
		    "keys-swappable", "may be written to swap",
		    "LimitMEMLOCK=infinity" },
	};
	struct advice_list	*l = calloc(1, sizeof(*l));
	size_t			 i;

	(void)state;
	assert_non_null(l);
	l->arena = arena_new(4096);
	for (i = 0; i < NELEM(rows); i++) {
		l->n = 0;
		advice_daemon(l, &rows[i].d);
		if (l->n != (rows[i].id != NULL ? 1 : 0))
			row_fail(rows[i].name, "%zu items", l->n);
		if (l->n > 0 && (strcmp(l->item[0].id, rows[i].id) != 0 ||
		    strstr(l->item[0].text, rows[i].text) == NULL ||
		    strstr(l->item[0].change, rows[i].change) == NULL))
			row_fail(rows[i].name, "%s: %s: %s", l->item[0].id,
			    l->item[0].text, l->item[0].change);
	}
	arena_free(&l->arena);
	free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hints_name_the_setting),
		cmocka_unit_test(a_login_that_nothing_binds_gets_advice),
		cmocka_unit_test(logins_without_a_domain_are_told),
		cmocka_unit_test(the_mta_is_known_by_its_version),
		cmocka_unit_test(a_daemon_in_trouble_gets_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
