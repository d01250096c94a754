/*
 * users - who may send as whom: user sections and users-file
 *
 * Filled while the configuration is loaded, immutable afterwards, owned by
 * the configuration. Logins are folded to lower case; lookup is by hash.
 *
 * users-file, one line a user, # comments:
 *   login plan=premium senders=a@x,@y networks=192.0.2.0/24,2001:db8::/32 \
 *         second-factor=yes
 */
#ifndef MILLGATE_USERS_H
#define MILLGATE_USERS_H

#include <stddef.h>

#include "policy.h"

struct arena;
struct users;

struct users	*users_new(struct arena *a);
/* false: there is an entry for this login already. */
bool		 users_add(struct users *u, const struct user_rules *user);
/*
 * Add the lines of a file. plans: to resolve plan= names. false with *why
 * (malloced) "file:line: what, and what to do".
 */
bool		 users_load_file(struct users *u, const char *path,
		    const struct plan_rules *plans, size_t nplans, char **why);
/* NULL: no entry. `login` may be in any case. */
const struct user_rules *users_find(const struct users *u, const char *login);
size_t		 users_count(const struct users *u);
/* A sender pattern as written in the configuration: folded; NULL: no such
 * form. */
const char	*users_sender_pattern(struct arena *a, const char *text);

#endif
