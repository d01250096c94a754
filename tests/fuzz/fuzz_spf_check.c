/*
 * fuzz_spf_check - a whole check with a zone from the input. The first line is
 * the sender, the second the HELO name, the rest a zone text. If the rest is
 * not a zone text, it is published twice: as the SPF record of d.example, and
 * as its explanation (exp=). Prefetch must not change the result.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dns/resolver.h"
#include "spf/spf_check.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

#define BOUND		123
#define MEMORY		(100 * 1024)

/* Names that a published record can refer to. */
static const char around[] =
    "d.example A 192.0.2.1\nd.example MX 1 h.example\n"
    "h.example A 192.0.2.2\nh.example AAAA 2001:db8::1\n"
    "i.example TXT \"v=spf1 a:h.example include:i2.example ~all\"\n"
    "i2.example TXT \"v=spf1 exists:%{ir}.%{v}.x.example\"\n"
    "f.example SERVFAIL\nc.example CNAME h.example\n"
    "2.2.0.192.in-addr.arpa PTR h.example\n"
    "f2.example TXT \"v=spf1 -all exp=e.example\"\n";

static void
add_txt(struct buf *b, const char *name, const uint8_t *data, size_t len)
{
	size_t i;

	buf_printf(b, "%s TXT \"", name);
	for (i = 0; i < len && i < 60000; i++)
		buf_printf(b, "\\%03d", data[i]);
	buf_addstr(b, "\"\n");
}

static struct resolver *
zone_of(const uint8_t *data, size_t len)
{
	struct resolver	*r;
	struct buf	 b = BUF_INIT;
	char		*why;

	buf_add(&b, data, len);
	r = memchr(b.data, '\0', len) != NULL ? NULL :
	    resolver_zone_new(b.data, &why);
	if (r == NULL) {
		if (memchr(b.data, '\0', len) == NULL)
			free(why);
		buf_reset(&b);
		buf_addstr(&b, around);
		add_txt(&b, "d.example", data, len);
		add_txt(&b, "e.example", data, len);
		r = resolver_zone_new(b.data, &why);
		CHECK(r != NULL);
	}
	buf_free(&b);
	return r;
}

static void
check_explanation(const struct spf_facts *f)
{
	const char *p = f->explanation;

	if (p == NULL)
		return;
	CHECK(f->result == RESULT_FAIL);
	CHECK(*p != '\0' && strlen(p) <= 255);
	for (; *p != '\0'; p++)
		CHECK(*p >= 0x20 && *p <= 0x7e);
}

static enum result
check(struct resolver *r, const struct spf_question *q, bool prefetch)
{
	static const struct lookup_limits limits = { 1000, 1000 };
	struct lookups		*l = lookups_new(r, &limits);
	struct arena		*a = arena_new(4096);
	struct spf_facts	 f;

	if (prefetch)
		spf_prefetch(l, q, &spf_default_limits);
	spf_check(l, q, &spf_default_limits, a, &f);
	CHECK(f.done && f.reason != NULL);
	CHECK(strncmp(f.reason, "libspf2 ", 8) != 0);
	CHECK(f.terms <= 10 && f.voids <= 2);
	CHECK(lookups_count(l) <= (prefetch ? 2 * BOUND : BOUND));
	CHECK(arena_used(a) <= MEMORY + 3 * strlen(q->sender));
	check_explanation(&f);
	arena_free(&a);
	lookups_free(&l);
	return f.result;
}

/* A line as a string; *data then points after it. */
static const char *
line(struct arena *a, const uint8_t **data, size_t *size)
{
	const uint8_t	*end = memchr(*data, '\n', *size);
	size_t		 len = end ? (size_t)(end - *data) : 0;
	const char	*s = arena_memdup(a, *data, len);

	if (end != NULL) {
		*data += len + 1;
		*size -= len + 1;
	}
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena		*a = arena_new(4096);
	struct spf_question	 q = { .receiver = "mx.example.net" };
	struct resolver		*r;
	enum result		 result;

	q.sender = line(a, &data, &size);
	q.helo = line(a, &data, &size);
	netaddr_parse(size % 2 ? "192.0.2.2" : "2001:db8::1", &q.client);
	r = zone_of(data, size);
	result = check(r, &q, false);
	CHECK(result == check(r, &q, true));
	q.check_helo = true;
	check(r, &q, false);
	resolver_free(&r);
	arena_free(&a);
	return 0;
}
