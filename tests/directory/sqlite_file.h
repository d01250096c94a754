/*
 * sqlite_file - change an SQLite file as another program of the site would
 */
#ifndef MILLGATE_SQLITE_FILE_H
#define MILLGATE_SQLITE_FILE_H

#include <sqlite3.h>

/* Run the statements; the file is made if it is not there. */
static void
sqlite_file_run(const char *path, const char *sql)
{
	sqlite3	*db;
	char	*error = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(db);
}

#endif
