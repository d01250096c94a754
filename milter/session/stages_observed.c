/*
 * stages_observed - which macros the MTA sends at each stage, and the hint when
 * a refusal comes from a macro that was never sent
 *
 * The listener is known only at MAIL. The session keeps the macros of connect
 * and HELO until then; they are counted once for each connection.
 */
#include <string.h>

#include "base/arena.h"
#include "policy/policy_address.h"
#include "policy/policy_hint.h"
#include "session/traffic.h"
#include "stages_priv.h"

void
session_no_bodies(struct session *s)
{
	s->no_bodies = true;
}

void
session_negotiated(struct session *s, unsigned protocol, bool takes_lists)
{
	s->mta.known = true;
	s->mta.protocol = protocol;
	s->mta.takes_lists = takes_lists;
	/* for an MTA that sends no connect event */
	s->conn.mta = s->mta;
}

void
stage_note_macros(struct session *s, enum macro_stage stage)
{
	const char	*value;
	size_t		 i;

	for (i = 0; i < OBSERVED_ROWS; i++) {
		if (observed_rows[i].stage != stage)
			continue;
		value = s->macro(s->macro_ctx, observed_rows[i].macro);
		s->sent[i] = value == NULL ? SENT_NOT :
		    value[0] == '\0' ? SENT_EMPTY : SENT_VALUE;
	}
}

void
stage_observe_listener(struct session *s)
{
	struct message *m = s->message;
	struct observed_listener *before = s->seen;

	s->seen = observed_listener(s->sv->observed, m->rules->name);
	if (s->seen != before) {
		observed_session(s->seen, &s->conn.mta);
		observed_macros(s->seen, AT_CONNECT, s->sent);
		observed_macros(s->seen, AT_HELO, s->sent);
	}
	stage_note_macros(s, AT_MAIL);
	observed_macros(s->seen, AT_MAIL, s->sent);
}

/* Is the mail refused because its login has no domain? */
static bool
lacks_login_domain(const struct message *m)
{
	const char *rule = m->verdict->rule;

	if (m->verdict->action < ACTION_DEFER)
		return false;
	if (strcmp(rule, "sender") == 0 || strcmp(rule, "from") == 0 ||
	    strcmp(rule, "other-author") == 0)
		return policy_lacks_address(&m->setup->conf->identity,
		    m->user, &m->f);
	return (strcmp(rule, "tier-sender") == 0 ||
	    strcmp(rule, "tier-author") == 0) &&
	    policy_tier_lacks_address(m->tier, &m->f);
}

void
stage_observe(struct session *s, enum action taken, const char *event)
{
	struct message		*m = s->message;
	const char		*rule = NULL;

	if (m->verdict->action >= ACTION_HOLD)
		rule = m->verdict->rule;
	observed_verdict(s->seen, m->f.direction, event, taken, rule);
	traffic_note(s->sv->traffic, s->sv->ticks(), event, taken, rule);
	if (lacks_login_domain(m))
		observed_bare_login(s->seen);
	if (strcmp(event, "eom") == 0) {
		stage_note_macros(s, AT_EOM);
		observed_macros(s->seen, AT_EOM, s->sent);
	}
}

static bool
never_sent(const void *listener, const char *macro)
{
	return observed_never(listener, macro);
}

/* A login at an inbound listener: accepted, but neither bound nor counted. */
static bool
is_unbound_login(const struct session *s)
{
	struct message *m = s->message;

	return s->conn.mta.known && m->f.auth.login != NULL &&
	    m->f.direction == DIRECTION_INBOUND &&
	    m->setup->conf->trust.logins != TRUST_ANY_LOGIN;
}

static const char *
find_hint(struct session *s)
{
	struct message *m = s->message;
	char hint[POLICY_HINT];

	if (m->verdict->action < ACTION_DEFER)
		return is_unbound_login(s) ? policy_login_hint : NULL;
	if (lacks_login_domain(m))
		policy_domain_hint(m->f.auth.login, hint);
	else if (!s->conn.mta.known || !policy_hint(m->verdict->rule,
	    &s->conn.mta, never_sent, s->seen, hint))
		return NULL;
	return arena_strdup(m->arena, hint);
}

const char *
stage_hint(struct session *s)
{
	const char *hint = find_hint(s);

	return hint != NULL && observed_hint_due(s->seen, s->sv->ticks()) ?
	    hint : NULL;
}
