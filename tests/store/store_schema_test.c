/*
 * store_schema: a state file of every older version is upgraded, keeps its
 * rows, and has the tables of a new one. store_upgrade says so before, and
 * changes nothing.
 *
 * The old tables are here as they were released; they never change.
 */
#include "test.h"

#include <dirent.h>

#include "store/store_settings.h"
#include "store/store_sqlite.h"
#include "store/store_upgrade.h"
#include "store_test.h"

#define VERSION_1 \
	"CREATE TABLE bucket(minute INTEGER NOT NULL, key TEXT NOT NULL, " \
	"recipients INTEGER NOT NULL, messages INTEGER NOT NULL, " \
	"sum INTEGER NOT NULL, PRIMARY KEY(minute, key)) WITHOUT ROWID;"
#define VERSION_2 VERSION_1 \
	"CREATE TABLE outcome(day INTEGER NOT NULL, author TEXT NOT NULL, " \
	"record TEXT NOT NULL, source TEXT NOT NULL, spf TEXT NOT NULL, " \
	"dkim TEXT NOT NULL, aligned TEXT NOT NULL, result TEXT NOT NULL, " \
	"policy TEXT NOT NULL, disposition TEXT NOT NULL, " \
	"override TEXT NOT NULL, messages INTEGER NOT NULL, " \
	"PRIMARY KEY(day, author, record, source, spf, dkim, aligned, " \
	"result, policy, disposition, override)) WITHOUT ROWID;"

#define VERSION_3 VERSION_2 \
	"CREATE TABLE setting(key TEXT NOT NULL PRIMARY KEY, " \
	SETTING_COLUMNS ") WITHOUT ROWID;" \
	"CREATE TABLE request(id INTEGER PRIMARY KEY AUTOINCREMENT, " \
	"key TEXT NOT NULL, " SETTING_COLUMNS ");"
/* the outcomes have more columns */
#define VERSION_4 VERSION_1 \
	"CREATE TABLE outcome(day INTEGER NOT NULL, author TEXT NOT NULL, " \
	"record TEXT NOT NULL, source TEXT NOT NULL, " \
	"envelope TEXT NOT NULL, spf TEXT NOT NULL, " \
	"spf_domain TEXT NOT NULL, spf_scope TEXT NOT NULL, " \
	"dkim TEXT NOT NULL, signers TEXT NOT NULL, aligned TEXT NOT NULL, " \
	"result TEXT NOT NULL, published TEXT NOT NULL, " \
	"policy TEXT NOT NULL, disposition TEXT NOT NULL, " \
	"override TEXT NOT NULL, messages INTEGER NOT NULL, " \
	"PRIMARY KEY(day, author, record, source, envelope, spf, " \
	"spf_domain, spf_scope, dkim, signers, aligned, result, published, " \
	"policy, disposition, override)) WITHOUT ROWID;" \
	"CREATE TABLE setting(key TEXT NOT NULL PRIMARY KEY, " \
	SETTING_COLUMNS ") WITHOUT ROWID;" \
	"CREATE TABLE request(id INTEGER PRIMARY KEY AUTOINCREMENT, " \
	"key TEXT NOT NULL, " SETTING_COLUMNS ");"
#define VERSION_5 VERSION_4 \
	"CREATE TABLE published(key TEXT NOT NULL PRIMARY KEY, " \
	"seen INTEGER NOT NULL) WITHOUT ROWID;"
#define SETTING_COLUMNS \
	"parts INTEGER NOT NULL, recipients INTEGER NOT NULL, " \
	"messages INTEGER NOT NULL, blocked_until INTEGER NOT NULL, " \
	"block INTEGER NOT NULL, reason TEXT NOT NULL, " \
	"changed INTEGER NOT NULL, sum INTEGER NOT NULL"

#define OLD_OUTCOME \
	"INSERT INTO outcome VALUES(20717, 'strict.example', " \
	"'strict.example', '192.0.2.7', 'fail', 'none', '', 'fail', " \
	"'reject', 'hold', 'printers', 3);"
