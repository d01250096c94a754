/*
 * arena: chunks and their sizes, and what is left unused
 */
#include "test.h"
#include "heap.h"

#include "base/arena.h"

/* Allocations since the last call. */
static size_t
allocated(void)
{
	static size_t	before;
	size_t		n = heap_allocations - before;

	before = heap_allocations;
	return n;
}

static bool
is_aligned(const void *p)
{
	return (uintptr_t)p % _Alignof(max_align_t) == 0;
}

static void
memory_is_zeroed_and_aligned(void **state)
{
	struct arena	*a = arena_new(128);
	unsigned char	*p;
	size_t		 i, size;

	(void)state;
	for (size = 1; size < 3000; size += size / 3 + 1) {
		assert_string_equal(arena_strdup(a, "x"), "x");
		p = arena_alloc(a, size);
		assert_true(is_aligned(p));
		for (i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	arena_free(&a);
	assert_null(a);
}

/* All strings keep their text: no piece of a chunk is handed out twice. */
static void
pieces_do_not_overlap(void **state)
{
	struct arena	*a = arena_new(256);
	char		*text[500];
	size_t		 i, j, len;

	(void)state;
	for (i = 0; i < NELEM(text); i++) {
		len = i * 37 % 211;
		if (i % 3 == 0)
			text[i] = arena_alloc(a, len + 1);
		else
			text[i] = arena_printf(a, "%*s", (int)len, "");
		memset(text[i], (int)('a' + i % 26), len);
	}
	for (i = 0; i < NELEM(text); i++)
		for (j = 0; j < i * 37 % 211; j++)
			assert_int_equal(text[i][j], 'a' + i % 26);
	arena_free(&a);
}

static void
the_next_chunks_have_the_size_asked_for(void **state)
{
	struct arena	*a;
	size_t		 before = heap_used, first;

	(void)state;
	allocated();
	a = arena_new(1024);
	arena_grow_by(a, 256);
	assert_int_equal(allocated(), 1);
	first = heap_used - before;
	assert_in_range(first, 1024, 1024 + 24);
	arena_alloc(a, 900);		/* the first chunk has 1024 all the same */
	assert_int_equal(allocated(), 0);
	arena_alloc(a, 100);
	assert_int_equal(allocated(), 1);
	assert_in_range(heap_used - before - first, 256, 256 + 24);
	arena_alloc(a, 100);
	assert_int_equal(allocated(), 0);
	arena_free(&a);
	assert_int_equal(heap_used, before);
}

/* More than half a chunk: a chunk of its own, and the old one goes on. */
static void
a_large_piece_has_its_own_chunk(void **state)
{
	struct arena	*a = arena_new(1024);
	size_t		 before = heap_used;

	(void)state;
	arena_alloc(a, 400);
	allocated();
	arena_alloc(a, 608);
	assert_in_range(heap_used - before, 608, 608 + 48);
	arena_alloc(a, 5008);
	assert_in_range(heap_used - before, 5616, 5616 + 96);
	assert_int_equal(allocated(), 2);
	arena_alloc(a, 400);		/* still fits into the first chunk */
	assert_int_equal(allocated(), 0);
	arena_free(&a);
}

/* A small piece takes the rest of a chunk that had no room for a larger one. */
static void
the_rest_of_a_chunk_is_used(void **state)
{
	struct arena	*a = arena_new(1024);

	(void)state;
	arena_alloc(a, 640);
	allocated();
	arena_alloc(a, 480);		/* does not fit into the first chunk */
	assert_int_equal(allocated(), 1);
	arena_alloc(a, 480);		/* fills the second */
	arena_alloc(a, 240);		/* fits into the first */
	assert_int_equal(allocated(), 0);
	arena_alloc(a, 240);
	assert_int_equal(allocated(), 1);
	arena_free(&a);
}

static void
a_reset_keeps_the_first_chunk(void **state)
{
	struct arena	*a = arena_new(1024);
	size_t		 before = heap_used;

	(void)state;
	arena_alloc(a, 400);
	arena_alloc(a, 400);
	arena_alloc(a, 400);
	arena_alloc(a, 9000);
	assert_true(heap_used > before + 9000);
	arena_reset(a);
	assert_int_equal(heap_used, before);
	assert_int_equal(arena_used(a), 0);
	allocated();
	arena_alloc(a, 800);
	assert_int_equal(allocated(), 0);
	arena_free(&a);
}

/*
 * Strings as long as header fields. Little is unused: from 2 KB on at most 15
 * percent on average, malloc's own octets included. And a large arena does not
 * need many chunks.
 */
static void
little_is_unused(void **state)
{
	struct arena	*a;
	size_t		 before = heap_used, octets, len, i;
	size_t		 used = 0, reserved = 0;

	(void)state;
	for (octets = 2048; octets <= 8192; octets += 64) {
		a = arena_new(1024);
		arena_grow_by(a, 512);
		for (i = 0; arena_used(a) < octets; i++) {
			len = 10 + i * 131 % 180;
			arena_printf(a, "%*s", (int)len, "");
		}
		used += arena_used(a);
		reserved += heap_used - before;
		arena_free(&a);
	}
	assert_in_range(reserved, used, used * 100 / 85);
	a = arena_new(1024);
	allocated();
	while (arena_used(a) < 1 << 20)
		arena_alloc(a, 100);
	assert_in_range(allocated(), 10, 100);
	assert_in_range(heap_used - before, 1 << 20, (1 << 20) * 5 / 4);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(the_next_chunks_have_the_size_asked_for),
		cmocka_unit_test(a_large_piece_has_its_own_chunk),
		cmocka_unit_test(the_rest_of_a_chunk_is_used),
		cmocka_unit_test(a_reset_keeps_the_first_chunk),
		cmocka_unit_test(little_is_unused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
