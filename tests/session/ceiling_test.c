/*
 * ceiling: max-sessions and max-memory, at the edge and from many threads
 */
#include "test.h"

#include <sys/mman.h>

#include <pthread.h>

#include "base/resident.h"
#include "session/ceiling.h"
#include "session_site.h"

#define MIB		(1024ul * 1024)
#define THREADS		8
#define ROUNDS		20000

static uint64_t now_ms;

static uint64_t
fake_ticks(void)
{
	return now_ms;
}

/* The rule that defers a new message of a session, or NULL. */
static const char *
deferred_by(struct services *sv, bool *admitted)
{
	struct verdict v;

	if (!ceiling_defers(sv, admitted, &v))
		return NULL;
	assert_int_equal(v.action, ACTION_DEFER);
	assert_string_equal(v.code, "451");
	assert_string_equal(v.status, "4.3.2");
	assert_true(v.text[0] != '\0');
	return v.rule;
}

static void
a_session_above_the_ceiling_waits_for_a_place(void **state)
{
	struct services	*sv = open_services("max-sessions = 2");
	bool		 first, second, third, fourth;

	(void)state;
	first = ceiling_admit(sv);
	second = ceiling_admit(sv);
	third = ceiling_admit(sv);
	fourth = ceiling_admit(sv);
	assert_true(first && second && !third && !fourth);
	assert_string_equal(deferred_by(sv, &third), "max-sessions");
	assert_string_equal(deferred_by(sv, &third), "max-sessions");
	assert_null(deferred_by(sv, &first));
	assert_int_equal(sv->counters.over_sessions, 2);
	ceiling_leave(sv);		/* the first ends */
	assert_null(deferred_by(sv, &third));
	assert_true(third);
	assert_null(deferred_by(sv, &third));
	assert_string_equal(deferred_by(sv, &fourth), "max-sessions");
	assert_null(deferred_by(sv, &second));
	services_free(&sv);
}

static struct setup *
setup_of(const char *text)
{
	char		*why = NULL;
	struct conf	*c = conf_load_text("test", text, &why);

	assert_non_null(c);
	return setup_new(c, &why);
}

static void
a_reload_moves_the_ceiling_and_ends_no_session(void **state)
{
	struct services	*sv = open_services("max-sessions = 2");
	bool		 one = ceiling_admit(sv), two = ceiling_admit(sv);
	bool		 three = false;

	(void)state;
	services_swap(sv, setup_of("max-sessions = 1"));
	assert_null(deferred_by(sv, &one));
	assert_null(deferred_by(sv, &two));
	ceiling_leave(sv);
	assert_string_equal(deferred_by(sv, &three), "max-sessions");
	services_swap(sv, setup_of("max-sessions = 2"));
	assert_null(deferred_by(sv, &three));
	services_free(&sv);
}

static void
the_limit_of_files_is_a_ceiling_too(void **state)
{
	struct services	*sv = open_services("max-sessions = 5");

	(void)state;
	assert_false(ceiling_is_full(sv));
	sv->ceiling.fit_sessions = 1;
	sv->ceiling.fit_connections = 2;
	assert_true(ceiling_admit(sv));
	assert_false(ceiling_admit(sv));
	sv->counters.open_connections = 2;
	assert_false(ceiling_is_full(sv));
	sv->counters.open_connections = 3;
	assert_true(ceiling_is_full(sv));
	assert_int_equal(sv->counters.refused_connections, 1);
	services_free(&sv);
}

static atomic_uint inside, most;

static void *
come_and_go(void *arg)
{
	struct services	*sv = arg;
	unsigned	 n, seen;
	int		 i;

	for (i = 0; i < ROUNDS; i++) {
		if (!ceiling_admit(sv))
			continue;
		n = atomic_fetch_add(&inside, 1) + 1;
		for (seen = atomic_load(&most); n > seen; )
			if (atomic_compare_exchange_weak(&most, &seen, n))
				break;
		atomic_fetch_sub(&inside, 1);
		ceiling_leave(sv);
	}
	return NULL;
}

