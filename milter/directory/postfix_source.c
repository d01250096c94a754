/*
 * postfix_source - what the file of a pgsql:, mysql:, ldap: or sqlite: table
 * of Postfix says
 *
 * The place of the database is handed on as a URL, so that hosts, sockets and
 * missing drivers are judged in one place; postfix_hosts.c makes it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "postfix_hosts_priv.h"
#include "postfix_lines_priv.h"
#include "postfix_source_priv.h"

#define LIST_BLANKS	", \t\r\n"
#define LIMIT_DIGITS	9

/* --- which settings there are ------------------------------------------- */

#define P	(1u << DIRECTORY_PGSQL)
#define M	(1u << DIRECTORY_MYSQL)
#define L	(1u << DIRECTORY_LDAP)
#define S	(1u << DIRECTORY_SQLITE)

static const char no_client_certificate[] = "client certificates are not "
    "supported; remove it and use a password";
static const char one_ca_file[] = "a directory of certificates is not "
    "supported; write them into one file, and name that file";

/* Settings without `instead` are used, or have no effect here. */
static const struct known {
	const char	*name;
	unsigned	 kinds;
	const char	*instead;	/* refused, unless empty, 0 or no */
} known[] = {
	{ "additional_conditions",	P | M | S },
	{ "bind",			L },
	{ "bind_dn",			L },
	{ "bind_pw",			L },
	{ "cache",			L },
	{ "cache_expiry",		L },
	{ "cache_size",			L },
	{ "charset",			M, "the character set is always "
	    "utf8mb4; remove it" },
	{ "chase_referrals",		L, "referrals are not followed; name "
	    "the server that has the entries" },
	{ "dbname",			P | M },
	{ "dbpath",			S },
	{ "debuglevel",			L },
	{ "dereference",		L, "aliases of LDAP are not followed; "
	    "search where the entries are" },
	{ "domain",			P | M | L | S },
	{ "encoding",			P, "the encoding is always UTF8; "
	    "remove it" },
	{ "expansion_limit",		P | M | L | S },
	{ "hosts",			P | M },
	{ "idle_interval",		P | M },
	{ "leaf_result_attribute",	L },
	{ "option_file",		M, "option files of MySQL are not "
	    "read; write user, password and tls_CAfile here" },
	{ "option_group",		M, "option files of MySQL are not "
	    "read; write user, password and tls_CAfile here" },
	{ "password",			P | M },
	{ "query",			P | M | S },
	{ "query_filter",		L },
	{ "recursion_limit",		L },
	{ "require_result_set",		M },
	{ "result_attribute",		L },
	{ "result_filter",		L },
	{ "result_format",		P | M | L | S },
	{ "retry_interval",		P | M },
	{ "sasl_authz_id",		L },
	{ "sasl_mechs",			L },
	{ "sasl_minssf",		L },
	{ "sasl_realm",			L },
	{ "scope",			L },
	{ "search_base",		L },
	{ "select_field",		P | M | S },
	{ "select_function",		P, "functions are called with query = "
	    "SELECT FUNCTION('%s')" },
	{ "server_host",		L },
	{ "server_port",		L },
	{ "size_limit",			L },
	{ "special_result_attribute",	L, "entries that name other entries "
	    "are not followed; write a query_filter that finds the owners" },
	{ "start_tls",			L },
	{ "table",			P | M | S },
	{ "terminal_result_attribute",	L },
	{ "timeout",			L },
	{ "tls_CAfile",			M },
	{ "tls_CApath",			M, one_ca_file },
	{ "tls_ca_cert_dir",		L, one_ca_file },
	{ "tls_ca_cert_file",		L },
	{ "tls_cert",			L, no_client_certificate },
	{ "tls_cert_file",		M, no_client_certificate },
	{ "tls_cipher_suite",		L, "ciphers are those of the library; "
	    "remove it" },
	{ "tls_ciphers",		M, "ciphers are those of the library; "
	    "remove it" },
	{ "tls_key",			L, no_client_certificate },
	{ "tls_key_file",		M, no_client_certificate },
	{ "tls_random_file",		L },
	{ "tls_require_cert",		L },
	{ "tls_verify_cert",		M },
	{ "user",			P | M },
	{ "version",			L },
	{ "where_field",		P | M | S },
};

