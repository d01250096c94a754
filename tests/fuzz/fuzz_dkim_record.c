/*
 * fuzz_dkim_record - a key record and, after a NUL, a DKIM-Signature value
 * for it. Accepted input must satisfy everything that the parsers promise.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "dkim/dkim_record_priv.h"
#include "dkim/dkim_sigfield_priv.h"
#include "mail/domain.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)
#define NAMES		40

static void
check_field(const struct dkim_sigfield *f, struct arena *a, size_t size)
{
	CHECK(f->algorithm == SIGALG_RSA_SHA256 ||
	    f->algorithm == SIGALG_ED25519_SHA256);
	CHECK(strcmp(domain_canonical(a, f->domain, strlen(f->domain)),
	    f->domain) == 0);
	CHECK(domain_canonical(a, f->query, strlen(f->query)) != NULL);
	CHECK(domain_is_within(f->identity_domain, f->domain));
	CHECK(f->b_len >= 4 && strlen(f->b) == f->b_len);
	CHECK(f->bh_len >= 4 && strlen(f->bh) == f->bh_len);
	CHECK(f->b_from < f->b_to && f->b_to <= size);
	CHECK(f->nnames > 0 && f->nnames <= NAMES);
	CHECK(dkim_sigfield_names(f, "from") > 0);
	CHECK(!f->has_time || f->time >= 0);
	CHECK(!f->has_time || !f->has_expiry || f->expiry > f->time);
	(void)dkim_sigfield_timely(f, 1700000000, 300);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*text = (const char *)data, *field;
	const char	*end = memchr(text, '\0', size);
	size_t		 len = end == NULL ? size : (size_t)(end - text);
	struct arena	*a = arena_new(4096);
	struct dkim_record r;
	struct dkim_sigfield f;
	bool		 record_good;

	(void)dkim_record_is_foreign(text, len);
	record_good = dkim_record_parse(&r, text, len) == NULL;
	if (record_good)
		CHECK(r.key >= text && r.key + r.key_len <= text + len);
	field = end == NULL ? text : end + 1;
	len = end == NULL ? size : size - len - 1;
	if (dkim_sigfield_parse(&f, a, field, len, NAMES) == NULL) {
		check_field(&f, a, len);
		if (record_good && dkim_record_unfit(&r, &f) == NULL)
			CHECK(r.key_len > 0 && r.sha256 && r.email);
	}
	arena_free(&a);
	return 0;
}
