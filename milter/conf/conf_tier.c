/*
 * conf_tier - tiers that no session reaches
 *
 * The first tier whose conditions a session meets is taken, so one that asks
 * for less may not stand before one that asks for more.
 */
#include <string.h>

#include "conf/conf.h"
#include "policy/policy_proof.h"
#include "policy/policy_tier.h"
#include "conf_tree_priv.h"

/* All that `b` takes, `a` takes as well. */
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
		/* a class word takes its members, no name takes a class */
		if (j == a->nmechanisms &&
		    (policy_class_find(b->mechanisms[i]) != NULL ||
		    !policy_tier_takes(a, b->mechanisms[i])))
			return false;
	}
	return true;
}

static bool
hides(const struct tier_rules *a, const struct tier_rules *b)
{
	return takes_all_of(a, b) && (!a->certificate || b->certificate) &&
	    (a->min_tls == NULL || (b->min_tls != NULL &&
	    policy_tls_rank(a->min_tls) <= policy_tls_rank(b->min_tls)));
}

void
conf_check_tiers(struct conf_builder *b)
{
	const struct tier_rules		*t = b->conf->tiers;
	const struct conf_section	*s;
	size_t				 i, n = 0, before;

	for (i = 0; i < b->tree->n; i++) {
		s = &b->tree->section[i];
		if (strcmp(s->name, "tier") != 0)
			continue;
		for (before = 0; before < n; before++) {
			if (!hides(&t[before], &t[n]))
				continue;
			conf_complain_in(b->bad, s, s->place, "is never "
			    "reached: tier %s takes all of its sessions first; "
			    "write it before that one", t[before].name);
			break;
		}
		n++;
	}
}
