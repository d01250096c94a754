/*
 * sendmail_plan: the block of an .mc file, its place, what is refused, and
 * that undo restores the file octet by octet
 */
#include "test.h"

#include "base/arena.h"
#include "doctor/sendmail_plan.h"

#define HEAD	"dnl MAILER lines come last\nOSTYPE(`debian')dnl\n"
#define TAIL	"MAILER_DEFINITIONS\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n"
#define OTHER	"INPUT_MAIL_FILTER(`clamav', `S=local:/run/c, F=')\n"
#define BLOCK(socket, seconds) \
	"dnl # millgate: begin (millgatectl setup sendmail)\n" \
	"INPUT_MAIL_FILTER(`millgate', `S=" socket ", F=T, " \
	"T=C:10s;S:30s;R:30s;E:" seconds "')dnl\n" \
	"dnl # millgate: end\n"
#define UNIX	BLOCK("unix:/run/m.sock", "60s")

static struct arena *a;

static int
set_up(void **state)
{
	(void)state;
	a = arena_new(0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

static const struct {
	const char	*name, *text, *socket, *after, *order;
	unsigned	 seconds, line;
} plans[] = {
	{ "new", HEAD TAIL, "local:/run/m.sock", HEAD UNIX TAIL, "millgate",
	    20, 3 },
	{ "other filters", HEAD OTHER TAIL, "inet:8899@127.0.0.1", HEAD OTHER
	    BLOCK("inet:8899@127.0.0.1", "60s") TAIL, "clamav, millgate", 20,
	    4 },
	{ "slow lookups", TAIL, "local:/run/m.sock",
	    BLOCK("unix:/run/m.sock", "100s") TAIL, "millgate", 60, 1 },
	{ "it is there", HEAD UNIX TAIL, "local:/run/m.sock", HEAD UNIX TAIL,
	    "millgate", 20, 3 },
	{ "another socket", HEAD UNIX OTHER TAIL, "inet:1@127.0.0.1", HEAD
	    BLOCK("inet:1@127.0.0.1", "60s") OTHER TAIL, "millgate, clamav",
	    20, 3 },
	{ "no last line end", HEAD "MAILER(`local')", "local:/run/m.sock",
	    HEAD UNIX "MAILER(`local')", "millgate", 20, 3 },
};

static void
a_block_is_inserted_and_removed(void **state)
{
	struct mc_plan	plan, undo;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(plans); i++) {
		struct mc_site site = { plans[i].socket, plans[i].seconds };

		mc_plan_make(a, plans[i].text, &site, &plan);
		if (plan.refusal != NULL)
			row_fail(plans[i].name, "%s", plan.refusal);
		if (strcmp(plan.after, plans[i].after) != 0)
			row_fail(plans[i].name, "%s", plan.after);
		assert_string_equal(plan.order, plans[i].order);
		assert_int_equal(plan.line, plans[i].line);
		assert_int_equal(plan.changes, strcmp(plans[i].text,
		    plans[i].after) != 0);
		mc_plan_undo(a, plan.after, &undo);
		assert_true(undo.changes);
		if (strstr(plans[i].text, "begin") == NULL &&
		    strcmp(undo.after, plans[i].text) != 0)
			row_fail(plans[i].name, "undo: %s", undo.after);
		mc_plan_undo(a, undo.after, &plan);
		assert_false(plan.changes);
	}
}

static const struct {
	const char *text, *want;
} refusals[] = {
	{ "", "MAILER" },
	{ HEAD, "MAILER" },
	{ HEAD "INPUT_MAIL_FILTER(`millgate', `S=inet:1@h')\n" TAIL,
	    "line 3 has a filter millgate" },
	{ HEAD "dnl # millgate: begin (millgatectl setup sendmail)\n" TAIL,
	    "no last line" },
	{ TAIL "define(`confINPUT_MAIL_FILTERS', `clamav')\n",
	    "line 4 defines confINPUT_MAIL_FILTERS" },
};

static void
what_cannot_be_known_is_refused(void **state)
{
	struct mc_site	site = { "inet:1@127.0.0.1", 20 };
	struct mc_plan	plan;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(refusals); i++) {
		mc_plan_make(a, refusals[i].text, &site, &plan);
		if (plan.refusal == NULL ||
		    strstr(plan.refusal, refusals[i].want) == NULL)
			row_fail(refusals[i].want, "%s",
			    plan.refusal != NULL ? plan.refusal : "none");
	}
	mc_plan_undo(a, refusals[3].text, &plan);
	assert_non_null(plan.refusal);
}

static void
the_user_of_sendmail_is_found(void **state)
{
	struct mc_site	site = { "inet:1@127.0.0.1", 20 };
	struct mc_plan	plan;

	(void)state;
	mc_plan_make(a, TAIL, &site, &plan);
	assert_null(plan.user);
	mc_plan_make(a, "define(`confRUN_AS_USER', `smmsp:smmsp')\n" TAIL,
	    &site, &plan);
	assert_string_equal(plan.user, "smmsp");
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_block_is_inserted_and_removed),
		TEST(what_cannot_be_known_is_refused),
		TEST(the_user_of_sendmail_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
