/*
 * directory_trust - the authorities that sign certificates of servers
 *
 * Libraries differ in what they trust without a file: libpq reads a file in
 * the home directory, GnuTLS may read another store than OpenSSL. So they are
 * always given one.
 */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/why.h"
#include "directory_trust_priv.h"

/* Where update-ca-certificates(8) writes them all. */
#define TRUST_SYSTEM	"/etc/ssl/certs/ca-certificates.crt"

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
