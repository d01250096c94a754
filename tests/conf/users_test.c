/*
 * users: lines of users-file, patterns, logins in any case, and many of them
 */
#include "test.h"

#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "conf/users.h"

static const struct plan_rules plans[] = {
	{ "trial",   STORE_LIMITS_HOUR(1000, STORE_UNLIMITED) },
	{ "Premium", STORE_LIMITS_HOUR(3000, STORE_UNLIMITED) },
};
static const struct users_plans known = { plans, 2 };

static void
patterns(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "alice@example.org",	"alice@example.org" },
		{ "Alice@Example.ORG.",	"Alice@example.org" },
		{ "@Example.org",	"@example.org" },
		{ "@.Example.org",	"@.example.org" },
		{ "*",			"*" },
		{ "a@localhost",	"a@localhost" },
		{ "a@b@example.org",	"a@b@example.org" },
		{ "j\xc3\xb6rg@example.org", "j\xc3\xb6rg@example.org" },
		{ "a@b\xc3\xbc" "cher.example", "a@xn--bcher-kva.example" },
		{ "",			NULL },
		{ "example.org",	NULL },
		{ "@",			NULL },
		{ "@.",			NULL },
		{ "@..example.org",	NULL },
		{ "a@",			NULL },
		{ "a@.example.org",	NULL },
		{ "*@example.org",	NULL },
		{ "@*.example.org",	NULL },
		{ "a b@example.org",	NULL },
		{ "\"a b\"@example.org", NULL },
		{ "a@example.org>",	NULL },
		{ "a@[192.0.2.1]",	NULL },
	};
	struct arena	*a = arena_new(0);
	const char	*got;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		got = users_sender_pattern(a, rows[i].text);
		if ((got == NULL) != (rows[i].want == NULL) ||
		    (got != NULL && strcmp(got, rows[i].want) != 0))
			row_fail(rows[i].text, "got %s, want %s",
			    got != NULL ? got : "none",
			    rows[i].want != NULL ? rows[i].want : "none");
	}
	arena_free(&a);
}

/* One login has one name, with and without login-domain. */
static void
logins_without_a_domain_get_it(void **state)
{
	static const struct { const char *login, *whole; } rows[] = {
		{ "alice", "alice@example.org" },
		{ "Alice", "Alice@example.org" },
		{ "alice@example.org", "alice@example.org" },
		{ "alice@example.net", "alice@example.net" },
		{ "alice@", "alice@" }, { "@", "@" }, { "", "" },
		{ "a b", "a b@example.org" },
	};
	struct arena	*a = arena_new(0);
	struct users	*u = users_new(a, "example.org");
	struct users	*none = users_new(a, NULL);
	char		*why = NULL;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		if (strcmp(users_qualify(u, a, rows[i].login),
		    rows[i].whole) != 0 || strcmp(users_qualify(none, a,
		    rows[i].login), rows[i].login) != 0)
			row_fail(rows[i].login, "is %s", users_qualify(u, a,
			    rows[i].login));
	}
	assert_true(users_load_text(u, "u", "BOB plan=premium\n", &known,
	    &why));
	assert_string_equal(users_find(u, "bob@example.org")->login,
	    "bob@example.org");
	assert_false(users_load_text(u, "u", "bob@Example.org\n", &known,
	    &why));
	assert_string_equal(why, "u:1: bob@example.org has an entry already "
	    "(case does not matter); remove one of the two");
	free(why);
	arena_free(&a);
}

static void
a_line_has_it_all(void **state)
{
	struct arena		*a = arena_new(0);
	struct users		*u = users_new(a, NULL);
	const struct user_rules	*user;
	char			*why = NULL;

	(void)state;
	assert_true(users_load_text(u, "users",
	    "# a comment\r\n"
	    "\n"
	    "Alice@Example.org  plan=premium senders=a@x.org,@Y.org \\\n"
	    "\tnetworks=192.0.2.0/24,2001:db8::/32 second-factor=yes \\\r\n"
	    "\tblock=yes # end\n"
	    "carol certificates=\"Carol C.\",\"/O=A B/CN=#1\" # \"end\n"
	    "dave certificate-issuer=\"Test CA\" plan=premium\n"
	    "bob", &known, &why));
	assert_int_equal(users_count(u), 4);
	user = users_find(u, "carol");
	assert_int_equal(user->ncertificates, 2);
	assert_string_equal(user->certificates[0], "Carol C.");
	assert_string_equal(user->certificates[1], "/O=A B/CN=#1");
	assert_null(user->certificate_issuer);
	user = users_find(u, "dave");
	assert_string_equal(user->certificate_issuer, "Test CA");
	user = users_find(u, "ALICE@example.org");
	assert_non_null(user);
	assert_string_equal(user->login, "alice@example.org");
	assert_ptr_equal(user->plan, &plans[1]);
	assert_int_equal(user->nsenders, 2);
	assert_string_equal(user->senders[1], "@y.org");
	assert_int_equal(user->nnetworks, 2);
	assert_int_equal(user->networks[1].bits, 32);
	assert_true(user->second_factor);
	assert_true(user->block);
	assert_string_equal(user->file, "users");
	assert_int_equal(user->line, 3);
	user = users_find(u, "bob");
	assert_null(user->plan);
	assert_int_equal(user->nsenders, 0);
	assert_null(users_find(u, "bo"));
	assert_null(users_find(u, "bobb"));
	assert_null(users_find(u, ""));
	arena_free(&a);
}

