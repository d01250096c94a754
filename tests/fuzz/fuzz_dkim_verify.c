/*
 * fuzz_dkim_verify - a whole message: a TXT record, a NUL, header, empty
 * line, body. DNS answers with the record, and another one, for every key
 * except the two of RFC 8463, whose message is in the corpus.
 *
 * The verdicts must not depend on the chunks in which the message arrives, nor
 * on the order of the records. No signature with those two keys may pass for
 * another body or From.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/canon_reference.h"
#include "base/arena.h"
#include "base/buf.h"
#include "dkim/dkim_feed.h"
#include "dkim/crypto.h"
#include "dkim/crypto_verify_priv.h"
#include "dkim/dkim_verify.h"
#include "dns/resolver.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

/* --- DNS ---------------------------------------------------------------- */

struct lookup {
	struct dns_rr	  rr[2];
	struct dns_answer answer;
};

struct lookups {
	struct arena	*arena;
	const char	*record;
	size_t		 len;
	bool		 swapped;
};

static const char ed25519[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
static const char rsa[] =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
    "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

/* Replaces the resolver. */
struct lookup *
lookups_start(struct lookups *l, const char *name, enum dns_type type)
{
	struct lookup *k = arena_alloc(l->arena, sizeof(*k));

	CHECK(type == DNS_TXT && strlen(name) <= 253);
	k->answer.n = 1;
	k->rr[0].data = rsa;
	k->rr[0].len = sizeof(rsa) - 1;
	if (strcmp(name, "brisbane._domainkey.football.example.com") == 0) {
		k->rr[0].data = ed25519;
		k->rr[0].len = sizeof(ed25519) - 1;
	} else if (strcmp(name, "test._domainkey.football.example.com") != 0) {
		k->answer.n = 2;
		k->rr[1] = k->rr[0];
		k->rr[l->swapped].data = l->record;
		k->rr[l->swapped].len = l->len;
	}
	k->answer.status = l->len % 16 == 15 ? DNS_TEMPFAIL : DNS_OK;
	k->answer.rr = k->rr;
	return k;
}

const struct dns_answer *
lookup_wait(struct lookup *k)
{
	return &k->answer;
}

/* --- the message -------------------------------------------------------- */

struct message {
	const char	*header, *header_end, *body, *end;
};

static void
feed_header(struct dkim_verifier *v, struct arena *a, struct headers *h,
    const struct message *m, bool crlf)
{
	const char	*p = m->header, *eol, *colon, *q;
	struct buf	 value = BUF_INIT;

	for (; p < m->header_end; p = eol + 1) {
		for (eol = memchr(p, '\n', (size_t)(m->header_end - p));
		    eol != NULL && eol + 1 < m->header_end &&
		    (eol[1] == ' ' || eol[1] == '\t');
		    eol = memchr(eol + 1, '\n',
		    (size_t)(m->header_end - eol - 1)))
			;
		if (eol == NULL)
			eol = m->header_end;
		colon = memchr(p, ':', (size_t)(eol - p));
		if (colon == NULL || memchr(p, '\0', (size_t)(eol - p)))
			continue;
		buf_reset(&value);
		for (q = colon + 1; q < eol; q++) {
			if (*q == '\r' && q + 1 < eol && q[1] == '\n')
				continue;
			if (*q == '\n' && crlf)
				buf_addch(&value, '\r');
			buf_addch(&value, *q);
		}
		feed_field(v, h, arena_memdup(a, p, (size_t)(colon - p)),
		    buf_str(&value));
	}
	buf_free(&value);
}

static void
verify(struct dkim_lib *lib, struct lookups *l, const struct message *m,
    bool first, struct dkim_facts *f)
{
	struct headers		*h = feed_start(l->arena);
	struct dkim_verifier	*v = dkim_verifier_new(lib, l, l->arena, h,
				    1700000000);
	size_t			 step = first ? SIZE_MAX : 3, n;
	const char		*p;

	feed_header(v, l->arena, h, m, first);
	dkim_verifier_eoh(v);
	for (p = m->body; p < m->end; p += n) {
		n = (size_t)(m->end - p) < step ? (size_t)(m->end - p) : step;
		dkim_verifier_body(v, p, n);
	}
	memset(f, 0, sizeof(*f));
	dkim_verifier_finish(v, f);
	dkim_verifier_free(&v);
}

static bool
body_is_the_rfcs(const struct message *m)
{
	static const char	bh[] =
	    "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";
	unsigned char		digest[CRYPTO_SHA256_LEN];
	struct buf		text = BUF_INIT;
	bool			same;

	reference_body(&text, CANON_RELAXED, m->body,
	    (size_t)(m->end - m->body));
	CHECK(crypto_sha256(buf_str(&text), text.len, digest));
	buf_free(&text);
	same = pubkey_digest_is(digest, bh, sizeof(bh) - 1);
	return same;
}

static void
compare(const struct dkim_signature *a, const struct dkim_signature *b,
    const struct message *m)
{
	CHECK(a->result == b->result && a->key_bits == b->key_bits);
	CHECK(a->partial == b->partial && a->temperror == b->temperror);
	CHECK((a->reason == NULL) == (a->result == RESULT_PASS));
	CHECK(a->reason == NULL || strcmp(a->reason, b->reason) == 0);
	CHECK(!a->temperror || a->result == RESULT_TEMPERROR);
	CHECK(a->b == NULL || strcmp(a->b, b->b) == 0);
	CHECK(a->result != RESULT_PASS || (a->domain != NULL &&
	    a->selector != NULL && a->b != NULL && !a->partial));
	if (a->result == RESULT_PASS &&
	    strcmp(a->domain, "football.example.com") == 0 &&
	    (strcmp(a->selector, "brisbane") == 0 ||
	    strcmp(a->selector, "test") == 0))
		CHECK(body_is_the_rfcs(m));
}

static void
cut(struct message *m, const char *p, const char *end)
{
	m->header = p;
	m->end = end;
	for (; p < end && !(p[0] == '\n' && (p + 1 == end || p[1] == '\n'));
	    p++)
		;
	m->header_end = p;
	m->body = end - p < 2 ? end : p + 2;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dkim_lib	*lib;
	const char		*text = (const char *)data;
	const char		*end = memchr(text, '\0', size);
	struct dkim_facts	 f[3];
	struct lookups		 l;
	struct message		 m;
	size_t			 i;

	if (lib == NULL)
		lib = dkim_lib_new(NULL);
	l.arena = arena_new(65536);
	l.record = text;
	l.len = end == NULL ? 0 : (size_t)(end - text);
	l.swapped = false;
	cut(&m, end == NULL ? text : end + 1, text + size);
	verify(lib, &l, &m, true, &f[0]);
	verify(lib, &l, &m, false, &f[1]);
	l.swapped = true;
	verify(lib, &l, &m, false, &f[2]);
	CHECK(f[0].n == f[1].n && f[0].skipped == f[1].skipped);
	for (i = 0; i < f[0].n; i++) {
		compare(&f[0].sig[i], &f[1].sig[i], &m);
		CHECK(f[0].sig[i].result == f[2].sig[i].result);
		CHECK(f[0].sig[i].testing == f[2].sig[i].testing);
	}
	arena_free(&l.arena);
	return 0;
}
