/*
 * daemon_reload - read configuration, users and keys again: all or none
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dkim/keyseen.h"
#include "session/services.h"
#include "daemon_priv.h"
#include "daemon_tasks_priv.h"
#include "file_limit_priv.h"

static struct setup *
load_setup(const char *path, char **why)
{
	struct conf *c = conf_load(path, why);

	return c != NULL ? setup_new(c, why) : NULL;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_list(const struct strings *a, const struct strings *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->s[i], b->s[i]) != 0)
			return false;
	return true;
}

/* Warn about changed options that take effect only at a restart. */
static void
warn_restart(const struct conf *old, const struct conf *new)
{
	if (!same_text(old->socket, new->socket) ||
	    !same_text(old->socket_group, new->socket_group) ||
	    !same_text(old->socket_owner, new->socket_owner) ||
	    old->socket_mode != new->socket_mode ||
	    !same_text(old->pid_file, new->pid_file) ||
	    old->auto_restart != new->auto_restart ||
	    !same_list(&old->resolver.servers, &new->resolver.servers) ||
	    !same_text(old->state, new->state) ||
	    !same_text(old->control_socket, new->control_socket) ||
	    !same_text(old->state_password_file, new->state_password_file) ||
	    !same_text(old->state_ca_file, new->state_ca_file) ||
	    old->state_timeout != new->state_timeout ||
	    !same_text(old->user, new->user) ||
	    !same_text(old->resolver.trust_anchor, new->resolver.trust_anchor))
		log_printf(LOG_LEVEL_WARNING, "%s: changes of socket, state, "
		    "control-socket, pid-file, auto-restart, user, servers and "
		    "trust-anchor take effect at the next restart", new->path);
}

void
daemon_reload(struct services *sv, const char *path)
{
	char		*why = NULL;
	struct setup	*st = load_setup(path, &why), *old;

	if (st == NULL) {
		log_printf(LOG_LEVEL_ERROR, "reload failed, the old "
		    "configuration remains in use: %s", why);
		free(why);
		return;
	}
	old = services_setup(sv);
	warn_restart(old->conf, st->conf);
	/* the store may be away */
	keyseen_inherit(st->keys, old->keys);
	setup_unref(&old);
	log_printf(LOG_LEVEL_INFO, "reloaded %s: %zu listeners, %zu users, "
	    "%zu keys", path, st->conf->nlisteners,
	    users_count(st->conf->users), keyring_count(st->keys));
	daemon_tasks_recall(sv, st);
	services_swap(sv, st);
	file_limit_check(sv);
	daemon_tasks_reloaded();
}
