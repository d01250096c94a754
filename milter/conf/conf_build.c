/*
 * conf_build - from the tree of a configuration file to struct conf
 *
 * Plans come first, since other sections name them; then the sections without
 * a title, relays, listeners, groups and users. An error does not end the
 * work, so that one run shows all errors.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "conf/conf.h"
#include "conf/conf_options.h"
#include "conf/users.h"
#include "conf_tree_priv.h"

#define BUILTIN(n)	STORE_LIMITS_HOUR((n), STORE_UNLIMITED), \
			{ STORE_UNLIMITED, STORE_UNLIMITED }
static const struct plan_rules builtin_plans[] = {
	{ "trial",	  BUILTIN(1000) },
	{ "standard",	  BUILTIN(1500) },
	{ "premium",	  BUILTIN(3000) },
	{ "professional", BUILTIN(5000) },
};
#define NBUILTIN	(sizeof(builtin_plans) / sizeof(builtin_plans[0]))

#define NAME_WRONG	"the name is not valid; use letters, digits and " \
			"hyphens"

/* Set all options of one section in its struct. */
static void
build_options(struct conf_builder *b, const struct conf_section *s, void *base)
{
	const struct conf_option	*o;
	size_t				 i;

	for (i = 0; (o = conf_option(i)) != NULL; i++)
		if (strcmp(o->section, s->name) == 0)
			conf_value_set(b, o, s,
			    conf_section_find(s, o->name), base);
}

static size_t
count_sections(const struct conf_tree *t, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		n += strcmp(t->section[i].name, name) == 0;
	return n;
}

/* The plan of that name, or a new one without limits. */
static struct plan_rules *
plan_named(struct plan_rules *plans, size_t *n, const char *name)
{
	size_t i;

	for (i = 0; i < *n; i++)
		if (strcasecmp(plans[i].name, name) == 0)
			return &plans[i];
	plans[*n].name = name;
	plans[*n].limits = (struct store_limits)STORE_LIMITS_NONE;
	plans[*n].message.recipients = STORE_UNLIMITED;
	plans[*n].message.bytes = STORE_UNLIMITED;
	return &plans[(*n)++];
}

/* Is there a plan section of that name, in any case, before `end`? */
static bool
plan_is_repeated(const struct conf_tree *t, size_t end, const char *name)
{
	const struct conf_section	*s;
	size_t				 i = 0;

	while ((s = conf_tree_next(t, "plan", &i)) != NULL && i < end)
		if (strcasecmp(s->title, name) == 0)
			return true;
	return false;
}

static void
build_plans(struct conf_builder *b)
{
	const struct conf_section	*s;
	struct plan_rules		*plans;
	size_t				 n = NBUILTIN, i = 0;

	plans = arena_array(b->arena, NBUILTIN +
	    count_sections(b->tree, "plan"), sizeof(*plans));
	memcpy(plans, builtin_plans, sizeof(builtin_plans));
	while ((s = conf_tree_next(b->tree, "plan", &i)) != NULL) {
		if (s->title[0] == '\0' || strpbrk(s->title, " \t,=") != NULL)
			conf_complain_in(b->bad, s, s->place, NAME_WRONG);
		else if (plan_is_repeated(b->tree, i, s->title))
			conf_complain_in(b->bad, s, s->place, "a plan of this "
			    "name exists already (case does not matter); "
			    "remove one of the two");
		else
			build_options(b, s,
			    plan_named(plans, &n, s->title));
	}
	b->conf->plans = plans;
	b->conf->nplans = n;
}

/* Sections without a title; those that are not in the file get defaults. */
static void
build_singles(struct conf_builder *b)
{
	const struct conf_section	*s;
	struct conf_section		 absent = { 0 };
	size_t				 k, i;

	for (k = 0; k < conf_nkinds; k++) {
		if (conf_kinds[k].titled)
			continue;
		i = 0;
		s = conf_tree_next(b->tree, conf_kinds[k].name, &i);
		if (s == NULL) {
			absent.name = conf_kinds[k].name;
			s = &absent;
		}
		build_options(b, s, b->conf);
	}
}

/*
 * A submission listener that is not local requires TLS 1.2 and a login. Where
 * a login is required, somebody answers for mail with the null sender. Local
 * mail may have any sender.
 */
static void
listener_defaults(const struct conf_section *s, struct session_rules *r)
{
	bool strict = r->direction == DIRECTION_SUBMISSION && !r->local;

	if (conf_section_find(s, "require-auth") == NULL)
		r->require_auth = strict;
	if (conf_section_find(s, "null-sender") == NULL)
		r->null_sender = r->local || r->require_auth ||
		    r->second_factor != SECOND_FACTOR_NONE;
	if (conf_section_find(s, "require-tls") == NULL)
		r->require_tls = strict;
	if (!r->require_tls)
		return;
	if (conf_section_find(s, "min-tls") == NULL)
		r->min_tls = "TLSv1.2";
	if (conf_section_find(s, "min-tls-bits") == NULL)
		r->min_tls_bits = 128;
}

