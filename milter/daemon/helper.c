/*
 * helper - the process beside the daemon that may do what the daemon may not
 *
 * It runs notify-command (session/notifier_helper.c), and refuses the system
 * calls that the sandbox forbids. It is forked before the daemon starts a
 * thread or confines itself, and it reads no mail and no DNS.
 */
#include "config.h"

#include <stdint.h>

#include "base/log.h"
#include "conf/conf.h"
#include "session/notifier.h"
#include "background_priv.h"
#include "helper_priv.h"
#include "sandbox_priv.h"

/* Its log is that of the daemon, and no terminal waits for it. */
static void
helper_enter(void *arg)
{
	const struct daemon_options *o = arg;

	log_open("millgate", o->foreground);
	if (!o->foreground)
		background_enter();
}

struct notifier *
helper_start(const struct daemon_options *o, const struct conf *c, char **why)
{
	const struct notifier_options n = {
		.rules = &c->notify,
		.conf_path = o->conf_path,
		.enter = helper_enter,
		.arg = (void *)(uintptr_t)o,
		.watched = sandbox_refuse
	};

	return notifier_new(&n, why);
}
