/*
 * ctl_explain - what the configuration and the state say about one login
 *
 * Gathered by ctl_explain.c, printed by ctl_explain_print.c. All memory
 * belongs to the arena or to the configuration.
 */
#ifndef MILLGATE_CTL_EXPLAIN_H
#define MILLGATE_CTL_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/groups.h"
#include "policy/policy_quota.h"
#include "store/usage.h"

struct arena;
struct conf;
struct ctl;
struct users_query;

/*
 * The plan on one listener; NULL: on all of them. The plan of a tier applies to
 * sessions that reach the tier, on any listener.
 */
struct explained_plan {
	const struct session_rules *listener;
	struct plan_choice choice;
};

struct explained_key {
	const char	*domain, *selector, *algorithm;
};

struct explained_keys {
	size_t		 n;
	struct explained_key *key;
};

struct explanation {
	/* given */
	struct arena	*arena;
	const struct conf *conf;
	struct users_query *query;		/* NULL: none */
	const char	*login;
	/* found */
	const char	*unknown;		/* its entry: why; else NULL */
	const char	*server;	/* of users-database; NULL: not asked */
	const struct user_rules *user;		/* NULL: no entry */
	const char	*why_not;		/* NULL: it may send */
	size_t		 nplans;
	struct explained_plan *plan;
	size_t		 ngroups;
	const struct group_rules *group[GROUPS_OF_LOGIN];
	/* patterns as in a user section; none: no sender is allowed */
	size_t		 nsenders;
	const char	*const *sender;
	/* submission listeners that require a second factor of all logins */
	size_t		 nstrict;
	const struct session_rules **strict;
	struct explained_keys keys;
	struct explained_keys pending;	/* their domains have no other key */
	/* set by an operator or the fuse, for the login and its groups */
	struct store_setting setting, group_setting[GROUPS_OF_LOGIN];
};

void	explain_print(const struct explanation *e);
void	explain_print_json(const struct explanation *e);

/* The subcommand `user explain`. */
int	ctl_explain(struct ctl *c, int argc, char **argv);

#endif