/* The title is used in log lines and in the comment of a header field. */
static void
check_title(struct conf_builder *b, const struct conf_section *s)
{
	const char	*p = s->title;

	while (ascii_is_alnum(*p) || *p == '-' || *p == '.' || *p == '_')
		p++;
	if (*p != '\0' || p == s->title || p - s->title > 60)
		conf_complain_in(b->bad, s, s->place, NAME_WRONG);
}

static void
build_relays(struct conf_builder *b)
{
	const struct conf_section	*s;
	struct relay_rules		*list, *r;
	size_t				 n, i = 0;

	n = count_sections(b->tree, "relay");
	list = arena_array(b->arena, n, sizeof(*list));
	for (n = 0; (s = conf_tree_next(b->tree, "relay", &i)) != NULL; n++) {
		r = &list[n];
		r->name = s->title;
		r->who.login = arena_printf(b->arena, RELAY_BUCKET "%s",
		    s->title);
		r->who.plan = b->conf->default_plan;
		build_options(b, s, r);
		check_title(b, s);
		if (!conf_section_sets(s, "networks"))
			conf_complain_in(b->bad, s, s->place, "networks is "
			    "required");
		if (!conf_section_sets(s, "senders"))
			conf_complain_in(b->bad, s, s->place, "senders is "
			    "required");
	}
	b->conf->relays = list;
	b->conf->nrelays = n;
}

static const struct relay_rules *
relay_named(const struct conf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].name, name) == 0)
			return &c->relays[i];
	return NULL;
}

/* Resolve the names in relay-for to relay sections. */
static void
bind_relays(struct conf_builder *b, const struct conf_section *s,
    struct session_rules *r)
{
	const struct relay_rules	**list;
	size_t				  i;

	list = arena_array(b->arena, r->nrelays, sizeof(*list));
	for (i = 0; i < r->nrelays; i++) {
		list[i] = relay_named(b->conf, r->relay_for[i]);
		if (list[i] == NULL)
			conf_complain_in(b->bad, s, conf_section_where(s,
			    "relay-for"), "relay-for = \"%s\" is not a relay; "
			    "write a relay section of that name",
			    conf_shown(b->arena, r->relay_for[i]));
	}
	r->relays = list;
}

static void
build_listeners(struct conf_builder *b)
{
	const struct conf_section	 *s;
	const struct session_rules	**list;
	struct session_rules		 *r;
	size_t				  n, i = 0;

	n = count_sections(b->tree, "listener");
	list = arena_array(b->arena, n, sizeof(*list));
	for (n = 0; (s = conf_tree_next(b->tree, "listener", &i)) != NULL;
	    n++) {
		list[n] = r = arena_alloc(b->arena, sizeof(*r));
		r->name = s->title;
		build_options(b, s, r);
		listener_defaults(s, r);
		bind_relays(b, s, r);
	}
	b->conf->listeners = list;
	b->conf->nlisteners = n;
}

static void
build_tiers(struct conf_builder *b)
{
	const struct conf_section	*s;
	struct tier_rules		*list;
	size_t				 n, i = 0;

	n = count_sections(b->tree, "tier");
	list = arena_array(b->arena, n, sizeof(*list));
	for (n = 0; (s = conf_tree_next(b->tree, "tier", &i)) != NULL; n++) {
		list[n].name = s->title;
		build_options(b, s, &list[n]);
		check_title(b, s);
	}
	b->conf->tiers = list;
	b->conf->ntiers = n;
}

static void
qualify_users(const struct conf_builder *b, struct group_rules *group)
{
	const char	**list;
	size_t		  i;

	list = arena_array(b->arena, group->nusers + 1, sizeof(*list));
	for (i = 0; i < group->nusers; i++)
		list[i] = users_qualify(b->users, b->arena, group->users[i]);
	group->users = list;
}

static void
build_groups(struct conf_builder *b)
{
	const struct conf_section	*s;
	struct group_rules		*list;
	size_t				 n, i = 0;

	n = count_sections(b->tree, "group");
	list = arena_array(b->arena, n, sizeof(*list));
	for (n = 0; (s = conf_tree_next(b->tree, "group", &i)) != NULL; n++) {
		list[n].name = s->title;
		list[n].key = arena_printf(b->arena, GROUP_BUCKET "%s",
		    s->title);
		list[n].file = s->place.file;
		list[n].line = s->place.line;
		build_options(b, s, &list[n]);
		qualify_users(b, &list[n]);
		check_title(b, s);
	}
	b->conf->group_sections = list;
	b->conf->ngroup_sections = n;
	b->conf->groups = groups_new(b->arena, list, n);
}

