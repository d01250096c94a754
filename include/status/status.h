/*
 * status - what the daemon tells about itself
 */
#ifndef MILLGATE_STATUS_H
#define MILLGATE_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct advice_site;
struct buf;
struct conf;
struct resolver_stats;
struct services;

/* When the daemon started. */
struct status_start {
	time_t		 time;
	uint64_t	 ticks;		/* milliseconds */
};

/*
 * Append what the status page shows as one JSON object and a newline: made
 * now, or a moment ago. It is the answer to "status" on the control socket,
 * and /status.json.
 */
void	status_json(struct services *sv, const struct status_start *start,
	    struct buf *b);

/*
 * Read the configuration of the MTA on this host, Postfix's in the directory
 * and Sendmail's file, as far as they exist and the daemon has not seen another
 * MTA. The advice about it is shown until the next look. Runs postconf(1), 15
 * seconds at most: not for a session. status_mta_end frees it.
 */
void	status_mta_look(struct services *sv, const char *postfix,
	    const char *sendmail);
/*
 * Read these files now, once, for all later looks: after the sandbox is closed
 * no program can be run. Before any thread is started.
 */
void	status_mta_read(const char *postfix, const char *sendmail);
void	status_mta_end(void);
/* What advice about an MTA depends on; it refers to `c`. */
struct advice_site status_advice_site(const struct conf *c);

/*
 * Append members to an open JSON object: the counters, and those of the DNS,
 * that several answers have.
 */
void	status_put_counters(struct services *sv, struct buf *b);
void	status_put_resolver(const struct resolver_stats *st, struct buf *b);

/*
 * Write all metrics to `path`, by way of a file beside it that is renamed, so
 * that a reader never sees half of them; mode 0644. False with *why (malloced;
 * the caller frees).
 */
bool	metrics_file_write(const char *path, struct services *sv,
	    const struct status_start *start, char **why);

#endif
