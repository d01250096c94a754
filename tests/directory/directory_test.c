/*
 * directory: threads, deadlines, hosts, failures, and the cache, with a driver
 * that does what the question says. The first word of its statement:
 *
 *	row V		one row with the value V
 *	none		no row
 *	wait V		the same as row, when the gate is open
 *	wrong		refused, as a query with a mistake is
 *	break		the link breaks
 *	huge, nul, columns	more than an answer may have
 *
 * A host whose name is in `down` refuses connections.
 */
#include "test.h"

#include <pthread.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "directory/directory.h"
#include "directory/directory_priv.h"

#define LONG	60000u		/* a time-out that a slow machine never meets */

static struct fake {
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	bool		 shut;		/* the gate */
	unsigned	 inside;	/* threads at the gate */
	unsigned	 opens, asks, closes, links;
	unsigned	 break_next;	/* so many questions break the link */
	char		 down[64];
	char		 opened[128];	/* the hosts in turn */
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER };

static struct arena	*arena;
static uint64_t		 now;

/* --- the driver ---------------------------------------------------------- */

static void *
fake_open(const struct directory_place *p, const struct directory_host *h,
    char why[DIRECTORY_ERROR])
{
	bool down;

	(void)p;
	pthread_mutex_lock(&fake.lock);
	fake.opens++;
	if (strlen(fake.opened) + strlen(h->name) < sizeof(fake.opened))
		strcat(fake.opened, h->name);
	down = strstr(fake.down, h->name) != NULL;
	if (!down)
		fake.links++;
	pthread_mutex_unlock(&fake.lock);
	snprintf(why, DIRECTORY_ERROR, "refused by %s", h->name);
	return down ? NULL : xstrdup(h->name);
}

static void
fake_close(void *link)
{
	pthread_mutex_lock(&fake.lock);
	fake.closes++;
	fake.links--;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
	free(link);
}

static void
fake_gate(void)
{
	pthread_mutex_lock(&fake.lock);
	fake.inside++;
	pthread_cond_broadcast(&fake.changed);
	while (fake.shut)
		pthread_cond_wait(&fake.changed, &fake.lock);
	fake.inside--;
	pthread_mutex_unlock(&fake.lock);
}

static bool
fake_huge(struct directory_answer *a)
{
	unsigned i;

	for (i = 0; i < 1000000; i++)
		if (!directory_answer_row(a) ||
		    !directory_answer_cell(a, "v", "x", 1))
			return false;
	return true;
}

static bool
fake_columns(struct directory_answer *a)
{
	char		name[16];
	unsigned	i;

	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		if (!directory_answer_column(a, name))
			return false;
	}
	return true;
}

static bool
fake_row(struct directory_answer *a, const char *value)
{
	return directory_answer_column(a, "v") && directory_answer_row(a) &&
	    directory_answer_cell(a, "v", value, strlen(value));
}

static bool
fake_breaks(void)
{
	bool breaks;

	pthread_mutex_lock(&fake.lock);
	fake.asks++;
	breaks = fake.break_next > 0;
	if (breaks)
		fake.break_next--;
	pthread_mutex_unlock(&fake.lock);
	return breaks;
}

static enum directory_ask
fake_ask(void *link, const struct directory_question *q,
    struct directory_answer *a, char why[DIRECTORY_ERROR])
{
	const char	*s = q->statement;
	bool		 good = true;

	(void)link;
	snprintf(why, DIRECTORY_ERROR, "it broke");
	if (fake_breaks() || strcmp(s, "break") == 0) {
		fake_row(a, "half of an answer");
		return DIRECTORY_ASK_BROKEN;
	}
	if (strncmp(s, "wait", 4) == 0)
		fake_gate();
	if (strncmp(s, "row ", 4) == 0)
		good = fake_row(a, s + 4);
	else if (strncmp(s, "wait ", 5) == 0)
		good = fake_row(a, q->word[0]);
	else if (strcmp(s, "huge") == 0)
		return fake_huge(a) ? DIRECTORY_ASK_DONE :
		    DIRECTORY_ASK_BROKEN;
	else if (strcmp(s, "nul") == 0)
		good = directory_answer_row(a) &&
		    directory_answer_cell(a, "v", "a\0b", 3);
	else if (strcmp(s, "columns") == 0)
		good = fake_columns(a);
	else if (strcmp(s, "wrong") == 0) {
		snprintf(why, DIRECTORY_ERROR, "there is no such table");
		return DIRECTORY_ASK_REFUSED;
	}
	return good ? DIRECTORY_ASK_DONE : DIRECTORY_ASK_REFUSED;
}

