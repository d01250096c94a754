/*
 * explain - what the configuration, and the state file beside it, say about
 * one login
 *
 * Gathered by explain.c, printed by ctl_explain.c. Everything is in the arena
 * or the configuration's.
 */
#ifndef MILLGATE_EXPLAIN_H
#define MILLGATE_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "conf/groups.h"
#include "policy/policy_plan.h"
#include "store/usage.h"

struct arena;
struct conf;
struct keyring;
struct users_query;

/*
 * The plan on one listener; NULL stands for all of them. That of a tier is for
 * sessions that reach it, wherever they come in.
 */
struct explained_plan {
	const struct session_rules *listener;
	struct plan_choice choice;
};

struct explained_key {
	const char	*domain, *selector, *algorithm;
};

struct explanation {
	/* given */
	struct arena	*arena;
	const struct conf *conf;
	struct users_query *query;		/* NULL: none */
	/* found */
	const char	*unknown;		/* its entry is, and why */
	const char	*login;			/* folded */
	const struct user_rules *user;		/* NULL: no entry */
	const char	*why_not;		/* NULL: it may send */
	size_t		 nplans;
	struct explained_plan *plan;
	size_t		 ngroups;
	const struct group_rules *group[GROUPS_OF_LOGIN];
	/* patterns as in a user section; none: it may send as nobody */
	size_t		 nsenders;
	const char	*const *sender;
	/* submission listeners that demand a second factor of everybody */
	size_t		 nstrict;
	const struct session_rules **strict;
	size_t		 nkeys;
	struct explained_key *key;
	/* set beside the configuration, for the login and its groups */
	struct store_setting setting, group_setting[GROUPS_OF_LOGIN];
};

/*
 * `listener` NULL: all that submissions come in by. Of `keys` and `state`
 * either may be NULL: they say nothing then.
 */
void		 explain_login(struct explanation *e, const char *login,
		    const struct session_rules *listener,
		    const struct keyring *keys, struct store *state,
		    time_t now);
/* What is set by the operator goes before what the configuration says. */
struct store_limits explain_limits(struct store_limits conf,
		    const struct store_setting *setting);

/* Texts for both forms of output; in the arena. */
const char	*const *explain_networks(const struct explanation *e);
/* Who demands a second factor: "user", "listener NAME". */
const char	*const *explain_factors(const struct explanation *e,
		    size_t *n);
/* "domain/selector (algorithm)" */
const char	*const *explain_keys(const struct explanation *e);
/* What names a plan: "user", "tier", "group", "listener", "default-plan". */
const char	*explain_place(enum plan_place place);

/* One object on stdout (ctl_explain_json.c). */
void		 explain_print_json(const struct explanation *e);

#endif
