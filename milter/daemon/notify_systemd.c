/*
 * notify_systemd - tell systemd that the daemon is ready or stops (Type=notify)
 */
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/why.h"
#include "notify_priv.h"

void
notify_ready(void)
{
	sd_notify(0, "READY=1");
}

void
notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

bool
notify_socket(int *fd, char **why)
{
	int n = sd_listen_fds(1);

	*fd = n == 1 ? SD_LISTEN_FDS_START : -1;
	if (n < 0)
		return why_set(why, "cannot take the socket that systemd "
		    "passes: %s", strerror(-n));
	return n <= 1 || why_set(why, "systemd has passed %d sockets; leave "
	    "one ListenStream= line in millgate.socket", n);
}