/* A file that is being read. */
struct reading {
	enum directory_kind kind;
	const char	*path;
	struct arena	*arena;
	struct postfix_settings settings;
	const char	*wrong;		/* the first error, or NULL */
};

/* Note an error of this setting, or of the file where it is NULL. */
static void
reading_fails(struct reading *r, const struct postfix_setting *at,
    const char *wrong)
{
	if (r->wrong != NULL || wrong == NULL)
		return;
	if (at == NULL)
		r->wrong = arena_printf(r->arena, "%s: %s", r->path, wrong);
	else
		r->wrong = arena_printf(r->arena, "%s:%u: %.60s: %s", r->path,
		    at->line, at->name, wrong);
}

static bool
switches_off(const char *value)
{
	return value[0] == '\0' || strcmp(value, "0") == 0 ||
	    strcasecmp(value, "no") == 0;
}

static void
check_name(struct reading *r, const struct postfix_setting *at)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, at->name) == 0 &&
		    (known[i].kinds & (1u << r->kind)) != 0)
			break;
	if (i == sizeof(known) / sizeof(known[0]))
		reading_fails(r, at, "is not a setting of this type of table; "
		    "remove it");
	else if (known[i].instead != NULL && !switches_off(at->value))
		reading_fails(r, at, known[i].instead);
}

/* --- values ------------------------------------------------------------- */

static const char *
text_of(struct reading *r, const char *name, const char *without)
{
	const struct postfix_setting *at = postfix_setting(&r->settings, name);

	return at != NULL ? at->value : without;
}

static unsigned
limit_of(struct reading *r, const char *name, unsigned without)
{
	const struct postfix_setting *at = postfix_setting(&r->settings, name);

	if (at == NULL)
		return without;
	if (at->value[0] == '\0' || strlen(at->value) > LIMIT_DIGITS ||
	    strspn(at->value, "0123456789") != strlen(at->value))
		reading_fails(r, at, "must be a number; 0 is no limit");
	return (unsigned)strtoul(at->value, NULL, 10);
}

static bool
yes_of(struct reading *r, const char *name)
{
	const struct postfix_setting *at = postfix_setting(&r->settings, name);

	if (at == NULL || strcasecmp(at->value, "no") == 0)
		return false;
	if (strcasecmp(at->value, "yes") != 0)
		reading_fails(r, at, "must be yes or no");
	return true;
}

/* The words of a list; their number at *n. */
static const char **
words_of(struct arena *a, const char *list, size_t *n)
{
	char		*rest = arena_strdup(a, list), *word;
	const char	**words = arena_array(a, strlen(list) / 2 + 1,
			      sizeof(*words));

	*n = 0;
	while ((word = strsep(&rest, LIST_BLANKS)) != NULL)
		if (*word != '\0')
			words[(*n)++] = word;
	return words;
}

static void
read_domains(struct reading *r, struct postfix_source *s)
{
	const struct postfix_setting	*at = postfix_setting(&r->settings,
					     "domain");
	size_t				 i;

	if (at == NULL)
		return;
	s->domain = words_of(r->arena, at->value, &s->ndomains);
	for (i = 0; i < s->ndomains; i++)
		if (strpbrk(s->domain[i], "/:!*") != NULL)
			reading_fails(r, at, "only names of domains are "
			    "supported here; write them without !, files and "
			    "tables");
}

