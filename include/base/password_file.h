/*
 * password_file - a password in a file of its own
 *
 * More people may read the configuration than the password, so options name a
 * file. It has one line. It must be a regular file that not everyone may read.
 */
#ifndef MILLGATE_PASSWORD_FILE_H
#define MILLGATE_PASSWORD_FILE_H

#include <stdbool.h>

#define PASSWORD_FILE_MAX	512	/* octets */

struct buf;

/*
 * Add the password, without its line end. False with *why (malloced; the
 * caller frees it): the path, what is wrong with it, and what to do. The
 * caller wipes the buffer.
 */
bool	password_file_read(const char *path, struct buf *password, char **why);

#endif
