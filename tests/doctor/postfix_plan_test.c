/*
 * postfix_plan: for each main.cf the lines that millgate needs, what is
 * refused, and that --undo restores what was there
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/postfix_plan.h"

#define QUEUE	"queue_directory = /var/spool/postfix\n"
#define OURS	"unix:millgate/millgate.sock"
#define DEFAULTS "smtpd_milters =\nnon_smtpd_milters =\n" \
    "milter_default_action = tempfail\nmilter_protocol = 6\n" \
    "milter_content_timeout = 300s\n" QUEUE
#define BELOW	"local:/var/spool/postfix/millgate/millgate.sock"
#define CHROOT	"smtp inet n - y - - smtpd\ncleanup unix n - y - 0 cleanup\n"
#define PLAIN	"smtp inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\n"
#define GOOD	"milter_content_timeout = 60s\n"

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

/* `set` is main.cf; what refers to another parameter is expanded in `more`. */
static void
make(const char *set, const char *more, const char *master,
    struct plan_site site, struct mta_settings *found,
    struct postfix_plan *plan)
{
	struct postfix_setup *p = arena_alloc(a, sizeof(*p));

	memset(found, 0, sizeof(*found));
	postfix_read_main(a, p, DEFAULTS);
	postfix_read_main(a, p, set);
	postfix_read_main(a, p, more);
	postfix_read_services(a, p, master);
	postfix_plan_read(a, found, set);
	postfix_plan_make(a, p, found, &site, plan);
}

static const char *
text_of(const struct postfix_plan *plan)
{
	const struct plan_line	*l;
	const char		*text = "";
	size_t			 i;

	for (i = 0; i < plan->n; i++) {
		l = &plan->line[i];
		assert_non_null(l->reason);
		text = arena_printf(a, "%s%s: %s -> %s\n", text, l->name,
		    l->before != NULL ? l->before : "unset",
		    l->after != NULL ? l->after : "unset");
	}
	return text;
}

#define BOTH	"smtpd_milters: unset -> " OURS "\n" \
    "non_smtpd_milters: unset -> " OURS "\n"
#define TIME	"milter_content_timeout: unset -> 60s\n"

static const struct {
	const char	*name, *set, *more, *master, *socket, *want;
	unsigned	 seconds;
} plans[] = {
	{ "Debian's", "", "", CHROOT, BELOW, BOTH TIME, 20 },
	{ "no chroot, default socket", "", "", PLAIN, "local:/run/m.sock",
	    "smtpd_milters: unset -> unix:/run/m.sock\n"
	    "non_smtpd_milters: unset -> unix:/run/m.sock\n" TIME, 20 },
	{ "port", "", "", CHROOT, "inet:8899@127.0.0.1",
	    "smtpd_milters: unset -> inet:127.0.0.1:8899\n"
	    "non_smtpd_milters: unset -> inet:127.0.0.1:8899\n" TIME, 20 },
	{ "all is set", "smtpd_milters = " OURS "\nnon_smtpd_milters = " OURS
	    "\n" GOOD, "", CHROOT, BELOW, "", 20 },
	{ "others are kept", "smtpd_milters = inet:localhost:11332, "
	    "{ unix:a b.sock, connect_timeout=3s }\nnon_smtpd_milters =\n"
	    GOOD, "", CHROOT, BELOW,
	    "smtpd_milters: inet:localhost:11332, { unix:a b.sock, "
	    "connect_timeout=3s } -> inet:localhost:11332, { unix:a b.sock, "
	    "connect_timeout=3s }, " OURS "\n"
	    "non_smtpd_milters:  -> " OURS "\n", 20 },
	{ "millgate goes last", "smtpd_milters = {" OURS
	    ", protocol=6} inet:h:1\nnon_smtpd_milters = " OURS "\n" GOOD, "",
	    CHROOT, BELOW, "smtpd_milters: {" OURS ", protocol=6} inet:h:1 -> "
	    "inet:h:1, {" OURS ", protocol=6}\n", 20 },
	{ "once", "smtpd_milters = " OURS ", " OURS "\nnon_smtpd_milters = "
	    OURS "\n" GOOD, "", CHROOT, BELOW, "smtpd_milters: " OURS ", " OURS
	    " -> " OURS "\n", 20 },
	{ "a path that a chroot does not reach", "smtpd_milters = "
	    "unix:/var/spool/postfix/millgate/millgate.sock\n"
	    "non_smtpd_milters = " OURS "\n" GOOD, "", CHROOT, BELOW,
	    "smtpd_milters: unix:/var/spool/postfix/millgate/millgate.sock -> "
	    OURS "\n", 20 },
	{ "the former socket is replaced", "smtpd_milters = "
	    "inet:127.0.0.1:8899, inet:h:1\nnon_smtpd_milters = " OURS "\n"
	    GOOD, "", CHROOT, BELOW, "smtpd_milters: inet:127.0.0.1:8899, "
	    "inet:h:1 -> inet:h:1, " OURS "\n", 20 },
	{ "sendmail(1) follows SMTP", "smtpd_milters = inet:h:1\n"
	    "non_smtpd_milters = ${smtpd_milters}\n" GOOD,
	    "non_smtpd_milters = inet:h:1\n", CHROOT, BELOW,
	    "smtpd_milters: inet:h:1 -> inet:h:1, " OURS "\n", 20 },
	{ "a reference is kept", "smtpd_milters = $others\n"
	    "non_smtpd_milters = " OURS "\n" GOOD, "smtpd_milters = inet:h:1\n",
	    CHROOT, BELOW, "smtpd_milters: $others -> $others, " OURS "\n",
	    20 },
	{ "millgate behind a reference", "smtpd_milters = $all\n"
	    "non_smtpd_milters = $all\n" GOOD, "smtpd_milters = inet:h:1, "
	    OURS "\nnon_smtpd_milters = " OURS "\n", CHROOT, BELOW, "", 20 },
	{ "fails open, old protocol", "smtpd_milters = " OURS
	    "\nnon_smtpd_milters = " OURS "\nmilter_default_action = accept\n"
	    "milter_protocol = 2\nmilter_content_timeout = 20s\n", "", CHROOT,
	    BELOW, "milter_default_action: accept -> tempfail\n"
	    "milter_protocol: 2 -> 6\n"
	    "milter_content_timeout: 20s -> 60s\n", 20 },
	{ "other safe values are kept", "smtpd_milters = " OURS
	    "\nnon_smtpd_milters = " OURS "\nmilter_default_action = reject\n"
	    "milter_content_timeout = 2m\n", "", CHROOT, BELOW, "", 20 },
	{ "slow lookups", "smtpd_milters = " OURS
	    "\nnon_smtpd_milters = " OURS "\n", "", CHROOT, BELOW,
	    "milter_content_timeout: unset -> 100s\n", 60 },
};

