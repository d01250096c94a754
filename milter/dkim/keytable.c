/*
 * keytable - the keys that sign for an author
 *
 * OpenDKIM's SigningTable and KeyTable work as opendkim.conf(5) describes
 * them. The key of a KeyTable line is found by the line and the author's
 * domain. Without tables, the author's domain or a parent of it selects the
 * keys. Nothing is written, so all threads may search at the same time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dkim/dkim_sign.h"
#include "mail/domain.h"
#include "dataset_priv.h"
#include "keyring_priv.h"
#include "keytable_priv.h"

/* --- values ------------------------------------------------------------ */

char *
keytable_field(char **rest, bool last)
{
	char *field = *rest, *end;

	if (field == NULL)
		return NULL;
	end = last ? NULL : strchr(field, ':');
	*rest = end != NULL ? end + 1 : NULL;
	if (end != NULL)
		*end = '\0';
	field += strspn(field, " \t");
	end = field + strlen(field);
	while (end > field && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return field;
}

const char *
keytable_expand(struct arena *a, const char *text, const char *domain)
{
	struct buf	 b = BUF_INIT;
	const char	*percent, *out;

	while ((percent = strchr(text, '%')) != NULL) {
		buf_add(&b, text, (size_t)(percent - text));
		buf_addstr(&b, domain);
		text = percent + 1;
	}
	buf_addstr(&b, text);
	out = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return out;
}

int
keytable_compare(const void *va, const void *vb)
{
	const struct held *a = va, *b = vb;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return strcmp(a->author, b->author);
}

/* --- one line ----------------------------------------------------------- */

/* The keys found so far for one author. */
struct found {
	const struct keytable	*t;
	const char		*domain;
	struct arena		*a;
	size_t			 n, size;
	const struct signing_key **key;
};

static const struct signing_key *
held_key(const struct keytable *t, unsigned line, const char *author)
{
	struct held		 want = { line, author, 0 };
	const struct held	*h;

	h = bsearch(&want, t->held, t->nheld, sizeof(want), keytable_compare);
	if (h == NULL) {
		want.author = "";
		h = bsearch(&want, t->held, t->nheld, sizeof(want),
		    keytable_compare);
	}
	return h != NULL ? &t->ring->key[h->at] : NULL;
}

/* hex-octet of RFC 6376 2.11: upper case only */
static bool
is_hex(char c)
{
	return ascii_is_digit(c) || (c >= 'A' && c <= 'F');
}

/*
 * A local part in dkim-quoted-printable (RFC 6376 2.11): a ";" would end the
 * tag. OpenDKIM does not encode it, so some tables have it encoded already.
 */
static void
quote_local(struct buf *out, const char *local, size_t len)
{
	const char *p = local, *end = local + len;

	for (; p < end; p++)
		if (*p == '=' && end - p > 2 && is_hex(p[1]) && is_hex(p[2]))
			buf_addch(out, '=');
		else if (*p <= 0x20 || *p >= 0x7f || *p == ';' || *p == '=')
			buf_printf(out, "=%02X", (unsigned char)*p);
		else
			buf_addch(out, *p);
}

/* i= must be d= or a subdomain of it (RFC 6376 3.5); NULL when it is not. */
static const char *
identity_within(struct found *f, const char *text, const char *domain)
{
	const char	*id, *at, *of;
	struct buf	 quoted = BUF_INIT;

	if (text == NULL || text[0] == '\0')
		return NULL;
	id = keytable_expand(f->a, text, f->domain);
	at = strrchr(id, '@');
	of = at != NULL ? at + 1 : id;
	of = domain_canonical(f->a, of, strlen(of));
	if (of == NULL || !domain_is_within(of, domain))
		return NULL;
	if (at != NULL)
		quote_local(&quoted, id, (size_t)(at - id));
	id = arena_printf(f->a, "%s@%s", buf_str(&quoted), of);
	buf_free(&quoted);
	return id;
}

static void
found_key(struct found *f, const struct signing_key *key)
{
	const struct signing_key **more;
	size_t			   i;

	for (i = 0; i < f->n; i++)
		if (ring_compare(f->key[i], key) == 0 &&
		    strcmp(f->key[i]->domain, key->domain) == 0)
			return;
	if (f->n == f->size) {
		f->size = f->size > 0 ? f->size * 2 : 4;
		more = arena_array(f->a, f->size, sizeof(*more));
		if (f->n > 0)
			memcpy(more, f->key, f->n * sizeof(*more));
		f->key = more;
	}
	for (i = f->n++; i > 0 && ring_compare(f->key[i - 1], key) > 0; i--)
		f->key[i] = f->key[i - 1];
	f->key[i] = key;
}

/* Add the key of a SigningTable line's value. false: it has none. */
static bool
follow(struct found *f, const char *value)
{
	const struct dataset_line	*l;
	const struct signing_key	*key;
	struct signing_key		*own;
	char				*rest = arena_strdup(f->a, value);
	const char			*name = keytable_field(&rest, false);

	l = dataset_find(f->t->keys.data,
	    strcmp(name, "%") == 0 ? f->domain : name, NULL);
	key = l != NULL ? held_key(f->t, l->line, f->domain) : NULL;
	if (key == NULL)
		return false;
	if (key->domain[0] == '%' || rest != NULL) {
		own = arena_alloc(f->a, sizeof(*own));
		*own = *key;
		if (own->domain[0] == '%')
			own->domain = arena_strdup(f->a, f->domain);
		own->identity = identity_within(f, keytable_field(&rest, true),
		    own->domain);
		key = own;
	}
	found_key(f, key);
	return true;
}

/* --- the order of the search ------------------------------------------- */

/* All lines for one text, or the first. true: the search is finished. */
static bool
search(struct found *f, const char *text, bool all)
{
	const struct dataset_line *l = NULL;

	while ((l = dataset_find(f->t->authors.data, text, l)) != NULL)
		if (follow(f, l->value) && !all)
			return true;
	return false;
}

/* With a local part user@.example.com, user@.com; else .example.com, .com */
static bool
search_parents(struct found *f, const char *local, bool all)
{
	const char *dot = strchr(f->domain, '.'), *text;

	for (; dot != NULL; dot = strchr(dot + 1, '.')) {
		text = local == NULL ? dot :
		    arena_printf(f->a, "%s@%s", local, dot);
		if (search(f, text, all))
			return true;
	}
	return false;
}

/* The order of opendkim.conf(5) for tables that are not patterns. */
static void
search_in_steps(struct found *f, const char *local, bool all)
{
	const char *address = arena_printf(f->a, "%s@%s", local, f->domain);

	if (search(f, address, all) || search(f, f->domain, all) ||
	    search_parents(f, local, all) || search_parents(f, NULL, all) ||
	    search(f, arena_printf(f->a, "%s@*", local), all))
		return;
	search(f, "*", all);
}

static struct signing_keys
find_in_tables(const struct keyring *k, const struct sign_rules *rules,
    const char *local, const char *domain, struct arena *a)
{
	struct found f = { .t = k->table, .domain = domain, .a = a };

	if (f.t->authors.patterns)
		search(&f, arena_printf(a, "%s@%s", local, domain),
		    rules->all_matches);
	else
		search_in_steps(&f, local, rules->all_matches);
	return (struct signing_keys){ f.n, f.key, false };
}

/* --- a ring from a directory ------------------------------------------- */

/* The keys of the nearest parent that has any. */
static struct signing_keys
find_parent(const struct keyring *k, const char *domain)
{
	struct signing_keys	 keys = { 0, NULL, false };
	const char		*p = domain;

	while (keys.n == 0 && (p = strchr(p, '.')) != NULL)
		keys = keyring_find(k, ++p);
	keys.of_parent = keys.n > 0;
	return keys;
}

struct signing_keys
keyring_find_author(const struct keyring *k, const struct sign_rules *rules,
    const char *local, const char *domain, struct arena *a)
{
	struct signing_keys keys;

	if (k->table != NULL)
		return find_in_tables(k, rules, local, domain, a);
	keys = keyring_find(k, domain);
	if (keys.n == 0 && !rules->own_domain_only)
		keys = find_parent(k, domain);
	return keys;
}
