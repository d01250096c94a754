/*
 * advice for Postfix and Sendmail: a correct configuration gets none, each
 * wrong one gets the line that corrects it
 */
#include "test.h"

#include "doctor/advice.h"
#include "base/arena.h"
#include "doctor/postfix_setup.h"
#include "doctor/sendmail_setup.h"
#include "policy/policy_rules.h"

static const char *const ports_submission[] = { "587", "465" };
static const char *const ports_mx[] = { "25" };
static const char *const ports_mailman[] = { "10026" };
static const char *const names_msp[] = { "MSP" };
static const struct session_rules submission = {
	.name = "submission", .direction = DIRECTION_SUBMISSION,
	.daemon_ports = ports_submission, .ndaemon_ports = 2,
	.require_auth = true, .require_tls = true
};
static const struct session_rules mx = {
	.name = "mx", .direction = DIRECTION_INBOUND,
	.daemon_ports = ports_mx, .ndaemon_ports = 1
};
static const struct session_rules local = {
	.name = "local", .direction = DIRECTION_SUBMISSION, .local = true
};
static const struct session_rules msp = {
	.name = "msp", .direction = DIRECTION_SUBMISSION,
	.daemon_names = names_msp, .ndaemon_names = 1
};
static const struct relay_rules relay = { .name = "mailman" };
static const struct relay_rules *const relays[] = { &relay };
static const struct session_rules mailman = {
	.name = "mailman", .direction = DIRECTION_SUBMISSION,
	.daemon_ports = ports_mailman, .ndaemon_ports = 1,
	.require_auth = true, .require_tls = true, .relays = relays,
	.nrelays = 1
};
static const struct session_rules *const listeners[] = {
	&submission, &mx, &local, &msp, &mailman
};
static const struct advice_site site = {
	"inet:8899@127.0.0.1", 20, listeners, NELEM(listeners), false
};

static void
check(const char *row, const struct advice_list *l, const char *id,
    const char *where, const char *change)
{
	size_t i;

	if (id == NULL && l->n > 0)
		row_fail(row, "%s: %s", l->item[0].id, l->item[0].text);
	if (id == NULL)
		return;
	if (l->n != 1) {
		for (i = 0; i < l->n; i++)
			print_error("  %s: %s\n", l->item[i].id,
			    l->item[i].text);
		row_fail(row, "%zu advices", l->n);
	}
	if (strcmp(l->item[0].id, id) != 0 ||
	    strcmp(l->item[0].where, where) != 0 ||
	    strstr(l->item[0].change, change) == NULL)
		row_fail(row, "%s at \"%s\": \"%s\"", l->item[0].id,
		    l->item[0].where, l->item[0].change);
}

/* --- Postfix ------------------------------------------------------------ */

static const char good_main[] =
    "smtpd_milters = inet:127.0.0.1:8899\n"
    "non_smtpd_milters = inet:127.0.0.1:8899\n"
    "milter_default_action = tempfail\n"
    "milter_protocol = 6\n"
    "milter_content_timeout = 60s\n"
    "smtpd_forbid_bare_newline = yes\n"
    "smtpd_sasl_auth_enable = no\n"
    "smtpd_tls_security_level = may\n"
    "smtpd_tls_wrappermode = no\n"
    "receive_override_options =\n";
static const char good_services[] =
    "smtp inet n - y - - smtpd\n"
    "submission inet n - y - - smtpd -o smtpd_sasl_auth_enable=yes\n"
    "pickup unix n - y 60 1 pickup\n";
static const char good_own[] =
    "submission/inet/smtpd_sasl_auth_enable = yes\n";

