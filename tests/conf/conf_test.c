/*
 * conf: the sample file loads, every default is that of the table, and the
 * output of conf_print loads to the same configuration.
 */
#include "test.h"

#include <sys/stat.h>

#include <unistd.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "conf/users.h"
#include "policy/policy_limit.h"

static const char sample[] =
    "# every option has a default; what most sites touch\n"
    "socket       = \"inet:8899@127.0.0.1\"      # or unix:\n"
    "authserv-id  = \"mx.example.net\"\n"
    "state        = \"/var/lib/millgate/state.db\"\n"
    "user         = \"millgate\"\n"
    "\n"
    "resolver {\n"
    "  servers   = {\"127.0.0.1@5353\"}   # default: /etc/resolv.conf\n"
    "  timeout   = 20\n"
    "}\n"
    "\n"
    "listener submission {\n"
    "  daemon-ports  = {587, 465}\n"
    "  direction     = submission\n"
    "  require-auth  = yes\n"
    "  require-tls   = yes\n"
    "  min-tls       = \"TLSv1.2\"\n"
    "  min-tls-bits  = 128\n"
    "  mechanisms    = {\"PLAIN\", \"LOGIN\", \"SCRAM-SHA-256\",\n"
    "      \"OAUTHBEARER\", \"XOAUTH2\"}    # a comment\n"
    "  second-factor = none             # none | token-or-certificate\n"
    "}\n"
    "listener mx    { daemon-ports = {25}  direction = inbound }\n"
    "listener local { local = yes  direction = submission }   # sendmail\n"
    "\n"
    "plan trial    { recipients-per-hour = 1000 }\n"
    "plan premium  { recipients-per-hour = 3000  "
    "messages-per-hour = 3000 }\n"
    "default-plan = trial\n"
    "\n"
    "user alice@example.org {\n"
    "  plan     = premium\n"
    "  senders  = {\"alice@example.org\", \"@shop.example.org\"}\n"
    "  networks = {\"192.0.2.0/24\"}\n"
    "}\n"
    "signing {\n"
    "  key-directory = \"/etc/millgate/keys\"\n"
    "  key-table = \"/etc/opendkim/key.table\"   "
    "signing-table = \"refile:/etc/opendkim/signing.table\"\n"
    "}\n"
    "spf   { on-fail = tag  on-temperror = tag }\n"
    "dmarc { on-reject = reject  on-quarantine = hold  "
    "on-temperror = defer }\n"
    "quota { action = defer }                  # defer | reject | hold\n"
    "mode = enforce                            # enforce | monitor\n";

static struct conf *
load(const char *text)
{
	struct conf	*c;
	char		*why = NULL;

	c = conf_load_text("test.conf", text, &why);
	if (c == NULL)
		print_error("%s", why);
	free(why);
	assert_non_null(c);
	return c;
}

static void
sample_listeners(const struct conf *c)
{
	const struct session_rules *const *l = c->listeners;

	assert_int_equal(c->nlisteners, 3);
	assert_string_equal(l[0]->name, "submission");
	assert_int_equal(l[0]->direction, DIRECTION_SUBMISSION);
	assert_int_equal(l[0]->ndaemon_ports, 2);
	assert_string_equal(l[0]->daemon_ports[0], "587");
	assert_string_equal(l[0]->daemon_ports[1], "465");
	assert_true(l[0]->require_auth);
	assert_true(l[0]->require_tls);
	assert_string_equal(l[0]->min_tls, "TLSv1.2");
	assert_int_equal(l[0]->min_tls_bits, 128);
	assert_int_equal(l[0]->nmechanisms, 5);
	assert_string_equal(l[0]->mechanisms[4], "XOAUTH2");
	assert_int_equal(l[1]->direction, DIRECTION_INBOUND);
	assert_false(l[1]->require_auth);
	assert_true(l[2]->local);
	assert_int_equal(l[2]->direction, DIRECTION_SUBMISSION);
	assert_false(l[2]->require_auth);
	assert_false(l[2]->require_tls);
	assert_null(l[2]->min_tls);
}

