/*
 * directory_mysql_none - a build without libmariadb
 */
#include "directory_driver_priv.h"

const struct directory_driver *const directory_mysql = NULL;
