/*
 * stages_trace - the trace fields of an accepted message
 */
#include "mail/authres.h"
#include "mail/claims.h"
#include "spf/spf_received.h"
#include "stages_priv.h"

/* Delete all fields of this name that claim to be ours. */
static void
delete_claimed(struct message *m, const char *field,
    bool (*claims)(const char *value, const char *us))
{
	const struct header	*h;

	for (h = headers_first(&m->headers, field); h != NULL;
	    h = headers_next(&m->headers, h))
		if (claims(h->value, m->authserv_id))
			edits_delete(&m->edits, field, h->nth);
}

/* RFC 7208 9.1: one field for each identity, MAIL FROM on top. */
static void
plan_received_spf(struct message *m)
{
	static const bool	 helo[] = { true, false };
	static const char	 field[] = "Received-SPF";
	const char		*value;
	size_t			 i;

	delete_claimed(m, field, spf_received_claims);
	for (i = 0; i < 2; i++) {
		value = spf_received_format(m->arena, &m->f, m->authserv_id,
		    helo[i]);
		if (value != NULL)
			edits_insert_top(&m->edits, field, value);
	}
}

/*
 * RFC 8601 4 and 5: delete fields with our authserv-id, also where we insert
 * none, and insert ours on top.
 */
void
stage_trace(struct message *m, bool monitor)
{
	static const char	 field[] = "Authentication-Results";
	const struct authres_form form = { m->authserv_id,
	    m->setup->conf->submission_results, monitor };
	const char		*value;

	delete_claimed(m, field, authres_claims);
	if (m->setup->conf->spf.received_spf)
		plan_received_spf(m);
	value = authres_format(m->arena, &form, &m->f, m->verdict);
	if (value != NULL)
		edits_insert_top(&m->edits, field, value);
}
