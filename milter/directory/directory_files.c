/*
 * directory_files - the files that a place names: password and authorities
 *
 * Libraries differ in what they trust without a file: libpq reads a file in
 * the home directory, GnuTLS may read another store than OpenSSL. So they are
 * always given one.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/password_file.h"
#include "base/why.h"
#include "directory_files_priv.h"

/* Where update-ca-certificates(8) writes them all. */
#define TRUST_SYSTEM	"/etc/ssl/certs/ca-certificates.crt"

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

const char *
directory_trust_file(const struct directory_place *p,
    char why[DIRECTORY_ERROR])
{
	const char	*path = p->ca_file != NULL ? p->ca_file : TRUST_SYSTEM;
	struct stat	 st;

	/* a library would wait for the writer of a pipe */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		errno = EINVAL;
	else if (access(path, R_OK) == 0)
		return path;
	why_print(why, DIRECTORY_ERROR, "%s: %s; name a PEM file of "
	    "certificate authorities", path,
	    errno == EINVAL ? "not a file" : strerror(errno));
	return NULL;
}
