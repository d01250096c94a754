/*
 * notify_systemd - readiness for Type=notify units
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
