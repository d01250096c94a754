/*
 * dkim_verify - the signatures of one message, from field to verdict
 *
 * The header is kept; a signature's field is parsed and its key asked for as
 * soon as it comes. At the end of the header all header digests are taken:
 * by libopendkim for signatures as everybody makes them, by our own way
 * (sighash.h) for those it is known to get wrong. The body is hashed by our
 * own canonicalization, once for each form. Then each signature gets its
 * verdict from its own parts.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arena.h"
#include "crypto_verify.h"
#include "dkim_library.h"
#include "dkim_record.h"
#include "dkim_sigfield.h"
#include "dkim_verify.h"
#include "resolver.h"
#include "sighash.h"

#define B_SHORT		8	/* RFC 6008 4: at least so many octets of b= */

const struct dkim_verify_limits dkim_default_limits = {
	.signatures = 10,
	.fields = 2000,
	.header_bytes = 512 * 1024,
	.signature_bytes = 32 * 1024,
	.h_names = 512,
	.min_key_bits = 1024,		/* RFC 8301 3.2 */
	.clock_skew = 300,
	.public_keys = 2048,
};

struct dkim_lib {
	struct dkim_verify_limits limits;
	struct dkim_library	*library;
	struct pubkey_cache	*keys;
};

struct signature {
	size_t		 at;		/* its field in the header */
	struct dkim_sigfield field;
	const char	*refused;	/* for good, without its key */
	struct lookup	*lookup;
	bool		 hashed;
	unsigned char	 digest[SIGHASH_LEN];
};

struct dkim_verifier {
	struct dkim_lib	*lib;
	struct lookups	*lookups;
	struct arena	*arena;
	time_t		 now;
	struct sighash_header header;
	size_t		 header_bytes;
	bool		 overflow;	/* of the header */
	bool		 odd;		/* the library reads a field wrongly */
	size_t		 n, live, skipped;	/* n: live and refused */
	struct signature *sig;
	struct sighash_body *body[2];	/* simple, relaxed */
};

/* What the parts of a signature say; filled as far as it gets. */
struct evidence {
	struct dkim_record record;
	struct pubkey	*key;
	unsigned	 key_bits;
	bool		 partial;
	bool		 body_good;
};

/* --- the process -------------------------------------------------------- */

struct dkim_lib *
dkim_lib_new(const struct dkim_verify_limits *limits)
{
	struct dkim_library	*library = dkim_library_new();
	struct dkim_lib		*lib;

	if (library == NULL)
		return NULL;
	lib = xcalloc(1, sizeof(*lib));
	lib->limits = limits != NULL ? *limits : dkim_default_limits;
	lib->library = library;
	lib->keys = pubkey_cache_new(lib->limits.public_keys);
	return lib;
}

void
dkim_lib_free(struct dkim_lib **libp)
{
	if (*libp == NULL)
		return;
	dkim_library_free(&(*libp)->library);
	pubkey_cache_free(&(*libp)->keys);
	free(*libp);
	*libp = NULL;
}

/* --- the message -------------------------------------------------------- */

struct dkim_verifier *
dkim_verifier_new(struct dkim_lib *lib, struct lookups *l,
    struct arena *arena, time_t now)
{
	struct dkim_verifier *v = arena_alloc(arena, sizeof(*v));

	v->lib = lib;
	v->lookups = l;
	v->arena = arena;
	v->now = now;
	v->sig = arena_array(arena, 2 * (size_t)lib->limits.signatures,
	    sizeof(*v->sig));
	sighash_header_init(&v->header, arena);
	return v;
}

/* Its memory is the arena's; the digests are not. */
void
dkim_verifier_free(struct dkim_verifier **vp)
{
	if (*vp == NULL)
		return;
	sighash_body_free(&(*vp)->body[0]);
	sighash_body_free(&(*vp)->body[1]);
	*vp = NULL;
}

/*
 * libopendkim takes VT, FF and a CR alone for blanks in relaxed fields (RFC
 * 6376 3.4.2 does not).
 */
