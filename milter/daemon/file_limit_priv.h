/*
 * file_limit - the limit of open files: each session needs one
 */
#ifndef MILLGATE_FILE_LIMIT_PRIV_H
#define MILLGATE_FILE_LIMIT_PRIV_H

struct services;

struct file_limit {
	/*
	 * Sessions that can be served, and connections that can be open: the
	 * others of these get a reply with the reason.
	 */
	unsigned	sessions, connections;
	/* the limit that max-sessions needs */
	unsigned long	needed;
};

/* Raise the limit as far as allowed. */
void	file_limit_raise(void);
/*
 * What `files` are enough for, if the resolver may use `lookups` of them, HTTP
 * clients and databases `others`; and what `wanted` sessions need.
 */
struct file_limit file_limit_share(unsigned long files, unsigned lookups,
	    unsigned others, unsigned wanted);
/*
 * Set the ceiling of sessions to what the limit allows. If that is less than
 * max-sessions, warn, and say what to change.
 */
void	file_limit_check(struct services *sv);

#endif
