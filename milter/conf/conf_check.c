/*
 * conf_check - options that contradict each other
 *
 * An option without effect is an error: an operator who wrote require-auth
 * must not find out later that no login was required. So are a tier that no
 * session reaches, a group without members, and a login in more groups than a
 * message can count on. Allowed but doubtful settings are warnings.
 * Listeners and relays are in conf_listener.c, the socket in conf_socket.c,
 * limits of plans and groups in conf_limits.c.
 */
#include <string.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/conf_options.h"
#include "directory/directory.h"
#include "policy/policy_proof.h"
#include "policy/policy_tier.h"
#include "store/redis/redis_url.h"
#include "conf_tree_priv.h"

/* A path that was set has been checked; the default path has not. */
static void
check_control(struct conf_builder *b)
{
	const char *path = b->conf->control_socket;

	if (path != NULL && syntax_control(b->arena, &path) != NULL)
		conf_complain(b->bad, conf_section_where(&b->tree->section[0],
		    "state"), "the default control socket, state + "
		    "\"-control\", is too long; set control-socket");
}

/* Options that need a Redis server, or TLS to it. */
static void
check_state_options(struct conf_builder *b)
{
	static const char *const server_only[] = {
		"state-password-file", "state-ca-file"
	};
	const struct conf_section	*root = &b->tree->section[0];
	struct redis_url		 url;
	bool				 server, tls;
	size_t				 i;

	if (b->conf->state == NULL)
		return;
	server = redis_url_parse(b->conf->state, &url) == NULL;
	tls = server && url.tls;
	for (i = 0; i < 2; i++)
		if (!server && conf_section_sets(root, server_only[i]))
			conf_complain(b->bad, conf_section_where(root,
			    server_only[i]), "%s has no effect on a state "
			    "file; remove it or write state = "
			    "\"redis://HOST:PORT/0\"", server_only[i]);
	if (server && !tls && b->conf->state_ca_file != NULL)
		conf_complain(b->bad, conf_section_where(root,
		    "state-ca-file"), "state-ca-file has no effect without "
		    "TLS; remove it or write state = "
		    "\"rediss://HOST:PORT/0\"");
}

static void
check_user(struct conf_builder *b)
{
	const struct conf_section *root = &b->tree->section[0];

	if (b->conf->user != NULL && strcmp(b->conf->user, "root") == 0)
		conf_complain(b->warnings, conf_section_where(root, "user"),
		    "user = root keeps all privileges; a separate user is "
		    "safer");
}

static void
check_unlisted(struct conf_builder *b)
{
	if (b->conf->identity.unlisted == UNLISTED_ANY)
		conf_complain(b->warnings, conf_section_where(
		    &b->tree->section[0], "unlisted-users"), "unlisted-users "
		    "= any lets every login without an entry send as "
		    "any address; own-address is safer");
}

static void
check_signing(struct conf_builder *b)
{
	size_t				 i = 0;
	const struct conf_section	*s = conf_tree_next(b->tree, "signing",
					     &i);
	const struct conf		*c = b->conf;

	if (s == NULL)
		return;
	if (c->signing.rules.all_matches && c->signing.signing_table == NULL)
		conf_complain_in(b->bad, s,
		    conf_section_where(s, "all-matches"),
		    "all-matches has no effect without signing-table; remove "
		    "it or set signing-table");
	if (c->signing.signing_table != NULL && c->signing.key_table == NULL)
		conf_complain_in(b->bad, s,
		    conf_section_where(s, "signing-table"),
		    "signing-table has no effect without key-table; set "
		    "key-table");
	if (c->signing.key_table != NULL && c->signing.signing_table == NULL)
		conf_complain_in(b->bad, s, conf_section_where(s, "key-table"),
		    "key-table has no effect without signing-table; set "
		    "signing-table");
	if (c->signing.key_table != NULL && c->signing.key_directory != NULL)
		conf_complain_in(b->warnings, s,
		    conf_section_where(s, "key-table"), "key-table and "
		    "signing-table are not used, because key-directory is "
		    "set; remove key-directory or both tables");
}

static void
check_keys_query(struct conf_builder *b, const struct conf_section *s)
{
	const struct conf	*c = b->conf;
	struct directory_place	 place = { 0 };
	struct directory_question q;
	const char		*why;

	if (c->signing.keys_query == NULL || directory_place_parse(
	    c->signing.keys_database, b->arena, &place) != NULL)
		return;
	why = directory_query_parse(c->signing.keys_query, place.kind,
	    b->arena, &q);
	if (why != NULL)
		conf_complain_in(b->bad, s, conf_section_where(s,
		    "keys-query"), "keys-query %s", why);
}

