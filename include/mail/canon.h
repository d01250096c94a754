/*
 * canon - the canonical forms of header fields and bodies (RFC 6376 3.4)
 *
 * Pure and streaming: a body is fed in chunks of any size, and what is to be
 * hashed comes out at a sink. The result does not depend on the chunking.
 *
 * Only CRLF ends a line. A CR or LF alone is hashed as it came, since a
 * verifier sees it as it came. A body without a final CRLF gets one, unless
 * it is empty, or relaxed and nothing but blanks and empty lines.
 */
#ifndef MILLGATE_CANON_H
#define MILLGATE_CANON_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum canonicalization { CANON_SIMPLE, CANON_RELAXED };

/* "simple", "relaxed" */
const char	*canon_name(enum canonicalization how);

/* Takes what is to be hashed; `data` is gone after the call. */
typedef void	 canon_sink(void *arg, const void *data, size_t len);

/*
 * Octets gathered before the sink is called; longer runs that need no change
 * go to the sink from the caller's memory. That is the speed: text whose lines
 * stay as they are runs at memory's pace (4 GB/s and more), and text in which
 * each line changes several times, as indented code does, at about 1 GB/s: 8
 * ns a change, half of it branches that nothing can foretell. SHA-256 behind
 * it takes 1.5 GB/s at best (bench_dkim_sign).
 */
#define CANON_GATHER	4096

/* One body. The members are canon.c's. */
struct canon_body {
	enum canonicalization how;
	canon_sink	*sink;
	void		*arg;
	/* a run of blanks that ended a chunk, and a CR behind it */
	bool		 blank, blank_cr;
	/* CRLFs, and a CR behind them, that may end the body */
	size_t		 crlfs;
	bool		 cr;
	bool		 any;		/* something went to the sink */
	size_t		 n;
	char		 gather[CANON_GATHER];
};

void	canon_body_init(struct canon_body *b, enum canonicalization how,
	    canon_sink *sink, void *arg);
void	canon_body_add(struct canon_body *b, const void *data, size_t len);
/* No more data: the sink gets what is left. */
void	canon_body_finish(struct canon_body *b);

/*
 * Add one field to `out`, CRLF behind it. `value` is what stands behind the
 * colon; its folds may be CRLF or LF.
 */
void	canon_header(struct buf *out, enum canonicalization how,
	    const char *name, const char *value);

#endif