/* A second entry may differ in case, or lack the login-domain. */
static void
add_user(struct conf_builder *b, const struct conf_section *s,
    struct user_rules *user)
{
	const char *written = user->login;

	user->login = users_qualify(b->users, b->arena, written);
	if (users_add(b->users, user))
		return;
	if (user->login == written)
		conf_complain_in(b->bad, s, s->place, "the login has an entry "
		    "already (case does not matter); remove one of the two");
	else
		conf_complain_in(b->bad, s, s->place, "the login is %s by "
		    "login-domain, which has an entry already; remove one of "
		    "the two", conf_shown(b->arena, user->login));
}

static void
build_user(struct conf_builder *b, const struct conf_section *s,
    struct user_rules *user)
{
	user->login = users_login(b->arena, s->title);
	user->file = s->place.file;
	user->line = s->place.line;
	build_options(b, s, user);
	if (user->login == NULL)
		conf_complain_in(b->bad, s, s->place, "the login is not valid; "
		    "write it without blanks, at most 255 characters long");
	else
		add_user(b, s, user);
}

static void
build_users(struct conf_builder *b)
{
	const struct conf_section	*s;
	struct user_rules		*list;
	size_t				 n, i = 0;

	n = count_sections(b->tree, "user");
	list = arena_array(b->arena, n, sizeof(*list));
	for (n = 0; (s = conf_tree_next(b->tree, "user", &i)) != NULL; n++)
		build_user(b, s, &list[n]);
	b->conf->user_sections = list;
	b->conf->nuser_sections = n;
}

static void
build_overrides(struct conf_builder *b)
{
	const struct conf_section	*s;
	struct override_rules		*list;
	size_t				 n, i = 0;

	n = count_sections(b->tree, "override");
	list = arena_array(b->arena, n, sizeof(*list));
	for (n = 0; (s = conf_tree_next(b->tree, "override", &i)) != NULL;
	    n++) {
		list[n].name = s->title;
		build_options(b, s, &list[n]);
		check_title(b, s);
		if (list[n].nnetworks + list[n].nauthor_domains +
		    list[n].nsigners + list[n].nrecipients == 0)
			conf_complain_in(b->bad, s, s->place, "applies to all "
			    "mail; set networks, author-domains, signers or "
			    "recipients");
	}
	b->conf->overrides = list;
	b->conf->noverrides = n;
}

static void
build_users_file(struct conf_builder *b)
{
	struct users_plans	 plans = { b->conf->plans, b->conf->nplans };
	char			*why;

	if (b->conf->users_file == NULL)
		return;
	if (!b->may_read_files) {
		conf_complain(b->bad, conf_section_where(b->tree->section,
		    "users-file"), "users-file is not allowed here; write "
		    "user sections");
	} else if (!users_load_file(b->users, b->conf->users_file, &plans,
	    &why)) {
		conf_complain_lines(b->bad, why);
		free(why);
	}
}

/*
 * Beside the state file, so that each daemon has a control socket of its own.
 * A shared state on a server gives no path on this host.
 */
static void
control_default(struct conf_builder *b)
{
	struct conf *c = b->conf;

	if (c->control_socket != NULL || c->state == NULL)
		return;
	c->control_socket = c->state[0] == '/' ?
	    arena_printf(b->arena, "%s-control", c->state) :
	    STATEDIR "/control";
}

/*
 * The directory that the installation makes. Without it there are no keys,
 * which is no error; one that the file names must exist.
 */
static void
keys_default(struct conf_builder *b)
{
	struct conf			*c = b->conf;
	size_t				 i = 0;
	const struct conf_section	*s = conf_tree_next(b->tree,
					     "signing", &i);

	if ((s != NULL && conf_section_find(s, "key-directory") != NULL) ||
	    c->signing.key_table != NULL || c->signing.signing_table != NULL)
		return;
	if (b->may_read_files &&
	    (access(CONF_KEYS, F_OK) == 0 || errno != ENOENT))
		c->signing.key_directory = CONF_KEYS;
}

void
conf_build(struct conf_builder *b)
{
	build_plans(b);
	build_singles(b);
	control_default(b);
	keys_default(b);
	build_relays(b);
	build_listeners(b);
	build_overrides(b);
	build_tiers(b);
	b->conf->users = b->users = users_new(b->arena,
	    b->conf->login_domain);
	build_groups(b);
	build_users(b);
	build_users_file(b);
	b->conf->counts_bytes = conf_counts_bytes(b->conf);
	conf_build_maps(b);
}
