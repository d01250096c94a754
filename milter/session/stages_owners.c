/*
 * stages_owners - who owns the addresses of a message, by the site's tables
 *
 * The judges need to know it for mail of a login, and only for addresses that
 * its entry does not allow already; no other message waits for a table.
 */
#include <string.h>

#include "base/arena.h"
#include "policy/policy_address.h"
#include "stages_priv.h"

#define TABLE_SHOWN	100	/* octets */

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

static bool
is_own_login(const struct message *m, const char *owner)
{
	const struct users	*users = m->setup->conf->users;
	const struct auth_facts	*auth = &m->f.auth;

	return users_is_login(users, owner, auth->login) ||
	    (auth->address != NULL &&
	    users_is_login(users, owner, auth->address));
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
		owners_failed(o, arena_printf(m->arena, "%.*s: %s",
		    TABLE_SHOWN, found.table, found.why));
		return OWNED_UNKNOWN;
	}
	m->owners = arena_printf(m->arena, "%.*s: %s", TABLE_SHOWN,
	    found.table, found.key);
	for (i = 0; i < found.n; i++)
		if (is_own_login(m, found.login[i]))
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

/* Is the address the sender's, or one of the list before `end`? */
static bool
is_known(const struct message *m, const struct mailbox_list *list, size_t end,
    enum owned *known)
{
	size_t i;

	*known = m->f.env.sender_owned;
	if (strcmp(list->box[end].address, m->f.env.sender) == 0 &&
	    !m->f.env.sender_bad)
		return true;
	for (i = 0; i < end; i++)
		if (strcmp(list->box[end].address, list->box[i].address) == 0)
			break;
	*known = list->box[i].owned;
	return i < end;
}

static void
look_up_list(struct owners *o, struct mailbox_list *list)
{
	enum owned	known;
	size_t		i;

	for (i = 0; i < list->n; i++) {
		list->box[i].owned = OWNED_UNLISTED;
		if (!is_needed(o->m, &list->box[i]))
			continue;
		if (!is_known(o->m, list, i, &known))
			known = look_up(o, &list->box[i]);
		list->box[i].owned = known;
	}
}

void
stage_author_owners(struct message *m)
{
	struct owners o = owners_begin(m);

	look_up_list(&o, &m->f.from.from);
	look_up_list(&o, &m->f.from.others);
}
