/*
 * verdict - what a judge decided, and the reply that says so
 *
 * Ordered by severity, so that the worse of two is the greater. Every reply
 * has code, enhanced code and text: one line of printable ASCII, at most
 * VERDICT_TEXT octets; what does not fit that is replaced by "?" or cut, by
 * the writer here.
 */
#ifndef MILLGATE_VERDICT_H
#define MILLGATE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#define VERDICT_TEXT	400

enum action {
	ACTION_ACCEPT,		/* go on */
	ACTION_TAG,		/* go on; the header says what was found */
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

struct verdict	 verdict_accept(void);
/* ACTION_TAG or ACTION_HOLD: text is for log and header, not a reply. */
struct verdict	 verdict_note(enum action a, const char *rule,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/*
 * A refusal. `reply` is "550 5.7.1" or "451 4.7.1": the code decides between
 * DEFER and REJECT. A `%` in an argument is harmless.
 */
struct verdict	 verdict_refuse(const char *rule, const char *reply,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/*
 * What `a` asks for, worded by it: REJECT answers reject_reply, DEFER answers
 * defer_reply, the others are notes.
 */
struct verdict	 verdict_by(enum action a, const char *rule,
		    const char *reject_reply, const char *defer_reply,
		    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The worse of two; the first when equal, unless it is a plain accept. */
struct verdict	 verdict_worse(struct verdict a, struct verdict b);

#endif
