/*
 * status - what the daemon does now, as JSON and as a page for a browser
 *
 * status.c gathers a snapshot; status_json.c and status_page.c write it. Both
 * are bounded whatever the mail was: STATUS_ACCOUNTS logins and as many groups,
 * STATUS_BLOCKS blocks, STATUS_DOMAINS author domains, STATUS_KEYS keys.
 *
 * A snapshot asks the store, and the users' database for the plans of the
 * busiest logins. To gather one takes longer the more accounts there are; so a
 * text is used for at least STATUS_FRESH milliseconds, and for STATUS_COST
 * times as long as it took to make.
 */
#ifndef MILLGATE_STATUS_PRIV_H
#define MILLGATE_STATUS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/metrics.h"
#include "base/size.h"
#include "dkim/keydir.h"
#include "dns/resolver.h"
#include "doctor/advice.h"
#include "policy/policy_block.h"
#include "session/traffic.h"
#include "status/status.h"
#include "store/usage.h"

#define STATUS_ACCOUNTS	20
#define STATUS_BLOCKS	50
#define STATUS_DOMAINS	20
#define STATUS_KEYS	200
/* Domains of the keys' database, those used last. */
#define STATUS_BASE	100
/* Octets of an account; the rest is cut, and there is no command for it. */
#define STATUS_NAME	512
#define STATUS_FRESH	500
#define STATUS_COST	20
/* Of a key directory with more keys, only those in use are listed. */
#define STATUS_KEYDIR	1000
/* Milliseconds for the plans of logins; later ones have none. */
#define STATUS_PLANS_MS	300

struct arena;
struct buf;
struct http_request;
struct http_response;
struct services;
struct setup;

/* One limit of an account. */
struct status_limit {
	enum store_unit	 unit;
	enum store_window window;
	uint64_t	 used, limit;
	bool		 set;		/* by millgatectl */
	time_t		 free;		/* 0: there is room */
	unsigned	 share;		/* percent, 0 to 999 */
};

struct status_account {
	const char	*key;
	const char	*plan;		/* NULL: none, or not known */
	uint64_t	 recipients, messages;	/* in the last hour */
	size_t		 nlimits;	/* the fullest first */
	struct status_limit limit[STORE_UNITS * STORE_WINDOWS];
	time_t		 free;		/* of all limits; 0: there is room */
	bool		 blocked;
	enum store_block block;		/* if so */
};

struct status_block {
	const char	*key;
	struct store_setting setting;
	bool		 fuse;		/* the fuse has set it */
	const char	*lift;		/* command for a shell; or NULL */
};

enum status_record {
	RECORD_NOT_CHECKED, RECORD_NOT_PUBLISHED, RECORD_DIFFERENT,
	RECORD_PUBLISHED
};

struct status_key {
	const char	*domain, *selector;
	const char	*algorithm;	/* NULL: not known */
	const char	*state;		/* static */
	time_t		 since;		/* of the state; 0: not known */
	enum status_record record;
	time_t		 checked;	/* the record; 0: not known */
};

struct status {
	struct arena	*arena;		/* owns what follows */
	struct services	*sv;
	struct setup	*setup;
	const struct status_start *start;
	time_t		 now;
	bool		 good;		/* health */
	const char	*why;		/* lines; "" */
	time_t		 minute_time;	/* begin of the last minute */
	struct traffic_minute minute[TRAFFIC_MINUTES];
	size_t		 nrules;
	struct traffic_rule rule[TRAFFIC_RULES];
	const char	*store_why;	/* NULL: the store has answered */
	size_t		 nlogins, ngroups;
	struct status_account login[STATUS_ACCOUNTS], group[STATUS_ACCOUNTS];
	size_t		 nblocks, blocks_total;
	struct status_block block[STATUS_BLOCKS];
	size_t		 ndomains;
	struct traffic_domain domain[STATUS_DOMAINS];
	struct resolver_stats dns;
	uint64_t	 dns_latency[HISTOGRAM_BOUNDS + 1];
	/* with a database, files have one half of the list at most */
	size_t		 nkeys, keys_most, keys_of[KEY_RETIRED + 1];
	size_t		 database_from;	/* before it: keys in files */
	struct status_key key[STATUS_KEYS];
	struct advice_list advice;
	/* whose configuration was read, and when; NULL: none */
	const char	*mta_read, *mta_why;	/* why not all: or NULL */
	time_t		 mta_time;
};

/* --- a snapshot (status.c) ---------------------------------------------- */

/* Never NULL; free it with status_free. */
struct status	*status_gather(struct services *sv,
		    const struct status_start *start);
void		 status_free(struct status **sp);

/*
 * The bucket below which `percent` of the lookups are, as its upper bound in
 * microseconds; 0: there were none. UINT64_MAX: above all bounds.
 */
uint64_t	 status_latency(const struct status *s, unsigned percent);
/* Messages of the last hour by column of traffic.h. */
uint64_t	 status_hour(const struct status *s, size_t column);

/* --- its parts ----------------------------------------------------------- */

void		 status_accounts(struct status *s);	/* and blocks */
void		 status_keys(struct status *s);
void		 status_advice(struct status *s);
void		 status_advise_mta(struct status *s);

/* --- texts --------------------------------------------------------------- */

/* Append the snapshot as one JSON object and a newline. */
void		 status_write_json(const struct status *s, struct buf *b);
/* Append the page. */
void		 status_write_page(const struct status *s, struct buf *b);
/*
 * The page's Content-Security-Policy: it names the digests of its own style and
 * script, and forbids all others. Static.
 */
const char	*status_policy(void);

/* The same, made now or a moment ago: /status.json and /. */
void		 status_page_json(const struct http_request *rq,
		    struct http_response *rs);
void		 status_page_html(const struct http_request *rq,
		    struct http_response *rs);

#endif
