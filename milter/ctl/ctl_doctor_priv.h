/*
 * ctl_doctor - the parts of millgatectl doctor
 */
#ifndef MILLGATE_CTL_DOCTOR_H
#define MILLGATE_CTL_DOCTOR_H

#include <stdbool.h>

#include "doctor/advice.h"

struct json;

/* What was found out, and what is advised. */
struct diagnosis {
	struct arena	*arena;
	const struct json *daemon;	/* its answer; NULL: none */
	const char	*postfix, *sendmail;	/* where they were read; NULL */
	struct advice_list advice;
};

void	doctor_print(const struct diagnosis *d);
void	doctor_print_json(const struct diagnosis *d, const char *answer);

#endif