static void
sample_users(const struct conf *c)
{
	const struct user_rules *u = users_find(c->users,
	    "Alice@Example.ORG");

	assert_non_null(u);
	assert_string_equal(u->login, "alice@example.org");
	assert_string_equal(u->plan->name, "premium");
	assert_int_equal(u->plan->limits.of[STORE_RECIPIENTS][STORE_HOUR], 3000);
	assert_int_equal(u->plan->limits.of[STORE_MESSAGES][STORE_HOUR], 3000);
	assert_int_equal(u->nsenders, 2);
	assert_string_equal(u->senders[1], "@shop.example.org");
	assert_int_equal(u->nnetworks, 1);
	assert_int_equal(u->networks[0].bits, 24);
	assert_null(users_find(c->users, "bob@example.org"));
	assert_string_equal(c->default_plan->name, "trial");
}

static void
the_sample_loads(void **state)
{
	struct conf *c = load(sample);

	(void)state;
	assert_string_equal(c->path, "test.conf");
	assert_string_equal(c->socket, "inet:8899@127.0.0.1");
	assert_string_equal(c->authserv_id, "mx.example.net");
	assert_string_equal(c->state, "/var/lib/millgate/state.db");
	assert_int_equal(c->resolver.servers.n, 1);
	assert_string_equal(c->resolver.servers.s[0], "127.0.0.1@5353");
	assert_int_equal(c->resolver.timeout, 20);
	sample_listeners(c);
	sample_users(c);
	assert_string_equal(c->signing.key_directory, "/etc/millgate/keys");
	assert_string_equal(c->signing.key_table, "/etc/opendkim/key.table");
	assert_string_equal(c->signing.signing_table,
	    "refile:/etc/opendkim/signing.table");
	assert_int_equal(c->dmarc.on_quarantine, ACTION_HOLD);
	assert_int_equal(c->mode, MODE_ENFORCE);
	conf_unref(&c);
	assert_null(c);
}

static void
defaults_of_root(const struct conf *c)
{
	assert_string_equal(c->socket,
	    "local:/run/millgate/millgate.sock");
	assert_int_equal(c->socket_mode, 0660);
	assert_null(c->socket_group);
	assert_null(c->socket_owner);
	assert_null(c->authserv_id);
	assert_string_equal(c->state, STATEDIR "/state.db");
	assert_string_equal(c->user, "millgate");
	assert_null(c->pid_file);
	assert_int_equal(c->mode, MODE_ENFORCE);
	assert_int_equal(c->identity.recipient_delimiter, '+');
	assert_false(c->identity.case_sensitive_local);
	assert_int_equal(c->max_header_fields, 2000);
	assert_int_equal(c->max_header_bytes, 262144);
	assert_int_equal(c->max_sessions, 10000);
	assert_int_equal(c->max_memory, SIZE_MAX);
	assert_int_equal(c->nlisteners, 0);
	assert_int_equal(users_count(c->users), 0);
	assert_null(c->users_file);
	assert_string_equal(c->warnings, "");
}

