/*
 * policy_identity - may the login use these senders and authors?
 *
 * On a submission the envelope sender and every mailbox of From, Sender and
 * Resent-From must be the login's. A From that is missing, repeated or
 * malformed is refused, because a mail reader may show any author for it.
 * An inbound listener asks the same table whether a login sends its own mail.
 */
#include "policy/policy_address.h"
#include "policy/policy_identity.h"

/*
 * A login without an entry is refused even with the null sender. Tables of
 * owners may list it; they decide on each address that it uses.
 */
static bool
is_unlisted(const struct identity_rules *ir, const struct user_rules *user,
    const struct facts *f)
{
	return ir->unlisted == UNLISTED_REFUSE && user == NULL &&
	    f->auth.login != NULL && !ir->tables;
}

/* Nobody knows whether the login may use the address. */
static struct verdict
judge_unknown(const struct identity_rules *ir, const char *field,
    const struct mailbox *box)
{
	if (ir->users_failure == USERS_FAILURE_REFUSE)
		return verdict_refuse("owners-unknown", "550 5.3.0",
		    "%s address %s is refused, because its owners cannot be "
		    "looked up", field, box->address);
	return verdict_refuse("owners-unknown", "451 4.3.0",
	    "The owners of %s address %s cannot be looked up at the moment; "
	    "try again later", field, box->address);
}

/* The end of "address X is not allowed for LOGIN". */
static const char *
why_none(const struct identity_rules *ir, const struct user_rules *user,
    const struct facts *f)
{
	return policy_lacks_address(ir, user, f) ?
	    ", which is not an address" : "";
}

static struct verdict
judge_null_sender(const struct session_rules *r)
{
	if (r->null_sender)
		return verdict_accept();
	return verdict_refuse("null-sender", "550 5.7.1",
	    "The null sender is not allowed on this service");
}

struct verdict
policy_sender(const struct session_rules *r, const struct identity_rules *ir,
    const struct user_rules *user, const struct tier_rules *tier,
    const struct facts *f)
{
	const char	*who = policy_submitter(user, f);
	const char	*own = policy_own_address(user, f);
	struct mailbox	 box = { f->env.sender_local, f->env.sender_domain,
			    f->env.sender, f->env.sender_owned };
	enum may_use	 use;

	if (r->direction != DIRECTION_SUBMISSION || f->conn.local)
		return verdict_accept();
	if (f->env.sender_bad)
		return verdict_refuse("sender-syntax", "553 5.1.7",
		    "The sender address cannot be understood");
	if (is_unlisted(ir, user, f))
		return verdict_refuse("unlisted-user", "550 5.7.1",
		    "Sender address <%s> is not allowed for %s, who is not "
		    "listed here", f->env.sender, f->auth.login);
	if (f->env.sender_local == NULL)
		return judge_null_sender(r);
	if (who == NULL)
		return verdict_accept();
	use = policy_may_use(ir, user, own, &box);
	if (use == MAY_USE_UNKNOWN)
		return judge_unknown(ir, "Sender", &box);
	if (use == MAY_NOT_USE)
		return verdict_refuse("sender", "550 5.7.1",
		    "Sender address %s is not allowed for %s%s", box.address,
		    who, why_none(ir, user, f));
	if (!policy_tier_allows(tier, ir, own, &box))
		return verdict_refuse("tier-sender", "550 5.7.1",
		    "Sender address %s is not allowed for %s in tier %s",
		    box.address, who, tier->name);
	return verdict_accept();
}

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

/* The submitter and the rules for its addresses. */
struct who {
	const char		*name;	/* policy_submitter */
	const char		*own;	/* policy_own_address */
	const char		*none;	/* why it may use no address, or "" */
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
	enum may_use		 use;
	size_t			 i;

	for (i = 0; i < list->n; i++) {
		box = &list->box[i];
		use = policy_may_use(who->ir, who->user, who->own, box);
		if (use == MAY_USE_UNKNOWN)
			return judge_unknown(who->ir, field, box);
		if (use == MAY_NOT_USE)
			return verdict_refuse(rule, "550 5.7.1",
			    "%s address %s is not allowed for %s%s", field,
			    box->address, who->name, who->none);
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
	    policy_own_address(user, f), why_none(ir, user, f), ir, user,
	    tier };

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
	    policy_own_address(user, f), why_none(ir, user, f), ir, user,
	    tier };
	struct mailbox	 sender = { f->env.sender_local, f->env.sender_domain,
			    f->env.sender, f->env.sender_owned };
	const struct mailbox_list list = { 1, &sender };

	if (f->auth.login == NULL || f->login_unknown || f->env.sender_bad)
		return false;
	if (sender.local != NULL && judge_boxes(&who, &list, "sender",
	    "Sender").action != ACTION_ACCEPT)
		return false;
	return judge_authors(&who, &f->from).action == ACTION_ACCEPT;
}
