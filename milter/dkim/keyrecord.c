/*
 * keyrecord - the DNS record of a signing key, and when a pending key signs
 *
 * A signature whose key is not published fails at every receiver, and one by
 * the old key does not. So the old key signs until we see the new record.
 * Here only the key ring in memory changes; keyseen.c remembers it.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "dkim/crypto.h"
#include "dkim/keyrecord.h"
#include "dkim/keyring.h"
#include "dns/resolver.h"
#include "dkim_record_priv.h"

#define STRING_MAX	255	/* octets of one string, RFC 1035 3.3 */
#define TTL		3600
#define PENDING_TIMEOUT_MS 5000

const char *
keyrecord_name(struct arena *a, const char *selector, const char *domain)
{
	return arena_printf(a, "%s._domainkey.%s", selector, domain);
}

const char *
keyrecord_text(struct arena *a, const struct crypto_key *key)
{
	struct buf	 b = BUF_INIT;
	const char	*text = NULL;

	buf_printf(&b, "v=DKIM1; k=%s; p=",
	    crypto_key_type(key) == CRYPTO_RSA ? "rsa" : "ed25519");
	if (crypto_key_public(key, &b))
		text = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return text;
}

/* Our own text: no octet of it needs a backslash. */
static void
add_strings(struct buf *out, const char *text, const char *between)
{
	size_t left = strlen(text), take;

	for (; left > 0; text += take, left -= take) {
		take = left < STRING_MAX ? left : STRING_MAX;
		buf_printf(out, "\"%.*s\"%s", (int)take, text,
		    left > take ? between : "");
	}
}

void
keyrecord_zone(struct buf *out, const char *name, const char *text)
{
	bool several = strlen(text) > STRING_MAX;

	buf_printf(out, "%s. IN TXT %s", name, several ? "( " : "");
	add_strings(out, text, "\n\t");
	buf_addstr(out, several ? " )\n" : "\n");
}

void
keyrecord_nsupdate(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "update add %s. %d IN TXT ", name, TTL);
	add_strings(out, text, " ");
	buf_addch(out, '\n');
}

const char *
keyrecord_state_name(enum keyrecord_state state)
{
	static const char *const names[] = { "published", "missing",
		"different", "unknown" };

	return names[state];
}

/* p= may have white space in it (RFC 6376 3.6.1). */
static bool
same_key(const struct dkim_record *r, const struct crypto_key *key)
{
	struct buf	ours = BUF_INIT, theirs = BUF_INIT;
	bool		same;
	size_t		i;

	for (i = 0; i < r->key_len; i++)
		if (strchr(" \t\r\n", r->key[i]) == NULL)
			buf_addch(&theirs, r->key[i]);
	same = crypto_key_public(key, &ours) &&
	    strcmp(buf_str(&ours), buf_str(&theirs)) == 0;
	buf_free(&ours);
	buf_free(&theirs);
	return same;
}

static const char *
difference(const struct dkim_record *r, const struct crypto_key *key)
{
	enum key_type type = crypto_key_type(key) == CRYPTO_RSA ? KEY_RSA :
	    KEY_ED25519;

	if (r->key_len == 0)
		return "the record revokes the key (empty p=)";
	if (r->type != type)
		return "the record's k= is another type of key";
	if (!same_key(r, key))
		return "the record holds another key";
	if (!r->sha256)
		return "the record's h= leaves out sha256";
	if (!r->email)
		return "the record's s= leaves out email";
	return NULL;
}

enum keyrecord_state
keyrecord_compare(const struct dns_answer *answer,
    const struct crypto_key *key, const char **why)
{
	const struct dns_rr	*rr;
	struct dkim_record	 r;
	size_t			 n;

	if (answer->status == DNS_TEMPFAIL) {
		*why = answer->why != NULL ? answer->why : "no answer";
		return KEYRECORD_UNKNOWN;
	}
	rr = dkim_record_only(answer, &n);
	*why = "there is no such record";
	if (n == 0)
		return KEYRECORD_MISSING;
	*why = "there are several key records; verifiers may use any";
	if (n > 1)
		return KEYRECORD_DIFFERENT;
	*why = dkim_record_parse(&r, rr->data, rr->len);
	if (*why == NULL)
		*why = difference(&r, key);
	return *why == NULL ? KEYRECORD_PUBLISHED : KEYRECORD_DIFFERENT;
}

/* --- pending keys ------------------------------------------------------- */

static void
settle_pending(struct keyring *k, size_t i, struct lookup *lookup)
{
	const struct signing_key	*key;
	const char			*why;
	bool				 signs;

	key = keyring_pending(k, i, &signs);
	if (keyrecord_compare(lookup_wait(lookup), key->pkey, &why) !=
	    KEYRECORD_PUBLISHED)
		return;
	keyring_activate(k, i);
	log_printf(LOG_LEVEL_INFO, "the DNS shows key %s of %s: it signs from"
	    " now on", key->selector, key->domain);
}

void
keyrecord_activate(const struct keyrecord_pending *p, size_t n,
    struct resolver *r)
{
	static const struct lookup_limits limits = { PENDING_TIMEOUT_MS,
	    KEYRECORD_BATCH };
	struct arena	*a = arena_new(0);
	struct lookups	*l = lookups_new(r, &limits);
	struct lookup	*lookup[KEYRECORD_BATCH];
	const struct signing_key *key;
	bool		 signs;
	size_t		 i;

	for (i = 0; i < n; i++) {
		key = keyring_pending(p[i].ring, p[i].i, &signs);
		lookup[i] = lookups_start(l, keyrecord_name(a, key->selector,
		    key->domain), DNS_TXT);
	}
	for (i = 0; i < n; i++)
		settle_pending(p[i].ring, p[i].i, lookup[i]);
	lookups_free(&l);
	arena_free(&a);
}

size_t
keyrecord_gather(struct keyrecord_pending *p, size_t n, struct keyring *k,
    size_t *next)
{
	bool signs;

	for (; n < KEYRECORD_BATCH && *next < keyring_npending(k); (*next)++) {
		keyring_pending(k, *next, &signs);
		if (!signs)
			p[n++] = (struct keyrecord_pending){ k, *next };
	}
	return n;
}

bool
keyrecord_activate_pending(struct keyring *k, struct resolver *r, size_t *next)
{
	struct keyrecord_pending p[KEYRECORD_BATCH];

	keyrecord_activate(p, keyrecord_gather(p, 0, k, next), r);
	if (*next < keyring_npending(k))
		return true;
	*next = 0;
	return false;
}