#define OUTCOME_4 \
	"INSERT INTO outcome VALUES(20717, 'strict.example', " \
	"'strict.example', '192.0.2.7', '', 'fail', '', '', 'none', '', '', " \
	"'fail', '', 'reject', 'hold', 'printers', 3);"

/* The tables of each version, and the rows of its outcomes. */
static const struct {
	const char	*tables, *outcome;
} versions[] = {
	{ VERSION_1, "" },
	{ VERSION_2, OLD_OUTCOME },
	{ VERSION_3, OLD_OUTCOME },
	{ VERSION_4, OUTCOME_4 },
	{ VERSION_5, OUTCOME_4 },
};
#define OUTCOMES \
	"SELECT day || '|' || author || '|' || record || '|' || source || " \
	"'|' || envelope || '|' || spf || '|' || spf_domain || '|' || " \
	"spf_scope || '|' || dkim || '|' || signers || '|' || aligned || " \
	"'|' || result || '|' || published || '|' || policy || '|' || " \
	"disposition || '|' || override || '|' || messages FROM outcome"
#define NEW_OUTCOME \
	"20717|strict.example|strict.example|192.0.2.7||fail|||none|||" \
	"fail||reject|hold|printers|3"

static char *
ask(const char *query)
{
	struct sql	*s;
	char		*text;

	assert_true(sql_open(&s, path, SQL_READ));
	text = sql_text(s, query);
	assert_non_null(text);
	sql_close(&s);
	return text;
}

/* The whole schema in one text. */
#define TABLES	"SELECT group_concat(sql, ';') FROM " \
	"(SELECT sql FROM sqlite_schema ORDER BY name)"

/* A file of version i + 1 with alice's 3 recipients in it. */
static void
make_old(size_t i, const char *row)
{
	struct sql	*s;
	char		 text[4096];

	snprintf(text, sizeof(text), "PRAGMA journal_mode = WAL; %s %s"
	    "INSERT INTO bucket VALUES(%s); PRAGMA user_version = %zu; "
	    "PRAGMA application_id = 0x6d696c67", versions[i].tables,
	    versions[i].outcome, row, i + 1);
	assert_true(sql_open(&s, path, SQL_CREATE));
	assert_true(sql_exec(s, text));
	sql_close(&s);
	assert_int_equal(chmod(path, 0640), 0);
}

/* The file as it was, for the owner and the group alone. */
static void
expect_copy(size_t version, const char *row)
{
	char		 saved[sizeof(path)], *text;
	struct stat	 st;

	memcpy(saved, path, sizeof(path));
	snprintf(path, sizeof(path), "%.50s/state.db.schema%u", dir,
	    (unsigned)(version % 10));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	text = ask("SELECT minute || ',''' || key || ''',' || recipients || "
	    "',' || messages || ',' || sum FROM bucket");
	assert_string_equal(text, row);
	free(text);
	text = ask("PRAGMA user_version");
	assert_int_equal(strtol(text, NULL, 10), version);
	free(text);
	text = ask("PRAGMA application_id");
	assert_int_equal(strtol(text, NULL, 10), 0x6d696c67);
	free(text);
	assert_int_equal(remove(path), 0);
	memcpy(path, saved, sizeof(path));
}

