/*
 * conf_maps - sender-login-maps: read Postfix's tables of owners
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf_tree_priv.h"

static void
complain_each(struct conf_builder *b, struct conf_place at, char *lines)
{
	char *line;

	while ((line = strsep(&lines, "\n")) != NULL)
		conf_complain(b->bad, at, "sender-login-maps: %s", line);
}

static void
check_local_domains(struct conf_builder *b)
{
	const struct conf_section *root = &b->tree->section[0];

	if (conf_section_sets(root, "local-domains") &&
	    !conf_section_sets(root, "sender-login-maps"))
		conf_complain(b->bad, conf_section_where(root,
		    "local-domains"), "local-domains has no effect without "
		    "sender-login-maps; remove it or set sender-login-maps");
}

void
conf_build_maps(struct conf_builder *b)
{
	struct conf	*c = b->conf;
	char		*why = NULL;

	check_local_domains(b);
	if (c->sender_login_maps.n == 0)
		return;
	c->identity.tables = true;
	c->maps_rules = (struct sender_maps_rules){
		.spec = c->sender_login_maps.s,
		.n = c->sender_login_maps.n,
		.local_domains = c->local_domains.s,
		.nlocal = c->local_domains.n,
		.recipient_delimiter = c->identity.recipient_delimiter,
		.timeout = c->users_timeout,
		.cache = c->users_cache * 1000,
		.stale = c->users_stale * 1000,
		.may_read_files = b->may_read_files,
	};
	c->sender_maps = sender_maps_new(&c->maps_rules, &why);
	if (c->sender_maps != NULL)
		return;
	complain_each(b, conf_section_where(&b->tree->section[0],
	    "sender-login-maps"), why);
	free(why);
}