static void
each_wrong_postfix_gets_its_advice(void **state)
{
	static const struct {
		const char	*name;
		const char	*main, *services, *own;	/* added */
		const char	*id, *where, *change;
	} rows[] = {
		{ "a correct one", "", "", "", NULL, NULL, NULL },
		{ "trimmed macro lists do no harm", "milter_mail_macros = i\n"
		    "milter_connect_macros = j\nmilter_helo_macros =\n", "",
		    "", NULL, NULL, NULL },
		{ "fail open", "milter_default_action = accept\n", "", "",
		    "fail-open", "main.cf",
		    "postconf -e 'milter_default_action = tempfail'" },
		{ "fail open on one service", "", "",
		    "submission/inet/milter_default_action = accept\n",
		    "fail-open", "master.cf submission/inet",
		    "postconf -P 'submission/inet/milter_default_action="
		    "tempfail'" },
		{ "fail open in braces", "non_smtpd_milters = { "
		    "inet:localhost:8899, default_action=accept }\n", "", "",
		    "fail-open", "main.cf",
		    "postconf -e 'non_smtpd_milters = {inet:localhost:8899,"
		    "default_action=tempfail}'" },
		{ "fail open in braces on one service", "", "",
		    "submission/inet/smtpd_milters = unix:other, { inet:"
		    "127.0.0.1:8899, command_timeout = 9s, default_action = "
		    "accept, protocol = 6 }\n", "fail-open",
		    "master.cf submission/inet", "postconf -P "
		    "'submission/inet/smtpd_milters=unix:other,{inet:"
		    "127.0.0.1:8899,command_timeout=9s,default_action="
		    "tempfail,protocol=6}'" },
		{ "braces are kept in another order", "",  "",
		    "submission/inet/smtpd_milters = { inet:127.0.0.1:8899, "
		    "default_action=reject }, { unix:other, "
		    "default_action=accept }\n", "order", "submission/inet",
		    "smtpd_milters={unix:other,default_action=accept},"
		    "{inet:127.0.0.1:8899,default_action=reject}'" },
		{ "missing beside another with settings", "", "",
		    "submission/inet/smtpd_milters = { unix:other, protocol "
		    "= 3 } unix:third\n", "filter-missing",
		    "master.cf submission/inet", "smtpd_milters={unix:other,"
		    "protocol=3},unix:third,inet:127.0.0.1:8899'" },
		{ "an old protocol", "milter_protocol = 2\n", "", "",
		    "protocol", "main.cf",
		    "postconf -e 'milter_protocol = 6'" },
		{ "sendmail(1) left out", "non_smtpd_milters =\n", "", "",
		    "filter-missing", "main.cf",
		    "postconf -e 'non_smtpd_milters = inet:127.0.0.1:8899'" },
		{ "submission left out", "", "",
		    "submission/inet/smtpd_milters =\n", "filter-missing",
		    "master.cf submission/inet", "postconf -P "
		    "'submission/inet/smtpd_milters=inet:127.0.0.1:8899'" },
		{ "another filter after us", "", "", "submission/inet/"
		    "smtpd_milters = inet:127.0.0.1:8899, unix:other\n",
		    "order", "submission/inet", "postconf -P 'submission/inet/"
		    "smtpd_milters=unix:other,inet:127.0.0.1:8899'" },
		{ "another filter before us, inbound", "", "",
		    "smtp/inet/smtpd_milters = unix:other "
		    "inet:127.0.0.1:8899\n", "order", "smtp/inet",
		    "postconf -P 'smtp/inet/smtpd_milters="
		    "inet:127.0.0.1:8899,unix:other'" },
		{ "each in its place", "non_smtpd_milters = unix:other, "
		    "inet:127.0.0.1:8899\n", "",
		    "smtp/inet/smtpd_milters = inet:127.0.0.1:8899,"
		    "unix:other\nsubmission/inet/smtpd_milters = unix:other, "
		    "inet:127.0.0.1:8899\n", NULL, NULL, NULL },
		{ "too little time", "milter_content_timeout = 20s\n", "", "",
		    "timeout", "main.cf",
		    "postconf -e 'milter_content_timeout = 60s'" },
		{ "minutes are enough", "milter_content_timeout = 1m\n", "",
		    "", NULL, NULL, NULL },
		{ "bare line feeds", "smtpd_forbid_bare_newline = no\n", "",
		    "", "smuggling", "main.cf",
		    "postconf -e 'smtpd_forbid_bare_newline = yes'" },
		{ "no_milters", "", "",
		    "submission/inet/receive_override_options = "
		    "no_address_mappings, no_milters\n", "no-milters",
		    "master.cf submission/inet", "postconf -P 'submission/inet/"
		    "receive_override_options=no_address_mappings'" },
		{ "a login offered at an inbound listener",
		    "smtpd_sasl_auth_enable = yes\n", "", "",
		    "login-inbound", "smtp/inet", "postconf -P "
		    "'smtp/inet/smtpd_sasl_auth_enable=no'" },
		{ "a login for submissions alone",
		    "smtpd_sasl_auth_enable = yes\n", "",
		    "smtp/inet/smtpd_sasl_auth_enable = no\n", NULL, NULL,
		    NULL },
		{ "no login offered", "", "",
		    "submission/inet/smtpd_sasl_auth_enable = no\n",
		    "no-login", "submission/inet", "postconf -P "
		    "'submission/inet/smtpd_sasl_auth_enable=yes'" },
		{ "no TLS offered", "", "",
		    "submission/inet/smtpd_tls_security_level = none\n",
		    "no-tls", "submission/inet", "smtpd_tls_security_level="
		    "encrypt" },
		{ "a port that no listener matches", "",
		    "192.0.2.1:2525 inet n - y - - smtpd\n", "",
		    "no-listener", "192.0.2.1:2525/inet",
		    "daemon-ports = {2525}" },
		{ "a port that bypasses us on purpose", "",
		    "127.0.0.1:10025 inet n - y - - smtpd\n",
		    "127.0.0.1:10025/inet/smtpd_milters =\n", NULL, NULL,
		    NULL },
		{ "a port of relays without TLS", "smtpd_tls_security_level "
		    "= none\n", "10026 inet n - y - - smtpd\n",
		    "submission/inet/smtpd_tls_security_level = encrypt\n",
		    NULL, NULL, NULL },
		{ "a port for a load balancer", "",
		    "10587 inet n - y - - smtpd\n",
		    "10587/inet/smtpd_upstream_proxy_protocol = haproxy\n",
		    NULL, NULL, NULL },
		{ "its milters are judged", "", "10587 inet n - y - - smtpd\n",
		    "10587/inet/smtpd_upstream_proxy_protocol = haproxy\n"
		    "10587/inet/milter_default_action = accept\n",
		    "fail-open", "master.cf 10587/inet", "tempfail" },
		{ "postscreen before smtpd", "",
		    "smtpd pass - - y - - smtpd\n", "", NULL, NULL, NULL },
		{ "IPv6 and names of ports", "",
		    "[::1]:submissions inet n - y - - smtpd\n",
		    "[::1]:submissions/inet/smtpd_sasl_auth_enable = yes\n",
		    NULL, NULL, NULL },
	};
	struct arena		*a = arena_new(4096);
	struct postfix_setup	*p;
	struct advice_list	 l;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		p = arena_alloc(a, sizeof(*p));
		memset(&l, 0, sizeof(l));
		l.arena = a;
		postfix_read_main(a, p, good_main);
		postfix_read_main(a, p, rows[i].main);
		postfix_read_services(a, p, good_services);
		postfix_read_services(a, p, rows[i].services);
		postfix_read_own(a, p, good_own);
		postfix_read_own(a, p, rows[i].own);
		advice_postfix(&l, &site, p);
		check(rows[i].name, &l, rows[i].id, rows[i].where,
		    rows[i].change);
	}
	arena_free(&a);
}

