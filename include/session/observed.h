/*
 * observed - what has been seen since the start, listener by listener
 *
 * Which macros the MTA sent at which stage, what it offered when it
 * negotiated, and what became of the messages. The hint in a refusal's log
 * line, `millgatectl stats' and `millgatectl doctor' are made of it.
 *
 * Bounds: OBSERVED_LISTENERS listeners by name (more share one slot), a fixed
 * table of macros, OBSERVED_RULES rules a listener. Counting is lock-free and
 * callable from any thread; counters are read one by one, so two of them may
 * be a message apart.
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
struct observed;
struct observed_listener;

/* When we looked; libmilter shows what earlier stages brought, too. */
enum macro_stage { AT_CONNECT, AT_HELO, AT_MAIL, AT_EOM };

struct observed_row {
	enum macro_stage stage;
	const char	*macro;
};
#define OBSERVED_ROWS		19
extern const struct observed_row observed_rows[OBSERVED_ROWS];

struct observed	*observed_new(void);
void		 observed_free(struct observed **op);

/* Never NULL; the same pointer for the same name until observed_free. */
struct observed_listener *observed_listener(struct observed *o,
		    const char *name);

/* `sent` has what was found for each row; rows of this stage are counted. */
void		 observed_macros(struct observed_listener *l,
		    enum macro_stage stage, const enum sent *sent);
/* A session came to this listener; its MTA is the latest one. */
void		 observed_session(struct observed_listener *l,
		    const struct mta_facts *mta);
/*
 * The end of a message, or (`event` "rcpt") a refused recipient. `action` is
 * what the MTA was answered; `rule` NULL: none held or refused it.
 */
void		 observed_verdict(struct observed_listener *l,
		    const char *event, enum action action, const char *rule);

/*
 * At no stage was this macro ever sent here. An MTA that sends it without a
 * value has said that there is none, and nothing is wrong with its settings.
 */
bool		 observed_never(const struct observed_listener *l,
		    const char *macro);
/* True once a minute: a hint may be logged. `ticks` in milliseconds. */
bool		 observed_hint_due(struct observed_listener *l,
		    uint64_t ticks);

/* The JSON array "listeners" of the control socket; with all macros or not. */
void		 observed_json(struct observed *o, bool macros,
		    struct buf *b);

#endif
