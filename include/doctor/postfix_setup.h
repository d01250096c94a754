/*
 * postfix_setup - the configuration of Postfix, from the output of postconf(1)
 *
 * Pure, and fuzzed; the bounds are those of mta_words.h.
 */
#ifndef MILLGATE_POSTFIX_SETUP_H
#define MILLGATE_POSTFIX_SETUP_H

#include "doctor/mta_words.h"

/* A service of master.cf that runs smtpd. */
struct postfix_service {
	const char	*name;		/* "submission/inet" */
	const char	*port, *address; /* address NULL: all */
	bool		 chroot;
	struct mta_settings own;	/* -o */
};
struct postfix_setup {
	struct mta_settings main;
	bool		 cleanup_chroot; /* of mail from sendmail(1) */
	size_t		 n;
	struct postfix_service service[MTA_SERVICES];
};

/* What postconf(1) is asked, in this order. */
enum postfix_question { POSTFIX_MAIN, POSTFIX_SERVICES, POSTFIX_OWN };
/* Its arguments behind `-c DIR', at most 25 words; NULL-terminated, static. */
const char *const *postfix_question(enum postfix_question q);
/* Read its output. */
void		 postfix_read(struct arena *a, struct postfix_setup *p,
		    enum postfix_question q, const char *text);
/* The output of `postconf -x NAME...'. */
void		 postfix_read_main(struct arena *a, struct postfix_setup *p,
		    const char *text);
/* The output of `postconf -M'. */
void		 postfix_read_services(struct arena *a,
		    struct postfix_setup *p, const char *text);
/* The output of `postconf -Px'; call it after postfix_read_services. */
void		 postfix_read_own(struct arena *a, struct postfix_setup *p,
		    const char *text);
/*
 * A parameter's value for this service, or for main.cf if `s` is NULL or does
 * not set it. "": it is unknown.
 */
const char	*postfix_value(const struct postfix_setup *p,
		    const struct postfix_service *s, const char *name);
/*
 * Our socket in Postfix's syntax. A path below the queue directory is relative
 * to it, so that it is right in a chroot, too.
 */
const char	*postfix_socket(struct arena *a, const struct postfix_setup *p,
		    const char *ours);
/*
 * Does the path `socket` of main.cf lead a service to our path? True also for
 * inet sockets, and if the queue directory is unknown.
 */
bool		 postfix_reaches(struct arena *a,
		    const struct postfix_setup *p, bool chroot,
		    const char *socket, const char *ours);
/* Parse "inet:host:port, { unix:path, default_action=accept }". */
void		 postfix_filters(struct arena *a, const char *text,
		    struct mta_filters *list);

#endif