static void
every_older_version_is_upgraded(void **state)
{
	struct store	*s = open_good();
	char		*version, *tables, *row, *text, *why = NULL;
	size_t		 i;

	(void)state;
	sent(s, "alice", T0, 3);
	store_close(&s);
	version = ask("PRAGMA user_version");
	tables = ask(TABLES);
	row = ask("SELECT minute || ',''' || key || ''',' || recipients || "
	    "',' || messages || ',' || sum FROM bucket");
	assert_int_equal(strtol(version, NULL, 10), NELEM(versions) + 1);
	for (i = 0; i < NELEM(versions); i++) {
		remove_files();
		make_old(i, row);
		/* a reader cannot upgrade, and says what to do */
		assert_null(store_open_readonly(path, &why));
		assert_non_null(strstr(why, "start the new one first"));
		free(why);
		why = NULL;
		s = open_good();
		assert_int_equal(used(s, "alice", T0), 3);
		store_close(&s);
		text = ask(OUTCOMES);
		assert_string_equal(text, i > 0 ? NEW_OUTCOME : "");
		free(text);
		text = ask("PRAGMA user_version");
		assert_string_equal(text, version);
		free(text);
		text = ask(TABLES);
		assert_string_equal(text, tables);
		free(text);
		expect_copy(i + 1, row);
	}
	free(version);
	free(tables);
	free(row);
}

/* --- before an upgrade --------------------------------------------------- */

/* Checks that nothing in the directory is changed. */
static struct store_upgrade
look(void)
{
	struct store_upgrade	u;
	struct stat		before, after;
	struct dirent		*entry;
	DIR			*d;
	size_t			 names = 0;
	bool			 there = stat(path, &before) == 0;

	store_upgrade_look(path, &u);
	if (there) {
		assert_int_equal(stat(path, &after), 0);
		assert_int_equal(before.st_mtim.tv_nsec,
		    after.st_mtim.tv_nsec);
		assert_int_equal(before.st_size, after.st_size);
	}
	d = opendir(dir);
	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		names += entry->d_name[0] != '.';
	closedir(d);
	if (!u.running && names > there)
		fail_msg("%zu files", names);
	return u;
}

static void
expect_trouble(const char *name, enum upgrade_case is, const char *words)
{
	struct store_upgrade u = look();

	if (u.is != is || u.why == NULL || strstr(u.why, words) == NULL)
		row_fail(name, "case %d: %s", (int)u.is,
		    u.why != NULL ? u.why : "none");
	free(u.why);
}

/* One statement on the file, which leaves no log. */
static void
change(const char *text)
{
	struct sql *s;

	assert_true(sql_open(&s, path, SQL_WRITE));
	assert_true(sql_exec(s, text));
	sql_close(&s);
}

/* A row whose checksum is right. */
static char *
a_row(void)
{
	struct store	*s = open_good();
	char		*row;

	sent(s, "alice", T0, 3);
	store_close(&s);
	row = ask("SELECT minute || ',''' || key || ''',' || recipients || "
	    "',' || messages || ',' || sum FROM bucket");
	remove_files();
	return row;
}

/* As version 0.2.0 wrote them before schema 6: a limit, and a block. */
#define SETTING_ALICE \
	"'alice@example.org', 7, 8, 4294967296, 0, 0, '', 1796079354, " \
	"2101350718"
#define SETTING_BOB \
	"'bob@example.org', 7, 0, 0, 253402300799, 1, 'spam', 1796079354, " \
	"242314953"

static struct store_setting
setting_of(struct store *s, const char *key)
{
	struct store_setting	t;
	char			error[STORE_ERROR];

	assert_int_equal(store_setting_get(s, key, T0, &t, error),
	    STORE_TAKEN);
	return t;
}

/* Also a request that no daemon has processed yet. */
static void
settings_are_kept(void **state)
{
	struct store_setting	 t;
	struct store		*s;
	char			*row = a_row();

	(void)state;
	make_old(4, row);
	change("INSERT INTO setting VALUES(" SETTING_ALICE ");"
	    "INSERT INTO request VALUES(1, " SETTING_BOB ")");
	s = open_good();
	t = setting_of(s, "alice@example.org");
	assert_true(RCPTS_SET(t) && MSGS_SET(t));
	assert_int_equal(RCPTS_MAX(t.limits), 7);
	assert_true(MSGS_MAX(t.limits) == STORE_UNLIMITED);
	assert_int_equal(t.blocked_until, 0);
	t = setting_of(s, "bob@example.org");
	assert_false(RCPTS_SET(t) || MSGS_SET(t));
	assert_true(t.blocked_until == STORE_FOREVER);
	assert_int_equal(t.block, STORE_BLOCK_REJECT);
	assert_string_equal(t.reason, "spam");
	assert_int_equal(used(s, "alice", T0), 3);
	store_close(&s);
	assert_int_equal(remove(beside(".schema5")), 0);
	free(row);
}

