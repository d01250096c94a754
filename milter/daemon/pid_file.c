/*
 * pid_file - the file with the process id
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/safe_open.h"
#include "base/why.h"
#include "daemon/privileges.h"
#include "pid_file_priv.h"

bool
pid_file_open(const char *path, const char *user, int *fd, char **why)
{
	struct privileges_acting	 acting;
	char				*said = NULL;

	*fd = -1;
	if (path == NULL)
		return true;
	if (!privileges_act_at(path, user, &acting, why))
		return false;
	*fd = safe_open(path, O_WRONLY | O_CREAT, 0644, geteuid(), &said);
	privileges_act_end(&acting);
	if (*fd != -1)
		return true;
	why_set(why, "pid-file %s; its directory must exist, and belong to "
	    "root or to the user that millgate runs as", said);
	free(said);
	return false;
}

void
pid_file_write(int fd, pid_t pid)
{
	if (fd == -1)
		return;
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)pid) < 0)
		log_printf(LOG_LEVEL_WARNING, "pid-file: %s", strerror(errno));
	close(fd);
}
