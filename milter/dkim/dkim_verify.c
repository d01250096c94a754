/*
 * dkim_verify - verify the signatures of one message: header and body
 *
 * The session keeps the header. A signature's field is parsed and its key
 * looked up as soon as the field arrives. At the end of the header all header
 * digests are computed: by libopendkim for usual signatures, by sighash.c for
 * those that the library is known to get wrong. The body is hashed by our own
 * canonicalization, once for each form. The results are in
 * dkim_verify_finish.c.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "dns/resolver.h"
#include "crypto_verify_priv.h"
#include "dkim_library_priv.h"
#include "dkim_verify_priv.h"

/*
 * The library looks at each field for each name in h=, and takes 7 ns an
 * octet: for larger headers our own way is faster.
 */
#define LIBRARY_STEPS	20000
#define LIBRARY_OCTETS	65536
/* Usual messages have one or two signatures. */
#define CANDIDATES_FIRST	2

const struct dkim_verify_limits dkim_default_limits = {
	.signatures = 10,
	.signature_bytes = 32 * 1024,
	.h_names = 512,
	.min_key_bits = 1024,		/* RFC 8301 3.2 */
	.clock_skew = 300,
	.public_keys = 2048,
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
    struct arena *arena, struct headers *header, time_t now)
{
	struct dkim_verifier *v = arena_alloc(arena, sizeof(*v));

	v->lib = lib;
	v->lookups = l;
	v->arena = arena;
	v->header = header;
	v->now = now;
	return v;
}

/* The arena has all memory but that of the digests. */
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
 * In relaxed fields, libopendkim takes VT, FF and a bare CR for blanks, unlike
 * RFC 6376 3.4.2. A line break that is not a fold is treated likewise.
 */
static bool
is_odd(const char *value)
{
	while ((value = strpbrk(value, "\v\f\r\n")) != NULL) {
		if (*value == '\v' || *value == '\f')
			return true;
		if (*value == '\r' && value[1] != '\n')
			return true;
		if (*value == '\n' && value[1] != ' ' && value[1] != '\t')
			return true;
		value++;
	}
	return false;
}

/* NULL, or why the signature is refused without a look at its key. */
static const char *
parse_candidate(struct dkim_verifier *v, struct candidate *s)
{
	const struct dkim_verify_limits *limits = &v->lib->limits;
	const char	*value = headers_at(v->header, s->at)->value, *why;
	size_t		 len = strlen(value);

	if (len > limits->signature_bytes)
		return "the field is too long";
	why = dkim_sigfield_parse(&s->field, v->arena, value, len,
	    limits->h_names);
	return why != NULL ? why : dkim_sigfield_timely(&s->field, v->now,
	    limits->clock_skew);
}

static struct candidate *
candidate_more(struct dkim_verifier *v)
{
	if (v->n == v->size) {
		v->size = v->size > 0 ? 2 * v->size : CANDIDATES_FIRST;
		v->sig = arena_enlarge(v->arena, v->sig, v->n, v->size,
		    sizeof(*v->sig));
	}
	return v->sig[v->n++] = arena_alloc(v->arena, sizeof(**v->sig));
}

/*
 * Refused fields cost almost nothing and have a limit of their own, so that
 * many of them cannot displace a good one.
 */
static void
add_signature(struct dkim_verifier *v, size_t at)
{
	struct candidate	 s = { .at = at };
	size_t			 max = v->lib->limits.signatures;

	s.refused = parse_candidate(v, &s);
	if ((s.refused == NULL ? v->live : v->n - v->live) == max) {
		v->skipped++;
		return;
	}
	if (s.refused == NULL) {
		v->live++;
		s.lookup = lookups_start(v->lookups, s.field.query, DNS_TXT);
	}
	*candidate_more(v) = s;
}

bool
dkim_is_signature(const char *name)
{
	static const char	signature[] = "DKIM-Signature";
	size_t			len;

	if (ascii_lower(name[0]) != 'd')
		return false;
	len = strcspn(name, " \t");
	return len == sizeof(signature) - 1 &&
	    strncasecmp(name, signature, len) == 0 &&
	    name[len + strspn(name + len, " \t")] == '\0';
}

void
dkim_verifier_field(struct dkim_verifier *v)
{
	add_signature(v, v->header->n - 1);
}

/* --- digests ------------------------------------------------------------ */

static bool
library_can(const struct dkim_verifier *v, const struct candidate *s)
{
	return s->refused == NULL && !s->field.unusual &&
	    s->field.nnames * v->header->n <= LIBRARY_STEPS;
}

static bool
has_odd_field(const struct headers *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (is_odd(headers_at(h, i)->value))
			return true;
	return false;
}

/* libopendkim hashes what it handles correctly and cheaply. */
static void
hash_by_library(struct dkim_verifier *v)
{
	struct dkim_library_sig	*ask;
	struct candidate	**whose;
	size_t			 i, n = 0;

	if (v->live == 0 || v->header->bytes > LIBRARY_OCTETS ||
	    has_odd_field(v->header))
		return;
	ask = arena_array(v->arena, v->live, sizeof(*ask));
	whose = arena_array(v->arena, v->live, sizeof(struct candidate *));
	for (i = 0; i < v->n; i++)
		if (library_can(v, v->sig[i])) {
			whose[n] = v->sig[i];
			ask[n++].field = v->sig[i]->at;
		}
	dkim_library_hash(v->lib->library, v->header, ask, n);
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
	struct candidate	*s;
	size_t			 i;

	hash_by_library(v);
	for (i = 0; i < v->n; i++) {
		s = v->sig[i];
		if (s->refused != NULL)
			continue;
		if (!s->hashed)
			s->hashed = sighash_header_digest(v->header, s->at,
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
		if (v->sig[i]->refused == NULL)
			domain[n++] = v->sig[i]->field.domain;
	return n;
}

void
dkim_verifier_body(struct dkim_verifier *v, const void *data, size_t len)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (v->body[i] != NULL)
			sighash_body_add(v->body[i], data, len);
}