static bool
is_odd(const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\v' || *value == '\f')
			return true;
		if (*value == '\r' && value[1] != '\n')
			return true;
		if (*value == '\n' && value[1] != ' ' && value[1] != '\t')
			return true;
	}
	return false;
}

static bool
is_signature(const char *name)
{
	size_t len = strcspn(name, " \t");

	return len == strlen("DKIM-Signature") &&
	    strncasecmp(name, "DKIM-Signature", len) == 0 &&
	    name[len + strspn(name + len, " \t")] == '\0';
}

/* NULL, or why the field cannot pass whatever its key says. */
static const char *
read_signature(struct dkim_verifier *v, struct signature *s)
{
	const struct dkim_verify_limits *limits = &v->lib->limits;
	const char	*value = v->header.field[s->at].value, *why;
	size_t		 len = strlen(value);

	if (len > limits->signature_bytes)
		return "the field is too long";
	why = dkim_sigfield_parse(&s->field, v->arena, value, len,
	    limits->h_names);
	return why != NULL ? why : dkim_sigfield_timely(&s->field, v->now,
	    limits->clock_skew);
}

/*
 * Refused fields cost next to nothing and are counted by themselves, so that
 * a heap of them does not push the good one out.
 */
static void
add_signature(struct dkim_verifier *v, size_t at)
{
	struct signature	 s = { .at = at };
	size_t			 max = v->lib->limits.signatures;

	s.refused = read_signature(v, &s);
	if ((s.refused == NULL ? v->live : v->n - v->live) == max) {
		v->skipped++;
		return;
	}
	if (s.refused == NULL) {
		v->live++;
		s.lookup = lookups_start(v->lookups, s.field.query, DNS_TXT);
	}
	v->sig[v->n++] = s;
}

void
dkim_verifier_header(struct dkim_verifier *v, const char *name,
    const char *value)
{
	const struct dkim_verify_limits *limits = &v->lib->limits;
	size_t	bytes = strlen(name) + strlen(value), at;

	if (v->overflow || v->header.n == limits->fields ||
	    bytes > limits->header_bytes - v->header_bytes) {
		v->overflow = true;
		v->skipped += is_signature(name);
		return;
	}
	v->header_bytes += bytes;
	v->odd |= is_odd(value);
	at = sighash_header_add(&v->header, name, value);
	if (is_signature(name))
		add_signature(v, at);
}

/* --- digests ------------------------------------------------------------ */

/* What the library does right, it does. */
static void
hash_by_library(struct dkim_verifier *v)
{
	struct dkim_library_sig	*ask;
	struct signature	**whose;
	size_t			 i, n = 0;

	if (v->odd || v->live == 0)
		return;
	ask = arena_array(v->arena, v->live, sizeof(*ask));
	whose = arena_array(v->arena, v->live, sizeof(struct signature *));
	for (i = 0; i < v->n; i++)
		if (v->sig[i].refused == NULL && !v->sig[i].field.unusual) {
			whose[n] = &v->sig[i];
			ask[n++].field = v->sig[i].at;
		}
	dkim_library_hash(v->lib->library, &v->header, ask, n);
	for (i = 0; i < n; i++) {
		whose[i]->hashed = ask[i].hashed;
		memcpy(whose[i]->digest, ask[i].digest, SIGHASH_LEN);
	}
}

static bool
prepare_body(struct dkim_verifier *v, const struct dkim_sigfield *f)
{
	struct sighash_body **b = &v->body[f->body_relaxed];

	if (*b == NULL)
		*b = sighash_body_new(v->arena, f->body_relaxed, v->live);
	if (*b != NULL && f->has_length)
		sighash_body_mark(*b, f->length);
	return *b != NULL;
}

void
dkim_verifier_eoh(struct dkim_verifier *v)
{
	struct signature	*s;
	size_t			 i;

	if (v->overflow)
		return;
	hash_by_library(v);
	for (i = 0; i < v->n; i++) {
		s = &v->sig[i];
		if (s->refused != NULL)
			continue;
		if (!s->hashed)
			s->hashed = sighash_header_digest(&v->header, s->at,
			    &s->field, s->digest);
		if (!prepare_body(v, &s->field) || !s->hashed)
			s->hashed = false;
	}
}

