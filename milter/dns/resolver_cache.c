/*
 * resolver_cache - answers and the table that keeps them
 *
 * An answer is one block of memory with a reference count, and immutable: a
 * session may read it after the cache has dropped it. A table is bounded in
 * entries and octets; the least recently used answer is dropped first. The
 * caller must hold the lock of the table's shard.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "dns/resolver.h"
#include "dns_wire_priv.h"
#include "resolver_priv.h"

/* Upper bounds of the TTLs that name owners set (seconds). */
#define TTL_MAX			86400u
#define TTL_DENIAL_MAX		3600u
/* A denial without SOA has no TTL (RFC 2308 5). */
#define TTL_DENIAL_UNKNOWN	60u

/* --- answers ---------------------------------------------------------- */

static uint32_t
ttl_bounded(const struct dns_reply *reply)
{
	uint32_t max = reply->status == DNS_OK ? TTL_MAX : TTL_DENIAL_MAX;

	/* libunbound itself caches failures for some seconds */
	if (reply->status == DNS_TEMPFAIL || reply->status == DNS_BADNAME)
		return 0;
	if (reply->ttl == DNS_TTL_UNKNOWN)
		return TTL_DENIAL_UNKNOWN;
	return reply->ttl < max ? reply->ttl : max;
}

static const char *
status_word(enum dns_status status)
{
	static const char *const words[] = {
		[DNS_OK] = "ok", [DNS_NODATA] = "nodata",
		[DNS_NXDOMAIN] = "nxdomain", [DNS_BADNAME] = "badname",
		[DNS_TEMPFAIL] = "tempfail",
	};

	return words[status];
}

/* The number of records within our bounds, and their decoded octets at most. */
static size_t
records_bounded(const struct dns_reply *reply, size_t *octets)
{
	size_t i, total = 0, n = 0;

	*octets = 0;
	if (reply->status != DNS_OK)
		return 0;
	for (i = 0; i < reply->n && n < RESOLVER_MAX_RR; i++, n++) {
		if (reply->len[i] < 0 ||
		    (size_t)reply->len[i] > RESOLVER_MAX_RDATA - total)
			break;
		total += (size_t)reply->len[i];
	}
	*octets = total + n;
	return n;
}

static void
records_decode(struct answer *a, const struct dns_reply *reply, size_t n,
    char *out)
{
	struct dns_answer	*dns = &a->dns;
	size_t			 i, used;

	for (i = 0; i < n; i++) {
		used = dns_rdata_decode(a->question.type,
		    (const uint8_t *)reply->rdata[i], (size_t)reply->len[i],
		    &dns->rr[dns->n], out);
		out += used;
		dns->n += used > 0;
	}
}

struct answer *
answer_new(const struct question *qn, const struct dns_reply *reply,
    uint64_t now)
{
	struct answer	*a;
	size_t		 octets, n = records_bounded(reply, &octets), size;
	char		*text;

	size = sizeof(*a) + n * sizeof(*a->dns.rr) + qn->len + 1 + octets;
	a = xmalloc(size);
	memset(a, 0, sizeof(*a));
	atomic_init(&a->refs, 1);
	a->size = size;
	a->dns.rr = (struct dns_rr *)(a + 1);
	text = (char *)(a->dns.rr + n);
	a->question = *qn;
	a->question.name = memcpy(text, qn->name, qn->len + 1);
	records_decode(a, reply, n, text + qn->len + 1);
	a->dns.status = reply->status;
	if (reply->status == DNS_OK && a->dns.n == 0)
		a->dns.status = DNS_NODATA;
	a->dns.secure = reply->secure;
	a->dns.why = reply->why != NULL ? reply->why :
	    status_word(a->dns.status);
	a->dns.ttl = ttl_bounded(reply);
	a->expires = a->dns.ttl > 0 ? now + 1000ull * a->dns.ttl : 0;
	return a;
}

