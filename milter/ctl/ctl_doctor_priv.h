/*
 * ctl_doctor - the parts of millgatectl doctor
 */
#ifndef MILLGATE_CTL_DOCTOR_H
#define MILLGATE_CTL_DOCTOR_H

#include <stdbool.h>

#include "doctor/advice.h"

struct buf;
struct json;

/* What was found out, and what is advised. */
struct diagnosis {
	struct arena	*arena;
	const struct json *daemon;	/* its answer; NULL: none */
	const char	*postfix, *sendmail;	/* where they were read; NULL */
	struct advice_list advice;
};

/*
 * The configuration of Postfix in `dir`, by postconf(1). False with the
 * reason on stderr.
 */
bool	doctor_read_postfix(struct arena *a, const char *dir,
	    struct postfix_setup *p);
/* A sendmail.cf. */
bool	doctor_read_sendmail(struct arena *a, const char *path,
	    struct sendmail_setup *s);

void	doctor_print(const struct diagnosis *d);
void	doctor_print_json(const struct diagnosis *d, const char *answer);

#endif
