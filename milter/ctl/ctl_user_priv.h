/*
 * ctl_user - what the files of `millgatectl user` share
 *
 * Each subcommand gets its own name in argv[0] and answers with the exit
 * status.
 */
#ifndef MILLGATE_CTL_USER_H
#define MILLGATE_CTL_USER_H

struct ctl;

int	user_explain(const struct ctl *c, int argc, char **argv);

/* ctl_user_block.c */
int	user_block(const struct ctl *c, int argc, char **argv);
int	user_unblock(const struct ctl *c, int argc, char **argv);

#endif
