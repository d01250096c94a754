/*
 * store: what every backend promises, run on each of them.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "store_backends.h"
#include "store/store_settings.h"

/* --- one message --------------------------------------------------------- */

static void
a_message_from_reservation_to_commit(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits = STORE_LIMITS_HOUR(3, 2);
	struct reservation	*r;
	struct store_usage	 u;

	r = reservation_on(b->store, "alice", limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS(u), 0);
	assert_int_equal(RCPTS_HELD(u), 2);
	assert_int_equal(MSGS_HELD(u), 1);
	assert_int_equal(u.next_fit, 0);
	assert_int_equal(store_commit(&r, T0, &u), STORE_TAKEN);
	assert_null(r);
	assert_int_equal(RCPTS(u), 2);
	assert_int_equal(MSGS(u), 1);
	assert_int_equal(RCPTS_HELD(u), 0);
	assert_int_equal(MSGS_HELD(u), 0);
	assert_int_equal(used(b->store, "alice", T0), 2);
	assert_int_equal(used(b->store, "bob", T0), 0);
}

static void
the_recipient_above_the_limit_is_refused(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits = STORE_LIMITS_HOUR(2, STORE_UNLIMITED);
	struct reservation	*r;
	struct store_usage	 u;

	r = reservation_on(b->store, "alice", limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, T0, &u), STORE_REFUSED);
	assert_int_equal(u.unit, STORE_RECIPIENTS);
	assert_int_equal(RCPTS_HELD(u), 2);
	/* if these two are committed now, they are over in an hour */
	assert_int_equal(u.next_fit, T0 + HOUR);
	assert_int_equal(store_commit(&r, T0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS(u), 2);
	assert_int_equal(u.next_fit, T0 + HOUR);
}

static void
messages_have_a_limit_of_their_own(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits = STORE_LIMITS_HOUR(100, 2);
	struct reservation	*r, *second;
	struct store_usage	 u;

	sent(b->store, "alice", T0, 5);
	r = reservation_on(b->store, "alice", limits);
	second = reservation_on(b->store, "alice", limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(second, T0, &u), STORE_REFUSED);
	assert_int_equal(u.unit, STORE_MESSAGES);
	/* further recipients of the first one cost no message */
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(second, T0, &u), STORE_REFUSED);
	/* the message is given back with its recipients */
	store_give_back(&r);
	assert_int_equal(store_reserve(second, T0, &u), STORE_TAKEN);
	r = reservation_on(b->store, "alice", limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_REFUSED);
	store_give_back(&r);		/* it holds nothing: harmless */
	assert_int_equal(store_commit(&second, T0, &u), STORE_TAKEN);
	assert_int_equal(RCPTS(u), 6);
	assert_int_equal(MSGS(u), 2);
}