static void
defaults_of_sections(const struct conf *c)
{
	size_t i;

	assert_int_equal(c->resolver.servers.n, 0);
	assert_int_equal(c->resolver.timeout, 20);
	assert_int_equal(c->resolver.max_queries, 1000);
	assert_null(c->resolver.trust_anchor);
	assert_null(c->signing.key_directory);
	assert_null(c->signing.key_table);
	assert_int_equal(c->signing.rules.header_canon, CANON_RELAXED);
	assert_int_equal(c->signing.rules.body_canon, CANON_RELAXED);
	assert_int_equal(c->signing.rules.ttl, 0);
	for (i = 0; sign_default_rules.oversign[i] != NULL; i++)
		assert_string_equal(c->signing.rules.oversign[i],
		    sign_default_rules.oversign[i]);
	assert_null(c->signing.rules.oversign[i]);
	assert_int_equal(c->spf.mfrom.on_fail, ACTION_TAG);
	assert_int_equal(c->spf.helo.on_fail, ACTION_TAG);
	assert_false(c->spf.received_spf);
	assert_true(c->dkim.verify);
	assert_int_equal(c->dkim.max_signatures, 10);
	assert_int_equal(c->dkim.max_signature_bytes, 32768);
	assert_int_equal(c->dkim.max_signed_names, 512);
	assert_int_equal(c->dkim.clock_skew, 300);
	assert_true(c->signing.rules.timestamp);
	assert_int_equal(c->dkim.min_key_bits, 1024);
	assert_int_equal(c->dmarc.on_reject, ACTION_REJECT);
	assert_int_equal(c->dmarc.on_quarantine, ACTION_HOLD);
	assert_int_equal(c->dmarc.on_none, ACTION_TAG);
	assert_int_equal(c->dmarc.on_temperror, ACTION_DEFER);
	assert_int_equal(c->dmarc.on_missing_from, ACTION_REJECT);
	assert_int_equal(c->dmarc.on_repeated_from, ACTION_REJECT);
	assert_int_equal(c->dmarc.on_bad_from, ACTION_REJECT);
	assert_int_equal(c->dmarc.several_domains, SEVERAL_REFUSE);
	assert_true(c->iprev);
	assert_false(c->outcomes.record);
	assert_int_equal(c->outcomes.days, 30);
	assert_int_equal(c->quota.action, ACTION_DEFER);
	assert_int_equal(c->quota.on_store_failure, ACTION_DEFER);
}

static void
defaults(void **state)
{
	static const struct {
		const char	*name;
		uint32_t	 recipients;
	} plans[] = {
		{ "trial", 1000 }, { "standard", 1500 }, { "premium", 3000 },
		{ "professional", 5000 }
	};
	struct conf	*c = load("");
	size_t		 i;

	(void)state;
	defaults_of_root(c);
	defaults_of_sections(c);
	assert_int_equal(c->nplans, NELEM(plans));
	for (i = 0; i < NELEM(plans); i++) {
		assert_string_equal(c->plans[i].name, plans[i].name);
		assert_int_equal(
		    c->plans[i].limits.of[STORE_RECIPIENTS][STORE_HOUR],
		    plans[i].recipients);
		assert_int_equal(
		    c->plans[i].limits.of[STORE_MESSAGES][STORE_HOUR],
		    STORE_UNLIMITED);
		assert_false(policy_limits_more(&c->plans[i].limits));
		assert_int_equal(c->plans[i].message.recipients,
		    STORE_UNLIMITED);
		assert_int_equal(c->plans[i].message.bytes, STORE_UNLIMITED);
	}
	assert_ptr_equal(c->default_plan, &c->plans[0]);
	conf_unref(&c);
}

/* Each limit of a plan and of a group has an option of its own. */
static void
limits_of_plans_and_groups(void **state)
{
	static const char	*const units[] = {
		"recipients", "messages", "bytes"
	};
	static const char	*const windows[] = {
		"minute", "hour", "day", "month"
	};
	struct buf		 b = BUF_INIT;
	struct conf		*c;
	const struct plan_rules	*plan;
	const struct group_rules *group;
	unsigned		 u, w, n;

	(void)state;
	for (n = 0; n < 2; n++) {
		buf_addstr(&b, n == 0 ? "plan p {\n" :
		    "group g { users = {\"a\"}\n");
		for (u = 0; u < NELEM(units); u++)
			for (w = 0; w < NELEM(windows); w++)
				buf_printf(&b, "%s-per-%s = %u%s\n",
				    units[u], windows[w],
				    100 * n + 10 * u + w + 1,
				    u == 2 ? "k" : "");
		buf_printf(&b, "recipients-per-message = %u\n"
		    "bytes-per-message = %uM }\n", n + 7, n + 25);
	}
	c = load(buf_str(&b));
	plan = &c->plans[c->nplans - 1];
	group = &c->group_sections[0];
	for (u = 0; u < NELEM(units); u++)
		for (w = 0; w < NELEM(windows); w++) {
			n = (10 * u + w + 1) * (u == 2 ? 1024 : 1);
			assert_int_equal(plan->limits.of[u][w], n);
			assert_int_equal(group->limits.of[u][w],
			    n + 100 * (u == 2 ? 1024 : 1));
		}
	assert_int_equal(plan->message.recipients, 7);
	assert_int_equal(plan->message.bytes, 26214400);
	assert_int_equal(group->message.recipients, 8);
	assert_int_equal(group->message.bytes, 27262976);
	assert_true(c->counts_bytes);
	conf_unref(&c);
	buf_free(&b);
}

