/*
 * fuzz_resolver_zone - a zone text is accepted, or refused with the number of a
 * line. An accepted zone answers every question.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns/resolver.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
check_answers(struct resolver *r)
{
	static const enum dns_type types[] = {
		DNS_A, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA
	};
	static const struct lookup_limits limits = { 1000, 100 };
	struct lookups		*l = lookups_new(r, &limits);
	const struct dns_answer	*a;
	size_t			 i;

	for (i = 0; i < 5; i++) {
		a = lookup_peek(lookups_start(l, "a.test", types[i]));
		CHECK(a != NULL && a->why != NULL);
		CHECK(a->n <= RESOLVER_MAX_RR);
		CHECK((a->status == DNS_OK) == (a->n > 0));
		CHECK(a->status != DNS_BADNAME);
	}
	lookups_free(&l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*text = malloc(size + 1), *why = NULL;
	struct resolver	*r;

	CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	r = resolver_zone_new(text, &why);
	CHECK((r == NULL) == (why != NULL));
	if (why != NULL)
		CHECK(strncmp(why, "line ", 5) == 0);
	else
		check_answers(r);
	resolver_free(&r);
	free(why);
	free(text);
	return 0;
}
