/*
 * groups - which groups a login is in
 *
 * A login is in a group that names it, or that names its domain. Filled while
 * the configuration is loaded, immutable afterwards; lookup is by hash, its
 * cost does not grow with the number of groups or of their members.
 */
#ifndef MILLGATE_GROUPS_H
#define MILLGATE_GROUPS_H

#include <stddef.h>

#include "policy/policy_rules.h"

/* Groups that one login may be in: the store counts on these and itself. */
#define GROUPS_OF_LOGIN	3

struct arena;
struct groups;

/* `list` is kept, not copied. All of it lives in the arena. */
struct groups	*groups_new(struct arena *a, const struct group_rules *list,
		    size_t n);
/* NULL: there is none of that name, in whatever case; else the first. */
const struct group_rules *groups_find(const struct groups *g,
		    const char *name);
/*
 * The first `max` groups that a login, in any case, is in: those that name
 * it, then those that name its domain, then the domains above that, the
 * nearest first; of equals the first in the configuration. `scratch` may be
 * reset afterwards. NULL is in none.
 */
size_t		 groups_of(const struct groups *g, const char *login,
		    struct arena *scratch, const struct group_rules **list,
		    size_t max);

#endif