static const struct directory_driver fake_driver = {
	fake_open, fake_ask, fake_close
};

/* --- steps --------------------------------------------------------------- */

static const struct directory_host three[] = {
	{ "a", "" }, { "b", "77" }, { "c", "" }
};

static struct directory *
begin(size_t hosts, unsigned timeout)
{
	struct directory_place p = {
		.kind = DIRECTORY_PGSQL, .shown = "pgsql://abc/d",
		.host = three, .nhosts = hosts, .user = "", .database = "d",
		.timeout = timeout, .cache = 60000, .stale = 3600000
	};

	pthread_mutex_lock(&fake.lock);
	fake.shut = false;
	fake.opens = fake.asks = fake.closes = fake.break_next = 0;
	fake.down[0] = fake.opened[0] = '\0';
	pthread_mutex_unlock(&fake.lock);
	return directory_new_driver(&p, &fake_driver);
}

static void
set_down(const char *hosts)
{
	pthread_mutex_lock(&fake.lock);
	snprintf(fake.down, sizeof(fake.down), "%s", hosts);
	pthread_mutex_unlock(&fake.lock);
}

static void
set_break(unsigned n)
{
	pthread_mutex_lock(&fake.lock);
	fake.break_next = n;
	pthread_mutex_unlock(&fake.lock);
}

