/*
 * sighash - the digests of a DKIM signature
 *
 * A message has one header and at most two canonical bodies, whatever the
 * number of signatures: ten signatures with ten l= tags take one pass each
 * over the simple and the relaxed form.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "mail/headers.h"
#include "dkim_sigfield_priv.h"
#include "sighash_priv.h"

/* --- the header --------------------------------------------------------- */

/* The next field of this name, but never the signature itself. */
static size_t
take_field(struct headers *h, const struct signed_name *name, size_t self)
{
	size_t at = headers_take(h, name->name, name->len);

	return at == self ? headers_take(h, name->name, name->len) : at;
}

/* The signature's own field: without the value of b= and the final CRLF. */
static void
add_self(struct buf *out, struct arena *a, const struct header *field,
    const struct dkim_sigfield *f, enum canonicalization how)
{
	size_t	 len = strlen(field->value);
	char	*value = arena_memdup(a, field->value, len);

	memmove(value + f->b_from, value + f->b_to, len - f->b_to + 1);
	canon_header(out, how, headers_sent_name(field), value);
	out->len -= 2;
}

bool
sighash_header_digest(struct headers *h, size_t self,
    const struct dkim_sigfield *f, unsigned char digest[SIGHASH_LEN])
{
	enum canonicalization how = f->header_relaxed ? CANON_RELAXED :
	    CANON_SIMPLE;
	const struct header *signed_field;
	struct buf	text = BUF_INIT;
	size_t		i, at;
	bool		ok;

	headers_select(h);
	for (i = 0; i < f->nnames; i++) {
		at = take_field(h, &f->names[i], self);
		if (at == HEADERS_NONE)
			continue;
		signed_field = headers_at(h, at);
		canon_header(&text, how, headers_sent_name(signed_field),
		    signed_field->value);
	}
	add_self(&text, h->arena, headers_at(h, self), f, how);
	ok = crypto_sha256(text.data, text.len, digest);
	buf_free(&text);
	return ok;
}

/* --- the body ----------------------------------------------------------- */

/*
 * Hash up to the next mark, which gets its digest, or all `len` octets.
 * Returns how many were hashed.
 */
static size_t
add_up_to_mark(struct sighash_body *b, const char *p, size_t len)
{
	struct sighash_mark	*m;
	size_t			 take;

	if (b->next == b->n || b->mark[b->next].at - b->total > len) {
		crypto_sha256_add(b->sha, p, len);
		return len;
	}
	m = &b->mark[b->next++];
	take = (size_t)(m->at - b->total);
	crypto_sha256_add(b->sha, p, take);
	m->reached = crypto_sha256_so_far(b->sha, m->digest);
	return take;
}

static void
take_octets(void *arg, const void *data, size_t len)
{
	struct sighash_body	*b = arg;
	const char		*p = data;
	size_t			 took;

	while (len > 0) {
		took = add_up_to_mark(b, p, len);
		b->total += took;
		p += took;
		len -= took;
	}
}

struct sighash_body *
sighash_body_new(struct arena *a, bool relaxed, size_t marks)
{
	struct sighash_body *b = arena_alloc(a, sizeof(*b));

	b->sha = crypto_sha256_new();
	if (b->sha == NULL)
		return NULL;
	b->mark = arena_array(a, marks, sizeof(*b->mark));
	b->max = marks;
	canon_body_init(&b->canon, relaxed ? CANON_RELAXED : CANON_SIMPLE,
	    take_octets, b);
	return b;
}

void
sighash_body_free(struct sighash_body **bp)
{
	if (*bp != NULL)
		crypto_sha256_free(&(*bp)->sha);
	*bp = NULL;
}

void
sighash_body_mark(struct sighash_body *b, uint64_t at)
{
	size_t i;

	for (i = b->n; i > 0 && b->mark[i - 1].at >= at; i--)
		if (b->mark[i - 1].at == at)
			return;
	if (b->n == b->max)
		return;
	memmove(&b->mark[i + 1], &b->mark[i], (b->n - i) * sizeof(*b->mark));
	b->mark[i].at = at;
	b->n++;
}

void
sighash_body_add(struct sighash_body *b, const void *data, size_t len)
{
	canon_body_add(&b->canon, data, len);
}

void
sighash_body_finish(struct sighash_body *b)
{
	struct sighash_mark *m;

	canon_body_finish(&b->canon);
	/* a mark at the very end, which add_up_to_mark did not reach */
	m = b->next < b->n ? &b->mark[b->next] : NULL;
	if (m != NULL && m->at == b->total)
		m->reached = crypto_sha256_so_far(b->sha, m->digest);
	b->failed = !crypto_sha256_finish(b->sha, b->digest);
}

const unsigned char *
sighash_body_digest(const struct sighash_body *b, uint64_t at)
{
	size_t i;

	if (at == UINT64_MAX)
		return b->failed ? NULL : b->digest;
	for (i = 0; i < b->n; i++)
		if (b->mark[i].at == at)
			return b->mark[i].reached ? b->mark[i].digest : NULL;
	return NULL;
}
