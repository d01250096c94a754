/*
 * sendmail_plan - millgate's block in an .mc file of Sendmail
 *
 * Pure. `millgatectl setup sendmail' shows, inserts and removes the block. It
 * lies between two lines of comment, by which it is found again. All strings
 * belong to the arena.
 */
#ifndef MILLGATE_SENDMAIL_PLAN_H
#define MILLGATE_SENDMAIL_PLAN_H

#include <stdbool.h>

struct arena;

/* Millgate's own configuration, as far as the block depends on it. */
struct mc_site {
	const char	*socket;		/* libmilter's syntax */
	unsigned	 lookup_seconds;	/* resolver { timeout } */
};

struct mc_plan {
	/* why no plan can be made, and what to write; NULL: there is one */
	const char	*refusal;
	const char	*block;		/* its lines; NULL: of an undo */
	const char	*after;		/* the new text of the file */
	bool		 changes;	/* it differs from the old text */
	unsigned	 line;		/* where the block begins, from 1 */
	/* names of the filters in the order in which they run */
	const char	*order;
	/* confRUN_AS_USER; NULL: Sendmail runs as root */
	const char	*user;
};

/* Insert the block before the first MAILER line, or replace an old one. */
void	mc_plan_make(struct arena *a, const char *text,
	    const struct mc_site *site, struct mc_plan *plan);
/* Remove the block; without one nothing changes. */
void	mc_plan_undo(struct arena *a, const char *text, struct mc_plan *plan);

#endif
