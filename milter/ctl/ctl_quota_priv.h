/*
 * ctl_quota - what the files of `millgatectl quota` and `user` share
 *
 * ctl_quota_print.c prints rows, ctl_quota_show.c gathers them, ctl_quota.c
 * changes what is set for an account and shows its row then.
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

/* --- ctl_quota_print.c --------------------------------------------------- */

struct quota_row {
	const char	*key;
	uint32_t	 recipients, messages;
	const struct plan_rules *plan;	/* NULL: not known */
	struct store_limits limits;	/* that hold; unlimited: or not known */
	struct store_setting setting;
	time_t		 next_fit;	/* 0: now, never, or not known */
};

void		 quota_table_head(int width);
void		 quota_table_row(const struct quota_row *row, int width);
/* How wide the key is on a terminal. */
size_t		 quota_key_width(const char *key);
/* One object, without a newline. */
void		 quota_json_row(const struct quota_row *row, struct arena *a);

/* --- ctl_quota_show.c ---------------------------------------------------- */

/* The subcommand `quota show`. */
int		 ctl_quota_show(struct ctl *c, int argc, char **argv);
/* Print the row of one account; the exit status. */
int		 quota_show_key(const struct ctl *c, const char *key);
/*
 * The account that the name on the command line is counted as: a login,
 * "login NAME" for one that does not look like a login, "group NAME" and the
 * like; in the arena. NULL: it is none. `c` NULL: without a configuration.
 */
const char	*quota_account(struct arena *a, const struct conf *c,
		    const char *text);

/* --- ctl_quota.c --------------------------------------------------------- */

struct quota_change {
	bool		 reset;		/* forget what was sent; or else: */
	unsigned	 parts;		/* enum store_part */
	struct store_setting setting;
};

/*
 * Change what is set for the account that the operand names, and print what
 * holds then; the exit status.
 */
int		 quota_change(const struct ctl *c, struct quota_change *ch);

#endif