static void
refused_and_aborted_mail_costs_nothing(void **state)
{
	struct backend		*b = *state;
	struct reservation	*r;
	struct store_usage	 u;
	struct store_rows	 rows;
	char			 error[STORE_ERROR];

	r = reservation_on(b->store, "alice", no_limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	store_give_back(&r);
	assert_null(r);
	store_give_back(&r);		/* NULL: nothing to do */
	/* a message whose recipients were all refused by others */
	r = reservation_on(b->store, "alice", no_limits);
	assert_int_equal(store_commit(&r, T0, &u), STORE_TAKEN);
	u = usage(b->store, "alice", T0, 1, 1);
	assert_int_equal(RCPTS(u) + MSGS(u), 0);
	assert_int_equal(RCPTS_HELD(u) + MSGS_HELD(u), 0);
	assert_int_equal(store_list(b->store, T0, &rows, error), STORE_TAKEN);
	assert_int_equal(rows.n, 0);
	store_rows_free(&rows);
}

static void
limit_zero_blocks_and_no_time_helps(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits[] = {
	    STORE_LIMITS_HOUR(0, 9), STORE_LIMITS_HOUR(9, 0) };
	struct reservation	*r;
	struct store_usage	 u;
	size_t			 i;

	for (i = 0; i < NELEM(limits); i++) {
		r = reservation_on(b->store, "alice", limits[i]);
		assert_int_equal(store_reserve(r, T0, &u), STORE_REFUSED);
		assert_int_equal(u.unit, i == 1 ? STORE_MESSAGES :
		    STORE_RECIPIENTS);
		assert_int_equal(u.next_fit, 0);
		store_give_back(&r);
	}
}

/* --- several accounts ---------------------------------------------------- */

/* A login with room for 5, a group with room for 3 and 2 messages. */
static struct reservation *
member(struct store *s, const char *login)
{
	struct store_account account[] = {
		{ login, STORE_LIMITS_HOUR(5, STORE_UNLIMITED) },
		{ "group", STORE_LIMITS_HOUR(3, 2) },
	};

	return store_reservation_new(s, account, NELEM(account));
}

static void
a_message_counts_on_all_its_accounts(void **state)
{
	struct backend		*b = *state;
	struct reservation	*r = member(b->store, "alice");
	struct store_usage	 u[2];

	assert_int_equal(store_reserve(r, T0, u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, T0, u), STORE_TAKEN);
	assert_int_equal(RCPTS_HELD(u[0]), 2);
	assert_int_equal(RCPTS_HELD(u[1]), 2);
	assert_int_equal(MSGS_HELD(u[1]), 1);
	assert_int_equal(store_commit(&r, T0, u), STORE_TAKEN);
	assert_int_equal(RCPTS(u[0]), 2);
	assert_int_equal(RCPTS(u[1]), 2);
	assert_int_equal(RCPTS_HELD(u[1]), 0);
	assert_int_equal(used(b->store, "alice", T0), 2);
	assert_int_equal(used(b->store, "group", T0), 2);
}

static void
any_of_the_accounts_may_refuse(void **state)
{
	struct backend		*b = *state;
	struct reservation	*r, *other;
	struct store_usage	 u[2];

	sent(b->store, "bob", T0, 5);
	r = member(b->store, "bob");
	assert_int_equal(store_reserve(r, T0, u), STORE_REFUSED);
	assert_true(u[0].refused);
	assert_false(u[1].refused);
	store_give_back(&r);
	assert_int_equal(used(b->store, "group", T0), 0);

	r = member(b->store, "alice");
	other = member(b->store, "carol");
	assert_int_equal(store_reserve(r, T0, u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, T0, u), STORE_TAKEN);
	assert_int_equal(store_reserve(other, T0, u), STORE_TAKEN);
	assert_int_equal(store_reserve(other, T0, u), STORE_REFUSED);
	assert_false(u[0].refused);
	assert_true(u[1].refused);
	assert_int_equal(u[1].unit, STORE_RECIPIENTS);
	/* one account refused: nothing is reserved on the other */
	assert_int_equal(RCPTS_HELD(u[0]), 1);
	store_give_back(&r);
	assert_int_equal(store_reserve(other, T0, u), STORE_TAKEN);
	assert_int_equal(store_commit(&other, T0, u), STORE_TAKEN);
	assert_int_equal(used(b->store, "group", T0), 2);
	assert_int_equal(used(b->store, "alice", T0), 0);
}

/* --- the hour ------------------------------------------------------------ */

static void
a_minute_counts_for_sixty(void **state)
{
	struct backend	*b = *state;
	static const struct {
		const char	*name;
		time_t		 sent, asked;
		uint32_t	 want;
	} cases[] = {
		{ "at once", 0, 0, 2 },
		{ "an hour but a second later", 0, HOUR - 1, 2 },
		{ "an hour later", 0, HOUR, 0 },
		{ "sent at the end of its minute", 59, HOUR - 1, 2 },
		{ "sent at the end of its minute, gone", 59, HOUR, 0 },
		{ "sent in the next minute", 60, HOUR + 59, 2 },
		{ "the clock steps back by a second", 60, 59, 2 },
		{ "the clock steps back by a day", 0, -24 * HOUR, 2 },
		{ "the clock steps forward by a day", 0, 24 * HOUR, 0 },
	};
	char	key[32];
	size_t	i;

	for (i = 0; i < NELEM(cases); i++) {
		snprintf(key, sizeof(key), "key %zu", i);
		sent(b->store, key, T0 + cases[i].sent, 2);
		if (used(b->store, key, T0 + cases[i].asked) != cases[i].want)
			row_fail(cases[i].name, "not %u", cases[i].want);
	}
}

static void
a_clock_that_jumps_and_returns_frees_nothing(void **state)
{
	struct backend *b = *state;

	sent(b->store, "alice", T0, 3);
	assert_int_equal(used(b->store, "alice", T0 + 30 * HOUR), 0);
	sent(b->store, "alice", T0 + 30 * HOUR, 1);
	assert_int_equal(used(b->store, "alice", T0 + 60), 4);
	/* the clock steps back: both are in the future, both count */
	sent(b->store, "alice", T0 - 10 * HOUR, 5);
	assert_int_equal(used(b->store, "alice", T0 - 10 * HOUR), 9);
}

static void
next_fit_is_when_enough_is_over(void **state)
{
	struct backend	*b = *state;
	struct store_usage u;
	static const struct {
		uint64_t	 recipients, messages;	/* limits */
		time_t		 want;
	} cases[] = {
		/* 5 at :00, 1 at :10, 4 at :20 (one message each) */
		{ 11, 9, 0 },
		{ 10, 9, T0 + HOUR },
		{ 6, 9, T0 + HOUR },
		{ 5, 9, T0 + HOUR + 600 },
		{ 4, 9, T0 + HOUR + 1200 },
		{ 1, 9, T0 + HOUR + 1200 },
		{ 0, 9, 0 },
		{ 11, 3, T0 + HOUR },
		{ 11, 2, T0 + HOUR + 600 },
		{ 10, 1, T0 + HOUR + 1200 },
		{ STORE_UNLIMITED, STORE_UNLIMITED, 0 },
	};
	size_t i;

	sent(b->store, "alice", T0, 5);
	sent(b->store, "alice", T0 + 600, 1);
	sent(b->store, "alice", T0 + 1200, 4);
	for (i = 0; i < NELEM(cases); i++) {
		u = usage(b->store, "alice", T0 + 1230, cases[i].recipients,
		    cases[i].messages);
		assert_int_equal(u.next_fit, cases[i].want);
	}
}

/* next_fit is exact to the second. */
static void
next_fit_is_the_first_second(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 limits = STORE_LIMITS_HOUR(4, STORE_UNLIMITED);
	struct reservation	*r;
	struct store_usage	 u;
	time_t			 when;

	sent(b->store, "alice", T0 + 7, 3);
	sent(b->store, "alice", T0 + 119, 1);
	when = usage(b->store, "alice", T0 + 130, 4, 9).next_fit;
	r = reservation_on(b->store, "alice", limits);
	assert_int_equal(store_reserve(r, when - 1, &u), STORE_REFUSED);
	assert_int_equal(u.next_fit, when);
	assert_int_equal(store_reserve(r, when, &u), STORE_TAKEN);
	store_give_back(&r);
}

/* The clock is set, and the store is told: the hour is an hour of real time. */
static void
a_clock_that_is_set_moves_the_hour(void **state)
{
	static const int64_t	 steps[] = {
		3600, -3600, 7200, -7200, 86400, -86400, 61, -61, 600000000,
		-600000000
	};
	struct backend		*b = *state;
	char			 error[STORE_ERROR];
	time_t			 then, late;
	size_t			 i;

	if (b->shared)		/* a test cannot set the server's clock */
		return;
	for (i = 0; i < NELEM(steps); i++) {
		sent(b->store, "alice", T0, 5);
		sent(b->store, "alice", T0 + 1800, 3);
		assert_int_equal(store_clock_moved(b->store, steps[i], error),
		    STORE_TAKEN);
		reopen(b);
		then = T0 + steps[i];
		late = steps[i] % 60 == 0 ? 0 : 60;
		assert_int_equal(used(b->store, "alice", then + 1800), 8);
		assert_int_equal(used(b->store, "alice", then + 3599), 8);
		assert_int_equal(used(b->store, "alice", then + 3600 + late),
		    3);
		assert_int_equal(used(b->store, "alice", then + 5399), 3);
		assert_int_equal(used(b->store, "alice", then + 5400 + late),
		    0);
		assert_int_equal(store_prune(b->store, then + 9000, error),
		    STORE_TAKEN);
	}
}

/* --- all keys ------------------------------------------------------------ */

static void
list_is_sorted_and_pruned(void **state)
{
	struct backend		*b = *state;
	struct store_rows	 rows;
	char			 error[STORE_ERROR];

	sent(b->store, "old", T0 - HOUR, 50);
	sent(b->store, "carol", T0, 2);
	sent(b->store, "bob", T0, 1);
	sent(b->store, "bob", T0 + 60, 1);
	sent(b->store, "alice", T0, 9);
	assert_int_equal(store_prune(b->store, T0, error), STORE_TAKEN);
	assert_int_equal(store_list(b->store, T0, &rows, error), STORE_TAKEN);
	assert_int_equal(rows.n, 3);
	assert_string_equal(rows.row[0].key, "alice");
	assert_int_equal(rows.row[0].recipients, 9);
	assert_string_equal(rows.row[1].key, "bob");
	assert_int_equal(rows.row[1].recipients, 2);
	assert_int_equal(rows.row[1].messages, 2);
	assert_string_equal(rows.row[2].key, "carol");
	assert_int_equal(rows.row[2].messages, 1);
	store_rows_free(&rows);
	/* pruned counts are gone, even if the clock steps back */
	if (!b->shared)
		assert_int_equal(used(b->store, "old", T0 - HOUR), 0);
	assert_int_equal(used(b->store, "alice", T0 - HOUR), 9);
}

static bool
is_named_group(const char *key)
{
	return strncmp(key, "group ", 6) == 0;
}

/* "KEY RECIPIENTS MESSAGES|..." */
static void
expect_rows(const struct store_rows *rows, const char *want)
{
	char	got[400] = "";
	size_t	i;

	for (i = 0; i < rows->n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got),
		    "%s %llu %llu|", rows->row[i].key,
		    (unsigned long long)rows->row[i].recipients,
		    (unsigned long long)rows->row[i].messages);
	assert_string_equal(got, want);
}

