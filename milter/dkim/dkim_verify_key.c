/*
 * dkim_verify_key - find the key record that verifies a signature
 *
 * A selector may have several key records: RSA and Ed25519, an old and a new
 * key, a revoked one. Each that fits the signature is tried (RFC 6376 6.1.2).
 * The result does not depend on their order, which name servers change.
 */
#include <string.h>

#include "dns/answer.h"
#include "crypto_verify_priv.h"
#include "dkim_record_priv.h"
#include "dkim_verify_priv.h"

/* Only the records of the highest rank say whether this is a test key. */
static void
rank_record(struct dkim_trial *t, enum dkim_rank rank,
    const struct dkim_record *r)
{
	if (rank < t->rank)
		return;
	if (rank > t->rank) {
		t->rank = rank;
		t->testing = true;
	}
	t->testing &= r->testing;
}

static void
unusable(struct dkim_trial *t, const char *why)
{
	if (t->why == NULL)
		t->why = why;
}

static void
try_key(struct dkim_verifier *v, const struct candidate *s,
    const struct dkim_record *r, struct dkim_trial *t)
{
	const char	*why;
	struct pubkey	*key;
	bool		 good;

	if (t->tried == DKIM_KEYS_TRIED)
		return;
	t->tried++;
	key = pubkey_get(v->lib->keys, r->type, r->key, r->key_len, &why);
	if (key == NULL) {
		rank_record(t, DKIM_RANK_UNFIT, r);
		unusable(t, why);
		return;
	}
	good = s->hashed && pubkey_verifies(key, s->digest, s->field.b,
	    s->field.b_len);
	rank_record(t, good ? DKIM_RANK_VERIFIES : DKIM_RANK_FITS, r);
	if (good || t->rank == DKIM_RANK_FITS)
		t->key_bits = pubkey_bits(key);
	pubkey_release(&key);
}

static void
try_record(struct dkim_verifier *v, const struct candidate *s,
    const struct dns_rr *rr, struct dkim_trial *t)
{
	struct dkim_record	 r;
	const char		*why;

	why = dkim_record_parse(&r, rr->data, rr->len);
	if (r.foreign)
		return;
	if (why != NULL) {
		unusable(t, why);
		return;
	}
	why = dkim_record_unfit(&r, &s->field);
	if (why == NULL) {
		try_key(v, s, &r, t);
		return;
	}
	rank_record(t, DKIM_RANK_UNFIT, &r);
	unusable(t, why);
}

void
dkim_verify_try(struct dkim_verifier *v, const struct candidate *s,
    const struct dns_answer *answer, struct dkim_trial *t)
{
	size_t i;

	memset(t, 0, sizeof(*t));
	if (answer->status != DNS_OK) {
		t->why = answer->status == DNS_BADNAME ?
		    "s= and d= do not form a valid name" : "there is no key";
		return;
	}
	/* a record without t=y may verify it, too, and counts more */
	for (i = 0; i < answer->n; i++)
		if (t->rank < DKIM_RANK_VERIFIES || t->testing)
			try_record(v, s, &answer->rr[i], t);
	unusable(t, "there is no key record");
}
