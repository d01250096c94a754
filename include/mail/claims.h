/*
 * claims - find trace fields that claim to be ours
 *
 * Programs after us trust results under our name. So every field that they
 * could read as ours must be found and deleted, else a sender could forge
 * results. A field that cannot be parsed counts as ours when it contains our
 * name. The scanner and the comparisons also serve the reader of
 * Received-SPF (spf_received_claims.c).
 */
#ifndef MILLGATE_CLAIMS_H
#define MILLGATE_CLAIMS_H

#include <stdbool.h>

struct buf;

struct scan {
	const char	*p, *end;
};

/* Skip blanks, folds and comments; false: a comment does not end. */
bool	scan_cfws(struct scan *s);
/* Add a quoted string to `out`, unquoted; false: it does not end. */
bool	scan_quoted(struct scan *s, struct buf *out);

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_CANNOT_TELL };

/*
 * Compare two names. Case and a final dot do not matter; the A-label and the
 * U-label form of a name are the same.
 */
enum answer claims_same(const char *a, const char *b);
/* True when `text` contains `name` (ASCII) as a whole word, in any case. */
bool	claims_mentioned(const char *text, const char *name);
/*
 * The same, also after removing everything that a program may ignore between
 * two letters: blanks, quotes, backslashes, closed comments.
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
