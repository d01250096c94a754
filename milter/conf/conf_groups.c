/*
 * conf_groups - groups that have nobody, and logins that have too many groups
 *
 * A message counts on few accounts at once. Whoever could be in more groups
 * than that is found here, not when mail comes: every login that a group
 * names is looked up, and one login of every domain.
 */
#include <string.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf_tree_priv.h"

/* One group more than a login may be in is enough to tell. */
struct overlap {
	const struct group_rules *group[GROUPS_OF_LOGIN + 1];
	size_t		 n;
};

static void
check_name(struct conf_builder *b, const struct conf_section *s,
    const struct group_rules *group)
{
	if (groups_find(b->conf->groups, group->name) != group)
		conf_complain_in(b->bad, s, s->place, "there is such a group "
		    "already (case does not matter); make one of the two");
}

/* Complain in the last of the groups alone. */
static void
check_login(struct conf_builder *b, const struct conf_section *s,
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
		    "than %d groups: %s, %s, %s and %s; a login counts on "
		    "%d at most", login[0] == '@' ? arena_printf(a,
		    "a login of %s", login + 1) : conf_shown(a, login),
		    GROUPS_OF_LOGIN, o.group[0]->name, o.group[1]->name,
		    o.group[2]->name, o.group[3]->name, GROUPS_OF_LOGIN);
	arena_free(&a);
}

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
		check_login(b, s, group, group->users[i]);
	for (i = 0; i < group->ndomains; i++) {
		domain = group->domains[i];
		check_login(b, s, group, arena_printf(b->arena, "@%s%s",
		    domain[0] == '.' ? "x" : "", domain));
	}
}

void
conf_check_groups(struct conf_builder *b)
{
	const struct conf_section	*s = b->tree->section;
	size_t				 i, n = 0;

	for (i = 0; i < b->tree->n; i++) {
		if (strcmp(s[i].name, "group") != 0)
			continue;
		check_name(b, &s[i], &b->conf->group_sections[n]);
		check_members(b, &s[i], &b->conf->group_sections[n]);
		n++;
	}
}