#define RUN	"local:/run/millgate/millgate.sock"
#define QUEUE	"local:/var/spool/postfix/millgate/millgate.sock"
#define MOVE	"millgate.conf: socket = \"unix:/var/spool/postfix/millgate/" \
		"millgate.sock\"; main.cf: unix:millgate/millgate.sock"
#define SET(s)	"postconf -e 'smtpd_milters = unix:" s "'"

static void
each_path_of_postfix_leads_to_our_socket(void **state)
{
	static const struct {
		const char	*name, *ours, *theirs;
		/* chroot; cleanup NULL: n, and it has the right path */
		const char	*smtpd, *cleanup;
		const char	*id, *where, *change;
	} rows[] = {
		{ "the recipe for a chroot", QUEUE, "millgate/millgate.sock",
		    "y", "y", NULL, NULL, NULL },
		{ "the same without a chroot", QUEUE,
		    "millgate/millgate.sock", "n", "-", NULL, NULL, NULL },
		{ "the default without a chroot", RUN,
		    "/run/millgate/millgate.sock", "n", "n", NULL, NULL,
		    NULL },
		{ "the default in a chroot", RUN,
		    "/run/millgate/millgate.sock", "y", "n", "chroot",
		    "smtp/inet", MOVE },
		{ "the default for sendmail(1) in a chroot", RUN,
		    "/run/millgate/millgate.sock", "n", "y", "chroot",
		    "cleanup/unix", MOVE },
		{ "a relative path to the default", RUN,
		    "millgate/millgate.sock", "-", NULL, "socket-path",
		    "main.cf", SET("/run/millgate/millgate.sock") },
		{ "a full path in a chroot", QUEUE,
		    "/var/spool/postfix/millgate/millgate.sock", "y", NULL,
		    "socket-path", "main.cf", SET("millgate/millgate.sock") },
		{ "a full path without a chroot", QUEUE,
		    "/var/spool/postfix/millgate/millgate.sock", "n", "-",
		    NULL, NULL, NULL },
		{ "a path from the root of the chroot", QUEUE,
		    "/millgate/millgate.sock", "y", "y", NULL, NULL, NULL },
	};
	struct arena		*a = arena_new(4096);
	struct advice_site	 ours = site;
	struct postfix_setup	*p;
	struct advice_list	 l;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		p = arena_alloc(a, sizeof(*p));
		memset(&l, 0, sizeof(l));
		l.arena = a;
		ours.socket = rows[i].ours;
		postfix_read_main(a, p, arena_printf(a, "%s"
		    "queue_directory = /var/spool/postfix\n"
		    "smtpd_milters = unix:%s\nnon_smtpd_milters = unix:%s\n",
		    good_main, rows[i].theirs, rows[i].cleanup != NULL ?
		    rows[i].theirs : strchr(ours.socket, ':') + 1));
		postfix_read_services(a, p, arena_printf(a,
		    "smtp inet n - %s - - smtpd\n"
		    "cleanup unix n - %s - 0 cleanup\n", rows[i].smtpd,
		    rows[i].cleanup != NULL ? rows[i].cleanup : "n"));
		advice_postfix(&l, &ours, p);
		check(rows[i].name, &l, rows[i].id, rows[i].where,
		    rows[i].change);
	}
	arena_free(&a);
}