static void
the_busiest_are_kept(void **state)
{
	struct backend	*b = *state;
	struct store_top t = { .most = 3, .is_other = is_named_group };
	char		 key[20], error[STORE_ERROR];
	unsigned	 i;

	sent(b->store, "old", T0 - 2 * HOUR, 50);
	for (i = 1; i <= 40; i++) {		/* 7 and 40 have no order */
		snprintf(key, sizeof(key), "user%02u", i * 7 % 41);
		sent(b->store, key, T0, 1 + i * 7 % 41);
	}
	sent(b->store, "user39", T0 + 60, 2);
	sent(b->store, "group a", T0, 2);
	sent(b->store, "group b", T0, 2);
	assert_int_equal(store_top(b->store, T0 + 60, &t, error),
	    STORE_TAKEN);
	expect_rows(&t.rows, "user39 42 2|user40 41 1|user38 39 1|");
	expect_rows(&t.others, "group a 2 1|group b 2 1|");
	store_top_free(&t);
	t.is_other = NULL;
	t.most = 1;
	assert_int_equal(store_top(b->store, T0 + 60, &t, error),
	    STORE_TAKEN);
	expect_rows(&t.rows, "user39 42 2|");
	assert_int_equal(t.others.n, 0);
	store_top_free(&t);
}

