/*
 * advice - which setting of the MTA should be changed, and how
 *
 * Pure: observations and configuration in, advice out. advice.c judges the
 * macros and the protocol that the daemon has observed; advice_daemon.c the
 * daemon itself; advice_postfix.c and advice_sendmail.c the configuration of
 * the MTA.
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
struct postfix_service;
struct postfix_setup;
struct sendmail_setup;
struct session_rules;

struct advice {
	const char	*id;		/* static: "fail-open" */
	const char	*where;		/* "main.cf", "submission/inet, mx" */
	const char	*text;		/* the fault, and its consequence */
	const char	*change;	/* the line or command to write */
};

struct advice_list {
	struct arena	*arena;		/* owns all strings */
	size_t		 n;
	struct advice	 item[ADVICE_ITEMS];
};

/*
 * Add one advice. The same `id` and `change` at several places become one item
 * that lists the places. After ADVICE_ITEMS items nothing is added.
 */
void	advice_add(struct advice_list *l, const char *id, const char *where,
	    const char *change, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));

/* The parts of millgate's own configuration that the advice depends on. */
struct advice_site {
	const char	*socket;		/* libmilter's syntax */
	unsigned	 lookup_seconds;	/* resolver { timeout } */
	const struct session_rules *const *listeners;
	size_t		 nlisteners;
	bool		 trust_logins;	/* trust-authenticated = yes */
	const char *const *sender_maps;	size_t nsender_maps;
	bool		 reads_lmdb;	/* built with liblmdb */
};

/* Add advice about the MTA's configuration. */
void	advice_postfix(struct advice_list *l, const struct advice_site *site,
	    const struct postfix_setup *p);
/* Called by it: the tables of owners of one service for submission. */
void	advice_owners(struct advice_list *l, const struct advice_site *site,
	    const struct postfix_setup *p, const struct postfix_service *s);
void	advice_sendmail(struct advice_list *l, const struct advice_site *site,
	    const struct sendmail_setup *s);

/* Add advice: the only signing key of a domain was never seen in the DNS. */
void	advice_pending_key(struct advice_list *l, const char *domain);

/* Add advice: a key signs, and its record is missing or another one. */
void	advice_key_record(struct advice_list *l, const char *domain,
	    const char *selector, const char *why);

/* What became of the question to the daemon. */
enum daemon_answer {
	DAEMON_ANSWERED,
	DAEMON_DOWN,		/* nobody listens on its control socket */
	DAEMON_DENIED,		/* this user may not ask */
	DAEMON_OFF,		/* control-socket = none */
	DAEMON_SILENT,		/* no answer in time, or not a whole one */
	DAEMON_OLD		/* it does not know the question */
};

struct advice_daemon {
	enum daemon_answer answer;
	const char	*control;	/* path of the control socket */
	const char	*state;		/* as configured */
	const char	*server;	/* the first one; NULL: of the system */
	/* of the answer */
	uint64_t	 lookups_failing; /* DNS, since the last answer */
	uint64_t	 store_failures; /* since the start */
	uint64_t	 store_failure_age;	/* seconds since the last */
	uint64_t	 held;		/* messages since the start */
	uint64_t	 held_age;	/* seconds since the last */
	const char	*not_limited;	/* by the sandbox; NULL or "": all is */
	bool		 keys_swappable; /* not locked in memory */
};

/* Fewer can be the fault of one domain. */
#define ADVICE_LOOKUPS		20
/* Older failures and messages are not reported. */
#define ADVICE_STORE_SECONDS	600
#define ADVICE_HELD_SECONDS	86400

/* Add advice about the daemon itself: does it run, and does its work fail? */
void	advice_daemon(struct advice_list *l, const struct advice_daemon *d);

/* The daemon's observations at one listener since it started. */
struct advice_seen {
	const char	*listener;
	uint64_t	 sessions;
	struct mta_facts mta;		/* of the latest session */
	bool		 unbound;	/* logins are not bound to addresses */
	/* messages refused because a login has no domain, and none is set */
	uint64_t	 bare_logins;
	/* advice_postfix() or advice_sendmail() has judged the MTA */
	bool		 setup_known;
	policy_never_fn	*never;
	const void	*never_arg;
};

/*
 * Add advice about the protocol, about logins at inbound listeners, and about
 * logins that are not addresses.
 */
void	advice_session(struct advice_list *l, const struct advice_seen *seen);
/* Add advice if mail is refused by `rule` because a macro was never sent. */
void	advice_refusals(struct advice_list *l,
	    const struct advice_seen *seen, const char *rule);

#endif
