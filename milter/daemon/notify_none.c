/*
 * notify_none - no service manager library at build time: nobody to tell
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
