/*
 * ctl_doctor - a diagnosis of the MTA, and its printing
 *
 * Gathered by ctl_doctor.c, printed by ctl_doctor_print.c.
 */
#ifndef MILLGATE_CTL_DOCTOR_H
#define MILLGATE_CTL_DOCTOR_H

#include <stdbool.h>

#include "doctor/advice.h"

struct conf;
struct ctl;
struct json;
struct probed;

struct diagnosis {
	struct arena	*arena;
	const struct json *daemon;	/* the daemon's answer; NULL: none */
	/* path of the configuration that was read; NULL: none */
	const char	*postfix, *sendmail;
	const struct probed *probe;	/* the databases */
	size_t		 nprobes;
	struct advice_list advice;
	size_t		 ours;		/* the first ones concern millgate */
};

/* ctl_doctor_keys.c: add advice about keys that wait for their record. */
void	doctor_keys(const struct ctl *c, const struct conf *conf,
	    struct advice_list *advice);
/* ctl_doctor_databases.c: ask them; add advice about those that fail. */
void	doctor_databases(struct conf *conf, struct diagnosis *d);
void	doctor_print(const struct diagnosis *d);
/* `answer` is the text of d->daemon. */
void	doctor_print_json(const struct diagnosis *d, const char *answer);

#endif
