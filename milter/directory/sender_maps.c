/*
 * sender_maps - which logins own an address: Postfix's own tables
 *
 * The order of keys is that of Postfix's mail_addr_find(3). It differs for
 * local parts that must be quoted: some programs read "a@b"@example.org as
 * another address, so its owner must be written out in full.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/why.h"
#include "mail/domain.h"
#include "postfix_lmdb_priv.h"
#include "postfix_table_priv.h"

#define KEYS		6
#define LIST_BLANKS	", \t\r\n"

struct sender_maps {
	struct arena	*arena;
	const struct sender_maps_rules *rules;
	size_t		 n;
	struct postfix_table *table;
};

bool
sender_maps_reads_lmdb(void)
{
	return postfix_lmdb_read != NULL;
}

struct sender_maps *
sender_maps_new(const struct sender_maps_rules *rules, char **why)
{
	struct arena		*a = arena_new(0);
	struct sender_maps	*m = arena_alloc(a, sizeof(*m));
	struct buf		 bad = BUF_INIT;
	const char		*wrong;
	size_t			 i;

	m->arena = a;
	m->rules = rules;
	m->table = arena_array(a, rules->n, sizeof(*m->table));
	for (i = 0; i < rules->n; i++) {
		wrong = postfix_table_open(rules->spec[i], rules, a,
		    &m->table[m->n++]);
		if (wrong != NULL)
			buf_printf(&bad, "%s%s", bad.len > 0 ? "\n" : "",
			    wrong);
	}
	if (bad.len > 0) {
		*why = xstrdup(buf_str(&bad));
		sender_maps_free(&m);
	}
	buf_free(&bad);
	return m;
}

void
sender_maps_free(struct sender_maps **mp)
{
	struct sender_maps	*m = *mp;
	struct arena		*a;
	size_t			 i;

	*mp = NULL;
	if (m == NULL)
		return;
	for (i = 0; i < m->n; i++)
		postfix_table_close(&m->table[i]);
	a = m->arena;
	arena_free(&a);
}

void
sender_maps_each(const struct sender_maps *m, void (*fn)(void *arg,
    const char *spec, const struct directory_place *place), void *arg)
{
	const struct postfix_table	*t;
	size_t				 i;

	for (i = 0; i < m->n; i++) {
		t = &m->table[i];
		fn(arg, t->spec, t->directory != NULL ? &t->source.place :
		    NULL);
	}
}

void
sender_maps_adopt(struct sender_maps *m, const struct sender_maps *old)
{
	struct directory	*d;
	size_t			 i, k;

	for (i = 0; m != NULL && old != NULL && i < m->n; i++)
		for (k = 0; k < old->n; k++) {
			if (!postfix_table_is_same(&m->table[i],
			    &old->table[k]))
				continue;
			d = directory_ref(old->table[k].directory);
			directory_free(&m->table[i].directory);
			m->table[i].directory = d;
			break;
		}
}

bool
sender_maps_check(const struct sender_maps *m, char **why)
{
	struct arena		*a = arena_new(0);
	struct postfix_found	 f = { .why = NULL };
	size_t			 i;

	for (i = 0; m != NULL && i < m->n && f.why == NULL; i++) {
		f = postfix_table_probe(&m->table[i], NULL, a);
		if (f.why != NULL)
			why_set(why, "sender-login-maps: %s: %s",
			    m->table[i].spec, f.why);
	}
	arena_free(&a);
	return f.why == NULL;
}

bool
sender_maps_probe(const struct sender_maps *m, size_t table, uint64_t now,
    struct arena *a, const char **server, const char **why)
{
	struct postfix_found f = postfix_table_probe(&m->table[table], &now,
	    a);

	*server = f.server;
	*why = f.why;
	return m->table[table].directory != NULL;
}

bool
sender_maps_forget(const struct sender_maps *m)
{
	bool	found = false;
	size_t	i;

	for (i = 0; m != NULL && i < m->n; i++) {
		if (m->table[i].directory == NULL)
			continue;
		directory_forget(m->table[i].directory, NULL);
		found = true;
	}
	return found;
}

void
sender_maps_count(const struct sender_maps *m, struct directory_counts *c)
{
	struct directory_counts	one;
	size_t			i;

	memset(c, 0, sizeof(*c));
	for (i = 0; m != NULL && i < m->n; i++) {
		if (m->table[i].directory == NULL)
			continue;
		directory_count(m->table[i].directory, &one);
		c->asked += one.asked;
		c->cached += one.cached;
		c->stale += one.stale;
		c->failed += one.failed;
		c->kept += one.kept;
	}
}

/* --- keys --------------------------------------------------------------- */

