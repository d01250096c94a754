/*
 * directory_pgsql_none - a build without libpq
 */
#include "directory_driver_priv.h"

const struct directory_driver *const directory_pgsql = NULL;