static void
keys_are_octets(void **state)
{
	struct backend		*b = *state;
	static const char *const keys[] = {
		"alice", "Alice", "alice ", "", "al'ice\"; DROP TABLE bucket",
		"\xff\xfe\x80", "\xc3\xa9@example.org", "../../etc/passwd",
		"a\nb", "%s%n",
	};
	char			 longer[4001];
	struct store_rows	 rows;
	char			 error[STORE_ERROR];
	size_t			 i;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	sent(b->store, longer, T0, 100);
	for (i = 0; i < NELEM(keys); i++)
		sent(b->store, keys[i], T0, (unsigned)i + 1);
	reopen(b);
	for (i = 0; i < NELEM(keys); i++)
		assert_int_equal(used(b->store, keys[i], T0), i + 1);
	assert_int_equal(store_list(b->store, T0, &rows, error), STORE_TAKEN);
	assert_int_equal(rows.n, NELEM(keys) + 1);
	assert_string_equal(rows.row[0].key, longer);
	store_rows_free(&rows);
}

static void
committed_counts_survive_a_restart(void **state)
{
	struct backend		*b = *state;
	struct reservation	*r;
	struct store_usage	 u;

	if (!b->durable)
		return;
	sent(b->store, "alice", T0, 3);
	sent(b->store, "alice", T0 + 60, 4);
	r = reservation_on(b->store, "alice", no_limits);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	store_give_back(&r);
	store_close(&b->store);
	b->store = b->open(b);
	u = usage(b->store, "alice", T0 + 60, 7, 9);
	assert_int_equal(RCPTS(u), 7);
	assert_int_equal(MSGS(u), 2);
	assert_int_equal(RCPTS_HELD(u), 0);
	assert_int_equal(u.next_fit, T0 + HOUR);
	sent(b->store, "alice", T0 + 60, 1);
	assert_int_equal(used(b->store, "alice", T0 + HOUR), 5);
}

/* --- settings ------------------------------------------------------------ */

static const struct store_setting blocked = {
	.blocked_until = STORE_FOREVER, .block = STORE_BLOCK_REJECT,
	.reason = "spam; see ticket 7", .changed = T0
};
static const struct store_setting raised = {
	.until[STORE_RECIPIENTS][STORE_HOUR] = STORE_FOREVER,
	.until[STORE_MESSAGES][STORE_HOUR] = STORE_FOREVER,
	.limits.of[STORE_RECIPIENTS][STORE_HOUR] = 7,
	.limits.of[STORE_MESSAGES][STORE_HOUR] = STORE_UNLIMITED,
	.changed = T0 + 5
};
static const struct store_setting nothing;

static void
put(struct backend *b, const char *key, unsigned parts,
    const struct store_setting *setting)
{
	char error[STORE_ERROR];

	if (store_setting_put(b->store, key, parts, setting, error) !=
	    STORE_TAKEN)
		fail_msg("%s", error);
}