/* The local part up to the extension; its whole length if it has none. */
static size_t
unextended_length(const struct sender_maps_rules *r, const char *local)
{
	const char *end = r->recipient_delimiter == '\0' ? NULL :
	    strchr(local, r->recipient_delimiter);

	return end != NULL && end != local ? (size_t)(end - local) :
	    strlen(local);
}

static bool
is_local_domain(const struct sender_maps_rules *r, const char *domain)
{
	size_t i;

	for (i = 0; i < r->nlocal; i++)
		if (domain_equal(r->local_domains[i], domain))
			return true;
	return false;
}

/* The keys of an address in lower case, in Postfix's order. */
static size_t
keys_of(const struct sender_maps_rules *r, const struct mailbox *box,
    struct arena *a, const char *key[KEYS])
{
	const char	*local = box->local, *domain = box->domain;
	size_t		 base = unextended_length(r, local), len = strlen(local);
	size_t		 n = 0, i;
	/* an address that is not quoted ends in the local part as it is */
	bool		 quoted = box->address[0] == '"';

	key[n++] = box->address;
	/* a table may have it without its quotes */
	if (quoted && strchr(local, '@') == NULL)
		key[n++] = arena_printf(a, "%s@%s", local, domain);
	if (!quoted && base < len)
		key[n++] = arena_printf(a, "%.*s@%s", (int)base, local,
		    domain);
	if (!quoted && is_local_domain(r, domain)) {
		key[n++] = local;
		if (base < len)
			key[n++] = arena_memdup(a, local, base);
	}
	if (strchr(local, '@') == NULL)
		key[n++] = arena_printf(a, "@%s", domain);
	for (i = 0; i < n; i++)
		key[i] = arena_strlower(a, key[i]);
	return n;
}

/* --- lookups ------------------------------------------------------------ */

/* Split the value into logins. */
static void
take_logins(struct sender_owners *o, const char *value, struct arena *a)
{
	char	*rest = arena_strdup(a, value), *word;

	o->login = arena_array(a, SENDER_MAPS_LOGINS, sizeof(*o->login));
	while ((word = strsep(&rest, LIST_BLANKS)) != NULL) {
		if (*word == '\0')
			continue;
		if (o->n == SENDER_MAPS_LOGINS) {
			o->result = DIRECTORY_UNKNOWN;
			o->why = "the address has more than 1,000 logins";
			return;
		}
		o->login[o->n++] = word;
	}
}

/* One key in one table; true: it is known, or a lookup failed. */
static bool
ask_table(const struct sender_maps *m, const struct postfix_table *t,
    const struct sender_time *time, struct arena *a, struct sender_owners *o)
{
	struct postfix_found	f;
	uint64_t		now = time->ticks();

	o->table = t->spec;
	if (t->directory != NULL && now - time->began >= m->rules->timeout) {
		o->result = DIRECTORY_UNKNOWN;
		o->why = "the databases took longer than users-timeout";
		return true;
	}
	f = postfix_table_find(t, o->key, now, a);
	o->result = f.result;
	o->why = f.why;
	o->server = f.server;
	o->stale |= f.stale;
	if (f.result == DIRECTORY_FOUND)
		take_logins(o, f.value, a);
	return f.result != DIRECTORY_NONE;
}

struct sender_owners
sender_maps_find(const struct sender_maps *m, const struct mailbox *box,
    const struct sender_time *time, struct arena *a)
{
	struct sender_owners	 o = { .result = DIRECTORY_NONE,
				     .server = "" };
	const char		*key[KEYS];
	size_t			 n, i, k;

	if (box->local == NULL || box->domain == NULL)
		return o;
	n = keys_of(m->rules, box, a, key);
	for (i = 0; i < n; i++) {
		o.key = key[i];
		for (k = 0; k < m->n; k++)
			if (ask_table(m, &m->table[k], time, a, &o))
				return o;
	}
	o.key = o.table = o.why = NULL;
	o.server = "";
	return o;
}

struct sender_owners
sender_maps_find_in(const struct sender_maps *m, size_t table,
    const struct mailbox *box, const struct sender_time *time, struct arena *a)
{
	const struct sender_maps one = { m->arena, m->rules, 1,
	    &m->table[table] };

	return sender_maps_find(&one, box, time, a);
}