static void
check_keys_database(struct conf_builder *b)
{
	static const struct {
		const char	*name;
		bool		 server;
	} needs[] = {
		{ "keys-query", false }, { "keys-password-file", true },
		{ "keys-ca-file", true }
	};
	size_t				 i = 0;
	const struct conf_section	*s = conf_tree_next(b->tree, "signing",
					     &i);
	const char			*database;
	bool				 server;

	if (s == NULL)
		return;
	database = b->conf->signing.keys_database;
	server = database != NULL && database[0] != '/';
	if (database != NULL)
		check_keys_query(b, s);
	if (database != NULL && !conf_section_sets(s, "keys-query"))
		conf_complain_in(b->bad, s, conf_section_where(s,
		    "keys-database"), "keys-database has no effect without "
		    "keys-query; set keys-query");
	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if ((needs[i].server ? !server : database == NULL) &&
		    conf_section_sets(s, needs[i].name))
			conf_complain_in(b->bad, s, conf_section_where(s,
			    needs[i].name), "%s has no effect without %s in "
			    "keys-database; remove it", needs[i].name,
			    needs[i].server ? "a server" : "a database");
}

/* Outcomes are rows of the state file; a Redis server has none. */
static void
check_outcomes(struct conf_builder *b)
{
	size_t				 i = 0;
	const struct conf_section	*s = conf_tree_next(b->tree, "dmarc",
					     &i);

	if (b->conf->outcomes.record && b->conf->state != NULL &&
	    redis_url_is(b->conf->state))
		conf_complain_in(b->bad, s, conf_section_where(s,
		    "record-outcomes"), "record-outcomes needs a state file; "
		    "remove it or write state = \"/path/to/state.db\"");
}

/* A relative path, and others, are errors already. */
static void
check_query_text(struct conf_builder *b, const struct conf_section *root)
{
	const struct conf		*c = b->conf;
	struct directory_place		 place = { 0 };
	struct directory_question	 q;
	const char			*why;

	if (c->users_database == NULL || c->users_query == NULL ||
	    directory_place_parse(c->users_database, b->arena, &place) != NULL)
		return;
	why = directory_query_parse(c->users_query, place.kind, b->arena, &q);
	if (why != NULL)
		conf_complain(b->bad, conf_section_where(root,
		    "users-query"), "users-query %s", why);
}

/* Options that only a server of databases needs. */
static void
check_query_options(struct conf_builder *b, const struct conf_section *root)
{
	static const char *const names[] = {
		"users-password-file", "users-ca-file"
	};
	bool	server = b->conf->users_database != NULL &&
		    b->conf->users_database[0] != '/';
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!server && conf_section_sets(root, names[i]))
			conf_complain(b->bad, conf_section_where(root,
			    names[i]), "%s has no effect without a server in "
			    "users-database; remove it", names[i]);
}

static void
check_query(struct conf_builder *b)
{
	const struct conf_section	*root = &b->tree->section[0];
	const struct conf		*c = b->conf;

	if (c->users_database != NULL &&
	    !conf_section_sets(root, "users-query"))
		conf_complain(b->bad, conf_section_where(root,
		    "users-database"), "users-database has no effect without "
		    "users-query; set users-query");
	if (c->users_query != NULL &&
	    !conf_section_sets(root, "users-database"))
		conf_complain(b->bad, conf_section_where(root,
		    "users-query"), "users-query has no effect without "
		    "users-database; set users-database");
	check_query_text(b, root);
	check_query_options(b, root);
}

/* --- tiers ------------------------------------------------------------- */

/* Does tier `a` take every mechanism that tier `b` takes? */
static bool
takes_all_of(const struct tier_rules *a, const struct tier_rules *b)
{
	size_t i, j;

	if (a->nmechanisms == 0 || b->nmechanisms == 0)
		return a->nmechanisms == 0;
	for (i = 0; i < b->nmechanisms; i++) {
		for (j = 0; j < a->nmechanisms; j++)
			if (strcmp(a->mechanisms[j], b->mechanisms[i]) == 0)
				break;
		/* a class contains mechanisms, not the other way round */
		if (j == a->nmechanisms &&
		    (policy_class_find(b->mechanisms[i]) != NULL ||
		    !policy_tier_takes(a, b->mechanisms[i])))
			return false;
	}
	return true;
}