size_t
dkim_verifier_domains(const struct dkim_verifier *v, const char **domain,
    size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < v->n && n < max; i++)
		if (v->sig[i].refused == NULL)
			domain[n++] = v->sig[i].field.domain;
	return n;
}

bool
dkim_verifier_skips_body(const struct dkim_verifier *v)
{
	return v->overflow || v->live == 0;
}

void
dkim_verifier_body(struct dkim_verifier *v, const void *data, size_t len)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (v->body[i] != NULL)
			sighash_body_add(v->body[i], data, len);
}

/* --- the key ------------------------------------------------------------ */

/*
 * RFC 6376 3.6.2.2 leaves several records undefined: records that are no key
 * records do not count, two key records are one too many.
 */
static const char *
one_record(const struct dns_answer *answer, const struct dns_rr **found)
{
	size_t i;

	*found = NULL;
	for (i = 0; i < answer->n; i++) {
		if (dkim_record_is_foreign(answer->rr[i].data,
		    answer->rr[i].len))
			continue;
		if (*found != NULL)
			return "there are several key records";
		*found = &answer->rr[i];
	}
	return *found == NULL ? "there is no key record" : NULL;
}

/* NULL, or why the key does not serve: for good. */
static const char *
read_key(struct dkim_verifier *v, const struct signature *s,
    const struct dns_answer *answer, struct evidence *e)
{
	const struct dns_rr	*rr;
	const char		*why;

	if (answer->status != DNS_OK)
		return answer->status == DNS_BADNAME ?
		    "s= and d= make no name" : "there is no key";
	if ((why = one_record(answer, &rr)) != NULL ||
	    (why = dkim_record_parse(&e->record, rr->data, rr->len)) !=
	    NULL || (why = dkim_record_unfit(&e->record, &s->field)) != NULL)
		return why;
	e->key = pubkey_get(v->lib->keys, e->record.type, e->record.key,
	    e->record.key_len, &why);
	if (e->key == NULL)
		return why;
	e->key_bits = pubkey_bits(e->key);
	return NULL;
}

/* --- the verdict -------------------------------------------------------- */

/* NULL, or why l= is wrong for good. */
static const char *
check_body(struct dkim_verifier *v, const struct dkim_sigfield *f,
    struct evidence *e)
{
	const struct sighash_body *b = v->body[f->body_relaxed];
	const unsigned char	*digest;

	if (f->has_length && f->length > b->total)
		return "l= is more than the body has";
	digest = sighash_body_digest(b, f->has_length ? f->length :
	    UINT64_MAX);
	e->partial = f->has_length && f->length < b->total;
	e->body_good = digest != NULL &&
	    pubkey_digest_is(digest, f->bh, f->bh_len);
	return NULL;
}

/* The fields of that name are all signed: h= takes them from the bottom. */
static bool
all_signed(const struct dkim_verifier *v, const struct dkim_sigfield *f,
    const char *name)
{
	return dkim_sigfield_names(f, name) >=
	    sighash_header_count(&v->header, name);
}

static bool
required_signed(const struct dkim_verifier *v, const struct dkim_sigfield *f)
{
	const char *const *name = v->lib->limits.required;

	for (; name != NULL && *name != NULL; name++)
		if (!all_signed(v, f, *name))
			return false;
	return true;
}

/* NULL, or why a signature that verifies is not accepted here. */
static const char *
objection(const struct dkim_verifier *v, const struct dkim_sigfield *f,
    const struct evidence *e)
{
	const struct dkim_verify_limits *limits = &v->lib->limits;

	if (!all_signed(v, f, "From"))
		return "a From field is not signed";
	if (e->partial)
		return "l= leaves out a part of the body";
	if (e->key != NULL && f->algorithm == SIGALG_RSA_SHA256 &&
	    e->key_bits < limits->min_key_bits)
		return "the RSA key is too short";
	if (!required_signed(v, f))
		return "a required field is not signed";
	if (limits->max_age > 0 && f->has_time &&
	    (int64_t)v->now - f->time > (int64_t)limits->max_age)
		return "the signature is too old";
	return NULL;
}

