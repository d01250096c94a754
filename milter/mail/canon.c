/*
 * canon - the canonical forms of header fields and bodies (RFC 6376 3.4)
 *
 * A body passes two stages. The first one, for relaxed only, reduces blanks.
 * It searches 16 octets at a time for places that need a change, and gathers
 * the runs between them. The second stage, for both forms, receives blocks
 * and holds back the CRLFs that may end the body. Each stage reads an octet
 * once.
 */
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "mail/canon.h"

/* Runs of at least this length are passed on without a copy. */
#define DIRECT		512
/* A shorter piece is copied together with the octets after it. */
#define SHORT		16

#define CRLF8	"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"

static const char space_cr[] = " \r";

/* 16 octets at once; the compiler uses the CPU's vector instructions. */
typedef unsigned char octets __attribute__((vector_size(16)));
typedef uint64_t words __attribute__((vector_size(16)));

const char *
canon_name(enum canonicalization how)
{
	return how == CANON_SIMPLE ? "simple" : "relaxed";
}

void
canon_body_init(struct canon_body *b, enum canonicalization how,
    canon_sink *sink, void *arg)
{
	memset(b, 0, offsetof(struct canon_body, gather));
	b->how = how;
	b->sink = sink;
	b->arg = arg;
}

/* --- output ------------------------------------------------------------ */

static void
emit(struct canon_body *b, const char *p, size_t len)
{
	b->any = true;
	b->sink(b->arg, p, len);
}

static void
emit_held(struct canon_body *b)
{
	static const char	lines[] = CRLF8 CRLF8 CRLF8 CRLF8;
	size_t			n;

	for (; b->crlfs > 0; b->crlfs -= n) {
		n = b->crlfs < sizeof(lines) / 2 ? b->crlfs :
		    sizeof(lines) / 2;
		emit(b, lines, n * 2);
	}
	if (b->cr)
		emit(b, "\r", 1);
	b->cr = false;
}

/* --- second stage: CRLFs that may end the body ------------------------- */

/* p is the octet after a CR that ended the last chunk: was that a CRLF? */
static const char *
settle_cr(struct canon_body *b, const char *p)
{
	if (*p == '\n') {
		b->cr = false;
		b->crlfs++;
		return p + 1;
	}
	emit_held(b);
	return p;
}

static void
hold_trailing(struct canon_body *b, const char *p, const char *end)
{
	size_t	crlfs = 0;
	bool	cr;

	if (p == end)
		return;
	if (b->cr)
		p = settle_cr(b, p);
	cr = end > p && end[-1] == '\r';
	if (cr)
		end--;
	for (; end - p >= 2 && end[-2] == '\r' && end[-1] == '\n'; end -= 2)
		crlfs++;
	if (end > p) {
		emit_held(b);
		emit(b, p, (size_t)(end - p));
	}
	b->crlfs += crlfs;
	b->cr = cr;
}

/* --- between the stages: gather pieces ----------------------------------- */

static void
canon_release(struct canon_body *b)
{
	size_t n = b->n;

	b->n = 0;
	hold_trailing(b, b->gather, b->gather + n);
}

/* At least `readable` octets may be read at p. */
static void
canon_put(struct canon_body *b, const char *p, size_t len, size_t readable)
{
	if (len > sizeof(b->gather) - b->n || len >= DIRECT)
		canon_release(b);
	if (len >= DIRECT) {
		hold_trailing(b, p, p + len);
		return;
	}
	/* most pieces are words; a copy of fixed size needs no call */
	if (len <= SHORT && readable >= SHORT &&
	    sizeof(b->gather) - b->n >= SHORT)
		memcpy(b->gather + b->n, p, SHORT);
	else
		memcpy(b->gather + b->n, p, len);
	b->n += len;
}

static void
canon_put_space(struct canon_body *b)
{
	if (b->n == sizeof(b->gather))
		canon_release(b);
	b->gather[b->n++] = ' ';
}

/* --- first stage: blanks (relaxed) ------------------------------------- */

/*
 * True for a tab, and for a space before a blank or a CR. A single space
 * before visible text of the same line needs no change.
 */
static bool
changes_at(const char *p)
{
	return *p == '\t' ||
	    (*p == ' ' && (ascii_is_blank(p[1]) || p[1] == '\r'));
}

/* The first of p[0..15] that needs a change, else 16. Also reads p[16]. */
static size_t
change16(const char *p)
{
	octets	here, next;
	words	found;

	memcpy(&here, p, sizeof(here));
	memcpy(&next, p + 1, sizeof(next));
	found = (words)((here == '\t') | ((here == ' ') &
	    ((next == ' ') | (next == '\t') | (next == '\r'))));
	if ((found[0] | found[1]) == 0)
		return 16;
	/* an octet that matches is 0xff; the first one is the lowest */
	if (found[0] != 0)
		return (size_t)__builtin_ctzll(le64toh(found[0])) / 8;
	return 8 + (size_t)__builtin_ctzll(le64toh(found[1])) / 8;
}

/* The first blank in p..end that needs a change; at the end, that may. */
static const char *
next_change(const char *p, const char *end)
{
	size_t i = 16;

	while (end - p > 16 && i == 16)
		p += i = change16(p);
	if (i < 16)
		return p;
	for (; end - p > 1; p++)
		if (changes_at(p))
			return p;
	return p < end && ascii_is_blank(*p) ? p : end;
}