static void
read_template(struct reading *r, struct postfix_source *s, const char *name,
    const char *text)
{
	const struct postfix_setting	*at = postfix_setting(&r->settings,
					     name);
	bool				 query = text != s->result_format;
	const char			*wrong;

	wrong = postfix_template_needs(text, query, &s->needs);
	if (wrong == NULL && query && r->kind != DIRECTORY_LDAP)
		wrong = postfix_template_quoted(text, r->kind);
	reading_fails(r, at, wrong);
}

/* --- SQL ---------------------------------------------------------------- */

/* Also from the parts that Postfix 2.1 had instead of `query`. */
static const char *
sql_query(struct reading *r)
{
	const char *field = text_of(r, "select_field", NULL);
	const char *table = text_of(r, "table", NULL);
	const char *where = text_of(r, "where_field", NULL);
	const char *query = text_of(r, "query", NULL);

	if (query != NULL && query[0] != '\0')
		return query;
	if (field == NULL || table == NULL || where == NULL) {
		reading_fails(r, NULL, "has no query; write query = SELECT "
		    "OWNER FROM TABLE WHERE ADDRESS = '%s'");
		return "";
	}
	return arena_printf(r->arena, "SELECT %s FROM %s WHERE %s = '%%s' %s",
	    field, table, where, text_of(r, "additional_conditions", ""));
}

static void
read_sql(struct reading *r, struct postfix_source *s)
{
	s->query = sql_query(r);
	s->base = "";
	read_template(r, s, "query", s->query);
}

/* --- LDAP --------------------------------------------------------------- */

static void
add_attributes(struct reading *r, struct postfix_source *s, const char *name,
    const char *list)
{
	const char	**word;
	size_t		  n, i;

	word = words_of(r->arena, list, &n);
	s->attribute = arena_enlarge(r->arena, s->attribute, s->nattributes,
	    s->nattributes + n + 1, sizeof(*s->attribute));
	for (i = 0; i < n; i++)
		s->attribute[s->nattributes++] = (struct directory_attribute){
		    name, word[i] };
}

static enum directory_scope
scope_of(struct reading *r)
{
	enum directory_scope scope = DIRECTORY_SUB;

	if (!directory_scope_parse(text_of(r, "scope", "sub"), &scope))
		reading_fails(r, postfix_setting(&r->settings, "scope"),
		    "must be sub, one or base");
	return scope;
}

static void
read_ldap(struct reading *r, struct postfix_source *s)
{
	if (postfix_setting(&r->settings, "search_base") == NULL)
		reading_fails(r, NULL, "has no search_base; write one");
	s->base = text_of(r, "search_base", "");
	s->query = text_of(r, "query_filter", "(mailacceptinggeneralid=%s)");
	s->scope = scope_of(r);
	s->size_limit = limit_of(r, "size_limit", s->expansion_limit);
	add_attributes(r, s, POSTFIX_TERMINAL,
	    text_of(r, "terminal_result_attribute", ""));
	add_attributes(r, s, POSTFIX_RESULT,
	    text_of(r, "result_attribute", "maildrop"));
	add_attributes(r, s, POSTFIX_RESULT,
	    text_of(r, "leaf_result_attribute", ""));
	if (s->nattributes == 0)
		reading_fails(r, postfix_setting(&r->settings,
		    "result_attribute"), "names no attribute; write one");
	read_template(r, s, "search_base", s->base);
	read_template(r, s, "query_filter", s->query);
}

/* --- the place ---------------------------------------------------------- */

/* Without a bind there is neither name nor password. */
static bool
binds(struct reading *r)
{
	const struct postfix_setting	*at = postfix_setting(&r->settings,
					     "bind");

	if (at == NULL || strcasecmp(at->value, "yes") == 0 ||
	    strcasecmp(at->value, "simple") == 0)
		return true;
	if (strcasecmp(at->value, "no") != 0 &&
	    strcasecmp(at->value, "none") != 0)
		reading_fails(r, at, "only yes, simple, no and none are "
		    "supported");
	return false;
}