/* The bodies of messages are needed only if some limit counts them. */
static void
bytes_are_counted_where_a_limit_needs_them(void **state)
{
	static const struct {
		const char	*text;
		bool		 want;
	} rows[] = {
		{ "", false },
		{ "plan p { recipients-per-day = 1 bytes-per-day = unlimited "
		    "}", false },
		{ "plan trial { bytes-per-month = 1G }", true },
		{ "plan p { bytes-per-message = 25M }", true },
		{ "group g { users = {\"a\"} bytes-per-minute = 0 }", true },
		{ "group g { users = {\"a\"} bytes-per-message = 1 }", true },
	};
	struct conf	*c;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		c = load(rows[i].text);
		if (c->counts_bytes != rows[i].want)
			row_fail(rows[i].text, "%d", c->counts_bytes);
		conf_unref(&c);
	}
}

static char *
printed(const struct conf *c)
{
	char	*text = NULL;
	size_t	 len;
	FILE	*out = open_memstream(&text, &len);

	conf_print(c, out);
	fclose(out);
	return text;
}

static void
printed_loads_again(void **state)
{
	static const char *const texts[] = {
		"", sample, "socket-group = mta",
		"socket = unix:/run/x socket-owner = \"a:b\" "
		"recipient-delimiter = \"\" plan p { messages-per-hour = 5 } "
		"listener a { daemon-names = {\"a \\\\ \\\"b\\\"\"} "
		"direction = submission require-tls = no null-sender = no }"
		"user \"o'brien\" { networks = {2001:db8::/32} "
		"second-factor = yes senders = {\"*\", \"@.example.org\"} }"
		"signing { canonicalization = simple/relaxed oversign = {} "
		"sign-fields = {\"To\", \"X-Y\"} skip-fields = {Cc} "
		"exempt-domains = {x.org, \".y.org\"} "
		"exempt-recipients = {\"@z.org\", \"a@b.org\"} }",
		"relay r { networks = {\"::1\"} senders = {\"@x.org\"} "
		"plan = premium require-tls = yes }"
		"listener a { daemon-ports = 587 direction = submission "
		"require-tls = no allow-plaintext = {\"127.0.0.0/8\"} "
		"networks = {\"192.0.2.0/24\"} relay-for = {\"r\"} "
		"certificate-issuers = {\"/O=A B/CN=C\"} }"
		"tier t { mechanisms = {\"Scram\", \"plain\"} min-tls = "
		"\"TLSv1.3\" certificate = yes plan = premium senders = "
		"{\"login\", \"@x.org\"} } tier all { }"
		"login-domain = \"Example.Org.\" user bob { "
		"certificates = {\"B \\\"C\\\"\"} "
		"certificate-issuer = \"CA\" }",
		"plan p { recipients-per-minute = 1 bytes-per-month = 2G "
		"messages-per-day = 3 recipients-per-message = 4 "
		"bytes-per-message = 25M } group g { users = {\"a\"} "
		"bytes-per-day = 1 } quota { bytes-count = delivered }"
	};
	struct conf	*c;
	char		*first, *second;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(texts); i++) {
		c = load(texts[i]);
		first = printed(c);
		conf_unref(&c);
		c = load(first);
		second = printed(c);
		assert_string_equal(first, second);
		conf_unref(&c);
		free(first);
		free(second);
	}
}

