/*
 * dkim_message - a whole message through the verifier, as an MTA sends it
 */
#ifndef MILLGATE_DKIM_MESSAGE_H
#define MILLGATE_DKIM_MESSAGE_H

#include "dkim_feed.h"
#include "dkim_maker.h"
#include "dkim/dkim_verify.h"
#include "dns/resolver.h"

#define MESSAGE_NOW	1700000000

/* How the MTA passes it: every verdict must be the same. */
struct delivery {
	bool	bare_lf;	/* folds as libmilter has them */
	size_t	chunk;		/* of the body */
};

static const struct delivery deliveries[] = {
	{ true, 65535 }, { false, 65535 }, { true, 1 }, { true, 7 },
};

static inline void
message_field(struct dkim_verifier *v, struct arena *a, struct headers *h,
    const struct maker_field *f, bool bare_lf)
{
	const char	*colon = memchr(f->text, ':', f->len);
	size_t		 len = (size_t)(colon - f->text), i, n = 0;
	char		*value = arena_alloc(a, f->len + 1);

	for (i = len + 1; i < f->len; i++)
		if (!bare_lf || f->text[i] != '\r' || i + 1 == f->len ||
		    f->text[i + 1] != '\n')
			value[n++] = f->text[i];
	feed_field(v, h, arena_memdup(a, f->text, len), value);
}

/* `facts` lives in the arena. */
static inline void
message_verify(struct dkim_lib *lib, struct resolver *r, struct arena *a,
    const char *header, const char *body, size_t len,
    const struct delivery *how, struct dkim_facts *facts)
{
	const struct lookup_limits limits = { 2000, 200 };
	struct lookups	*l = lookups_new(r, &limits);
	struct headers	*h = feed_start(a);
	struct dkim_verifier *v = dkim_verifier_new(lib, l, a, h, MESSAGE_NOW);
	struct maker_field *f = arena_array(a, 8192, sizeof(*f));
	size_t		 n = maker_split(header, f, 8192), i;

	for (i = 0; i < n; i++)
		message_field(v, a, h, &f[i], how->bare_lf);
	dkim_verifier_eoh(v);
	for (i = 0; i < len; i += how->chunk)
		dkim_verifier_body(v, body + i,
		    len - i < how->chunk ? len - i : how->chunk);
	memset(facts, 0, sizeof(*facts));
	dkim_verifier_finish(v, facts);
	assert_true(facts->done);
	dkim_verifier_free(&v);
	lookups_free(&l);
}

/* A TXT record in zone text, any octet in it. */
static inline void
zone_txt(struct buf *zone, const char *name, const char *text, size_t len)
{
	size_t i;

	buf_printf(zone, "%s TXT", name);
	for (i = 0; i < len; i++) {
		if (i % 250 == 0)
			buf_addstr(zone, i == 0 ? " \"" : "\" \"");
		buf_printf(zone, "\\%03u", (unsigned char)text[i]);
	}
	buf_addstr(zone, len == 0 ? " \"\"\n" : "\"\n");
}

#endif