static const char *
ca_file_of(struct reading *r)
{
	const char *ca_file = text_of(r, r->kind == DIRECTORY_LDAP ?
	    "tls_ca_cert_file" : "tls_CAfile", "");

	return ca_file[0] != '\0' ? ca_file : NULL;
}

static void
source_place(struct reading *r, bool tls_off, struct postfix_source *s)
{
	bool			 ldap = r->kind == DIRECTORY_LDAP;
	struct postfix_hosts	 h = { .kind = r->kind, .tls_off = tls_off };
	const char		*password, *url = NULL, *wrong;

	if (r->kind == DIRECTORY_SQLITE) {
		url = text_of(r, "dbpath", "");
		if (url[0] != '/')
			reading_fails(r, postfix_setting(&r->settings,
			    "dbpath"), "dbpath must be an absolute path");
	} else {
		h.list = text_of(r, ldap ? "server_host" : "hosts", "");
		h.port = text_of(r, "server_port", "");
		h.database = text_of(r, "dbname", "");
		h.user = ldap ? text_of(r, "bind_dn", "") :
		    text_of(r, "user", "");
		if (ldap && !binds(r))
			h.user = "";
		h.tls = ldap ? yes_of(r, "start_tls") : ca_file_of(r) != NULL;
		reading_fails(r, postfix_setting(&r->settings, ldap ?
		    "server_host" : "hosts"), postfix_hosts_url(&h, r->arena,
		    &url));
	}
	if (r->wrong != NULL)
		return;
	wrong = directory_place_parse(url, r->arena, &s->place);
	reading_fails(r, NULL, wrong);
	password = text_of(r, ldap ? "bind_pw" : "password", "");
	s->place.password = h.user != NULL && h.user[0] != '\0' &&
	    password[0] != '\0' ? password : NULL;
	s->place.ca_file = ca_file_of(r);
}

const char *
postfix_source_parse(enum directory_kind kind, const char *path,
    const char *text, bool tls_off, struct arena *a, struct postfix_source *s)
{
	struct reading	r = { .kind = kind, .path = path, .arena = a };
	size_t		i;

	memset(s, 0, sizeof(*s));
	r.wrong = postfix_settings_parse(path, text, a, &r.settings);
	for (i = 0; r.wrong == NULL && i < r.settings.n; i++)
		check_name(&r, &r.settings.setting[i]);
	if (r.wrong != NULL)
		return r.wrong;
	s->expansion_limit = limit_of(&r, "expansion_limit", 0);
	s->result_format = text_of(&r, "result_format", kind ==
	    DIRECTORY_LDAP ? text_of(&r, "result_filter", "%s") : "%s");
	if (kind == DIRECTORY_LDAP)
		read_ldap(&r, s);
	else
		read_sql(&r, s);
	read_template(&r, s, "result_format", s->result_format);
	read_domains(&r, s);
	source_place(&r, tls_off, s);
	return r.wrong;
}

/* --- questions ---------------------------------------------------------- */

bool
postfix_source_takes(const struct postfix_source *s, const char *key)
{
	const char	*at = strrchr(key, '@');
	size_t		 i;

	if (s->ndomains == 0)
		return true;
	/* as in Postfix, "@domain" is not an address of the domain */
	for (i = 0; at != NULL && at != key && i < s->ndomains; i++)
		if (strcasecmp(s->domain[i], at + 1) == 0)
			return true;
	return false;
}

bool
postfix_source_question(const struct postfix_source *s, const char *key,
    struct arena *a, struct directory_question *q)
{
	memset(q, 0, sizeof(*q));
	if (!postfix_source_takes(s, key))
		return false;
	if (s->place.kind != DIRECTORY_LDAP)
		return postfix_query_expand(s->query, &s->needs, key, a,
		    &q->sql);
	q->scope = s->scope;
	q->attribute = s->attribute;
	q->nattributes = s->nattributes;
	return postfix_query_expand(s->base, &s->needs, key, a, &q->base) &&
	    postfix_query_expand(s->query, &s->needs, key, a, &q->filter);
}