static void
conclude(struct dkim_signature *out, enum result result, const char *reason)
{
	out->result = result;
	out->reason = reason;
}

static bool
verifies(const struct signature *s, const struct evidence *e)
{
	return s->hashed && pubkey_verifies(e->key, s->digest, s->field.b,
	    s->field.b_len);
}

/*
 * The key is waited for only when the body is as it was signed: a message
 * that a list has changed does not depend on a slow name server. A key that
 * DNS could not give is an excuse only for what might have passed.
 */
static void
weigh(struct dkim_verifier *v, struct signature *s, struct evidence *e,
    struct dkim_signature *out)
{
	const struct dns_answer	*answer;
	const char		*but, *why;

	if ((why = check_body(v, &s->field, e)) != NULL) {
		conclude(out, RESULT_PERMERROR, why);
		return;
	}
	if (!e->body_good) {
		conclude(out, RESULT_FAIL, "the body has changed");
		return;
	}
	answer = lookup_wait(s->lookup);
	if (answer->status == DNS_TEMPFAIL) {
		conclude(out, RESULT_TEMPERROR, "DNS gave no key");
		out->temperror = objection(v, &s->field, e) == NULL;
	} else if ((why = read_key(v, s, answer, e)) != NULL)
		conclude(out, RESULT_PERMERROR, why);
	else if (!verifies(s, e))
		conclude(out, RESULT_FAIL, "the signature does not match");
	else if ((but = objection(v, &s->field, e)) != NULL)
		conclude(out, RESULT_POLICY, but);
	else
		conclude(out, RESULT_PASS, NULL);
}

static void
judge(struct dkim_verifier *v, struct signature *s,
    struct dkim_signature *out)
{
	struct evidence e = { .partial = false };

	if (s->refused != NULL)
		conclude(out, RESULT_PERMERROR, s->refused);
	else if (v->overflow)
		conclude(out, RESULT_POLICY, "the header is too large");
	else if (v->body[s->field.body_relaxed] == NULL)
		conclude(out, RESULT_FAIL, "OpenSSL gives no digest");
	else
		weigh(v, s, &e, out);
	out->key_bits = e.key_bits;
	out->testing = e.record.testing;
	out->partial = e.partial;
	pubkey_release(&e.key);
}

/* --- the facts ---------------------------------------------------------- */

/* Octets of b= that tell this one from the others (RFC 6008 4). */
static size_t
b_length(const struct dkim_verifier *v, size_t which)
{
	const struct dkim_sigfield *f = &v->sig[which].field, *o;
	size_t	i, n = B_SHORT, same;

	for (i = 0; i < v->n; i++) {
		o = &v->sig[i].field;
		if (i == which || o->b == NULL || strcmp(o->b, f->b) == 0)
			continue;
		for (same = 0; o->b[same] == f->b[same]; same++)
			;
		if (same >= n)
			n = same + 1;
	}
	return n < f->b_len ? n : f->b_len;
}

static void
describe(struct dkim_verifier *v, size_t i, struct dkim_signature *out)
{
	const struct dkim_sigfield *f = &v->sig[i].field;

	out->domain = f->domain;
	out->selector = f->selector;
	out->identity = f->identity;
	out->algorithm = f->algorithm_name;
	if (f->b != NULL)
		out->b = arena_memdup(v->arena, f->b, b_length(v, i));
}

void
dkim_verifier_finish(struct dkim_verifier *v, struct dkim_facts *f)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (v->body[i] != NULL)
			sighash_body_finish(v->body[i]);
	f->sig = arena_array(v->arena, v->n, sizeof(*f->sig));
	for (i = 0; i < v->n; i++) {
		describe(v, i, &f->sig[i]);
		judge(v, &v->sig[i], &f->sig[i]);
	}
	f->n = v->n;
	f->skipped = v->skipped;
	f->done = true;
}