void
answer_unref(struct answer *a)
{
	if (atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) == 1)
		free(a);
}

void
answer_ref(struct answer *a)
{
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
}

/* --- questions -------------------------------------------------------- */

#define ROTL(x, b)	((x) << (b) | (x) >> (64 - (b)))

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] = ROTL(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] = ROTL(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

/*
 * SipHash-1-3 (Aumasson and Bernstein 2012) of name and type. libcrypto's
 * SipHash needs a context and a fetch for each name of some 30 octets.
 */
uint64_t
question_hash(const uint64_t key[2], const char *name, size_t len,
    enum dns_type type)
{
	uint64_t	v[4] = {
		key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573
	};
	uint64_t	word;
	size_t		at;
	int		i;

	for (at = 0; len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, name + at, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	memcpy(&word, name + at, len - at);
	sip_word(v, word);
	sip_word(v, (uint64_t)type << 32 | len);
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool
question_same(const struct question *a, const struct question *b)
{
	return a->hash == b->hash && a->type == b->type && a->len == b->len &&
	    memcmp(a->name, b->name, a->len) == 0;
}

/* --- the table -------------------------------------------------------- */

void
dns_cache_init(struct dns_cache *c, size_t max_entries, size_t max_bytes)
{
	size_t buckets = 1;

	while (buckets < max_entries)
		buckets *= 2;
	c->bucket = xcalloc(buckets, sizeof(*c->bucket));
	c->mask = buckets - 1;
	TAILQ_INIT(&c->recent);
	c->entries = c->bytes = 0;
	c->max_entries = max_entries;
	c->max_bytes = max_bytes;
}

/* The link that points to the answer, or to NULL at the chain's end. */
static struct answer **
dns_cache_link(struct dns_cache *c, const struct question *qn)
{
	struct answer **at = &c->bucket[qn->hash & c->mask];

	while (*at != NULL && !question_same(&(*at)->question, qn))
		at = &(*at)->chain;
	return at;
}

static void
dns_cache_drop(struct dns_cache *c, struct answer **link)
{
	struct answer *a = *link;

	*link = a->chain;
	TAILQ_REMOVE(&c->recent, a, recent);
	c->entries--;
	c->bytes -= a->size;
	answer_unref(a);
}

static void
dns_cache_drop_oldest(struct dns_cache *c)
{
	struct answer *oldest = TAILQ_LAST(&c->recent, recent);

	dns_cache_drop(c, dns_cache_link(c, &oldest->question));
}

void
dns_cache_clear(struct dns_cache *c)
{
	while (c->entries > 0)
		dns_cache_drop_oldest(c);
	free(c->bucket);
	c->bucket = NULL;
}

struct answer *
dns_cache_find(struct dns_cache *c, const struct question *qn, uint64_t now)
{
	struct answer **link = dns_cache_link(c, qn), *a = *link;

	if (a == NULL)
		return NULL;
	if (a->expires <= now) {
		dns_cache_drop(c, link);
		return NULL;
	}
	if (a != TAILQ_FIRST(&c->recent)) {
		TAILQ_REMOVE(&c->recent, a, recent);
		TAILQ_INSERT_HEAD(&c->recent, a, recent);
	}
	answer_ref(a);
	return a;
}

void
dns_cache_insert(struct dns_cache *c, struct answer *a)
{
	struct answer **link = dns_cache_link(c, &a->question);

	if (*link != NULL)
		dns_cache_drop(c, link);
	if (a->expires == 0 || a->size > c->max_bytes)
		return;
	while (c->entries >= c->max_entries ||
	    c->bytes + a->size > c->max_bytes)
		dns_cache_drop_oldest(c);
	/* the link may have been in an answer that was dropped */
	link = &c->bucket[a->question.hash & c->mask];
	answer_ref(a);
	a->chain = *link;
	*link = a;
	TAILQ_INSERT_HEAD(&c->recent, a, recent);
	c->entries++;
	c->bytes += a->size;
}
