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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hints_name_the_setting),
		cmocka_unit_test(a_login_that_nothing_binds_gets_advice),
		cmocka_unit_test(logins_without_a_domain_are_told),
		cmocka_unit_test(the_mta_is_known_by_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