/*
 * p is within or after a run of blanks. The run becomes one space, or nothing
 * before CRLF. Returns where to continue. At the end of the chunk the
 * decision waits for the next chunk.
 */
static const char *
settle_blanks(struct canon_body *b, const char *p, const char *end)
{
	while (p < end && !b->blank_cr && ascii_is_blank(*p))
		p++;
	if (p < end && *p == '\r' && !b->blank_cr) {
		b->blank_cr = true;
		p++;
	}
	if (p == end) {
		b->blank = true;
		return p;
	}
	if (!b->blank_cr)
		canon_put_space(b);
	else if (*p != '\n')
		canon_put(b, space_cr, 2, 0);
	else
		canon_put(b, space_cr + 1, 1, 0);
	b->blank = b->blank_cr = false;
	return p;
}

/*
 * A change at q, decided within this chunk: write p..q and the change in as
 * few pieces as possible, and return where to continue. NULL when the chunk
 * ends before the decision.
 */
static const char *
change_in_sight(struct canon_body *b, const char *p, const char *q,
    const char *end)
{
	const char *r = q;

	while (r < end && ascii_is_blank(*r))
		r++;
	if (end - r < 2)
		return NULL;
	canon_put(b, p, (size_t)(q - p), (size_t)(end - p));
	if (r[0] != '\r' || r[1] != '\n')
		canon_put_space(b);
	return r;
}

static void
reduce_blanks(struct canon_body *b, const char *p, const char *end)
{
	const char *q, *next;

	if (b->blank && p < end)
		p = settle_blanks(b, p, end);
	while (p < end) {
		q = next_change(p, end);
		next = q < end ? change_in_sight(b, p, q, end) : NULL;
		if (next == NULL) {
			canon_put(b, p, (size_t)(q - p), (size_t)(end - p));
			next = q < end ? settle_blanks(b, q, end) : end;
		}
		p = next;
	}
}

void
canon_body_add(struct canon_body *b, const void *data, size_t len)
{
	const char *p = data;

	if (len == 0)
		return;
	if (b->how == CANON_RELAXED)
		reduce_blanks(b, p, p + len);
	else
		canon_put(b, p, len, len);
}

void
canon_body_finish(struct canon_body *b)
{
	/* blanks at the end of the body are at the end of its last line */
	if (b->blank && b->blank_cr)
		canon_put(b, space_cr, 2, 0);
	canon_release(b);
	if (b->cr)
		emit_held(b);
	if (b->any || b->how == CANON_SIMPLE)
		emit(b, "\r\n", 2);
}

/* --- header fields ----------------------------------------------------- */

/* Neither the end, nor a blank, nor a part of a fold. */
static bool
canon_is_text(char c)
{
	return (unsigned char)c > ' ';
}

/* The length of the CRLF or LF at p, else 0. */
static size_t
fold_length(const char *p)
{
	if (p[0] == '\n')
		return 1;
	return p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

static void
relaxed_header(struct buf *out, const char *name, const char *value)
{
	size_t	 len = strlen(name), fold;
	char	*to;
	bool	 blank = false;

	while (len > 0 && ascii_is_blank(name[len - 1]))
		len--;
	buf_reserve(out, len + 1 + strlen(value) + 2);
	to = out->data + out->len;
	while (len-- > 0)
		*to++ = ascii_lower(*name++);
	*to++ = ':';
	while (ascii_is_blank(*value) || fold_length(value) > 0)
		value++;
	while (*value != '\0') {
		fold = fold_length(value);
		if (fold > 0 || ascii_is_blank(*value)) {
			blank = blank || fold == 0;
			value += fold > 0 ? fold : 1;
			continue;
		}
		if (blank)
			*to++ = ' ';
		blank = false;
		do {
			*to++ = *value++;
		} while (canon_is_text(*value));
	}
	out->len = (size_t)(to - out->data);
}

/* Returns the end of the copy. */
static char *
put_octets(char *to, const char *p, size_t len)
{
	memcpy(to, p, len);
	return to + len;
}

static void
simple_header(struct buf *out, const char *name, const char *value)
{
	size_t		 name_len = strlen(name), left = strlen(value), len;
	const char	*lf;
	char		*to;

	/* each octet may be an LF, which becomes CRLF */
	buf_reserve(out, name_len + 1 + 2 * left + 2);
	to = put_octets(out->data + out->len, name, name_len);
	*to++ = ':';
	while ((lf = memchr(value, '\n', left)) != NULL) {
		len = (size_t)(lf - value);
		left -= len + 1;
		if (len > 0 && lf[-1] == '\r')
			len--;
		to = put_octets(to, value, len);
		*to++ = '\r';
		*to++ = '\n';
		value = lf + 1;
	}
	to = put_octets(to, value, left);
	out->len = (size_t)(to - out->data);
}

void
canon_header(struct buf *out, enum canonicalization how, const char *name,
    const char *value)
{
	if (how == CANON_RELAXED)
		relaxed_header(out, name, value);
	else
		simple_header(out, name, value);
	buf_add(out, "\r\n", 2);
}