static void
a_plan_has_the_lines_that_differ(void **state)
{
	struct postfix_plan	plan;
	struct mta_settings	set;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(plans); i++) {
		struct plan_site site = { plans[i].socket, plans[i].seconds,
		    "inet:127.0.0.1:8899" };

		make(plans[i].set, plans[i].more, plans[i].master, site, &set,
		    &plan);
		if (plan.refusal != NULL)
			row_fail(plans[i].name, "%s", plan.refusal);
		if (strcmp(text_of(&plan), plans[i].want) != 0)
			row_fail(plans[i].name, "%s", text_of(&plan));
		assert_string_equal(plan.smtp.filter[plan.smtp.n - 1].socket,
		    plan.socket);
		assert_string_equal(plan.local.filter[plan.local.n - 1].socket,
		    plan.socket);
	}
}

static const struct {
	const char	*name, *set, *more, *master, *want;
} refusals[] = {
	{ "smtpd in a chroot", "", "", CHROOT,
	    "socket = \"unix:/var/spool/postfix/millgate/millgate.sock\"" },
	{ "cleanup in a chroot", "", "", "smtp inet n - n - - smtpd\n"
	    "cleanup unix n - y - 0 cleanup\n", "cleanup in master.cf" },
	{ "no queue directory", "", "queue_directory =\n", PLAIN,
	    "queue_directory" },
	{ "not last behind a reference", "smtpd_milters = $all\n",
	    "smtpd_milters = unix:/run/m.sock, inet:h:1\n", PLAIN, "$all" },
	{ "a reference to SMTP and more", "non_smtpd_milters = "
	    "$smtpd_milters, inet:h:1\n", "non_smtpd_milters = inet:h:1\n",
	    PLAIN, "only once" },
};

static void
what_cannot_be_known_is_refused(void **state)
{
	struct plan_site	site = { "local:/run/m.sock", 20, NULL };
	struct postfix_plan	plan;
	struct mta_settings	set;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(refusals); i++) {
		make(refusals[i].set, refusals[i].more, refusals[i].master,
		    site, &set, &plan);
		if (plan.refusal == NULL || plan.n != 0)
			row_fail(refusals[i].name, "not refused");
		if (strstr(plan.refusal, refusals[i].want) == NULL)
			row_fail(refusals[i].name, "%s", plan.refusal);
	}
}

