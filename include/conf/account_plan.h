/*
 * account_plan - the limits of an account, from its key
 */
#ifndef MILLGATE_ACCOUNT_PLAN_H
#define MILLGATE_ACCOUNT_PLAN_H

#include "conf/users_query.h"

struct arena;
struct conf;
struct plan_rules;

/* NAME, if the text is the lead and a NAME that is not empty; else NULL. */
const char	*account_after(const char *text, const char *lead);
/* Finds the entry of a login; a caller may count what could not be asked. */
struct account_entries {
	struct users_reply (*find)(void *arg, const char *login);
	void		*arg;
};
/*
 * The plan of a login, listener or relay, or the limits of a group as a plan
 * without a name. A login has no listener here: a plan of the listener is not
 * known. NULL: the account is unknown, not limited, or its entry is not known.
 * The answer is valid as long as the configuration, the entry and the arena.
 */
const struct plan_rules *account_plan(const struct conf *c, const char *key,
		    const struct account_entries *e, struct arena *a);

#endif
