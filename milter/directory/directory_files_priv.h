/*
 * directory_files - the files that a place names: password and authorities
 */
#ifndef MILLGATE_DIRECTORY_FILES_H
#define MILLGATE_DIRECTORY_FILES_H

#include "directory/directory.h"

/*
 * The password of a place, read anew for each connection, in the arena. NULL
 * with `why`: the file cannot be read, others may read it, or it has no line.
 * A place without one gives "".
 */
const char	*directory_password(const struct directory_place *p,
		    struct arena *a, char why[DIRECTORY_ERROR]);
/*
 * The PEM file of a place, or that of the system. NULL with `why`: it is not
 * a file, or cannot be read.
 */
const char	*directory_trust_file(const struct directory_place *p,
		    char why[DIRECTORY_ERROR]);

#endif
