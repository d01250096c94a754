/*
 * directory_trust - the authorities that sign certificates of servers
 */
#ifndef MILLGATE_DIRECTORY_TRUST_H
#define MILLGATE_DIRECTORY_TRUST_H

#include "directory/directory.h"

/*
 * The PEM file of a place, or that of the system. NULL with `why`: it is not
 * a file, or cannot be read.
 */
const char	*directory_trust_file(const struct directory_place *p,
		    char why[DIRECTORY_ERROR]);

#endif
