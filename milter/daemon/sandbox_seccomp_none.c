/*
 * sandbox_seccomp - a build without libseccomp, or with sanitizers, whose
 * libraries make calls of their own
 */
#include "base/why.h"
#include "sandbox_seccomp_priv.h"

bool
sandbox_seccomp(int *fd, char **why)
{
	*fd = -1;
	return why_set(why, "this program is built without libseccomp "
	    "(Debian package: libseccomp-dev), or with sanitizers");
}

void
sandbox_seccomp_refuse(int fd)
{
	(void)fd;
}
