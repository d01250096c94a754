/*
 * users - the entries of logins: user sections and users-file
 *
 * Filled while the configuration is loaded, immutable afterwards, owned by
 * the configuration. Logins are in lower case; lookup is by hash.
 *
 * users-file has one line a user; # begins a comment:
 *   login plan=premium senders=a@x,@y networks=192.0.2.0/24,2001:db8::/32 \
 *         second-factor=yes block=no certificates="Alice B. Carroll"
 *
 * Double quotes keep the blanks of a value. A comma separates the items of a
 * list, also inside quotes.
 */
#ifndef MILLGATE_USERS_H
#define MILLGATE_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy_rules.h"

struct arena;
struct users;

/*
 * All memory is in the arena. `login_domain`, in lower case, is the domain of
 * logins without one; NULL: they have none.
 */
struct users	*users_new(struct arena *a, const char *login_domain);
/*
 * `user` is kept, not copied; its login is whole and in lower case. False: the
 * login has an entry already.
 */
bool		 users_add(struct users *u, const struct user_rules *user);
/* The plans that plan= may name. */
struct users_plans {
	const struct plan_rules *plan;
	size_t		 n;
};
/*
 * Add the users of a file. False with *why (malloced; the caller frees): one
 * or more lines "file:line: error; what to do", without a newline after the
 * last.
 */
bool		 users_load_file(struct users *u, const char *path,
		    const struct users_plans *plans, char **why);
/* The same from a text; `name` is used as the name of the file. */
bool		 users_load_text(struct users *u, const char *name,
		    const char *text, const struct users_plans *plans,
		    char **why);
/*
 * Set one key=value of users-file in `user`, for users of another source. The
 * strings are in the arena; `value` is changed; the key must be a known one.
 * False with *why (malloced; the caller frees), which begins with `name`.
 */
struct users_origin {
	struct arena	*arena;
	const struct users_plans *plans;
	const char	*name;
};
bool		 users_set(const struct users_origin *o,
		    struct user_rules *user, const char *key, char *value,
		    char **why);
/* The arena for the strings of its entries. */
struct arena	*users_arena(const struct users *u);
/* The entry of a login in any case; NULL: none. */
const struct user_rules *users_find(const struct users *u, const char *login);
size_t		 users_count(const struct users *u);
/*
 * A sender pattern of the configuration with its domain in canonical form; the
 * local part stays as it is. NULL: it is not a pattern.
 */
const char	*users_sender_pattern(struct arena *a, const char *text);
/*
 * Check the name of a certificate: a common name, or a whole subject that
 * begins with a slash. NULL when it is right, else the error and what to write
 * instead (static).
 */
const char	*users_certificate(const char *text);
const char	*users_issuer(const char *text);
/*
 * A login with ASCII letters in lower case. NULL when it is empty, longer than
 * 255 octets, or has blanks, double quotes or control characters.
 */
const char	*users_login(struct arena *a, const char *text);
/*
 * The whole login: a name without "@" becomes an address in login_domain, if
 * there is one. Every login must pass through here before it is looked up,
 * compared or counted, so that "alice" and "alice@example.org" are one login.
 */
const char	*users_qualify(const struct users *u, struct arena *a,
		    const char *login);
/*
 * Is the name, with or without the login_domain, this whole login? Case does
 * not matter.
 */
bool		 users_is_login(const struct users *u, const char *name,
		    const char *login);
/*
 * The key under which a login is counted: the login in lower case, with
 * LOGIN_BUCKET before it when it begins like the key of another kind.
 */
const char	*users_account(struct arena *a, const char *login);

#endif