static struct store_setting
setting_of(struct backend *b, const char *key, time_t now)
{
	struct store_setting	t;
	char			error[STORE_ERROR];

	assert_int_equal(store_setting_get(b->store, key, now, &t, error),
	    STORE_TAKEN);
	return t;
}

static void
a_setting_is_kept_and_removed(void **state)
{
	struct backend		*b = *state;
	struct store_setting	 t = setting_of(b, "alice", T0);

	assert_memory_equal(&t, &nothing, sizeof(t));
	put(b, "alice", STORE_PART_ALL, &raised);
	put(b, "listener local", STORE_PART_RECIPIENTS, &raised);
	reopen(b);
	t = setting_of(b, "alice", T0);
	assert_true(RCPTS_SET(t));
	assert_true(MSGS_SET(t));
	assert_int_equal(RCPTS_MAX(t.limits), 7);
	assert_int_equal(MSGS_MAX(t.limits), STORE_UNLIMITED);
	assert_int_equal(t.blocked_until, 0);
	assert_int_equal(t.changed, T0 + 5);
	t = setting_of(b, "listener local", T0);
	assert_true(RCPTS_SET(t));
	assert_false(MSGS_SET(t));
	put(b, "alice", STORE_PART_ALL, &nothing);
	put(b, "nobody", STORE_PART_ALL, &nothing);
	reopen(b);
	t = setting_of(b, "alice", T0);
	assert_memory_equal(&t, &nothing, sizeof(t));
}

/* The settings of a message's accounts, in their order. */
static void
settings_of_several_keys(void **state)
{
	static const char *const key[STORE_ACCOUNTS] = {
		"alice", "nobody", "group acme", "alice"
	};
	struct backend		*b = *state;
	struct store_setting	 t[STORE_ACCOUNTS];
	struct store_setting	 ending = { .blocked_until = T0 + 1 };
	char			 error[STORE_ERROR];

	put(b, "alice", STORE_PART_ALL, &raised);
	put(b, "group acme", STORE_PART_ALL, &ending);
	assert_int_equal(store_settings_get(b->store, key, NELEM(key), T0, t,
	    error), STORE_TAKEN);
	assert_int_equal(RCPTS_MAX(t[0].limits), 7);
	assert_memory_equal(&t[1], &nothing, sizeof(t[1]));
	assert_int_equal(t[2].blocked_until, T0 + 1);
	assert_memory_equal(&t[3], &t[0], sizeof(t[0]));
	assert_int_equal(store_settings_get(b->store, key, NELEM(key), T0 + 1,
	    t, error), STORE_TAKEN);
	assert_memory_equal(&t[2], &nothing, sizeof(t[2]));
}

/* A limit set by the operator and a block set by the fuse are independent. */
static void
parts_of_a_setting_are_set_apart(void **state)
{
	struct backend		*b = *state;
	struct store_setting	 t;

	put(b, "alice", STORE_PART_RECIPIENTS | STORE_PART_MESSAGES, &raised);
	put(b, "alice", STORE_PART_BLOCK, &blocked);
	t = setting_of(b, "alice", T0);
	assert_int_equal(RCPTS_MAX(t.limits), 7);
	assert_true(MSGS_SET(t));
	assert_true(t.blocked_until == STORE_FOREVER);
	assert_int_equal(t.block, STORE_BLOCK_REJECT);
	assert_string_equal(t.reason, blocked.reason);
	assert_int_equal(t.changed, T0);
	put(b, "alice", STORE_PART_MESSAGES, &nothing);
	put(b, "alice", STORE_PART_BLOCK, &nothing);
	reopen(b);
	t = setting_of(b, "alice", T0);
	assert_true(RCPTS_SET(t));
	assert_false(MSGS_SET(t));
	assert_int_equal(t.blocked_until, 0);
	assert_string_equal(t.reason, "");
}

static void
a_block_ends_by_itself(void **state)
{
	struct backend		*b = *state;
	struct store_setting	 t = blocked;
	struct store_setting_rows rows;
	char			 error[STORE_ERROR];

	t.blocked_until = T0 + 100;
	t.block = STORE_BLOCK_HOLD;
	put(b, "alice", STORE_PART_BLOCK, &t);
	reopen(b);
	t = setting_of(b, "alice", T0 + 99);
	assert_int_equal(t.blocked_until, T0 + 100);
	assert_int_equal(t.block, STORE_BLOCK_HOLD);
	t = setting_of(b, "alice", T0 + 100);
	assert_memory_equal(&t, &nothing, sizeof(t));
	assert_int_equal(store_settings_list(b->store, T0 + 99, &rows, error),
	    STORE_TAKEN);
	assert_int_equal(rows.n, 1);
	store_setting_rows_free(&rows);
	assert_int_equal(store_settings_list(b->store, T0 + 100, &rows,
	    error), STORE_TAKEN);
	assert_int_equal(rows.n, 0);
	store_setting_rows_free(&rows);
}

