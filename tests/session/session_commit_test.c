/*
 * session: what is logged and counted is what happened to the message, and a
 * session that has ended is not counted as open
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/record.h"
#include "session/session.h"
#include "store/store_priv.h"
#include "session_site.h"

#define LOGIN	"alice@example.net"

static const char conf_text[] =
    "listener submission { daemon-ports = 587 direction = submission\n"
    "require-tls = no }\nquota { action = hold }\n";

static const char *
login_macro(void *ctx, const char *name)
{
	static const char *const macros[][2] = {
		{ "{daemon_port}", "587" }, { "{auth_type}", "SCRAM-SHA-256" },
		{ "{auth_authen}", LOGIN }, { "i", "4Z1" },
	};
	size_t i;

	(void)ctx;
	for (i = 0; i < NELEM(macros); i++)
		if (strcmp(macros[i][0], name) == 0)
			return macros[i][1];
	return NULL;
}

/* --- a store that refuses a commit --------------------------------------- */

static struct store_ops	 ops;
static bool		 refuses;

static enum store_answer
commit(struct reservation *r, time_t now, struct store_usage *usage)
{
	(void)now;
	ops.give_back(r);
	memset(usage, 0, sizeof(*usage));
	return refuses ? STORE_REFUSED : STORE_TAKEN;
}

static char logged[4096];

static void
keep_record(void *arg, const struct record *r)
{
	struct buf b = BUF_INIT;

	(void)arg;
	record_line(r, &b);
	snprintf(logged, sizeof(logged), "%s", buf_str(&b));
	buf_free(&b);
}

static struct services *
open_site(bool refused)
{
	struct services *sv = open_services(conf_text);

	refuses = refused;
	ops = *sv->store->ops;
	ops.commit = commit;
	sv->store->ops = &ops;
	sv->on_record = keep_record;
	return sv;
}

/* A message up to its judgement. */
static struct session *
judged(struct services *sv, enum action want)
{
	struct session		*s = session_new(sv, login_macro, NULL);
	const struct edits	*edits;

	session_connect(s, "client.example", NULL);
	session_mail(s, "<" LOGIN ">", NULL);
	session_rcpt(s, "<bob@example.org>");
	session_header(s, "From", " " LOGIN);
	session_eoh(s);
	assert_int_equal(session_eom(s, &edits).action, want);
	return s;
}

static void
the_outcome_is_what_happened(void **state)
{
	static const struct {
		const char	*name;
		bool		 refused;	/* by the store, at commit */
		const char	*commit, *end;	/* what failed before each */
		enum action	 want;
		const char	*logged;
	} rows[] = {
		{ "all is well", false, NULL, NULL, ACTION_ACCEPT,
		    "action=accept" },
		{ "held at last", true, NULL, NULL, ACTION_HOLD,
		    "action=hold rule=quota" },
		{ "a header field fails", false, "No header; try again", NULL,
		    ACTION_DEFER, "action=defer rule=edits reply=\"451 4.3.0\" "
		    "text=\"No header; try again\"" },
		{ "the hold fails", true, NULL, "No hold; try again",
		    ACTION_DEFER, "action=defer rule=edits reply=\"451 4.3.0\" "
		    "text=\"No hold; try again\"" },
	};
	struct services	*sv;
	struct session	*s;
	struct verdict	 v;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		sv = open_site(rows[i].refused);
		s = judged(sv, ACTION_ACCEPT);
		session_commit(s, rows[i].commit);
		assert_int_equal(sv->counters.messages, 0);
		v = session_end(s, rows[i].end);
		if (v.action != rows[i].want ||
		    strstr(logged, rows[i].logged) == NULL)
			row_fail(rows[i].name, "%s: %s", action_name(v.action),
			    logged);
		assert_int_equal(sv->counters.messages, 1);
		assert_int_equal(sv->counters.held,
		    rows[i].want == ACTION_HOLD);
		assert_int_equal(sv->counters.deferred,
		    rows[i].want == ACTION_DEFER);
		/* the message is over */
		assert_int_equal(session_end(s, NULL).action, ACTION_ACCEPT);
		assert_int_equal(sv->counters.messages, 1);
		session_free(&s);
		services_free(&sv);
	}
}

static void
sessions_that_have_ended_are_not_open(void **state)
{
	struct services	*sv = open_site(false);
	struct session	*s[3];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(s); i++)
		s[i] = session_new(sv, login_macro, NULL);
	assert_int_equal(sv->counters.open_connections, 3);
	session_free(&s[1]);
	session_free(&s[1]);
	assert_int_equal(sv->counters.open_connections, 2);
	session_free(&s[0]);
	session_free(&s[2]);
	assert_int_equal(sv->counters.open_connections, 0);
	assert_int_equal(sv->counters.connections, 3);
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_outcome_is_what_happened),
		cmocka_unit_test(sessions_that_have_ended_are_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
