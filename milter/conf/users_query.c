/*
 * users_query - the entries of logins in a database of the site
 *
 * The directory caches the answer as texts. For each message the reader of
 * users-file parses them again, so both sources have the same rules, and an
 * entry lives as long as the message.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "base/why.h"
#include "conf/users_query.h"
#include "directory/directory.h"

/* Asked for by a probe: an address that nobody can have (RFC 2606). */
#define PROBE	"millgate-probe@invalid"

enum column_kind { COLUMN_WORD, COLUMN_FLAG, COLUMN_LIST };

/* The columns, and their keys in users-file. */
static const struct column {
	const char	*name, *key;
	enum column_kind kind;
} columns[] = {
	{ "plan",		"plan",			COLUMN_WORD },
	{ "senders",		"senders",		COLUMN_LIST },
	{ "networks",		"networks",		COLUMN_LIST },
	{ "second_factor",	"second-factor",	COLUMN_FLAG },
	{ "certificates",	"certificates",		COLUMN_LIST },
	{ "certificate_issuer",	"certificate-issuer",	COLUMN_WORD },
	{ "blocked",		"block",		COLUMN_FLAG },
};
#define NCOLUMNS	(sizeof(columns) / sizeof(columns[0]))

struct users_query {
	struct arena	*arena;
	struct directory_place place;
	const char	*text;		/* of the query */
	struct directory_question question;
	struct users_plans plans;
	struct directory *directory;
};

struct users_query *
users_query_new(const struct directory_place *place, const char *query,
    const struct users_plans *plans)
{
	struct users_query	*q = xcalloc(1, sizeof(*q));
	struct arena		*a = arena_new(0);

	q->arena = a;
	q->place = *place;
	/* parsed again, so that nothing refers to the configuration */
	directory_place_parse(place->shown, a, &q->place);
	q->place.password_file = arena_strdup(a, place->password_file);
	q->place.ca_file = arena_strdup(a, place->ca_file);
	q->text = arena_strdup(a, query);
	directory_query_parse(q->text, q->place.kind, a, &q->question);
	q->plans = *plans;
	q->directory = directory_new(&q->place);
	return q;
}

void
users_query_free(struct users_query **qp)
{
	struct users_query *q = *qp;

	if (q == NULL)
		return;
	*qp = NULL;
	directory_free(&q->directory);
	arena_free(&q->arena);
	free(q);
}

static bool
texts_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void
users_query_adopt(struct users_query *q, const struct users_query *old)
{
	const struct directory_place *p, *o;

	if (q == NULL || old == NULL)
		return;
	p = &q->place;
	o = &old->place;
	if (!texts_equal(p->shown, o->shown) ||
	    !texts_equal(q->text, old->text) ||
	    !texts_equal(p->password_file, o->password_file) ||
	    !texts_equal(p->ca_file, o->ca_file) ||
	    p->timeout != o->timeout || p->cache != o->cache ||
	    p->stale != o->stale)
		return;
	directory_free(&q->directory);
	q->directory = directory_ref(old->directory);
}

/* --- columns ------------------------------------------------------------- */

/* In any case; "-" is as good as "_", which an LDAP attribute cannot have. */
static bool
column_is(const char *name, const char *column)
{
	for (; *name != '\0' && *column != '\0'; name++, column++)
		if (ascii_lower(*name) != *column &&
		    !(*name == '-' && *column == '_'))
			return false;
	return *name == *column;
}

/* The index in columns[], or NCOLUMNS. */
static size_t
column_named(const char *name)
{
	size_t i;

	for (i = 0; i < NCOLUMNS; i++)
		if (column_is(name, columns[i].name))
			break;
	return i;
}

static struct users_reply
query_unknown(const struct directory_reply *r, const char *why)
{
	struct users_reply u = { .answer = USERS_UNKNOWN, .why = why };

	u.server = r != NULL ? r->server : NULL;
	u.stale = r != NULL && r->stale;
	return u;
}

/* NULL: all are known; checked each time, since a schema may change. */
static const char *
columns_wrong(const struct directory_reply *r, struct arena *a)
{
	size_t i;

	for (i = 0; i < r->ncolumns; i++)
		if (column_named(r->column[i]) == NCOLUMNS)
			return arena_printf(a, "%s: users-query has an "
			    "unknown column \"%.60s\"; use plan, senders, "
			    "networks, second_factor, certificates, "
			    "certificate_issuer or blocked", r->server,
			    r->column[i]);
	return NULL;
}