#define KEYS_IN(file, n) "signing { keys-database = " file \
	" keys-query = \"SELECT selector, key, " n " AS state FROM k WHERE " \
	"domain = $1\" }"

/* What a reload and `millgate -t' say that a reload does not change. */
static void
changes_that_need_a_restart_are_named(void **state)
{
	static const struct {
		const char *before, *after, *names;
	} c[] = {
		{ "", "", "" },
		{ "mode = monitor", "authserv-id = x.org max-sessions = 5", "" },
		{ "", "socket = \"inet:8899@127.0.0.1\"", "socket" },
		{ "socket-mode = \"0600\"", "", "socket-mode" },
		{ "state = /x", "state = /y", "state, control-socket" },
		{ "user = a auto-restart = yes", "user = b", "user, "
		    "auto-restart" },
		{ "resolver { servers = {192.0.2.1, 192.0.2.2} }",
		    "resolver { servers = 192.0.2.1 }", "servers" },
		{ "resolver { timeout = 5 }", "resolver { timeout = 6 }", "" },
		/* the key process has its place from the start */
		{ KEYS_IN("/a", "1"), KEYS_IN("/b", "2"),
		    "keys-database, keys-query" },
		{ "key-process = no " KEYS_IN("/a", "1"), "key-process = no "
		    KEYS_IN("/b", "2"), "" },
	};
	struct conf	*conf;
	char		*now, *then;
	struct buf	 names = BUF_INIT;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(c); i++) {
		conf = load(c[i].before);
		now = conf_restart_text(conf);
		conf_unref(&conf);
		conf = load(c[i].after);
		then = conf_restart_text(conf);
		conf_unref(&conf);
		conf_restart_changed(now, then, &names);
		if (strcmp(buf_str(&names), c[i].names) != 0)
			row_fail(c[i].names, "got \"%s\"", buf_str(&names));
		buf_reset(&names);
		free(now);
		free(then);
	}
	buf_free(&names);
}

static void
what_is_accepted(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "comments in lists", "resolver { servers = { # one\n"
		    "\"192.0.2.1\", /* two */ 192.0.2.2 } }" },
		{ "a list of one without braces",
		    "listener a { daemon-ports = 25 }" },
		{ "CRLF", "mode = monitor\r\nresolver {\r\n}\r\n" },
		{ "a section twice",
		    "spf { on-fail = tag } spf { helo-on-fail = tag }" },
		{ "appending", "resolver { servers = {192.0.2.1} "
		    "servers += {192.0.2.2} }" },
		{ "a narrow listener before a wide one",
		    "listener a { daemon-ports = {25} daemon-names = {x} }"
		    "listener b { daemon-ports = {25} }" },
		{ "one port, two addresses",
		    "listener a { daemon-ports = 25 daemon-addrs = 192.0.2.1 }"
		    "listener b { daemon-ports = 25 daemon-addrs = ::1 }" },
		{ "one port, some clients first",
		    "listener a { daemon-ports = 25 client-networks = ::1 }"
		    "listener b { daemon-ports = 25 }" },
		{ "clients of all ports before a port",
		    "listener a { client-networks = {10.0.0.0/8} }"
		    "listener b { daemon-ports = 25 }" },
		{ "unlimited", "plan x { recipients-per-hour = unlimited }" },
		{ "a plan that blocks", "plan x { recipients-per-hour = 0 }" },
		{ "submission without requirements", "listener a { "
		    "daemon-ports = 25 direction = submission "
		    "require-auth = no require-tls = no }" },
		{ "what asks for nothing may stand anywhere", "listener a { "
		    "daemon-ports = 25 require-auth = no mechanisms = {} }" },
		{ "a variable is text", "user \"${HOME}\" { }" },
		{ "redis", "state = \"redis://127.0.0.1:6379/0\"" },
		{ "IPv6 socket", "socket = \"inet6:8899@[::1]\"" },
	};
	struct conf	*c;
	char		*why;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		why = NULL;
		c = conf_load_text("t", rows[i].text, &why);
		if (c == NULL)
			row_fail(rows[i].name, "%s", why);
		conf_unref(&c);
	}
}