static void
settings_are_listed_by_key(void **state)
{
	static const char *const keys[] = {
		"a", "a b", "carol@example.org", "group x", "z"
	};
	struct backend		*b = *state;
	struct store_setting_rows rows;
	struct store_setting	 t = raised;
	char			 error[STORE_ERROR];
	size_t			 i;

	for (i = NELEM(keys); i-- > 0;) {
		RCPTS_MAX(t.limits) = (uint32_t)i;
		put(b, keys[i], STORE_PART_ALL, &t);
	}
	reopen(b);
	assert_int_equal(store_settings_list(b->store, T0, &rows, error),
	    STORE_TAKEN);
	assert_int_equal(rows.n, NELEM(keys));
	for (i = 0; i < rows.n; i++) {
		assert_string_equal(rows.row[i].key, keys[i]);
		assert_int_equal(RCPTS_MAX(rows.row[i].setting.limits), i);
	}
	store_setting_rows_free(&rows);
}

static void
a_setting_is_checked(void **state)
{
	static const char *const	 reasons[] = {
		"a\nb", "\x7f", "\xc3\xa9", "\t"
	};
	struct backend			*b = *state;
	struct store_setting		 t = blocked;
	char				 error[STORE_ERROR];
	size_t				 i;

	for (i = 0; i < NELEM(reasons); i++) {
		snprintf(t.reason, sizeof(t.reason), "%s", reasons[i]);
		if (store_setting_put(b->store, "alice", STORE_PART_BLOCK, &t,
		    error) != STORE_REFUSED)
			row_fail(reasons[i], "taken");
		assert_non_null(strstr(error, "printable"));
	}
	memset(t.reason, 'x', sizeof(t.reason));
	assert_int_equal(store_setting_put(b->store, "alice",
	    STORE_PART_BLOCK, &t, error), STORE_REFUSED);
	assert_int_equal(store_setting_put(b->store, "", STORE_PART_ALL,
	    &blocked, error), STORE_REFUSED);
	t = setting_of(b, "alice", T0);
	assert_memory_equal(&t, &nothing, sizeof(t));
}

/* Operators and the fuse change one key while messages read it. */
#define CHANGES	40

struct changer {
	struct store	*store;
	enum store_part	 part;
	bool		 wrong;
};

static void *
change_on(void *arg)
{
	struct changer		*c = arg;
	struct store_setting	 t = raised, seen;
	char			 error[STORE_ERROR];
	unsigned		 i;

	t.blocked_until = STORE_FOREVER;
	for (i = 0; i < CHANGES; i++) {
		RCPTS_MAX(t.limits) = MSGS_MAX(t.limits) = i;
		if (store_setting_put(c->store, "alice", c->part, &t,
		    error) != STORE_TAKEN || store_setting_get(c->store,
		    "alice", T0, &seen, error) != STORE_TAKEN)
			c->wrong = true;
		if (c->part == STORE_PART_RECIPIENTS &&
		    RCPTS_MAX(seen.limits) != i)
			c->wrong = true;
		if (c->part == STORE_PART_MESSAGES &&
		    MSGS_MAX(seen.limits) != i)
			c->wrong = true;
	}
	return NULL;
}

static void
parallel_changes_do_not_undo_each_other(void **state)
{
	struct backend		*b = *state;
	struct changer		 c[] = {
		{ b->store, STORE_PART_RECIPIENTS, false },
		{ b->store, STORE_PART_MESSAGES, false },
		{ b->store, STORE_PART_BLOCK, false },
	};
	struct store_setting	 t;
	pthread_t		 thread[NELEM(c)];
	size_t			 i;

	for (i = 0; i < NELEM(c); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, change_on,
		    &c[i]), 0);
	for (i = 0; i < NELEM(c); i++) {
		pthread_join(thread[i], NULL);
		assert_false(c[i].wrong);
	}
	reopen(b);
	t = setting_of(b, "alice", T0);
	assert_int_equal(RCPTS_MAX(t.limits), CHANGES - 1);
	assert_int_equal(MSGS_MAX(t.limits), CHANGES - 1);
	assert_true(t.blocked_until == STORE_FOREVER);
}

