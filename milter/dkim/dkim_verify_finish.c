/*
 * dkim_verify_finish - the result of each signature of a message
 *
 * A result depends only on the signature's own field, digests and key, and on
 * our settings. Other signatures matter only for the number of octets of b=
 * that are needed to tell them apart.
 */
#include <string.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "dns/resolver.h"
#include "crypto_verify_priv.h"
#include "dkim_verify_priv.h"

#define B_SHORT		8	/* RFC 6008 4: octets of b= at least */

/* What is known of a signature; filled as far as its evaluation gets. */
struct evidence {
	struct dkim_trial trial;
	bool		 partial;
	bool		 body_good;
};

/* --- the verdict -------------------------------------------------------- */

/* NULL, or why l= is wrong: a permerror. */
static const char *
check_body(struct dkim_verifier *v, const struct dkim_sigfield *f,
    struct evidence *e)
{
	const struct sighash_body *b = v->body[f->body_relaxed];
	const unsigned char	*digest;

	if (f->has_length && f->length > b->total)
		return "l= is larger than the body";
	digest = sighash_body_digest(b, f->has_length ? f->length :
	    UINT64_MAX);
	e->partial = f->has_length && f->length < b->total;
	e->body_good = digest != NULL &&
	    pubkey_digest_is(digest, f->bh, f->bh_len);
	return NULL;
}

/* All fields of that name are signed: h= takes them from the bottom. */
static bool
all_signed(const struct dkim_verifier *v, const struct dkim_sigfield *f,
    const char *name)
{
	return dkim_sigfield_names(f, name) >=
	    headers_count(v->header, name);
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

/* NULL, or why our settings do not accept a valid signature. */
static const char *
objection(const struct dkim_verifier *v, const struct dkim_sigfield *f,
    const struct evidence *e)
{
	const struct dkim_verify_limits *limits = &v->lib->limits;

	if (!all_signed(v, f, "From"))
		return "a From field is not signed";
	if (e->partial)
		return "l= leaves out a part of the body";
	if (e->trial.key_bits > 0 && f->algorithm == SIGALG_RSA_SHA256 &&
	    e->trial.key_bits < limits->min_key_bits)
		return "the RSA key is too short";
	if (!required_signed(v, f))
		return "a required field is not signed";
	if (limits->max_age > 0 && f->has_time &&
	    (int64_t)v->now - f->time > (int64_t)limits->max_age)
		return "the signature is too old";
	if (e->trial.testing && limits->test_keys == TEST_KEYS_IGNORE)
		return "a test key does not count";
	return NULL;
}

static void
result_set(struct dkim_signature *out, enum result result, const char *reason)
{
	out->result = result;
	out->reason = reason;
}

/*
 * Wait for the key only when the body hash matches: then a slow name server
 * cannot delay a message that a mailing list has changed. A failed lookup
 * counts as a temperror for DMARC only if the signature might have passed.
 */
static void
weigh(struct dkim_verifier *v, struct candidate *s, struct evidence *e,
    struct dkim_signature *out)
{
	const struct dns_answer	*answer;
	struct dkim_trial	*t = &e->trial;
	const char		*but, *why;
	uint64_t		 begun;

	if ((why = check_body(v, &s->field, e)) != NULL) {
		result_set(out, RESULT_PERMERROR, why);
		return;
	}
	if (!e->body_good) {
		result_set(out, RESULT_FAIL, "the body has changed");
		return;
	}
	answer = lookup_wait(s->lookup);
	if (answer->status == DNS_TEMPFAIL) {
		result_set(out, RESULT_TEMPERROR,
		    "the DNS lookup of the key failed");
		out->temperror = objection(v, &s->field, e) == NULL;
		return;
	}
	begun = monotonic_us();
	dkim_verify_try(v, s, answer, t);
	v->verify_us += (uint32_t)(monotonic_us() - begun);
	if (t->rank < DKIM_RANK_FITS)
		result_set(out, RESULT_PERMERROR, t->why);
	else if (t->rank < DKIM_RANK_VERIFIES)
		result_set(out, RESULT_FAIL, "the signature does not match");
	else if ((but = objection(v, &s->field, e)) != NULL)
		result_set(out, RESULT_POLICY, but);
	else
		result_set(out, RESULT_PASS, NULL);
}

static void
judge_signature(struct dkim_verifier *v, struct candidate *s,
    struct dkim_signature *out)
{
	struct evidence e = { .partial = false };

	if (s->refused != NULL)
		result_set(out, RESULT_PERMERROR, s->refused);
	else if (v->body[s->field.body_relaxed] == NULL)
		result_set(out, RESULT_FAIL, "OpenSSL cannot hash the body");
	else
		weigh(v, s, &e, out);
	out->key_bits = e.trial.key_bits;
	out->testing = e.trial.testing;
	out->partial = e.partial;
}

/* --- the facts ---------------------------------------------------------- */

/* Octets of b= that distinguish it from the others (RFC 6008 4). */
static size_t
b_length(const struct dkim_verifier *v, size_t which)
{
	const struct dkim_sigfield *f = &v->sig[which]->field, *o;
	size_t	i, n = B_SHORT, same;

	for (i = 0; i < v->n; i++) {
		o = &v->sig[i]->field;
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
describe_signature(struct dkim_verifier *v, size_t i,
    struct dkim_signature *out)
{
	const struct dkim_sigfield *f = &v->sig[i]->field;

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
		describe_signature(v, i, &f->sig[i]);
		judge_signature(v, v->sig[i], &f->sig[i]);
	}
	f->n = v->n;
	f->skipped = v->skipped;
	f->verify_us = v->verify_us;
	f->done = true;
}