static void
values_are_folded(void **state)
{
	struct conf *c = load("socket = \"unix:/run/m.sock\" "
	    "authserv-id = MX.Example.NET user BOB { "
	    "senders = {Bob.X@Example.ORG} plan = Premium } "
	    "plan PREMIUM { messages-per-hour = 7 } listener a { "
	    "daemon-ports = 025 direction = submission mechanisms = plain }");
	const struct user_rules *u = users_find(c->users, "bob");

	(void)state;
	assert_string_equal(c->socket, "local:/run/m.sock");
	assert_string_equal(c->authserv_id, "mx.example.net");
	assert_string_equal(u->login, "bob");
	assert_string_equal(u->senders[0], "Bob.X@example.org");
	assert_int_equal(u->plan->limits.of[STORE_RECIPIENTS][STORE_HOUR], 3000);
	assert_int_equal(u->plan->limits.of[STORE_MESSAGES][STORE_HOUR], 7);
	assert_string_equal(c->listeners[0]->daemon_ports[0], "25");
	assert_string_equal(c->listeners[0]->mechanisms[0], "PLAIN");
	conf_unref(&c);
}

static void
references_are_counted(void **state)
{
	struct conf *c = load(""), *other = conf_ref(c);

	(void)state;
	assert_ptr_equal(c, other);
	conf_unref(&c);
	assert_string_equal(other->user, "millgate");
	conf_unref(&other);
}

/* --- files ------------------------------------------------------------- */

static char dir[] = "/tmp/conf_testXXXXXX";

static void
write_file(const char *name, const char *text)
{
	char	 path[200];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct conf *
load_file(const char *name, char **why)
{
	char path[200];

	*why = NULL;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return conf_load(path, why);
}

/* The whole error, without the directory. */
static void
assert_complaint(const char *why, const char *want)
{
	char		 got[2000];
	size_t		 n = 0, skip = strlen(dir) + 1;
	const char	*p;

	assert_non_null(why);
	for (p = why; *p != '\0' && n < sizeof(got) - 1; p++) {
		if (strncmp(p, dir, skip - 1) == 0)
			p += skip;
		got[n++] = *p;
	}
	got[n] = '\0';
	assert_string_equal(got, want);
}

/* The default of key-directory is used if it exists, and only in a file. */
static void
the_default_key_directory(void **state)
{
	const char *there = access(CONF_KEYS, F_OK) == 0 ? CONF_KEYS : NULL;
	const struct {
		const char *name, *text, *want;
	} rows[] = {
		{ "an empty file", "", there },
		{ "a section", "signing { ttl = 5 }", there },
		{ "set", "signing { key-directory = /no/dir }", "/no/dir" },
		{ "turned off", "signing { key-directory = \"\" }", NULL },
		{ "tables", "signing { key-table = /k signing-table = /s }",
		    NULL },
	};
	struct conf	*c;
	char		*why;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		write_file("keys.conf", rows[i].text);
		c = load_file("keys.conf", &why);
		if (c == NULL)
			row_fail(rows[i].name, "%s", why);
		if ((c->signing.key_directory == NULL) !=
		    (rows[i].want == NULL) || (rows[i].want != NULL &&
		    strcmp(c->signing.key_directory, rows[i].want) != 0))
			row_fail(rows[i].name, "%s",
			    c->signing.key_directory);
		conf_unref(&c);
	}
}

static void
includes_are_relative(void **state)
{
	struct conf	*c;
	char		*why;

	(void)state;
	write_file("main.conf", "include(\"conf.d/a.conf\")\n"
	    "mode = monitor");
	write_file("conf.d/a.conf", "include(\"b.conf\")\n");
	write_file("conf.d/b.conf", "user bob { plan = premium }\n");
	c = load_file("main.conf", &why);
	if (c == NULL)
		fail_msg("%s", why);
	assert_int_equal(c->mode, MODE_MONITOR);
	assert_non_null(users_find(c->users, "bob"));
	conf_unref(&c);
}