/*
 * The first tier whose conditions a session meets is taken: `a`, which asks
 * for no more than `b`, must not come before it.
 */
static bool
tier_hides(const struct tier_rules *a, const struct tier_rules *b)
{
	return takes_all_of(a, b) && (!a->certificate || b->certificate) &&
	    (a->min_tls == NULL || (b->min_tls != NULL &&
	    policy_tls_rank(a->min_tls) <= policy_tls_rank(b->min_tls)));
}

static void
check_tiers(struct conf_builder *b)
{
	const struct tier_rules		*t = b->conf->tiers;
	const struct conf_section	*s, *first;
	size_t				 i = 0, n, before, k;

	for (n = 0; (s = conf_tree_next(b->tree, "tier", &i)) != NULL; n++) {
		for (before = k = 0; before < n; before++) {
			first = conf_tree_next(b->tree, "tier", &k);
			if (complaints_skip(b->bad, first) ||
			    !tier_hides(&t[before], &t[n]))
				continue;
			conf_complain_in(b->bad, s, s->place, "is never "
			    "reached: tier %s matches all its sessions first; "
			    "move this section before that one",
			    t[before].name);
			break;
		}
	}
}

/* --- groups ------------------------------------------------------------ */

/* One group more than a login may be in, to find out that there are more. */
struct overlap {
	const struct group_rules *group[GROUPS_OF_LOGIN + 1];
	size_t		 n;
};

static void
check_group_name(struct conf_builder *b, const struct conf_section *s,
    const struct group_rules *group)
{
	if (groups_find(b->conf->groups, group->name) != group)
		conf_complain_in(b->bad, s, s->place, "a group of this name "
		    "exists already (case does not matter); remove one of "
		    "the two");
}

/*
 * A message counts on few accounts at once. A login in too many groups is
 * found here, not when mail comes. Complain only in the last of its groups.
 */
static void
check_memberships(struct conf_builder *b, const struct conf_section *s,
    const struct group_rules *group, const char *login)
{
	struct arena	*a = arena_new(0);
	struct overlap	 o = { { NULL }, 0 };
	size_t		 i;

	o.n = groups_of(b->conf->groups, login, a, o.group,
	    GROUPS_OF_LOGIN + 1);
	for (i = 0; i < o.n; i++)
		if (o.group[i] > group)
			break;
	if (i == o.n && o.n > GROUPS_OF_LOGIN)
		conf_complain_in(b->bad, s, s->place, "%s would be in more "
		    "than %d groups: %s, %s, %s and %s; remove it from one "
		    "of them", login[0] == '@' ? arena_printf(a,
		    "a login of %s", login + 1) : conf_shown(a, login),
		    GROUPS_OF_LOGIN, o.group[0]->name, o.group[1]->name,
		    o.group[2]->name, o.group[3]->name);
	arena_free(&a);
}

/* Every login that the group names, and one login of each domain. */
static void
check_members(struct conf_builder *b, const struct conf_section *s,
    const struct group_rules *group)
{
	const char	*domain;
	size_t		 i;

	if (group->nusers + group->ndomains == 0)
		conf_complain_in(b->bad, s, s->place, "has no members; set "
		    "domains or users");
	for (i = 0; i < group->nusers; i++)
		check_memberships(b, s, group, group->users[i]);
	for (i = 0; i < group->ndomains; i++) {
		domain = group->domains[i];
		check_memberships(b, s, group, arena_printf(b->arena, "@%s%s",
		    domain[0] == '.' ? "x" : "", domain));
	}
}

static void
check_groups(struct conf_builder *b)
{
	const struct group_rules	*group = b->conf->group_sections;
	const struct conf_section	*s;
	size_t				 i = 0;

	for (; (s = conf_tree_next(b->tree, "group", &i)) != NULL; group++) {
		check_group_name(b, s, group);
		check_members(b, s, group);
	}
}

/* ----------------------------------------------------------------------- */

void
conf_check(struct conf_builder *b)
{
	check_query(b);
	conf_check_socket(b);
	check_control(b);
	check_state_options(b);
	check_user(b);
	conf_check_http(b);
	check_unlisted(b);
	check_signing(b);
	check_keys_database(b);
	check_outcomes(b);
	conf_check_listeners(b);
	check_tiers(b);
	check_groups(b);
	conf_check_limits(b);
}
