/*
 * stages_trace - the trace fields of an accepted message
 */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mail/authres.h"
#include "mail/claims.h"
#include "spf/spf_received.h"
#include "stages_priv.h"

static const char	results_field[] = "Authentication-Results";
static const char	spf_field[] = "Received-SPF";

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
	const char		*value;
	size_t			 i;

	for (i = 0; i < 2; i++) {
		value = spf_received_format(m->arena, &m->f, m->authserv_id,
		    helo[i]);
		if (value != NULL)
			edits_insert_top(&m->edits, spf_field, value);
	}
}

static bool
has_name(const char *name, const char *field)
{
	size_t len = strlen(field);

	return strncasecmp(name, field, len) == 0 &&
	    name[len + strspn(name + len, " \t")] == '\0';
}

/*
 * The header has become too large. Only monitor mode accepts the message; then
 * fields that claim to be ours must be known, however many there are.
 */
void
stage_trace_beyond(struct message *m, const char *name, const char *value)
{
	m->too_large = true;
	if (m->setup->conf->mode != MODE_MONITOR ||
	    (!has_name(name, results_field) && !has_name(name, spf_field)))
		return;
	m->headers.max_fields = m->headers.n + 1;
	m->headers.max_bytes = SIZE_MAX;
	headers_add(&m->headers, name, value);
}

/*
 * RFC 8601 4 and 5: delete fields with our authserv-id, also where we insert
 * none, and insert ours on top. A header that is too large was not judged.
 */
void
stage_trace(struct message *m, bool monitor)
{
	const struct authres_form form = { m->authserv_id,
	    m->setup->conf->submission_results, monitor };
	const char		*value;

	delete_claimed(m, results_field, authres_claims);
	if (m->setup->conf->spf.received_spf)
		delete_claimed(m, spf_field, spf_received_claims);
	if (m->too_large)
		return;
	if (m->setup->conf->spf.received_spf)
		plan_received_spf(m);
	value = authres_format(m->arena, &form, &m->f, m->verdict);
	if (value != NULL)
		edits_insert_top(&m->edits, results_field, value);
}
