/*
 * sighash - the digests of a DKIM signature
 *
 * A message has one header and at most two canonical bodies, whatever the
 * number of signatures: ten signatures with ten l= tags take one pass each
 * over the simple and the relaxed form.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fnv.h"
#include "dkim/crypto.h"
#include "dkim_sigfield_priv.h"
#include "sighash_priv.h"

/* --- the header --------------------------------------------------------- */

void
sighash_header_init(struct sighash_header *h, struct arena *a, uint64_t seed)
{
	memset(h, 0, sizeof(*h));
	h->arena = a;
	h->seed = seed;
}

static uint64_t
hash_name(const struct sighash_header *h, const char *name, size_t len)
{
	return fnv_add_lower(h->seed ^ FNV_START, name, len);
}

/* The high bits depend on all octets of the name. */
static size_t
name_bucket(uint64_t hash)
{
	return (hash >> 48) % SIGHASH_BUCKETS;
}

static struct sighash_name *
sighash_find(const struct sighash_header *h, const char *name, size_t len)
{
	uint64_t		 hash = hash_name(h, name, len);
	struct sighash_name	*n = h->bucket[name_bucket(hash)];

	for (; n != NULL; n = n->chain)
		if (n->hash == hash && n->len == len &&
		    strncasecmp(n->name, name, len) == 0)
			break;
	return n;
}

static struct sighash_name *
sighash_name(struct sighash_header *h, const char *name, size_t len)
{
	struct sighash_name	*n = sighash_find(h, name, len), **at;

	if (n != NULL)
		return n;
	n = arena_alloc(h->arena, sizeof(*n));
	n->name = name;
	n->len = len;
	n->hash = hash_name(h, name, len);
	n->last = SIGHASH_NONE;
	at = &h->bucket[name_bucket(n->hash)];
	n->chain = *at;
	*at = n;
	return n;
}

static void
make_room(struct sighash_header *h)
{
	struct sighash_field *more;

	if (h->n < h->size)
		return;
	h->size = h->size == 0 ? 64 : h->size * 2;
	more = arena_array(h->arena, h->size, sizeof(*more));
	if (h->n > 0)
		memcpy(more, h->field, h->n * sizeof(*more));
	h->field = more;
}

bool
sighash_is_signature(const char *name)
{
	static const char	signature[] = "DKIM-Signature";
	size_t			len = strcspn(name, " \t");

	return len == sizeof(signature) - 1 &&
	    strncasecmp(name, signature, len) == 0 &&
	    name[len + strspn(name + len, " \t")] == '\0';
}

size_t
sighash_header_add(struct sighash_header *h, const char *name,
    const char *value)
{
	struct sighash_field	*f;
	struct sighash_name	*n;
	size_t			 len = strlen(name);

	make_room(h);
	f = &h->field[h->n];
	f->name = arena_memdup(h->arena, name, len);
	f->value = arena_strdup(h->arena, value);
	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--;
	f->name_len = len;
	n = sighash_name(h, f->name, len);
	f->above = n->last;
	n->last = h->n;
	n->count++;
	return h->n++;
}

unsigned
sighash_header_count(const struct sighash_header *h, const char *name)
{
	const struct sighash_name *n = sighash_find(h, name, strlen(name));

	return n == NULL ? 0 : n->count;
}

/* The lowest field of this name that was not taken in this round. */
static size_t
take_field(struct sighash_header *h, const struct signed_name *name,
    size_t self)
{
	struct sighash_name	*n = sighash_find(h, name->name, name->len);
	size_t			 at;

	if (n == NULL)
		return SIGHASH_NONE;
	if (n->round != h->round) {
		n->round = h->round;
		n->cursor = n->last;
	}
	if (n->cursor == self && self != SIGHASH_NONE)
		n->cursor = h->field[self].above;
	at = n->cursor;
	if (at != SIGHASH_NONE)
		n->cursor = h->field[at].above;
	return at;
}

/* The signature's own field: without the value of b= and the final CRLF. */
static void
add_self(struct buf *out, struct arena *a, const struct sighash_field *field,
    const struct dkim_sigfield *f, enum canonicalization how)
{
	size_t	 len = strlen(field->value);
	char	*value = arena_memdup(a, field->value, len);

	memmove(value + f->b_from, value + f->b_to, len - f->b_to + 1);
	canon_header(out, how, field->name, value);
	out->len -= 2;
}

bool
sighash_header_digest(struct sighash_header *h, size_t self,
    const struct dkim_sigfield *f, unsigned char digest[SIGHASH_LEN])
{
	enum canonicalization how = f->header_relaxed ? CANON_RELAXED :
	    CANON_SIMPLE;
	struct buf	text = BUF_INIT;
	size_t		i, at;
	bool		ok;

	h->round++;
	for (i = 0; i < f->nnames; i++) {
		at = take_field(h, &f->names[i], self);
		if (at != SIGHASH_NONE)
			canon_header(&text, how, h->field[at].name,
			    h->field[at].value);
	}
	add_self(&text, h->arena, &h->field[self], f, how);
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
