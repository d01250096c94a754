/*
 * dkim_feed - a header for the verifier, field by field, as the session has it
 */
#ifndef MILLGATE_DKIM_FEED_H
#define MILLGATE_DKIM_FEED_H

#include "base/arena.h"
#include "dkim/dkim_verify.h"
#include "mail/headers.h"

#define FEED_FIELDS	10000

static inline struct headers *
feed_start(struct arena *a)
{
	struct headers *h = arena_alloc(a, sizeof(*h));

	headers_init(h, a, FEED_FIELDS, SIZE_MAX);
	return h;
}

static inline void
feed_field(struct dkim_verifier *v, struct headers *h, const char *name,
    const char *value)
{
	if (headers_add(h, name, value) && dkim_is_signature(name))
		dkim_verifier_field(v);
}

#endif
