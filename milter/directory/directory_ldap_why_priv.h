/*
 * directory_ldap_why - result codes of LDAP in words, with what to do
 */
#ifndef MILLGATE_DIRECTORY_LDAP_WHY_H
#define MILLGATE_DIRECTORY_LDAP_WHY_H

#include "directory/directory.h"

/*
 * The library's word for a code, the server's own text if it has one, and
 * advice. False.
 */
bool	directory_ldap_why(int code, const char *text,
	    char why[DIRECTORY_ERROR]);

#endif
