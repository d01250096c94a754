/*
 * stages_owners - who owns the addresses of a message, by the site's tables
 *
 * The judges need to know it for mail of a login, and only for addresses that
 * its entry does not allow already; no other message waits for a table.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "policy/policy_address.h"
#include "stages_priv.h"

/* The lookups of one event. */
struct owners {
	struct message	*m;
	struct sender_time time;
	unsigned	 n;		/* addresses looked up */
	bool		 failed;	/* ask no more */
};

static bool
is_needed(const struct message *m, const struct mailbox *box)
{
	return m->setup->conf->sender_maps != NULL &&
	    m->f.auth.login != NULL && !m->f.login_unknown &&
	    box->local != NULL && box->domain != NULL &&
	    !policy_is_written(&m->setup->conf->identity, m->user, box);
}

/* A table may have the login with or without the domain of login-domain. */
static bool
is_login(const struct message *m, const char *owner)
{
	const struct auth_facts *auth = &m->f.auth;

	owner = users_qualify(m->setup->conf->users, m->arena, owner);
	return strcasecmp(owner, auth->login) == 0 ||
	    (auth->address != NULL && strcasecmp(owner, auth->address) == 0);
}

static void
owners_failed(struct owners *o, const char *why)
{
	o->failed = true;
	if (o->m->users_error == NULL)
		o->m->users_error = why;
}

static enum owned
look_up(struct owners *o, const struct mailbox *box)
{
	struct message		*m = o->m;
	struct sender_owners	 found;
	size_t			 i;

	if (o->failed)
		return OWNED_UNKNOWN;
	if (o->n++ >= SESSION_OWNERS) {
		m->users_error = arena_printf(m->arena, "the message has more "
		    "than %d different addresses", SESSION_OWNERS);
		return OWNED_OTHERS;
	}
	found = sender_maps_find(m->setup->conf->sender_maps, box, &o->time,
	    m->arena);
	m->users_stale |= found.stale;
	if (found.result == DIRECTORY_NONE)
		return OWNED_UNLISTED;
	if (found.result == DIRECTORY_UNKNOWN) {
		owners_failed(o, arena_printf(m->arena, "%s: %s",
		    found.table, found.why));
		return OWNED_UNKNOWN;
	}
	for (i = 0; i < found.n; i++)
		if (is_login(m, found.login[i]))
			return OWNED_YES;
	return OWNED_OTHERS;
}

static struct owners
owners_begin(struct message *m)
{
	return (struct owners){ .m = m,
	    .time = { m->sv->ticks, m->sv->ticks() } };
}

void
stage_sender_owner(struct message *m)
{
	struct env_facts	*env = &m->f.env;
	struct mailbox		 box = { env->sender_local, env->sender_domain,
				    env->sender };
	struct owners		 o = owners_begin(m);

	if (!env->sender_bad && is_needed(m, &box))
		env->sender_owned = look_up(&o, &box);
}

/* An address that is the sender's, or one of the list before `end`. */
static const enum owned *
known_already(const struct message *m, const struct mailbox_list *list,
    size_t end)
{
	size_t i;

	if (strcmp(list->box[end].address, m->f.env.sender) == 0 &&
	    !m->f.env.sender_bad)
		return &m->f.env.sender_owned;
	for (i = 0; i < end; i++)
		if (strcmp(list->box[end].address, list->box[i].address) == 0)
			return &list->box[i].owned;
	return NULL;
}

static void
look_up_list(struct owners *o, struct mailbox_list *list)
{
	const enum owned	*known;
	size_t			 i;

	for (i = 0; i < list->n; i++) {
		list->box[i].owned = OWNED_UNLISTED;
		if (!is_needed(o->m, &list->box[i]))
			continue;
		known = known_already(o->m, list, i);
		list->box[i].owned = known != NULL ? *known :
		    look_up(o, &list->box[i]);
	}
}

void
stage_author_owners(struct message *m)
{
	struct owners o = owners_begin(m);

	look_up_list(&o, &m->f.from.from);
	look_up_list(&o, &m->f.from.others);
}
