/*
 * notify_none - for builds without libsystemd: there is no service manager
 */
#include "notify_priv.h"

void
notify_ready(void)
{
}

void
notify_stopping(void)
{
}

bool
notify_socket(int *fd, char **why)
{
	(void)why;
	*fd = -1;
	return true;
}