static void
a_reset_forgets_the_hour(void **state)
{
	struct backend		*b = *state;
	struct reservation	*r;
	struct store_usage	 u;
	char			 error[STORE_ERROR];

	sent(b->store, "alice", T0, 3);
	sent(b->store, "alice", T0 + 600, 4);
	sent(b->store, "bob", T0, 5);
	put(b, "alice", STORE_PART_ALL, &raised);
	r = reservation_on(b->store, "alice", no_limits);
	assert_int_equal(store_reserve(r, T0 + 600, &u), STORE_TAKEN);
	assert_int_equal(store_reset(b->store, "alice", T0 + 600, error),
	    STORE_TAKEN);
	assert_int_equal(store_reset(b->store, "nobody", T0, error),
	    STORE_TAKEN);
	u = usage(b->store, "alice", T0 + 600, 9, 9);
	assert_int_equal(RCPTS(u) + MSGS(u), 0);
	assert_int_equal(RCPTS_HELD(u), 1);
	assert_int_equal(store_commit(&r, T0 + 600, &u), STORE_TAKEN);
	reopen(b);
	assert_int_equal(used(b->store, "alice", T0 + 600), 1);
	assert_int_equal(used(b->store, "bob", T0 + 600), 5);
	assert_true(RCPTS_SET(setting_of(b, "alice", T0)));
}

/* --- many at once -------------------------------------------------------- */

#define CROWD		100
#define CROWD_LIMIT	50
#define CROWD_ROUNDS	100

struct crowd {
	struct store		*store;
	char			 key[32];
	pthread_barrier_t	 start;
};

/* Each tries to send one message to one recipient. */
static void *
one_of_the_crowd(void *arg)
{
	struct crowd		*c = arg;
	struct store_limits	 limits =
	    STORE_LIMITS_HOUR(CROWD_LIMIT, STORE_UNLIMITED);
	struct reservation	*r;
	struct store_usage	 u;
	enum store_answer	 answer;

	r = reservation_on(c->store, c->key, limits);
	pthread_barrier_wait(&c->start);
	answer = store_reserve(r, T0, &u);
	if (answer != STORE_TAKEN)
		store_give_back(&r);
	else
		answer = store_commit(&r, T0, &u);
	return answer == STORE_TAKEN ? arg : NULL;
}

static void
exactly_the_limit_gets_through(void **state)
{
	struct backend	*b = *state;
	struct crowd	 c = { .store = b->store };
	pthread_t	 thread[CROWD];
	unsigned	 round, i, taken;
	void		*answer;

	for (round = 0; round < CROWD_ROUNDS; round++) {
		snprintf(c.key, sizeof(c.key), "round %u", round);
		pthread_barrier_init(&c.start, NULL, CROWD);
		for (i = 0; i < CROWD; i++)
			assert_int_equal(pthread_create(&thread[i], NULL,
			    one_of_the_crowd, &c), 0);
		for (i = taken = 0; i < CROWD; i++) {
			pthread_join(thread[i], &answer);
			taken += answer != NULL;
		}
		pthread_barrier_destroy(&c.start);
		assert_int_equal(taken, CROWD_LIMIT);
		assert_int_equal(used(b->store, c.key, T0), CROWD_LIMIT);
	}
}

/* Of four members of a group, each may send 20, the group 50. */
static void *
one_of_the_group(void *arg)
{
	static atomic_uint	 number;
	struct crowd		*c = arg;
	struct store_account	 account[] = {
		{ NULL, STORE_LIMITS_HOUR(20, STORE_UNLIMITED) },
		{ c->key, STORE_LIMITS_HOUR(CROWD_LIMIT,
		    STORE_UNLIMITED) },
	};
	struct reservation	*r;
	struct store_usage	 u[2];
	enum store_answer	 answer;
	char			 key[48];

	snprintf(key, sizeof(key), "%s, %u", c->key,
	    atomic_fetch_add(&number, 1) % 4);
	account[0].key = key;
	r = store_reservation_new(c->store, account, 2);
	pthread_barrier_wait(&c->start);
	answer = store_reserve(r, T0, u);
	if (answer != STORE_TAKEN)
		store_give_back(&r);
	else
		answer = store_commit(&r, T0, u);
	return answer == STORE_TAKEN ? arg : NULL;
}

static void
exactly_the_limit_of_a_group_gets_through(void **state)
{
	struct backend	*b = *state;
	struct crowd	 c = { .store = b->store, .key = "group" };
	pthread_t	 thread[CROWD];
	unsigned	 i, taken;
	void		*answer;

	pthread_barrier_init(&c.start, NULL, CROWD);
	for (i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
		    one_of_the_group, &c), 0);
	for (i = taken = 0; i < CROWD; i++) {
		pthread_join(thread[i], &answer);
		taken += answer != NULL;
	}
	pthread_barrier_destroy(&c.start);
	assert_int_equal(taken, CROWD_LIMIT);
	assert_int_equal(used(b->store, c.key, T0), CROWD_LIMIT);
}

