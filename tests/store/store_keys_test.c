/*
 * store_keys: signing keys that were seen published are known after a restart,
 * on every backend that keeps anything, and to the tool beside a daemon.
 */
#include "test.h"

#include "store_backends.h"
#include "store/store_keys.h"

static const char *const names[] = {
	"example.org/s1 sha256:11", "example.org/s2 sha256:22",
	"example.net/s1 sha256:33"
};

static void
note(struct store *s, const char *name, time_t now)
{
	struct store_key key = { .name = name };
	char		 error[STORE_ERROR];

	if (store_keys_note(s, &key, 1, now, error) != STORE_TAKEN)
		fail_msg("%s", error);
}

/* When it was seen; 0: not. */
static time_t
seen(struct store *s, const char *name)
{
	struct store_key key = { .name = name, .seen = 1 };
	char		 error[STORE_ERROR];

	if (store_keys_find(s, &key, 1, error) != STORE_TAKEN)
		fail_msg("%s", error);
	assert_string_equal(error, "");
	return key.seen;
}

static void
a_key_is_known_after_a_restart(void **state)
{
	struct backend	*b = *state;
	time_t		 first = b->durable ? T0 : 0;

	assert_int_equal(seen(b->store, names[0]), 0);
	note(b->store, names[0], T0);
	assert_int_equal(seen(b->store, names[0]), first);
	/* the first time stays */
	note(b->store, names[0], T0 + HOUR);
	store_close(&b->store);
	b->store = b->open(b);
	assert_int_equal(seen(b->store, names[0]), first);
	/* a new file with the same selector is another key */
	assert_int_equal(seen(b->store, "example.org/s1 sha256:12"), 0);
	assert_int_equal(seen(b->store, names[1]), 0);
}

static void
several_keys_at_once(void **state)
{
	struct backend	*b = *state;
	struct store_key key[NELEM(names)];
	char		 error[STORE_ERROR];
	size_t		 i;

	if (!b->durable)
		return;
	for (i = 0; i < NELEM(names); i++)
		key[i] = (struct store_key){ names[i], 7 };
	assert_int_equal(store_keys_note(b->store, key, 2, T0, error),
	    STORE_TAKEN);
	assert_int_equal(store_keys_note(b->store, key, 0, T0, error),
	    STORE_TAKEN);
	assert_int_equal(store_keys_find(b->store, key, NELEM(names), error),
	    STORE_TAKEN);
	assert_int_equal(key[0].seen, T0);
	assert_int_equal(key[1].seen, T0);
	assert_int_equal(key[2].seen, 0);
}

/* The oldest go; a rotation each month does not fill the disk. */
static void
only_the_newest_are_kept(void **state)
{
	struct backend	*b = *state;
	struct store_key *key;
	char		(*text)[32], error[STORE_ERROR];
	size_t		 i;

	if (!b->durable)
		return;
	for (i = 0; i < NELEM(names); i++)
		note(b->store, names[i], T0 + (time_t)i);
	key = calloc(STORE_KEYS, sizeof(*key));
	text = calloc(STORE_KEYS, sizeof(*text));
	assert_non_null(key);
	assert_non_null(text);
	for (i = 0; i < STORE_KEYS; i++) {
		snprintf(text[i], sizeof(text[i]), "%zu.example/s", i);
		key[i].name = text[i];
	}
	if (store_keys_note(b->store, key, STORE_KEYS - 1, T0 + HOUR,
	    error) != STORE_TAKEN)
		fail_msg("%s", error);
	assert_int_equal(seen(b->store, names[0]), 0);
	assert_int_equal(seen(b->store, names[1]), 0);
	assert_int_equal(seen(b->store, names[2]), T0 + 2);
	assert_int_equal(store_keys_find(b->store, key, STORE_KEYS, error),
	    STORE_TAKEN);
	for (i = 0; i < STORE_KEYS - 1; i++)
		assert_int_equal(key[i].seen, T0 + HOUR);
	assert_int_equal(key[i].seen, 0);
	free(key);
	free(text);
}

static void
expect_of_the_tool(struct backend *b)
{
	struct store_place	 place = { .spec = b->shared ? redis.url :
				    b->path };
	struct store		*tool;
	char			*why = NULL;

	tool = store_open_at(&place, STORE_READ, &why);
	if (tool == NULL)
		fail_msg("%s", why);
	assert_int_equal(seen(tool, names[0]), T0);
	if (!b->shared)		/* on a server any client may write */
		note(tool, names[1], T0);
	assert_int_equal(seen(tool, names[1]), 0);
	store_close(&tool);
}

/* Beside a running daemon and without one; a tool writes nothing. */
static void
the_tool_reads_what_the_daemon_wrote(void **state)
{
	struct backend *b = *state;

	if (!b->durable)
		return;
	note(b->store, names[0], T0);
	expect_of_the_tool(b);
	store_close(&b->store);
	expect_of_the_tool(b);
}

int
main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_known_after_a_restart),
		cmocka_unit_test(several_keys_at_once),
		cmocka_unit_test(only_the_newest_are_kept),
		cmocka_unit_test(the_tool_reads_what_the_daemon_wrote),
	};

	return run_on_all(tests, NELEM(tests));
}