static void
broken_lines(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{ "plan", "bob plan=gold", "u:1: plan=gold is not a plan; "
		    "write a plan section of that name into the "
		    "configuration" },
		{ "sender", "\nbob senders=a@x.org,x.org", "u:2: "
		    "senders=x.org is not a sender; write user@domain, "
		    "@domain, @.domain or *" },
		{ "no sender at all", "bob senders=", "u:1: senders= is not "
		    "a sender; write user@domain, @domain, @.domain or *" },
		{ "network", "bob networks=192.0.2.0/33", "u:1: "
		    "networks=192.0.2.0/33 is not a network; write "
		    "192.0.2.0/24, 2001:db8::/32 or an address" },
		{ "second factor", "bob second-factor=1", "u:1: "
		    "second-factor=1 must be yes or no" },
		{ "block", "bob block=", "u:1: block= must be yes or no" },
		{ "unknown key", "bob quota=1", "u:1: unknown key \"quota\"; "
		    "use plan, senders, networks, second-factor, certificates, "
		    "certificate-issuer or block" },
		{ "an open quote", "a plan=trial\nb certificates=\"B. C",
		    "u:2: a quote is not closed; write one at the end of the "
		    "value" },
		{ "a certificate", "b certificates=\"CN=B, O=X\"", "u:1: "
		    "certificates=CN=B is not the name of a certificate; "
		    "write the common name, or the whole subject, for "
		    "example /O=Example/CN=alice\nu:1: certificates= O=X is "
		    "not the name of a certificate; write the common name, "
		    "or the whole subject, for example /O=Example/CN=alice" },
		{ "a subject without a common name", "b certificates=/O=X",
		    "u:1: certificates=/O=X has no /CN=; write a subject "
		    "with a common name" },
		{ "no issuer", "b certificate-issuer=\"\"", "u:1: "
		    "certificate-issuer= is empty; write a name" },
		{ "a key twice", "bob senders=a@x.org plan=trial "
		    "senders=b@x.org", "u:1: senders= is set twice; remove "
		    "one of the two" },
		{ "a blank in a login", "bob smith plan=trial", "u:1: smith "
		    "is not key=value; a login has no blanks" },
		{ "blanks in a list", "bob senders=@x.org, @y.org", "u:1: "
		    "senders= is not a sender; write user@domain, @domain, "
		    "@.domain or *\nu:1: @y.org is not key=value; a login "
		    "has no blanks" },
		{ "quotes", "\"bob\"", "u:1: \"bob\" is not a valid login; "
		    "write it without blanks, at most 255 characters long" },
		{ "twice", "bob\nBOB\n", "u:2: bob has an entry already "
		    "(case does not matter); remove one of the two" },
		{ "lines that go on are counted", "a\\\n plan=premium\n\nb x",
		    "u:4: x is not key=value; a login has no blanks" },
		{ "several", "a x\nb y", "u:1: x is not key=value; a login "
		    "has no blanks\nu:2: y is not key=value; a login has no "
		    "blanks" },
	};
	struct arena	*a = arena_new(0);
	char		*why;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		why = NULL;
		if (users_load_text(users_new(a, NULL), "u", rows[i].text,
		    &known, &why) || strcmp(why, rows[i].want) != 0)
			row_fail(rows[i].name, "got %s\nwant %s",
			    why != NULL ? why : "none", rows[i].want);
		free(why);
	}
	arena_free(&a);
}

static void
files(void **state)
{
	struct arena	*a = arena_new(0);
	char		*why = NULL;

	(void)state;
	assert_false(users_load_file(users_new(a, NULL), "/nonexistent/users",
	    &known, &why));
	assert_string_equal(why, "/nonexistent/users: No such file or "
	    "directory; create the file or remove users-file");
	free(why);
	assert_false(users_load_file(users_new(a, NULL), "/dev/zero", &known,
	    &why));
	assert_string_equal(why, "/dev/zero: is not a regular file");
	free(why);
	/* a regular file whose first octet cannot be read */
	assert_false(users_load_file(users_new(a, NULL), "/proc/self/mem",
	    &known, &why));
	assert_string_equal(why, "/proc/self/mem:1: cannot be read: "
	    "Input/output error");
	free(why);
	arena_free(&a);
}

#define MANY	100000

static void
many_users(void **state)
{
	struct arena	*a = arena_new(64 * 1024);
	struct users	*u = users_new(a, NULL);
	struct buf	 text = BUF_INIT;
	char		 login[64], *why = NULL;
	clock_t		 start;
	double		 load, find;
	int		 i;

	(void)state;
	for (i = 0; i < MANY; i++)
		buf_printf(&text, "user%d@example.org plan=premium "
		    "senders=user%d@example.org,@shop%d.example.org "
		    "networks=192.0.2.0/24\n", i, i, i);
	start = clock();
	if (!users_load_text(u, "u", text.data, &known, &why))
		fail_msg("%s", why);
	load = (double)(clock() - start) / CLOCKS_PER_SEC;
	assert_int_equal(users_count(u), MANY);
	start = clock();
	for (i = 0; i < MANY; i++) {
		snprintf(login, sizeof(login), "USER%d@example.org", i);
		assert_non_null(users_find(u, login));
	}
	find = (double)(clock() - start) / CLOCKS_PER_SEC;
	print_message("%d users: loaded in %.3f s, each found in %.3f us\n",
	    MANY, load, find * 1e6 / MANY);
	buf_free(&text);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(logins_without_a_domain_get_it),
		cmocka_unit_test(a_line_has_it_all),
		cmocka_unit_test(broken_lines),
		cmocka_unit_test(files),
		cmocka_unit_test(many_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