/* --- values -------------------------------------------------------------- */

/* Databases have several words for yes and no. */
static const char *
value_of_flag(const char *value)
{
	static const char *const yes[] = { "1", "t", "true", "y" };
	static const char *const no[] = { "0", "f", "false", "n" };
	size_t i;

	for (i = 0; i < 4; i++) {
		if (strcasecmp(value, yes[i]) == 0)
			return "yes";
		if (strcasecmp(value, no[i]) == 0)
			return "no";
	}
	return value;
}

/* Remove blanks around commas and at both ends. False: too many items. */
static bool
tidy_list(char *text)
{
	char	*in = text, *out = text;
	size_t	 items = 1;

	for (; *in != '\0'; in++) {
		if (*in == ' ' && (out == text || out[-1] == ','))
			continue;
		if (*in == ',') {
			items++;
			while (out > text && out[-1] == ' ')
				out--;
		}
		*out++ = *in;
	}
	while (out > text && out[-1] == ' ')
		out--;
	*out = '\0';
	return items <= USERS_QUERY_ITEMS;
}

/* The values of a row's columns so far. */
struct values {
	const struct directory_reply *reply;
	const char	*login;
	struct arena	*arena;
	const char	*one[NCOLUMNS];		/* NULL: none */
	struct buf	 list[NCOLUMNS];
};

/* The same value may be in several rows of a join. */
static bool
value_is_listed(const struct buf *list, const char *value)
{
	size_t		 len = strlen(value);
	const char	*at = buf_str(list), *end;

	for (;; at = end + 1) {
		end = at + strcspn(at, ",");
		if ((size_t)(end - at) == len && memcmp(at, value, len) == 0)
			return true;
		if (*end == '\0')
			return false;
	}
}

/* NULL, or what is wrong. */
static const char *
value_add(struct values *v, size_t i, const char *text)
{
	char		*value = arena_strdup(v->arena, text);
	struct buf	*list = &v->list[i];

	if (strlen(value) > USERS_QUERY_TEXT)
		return arena_printf(v->arena, "%s: column %s has more than %d "
		    "octets", v->reply->server, columns[i].name,
		    USERS_QUERY_TEXT);
	tidy_list(value);
	if (value[0] == '\0')
		return NULL;
	if (columns[i].kind == COLUMN_LIST) {
		if (list->len > 0 && value_is_listed(list, value))
			return NULL;
		if (list->len > 0)
			buf_addch(list, ',');
		buf_addstr(list, value);
		return list->len <= USERS_QUERY_TEXT ? NULL :
		    arena_printf(v->arena, "%s: the values of column %s have "
		    "more than %d octets", v->reply->server, columns[i].name,
		    USERS_QUERY_TEXT);
	}
	text = columns[i].kind == COLUMN_FLAG ? value_of_flag(value) : value;
	if (v->one[i] != NULL && strcasecmp(v->one[i], text) != 0)
		return arena_printf(v->arena, "%s: users-query returns two "
		    "values of %s for %.60s, \"%.40s\" and \"%.40s\"; it must "
		    "return one", v->reply->server, columns[i].name, v->login,
		    v->one[i], text);
	v->one[i] = text;
	return NULL;
}

/* The text of a column, in the arena, or NULL. */
static char *
value_text(const struct values *v, size_t i)
{
	if (columns[i].kind == COLUMN_LIST)
		return v->list[i].len > 0 ? arena_strdup(v->arena,
		    v->list[i].data) : NULL;
	return arena_strdup(v->arena, v->one[i]);
}

static const char *
value_set(const struct users_origin *o, const struct values *v, size_t i,
    struct user_rules *user)
{
	char	*text = value_text(v, i), *why;

	if (text == NULL)
		return NULL;
	if (!tidy_list(text))
		return arena_printf(v->arena, "%s: column %s has more than %d "
		    "items", v->reply->server, columns[i].name,
		    USERS_QUERY_ITEMS);
	if (users_set(o, user, columns[i].key, text, &why))
		return NULL;
	text = arena_strdup(v->arena, why);
	free(why);
	return text;
}

/* --- from cells to an entry ---------------------------------------------- */

static const char *
entry_place(const struct users_query *q, const char *server, struct arena *a)
{
	return q->place.kind == DIRECTORY_SQLITE ? server :
	    arena_printf(a, "users-database %s", server);
}

static const char *
entry_fill(const struct users_query *q, struct values *v,
    struct user_rules *user)
{
	struct users_origin	 origin = { v->arena, &q->plans, user->file };
	const char		*wrong = columns_wrong(v->reply, v->arena);
	size_t			 i;

