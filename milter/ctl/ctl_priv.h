/*
 * ctl - the subcommands of millgatectl
 *
 * argv[0] of a subcommand is its own name. It prints data to stdout and errors
 * to stderr, and returns the exit status.
 */
#ifndef MILLGATE_CTL_H
#define MILLGATE_CTL_H

#include <stdbool.h>

#define CTL_GOOD	0
#define CTL_NO		1	/* the answer is no */
#define CTL_TROUBLE	2	/* a wrong command line, or other trouble */

/* The options that subcommands share, and the operands of the command line. */
struct ctl {
	const char	*conf_path;	/* -c, before the subcommand */
	bool		 json;		/* --json, before it or among its own */
	const char	*state;		/* --state; NULL: as configured */
	int		 noperands;
	char		**operand;
};

int	ctl_check(struct ctl *c, int argc, char **argv);
int	ctl_conf(struct ctl *c, int argc, char **argv);
int	ctl_doctor(struct ctl *c, int argc, char **argv);
int	ctl_import(struct ctl *c, int argc, char **argv);
int	ctl_key(struct ctl *c, int argc, char **argv);
int	ctl_outcomes(struct ctl *c, int argc, char **argv);
int	ctl_quota(struct ctl *c, int argc, char **argv);
int	ctl_replay(struct ctl *c, int argc, char **argv);
int	ctl_setup(struct ctl *c, int argc, char **argv);
int	ctl_stats(struct ctl *c, int argc, char **argv);
int	ctl_top(struct ctl *c, int argc, char **argv);
int	ctl_upgrade(struct ctl *c, int argc, char **argv);
int	ctl_user(struct ctl *c, int argc, char **argv);

#endif
