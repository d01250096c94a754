/*
 * fuzz_dmarc_walk: a domain and the answers on its tree walk (RFC 9989)
 *
 * The first line is the domain. Each further line is the answer at one name of
 * its walk: "!" a failure, "-" no such name, else TXT records separated by
 * "|". The organizational domain must be the domain or above it, and the
 * record must be at a name of the walk. The domain's own record goes first.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "dmarc/dmarc.h"
#include "mail/domain.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS	4

/* The next piece up to `c`; *rest is NULL after the last one. */
static char *
next(struct arena *a, const char **rest, const char *end, char c, size_t *len)
{
	const char *start = *rest, *at;

	at = memchr(start, c, (size_t)(end - start));
	*len = (size_t)((at != NULL ? at : end) - start);
	*rest = at != NULL ? at + 1 : NULL;
	return arena_memdup(a, start, *len);
}

static const struct dns_answer *
answer_of(struct arena *a, const char *line, size_t len)
{
	struct dns_answer	*answer = arena_alloc(a, sizeof(*answer));
	const char		*rest = line;
	struct dns_rr		*rr;

	answer->status = DNS_NXDOMAIN;
	if (len > 0 && line[0] == '!')
		answer->status = DNS_TEMPFAIL;
	if (len == 0 || line[0] == '!' || line[0] == '-')
		return answer;
	answer->status = DNS_OK;
	answer->rr = arena_array(a, RECORDS, sizeof(*answer->rr));
	while (rest != NULL && answer->n < RECORDS) {
		rr = &answer->rr[answer->n++];
		rr->data = next(a, &rest, line + len, '|', &rr->len);
	}
	return answer;
}

static void
check(const char *domain, const struct dns_answer *first,
    const struct dmarc_walk_result *r)
{
	struct dmarc_record own;

	if (r->org_domain == NULL || !domain_is_within(domain, r->org_domain))
		abort();
	if (r->record_domain != NULL &&
	    !domain_is_within(domain, r->record_domain))
		abort();
	if ((r->state == DMARC_FOUND && r->record_domain == NULL) ||
	    (r->state == DMARC_NOT_FOUND && r->record_domain != NULL) ||
	    (r->state == DMARC_TEMPERROR && r->why == NULL))
		abort();
	if (first->status == DNS_OK && first->n == 1 &&
	    dmarc_record_parse(first->rr[0].data, first->rr[0].len, &own) &&
	    (r->record_domain == NULL ||
	    strcmp(r->record_domain, domain) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena			*a = arena_new(0);
	const char			*rest = (const char *)data;
	const char			*end = rest + size, *domain;
	const struct dns_answer		*answers[DMARC_WALK_MAX] = { NULL };
	struct dmarc_walk_result	 r;
	struct dmarc_walk		 w;
	size_t				 len, i;
	const char			*line;

	line = next(a, &rest, end, '\n', &len);
	domain = domain_canonical(a, line, len);
	if (domain != NULL) {
		dmarc_walk_init(&w, domain);
		if (w.n == 0 || w.n > DMARC_WALK_MAX)
			abort();
		for (i = 0; i < w.n; i++) {
			line = "";
			len = 0;
			if (rest != NULL)
				line = next(a, &rest, end, '\n', &len);
			answers[i] = answer_of(a, line, len);
		}
		dmarc_walk_judge(&w, answers, a, &r);
		check(domain, answers[0], &r);
	}
	arena_free(&a);
	return 0;
}
