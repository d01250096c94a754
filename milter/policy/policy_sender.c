/*
 * policy_sender - may this login use this address?
 *
 * One answer for the envelope sender, every mailbox of the header and the
 * signing key. A login without an entry owns exactly the address that it is,
 * unless unlisted-users says otherwise. What a sender pattern looks like is in
 * policy.h.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mail/domain.h"
#include "policy/policy_relay.h"
#include "policy/policy_sender.h"
#include "policy/policy_tier.h"

/* The local part up to the recipient delimiter, "alice" of "alice+x". */
static size_t
base_length(const struct identity_rules *ir, const char *local)
{
	const char *end = NULL;

	if (ir->recipient_delimiter != '\0')
		end = strchr(local, ir->recipient_delimiter);
	/* a local part that begins with it has no base to be part of */
	return end != NULL && end != local ? (size_t)(end - local) :
	    strlen(local);
}

static bool
locals_equal(const struct identity_rules *ir, const char *a, size_t alen,
    const char *b, size_t blen)
{
	if (alen != blen)
		return false;
	return ir->case_sensitive_local ? memcmp(a, b, alen) == 0 :
	    strncasecmp(a, b, alen) == 0;
}

static bool
is_address(const struct identity_rules *ir, const char *address,
    const struct mailbox *box, bool extended)
{
	const char	*at = strrchr(address, '@');
	size_t		 len;

	if (at == NULL || !domain_equal(at + 1, box->domain))
		return false;
	len = (size_t)(at - address);
	return locals_equal(ir, address, len, box->local,
	    strlen(box->local)) || (extended &&
	    locals_equal(ir, address, len, box->local,
	    base_length(ir, box->local)));
}

bool
policy_pattern_fits(const struct identity_rules *ir, const char *pattern,
    const struct mailbox *box)
{
	if (strcmp(pattern, "*") == 0)
		return true;
	if (strncmp(pattern, "@.", 2) == 0)
		return domain_is_within(box->domain, pattern + 2) &&
		    !domain_equal(box->domain, pattern + 2);
	if (pattern[0] == '@')
		return domain_equal(box->domain, pattern + 1);
	return is_address(ir, pattern, box, true);
}

/*
 * An extension that has to be quoted is none: programs are known that read
 * "alice+ <ceo"@example.org as another address (RFC 5322 says it is one).
 */
static bool
may_be_extended(const struct mailbox *box)
{
	return strpbrk(box->local, "()<>[]:;@\\,\" \t") == NULL;
}

bool
policy_is_own_address(const struct identity_rules *ir, const char *login,
    const struct mailbox *box)
{
	return is_address(ir, login, box, may_be_extended(box));
}

/*
 * The same programs read "ceo@other.example> "@example.org as an address of
 * other.example: who may use all of a domain may not use this.
 */
bool
policy_sender_fits(const struct identity_rules *ir, const char *pattern,
    const struct mailbox *box)
{
	if (pattern[0] != '@' && strcmp(pattern, "*") != 0)
		return policy_is_own_address(ir, pattern, box);
	if (pattern[0] == '@' && strchr(box->local, '@') != NULL)
		return false;
	return policy_pattern_fits(ir, pattern, box);
}

bool
policy_may_use(const struct identity_rules *ir, const struct user_rules *user,
    const char *login, const struct mailbox *box)
{
	size_t i;

	if (box->local == NULL || box->domain == NULL)
		return false;
	if (user == NULL && ir->unlisted != UNLISTED_OWN_ADDRESS)
		return ir->unlisted == UNLISTED_ANY;
	if (user == NULL || user->nsenders == 0)
		return policy_is_own_address(ir, login, box);
	for (i = 0; i < user->nsenders; i++)
		if (policy_sender_fits(ir, user->senders[i], box))
			return true;
	return false;
}

/* The null sender does not let in whom the site does not know. */
static bool
is_unknown(const struct identity_rules *ir, const struct user_rules *user,
    const struct facts *f)
{
	return ir->unlisted == UNLISTED_REFUSE && user == NULL &&
	    f->auth.login != NULL;
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
			    f->env.sender };

	if (r->direction != DIRECTION_SUBMISSION || f->conn.local)
		return verdict_accept();
	if (f->env.sender_bad)
		return verdict_refuse("sender-syntax", "553 5.1.7",
		    "The sender address cannot be understood");
	if (is_unknown(ir, user, f))
		return verdict_refuse("unlisted-user", "550 5.7.1",
		    "Sender address <%s> is not allowed for %s, who is not "
		    "listed here", f->env.sender, f->auth.login);
	if (f->env.sender_local == NULL)
		return judge_null_sender(r);
	if (who == NULL)
		return verdict_accept();
	if (!policy_may_use(ir, user, own, &box))
		return verdict_refuse("sender", "550 5.7.1",
		    "Sender address %s is not allowed for %s", box.address,
		    who);
	if (!policy_tier_allows(tier, ir, own, &box))
		return verdict_refuse("tier-sender", "550 5.7.1",
		    "Sender address %s is not allowed for %s in tier %s",
		    box.address, who, tier->name);
	return verdict_accept();
}
