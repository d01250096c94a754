/*
 * observed - counters of each listener since the start
 *
 * They count which macros the MTA sent at which stage, what it offered in the
 * negotiation, and the verdicts on messages. The hint in the log line of a
 * refusal, `millgatectl stats' and `millgatectl doctor' use them.
 *
 * Bounds: OBSERVED_LISTENERS listeners by name (further ones share one slot),
 * a fixed table of macros, OBSERVED_RULES rules a listener. Counting takes no
 * lock and may be done by any thread. Counters are read one by one, so two of
 * them may be a message apart.
 */
#ifndef MILLGATE_OBSERVED_H
#define MILLGATE_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/facts.h"
#include "mail/verdict.h"

#define OBSERVED_LISTENERS	64
#define OBSERVED_RULES		32
#define OBSERVED_NAME		64	/* octets of a name, NUL included */

struct buf;
struct metrics_text;
struct observed;
struct observed_listener;

/*
 * The stage at which a macro is looked up. libmilter also finds macros that
 * were sent at an earlier stage of the session.
 */
enum macro_stage { AT_CONNECT, AT_HELO, AT_MAIL, AT_EOM };

struct observed_row {
	enum macro_stage stage;
	const char	*macro;
};
#define OBSERVED_ROWS		19
extern const struct observed_row observed_rows[OBSERVED_ROWS];

struct observed	*observed_new(void);
void		 observed_free(struct observed **op);

/*
 * Find or add a listener. Never NULL. The same name gives the same pointer,
 * which is valid until observed_free.
 */
struct observed_listener *observed_listener(struct observed *o,
		    const char *name);

/* Count the rows of this stage. `sent` has one element for each row. */
void		 observed_macros(struct observed_listener *l,
		    enum macro_stage stage, const enum sent *sent);
/* Count a session at this listener, and remember its MTA as the latest one. */
void		 observed_session(struct observed_listener *l,
		    const struct mta_facts *mta);
/*
 * Count the end of a message or, if `event` is "rcpt", a refused recipient.
 * `action` is the answer to the MTA. `rule` must be a static string; NULL: no
 * rule held or refused the message.
 */
void		 observed_verdict(struct observed_listener *l,
		    enum direction direction, const char *event,
		    enum action action, const char *rule);

/*
 * Count a message that was refused because its login has no domain, so that it
 * is not an address.
 */
void		 observed_bare_login(struct observed_listener *l);

/*
 * Has this macro never been sent, at any stage? A macro that is sent without a
 * value counts as sent: the MTA is configured to send it and had no value.
 */
bool		 observed_never(const struct observed_listener *l,
		    const char *macro);
/*
 * May a hint be logged now? True at most once a minute for each listener.
 * `ticks` is in milliseconds.
 */
bool		 observed_hint_due(struct observed_listener *l,
		    uint64_t ticks);

/*
 * Write the samples of one metric; its labels are
 *	sessions		listener
 *	messages		listener, direction, action
 *	recipients_refused	listener
 *	rules_held		listener, rule
 */
void		 observed_sessions(struct observed *o,
		    struct metrics_text *t);
void		 observed_messages(struct observed *o,
		    struct metrics_text *t);
void		 observed_recipients_refused(struct observed *o,
		    struct metrics_text *t);
void		 observed_rules_held(struct observed *o,
		    struct metrics_text *t);

/* Add up the messages of all listeners in one direction, by action. */
void		 observed_direction(struct observed *o, enum direction d,
		    uint64_t n[ACTION_REJECT + 1]);

/* What was counted at one listener. */
struct observed_view {
	const struct observed_listener *listener;
	const char	*name;
	uint64_t	 sessions, bare_logins;
	struct mta_facts mta;		/* of the latest session */
	char		 version[OBSERVED_NAME];	/* of the MTA */
	size_t		 nrules;
	const char	*rule[OBSERVED_RULES];	/* that held or refused */
};
/* False: there are not so many listeners. */
bool		 observed_view(struct observed *o, size_t i,
		    struct observed_view *v);

/* Append the JSON array "listeners" of the control socket to `b`. */
void		 observed_json(struct observed *o, bool macros,
		    struct buf *b);

#endif
