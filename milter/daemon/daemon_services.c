/*
 * daemon_services - open what all sessions share: the state file and the
 * resolver, as the user that will use them
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/why.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "session/services.h"
#include "store/store.h"
#include "daemon_priv.h"
#include "daemon_tasks_priv.h"
#include "file_limit_priv.h"

static void
resolver_failed(void *arg)
{
	(void)arg;
	daemon_break("libunbound has ended, and no name can be looked up");
}

static struct resolver *
daemon_resolver(const struct conf *c, char **why)
{
	struct resolver_options	 o = {
		.servers = c->resolver.servers.s,
		.nservers = c->resolver.servers.n,
		.trust_anchor = c->resolver.trust_anchor,
		.failed = resolver_failed,
	};
	const char		*text;
	struct resolver		*r = resolver_unbound_new(&o, &text);

	if (r == NULL && o.trust_anchor != NULL)
		why_set(why, "trust-anchor = \"%s\": %s", o.trust_anchor,
		    text);
	else if (r == NULL)
		why_set(why, "%s", text);
	return r;
}

struct services *
daemon_services(struct setup *setup, char **why)
{
	static char	 hostname[256];
	struct resolver	*resolver = NULL;
	struct store_place place = conf_state(setup->conf);
	struct store	*store = NULL;
	struct services	*sv;

	if (gethostname(hostname, sizeof(hostname) - 1) != 0)
		snprintf(hostname, sizeof(hostname), "localhost");
	if (setup_check_users(setup, why) && setup_check_keys(setup, why))
		store = store_open_at(&place, STORE_KEEP, why);
	if (store != NULL)
		resolver = daemon_resolver(setup->conf, why);
	if (resolver == NULL) {
		store_close(&store);
		setup_unref(&setup);
		return NULL;
	}
	sv = services_new(setup, resolver, store, hostname);
	file_limit_check(sv);
	daemon_tasks_clock(sv);
	atomic_store(&sv->tallies.loaded_at, (uint64_t)sv->now());
	daemon_tasks_recall(sv, setup);
	return sv;
}
