/*
 * mta_words - sockets, times and lists as Postfix and Sendmail write them
 *
 * Pure, and fuzzed. Strings are copied into the arena.
 * Bounds: MTA_SERVICES services, MTA_SETTINGS settings of each, MTA_FILTERS
 * filters of a list; further ones are ignored. Lines may have any length.
 */
#ifndef MILLGATE_MTA_WORDS_H
#define MILLGATE_MTA_WORDS_H

/* Where the configuration is, if nothing else is said. */
#define MTA_POSTFIX_DIR	"/etc/postfix"
#define MTA_SENDMAIL_CF	"/etc/mail/sendmail.cf"

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

/*
 * Add or replace a setting: as in Postfix, the last one of a name counts. The
 * strings are not copied.
 */
void		 mta_set(struct mta_settings *s, const char *name,
		    const char *value);
/* NULL: it is not set. */
const char	*mta_get(const struct mta_settings *s, const char *name);

/* One filter of a list; the socket in the MTA's syntax. */
struct mta_filter {
	const char	*socket;
	struct mta_settings options;
};
struct mta_filters {
	size_t		 n;
	struct mta_filter filter[MTA_FILTERS];
};

/*
 * Does `socket`, in the syntax of Postfix or Sendmail, lead to the filter that
 * listens at `ours`, in libmilter's syntax? A host name matches any address.
 * A path in Postfix's chroot matches if it is the end of our path.
 */
bool		 mta_is_socket(const char *socket, const char *ours);
/*
 * Seconds of "30s", "5m", "1h", "2d", "1w" or "300". MTA_NO_TIME: `text` has
 * another syntax.
 */
#define MTA_NO_TIME	(~0u)
unsigned	 mta_seconds(const char *text);
/*
 * The time for the end of a message, if millgate waits so long for its lookups:
 * as in contrib, or long enough for all the rest.
 */
unsigned	 mta_eom_seconds(unsigned lookup_seconds);
/*
 * The port of a service name: "smtp" is "25", "submission" "587",
 * "submissions" and "smtps" "465". Other names are returned as they are.
 */
const char	*mta_port(const char *service);

/*
 * The next word of *text; words are separated by any octets of `parts`. NULL:
 * there is none.
 */
const char	*mta_word(struct arena *a, const char **text,
		    const char *parts);

#endif
