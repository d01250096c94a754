/*
 * policy_identity - may this login show these authors to the world?
 *
 * Judged at end of message on a submission: every mailbox of From, Sender
 * and Resent-From must be the login's. A From that is missing, repeated or
 * not understood is refused: what we cannot judge, others may read as anyone.
 * On an inbound listener the same table tells which logins are at home.
 */
#include "policy/policy_identity.h"
#include "policy/policy_relay.h"
#include "policy/policy_sender.h"
#include "policy/policy_tier.h"

static struct verdict
judge_from_state(enum from_state state)
{
	switch (state) {
	case FROM_OK:
		return verdict_accept();
	case FROM_MISSING:
		return verdict_refuse("from-missing", "550 5.7.1",
		    "The message has no From field");
	case FROM_REPEATED:
		return verdict_refuse("from-repeated", "550 5.7.1",
		    "The message has more than one From field");
	case FROM_UNPARSABLE:
		break;
	}
	return verdict_refuse("from-syntax", "550 5.7.1",
	    "The From field cannot be understood");
}

/* Who sends, and what it may send as. */
struct who {
	const char		*name, *own;
	const struct identity_rules *ir;
	const struct user_rules	*user;
	const struct tier_rules	*tier;
};

/* `rule` and `field` for the reply. */
static struct verdict
judge_boxes(const struct who *who, const struct mailbox_list *list,
    const char *rule, const char *field)
{
	const struct mailbox	*box;
	size_t			 i;

	for (i = 0; i < list->n; i++) {
		box = &list->box[i];
		if (!policy_may_use(who->ir, who->user, who->own, box))
			return verdict_refuse(rule, "550 5.7.1",
			    "%s address %s is not allowed for %s", field,
			    box->address, who->name);
		if (!policy_tier_allows(who->tier, who->ir, who->own, box))
			return verdict_refuse("tier-author", "550 5.7.1",
			    "%s address %s is not allowed for %s in tier %s",
			    field, box->address, who->name, who->tier->name);
	}
	return verdict_accept();
}

static struct verdict
judge_authors(const struct who *who, const struct from_facts *from)
{
	struct verdict v = judge_from_state(from->state);

	if (v.action != ACTION_ACCEPT)
		return v;
	if (from->others_bad)
		return verdict_refuse("other-author-syntax", "550 5.7.1",
		    "The %s field cannot be understood",
		    from->bad_field != NULL ? from->bad_field : "Sender");
	if (who->name == NULL)
		return verdict_accept();
	v = judge_boxes(who, &from->from, "from", "From");
	if (v.action != ACTION_ACCEPT)
		return v;
	return judge_boxes(who, &from->others, "other-author",
	    "Sender or Resent-From");
}

struct verdict
policy_identity(const struct session_rules *r, const struct identity_rules *ir,
    const struct user_rules *user, const struct tier_rules *tier,
    const struct facts *f)
{
	const struct who who = { policy_submitter(user, f),
	    policy_own_address(user, f), ir, user, tier };

	if (r->direction != DIRECTION_SUBMISSION)
		return verdict_accept();
	return judge_authors(&who, &f->from);
}

bool
policy_is_own_mail(const struct identity_rules *ir,
    const struct user_rules *user, const struct tier_rules *tier,
    const struct facts *f)
{
	const struct who who = { policy_submitter(user, f),
	    policy_own_address(user, f), ir, user, tier };
	struct mailbox	 sender = { f->env.sender_local, f->env.sender_domain,
			    f->env.sender };
	const struct mailbox_list list = { 1, &sender };

	if (f->auth.login == NULL || f->login_unknown || f->env.sender_bad)
		return false;
	if (sender.local != NULL && judge_boxes(&who, &list, "sender",
	    "Sender").action != ACTION_ACCEPT)
		return false;
	return judge_authors(&who, &f->from).action == ACTION_ACCEPT;
}
