/*
 * groups: the groups of a login in their order; the cost of a lookup does not
 * grow with their number.
 */
#include "test.h"

#include <time.h>

#include "base/arena.h"
#include "conf/groups.h"

static const char *const acme_domains[] = { "acme.example", ".acme.example" };
static const char *const com_domains[] = { ".example", "b.acme.example" };
static const char *const boss_users[] = { "boss", "boss@acme.example" };
static const char *const late_domains[] = { "acme.example", "x.y" };

static const struct group_rules list[] = {
	{ .name = "acme", .domains = acme_domains, .ndomains = 2 },
	{ .name = "Com", .domains = com_domains, .ndomains = 2 },
	{ .name = "bosses", .users = boss_users, .nusers = 2,
	    .domains = acme_domains + 1, .ndomains = 1 },
	{ .name = "late", .domains = late_domains, .ndomains = 2 },
};

static void
who_is_in_which(void **state)
{
	static const struct {
		const char *login, *want;
	} rows[] = {
		{ "bob", "" },
		{ "bob@example.org", "" },
		{ "bob@example", "" },
		{ "@", "" },
		{ "bob@", "" },
		{ "bob@[192.0.2.1]", "" },
		{ "bob@acmeexample", "" },
		/* no suffix of another name */
		{ "bob@notacme.example", "Com " },
		{ "bob@acme.example", "acme late Com " },
		{ "BOB@Acme.Example.", "acme late Com " },
		{ "a@b@acme.example", "acme late Com " },
		{ "bob@a.acme.example", "acme bosses Com " },
		/* the nearest domain first */
		{ "bob@b.acme.example", "Com acme bosses " },
		{ "bob@a.b.acme.example", "acme bosses Com " },
		/* the login before its domain */
		{ "boss", "bosses " },
		{ "Boss@ACME.example", "bosses acme late Com " },
		{ "boss+x@acme.example", "acme late Com " },
		{ "a@x.y", "late " },
		{ "a@z.x.y", "" },
	};
	const struct group_rules *found[8];
	struct arena	*a = arena_new(0), *scratch = arena_new(0);
	struct groups	*g = groups_new(a, list, NELEM(list));
	char		 got[128];
	size_t		 i, k, n;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		got[0] = '\0';
		n = groups_of(g, rows[i].login, scratch, found, NELEM(found));
		for (k = 0; k < n; k++) {
			strcat(got, found[k]->name);
			strcat(got, " ");
		}
		if (strcmp(got, rows[i].want) != 0)
			row_fail(rows[i].login, "got %s", got);
	}
	assert_int_equal(groups_of(g, NULL, scratch, found, 8), 0);
	/* at most as many as there is room for */
	assert_int_equal(groups_of(g, "boss@acme.example", scratch, found, 2),
	    2);
	assert_string_equal(found[1]->name, "acme");
	arena_free(&a);
	arena_free(&scratch);
}

static void
by_name(void **state)
{
	struct arena	*a = arena_new(0);
	struct groups	*g = groups_new(a, list, NELEM(list));
	struct groups	*none = groups_new(a, NULL, 0);

	(void)state;
	assert_ptr_equal(groups_find(g, "acme"), &list[0]);
	assert_ptr_equal(groups_find(g, "COM"), &list[1]);
	/* a name is not found as a login or a domain */
	assert_null(groups_find(g, "boss"));
	assert_null(groups_find(g, "acme.example"));
	assert_null(groups_find(g, ""));
	assert_null(groups_find(none, "acme"));
	arena_free(&a);
}

/*
 * A search of the list would take minutes; five seconds leave room for
 * sanitizers and a busy machine.
 */
static void
many(void **state)
{
	enum { N = 10000, LOOKUPS = 100000 };
	struct arena		*a = arena_new(65536);
	struct arena		*scratch = arena_new(0);
	struct group_rules	*big = arena_array(a, N, sizeof(*big));
	const struct group_rules *found[GROUPS_OF_LOGIN];
	const char		**domain = arena_array(a, N, sizeof(*domain));
	struct groups		*g;
	clock_t			 began;
	char			 login[64];
	size_t			 i;

	(void)state;
	for (i = 0; i < N; i++) {
		domain[i] = arena_printf(a, "d%zu.example", i);
		big[i].name = arena_printf(a, "g%zu", i);
		big[i].domains = &domain[i];
		big[i].ndomains = 1;
	}
	g = groups_new(a, big, N);
	began = clock();
	for (i = 0; i < LOOKUPS; i++) {
		snprintf(login, sizeof(login), "u%zu@D%zu.example", i, i % N);
		assert_int_equal(groups_of(g, login, scratch, found,
		    GROUPS_OF_LOGIN), 1);
		assert_ptr_equal(found[0], &big[i % N]);
		arena_reset(scratch);
	}
	assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
	arena_free(&a);
	arena_free(&scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_in_which),
		cmocka_unit_test(by_name),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
