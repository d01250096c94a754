/*
 * postfix_plan - which lines of main.cf make Postfix use millgate, and which
 * take that back
 *
 * Pure. `millgatectl setup postfix' shows a plan, and makes it with
 * postconf(1). It keeps a record of what it has changed, so that --undo
 * restores exactly those lines. All strings belong to the arena, or are static.
 */
#ifndef MILLGATE_POSTFIX_PLAN_H
#define MILLGATE_POSTFIX_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "doctor/postfix_setup.h"

#define PLAN_LINES	5

struct buf;

struct plan_line {
	const char	*name;		/* static */
	const char	*before;	/* in main.cf; NULL: not set there */
	const char	*applies;	/* the same, or Postfix's default */
	const char	*after;		/* NULL: to be removed from main.cf */
	/* `before` without millgate, if somebody else has changed it since */
	const char	*undo;
	const char	*reason;
};
struct postfix_plan {
	/* why no plan can be made, and what to write; NULL: there is one */
	const char	*refusal;
	size_t		 n;
	struct plan_line line[PLAN_LINES];
	const char	*socket;	/* millgate's, in Postfix's syntax */
	/* the milters in the order in which they run */
	struct mta_filters smtp, local;
	/* services of master.cf with their own smtpd_milters; "": none */
	const char	*own;
};

/* The part of millgate's configuration that the plan depends on. */
struct plan_site {
	const char	*socket;		/* libmilter's syntax */
	unsigned	 lookup_seconds;	/* resolver { timeout } */
	/* millgate's socket of the last --apply; NULL: there was none */
	const char	*former;
};

/*
 * Read the output of `postconf -n': the parameters that are set in main.cf, as
 * they are written there. Parameters that no plan changes are ignored.
 */
void	postfix_plan_read(struct arena *a, struct mta_settings *set,
	    const char *text);
/* Make *plan. A plan of no lines means that all is as it should be. */
void	postfix_plan_make(struct arena *a, const struct postfix_setup *p,
	    const struct mta_settings *set, const struct plan_site *site,
	    struct postfix_plan *plan);

/* --- taking it back: postfix_plan_undo.c --------------------------------- */

/* What --apply has changed: for each parameter `before` and `after`. */
struct plan_record {
	const char	*socket;	/* millgate's in main.cf; NULL: none */
	size_t		 n;
	struct plan_line line[PLAN_LINES];
};

/* False: it is not a record; *wrong is its first wrong line. */
bool	plan_record_parse(struct arena *a, const char *text,
	    struct plan_record *r, const char **wrong);
void	plan_record_format(const struct plan_record *r, struct buf *b);
/*
 * Add a plan: the oldest `before` of a parameter and the newest `after`. Where
 * somebody else has changed it since, `undo` of the plan is the new `before`.
 */
void	plan_record_add(struct plan_record *r, const struct postfix_plan *plan);
/*
 * The plan that restores the lines of `r`. A parameter that somebody has
 * changed since is not in it, but in *changed.
 */
void	plan_record_undo(const struct plan_record *r,
	    const struct mta_settings *set, struct postfix_plan *plan,
	    struct plan_record *changed);

#endif
