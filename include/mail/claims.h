/*
 * claims - whose trace field is it? What the readers of Authentication-Results
 * and of Received-SPF share: blanks and comments, quoted words, names
 *
 * A field that another program could take for ours must be recognised, or a
 * sender can bring his own results. Where a text cannot be read, the mere
 * presence of our name decides.
 */
#ifndef MILLGATE_CLAIMS_H
#define MILLGATE_CLAIMS_H

#include <stdbool.h>

struct buf;

struct scan {
	const char	*p, *end;
};

/* Blanks, folds and comments; false: a comment does not end. */
bool	scan_cfws(struct scan *s);
/* At a quote: what is quoted is added to `out`; false: it does not end. */
bool	scan_quoted(struct scan *s, struct buf *out);

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_CANNOT_TELL };

/*
 * Two names: without regard to case and to a dot at the end, and in A-label
 * or U-label form alike.
 */
enum answer claims_same(const char *a, const char *b);
/* `name` (ASCII) stands in `text` as a word of its own, in any case. */
bool	claims_mentioned(const char *text, const char *name);
/*
 * Or it would, were all dropped that a program may drop between two letters:
 * blanks, quotes, backslashes, closed comments.
 */
bool	claims_mentioned_somehow(const char *text, const char *name);

/*
 * True when the value of an Authentication-Results field claims this
 * authserv-id: in any case, with comments, folds, quotes, a version number,
 * as A-label or U-label (RFC 8601 2.2). A value that cannot be parsed up to
 * its id claims every id that it contains as a word.
 */
bool	authres_claims(const char *value, const char *authserv_id);

#endif
