/*
 * groups - the groups of a login
 *
 * One hash table has the logins and domains that the groups name, and the
 * names of the groups. The kind of a key is hashed with it, so that a login
 * is not taken for a domain.
 */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/fnv.h"
#include "conf/groups.h"
#include "mail/domain.h"

/* The kinds of keys. The dot of ".example.org" is part of the text. */
#define KIND_NAME	'n'
#define KIND_LOGIN	'l'
#define KIND_DOMAIN	'd'

struct entry {
	char		 kind;
	const char	*text;		/* lower case, except names */
	const struct group_rules *group;
	struct entry	*next;
};

struct groups {
	size_t		 nbuckets;	/* a power of two */
	struct entry	**bucket;
	struct entry	*free;		/* next unused one of the array */
};

/* The result of groups_of. */
struct found {
	const struct group_rules **list;
	size_t		 n, max;
};

static struct entry **
groups_bucket(const struct groups *g, char kind, const char *text)
{
	uint64_t h = fnv_add(FNV_START, &kind, 1);

	h = fnv_add_lower(h, text, strlen(text));
	return &g->bucket[fnv_fold(h) & (g->nbuckets - 1)];
}

static bool
is_entry(const struct entry *e, char kind, const char *text)
{
	const char *p = e->text;

	if (e->kind != kind)
		return false;
	while (*p != '\0' && ascii_lower(*p) == ascii_lower(*text)) {
		p++;
		text++;
	}
	return *p == '\0' && *text == '\0';
}

/* At the head of its bucket. */
static void
groups_add(struct groups *g, char kind, const char *text,
    const struct group_rules *group)
{
	struct entry **bucket = groups_bucket(g, kind, text), *e = g->free++;

	e->kind = kind;
	e->text = text;
	e->group = group;
	e->next = *bucket;
	*bucket = e;
}

static size_t
count_keys(const struct group_rules *list, size_t n)
{
	size_t i, keys = n;

	for (i = 0; i < n; i++)
		keys += list[i].ndomains + list[i].nusers;
	return keys;
}

struct groups *
groups_new(struct arena *a, const struct group_rules *list, size_t n)
{
	struct groups	*g = arena_alloc(a, sizeof(*g));
	size_t		 keys = count_keys(list, n), i, k;

	g->nbuckets = 1;
	while (g->nbuckets < 2 * keys)
		g->nbuckets *= 2;
	g->bucket = arena_array(a, g->nbuckets, sizeof(g->bucket[0]));
	g->free = arena_array(a, keys, sizeof(g->free[0]));
	/* from the last to the first, so that the first heads its bucket */
	for (i = n; i > 0; i--) {
		const struct group_rules *group = &list[i - 1];

		groups_add(g, KIND_NAME, group->name, group);
		for (k = 0; k < group->ndomains; k++)
			groups_add(g, KIND_DOMAIN, group->domains[k], group);
		for (k = 0; k < group->nusers; k++)
			groups_add(g, KIND_LOGIN, group->users[k], group);
	}
	return g;
}

const struct group_rules *
groups_find(const struct groups *g, const char *name)
{
	const struct entry *e = *groups_bucket(g, KIND_NAME, name);

	while (e != NULL && !is_entry(e, KIND_NAME, name))
		e = e->next;
	return e != NULL ? e->group : NULL;
}

static void
groups_found(struct found *f, const struct group_rules *group)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->list[i] == group)
			return;
	if (f->n < f->max)
		f->list[f->n++] = group;
}

static void
groups_collect(const struct groups *g, char kind, const char *text,
    struct found *f)
{
	const struct entry *e;

	for (e = *groups_bucket(g, kind, text); e != NULL; e = e->next)
		if (is_entry(e, kind, text))
			groups_found(f, e->group);
}

size_t
groups_of(const struct groups *g, const char *login, struct arena *scratch,
    const struct group_rules **list, size_t max)
{
	struct found	 f = { list, 0, max };
	const char	*at, *domain;

	if (login == NULL)
		return 0;
	groups_collect(g, KIND_LOGIN, login, &f);
	at = strrchr(login, '@');
	if (at == NULL)
		return f.n;
	domain = domain_canonical(scratch, at + 1, strlen(at + 1));
	if (domain == NULL)
		return f.n;
	groups_collect(g, KIND_DOMAIN, domain, &f);
	/* ".example.org" of "mail.example.org", then ".org" */
	while ((domain = strchr(domain, '.')) != NULL)
		groups_collect(g, KIND_DOMAIN, domain++, &f);
	return f.n;
}