static void
many_threads_never_exceed_it(void **state)
{
	struct services	*sv = open_services("max-sessions = 3");
	pthread_t	 thread[THREADS];
	size_t		 i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, come_and_go,
		    sv), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_true(atomic_load(&most) >= 1 && atomic_load(&most) <= 3);
	assert_int_equal(sv->ceiling.admitted, 0);
	services_free(&sv);
}

/* 64 MiB more than this process has now. */
static struct services *
services_with_memory(void)
{
	struct services	*sv;
	char		 text[64];

	snprintf(text, sizeof(text), "max-memory = %zuM",
	    resident_octets() / MIB + 64);
	sv = open_services(text);
	sv->ticks = fake_ticks;
	now_ms += 3600 * 1000;
	ceiling_look(sv);
	return sv;
}

static void
new_messages_wait_while_the_memory_is_too_large(void **state)
{
	struct services	*sv = services_with_memory();
	bool		 admitted = ceiling_admit(sv);
	void		*p;

	(void)state;
	assert_true(resident_octets() > MIB);
	assert_null(deferred_by(sv, &admitted));
	p = mmap(NULL, 80 * MIB, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	memset(p, 1, 80 * MIB);
	assert_null(deferred_by(sv, &admitted));	/* not measured yet */
	ceiling_look(sv);
	assert_string_equal(deferred_by(sv, &admitted), "max-memory");
	assert_int_equal(sv->counters.over_memory, 1);
	munmap(p, 80 * MIB);
	ceiling_look(sv);
	assert_null(deferred_by(sv, &admitted));
	services_free(&sv);
}

/* A reload without max-memory helps at once. */
static void
without_a_limit_any_memory_is_right(void **state)
{
	struct services	*sv = open_services("");
	bool		 admitted = ceiling_admit(sv);

	(void)state;
	ceiling_look(sv);
	assert_null(deferred_by(sv, &admitted));
	atomic_store(&sv->ceiling.memory_over, true);
	assert_string_equal(deferred_by(sv, &admitted), "max-memory");
	services_swap(sv, setup_of(""));
	assert_null(deferred_by(sv, &admitted));
	services_free(&sv);
}

/* A sanitizer's malloc keeps freed memory to find errors. */
extern void	__asan_init(void) __attribute__((weak));
extern void	__tsan_init(void) __attribute__((weak));

/*
 * After a burst, malloc keeps the memory for later. Without a trim the daemon
 * would defer mail for ever.
 */
static void
memory_that_malloc_keeps_is_given_back(void **state)
{
	struct services	*sv;
	static char	*block[80 * 1024];
	size_t		 i;
	bool		 admitted;

	(void)state;
	if (__asan_init != NULL || __tsan_init != NULL)
		skip();
	sv = services_with_memory();
	admitted = ceiling_admit(sv);
	for (i = 0; i < sizeof(block) / sizeof(block[0]); i++) {
		block[i] = malloc(1024);
		assert_non_null(block[i]);
		memset(block[i], 1, 1024);
	}
	ceiling_look(sv);
	assert_string_equal(deferred_by(sv, &admitted), "max-memory");
	/* the last one holds the end of the heap */
	for (i = 0; i + 1 < sizeof(block) / sizeof(block[0]); i++)
		free(block[i]);
	now_ms += 10 * 1000;
	ceiling_look(sv);
	assert_null(deferred_by(sv, &admitted));
	free(block[i]);
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_above_the_ceiling_waits_for_a_place),
		cmocka_unit_test(
		    a_reload_moves_the_ceiling_and_ends_no_session),
		cmocka_unit_test(the_limit_of_files_is_a_ceiling_too),
		cmocka_unit_test(many_threads_never_exceed_it),
		cmocka_unit_test(
		    new_messages_wait_while_the_memory_is_too_large),
		cmocka_unit_test(without_a_limit_any_memory_is_right),
		cmocka_unit_test(memory_that_malloc_keeps_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