static void
own_lists_of_services_are_named(void **state)
{
	struct postfix_setup	*p = arena_alloc(a, sizeof(*p));
	struct mta_settings	 set = { .n = 0 };
	struct plan_site	 site = { BELOW, 20, NULL };
	struct postfix_plan	 plan;

	(void)state;
	postfix_read_main(a, p, DEFAULTS);
	postfix_read_services(a, p, CHROOT "587 inet n - y - - smtpd\n");
	postfix_read_own(a, p, "587/inet/smtpd_milters = inet:h:1\n");
	postfix_plan_make(a, p, &set, &site, &plan);
	assert_string_equal(plan.own, "587/inet");
}

/* --- the record ---------------------------------------------------------- */

/* main.cf after the plan was made */
static void
follow(struct mta_settings *set, const struct postfix_plan *plan)
{
	struct mta_settings	 left = { .n = 0 };
	size_t			 i;

	for (i = 0; i < plan->n; i++)
		mta_set(set, plan->line[i].name, plan->line[i].after);
	for (i = 0; i < set->n; i++)
		if (set->setting[i].value != NULL)
			mta_set(&left, set->setting[i].name,
			    set->setting[i].value);
	*set = left;
}

static const char *
main_text(const struct mta_settings *set)
{
	const char	*text = "";
	size_t		 i;

	for (i = 0; i < set->n; i++)
		text = arena_printf(a, "%s%s = %s\n", text,
		    set->setting[i].name, set->setting[i].value);
	return text;
}

/* Written to a file and read again. */
static struct plan_record
again(const struct plan_record *r)
{
	struct plan_record	 read;
	struct buf		 b = BUF_INIT;
	const char		*wrong;

	plan_record_format(r, &b);
	if (!plan_record_parse(a, buf_str(&b), &read, &wrong))
		fail_msg("%s", wrong);
	buf_free(&b);
	return read;
}

#define SOME	"smtpd_milters = inet:h:1\nnon_smtpd_milters = \n" \
    "milter_default_action = accept\n"

static void
undo_restores_what_was_there(void **state)
{
	struct plan_site	site = { "inet:8899@127.0.0.1", 20, NULL };
	struct plan_record	record = { .n = 0 }, changed;
	struct postfix_plan	plan;
	struct mta_settings	set;

	(void)state;
	make(SOME, "", CHROOT, site, &set, &plan);
	plan_record_add(&record, &plan);
	follow(&set, &plan);
	/* millgate moves to another socket: the oldest values count */
	record = again(&record);
	site.former = record.socket;
	site.socket = BELOW;
	make(main_text(&set), "", CHROOT, site, &set, &plan);
	assert_int_equal(plan.n, 2);
	plan_record_add(&record, &plan);
	follow(&set, &plan);
	assert_string_equal(mta_get(&set, "smtpd_milters"),
	    "inet:h:1, " OURS);
	record = again(&record);
	plan_record_undo(&record, &set, &plan, &changed);
	assert_int_equal(changed.n, 0);
	follow(&set, &plan);
	assert_string_equal(main_text(&set), SOME);
	/* a second time there is nothing to do */
	plan_record_undo(&record, &set, &plan, &changed);
	assert_int_equal(plan.n + changed.n, 0);
}

static void
changes_of_others_are_kept(void **state)
{
	struct plan_site	site = { BELOW, 20, NULL };
	struct plan_record	record = { .n = 0 }, changed;
	struct postfix_plan	plan;
	struct mta_settings	set;

	(void)state;
	make("", "", CHROOT, site, &set, &plan);
	plan_record_add(&record, &plan);
	follow(&set, &plan);
	mta_set(&set, "smtpd_milters", OURS ", inet:new:1");
	plan_record_undo(&record, &set, &plan, &changed);
	assert_int_equal(changed.n, 1);
	assert_string_equal(changed.line[0].name, "smtpd_milters");
	assert_int_equal(plan.n, 2);
	/* after another --apply, undo leaves the new milter alone */
	make(main_text(&set), "", CHROOT, site, &set, &plan);
	plan_record_add(&record, &plan);
	follow(&set, &plan);
	record = again(&record);
	plan_record_undo(&record, &set, &plan, &changed);
	assert_int_equal(changed.n, 0);
	follow(&set, &plan);
	assert_string_equal(main_text(&set), "smtpd_milters = inet:new:1\n");
}

static void
a_wrong_record_is_refused(void **state)
{
	static const char *const wrong[] = {
		"set mailbox_command = /bin/sh\n", "was\n", "nonsense\n",
		"set smtpd_milters = x\nwas queue_directory\n"
	};
	struct plan_record	 r;
	const char		*line;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(wrong); i++)
		if (plan_record_parse(a, wrong[i], &r, &line))
			row_fail(wrong[i], "accepted");
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_plan_has_the_lines_that_differ),
		TEST(what_cannot_be_known_is_refused),
		TEST(own_lists_of_services_are_named),
		TEST(undo_restores_what_was_there),
		TEST(changes_of_others_are_kept),
		TEST(a_wrong_record_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
