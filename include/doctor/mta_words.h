/*
 * mta_words - sockets, times and lists as Postfix and Sendmail write them
 *
 * Pure, and fuzzed. Strings are copied into the arena.
 * Bounds: MTA_SERVICES services, MTA_SETTINGS settings of each, MTA_FILTERS
 * filters of a list; more are left out, lines have any length.
 */
#ifndef MILLGATE_MTA_WORDS_H
#define MILLGATE_MTA_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define MTA_SERVICES	64
#define MTA_SETTINGS	48
#define MTA_FILTERS	16

struct arena;

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

#endif
