/*
 * directory_ldap_none - a build without libldap
 */
#include "directory_driver_priv.h"

const struct directory_driver *const directory_ldap = NULL;