/* Several keys and recipients; some are given back; pruning beside it. */
#define MIX_THREADS	8
#define MIX_KEYS	5
#define MIX_LIMIT	200

struct mixer {
	struct store	*store;
	unsigned	 seed;
	uint32_t	 committed[MIX_KEYS];
	bool		 over;		/* the limit was exceeded */
};

static void
mix_one(struct mixer *m)
{
	struct store_limits	 limits =
	    STORE_LIMITS_HOUR(MIX_LIMIT, STORE_UNLIMITED);
	unsigned		 k = (unsigned)rand_r(&m->seed) % MIX_KEYS;
	unsigned		 n = (unsigned)rand_r(&m->seed) % 5, took = 0;
	struct reservation	*r;
	struct store_usage	 u;
	char			 key[16], error[STORE_ERROR];

	snprintf(key, sizeof(key), "key %u", k);
	r = reservation_on(m->store, key, limits);
	while (n-- > 0 && store_reserve(r, T0, &u) == STORE_TAKEN) {
		took++;
		if (RCPTS(u) + RCPTS_HELD(u) > MIX_LIMIT)
			m->over = true;
	}
	switch (rand_r(&m->seed) % 8) {
	case 0:
		store_give_back(&r);
		return;
	case 1:
		store_prune(m->store, T0, error);
		break;
	case 2:
		/* there and back: other threads see both */
		store_clock_moved(m->store, 600, error);
		store_clock_moved(m->store, -600, error);
		break;
	default:
		break;
	}
	if (store_commit(&r, T0, &u) == STORE_TAKEN)
		m->committed[k] += took;
}

static void *
mix(void *arg)
{
	unsigned i;

	for (i = 0; i < 300; i++)
		mix_one(arg);
	return NULL;
}

static void
parallel_work_adds_up(void **state)
{
	struct backend	*b = *state;
	struct mixer	 m[MIX_THREADS];
	pthread_t	 thread[MIX_THREADS];
	uint32_t	 sum;
	char		 key[16];
	unsigned	 i, k;

	for (i = 0; i < MIX_THREADS; i++) {
		m[i] = (struct mixer){ .store = b->store, .seed = i + 1 };
		assert_int_equal(pthread_create(&thread[i], NULL, mix, &m[i]),
		    0);
	}
	for (i = 0; i < MIX_THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_false(m[i].over);
	}
	reopen(b);
	for (k = 0; k < MIX_KEYS; k++) {
		for (i = sum = 0; i < MIX_THREADS; i++)
			sum += m[i].committed[k];
		snprintf(key, sizeof(key), "key %u", k);
		assert_int_equal(used(b->store, key, T0), sum);
		assert_in_range(sum, 1, MIX_LIMIT);
	}
}

int
main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_from_reservation_to_commit),
		cmocka_unit_test(the_recipient_above_the_limit_is_refused),
		cmocka_unit_test(messages_have_a_limit_of_their_own),
		cmocka_unit_test(refused_and_aborted_mail_costs_nothing),
		cmocka_unit_test(limit_zero_blocks_and_no_time_helps),
		cmocka_unit_test(a_message_counts_on_all_its_accounts),
		cmocka_unit_test(any_of_the_accounts_may_refuse),
		cmocka_unit_test(a_minute_counts_for_sixty),
		cmocka_unit_test(a_clock_that_jumps_and_returns_frees_nothing),
		cmocka_unit_test(next_fit_is_when_enough_is_over),
		cmocka_unit_test(next_fit_is_the_first_second),
		cmocka_unit_test(a_clock_that_is_set_moves_the_hour),
		cmocka_unit_test(list_is_sorted_and_pruned),
		cmocka_unit_test(the_busiest_are_kept),
		cmocka_unit_test(keys_are_octets),
		cmocka_unit_test(committed_counts_survive_a_restart),
		cmocka_unit_test(a_setting_is_kept_and_removed),
		cmocka_unit_test(settings_of_several_keys),
		cmocka_unit_test(parts_of_a_setting_are_set_apart),
		cmocka_unit_test(a_block_ends_by_itself),
		cmocka_unit_test(settings_are_listed_by_key),
		cmocka_unit_test(a_setting_is_checked),
		cmocka_unit_test(parallel_changes_do_not_undo_each_other),
		cmocka_unit_test(a_reset_forgets_the_hour),
		cmocka_unit_test(exactly_the_limit_gets_through),
		cmocka_unit_test(exactly_the_limit_of_a_group_gets_through),
		cmocka_unit_test(parallel_work_adds_up),
	};

	return run_on_all(tests, NELEM(tests));
}