	for (i = 0; wrong == NULL && i < v->reply->ncells; i++)
		wrong = value_add(v, column_named(v->reply->cell[i].column),
		    v->reply->cell[i].value);
	for (i = 0; wrong == NULL && i < NCOLUMNS; i++)
		wrong = value_set(&origin, v, i, user);
	return wrong;
}

static struct users_reply
make_entry(const struct users_query *q, const char *login,
    const struct directory_reply *r, struct arena *a)
{
	struct user_rules	*user = arena_alloc(a, sizeof(*user));
	struct values		 v = { .reply = r, .login = login,
				    .arena = a };
	const char		*wrong;
	size_t			 i;

	user->login = login;
	user->file = entry_place(q, r->server, a);
	wrong = entry_fill(q, &v, user);
	for (i = 0; i < NCOLUMNS; i++)
		buf_free(&v.list[i]);
	if (wrong != NULL)
		return query_unknown(r, wrong);
	return (struct users_reply){ .answer = USERS_FOUND, .user = user,
	    .server = r->server, .stale = r->stale };
}

/* --- lookups ------------------------------------------------------------- */

static struct users_reply
query_reply(const struct users_query *q, const char *login,
    const struct directory_reply *r, struct arena *a)
{
	const char *wrong;

	if (r->result == DIRECTORY_UNKNOWN)
		return query_unknown(r, r->why);
	if (r->result == DIRECTORY_FOUND)
		return make_entry(q, login, r, a);
	wrong = columns_wrong(r, a);
	if (wrong != NULL)
		return query_unknown(r, wrong);
	return (struct users_reply){ .answer = USERS_NONE,
	    .server = r->server, .stale = r->stale };
}

static bool
is_utf8(const char *text)
{
	size_t left = strlen(text), n;

	for (; left > 0; text += n, left -= n)
		if ((n = utf8_length(text, left)) == 0)
			return false;
	return true;
}

struct users_reply
users_query_find(struct users_query *q, const char *login, uint64_t now,
    struct arena *a)
{
	struct directory_question	 question;
	struct directory_reply		 r;

	if (strlen(login) > USERS_QUERY_LOGIN)
		return query_unknown(NULL, "the login is longer than 255 "
		    "octets; users-query is not asked");
	if (!is_utf8(login))
		return query_unknown(NULL, "the login is not in UTF-8; "
		    "users-query is not asked");
	login = arena_strlower(a, login);
	question = directory_query_fill(&q->question, login, a);
	r = directory_find(q->directory, login, &question, now, a);
	return query_reply(q, login, &r, a);
}

struct users_reply
users_query_probe(struct users_query *q, uint64_t now, struct arena *a)
{
	struct directory_question question = directory_query_fill(
	    &q->question, PROBE, a);
	struct directory_reply r = directory_find(q->directory, NULL,
	    &question, now, a);

	return query_reply(q, PROBE, &r, a);
}

bool
users_query_check(const struct users_query *q, char **why)
{
	struct arena			*a = arena_new(0);
	struct directory_question	 question = directory_query_fill(
					    &q->question, PROBE, a);
	struct directory_reply		 r;
	struct users_reply		 u = { .answer = USERS_NONE };

	r = directory_try(&q->place, &question, a);
	if (q->place.kind == DIRECTORY_SQLITE ||
	    r.result == DIRECTORY_UNKNOWN)
		u = query_reply(q, PROBE, &r, a);
	if (u.answer == USERS_UNKNOWN)
		*why = xstrdup(u.why);
	arena_free(&a);
	return u.answer != USERS_UNKNOWN;
}

void
users_query_forget(struct users_query *q, const char *login)
{
	struct arena *a = arena_new(0);

	directory_forget(q->directory, login != NULL ?
	    arena_strlower(a, login) : NULL);
	arena_free(&a);
}

void
users_query_count(struct users_query *q, struct directory_counts *c)
{
	directory_count(q->directory, c);
}

const char *
users_query_place(const struct users_query *q)
{
	return q->place.shown;
}

struct users_reply
users_lookup(const struct users *u, struct users_query *q, const char *login,
    uint64_t now, struct arena *a)
{
	struct users_reply r = { .answer = USERS_NONE };

	r.user = users_find(u, login);
	if (r.user != NULL)
		r.answer = USERS_FOUND;
	else if (q != NULL)
		r = users_query_find(q, login, now, a);
	return r;
}
