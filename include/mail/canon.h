/*
 * canon - the canonical forms of header fields and bodies (RFC 6376 3.4)
 *
 * Pure and streaming: the caller feeds a body in chunks of any size, and a
 * sink receives the octets to hash. The result does not depend on the chunks.
 *
 * Only CRLF ends a line. A bare CR or LF is hashed unchanged, because the
 * verifier sees it unchanged. A body without a final CRLF gets one, unless
 * it is empty, or relaxed and made of blanks and empty lines only.
 */
#ifndef MILLGATE_CANON_H
#define MILLGATE_CANON_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum canonicalization { CANON_SIMPLE, CANON_RELAXED };

/* "simple", "relaxed" */
const char	*canon_name(enum canonicalization how);

/* Receives the octets to hash; `data` is valid during the call only. */
typedef void	 canon_sink(void *arg, const void *data, size_t len);

/*
 * Octets gathered before the sink is called. Longer runs that need no change
 * go to the sink directly from the caller's memory. Text whose lines need no
 * change therefore passes at the speed of memory (4 GB/s and more). Text in
 * which each line changes several times, such as indented code, passes at
 * about 1 GB/s: 8 ns a change, half of it mispredicted branches. The SHA-256
 * of the sink does 1.5 GB/s at best (bench_dkim_sign).
 */
#define CANON_GATHER	4096

/* The state of one body; its members are private to canon.c. */
struct canon_body {
	enum canonicalization how;
	canon_sink	*sink;
	void		*arg;
	/* a run of blanks at the end of a chunk, and a CR after it */
	bool		 blank, blank_cr;
	/* CRLFs, and a CR after them, that may end the body */
	size_t		 crlfs;
	bool		 cr;
	bool		 any;		/* something went to the sink */
	size_t		 n;
	char		 gather[CANON_GATHER];
};

void	canon_body_init(struct canon_body *b, enum canonicalization how,
	    canon_sink *sink, void *arg);
void	canon_body_add(struct canon_body *b, const void *data, size_t len);
/* The body is complete; the rest goes to the sink. */
void	canon_body_finish(struct canon_body *b);

/*
 * Append one field and CRLF to `out`. `value` is the text after the colon;
 * its folds may be CRLF or LF.
 */
void	canon_header(struct buf *out, enum canonicalization how,
	    const char *name, const char *value);

#endif
