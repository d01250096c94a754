/*
 * ctl_quota - what the files of `millgatectl quota` and `user` share
 *
 * ctl_quota_print.c prints rows, ctl_quota_show.c gathers them. ctl_quota.c
 * changes the settings of an account and then prints its row; ctl_quota_set.c
 * has the command line of new limits.
 */
#ifndef MILLGATE_CTL_QUOTA_H
#define MILLGATE_CTL_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "policy/policy_rules.h"
#include "store/usage.h"

struct arena;
struct conf;
struct ctl;
struct store_place;

/* --- ctl_quota_print.c --------------------------------------------------- */

struct quota_row {
	const char	*key;
	const struct plan_rules *plan;	/* NULL: not known */
	struct store_limits limits;	/* in force; unlimited if not known */
	struct store_setting setting;
	struct store_usage usage;
};

/* The columns of a table. */
struct quota_table {
	int		 width;		/* of the login */
	bool		 bytes;
};

void		 quota_table_head(const struct quota_table *t);
/* One line for the hour, and one for each further window with a limit. */
void		 quota_table_row(const struct quota_table *t,
		    const struct quota_row *row);
/* The width of a key as the table prints it. */
size_t		 quota_key_width(const char *key);
/* Print one JSON object, without a newline. */
void		 quota_json_row(const struct quota_row *row, struct arena *a);

/* --- ctl_quota_show.c ---------------------------------------------------- */

/* The subcommand `quota show`. */
int		 ctl_quota_show(struct ctl *c, int argc, char **argv);
/* Print the row of one account; the exit status. */
int		 quota_show_key(const struct ctl *c, const char *key);
/*
 * The account for a name on the command line, in the arena: a login, "group
 * NAME", "listener NAME" or "relay NAME", or "login NAME" for a login that
 * begins with these words or has blanks. NULL: it is none of them. Without a
 * configuration, `c` is NULL, and names are not checked.
 */
const char	*quota_account(struct arena *a, const struct conf *c,
		    const char *text);

/* --- ctl_quota_set.c ----------------------------------------------------- */

/* The subcommand `quota set`. */
int		 ctl_quota_set(struct ctl *c, int argc, char **argv);

/* --- ctl_quota.c --------------------------------------------------------- */

struct quota_change {
	bool		 reset;		/* forget what was sent; or else: */
	unsigned	 parts;		/* enum store_part */
	struct store_setting setting;
};

/* Initializers: reject the mail until it is unblocked; accept it again. */
#define QUOTA_BLOCK	{ .parts = STORE_PART_BLOCK, .setting = { \
	.blocked_until = STORE_FOREVER, .block = STORE_BLOCK_REJECT } }
#define QUOTA_UNBLOCK	{ .parts = STORE_PART_BLOCK }

/*
 * Make a change for this account; `changed` is set. NULL, or why it was not
 * made (malloced; the caller frees). Root becomes the owner of the state file
 * for ever.
 */
char		*quota_apply(const struct quota_change *ch,
		    const struct store_place *state, const char *key);
/*
 * Make a change for the account that the operand names, and print its row; the
 * exit status.
 */
int		 quota_change(const struct ctl *c, struct quota_change *ch);

#endif
