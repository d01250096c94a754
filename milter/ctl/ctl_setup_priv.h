/*
 * ctl_setup - millgatectl setup: the MTA uses millgate, or no longer does
 *
 * The decisions are pure, in doctor/postfix_plan.h and doctor/sendmail_plan.h.
 */
#ifndef MILLGATE_CTL_SETUP_H
#define MILLGATE_CTL_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl_priv.h"

struct buf;
struct conf;

int	ctl_setup_postfix(struct ctl *c, int argc, char **argv);
int	ctl_setup_sendmail(struct ctl *c, int argc, char **argv);

enum setup_action { SETUP_SHOW, SETUP_APPLY, SETUP_UNDO };
/* Take --apply or --undo. False: both were given, which is reported. */
bool	setup_action(enum setup_action *action, enum setup_action given);

/* --- ctl_setup_files.c: files beside the MTA's configuration -------------- */

/*
 * Append the file; true if it does not exist. It must belong to root or to the
 * caller, because the caller acts on its contents. False: the reason is on
 * stderr.
 */
bool	setup_file_read(const char *path, struct buf *b);
/*
 * Write the file anew under another name, and rename it. Owner and mode are
 * those of the file `like`, which may be `path` itself. False: the reason is on
 * stderr.
 */
bool	setup_file_write(const char *path, const char *like, const char *text,
	    size_t len);

/*
 * If the MTA runs as `user`, which may not connect to millgate's unix socket,
 * print how it may. Returns false then.
 */
bool	setup_may_connect(const struct conf *conf, const char *user);

#endif
