/*
 * file_limit: how many sessions a limit of open files is enough for, and what
 * to raise it to
 */
#include "test.h"

#include "daemon/file_limit_priv.h"
#include "dns/resolver.h"

static void
the_resolver_and_our_own_files_come_first(void **state)
{
	static const struct {
		unsigned long	files;
		unsigned	lookups, connections, sessions;
	} c[] = {
		{ 1024, 256, 576, 504 },
		{ 4096, 1024, 2880, 2520 },
		{ 65536, 4096, 61248, 53592 },
		{ 100, 64, 8, 7 },	/* never none at all */
		{ ~0UL, 4096, ~0U, 3758096384U },
	};
	struct file_limit	l;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		l = file_limit_share(c[i].files, c[i].lookups, 64, 1);
		assert_int_equal(l.connections, c[i].connections);
		assert_int_equal(l.sessions, c[i].sessions);
	}
}

static void
the_advice_is_enough(void **state)
{
	struct file_limit	l;
	unsigned		wanted;

	(void)state;
	for (wanted = 1; wanted <= 1000000; wanted += wanted / 3 + 1) {
		l = file_limit_share(0, 0, 88, wanted);
		l = file_limit_share(l.needed, RESOLVER_ASKED_MAX, 88,
		    wanted);
		assert_true(l.sessions >= wanted);
		assert_true(l.needed < wanted * 8ul / 7 + 6 * 1024);
	}
	assert_int_equal(file_limit_share(0, 0, 0, 10000).needed, 16384);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_resolver_and_our_own_files_come_first),
		cmocka_unit_test(the_advice_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
