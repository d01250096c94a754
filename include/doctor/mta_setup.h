/*
 * mta_setup - what the configuration of Postfix or Sendmail says about filters
 *
 * Read from texts: the output of postconf(1), a sendmail.cf. Pure, and fuzzed.
 * Strings are copied into the arena. Bounds: MTA_SERVICES services,
 * MTA_SETTINGS settings of each, MTA_FILTERS filters of a list; what is more
 * is left out, lines have any length.
 */
#ifndef MILLGATE_MTA_SETUP_H
#define MILLGATE_MTA_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#define MTA_SERVICES	64
#define MTA_SETTINGS	48
#define MTA_FILTERS	16

struct arena;

/* --- words of both (mta_words.c) ------------------------------------------ */

struct mta_setting {
	const char	*name, *value;
};
struct mta_settings {
	size_t		 n;
	struct mta_setting setting[MTA_SETTINGS];
};

void		 mta_set(struct mta_settings *s, const char *name,
		    const char *value);
/* NULL: not there. */
const char	*mta_get(const struct mta_settings *s, const char *name);

/* One filter of a list, in the MTA's own words. */
struct mta_filter {
	const char	*socket;
	struct mta_settings options;
};
struct mta_filters {
	size_t		 n;
	struct mta_filter filter[MTA_FILTERS];
};

/*
 * Is the filter at `socket`, as Postfix or Sendmail write it, the one that
 * listens at `ours`, as libmilter writes it? A host name may stand for any
 * address; a path in Postfix's chroot is the end of ours.
 */
bool		 mta_is_socket(const char *socket, const char *ours);
/* "30s", "5m", "1h", "2d", "1w", "300"; MTA_NO_TIME: none of those. */
#define MTA_NO_TIME	(~0u)
unsigned	 mta_seconds(const char *text);
/* "smtp" is 25, "submission" 587, "submissions" and "smtps" 465. */
const char	*mta_port(const char *service);

/* The next word of *text, parted by any of `parts`; NULL: there is none. */
const char	*mta_word(struct arena *a, const char **text,
		    const char *parts);

/* --- Postfix (postfix_setup.c) -------------------------------------------- */

/* A service of master.cf that runs smtpd. */
struct postfix_service {
	const char	*name;		/* "submission/inet" */
	const char	*port, *address; /* address NULL: all */
	struct mta_settings own;	/* -o */
};
struct postfix_setup {
	struct mta_settings main;
	size_t		 n;
	struct postfix_service service[MTA_SERVICES];
};

/* Lines of `postconf -x NAME...', `postconf -M', `postconf -Px'. */
void		 postfix_read_main(struct arena *a, struct postfix_setup *p,
		    const char *text);
void		 postfix_read_services(struct arena *a,
		    struct postfix_setup *p, const char *text);
void		 postfix_read_own(struct arena *a, struct postfix_setup *p,
		    const char *text);
/* For this service, or for main.cf; "" when it is not known. */
const char	*postfix_value(const struct postfix_setup *p,
		    const struct postfix_service *s, const char *name);
/* smtpd_milters: "inet:host:port, { unix:path, default_action=accept }" */
void		 postfix_filters(struct arena *a, const char *text,
		    struct mta_filters *list);

/* --- Sendmail (sendmail_setup.c) ------------------------------------------ */

struct sendmail_filter {
	const char	*name, *socket, *flags;
	unsigned	 eom_seconds;	/* its timeout E */
};
struct sendmail_daemon {
	const char	*name, *port, *address;
	const char	*modifiers;	/* M=; "": none */
	const char	*filters;	/* its own list; NULL: that of all */
};
struct sendmail_setup {
	const char	*version;	/* DZ; NULL: not said */
	const char	*filters;	/* O InputMailFilters; NULL: none */
	bool		 trusts_logins;	/* by TRUST_AUTH_MECH they may relay */
	size_t		 nfilters;
	struct sendmail_filter filter[MTA_FILTERS];
	size_t		 ndaemons;
	struct sendmail_daemon daemon[MTA_SERVICES];
};

void		 sendmail_read(struct arena *a, struct sendmail_setup *s,
		    const char *text);

#endif
