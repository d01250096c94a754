/*
 * sendmail_setup - the filters and daemons of a sendmail.cf
 *
 * Pure, and fuzzed; the bounds are those of mta_words.h.
 */
#ifndef MILLGATE_SENDMAIL_SETUP_H
#define MILLGATE_SENDMAIL_SETUP_H

#include "doctor/mta_words.h"

struct sendmail_filter {
	const char	*name, *socket, *flags;
	unsigned	 eom_seconds;	/* timeout E */
};
struct sendmail_daemon {
	const char	*name, *port, *address;
	const char	*modifiers;	/* M=; "": none */
	const char	*filters;	/* its own; NULL: O InputMailFilters */
};
struct sendmail_setup {
	const char	*version;	/* DZ; NULL: unknown */
	const char	*filters;	/* O InputMailFilters; NULL: none */
	bool		 trusts_logins;	/* TRUST_AUTH_MECH: logins may relay */
	size_t		 nfilters;
	struct sendmail_filter filter[MTA_FILTERS];
	size_t		 ndaemons;
	struct sendmail_daemon daemon[MTA_SERVICES];
};

/* `text` is the whole file. */
void		 sendmail_read(struct arena *a, struct sendmail_setup *s,
		    const char *text);

#endif
