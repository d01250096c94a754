/*
 * advice - which setting of the MTA to change, in words
 *
 * Pure: what was observed and configured in, sentences out. advice.c judges
 * what sessions have shown, advice_postfix.c and advice_sendmail.c the
 * settings of the MTA.
 */
#ifndef MILLGATE_ADVICE_H
#define MILLGATE_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/facts.h"
#include "policy/policy_hint.h"

#define ADVICE_ITEMS	64

struct arena;
struct postfix_setup;
struct sendmail_setup;
struct session_rules;

/* What is to be changed, and how. */
struct advice {
	const char	*id;		/* static: "fail-open" */
	const char	*where;		/* "main.cf", "submission/inet, mx" */
	const char	*text;		/* what is wrong, and what comes of it */
	const char	*change;	/* the line or command that mends it */
};

/* The same change at several places is one advice; what is more is left out. */
struct advice_list {
	struct arena	*arena;
	size_t		 n;
	struct advice	 item[ADVICE_ITEMS];
};

void	advice_add(struct advice_list *l, const char *id, const char *where,
	    const char *change, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));

/* millgate's side: where it listens, and for whom. */
struct advice_site {
	const char	*socket;		/* libmilter's syntax */
	unsigned	 lookup_seconds;	/* resolver's timeout */
	const struct session_rules *const *listeners;
	size_t		 nlisteners;
	bool		 trust_logins;	/* any, inbound: trust-authenticated */
};

/* What to change in this configuration so that millgate gets what it needs. */
void	advice_postfix(struct advice_list *l, const struct advice_site *site,
	    const struct postfix_setup *p);
void	advice_sendmail(struct advice_list *l, const struct advice_site *site,
	    const struct sendmail_setup *s);

/* What the daemon has seen at one listener since it started. */
struct advice_seen {
	const char	*listener;
	uint64_t	 sessions;
	struct mta_facts mta;		/* of the latest session */
	bool		 unbound;	/* its logins are bound to nothing */
	/* the MTA's configuration has been judged by itself */
	bool		 setup_known;
	policy_never_fn	*never;
	const void	*never_arg;
};

/* About how the MTA speaks to us; and about refusals by one rule. */
void	advice_session(struct advice_list *l, const struct advice_seen *seen);
void	advice_refusals(struct advice_list *l,
	    const struct advice_seen *seen, const char *rule);

#endif
