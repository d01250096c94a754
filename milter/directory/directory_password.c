/*
 * directory_password - the password of a place
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/password_file.h"
#include "base/why.h"
#include "directory_driver_priv.h"

const char *
directory_password(const struct directory_place *p, struct arena *a,
    char why[DIRECTORY_ERROR])
{
	struct buf	 b = BUF_INIT;
	const char	*password = NULL;
	char		*error;

	if (p->password != NULL)
		return p->password;
	if (p->password_file == NULL)
		return "";
	if (!password_file_read(p->password_file, &b, &error)) {
		why_print(why, DIRECTORY_ERROR, "%s", error);
		free(error);
	} else if (strlen(b.data) != b.len)
		why_print(why, DIRECTORY_ERROR, "%s: has a NUL in it; write "
		    "one line of text", p->password_file);
	else
		password = arena_memdup(a, b.data, b.len);
	if (b.data != NULL)
		explicit_bzero(b.data, b.len);
	buf_free(&b);
	return password;
}
