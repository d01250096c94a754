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
#include "conf/users_query.h"
#include "directory/sender_maps.h"
#include "policy/policy_address.h"
#include "policy/policy_quota.h"
#include "store/usage.h"

struct arena;
struct buf;
struct conf;
struct ctl;
struct keybase;
struct keyring;
struct store;

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
	const char	*database;	/* NULL: in a file */
};

struct explained_keys {
	size_t		 n;
	struct explained_key *key;
};

/* What one of sender-login-maps says of an address. */
struct explained_table {
	const char	*name;
	struct sender_owners owners;
};

/* An address that the login may or may not use. */
struct explained_address {
	const char	*text;			/* NULL: none is asked for */
	bool		 written;		/* in the senders of its entry */
	enum may_use	 may_use;
	size_t		 ntables;
	struct explained_table *table;
};

struct explanation {
	/* given */
	struct arena	*arena;
	const struct conf *conf;
	struct users_query *query;		/* NULL: none */
	struct keyring	*ring;			/* NULL: not readable */
	struct keybase	*base;			/* NULL: none */
	struct store	*state;			/* NULL: not readable */
	const char	*login;
	/* found */
	struct users_reply entry;
	const char	*unknown;		/* its entry: why; else NULL */
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
	const char	*keys_unknown;	/* why some are not; or NULL */
	/* set by an operator or the fuse, for the login and its groups */
	struct store_setting setting, group_setting[GROUPS_OF_LOGIN];
	struct explained_address address;
};

/* ctl_explain_keys.c: the keys for its senders. */
void	explain_keys(struct explanation *e);
/* ctl_explain_owner.c: may the login use this address? False: it is none. */
bool	explain_address(struct explanation *e, const char *text);
void	explain_print_tables(const struct explanation *e);
void	explain_json_tables(struct buf *b, const struct explanation *e);

/* Print a text; control characters are escaped. */
void	explain_print_text(const char *text);
void	explain_print(const struct explanation *e);
void	explain_print_json(const struct explanation *e);

/* The subcommand `user explain`. */
int	ctl_explain(struct ctl *c, int argc, char **argv);

#endif