/* --- Sendmail ----------------------------------------------------------- */

#define XLINE	"Xmillgate, S=inet:8899@127.0.0.1, F=T, " \
		"T=C:10s;S:30s;R:30s;E:60s\n"
#define DAEMONS	"O DaemonPortOptions=Name=MTA, Family=inet, Port=25\n" \
		"O DaemonPortOptions=Name=MSA, Port=587, M=Ea\n" \
		"O DaemonPortOptions=Name=MSP, Addr=127.0.0.1, Port=10587\n"
#define TRUST	"C{TrustAuthMech}PLAIN LOGIN\n"
#define FILTERS	"O InputMailFilters=millgate\n"

static void
each_wrong_sendmail_gets_its_advice(void **state)
{
	static const struct {
		const char	*name, *cf;
		const char	*id, *where, *change;
	} rows[] = {
		{ "a correct one", "DZ8.18.1\n" FILTERS XLINE DAEMONS,
		    NULL, NULL, NULL },
		{ "trimmed macro lists do no harm", FILTERS XLINE DAEMONS
		    "O Milter.macros.envfrom=i\n", NULL, NULL, NULL },
		{ "no filter", "DZ8.18.1\n" DAEMONS, "filter-missing",
		    "sendmail.mc", "INPUT_MAIL_FILTER(`millgate', "
		    "`S=inet:8899@127.0.0.1, F=T, T=C:10s;S:30s;R:30s;"
		    "E:60s')" },
		{ "another filter only", "Xother, S=inet:7@127.0.0.1\n"
		    "O InputMailFilters=other\n" DAEMONS, "filter-missing",
		    "sendmail.mc", "INPUT_MAIL_FILTER(`millgate'" },
		{ "a filter that is not used", XLINE DAEMONS,
		    "filter-missing", "MTA, MSA, MSP",
		    "INPUT_MAIL_FILTER(`millgate'" },
		{ "fail open", FILTERS "Xmillgate, S=inet:8899@127.0.0.1\n"
		    DAEMONS, "fail-open", "sendmail.mc", "F=T" },
		{ "F=R is as good", FILTERS "Xmillgate,S=inet:8899@localhost"
		    ",F=R\n" DAEMONS, NULL, NULL, NULL },
		{ "too little time", FILTERS "Xmillgate, "
		    "S=inet:8899@127.0.0.1, F=T, T=E:20s\n" DAEMONS,
		    "timeout", "sendmail.mc", "E:60s" },
		{ "another filter after us", "Xother, S=inet:7@127.0.0.1\n"
		    "O InputMailFilters=millgate, other\n" XLINE DAEMONS,
		    "order", "MSA, MSP",
		    "DAEMON_OPTIONS: InputMailFilters=other;millgate" },
		{ "another filter before us", "Xother, S=inet:7@127.0.0.1\n"
		    "O InputMailFilters=other,millgate\n" XLINE DAEMONS,
		    "order", "MTA",
		    "DAEMON_OPTIONS: InputMailFilters=millgate;other" },
		{ "a list of its own", "Xother, S=inet:7@127.0.0.1\n"
		    "O InputMailFilters=other,millgate\n" XLINE
		    "O DaemonPortOptions=Name=MTA, Port=smtp, "
		    "InputMailFilters=millgate;other\n"
		    "O DaemonPortOptions=Name=MSA, Port=587\n", NULL, NULL,
		    NULL },
		{ "one daemon without us", FILTERS XLINE
		    "O DaemonPortOptions=Name=MSA, Port=587, I=other\n",
		    "filter-missing", "MSA",
		    "DAEMON_OPTIONS: InputMailFilters=other;millgate" },
		{ "a port without filters on purpose", FILTERS XLINE DAEMONS
		    "O DaemonPortOptions=Name=RETURN, Port=10025, "
		    "InputMailFilters=\n", NULL, NULL, NULL },
		{ "the same before other options", FILTERS XLINE DAEMONS
		    "O DaemonPortOptions=Name=RETURN, I= , Port=10025\n",
		    NULL, NULL, NULL },
		{ "a port that no listener matches", FILTERS XLINE DAEMONS
		    "O DaemonPortOptions=Name=X, Port=2525\n", "no-listener",
		    "X", "daemon-ports = {2525}" },
		{ "a login offered at an inbound listener", FILTERS XLINE
		    DAEMONS TRUST, "login-inbound", "MTA",
		    "DAEMON_OPTIONS: M=A" },
		{ "it keeps its other modifiers", FILTERS XLINE TRUST
		    "O DaemonPortOptions=Port=25, Modify=Eb\n",
		    "login-inbound", "port 25", "DAEMON_OPTIONS: M=EbA" },
		{ "a login for submissions alone", FILTERS XLINE TRUST
		    "O DaemonPortOptions=Name=MTA, M=EA\n"
		    "O DaemonPortOptions=Name=MSA, Port=587, M=Ea\n", NULL,
		    NULL, NULL },
		{ "an old version", "DZ8.17.2\n" FILTERS XLINE DAEMONS,
		    "smuggling", "sendmail.mc", "8.18" },
		{ "Debian's version", "DZ8.17.1.9\n" FILTERS XLINE DAEMONS,
		    NULL, NULL, NULL },
	};
	struct arena		*a = arena_new(4096);
	struct sendmail_setup	*s;
	struct advice_list	 l;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		s = arena_alloc(a, sizeof(*s));
		memset(&l, 0, sizeof(l));
		l.arena = a;
		sendmail_read(a, s, rows[i].cf);
		advice_sendmail(&l, &site, s);
		check(rows[i].name, &l, rows[i].id, rows[i].where,
		    rows[i].change);
	}
	arena_free(&a);
}

