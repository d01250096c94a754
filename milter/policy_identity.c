/*
 * policy_identity - may this login show these authors to the world?
 *
 * Judged at end of message on a submission: every mailbox of From, Sender
 * and Resent-From must be the login's. A From that is missing, repeated or
 * not understood is refused: what we cannot judge, others may read as anyone.
 */
#include "policy.h"

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

/* The first mailbox that is not the login's, or NULL. */
static const struct mailbox *
foreign_box(const struct identity_rules *ir, const struct user_rules *user,
    const char *login, const struct mailbox_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (!policy_may_use(ir, user, login, &list->box[i]))
			return &list->box[i];
	return NULL;
}

static struct verdict
judge_boxes(const struct identity_rules *ir, const struct user_rules *user,
    const char *who, const struct from_facts *from)
{
	const struct mailbox *box;

	box = foreign_box(ir, user, who, &from->from);
	if (box != NULL)
		return verdict_refuse("from", "550 5.7.1",
		    "From address %s is not allowed for %s", box->address,
		    who);
	box = foreign_box(ir, user, who, &from->others);
	if (box != NULL)
		return verdict_refuse("other-author", "550 5.7.1",
		    "Sender or Resent-From address %s is not allowed for %s",
		    box->address, who);
	return verdict_accept();
}

struct verdict
policy_identity(const struct session_rules *r, const struct identity_rules *ir,
    const struct user_rules *user, const struct facts *f)
{
	const char	*who = policy_submitter(user, f);
	struct verdict	 v;

	if (r->direction != DIRECTION_SUBMISSION)
		return verdict_accept();
	v = judge_from_state(f->from.state);
	if (v.action != ACTION_ACCEPT)
		return v;
	if (f->from.others_bad)
		return verdict_refuse("other-author-syntax", "550 5.7.1",
		    "The %s field cannot be understood",
		    f->from.bad_field != NULL ? f->from.bad_field : "Sender");
	if (who == NULL)
		return verdict_accept();
	return judge_boxes(ir, user, who, &f->from);
}