static void
an_older_file_is_told_before_it_is_upgraded(void **state)
{
	struct store_upgrade	 u;
	char			*row = a_row();
	size_t			 i;

	(void)state;
	u = look();
	assert_int_equal(u.is, UPGRADE_NO_FILE);
	for (i = 0; i < NELEM(versions); i++) {
		remove_files();
		make_old(i, row);
		u = look();
		if (u.is != UPGRADE_OLDER)
			fail_msg("version %zu: %s", i + 1, u.why);
		assert_int_equal(u.has, i + 1);
		assert_int_equal(u.writes, NELEM(versions) + 1);
		assert_false(u.running);
		assert_true(u.bytes > 0 && u.free > 0);
		/* versions 2 and 3 have outcomes whose table is replaced */
		assert_true(u.needed >= 1024 * 1024 + u.bytes);
		assert_int_equal(u.needed == 1024 * 1024 + 3 * u.bytes,
		    i == 1 || i == 2);
		change("UPDATE bucket SET recipients = 4");
		expect_trouble("a changed row", UPGRADE_REFUSED, "checksum");
		change("CREATE TRIGGER t AFTER INSERT ON bucket BEGIN "
		    "SELECT 1; END");
		expect_trouble("a trigger", UPGRADE_REFUSED, "trigger");
		change("DROP TRIGGER t; ALTER TABLE bucket ADD other TEXT");
		expect_trouble("a column", UPGRADE_REFUSED, "not millgate's");
	}
	free(row);
}

static void
a_file_of_this_version_needs_no_upgrade(void **state)
{
	struct store		*s = open_good();
	struct store_upgrade	 u;

	(void)state;
	sent(s, "alice", T0, 3);
	u = look();		/* beside the daemon, with a log */
	assert_int_equal(u.is, UPGRADE_SAME);
	assert_true(u.running);
	assert_int_equal(u.needed, 0);
	sent(s, "alice", T0, 3);
	store_close(&s);
	assert_int_equal(remove(beside("-lock")), 0);
	u = look();
	assert_int_equal(u.is, UPGRADE_SAME);
	assert_false(u.running);
}

static void
a_file_that_the_start_would_refuse_is_told(void **state)
{
	struct store	*s = open_good();
	FILE		*f;

	(void)state;
	store_close(&s);
	assert_int_equal(remove(beside("-lock")), 0);
	change("PRAGMA user_version = 99");
	expect_trouble("newer", UPGRADE_NEWER, "written by a newer millgate");
	change("PRAGMA user_version = 6; PRAGMA application_id = 1");
	expect_trouble("foreign", UPGRADE_REFUSED, "another program's");
	change("PRAGMA application_id = 0x6d696c67;"
	    "CREATE TRIGGER t AFTER INSERT ON bucket BEGIN SELECT 1; END");
	expect_trouble("trigger", UPGRADE_REFUSED, "trigger");
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 5000, SEEK_SET);
	for (int i = 0; i < 20000; i++)
		fputc(0xa5, f);
	assert_int_equal(fclose(f), 0);
	expect_trouble("damaged", UPGRADE_REFUSED, "damaged");
	assert_int_equal(truncate(path, 0), 0);
	expect_trouble("empty", UPGRADE_REFUSED, "is empty");
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_older_version_is_upgraded),
		TEST(settings_are_kept),
		TEST(an_older_file_is_told_before_it_is_upgraded),
		TEST(a_file_of_this_version_needs_no_upgrade),
		TEST(a_file_that_the_start_would_refuse_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
