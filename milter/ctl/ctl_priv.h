/*
 * ctl - the subcommands of millgatectl
 *
 * Each gets its own name in argv[0], prints to stdout, complains on stderr,
 * and answers with the exit status: 0 good, 1 the answer is no, 2 usage or
 * trouble.
 */
#ifndef MILLGATE_CTL_H
#define MILLGATE_CTL_H

#include <stdbool.h>

#define CTL_GOOD	0
#define CTL_NO		1
#define CTL_TROUBLE	2

struct ctl {
	const char	*conf_path;
	bool		 json;		/* --json before the command */
};

int	ctl_check(const struct ctl *c, int argc, char **argv);
int	ctl_conf(const struct ctl *c, int argc, char **argv);
int	ctl_doctor(const struct ctl *c, int argc, char **argv);
int	ctl_key(const struct ctl *c, int argc, char **argv);
int	ctl_outcomes(const struct ctl *c, int argc, char **argv);
int	ctl_quota(const struct ctl *c, int argc, char **argv);
int	ctl_replay(const struct ctl *c, int argc, char **argv);
int	ctl_stats(const struct ctl *c, int argc, char **argv);
int	ctl_user(const struct ctl *c, int argc, char **argv);

#endif
