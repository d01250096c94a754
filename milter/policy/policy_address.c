/*
 * policy_address - who submits a message, and which addresses may it use?
 *
 * One answer for the envelope sender, every mailbox of the header and the
 * signing key. A login without an entry may use exactly the address that it
 * is, unless unlisted-users says otherwise. A relay section binds the clients
 * of its networks as a user section binds a login; a client that logs in is
 * judged as that login, from any network.
 */
#include <string.h>
#include <strings.h>

#include "mail/domain.h"
#include "policy/policy_address.h"

const struct relay_rules *
policy_relay(const struct session_rules *r, const struct facts *f)
{
	size_t i;

	if (r->direction != DIRECTION_SUBMISSION || f->conn.local ||
	    f->auth.login != NULL)
		return NULL;
	for (i = 0; i < r->nrelays; i++)
		if (netblocks_contain(r->relays[i]->who.networks,
		    r->relays[i]->who.nnetworks, &f->conn.client))
			return r->relays[i];
	return NULL;
}

const char *
policy_submitter(const struct user_rules *user, const struct facts *f)
{
	if (f->auth.login != NULL)
		return f->auth.login;
	return f->relay != NULL && user != NULL ? user->login : NULL;
}

const char *
policy_own_address(const struct user_rules *user, const struct facts *f)
{
	return f->auth.login != NULL && f->auth.address != NULL ?
	    f->auth.address : policy_submitter(user, f);
}

static bool
lacks_domain(const char *login)
{
	return login != NULL && strchr(login, '@') == NULL;
}

bool
policy_lacks_address(const struct identity_rules *ir,
    const struct user_rules *user, const struct facts *f)
{
	if (!lacks_domain(f->auth.login) || ir->tables)
		return false;
	return user != NULL ? user->nsenders == 0 :
	    ir->unlisted == UNLISTED_OWN_ADDRESS;
}

/* The local part up to the recipient delimiter, "alice" of "alice+x". */
static size_t
base_length(const struct identity_rules *ir, const char *local)
{
	const char *end = NULL;

	if (ir->recipient_delimiter != '\0')
		end = strchr(local, ir->recipient_delimiter);
	/* "+x" is not an extension of an empty local part */
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
address_fits(const struct identity_rules *ir, const char *address,
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
policy_pattern_reaches(const char *pattern, const char *domain)
{
	const char *at;

	if (strcmp(pattern, "*") == 0)
		return true;
	if (strncmp(pattern, "@.", 2) == 0)
		return domain_is_within(domain, pattern + 2) &&
		    !domain_equal(domain, pattern + 2);
	at = strrchr(pattern, '@');
	return at != NULL && domain_equal(at + 1, domain);
}

/* "@x", "@.x" or "*": all addresses of the domains that it matches. */
static bool
names_no_address(const char *pattern)
{
	return pattern[0] == '@' || strcmp(pattern, "*") == 0;
}

bool
policy_pattern_fits(const struct identity_rules *ir, const char *pattern,
    const struct mailbox *box)
{
	if (names_no_address(pattern))
		return policy_pattern_reaches(pattern, box->domain);
	return address_fits(ir, pattern, box, true);
}

bool
policy_box_is_listed(const struct identity_rules *ir, const char *const *list,
    size_t n, const struct mailbox *box)
{
	size_t i;

	if (box->local == NULL || box->domain == NULL)
		return false;
	for (i = 0; i < n; i++)
		if (policy_pattern_fits(ir, list[i], box))
			return true;
	return false;
}

static bool
domain_fits(const char *pattern, const char *domain)
{
	if (pattern[0] != '.')
		return strcmp(pattern, domain) == 0;
	return domain_is_within(domain, pattern + 1) &&
	    strcmp(pattern + 1, domain) != 0;
}

bool
policy_domain_is_listed(const char *const *list, size_t n, const char *domain)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (domain_fits(list[i], domain))
			return true;
	return false;
}

/*
 * An extension that must be quoted does not count as one: some programs read
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
	return address_fits(ir, login, box, may_be_extended(box));
}

/*
 * The same programs read "ceo@other.example> "@example.org as an address of
 * other.example: a right to all addresses of example.org does not include it.
 */
bool
policy_sender_fits(const struct identity_rules *ir, const char *pattern,
    const struct mailbox *box)
{
	if (!names_no_address(pattern))
		return policy_is_own_address(ir, pattern, box);
	if (pattern[0] == '@' && strchr(box->local, '@') != NULL)
		return false;
	return policy_pattern_fits(ir, pattern, box);
}

bool
policy_is_written(const struct identity_rules *ir,
    const struct user_rules *user, const struct mailbox *box)
{
	size_t i;

	if (user == NULL || box->local == NULL || box->domain == NULL)
		return false;
	for (i = 0; i < user->nsenders; i++)
		if (policy_sender_fits(ir, user->senders[i], box))
			return true;
	return false;
}

/* What the login may use though neither entry nor table says so. */
static bool
is_implied(const struct identity_rules *ir, const struct user_rules *user,
    const char *login, const struct mailbox *box)
{
	if (user == NULL && ir->unlisted != UNLISTED_OWN_ADDRESS)
		return ir->unlisted == UNLISTED_ANY;
	return (user == NULL || user->nsenders == 0) &&
	    policy_is_own_address(ir, login, box);
}

enum may_use
policy_may_use(const struct identity_rules *ir, const struct user_rules *user,
    const char *login, const struct mailbox *box)
{
	if (box->local == NULL || box->domain == NULL)
		return MAY_NOT_USE;
	if (policy_is_written(ir, user, box))
		return MAY_USE;
	switch (box->owned) {
	case OWNED_YES:
		return MAY_USE;
	case OWNED_OTHERS:
		return MAY_NOT_USE;
	case OWNED_UNKNOWN:
		return MAY_USE_UNKNOWN;
	case OWNED_UNLISTED:
		break;
	}
	return is_implied(ir, user, login, box) ? MAY_USE : MAY_NOT_USE;
}

bool
policy_tier_allows(const struct tier_rules *t,
    const struct identity_rules *ir, const char *login,
    const struct mailbox *box)
{
	const char	*pattern;
	size_t		 i;

	if (t == NULL || t->nsenders == 0)
		return true;
	if (box->local == NULL || box->domain == NULL)
		return false;
	for (i = 0; i < t->nsenders; i++) {
		pattern = t->senders[i];
		if (strcmp(pattern, TIER_LOGIN) == 0 ?
		    policy_is_own_address(ir, login, box) :
		    policy_sender_fits(ir, pattern, box))
			return true;
	}
	return false;
}

bool
policy_tier_lacks_address(const struct tier_rules *t, const struct facts *f)
{
	size_t i;

	for (i = 0; t != NULL && i < t->nsenders; i++)
		if (strcmp(t->senders[i], TIER_LOGIN) == 0)
			return lacks_domain(f->auth.login);
	return false;
}
