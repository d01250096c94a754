/*
 * session_edits - the trace fields of an accepted message: ours are planned,
 * and those that others wrote in our name are deleted
 */
#include "mail/authres.h"
#include "mail/claims.h"
#include "session_priv.h"

static void
delete_claimed(struct session *s, const char *field,
    bool (*claims)(const char *value, const char *us))
{
	const struct header	*h;
	unsigned		 nth;

	for (nth = 1; (h = headers_find(&s->headers, field, nth)) != NULL;
	    nth++)
		if (claims(h->value, s->authserv_id))
			edits_delete(&s->edits, field, nth);
}

/* RFC 7208 9.1, where the site asks for it: one field for each identity. */
static void
plan_received_spf(struct session *s)
{
	static const bool	 helo[] = { true, false };
	static const char	 field[] = "Received-SPF";
	const char		*value;
	size_t			 i;

	delete_claimed(s, field, spf_received_claims);
	for (i = 0; i < 2; i++) {
		value = spf_received_format(s->arena, &s->f, s->authserv_id,
		    helo[i]);
		if (value != NULL)
			edits_insert_top(&s->edits, field, value);
	}
}

/* Fields that claim our id go, ours comes on top of all (RFC 8601 4, 5). */
void
session_plan_results(struct session *s, bool monitor)
{
	static const char field[] = "Authentication-Results";

	delete_claimed(s, field, authres_claims);
	if (s->setup->conf->spf.received_spf)
		plan_received_spf(s);
	edits_insert_top(&s->edits, field, authres_format(s->arena,
	    s->authserv_id, &s->f, &s->verdict, monitor));
}
