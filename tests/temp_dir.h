/*
 * temp_dir - a directory for the files of one test program: give both
 * functions to cmocka_run_group_tests
 */
#ifndef MILLGATE_TEMP_DIR_H
#define MILLGATE_TEMP_DIR_H

#include <unistd.h>

static char temp_dir[] = "/tmp/millgate_test.XXXXXX";

static int
temp_dir_make(void **state)
{
	(void)state;
	return mkdtemp(temp_dir) == NULL;
}

/* With all files that are in it. */
static int
temp_dir_remove(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", temp_dir);
	return system(command);
}

#endif
