/*
 * ctl_common_users - what the database of users said about a login
 */
#include "base/arena.h"
#include "base/buf.h"
#include "conf/users_query.h"
#include "ctl_common_priv.h"

static const char *
database_answer(const struct users_reply *r)
{
	if (r->answer == USERS_UNKNOWN)
		return r->why;
	if (r->server == NULL)
		return "not asked, because the configuration has an entry";
	return r->answer == USERS_FOUND ? "an entry" : "no entry";
}

const char *
ctl_database_said(const struct conf *conf, const struct users_reply *r,
    struct arena *a)
{
	if (conf->users_database == NULL)
		return NULL;
	if (r->answer == USERS_UNKNOWN)		/* it names the server */
		return r->why;
	return arena_printf(a, "%s: %s", r->server != NULL ? r->server :
	    conf->users_database, database_answer(r));
}

void
ctl_json_database(struct buf *b, const struct conf *conf,
    const struct users_reply *r)
{
	ctl_json_name(b, "users-database");
	if (conf->users_database == NULL) {
		buf_addstr(b, "null");
		return;
	}
	buf_addch(b, '{');
	ctl_json_text(b, "place", conf->users_database);
	ctl_json_text(b, "server", r->server);
	ctl_json_text(b, "answer", database_answer(r));
	buf_addch(b, '}');
}
