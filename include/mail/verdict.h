/*
 * verdict - the decision of a judge, and its SMTP reply
 *
 * Actions are ordered by severity. Every reply has a code, an enhanced code
 * and a text: one line of printable ASCII, at most VERDICT_TEXT octets. Other
 * octets become "?", a longer text is cut.
 */
#ifndef MILLGATE_VERDICT_H
#define MILLGATE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#define VERDICT_TEXT	400

enum action {
	ACTION_ACCEPT,		/* continue */
	ACTION_TAG,		/* continue; the header shows the result */
	ACTION_HOLD,		/* the MTA's hold queue (quarantine) */
	ACTION_DEFER,		/* 4xx */
	ACTION_REJECT		/* 5xx */
};

struct verdict {
	enum action	 action;
	const char	*rule;		/* static: "auth-required", "ok"... */
	char		 code[4];	/* "550"; "" unless DEFER or REJECT */
	char		 status[8];	/* "5.7.1" */
	char		 text[VERDICT_TEXT + 1];
};

/* "accept", "tag", "hold", "defer", "reject"; never NULL. */
const char	*action_name(enum action a);

/* Rule "ok". */
struct verdict	 verdict_accept(void);
/* ACTION_TAG or ACTION_HOLD: the text is for log and header, not a reply. */
struct verdict	 verdict_note(enum action a, const char *rule,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/*
 * A refusal. `reply` is a code and an enhanced code like "550 5.7.1": 4xx
 * means ACTION_DEFER, 5xx ACTION_REJECT. A `%` in an argument is harmless.
 */
struct verdict	 verdict_refuse(const char *rule, const char *reply,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/*
 * A verdict with action `a`: ACTION_REJECT replies reject_reply, ACTION_DEFER
 * replies defer_reply, the others are notes.
 */
struct verdict	 verdict_by(enum action a, const char *rule,
		    const char *reject_reply, const char *defer_reply,
		    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The worse of two; the first when equal, unless it is a plain accept. */
struct verdict	 verdict_worse(struct verdict a, struct verdict b);
bool		 verdict_is_worse(const struct verdict *v,
		    const struct verdict *than);

#endif