static void
errors_in_includes(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "mode = off\n", "conf.d/a.conf:1: mode = \"off\" must be "
		    "one of: enforce, monitor" },
		{ "mode = enforce\n\nmood = x\n", "conf.d/a.conf:3: unknown "
		    "option \"mood\"; did you mean \"mode\"?" },
		{ "user x {\n", "conf.d/a.conf:1: the { on this line is not "
		    "closed; write the missing }" },
		{ "include(\"a.conf\")\n", "conf.d/a.conf:1: too many "
		    "included files; does a file include itself?" },
		{ "\ninclude(\"absent\")", "conf.d/a.conf:2: include: "
		    "conf.d/absent: No such file or directory" },
		{ "user = root", "main.conf:2: user is set twice; remove one "
		    "of the two" },
	};
	struct conf	*c;
	char		*why;
	size_t		 i;
	int		 again;

	(void)state;
	write_file("main.conf", "include(\"conf.d/a.conf\")\n"
	    "user = nobody\n");
	/* often: an error in an included file must leave no open file */
	for (again = 0; again < 20; again++) {
		for (i = 0; i < NELEM(rows); i++) {
			write_file("conf.d/a.conf", rows[i].text);
			c = load_file("main.conf", &why);
			assert_null(c);
			assert_complaint(why, rows[i].want);
			free(why);
		}
	}
	includes_are_relative(state);
}

static void
files_that_cannot_be_read(void **state)
{
	char *why;

	(void)state;
	assert_null(load_file("absent.conf", &why));
	assert_complaint(why, "absent.conf: No such file or directory; name "
	    "another file with -c");
	free(why);
	assert_null(load_file("conf.d", &why));
	assert_complaint(why, "conf.d: Is a directory");
	free(why);
}

static void
users_file_is_read(void **state)
{
	char		 text[300];
	struct conf	*c;
	char		*why;

	(void)state;
	snprintf(text, sizeof(text), "users-file = \"%s/users\"\n"
	    "default-plan = standard user bob { }\n", dir);
	write_file("main.conf", text);
	write_file("users", "alice@example.org senders=@example.org\n"
	    "eve plan=Standard\n");
	c = load_file("main.conf", &why);
	if (c == NULL)
		fail_msg("%s", why);
	assert_int_equal(users_count(c->users), 3);
	assert_int_equal(c->nuser_sections, 1);
	assert_null(users_find(c->users, "alice@example.org")->plan);
	assert_string_equal(users_find(c->users, "eve")->plan->name,
	    "standard");
	conf_unref(&c);
	write_file("users", "Bob plan=premium\n");
	assert_null(load_file("main.conf", &why));
	assert_complaint(why, "users:1: bob has an entry already (case does "
	    "not matter); remove one of the two");
	free(why);
}

static int
make_dir(void **state)
{
	char path[200];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/conf.d", dir);
	return mkdir(path, 0700);
}

static int
remove_dir(void **state)
{
	static const char *const names[] = {
		"main.conf", "keys.conf", "users", "conf.d/a.conf",
		"conf.d/b.conf"
	};
	char	path[200];
	size_t	i;

	(void)state;
	for (i = 0; i < NELEM(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/conf.d", dir);
	rmdir(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_loads),
		cmocka_unit_test(defaults),
		cmocka_unit_test(limits_of_plans_and_groups),
		cmocka_unit_test(bytes_are_counted_where_a_limit_needs_them),
		cmocka_unit_test(printed_loads_again),
		cmocka_unit_test(changes_that_need_a_restart_are_named),
		cmocka_unit_test(what_is_accepted),
		cmocka_unit_test(values_are_folded),
		cmocka_unit_test(references_are_counted),
		cmocka_unit_test(the_default_key_directory),
		cmocka_unit_test(includes_are_relative),
		cmocka_unit_test(errors_in_includes),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(users_file_is_read),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
