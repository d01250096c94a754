/*
 * traffic - the messages of the last hour by minute, the rules that refused
 * them, and the DMARC results of the last day by author domain
 *
 * Counting by minute takes no lock: the minute and its count are one word. The
 * author domains have a lock of their own, which is held for microseconds.
 *
 * Bounds: TRAFFIC_MINUTES minutes, TRAFFIC_RULES rules, TRAFFIC_AUTHORS author
 * domains (about 580 KB). When all are in use, the domain with the fewest
 * messages is dropped, so that many forged domains do not displace a busy one
 * for long.
 *
 * Time is an argument: milliseconds of a clock that is never set.
 */
#ifndef MILLGATE_TRAFFIC_H
#define MILLGATE_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/facts.h"
#include "mail/verdict.h"

#define TRAFFIC_MINUTES	60
#define TRAFFIC_RULES	64
#define TRAFFIC_AUTHORS	512
#define TRAFFIC_DOMAIN	254	/* octets of a domain, NUL included */

/* Messages by action; the last column is refused recipients. */
#define TRAFFIC_RECIPIENTS	(ACTION_REJECT + 1)
#define TRAFFIC_COLUMNS		(TRAFFIC_RECIPIENTS + 1)

/* DMARC results; the last column is messages that were refused. */
#define TRAFFIC_REFUSED		(RESULT_PERMERROR + 1)
#define TRAFFIC_RESULTS		(TRAFFIC_REFUSED + 1)

struct traffic;

struct traffic	*traffic_new(void);
void		 traffic_free(struct traffic **tp);

/*
 * Count the end of a message or, if `event` is "rcpt", a refused recipient.
 * `rule` must be a static string; NULL: no rule held or refused it.
 */
void		 traffic_note(struct traffic *t, uint64_t ticks,
		    const char *event, enum action action, const char *rule);
/* Count the DMARC result of a message by its author domain. */
void		 traffic_author(struct traffic *t, uint64_t ticks,
		    const char *domain, enum result result, bool refused);

struct traffic_minute { uint64_t n[TRAFFIC_COLUMNS]; };
/* The last minutes, oldest first; the last one is not over. */
void		 traffic_hour(struct traffic *t, uint64_t ticks,
		    struct traffic_minute minute[TRAFFIC_MINUTES]);

struct traffic_rule {
	const char	*name;
	uint64_t	 hour, total;	/* total: since the start */
};
/* Most refusals in the hour first; the number of rules. */
size_t		 traffic_rules(struct traffic *t, uint64_t ticks,
		    struct traffic_rule rule[TRAFFIC_RULES]);

struct traffic_domain {
	char		 domain[TRAFFIC_DOMAIN];
	uint64_t	 messages, n[TRAFFIC_RESULTS];
};
/* Up to `max` domains of the last day, most messages first; their number. */
size_t		 traffic_authors(struct traffic *t, uint64_t ticks,
		    struct traffic_domain *domain, size_t max);

#endif
