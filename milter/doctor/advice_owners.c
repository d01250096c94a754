/*
 * advice_owners - advice about smtpd_sender_login_maps of Postfix
 *
 * A service that binds addresses to logins by tables, and a millgate that does
 * not read these tables: it would refuse addresses that they allow. The line
 * for millgate.conf names them all, as far as millgate can read their types.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/advice.h"
#include "doctor/postfix_setup.h"

#define BLANKS		", \t\r\n"
#define CONVERTED	".texthash"

/* The line for millgate.conf, the commands before it, and what is left out. */
struct owners {
	struct advice_list		*list;
	const struct advice_site	*site;
	struct buf	 commands, tables, unread;
	bool		 missing;	/* millgate.conf lacks a table */
};

/* The length of the first item; braces hold blanks together. */
static size_t
item_length(const char *text)
{
	size_t	len = 0;
	int	depth = 0;

	for (; text[len] != '\0'; len++) {
		if (text[len] == '{')
			depth++;
		else if (text[len] == '}')
			depth--;
		else if (depth <= 0 && strchr(BLANKS, text[len]) != NULL)
			break;
	}
	return len;
}

/* Postfix's processes share lookups by proxymap(8). */
static const char *
without_proxy(const char *table)
{
	return strncmp(table, "proxy:", 6) == 0 ? table + 6 : table;
}

static bool
is_of_type(const char *table, const char *const *types)
{
	size_t len = strcspn(table, ":");

	for (; *types != NULL; types++)
		if (strlen(*types) == len && strncmp(table, *types, len) == 0)
			return true;
	return false;
}

/* Does millgate.conf name it, perhaps with "?tls=no"? */
static bool
is_named(const struct advice_site *site, const char *table)
{
	const char	*named;
	size_t		 i, len = strlen(table);

	for (i = 0; i < site->nsender_maps; i++) {
		named = without_proxy(site->sender_maps[i]);
		if (strncmp(named, table, len) == 0 &&
		    (named[len] == '\0' || named[len] == '?'))
			return true;
	}
	return false;
}

/* A quote would end the string in millgate.conf. */
static void
add_table(struct owners *o, const char *table)
{
	o->missing |= !is_named(o->site, table);
	buf_addstr(&o->tables, o->tables.len > 0 ? ", \"" : "\"");
	for (; *table != '\0'; table++) {
		if (*table == '"' || *table == '\\')
			buf_addch(&o->tables, '\\');
		buf_addch(&o->tables, *table);
	}
	buf_addch(&o->tables, '"');
}

static void
add_item(struct owners *o, const char *table)
{
	static const char *const read[] = { "inline", "ldap", "mysql",
	    "pgsql", "sqlite", "texthash", NULL };
	static const char *const indexed[] = { "btree", "cdb", "dbm", "hash",
	    "lmdb", "sdbm", NULL };
	static const char *const lmdb[] = { "lmdb", NULL };
	const char *text, *file;

	table = without_proxy(table);
	file = strchr(table, ':');
	if (is_of_type(table, read) || (o->site->reads_lmdb &&
	    is_of_type(table, lmdb))) {
		add_table(o, table);
	} else if (file != NULL && is_of_type(table, indexed)) {
		text = arena_printf(o->list->arena, "texthash:%s" CONVERTED,
		    file + 1);
		if (!is_named(o->site, text))
			buf_printf(&o->commands, "postmap -s %s >%s" CONVERTED
			    "; ", table, file + 1);
		add_table(o, text);
	} else {
		buf_printf(&o->unread, "%s%s", o->unread.len > 0 ? ", " : "",
		    table);
	}
}

/* Postfix looks the local part of these domains up alone. */
static const char *
local_domains(struct owners *o, const struct postfix_setup *p)
{
	const char	*text = postfix_value(p, NULL, "mydestination");
	const char	*word, *line;
	struct buf	 b = BUF_INIT;

	while ((word = mta_word(o->list->arena, &text, BLANKS)) != NULL)
		if (strpbrk(word, "/:$!\"\\") == NULL)
			buf_printf(&b, "%s\"%s\"", b.len > 0 ? ", " : "",
			    word);
	line = b.len > 0 ? arena_printf(o->list->arena, "  local-domains = "
	    "{%s}", buf_str(&b)) : "";
	buf_free(&b);
	return line;
}

static void
owners_advise(struct owners *o, const struct postfix_setup *p,
    const char *where)
{
	if (o->missing)
		advice_add(o->list, "sender-login-maps", where, arena_printf(
		    o->list->arena, "%smillgate.conf: sender-login-maps = "
		    "{%s}%s", buf_str(&o->commands), buf_str(&o->tables),
		    local_domains(o, p)), "smtpd_sender_login_maps binds "
		    "addresses to logins, but millgate does not read its "
		    "tables: millgate refuses addresses that they allow");
	if (o->unread.len > 0 && (o->missing || o->tables.len == 0))
		advice_add(o->list, "owners-unread", where,
		    "millgate.conf: user LOGIN { senders = {...} }, or write "
		    "the entries into a texthash: file", "millgate cannot "
		    "read tables of these types in smtpd_sender_login_maps: "
		    "%s", buf_str(&o->unread));
}

void
advice_owners(struct advice_list *l, const struct advice_site *site,
    const struct postfix_setup *p, const struct postfix_service *s)
{
	struct owners	 o = { l, site, BUF_INIT, BUF_INIT, BUF_INIT, false };
	const char	*text = postfix_value(p, s,
			     "smtpd_sender_login_maps");
	size_t		 len;

	for (;; text += len) {
		text += strspn(text, BLANKS);
		len = item_length(text);
		if (len == 0)
			break;
		add_item(&o, arena_memdup(l->arena, text, len));
	}
	owners_advise(&o, p, mta_get(&s->own, "smtpd_sender_login_maps") !=
	    NULL ? arena_printf(l->arena, "master.cf %s", s->name) :
	    "main.cf");
	buf_free(&o.commands);
	buf_free(&o.tables);
	buf_free(&o.unread);
}