static void
set_gate(bool shut)
{
	pthread_mutex_lock(&fake.lock);
	fake.shut = shut;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

/* Until so many threads are at the gate. */
static void
wait_inside(unsigned n)
{
	pthread_mutex_lock(&fake.lock);
	while (fake.inside != n)
		pthread_cond_wait(&fake.changed, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
}

static unsigned
count_of(const unsigned *counter)
{
	unsigned n;

	pthread_mutex_lock(&fake.lock);
	n = *counter;
	pthread_mutex_unlock(&fake.lock);
	return n;
}

static struct directory_reply
ask_in(struct directory *d, const char *key, const char *statement,
    struct arena *a)
{
	const char *word = "word";
	struct directory_question q = {
		.statement = statement, .word = &word, .nwords = 1
	};

	return directory_find(d, key, &q, now, a);
}

static struct directory_reply
ask(struct directory *d, const char *key, const char *statement)
{
	return ask_in(d, key, statement, arena);
}

static void
expect_row(struct directory_reply r, const char *value)
{
	if (r.result != DIRECTORY_FOUND || r.nrows != 1 || r.ncells != 1 ||
	    strcmp(r.cell[0].value, value) != 0 ||
	    strcmp(r.cell[0].column, "v") != 0 || r.why != NULL)
		fail_msg("%d, %u rows, %zu cells, %s", r.result, r.nrows,
		    r.ncells, r.why != NULL ? r.why : "");
}

static void
expect_unknown(struct directory_reply r, const char *part)
{
	if (r.result != DIRECTORY_UNKNOWN || r.server == NULL ||
	    r.why == NULL || strstr(r.why, part) == NULL || r.ncells != 0)
		fail_msg("%d %s", r.result, r.why != NULL ? r.why : "");
}

/* --- the cache ----------------------------------------------------------- */

static void
answers_are_kept(void **state)
{
	struct directory	*d = begin(1, LONG);
	struct directory_reply	 r;
	struct directory_counts	 c;

	(void)state;
	r = ask(d, "k", "row 1");
	expect_row(r, "1");
	assert_false(r.cached);
	assert_string_equal(r.server, "a:5432");
	assert_int_equal(ask(d, "n", "none").result, DIRECTORY_NONE);
	now += 59999;
	r = ask(d, "k", "row 2");
	expect_row(r, "1");
	assert_true(r.cached && !r.stale);
	assert_string_equal(r.server, "a:5432");
	assert_int_equal(ask(d, "n", "row 2").result, DIRECTORY_NONE);
	expect_row(ask(d, NULL, "row 3"), "3");
	directory_count(d, &c);
	assert_int_equal(c.asked, 3);
	assert_int_equal(c.cached, 2);
	assert_int_equal(c.kept, 2);
	now += 1;
	expect_row(ask(d, "k", "row 4"), "4");
	directory_forget(d, "k");
	expect_row(ask(d, "k", "row 5"), "5");
	directory_forget(d, NULL);
	expect_row(ask(d, "k", "row 6"), "6");
	directory_count(d, &c);
	assert_int_equal(c.kept, 1);
	assert_int_equal(c.failed + c.stale, 0);
	directory_free(&d);
}

static void
the_oldest_are_removed(void **state)
{
	struct directory_cache	*c = directory_cache_new(1000, 5000, 100000);
	struct directory_pack	*p = directory_pack_error("why", "server");
	struct directory_pack	*got;
	char			 key[16];
	unsigned		 i, first = 0;
	bool			 stale;

	(void)state;
	for (i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		directory_cache_add(c, key, 1, p);
	}
	for (i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		got = directory_cache_find(c, key, 1, &stale);
		if (got != NULL && first == 0)
			first = i;
		/* all that are younger are there, too */
		assert_int_equal(got != NULL, first != 0);
		directory_pack_free(&got);
	}
	assert_int_equal(directory_cache_count(c), 10000 - first);
	assert_true(first > 9000 && first < 9950);
	/* what nobody may use any more goes with the next answer */
	directory_cache_add(c, "new", 6001, p);
	assert_int_equal(directory_cache_count(c), 1);
	directory_pack_free(&p);
	directory_cache_free(&c);
}

static void
nothing_is_kept(void **state)
{
	struct directory_cache	*c = directory_cache_new(0, 0, 100000);
	struct directory_pack	*p = directory_pack_error("why", "server");
	struct directory_pack	*got;
	bool			 stale;

	(void)state;
	directory_cache_add(c, "k", 1, p);
	assert_int_equal(directory_cache_count(c), 0);
	assert_null(directory_cache_stale(c, "k", 1, 1));
	directory_cache_free(&c);
	/* always asked for, but there for a failure */
	c = directory_cache_new(0, 5000, 100000);
	directory_cache_add(c, "k", 1, p);
	assert_null(directory_cache_find(c, "k", 1, &stale));
	got = directory_cache_stale(c, "k", 5000, 1);
	assert_non_null(got);
	directory_pack_free(&got);
	assert_null(directory_cache_stale(c, "k", 5001, 1));
	directory_pack_free(&p);
	directory_cache_free(&c);
}

/* --- failures ------------------------------------------------------------ */

static void
a_failure_stops_questions_for_a_while(void **state)
{
	struct directory	*d = begin(1, LONG);
	struct directory_counts	 c;

	(void)state;
	set_down("a");
	expect_unknown(ask(d, "k", "row 1"), "a:5432: refused by a");
	expect_unknown(ask(d, "l", "row 1"), "refused by a");
	assert_int_equal(count_of(&fake.opens), 1);
	now += DIRECTORY_PAUSE + LONG;
	expect_unknown(ask(d, "l", "row 1"), "refused by a");
	assert_int_equal(count_of(&fake.opens), 2);
	now += DIRECTORY_PAUSE + LONG;
	set_down("");
	expect_row(ask(d, "l", "row 1"), "1");
	expect_row(ask(d, "k", "row 2"), "2");
	directory_count(d, &c);
	assert_int_equal(c.failed, 3);
	directory_free(&d);
}

static void
old_answers_are_used_meanwhile(void **state)
{
	struct directory	*d = begin(1, LONG);
	struct directory_reply	 r;
	struct directory_counts	 c;

	(void)state;
	expect_row(ask(d, "k", "row 1"), "1");
	assert_int_equal(ask(d, "n", "none").result, DIRECTORY_NONE);
	now += 60000;
	set_down("a");
	set_break(1);
	r = ask(d, "k", "row 2");
	expect_row(r, "1");
	assert_true(r.cached && r.stale);
	r = ask(d, "n", "row 2");
	assert_int_equal(r.result, DIRECTORY_NONE);
	assert_true(r.stale);
	expect_unknown(ask(d, "new", "row 2"), "refused by a");
	directory_count(d, &c);
	assert_int_equal(c.stale, 2);
	assert_int_equal(c.failed, 1);
	/* the answer is not asked for again at once */
	r = ask(d, "k", "row 2");
	assert_true(r.stale);
	assert_int_equal(count_of(&fake.opens), 2);
	now += 3600000;
	expect_unknown(ask(d, "k", "row 2"), "refused by a");
	now += DIRECTORY_PAUSE + LONG;
	set_down("");
	r = ask(d, "k", "row 2");
	expect_row(r, "2");
	assert_false(r.stale || r.cached);
	directory_free(&d);
}

static void
a_wrong_question_stops_no_other(void **state)
{
	static const struct {
		const char *statement, *why;
	} rows[] = {
		{ "wrong", "a:5432: there is no such table" },
		{ "huge", "more than 1000 rows" },
		{ "nul", "column v has a value with a NUL" },
		{ "columns", "more than 64 columns" },
	};
	struct directory	*d = begin(1, LONG);
	struct directory_reply	 r;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		expect_unknown(ask(d, rows[i].statement, rows[i].statement),
		    rows[i].why);
		expect_row(ask(d, NULL, "row 1"), "1");
	}
	/* each was asked once */
	assert_int_equal(count_of(&fake.asks), 2 * NELEM(rows));
	expect_row(ask(d, "k", "row 1"), "1");
	now += 60000;
	r = ask(d, "k", "wrong");
	expect_row(r, "1");
	assert_true(r.stale);
	directory_free(&d);
}

static void
a_link_that_broke_is_opened_again(void **state)
{
	struct directory *d = begin(1, LONG);

	(void)state;
	expect_row(ask(d, NULL, "row 1"), "1");
	set_break(1);		/* the server closed the idle link */
	expect_row(ask(d, NULL, "row 2"), "2");
	assert_int_equal(count_of(&fake.opens), 2);
	set_break(2);		/* and the new one breaks, too */
	expect_unknown(ask(d, NULL, "row 3"), "a:5432: it broke");
	assert_int_equal(count_of(&fake.opens), 3);
	directory_free(&d);
}

/* --- hosts --------------------------------------------------------------- */

static void
hosts_are_tried_in_turn(void **state)
{
	struct directory	*d = begin(3, LONG);
	struct directory_reply	 r;

	(void)state;
	set_down("a");
	r = ask(d, NULL, "row 1");
	expect_row(r, "1");
	assert_string_equal(r.server, "b:77");
	assert_string_equal(fake.opened, "ab");
	expect_row(ask(d, NULL, "row 2"), "2");
	set_down("ab");
	set_break(1);
	r = ask(d, NULL, "row 3");
	assert_string_equal(r.server, "c:5432");
	assert_string_equal(fake.opened, "abbc");
	/* all are tried before the question fails */
	set_down("abc");
	set_break(1);
	expect_unknown(ask(d, NULL, "row 4"), "refused by b");
	assert_string_equal(fake.opened, "abbccab");
	/* the first host is used again after a while */
	now += DIRECTORY_AWAY + LONG;
	set_down("a");
	r = ask(d, NULL, "row 5");
	assert_string_equal(r.server, "b:77");
	assert_string_equal(fake.opened, "abbccabab");
	set_down("");
	r = ask(d, NULL, "row 6");
	assert_string_equal(r.server, "b:77");
	now += DIRECTORY_AWAY + LONG;
	r = ask(d, NULL, "row 7");
	assert_string_equal(r.server, "a:5432");
	directory_free(&d);
}

/* --- threads ------------------------------------------------------------- */

struct caller {
	pthread_t	 thread;
	struct directory *d;
	char		 key[16];
	const char	*statement;
	struct arena	*arena;
	struct directory_reply reply;
};

static void *
caller_run(void *arg)
{
	struct caller *c = arg;

	c->reply = ask_in(c->d, c->key, c->statement, c->arena);
	return NULL;
}

static void
caller_start(struct caller *c, struct directory *d, const char *statement,
    const char *key, unsigned n)
{
	c->d = d;
	c->statement = statement;
	snprintf(c->key, sizeof(c->key), "%s%u", key, n);
	c->arena = arena_new(0);
	assert_int_equal(pthread_create(&c->thread, NULL, caller_run, c), 0);
}

static void
caller_end(struct caller *c)
{
	pthread_join(c->thread, NULL);
}

static void
one_question_is_tried_after_a_failure(void **state)
{
	struct directory	*d = begin(1, LONG);
	struct caller		 c;

	(void)state;
	set_down("a");
	expect_unknown(ask(d, NULL, "row 1"), "refused by a");
	now += DIRECTORY_PAUSE + LONG;
	set_down("");
	set_gate(true);
	caller_start(&c, d, "wait 1", "k", 0);
	wait_inside(1);
	expect_unknown(ask(d, NULL, "row 1"), "refused by a");
	assert_int_equal(count_of(&fake.asks), 1);
	set_gate(false);
	caller_end(&c);
	expect_row(c.reply, "word");
	arena_free(&c.arena);
	expect_row(ask(d, NULL, "row 1"), "1");
	directory_free(&d);
}

static void
one_question_for_many_callers(void **state)
{
	struct directory	*d = begin(1, LONG);
	struct caller		 c[32];
	unsigned		 i;

	(void)state;
	set_gate(true);
	for (i = 0; i < NELEM(c); i++)
		caller_start(&c[i], d, "wait 1", "same", 0);
	wait_inside(1);
	set_gate(false);
	for (i = 0; i < NELEM(c); i++) {
		caller_end(&c[i]);
		expect_row(c[i].reply, "word");
		arena_free(&c[i].arena);
	}
	assert_int_equal(count_of(&fake.asks), 1);
	directory_free(&d);
}

static void
links_are_few(void **state)
{
	struct directory	*d = begin(1, LONG);
	struct caller		 c[40];
	unsigned		 i;

	(void)state;
	set_gate(true);
	for (i = 0; i < NELEM(c); i++)
		caller_start(&c[i], d, "wait 1", "k", i);
	wait_inside(DIRECTORY_LINKS);
	set_gate(false);
	for (i = 0; i < NELEM(c); i++) {
		caller_end(&c[i]);
		expect_row(c[i].reply, "word");
		arena_free(&c[i].arena);
	}
	assert_int_equal(count_of(&fake.opens), DIRECTORY_LINKS);
	directory_free(&d);
	/* idle links are closed before directory_free returns, or soon after */
	pthread_mutex_lock(&fake.lock);
	while (fake.links > 0)
		pthread_cond_wait(&fake.changed, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
}

static void
a_slow_answer_holds_up_its_caller_only(void **state)
{
	struct directory	*d = begin(1, 50);
	char			 statement[] = "wait 1";
	uint64_t		 start;

	(void)state;
	set_gate(true);
	start = monotonic_ms();
	expect_unknown(ask(d, "slow", statement), "no answer in time");
	assert_true(monotonic_ms() - start >= 50);
	/* the question does not need its caller's memory any more */
	memset(statement, 'x', sizeof(statement) - 1);
	set_gate(false);
	/* the late answer is kept */
	while (ask(d, "slow", "wait 1").result != DIRECTORY_FOUND)
		;
	assert_true(ask(d, "slow", "none").cached);
	directory_free(&d);
}

static void
too_many_questions(void **state)
{
	struct directory	*d = begin(1, 1);
	struct directory_reply	 r;
	char			 key[16];
	unsigned		 i;

	(void)state;
	set_gate(true);
	/* a question whose caller left before a thread took it is not asked */
	for (i = 0; count_of(&fake.inside) < DIRECTORY_LINKS; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		expect_unknown(ask(d, key, "wait 1"), "no answer in time");
	}
	for (i = 0; i <= DIRECTORY_WAITING; i++) {
		snprintf(key, sizeof(key), "l%u", i);
		r = ask(d, key, "wait 1");
		if (strstr(r.why, "no answer in time") == NULL)
			break;
	}
	expect_unknown(r, "too many questions are open");
	assert_true(i <= DIRECTORY_WAITING);
	set_gate(false);
	/* nobody waits for those in the queue: they are not asked */
	do
		r = ask(d, "one more", "row 1");
	while (r.result != DIRECTORY_FOUND);
	assert_true(count_of(&fake.asks) < 2 * DIRECTORY_LINKS + 20);
	directory_free(&d);
}

static void
the_owner_leaves_first(void **state)
{
	struct directory *d = begin(1, 1), *other;

	(void)state;
	set_gate(true);
	/* a question whose caller left before a thread took it is not asked */
	while (count_of(&fake.inside) == 0)
		expect_unknown(ask(d, "k", "wait 1"), "no answer in time");
	other = directory_ref(d);
	directory_free(&d);
	directory_free(&other);
	assert_null(d);
	assert_int_equal(count_of(&fake.closes), 0);
	set_gate(false);
	pthread_mutex_lock(&fake.lock);
	while (fake.links > 0)
		pthread_cond_wait(&fake.changed, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
}

static void
forgotten_while_it_is_asked(void **state)
{
	struct directory	*d = begin(1, LONG);
	struct caller		 c[2];

	(void)state;
	set_gate(true);
	caller_start(&c[0], d, "wait 1", "k", 0);
	wait_inside(1);
	directory_forget(d, "k0");
	/* this caller wants the answer after the change */
	caller_start(&c[1], d, "row new", "k", 0);
	caller_end(&c[1]);
	expect_row(c[1].reply, "new");
	set_gate(false);
	caller_end(&c[0]);
	expect_row(c[0].reply, "word");
	expect_row(ask(d, "k0", "row newer"), "new");
	arena_free(&c[0].arena);
	arena_free(&c[1].arena);
	directory_free(&d);
}

static void *
stress_run(void *arg)
{
	static const char *const statements[] = {
		"row 1", "none", "wrong", "row 22", "huge", "break", "nul"
	};
	struct caller	*c = arg;
	struct arena	*a = arena_new(0);
	char		 key[16];
	unsigned	 i, k;

	for (i = 0; i < 300; i++) {
		k = (i * 7 + (unsigned)c->key[0]) % 23;
		snprintf(key, sizeof(key), "k%u", k);
		ask_in(c->d, i % 5 == 0 ? NULL : key,
		    statements[k % NELEM(statements)], a);
		if (i % 50 == 0)
			directory_forget(c->d, i % 100 == 0 ? NULL : key);
		arena_reset(a);
	}
	arena_free(&a);
	return NULL;
}

static void
many_threads(void **state)
{
	struct directory	*d = begin(3, LONG);
	struct caller		 c[12];
	struct directory_counts	 counts;
	unsigned		 i;

	(void)state;
	for (i = 0; i < NELEM(c); i++) {
		c[i].d = directory_ref(d);
		c[i].key[0] = (char)i;
		assert_int_equal(pthread_create(&c[i].thread, NULL,
		    stress_run, &c[i]), 0);
	}
	for (i = 0; i < NELEM(c); i++) {
		caller_end(&c[i]);
		directory_free(&c[i].d);
	}
	directory_count(d, &counts);
	assert_true(counts.asked > 0 && counts.failed > 0);
	directory_free(&d);
}

static int
next_test(void **state)
{
	(void)state;
	now += 10000000;
	arena_reset(arena);
	return 0;
}

#define TEST(f)	cmocka_unit_test_setup(f, next_test)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_are_kept),
		TEST(the_oldest_are_removed),
		TEST(nothing_is_kept),
		TEST(a_failure_stops_questions_for_a_while),
		TEST(old_answers_are_used_meanwhile),
		TEST(a_wrong_question_stops_no_other),
		TEST(a_link_that_broke_is_opened_again),
		TEST(hosts_are_tried_in_turn),
		TEST(one_question_is_tried_after_a_failure),
		TEST(one_question_for_many_callers),
		TEST(links_are_few),
		TEST(a_slow_answer_holds_up_its_caller_only),
		TEST(too_many_questions),
		TEST(the_owner_leaves_first),
		TEST(forgotten_while_it_is_asked),
		TEST(many_threads),
	};
	int failed;

	arena = arena_new(0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
