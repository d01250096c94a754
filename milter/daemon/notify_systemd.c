/*
 * notify_systemd - tell systemd that the daemon is ready or stops (Type=notify)
 */
#include <systemd/sd-daemon.h>

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
