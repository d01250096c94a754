/*
 * ctl_quota - what the files of `millgatectl quota` share
 */
#ifndef MILLGATE_CTL_QUOTA_H
#define MILLGATE_CTL_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "policy/policy_rules.h"
#include "store/usage.h"

struct arena;
struct ctl;

struct quota_row {
	const char	*key;
	uint32_t	 recipients, messages;
	const struct plan_rules *plan;	/* NULL: not known */
	struct store_limits limits;	/* that hold; unlimited: or not known */
	struct store_setting setting;
	time_t		 next_fit;	/* 0: now, never, or not known */
};

/* ctl_quota_print.c */
void	quota_table_head(int width);
void	quota_table_row(const struct quota_row *row, int width);
/* How wide the key is on a terminal. */
size_t	quota_key_width(const char *key);
/* One object, without a newline. */
void	quota_json_row(const struct quota_row *row, struct arena *a);

/* ctl_quota.c: `quota show LOGIN` of a key; the exit status */
int	quota_show_key(const struct ctl *c, const char *key,
	    const char *state, bool json);

/* ctl_quota_set.c */
int	quota_set(const struct ctl *c, int argc, char **argv);
int	quota_reset(const struct ctl *c, int argc, char **argv);

#endif
