/*
 * ctl_doctor_databases - millgatectl doctor: what each database answers
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "conf/users_query.h"
#include "dkim/keybase.h"
#include "session/services.h"
#include "ctl_common_priv.h"
#include "ctl_doctor_priv.h"

static const char *
consequence(const char *option)
{
	return strcmp(option, "keys-database") == 0 ? "mail of a domain is "
	    "deferred if its keys have not been read before" : "mail that "
	    "needs it is treated as users-stale and on-users-failure say";
}

void
doctor_databases(struct conf *conf, struct diagnosis *d)
{
	struct setup	 st = { .conf = conf };	/* what setup_probe reads */
	char		*why = NULL;
	size_t		 i;

	st.users = setup_users(conf);
	st.keybase = setup_keybase(conf, &why);
	free(why);		/* conf_load has refused it */
	d->probe = setup_probe(&st, d->arena, &d->nprobes);
	users_query_free(&st.users);
	keybase_free(&st.keybase);
	for (i = 0; i < d->nprobes; i++)
		if (d->probe[i].why != NULL)
			advice_add(&d->advice, "database-failing",
			    d->probe[i].option, "correct it, and test it with "
			    "millgatectl conf check --probe", "\"%s\": %s; %s",
			    d->probe[i].place, d->probe[i].why,
			    consequence(d->probe[i].option));
}
