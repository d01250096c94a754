/*
 * fault_doors - functions of our own rooms that can be made to fail, as their
 * headers promise that they fail
 *
 * The linker sends the calls of other objects here: see faults_wrapped in
 * Makefile.am.
 */
#include <stdio.h>
#include <string.h>

#include "dkim/crypto.h"
#include "dns/resolver_priv.h"
#include "faults/fault.h"
#include "store/store.h"
#include "store/store_settings.h"

/* __real_F, and __wrap_F in front of it */
#define WRAPPED(type, name, params)	\
type	__real_##name params;		\
type	__wrap_##name params

WRAPPED(void, resolver_answered, (struct query *, const struct dns_reply *));
WRAPPED(enum store_answer, store_reserve, (struct reservation *, time_t,
    struct store_usage *));
WRAPPED(enum store_answer, store_commit, (struct reservation **, time_t,
    struct store_usage *));
WRAPPED(enum store_answer, store_settings_get, (struct store *,
    const char *const *, size_t, time_t, struct store_setting *, char *));
WRAPPED(enum store_answer, store_setting_put, (struct store *, const char *,
    unsigned, const struct store_setting *, char *));
WRAPPED(struct crypto_sha256 *, crypto_sha256_new, (void));
WRAPPED(bool, crypto_sha256_finish, (struct crypto_sha256 *,
    unsigned char *));
WRAPPED(bool, crypto_sha256_so_far, (const struct crypto_sha256 *,
    unsigned char *));
WRAPPED(bool, crypto_sha256, (const void *, size_t, unsigned char *));
WRAPPED(struct crypto_key *, crypto_key_parse, (const char *, size_t,
    const char **));
WRAPPED(size_t, crypto_sign, (struct crypto_key *, const unsigned char *,
    unsigned char *, const char **));
/* of libopendkim: the handle is opaque here; 1 is its DKIM_STAT_BADSIG */
WRAPPED(int, dkim_header, (void *, unsigned char *, size_t));
WRAPPED(int, dkim_eoh, (void *));
WRAPPED(int, dkim_sig_gethashes, (void *, void **, size_t *, void **,
    size_t *));

#define LIBRARY_FAILS	1

static const char fault_text[] = "a fault that the test made";

void
__wrap_resolver_answered(struct query *q, const struct dns_reply *reply)
{
	static const struct dns_reply failed = {
		.status = DNS_TEMPFAIL, .why = fault_text
	};

	__real_resolver_answered(q, fault_here(FAULT_LOOKUP) ? &failed :
	    reply);
}

static enum store_answer
store_fails(struct store_usage *usage)
{
	memset(usage, 0, sizeof(*usage));
	snprintf(usage->error, sizeof(usage->error), "%s", fault_text);
	return STORE_UNKNOWN;
}

enum store_answer
__wrap_store_reserve(struct reservation *r, time_t now,
    struct store_usage *usage)
{
	return fault_here(FAULT_STORE) ? store_fails(usage) :
	    __real_store_reserve(r, now, usage);
}

enum store_answer
__wrap_store_commit(struct reservation **rp, time_t now,
    struct store_usage *usage)
{
	enum store_answer answer;

	if (fault_here(FAULT_STORE)) {
		store_give_back(rp);
		return store_fails(usage);
	}
	answer = __real_store_commit(rp, now, usage);
	return fault_here(FAULT_LOST) ? store_fails(usage) : answer;
}

static enum store_answer
setting_fails(char error[STORE_ERROR])
{
	snprintf(error, STORE_ERROR, "%s", fault_text);
	return STORE_UNKNOWN;
}

enum store_answer
__wrap_store_settings_get(struct store *s, const char *const *key, size_t n,
    time_t now, struct store_setting *setting, char *error)
{
	return fault_here(FAULT_STORE) ? setting_fails(error) :
	    __real_store_settings_get(s, key, n, now, setting, error);
}

enum store_answer
__wrap_store_setting_put(struct store *s, const char *key, unsigned parts,
    const struct store_setting *setting, char *error)
{
	return fault_here(FAULT_STORE) ? setting_fails(error) :
	    __real_store_setting_put(s, key, parts, setting, error);
}

struct crypto_sha256 *
__wrap_crypto_sha256_new(void)
{
	return fault_here(FAULT_CRYPTO) ? NULL : __real_crypto_sha256_new();
}

bool
__wrap_crypto_sha256_finish(struct crypto_sha256 *s, unsigned char *digest)
{
	return !fault_here(FAULT_CRYPTO) &&
	    __real_crypto_sha256_finish(s, digest);
}

bool
__wrap_crypto_sha256_so_far(const struct crypto_sha256 *s,
    unsigned char *digest)
{
	return !fault_here(FAULT_CRYPTO) &&
	    __real_crypto_sha256_so_far(s, digest);
}

bool
__wrap_crypto_sha256(const void *data, size_t len, unsigned char *digest)
{
	return !fault_here(FAULT_CRYPTO) &&
	    __real_crypto_sha256(data, len, digest);
}

struct crypto_key *
__wrap_crypto_key_parse(const char *text, size_t len, const char **why)
{
	if (!fault_here(FAULT_CRYPTO))
		return __real_crypto_key_parse(text, len, why);
	*why = fault_text;
	return NULL;
}

size_t
__wrap_crypto_sign(struct crypto_key *key, const unsigned char *digest,
    unsigned char *signature, const char **why)
{
	if (!fault_here(FAULT_CRYPTO))
		return __real_crypto_sign(key, digest, signature, why);
	*why = fault_text;
	return 0;
}

int
__wrap_dkim_header(void *dkim, unsigned char *field, size_t len)
{
	return fault_here(FAULT_CRYPTO) ? LIBRARY_FAILS :
	    __real_dkim_header(dkim, field, len);
}

int
__wrap_dkim_eoh(void *dkim)
{
	return fault_here(FAULT_CRYPTO) ? LIBRARY_FAILS :
	    __real_dkim_eoh(dkim);
}

int
__wrap_dkim_sig_gethashes(void *sig, void **hh, size_t *hhlen, void **bh,
    size_t *bhlen)
{
	return fault_here(FAULT_CRYPTO) ? LIBRARY_FAILS :
	    __real_dkim_sig_gethashes(sig, hh, hhlen, bh, bhlen);
}