/* --- words -------------------------------------------------------------- */

static void
sockets_are_the_same_or_not(void **state)
{
	static const struct { const char *theirs, *ours; bool want; } rows[] = {
		{ "inet:127.0.0.1:8899", "inet:8899@127.0.0.1", true },
		{ "inet:localhost:8899", "inet:8899@127.0.0.1", true },
		{ "inet:[::1]:8899", "inet6:8899@::1", true },
		{ "inet:8899@127.0.0.1", "inet:8899@localhost", true },
		{ "inet:192.0.2.1:8899", "inet:8899@0.0.0.0", true },
		{ "inet:192.0.2.1:8899", "inet:8899", true },
		{ "inet:192.0.2.1:8899", "inet:8899@192.0.2.2", false },
		{ "inet:127.0.0.1:889", "inet:8899@127.0.0.1", false },
		{ "unix:/run/m/m.sock", "local:/run/m/m.sock", true },
		{ "local:/run/m/m.sock", "unix:/run/m/m.sock", true },
		{ "unix:millgate/m.sock",
		    "local:/var/spool/postfix/millgate/m.sock", true },
		{ "unix:gate/m.sock",
		    "local:/var/spool/postfix/millgate/m.sock", false },
		{ "unix:/run/a", "local:/run/b", false },
		{ "unix:", "local:/run/b", false },
		{ "unix:/run/a", "inet:8899@127.0.0.1", false },
		{ "nonsense", "inet:8899@127.0.0.1", false },
		{ "inet:", "inet:8899@127.0.0.1", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (mta_is_socket(rows[i].theirs, rows[i].ours) !=
		    rows[i].want)
			row_fail(rows[i].theirs, "and %s", rows[i].ours);
}

static void
times_are_seconds(void **state)
{
	static const struct { const char *text; unsigned want; } rows[] = {
		{ "30", 30 }, { "30s", 30 }, { "5m", 300 }, { "1h", 3600 },
		{ "2d", 172800 }, { "1w", 604800 }, { "0", 0 },
		{ "", MTA_NO_TIME }, { "s", MTA_NO_TIME },
		{ "30x", MTA_NO_TIME }, { "30ss", MTA_NO_TIME },
		{ "-1", MTA_NO_TIME },
		{ "99999999999999999999w", MTA_NO_TIME - 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (mta_seconds(rows[i].text) != rows[i].want)
			row_fail(rows[i].text, "%u", mta_seconds(
			    rows[i].text));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_wrong_postfix_gets_its_advice),
		cmocka_unit_test(each_path_of_postfix_leads_to_our_socket),
		cmocka_unit_test(each_wrong_sendmail_gets_its_advice),
		cmocka_unit_test(sockets_are_the_same_or_not),
		cmocka_unit_test(times_are_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
