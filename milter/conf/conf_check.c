/*
 * conf_check - combinations that make no sense, and those that are odd
 *
 * An option that would be without effect where it stands is an error: an
 * operator who wrote require-auth must not find out later that nobody asked
 * for a login.
 */
#include <string.h>

#include "conf/conf.h"
#include "conf/conf_options.h"
#include "store/redis/redis_url.h"
#include "conf_tree_priv.h"

static void
check_socket(struct conf_builder *b)
{
	static const char *const unix_only[] = { "socket-mode", "socket-owner" };
	const struct conf_section	*root = &b->tree->section[0];
	size_t				 i;

	if (b->conf->socket == NULL ||
	    strncmp(b->conf->socket, "local:", 6) == 0)
		return;
	for (i = 0; i < 2; i++)
		if (conf_section_sets(root, unix_only[i]))
			conf_complain(b->bad, conf_section_where(root,
			    unix_only[i]), "%s has no effect on an inet "
			    "socket; remove it or use unix:PATH",
			    unix_only[i]);
}

/* What was set was checked as a text; what follows from state was not. */
static void
check_control(struct conf_builder *b)
{
	const char	*path = b->conf->control_socket;
	const char	*wrong = NULL;

	if (path != NULL)
		wrong = syntax_control(b->arena, &path);
	if (wrong != NULL)
		conf_complain(b->bad, conf_section_where(&b->tree->section[0],
		    "state"), "with -control behind it state %s, or set "
		    "control-socket", wrong);
}

/* Options of a server, where a file is, and the other way round. */
static void
check_state(struct conf_builder *b)
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
		    "user = root keeps all privileges; a user of its own is "
		    "safer");
}

static void
check_unlisted(struct conf_builder *b)
{
	if (b->conf->identity.unlisted == UNLISTED_ANY)
		conf_complain(b->warnings, conf_section_where(
		    &b->tree->section[0], "unlisted-users"), "unlisted-users "
		    "= any lets every login without an entry send as "
		    "anybody; own-address is safer");
}

static const struct conf_section *
section_named(const struct conf_tree *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->section[i].name, name) == 0)
			return &t->section[i];
	return NULL;
}

static void
check_signing(struct conf_builder *b)
{
	const struct conf_section	*s = section_named(b->tree, "signing");
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
		    "signing-table names keys of a key-table; set key-table");
	if (c->signing.key_table != NULL && c->signing.signing_table == NULL)
		conf_complain_in(b->bad, s, conf_section_where(s, "key-table"),
		    "key-table says nothing about who signs; set "
		    "signing-table");
	if (c->signing.key_table != NULL && c->signing.key_directory != NULL)
		conf_complain_in(b->warnings, s,
		    conf_section_where(s, "key-table"), "key-table and "
		    "signing-table are not used, since key-directory is set; "
		    "remove one of the two");
}

/* Outcomes are rows of a file; there are none on a server. */
static void
check_outcomes(struct conf_builder *b)
{
	const struct conf_section *s = section_named(b->tree, "dmarc");

	if (b->conf->outcomes.record && b->conf->state != NULL &&
	    redis_url_is(b->conf->state))
		conf_complain_in(b->bad, s, conf_section_where(s,
		    "record-outcomes"), "record-outcomes needs a state file; "
		    "remove it or write state = \"/path/to/state.db\"");
}

static void
check_query(struct conf_builder *b)
{
	const struct conf_section	*root = &b->tree->section[0];
	const struct conf		*c = b->conf;

	if (c->users_database != NULL && c->users_query == NULL)
		conf_complain(b->bad, conf_section_where(root,
		    "users-database"), "users-database has no effect without "
		    "users-query; set it, too");
	if (c->users_query != NULL && c->users_database == NULL)
		conf_complain(b->bad, conf_section_where(root,
		    "users-query"), "users-query has no effect without "
		    "users-database; set it, too");
}

void
conf_check(struct conf_builder *b)
{
	check_query(b);
	check_socket(b);
	check_control(b);
	check_state(b);
	check_user(b);
	check_unlisted(b);
	check_signing(b);
	check_outcomes(b);
	conf_check_listeners(b);
	conf_check_tiers(b);
	conf_check_groups(b);
}
