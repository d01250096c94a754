/*
 * ctl_postconf - runs postconf(1) for the subcommands that read or change the
 * configuration of Postfix
 */
#include "base/arena.h"
#include "doctor/postfix_setup.h"
#include "status/postconf.h"
#include "ctl_common_priv.h"
#include "ctl_postconf_priv.h"

/* postconf warns of each parameter that it does not know, which is no news. */
const char *
ctl_postconf(struct arena *a, const char *dir, const char *const *args)
{
	const struct postconf	 pc = { .dir = dir, .quiet = true };
	const char		*why, *text = postconf_run(a, &pc, args, &why);

	if (text == NULL)
		ctl_complain("%s", why);
	return text;
}

bool
ctl_postconf_change(struct arena *a, const char *dir, const char *const *args)
{
	const struct postconf	 pc = { .dir = dir };
	const char		*why;

	return postconf_run(a, &pc, args, &why) != NULL ||
	    ctl_complain("%s", why);
}

bool
ctl_postconf_read(struct arena *a, const char *dir, struct postfix_setup *p)
{
	const struct postconf	 pc = { .dir = dir, .quiet = true };
	const char		*why;

	return postconf_read(a, &pc, p, &why) || ctl_complain("%s", why);
}
