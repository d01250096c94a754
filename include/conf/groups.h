/*
 * groups - the groups of a login
 *
 * A group contains the logins that it names, and all logins of the domains
 * that it names. Filled while the configuration is loaded, immutable
 * afterwards. Lookup is by hash; its cost does not grow with the number of
 * groups or members.
 */
#ifndef MILLGATE_GROUPS_H
#define MILLGATE_GROUPS_H

#include <stddef.h>

#include "policy/policy_rules.h"

/* Groups of one login: a message counts on these and on the login. */
#define GROUPS_OF_LOGIN	3

struct arena;
struct groups;

/* `list` is kept, not copied. All memory is in the arena. */
struct groups	*groups_new(struct arena *a, const struct group_rules *list,
		    size_t n);
/* The first group of that name, in any case; NULL: none. */
const struct group_rules *groups_find(const struct groups *g,
		    const char *name);
/*
 * The first `max` groups of a login, in any case, and their number: groups
 * that name the login, then its domain, then the parent domains, the nearest
 * first; of equals the first in the configuration. `scratch` may be reset
 * afterwards. A login of NULL has no groups.
 */
size_t		 groups_of(const struct groups *g, const char *login,
		    struct arena *scratch, const struct group_rules **list,
		    size_t max);

#endif
