/*
 * policy_address - who submits a message, and which addresses may it use?
 *
 * Pure: facts and rules in, an answer out. No I/O, no clock, no allocation.
 * The judges of envelope sender and header, and the signing key, ask here.
 */
#ifndef MILLGATE_POLICY_ADDRESS_H
#define MILLGATE_POLICY_ADDRESS_H

#include "policy/policy_rules.h"

/* The relay section that lets this client in without a login, or NULL. */
const struct relay_rules *policy_relay(const struct session_rules *r,
		    const struct facts *f);

/*
 * The name of the submitter: the login; for a client of a relay, the login of
 * `user`, which is the relay's entry; NULL: there is none.
 */
const char	*policy_submitter(const struct user_rules *user,
		    const struct facts *f);

/*
 * The submitter as an address in the form that facts use. It differs from
 * policy_submitter only for a login whose domain is in UTF-8.
 */
const char	*policy_own_address(const struct user_rules *user,
		    const struct facts *f);

/*
 * Does the submitter own no address, because its login has no domain, where
 * its own address is what it may use? Never where tables may give it others.
 */
bool		 policy_lacks_address(const struct identity_rules *ir,
		    const struct user_rules *user, const struct facts *f);

/* The same, where a tier allows only the login's own address. */
bool		 policy_tier_lacks_address(const struct tier_rules *t,
		    const struct facts *f);

/* Does the sender pattern match some address of the domain? */
bool		 policy_pattern_reaches(const char *pattern,
		    const char *domain);

/*
 * Does the box match "a@x", "@x", "@.x" (subdomains of x) or "*"? The box
 * must have both of its parts.
 */
bool		 policy_pattern_fits(const struct identity_rules *ir,
		    const char *pattern, const struct mailbox *box);

/* The same for one of n patterns; false for a box without both parts. */
bool		 policy_box_is_listed(const struct identity_rules *ir,
		    const char *const *list, size_t n,
		    const struct mailbox *box);

/*
 * Is the domain one of n? "example.org" is that domain, ".example.org" its
 * subdomains; all are canonical.
 */
bool		 policy_domain_is_listed(const char *const *list, size_t n,
		    const char *domain);

/*
 * The same for senders. It is stricter with a quoted local part that some
 * programs read as another address: only the same address in full matches.
 */
bool		 policy_sender_fits(const struct identity_rules *ir,
		    const char *pattern, const struct mailbox *box);

/* The box, with or without an extension, is the address `login`. */
bool		 policy_is_own_address(const struct identity_rules *ir,
		    const char *login, const struct mailbox *box);

/*
 * Is the mailbox one of the `senders` that are written in the login's entry?
 * No table can take that away, so none needs to be asked.
 */
bool		 policy_is_written(const struct identity_rules *ir,
		    const struct user_rules *user, const struct mailbox *box);

enum may_use { MAY_NOT_USE, MAY_USE, MAY_USE_UNKNOWN };

/*
 * May the login use this mailbox? `user` is NULL when the login has no entry.
 * Its entry may allow it, or a table (box->owned). What nobody wrote down, the
 * login's own address and unlisted-users = any, is not allowed for an address
 * that tables give to other logins alone. A DKIM key signs only for what this
 * allows.
 */
enum may_use	 policy_may_use(const struct identity_rules *ir,
		    const struct user_rules *user, const char *login,
		    const struct mailbox *box);

/* Does the tier allow this mailbox? A tier of NULL allows all. */
bool		 policy_tier_allows(const struct tier_rules *t,
		    const struct identity_rules *ir, const char *login,
		    const struct mailbox *box);

#endif
