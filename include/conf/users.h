/*
 * users - who may send as whom: user sections and users-file
 *
 * Filled while the configuration is loaded, immutable afterwards, owned by
 * the configuration. Logins are folded to lower case; lookup is by hash.
 *
 * users-file, one line a user, # comments:
 *   login plan=premium senders=a@x,@y networks=192.0.2.0/24,2001:db8::/32 \
 *         second-factor=yes block=no certificates="Alice B. Carroll"
 *
 * Double quotes keep the blanks of a value; a comma parts the items of a list
 * all the same.
 */
#ifndef MILLGATE_USERS_H
#define MILLGATE_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy_rules.h"

struct arena;
struct users;

/* All of it lives in the arena. */
struct users	*users_new(struct arena *a);
/*
 * `user` is kept, not copied; its login is folded. False: there is an entry
 * for this login already.
 */
bool		 users_add(struct users *u, const struct user_rules *user);
/* What plan= may name. */
struct users_plans {
	const struct plan_rules *plan;
	size_t		 n;
};
/*
 * Add the lines of a file. False with *why (malloced): one or more lines
 * "file:line: what, and what to do", no newline behind the last.
 */
bool		 users_load_file(struct users *u, const char *path,
		    const struct users_plans *plans, char **why);
/* The same from a text; `name` stands for the file. */
bool		 users_load_text(struct users *u, const char *name,
		    const char *text, const struct users_plans *plans,
		    char **why);
/*
 * Set what a line of users-file sets with key=value, for a user from elsewhere;
 * what it refers to is in the arena. False with *why (malloced), led by `name`.
 * `value` is changed. The key must be one of those.
 */
struct users_origin {
	struct arena	*arena;
	const struct users_plans *plans;
	const char	*name;
};
bool		 users_set(const struct users_origin *o,
		    struct user_rules *user, const char *key, char *value,
		    char **why);
/* Where the strings of its entries belong. */
struct arena	*users_arena(const struct users *u);
/* NULL: no entry. `login` may be in any case. */
const struct user_rules *users_find(const struct users *u, const char *login);
size_t		 users_count(const struct users *u);
/*
 * A sender pattern as written in the configuration: the domain folded, the
 * local part as it is (policy_may_use compares it). NULL: no such form.
 */
const char	*users_sender_pattern(struct arena *a, const char *text);
/*
 * What a certificate is compared with: a common name, or a whole subject that
 * begins with a slash. NULL: it is one; else what is wrong and what to do.
 */
const char	*users_certificate(const char *text);
const char	*users_issuer(const char *text);
/*
 * A login as written: ASCII letters in lower case. NULL: empty, longer than
 * 255 octets, or with blanks or control characters.
 */
const char	*users_login(struct arena *a, const char *text);
/*
 * What a login is counted as, whatever it holds: folded, and LOGIN_BUCKET in
 * front of one that begins like another kind of account, or like this.
 */
const char	*users_account(struct arena *a, const char *login);

#endif
