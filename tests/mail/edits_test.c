/*
 * edits: deletions from the last to the first, insertions in reverse order
 */
#include "test.h"

#include "base/arena.h"
#include "mail/edits.h"

static void
deletes_from_the_last(void **state)
{
	struct arena	*a = arena_new(1024);
	struct edits	 e;
	unsigned	 nth;

	(void)state;
	edits_init(&e, a);
	edits_insert_top(&e, "DKIM-Signature", " low");
	for (nth = 1; nth <= 50; nth++)
		edits_delete(&e, "Authentication-Results", nth);
	edits_insert_top(&e, "Authentication-Results", " top");
	edits_order(&e);
	assert_int_equal(e.n, 52);
	for (nth = 0; nth < 50; nth++) {
		assert_int_equal(e.edit[nth].kind, EDIT_DELETE);
		assert_int_equal(e.edit[nth].nth, 50 - nth);
	}
	assert_string_equal(e.edit[50].value, " low");
	assert_string_equal(e.edit[51].value, " top");
	arena_free(&a);
}

static void
nothing_to_order(void **state)
{
	struct arena	*a = arena_new(1024);
	struct edits	 e;

	(void)state;
	edits_init(&e, a);
	edits_order(&e);
	assert_int_equal(e.n, 0);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deletes_from_the_last),
		cmocka_unit_test(nothing_to_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
