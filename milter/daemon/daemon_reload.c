/*
 * daemon_reload - read configuration, users and keys again: all or none
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "dkim/keyseen.h"
#include "session/notifier.h"
#include "session/services.h"
#include "daemon_priv.h"
#include "daemon_tasks_priv.h"
#include "file_limit_priv.h"
#include "sandbox_priv.h"

static struct setup *
load_setup(const char *path, char **why)
{
	struct conf *c = conf_load(path, why);

	if (c != NULL && !sandbox_allows(c, why))
		conf_unref(&c);
	return c != NULL ? setup_new(c, why) : NULL;
}

/* Warn about changed options that take effect only at a restart. */
static void
warn_restart(const struct services *sv, const struct conf *new)
{
	struct buf	 names = BUF_INIT;
	char		*then = conf_restart_text(new);

	conf_restart_changed(sv->started_with, then, &names);
	if (names.len > 0)
		log_printf(LOG_LEVEL_WARNING, "%s: changes of these options "
		    "take effect at the next restart: %s", new->path,
		    buf_str(&names));
	free(then);
	buf_free(&names);
}

void
daemon_reload(struct services *sv, const char *path)
{
	struct tallies	*t = &sv->tallies;
	const char	*hint;
	char		*why = NULL;
	struct setup	*st = load_setup(path, &why), *old;

	atomic_store(&t->reload_failed, st == NULL);
	counter_add(st != NULL ? &t->reloads_good : &t->reloads_failed, 1);
	if (st == NULL) {
		hint = sandbox_hint(why);
		log_printf(LOG_LEVEL_ERROR, "reload failed, the old "
		    "configuration remains in use: %s%s%s", why,
		    hint != NULL ? "\n" : "", hint != NULL ? hint : "");
		free(why);
		return;
	}
	atomic_store(&t->loaded_at, (uint64_t)sv->now());
	old = services_setup(sv);
	warn_restart(sv, st->conf);
	/* the store may be away */
	keyseen_inherit(st->keys, old->keys);
	setup_adopt(st, old);
	setup_unref(&old);
	setup_probe_log(st);
	log_printf(LOG_LEVEL_INFO, "reloaded %s: %zu listeners, %zu users, "
	    "%zu keys", path, st->conf->nlisteners,
	    users_count(st->conf->users), keyring_count(st->keys));
	daemon_tasks_recall(sv, st);
	services_swap(sv, st);
	notifier_reload(sv->notifier);
	file_limit_check(sv);
	daemon_tasks_reloaded();
}
