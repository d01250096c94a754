/*
 * notify_none - no service manager library at build time: nobody to tell
 */
#include "notify.h"

void
notify_ready(void)
{
}

void
notify_stopping(void)
{
}
