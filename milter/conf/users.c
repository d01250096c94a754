/*
 * users - the entries of logins: user sections and users-file
 *
 * A hash table of pointers by login, at most half full. When it grows, the
 * old tables stay in the arena; together they are as large as the last one.
 */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/fnv.h"
#include "conf/users.h"
#include "mail/domain.h"

#define FIRST_SIZE	64	/* a power of two */
#define LOGIN_MAX	255

struct users {
	struct arena	*arena;
	const char	*login_domain;		/* or NULL */
	size_t		 n, size;
	const struct user_rules **slot;
};

static bool
equal_folded(const char *folded, const char *login)
{
	while (*folded != '\0' && *folded == ascii_lower(*login)) {
		folded++;
		login++;
	}
	return *folded == '\0' && *login == '\0';
}

/* The slot of the login, or the empty slot for it. */
static size_t
find_slot(const struct users *u, const char *login)
{
	uint64_t	h = fnv_add_lower(FNV_START, login, strlen(login));
	size_t		i = fnv_fold(h) & (u->size - 1);

	while (u->slot[i] != NULL && !equal_folded(u->slot[i]->login, login))
		i = (i + 1) & (u->size - 1);
	return i;
}

struct users *
users_new(struct arena *a, const char *login_domain)
{
	struct users *u = arena_alloc(a, sizeof(*u));

	u->arena = a;
	u->login_domain = login_domain;
	u->size = FIRST_SIZE;
	u->slot = arena_array(a, u->size, sizeof(u->slot[0]));
	return u;
}

static void
users_grow(struct users *u)
{
	const struct user_rules	**old = u->slot;
	size_t			  size = u->size, i;

	u->size *= 2;
	u->slot = arena_array(u->arena, u->size, sizeof(u->slot[0]));
	for (i = 0; i < size; i++)
		if (old[i] != NULL)
			u->slot[find_slot(u, old[i]->login)] = old[i];
}

bool
users_add(struct users *u, const struct user_rules *user)
{
	size_t i;

	if (u->n >= u->size / 2)
		users_grow(u);
	i = find_slot(u, user->login);
	if (u->slot[i] != NULL)
		return false;
	u->slot[i] = user;
	u->n++;
	return true;
}

const struct user_rules *
users_find(const struct users *u, const char *login)
{
	return u->slot[find_slot(u, login)];
}

size_t
users_count(const struct users *u)
{
	return u->n;
}

struct arena *
users_arena(const struct users *u)
{
	return u->arena;
}

/* Not empty, without blanks, control characters and double quotes. */
static bool
users_is_plain(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 127 ||
		    text[i] == '"')
			return false;
	return len > 0;
}

const char *
users_login(struct arena *a, const char *text)
{
	size_t len = strlen(text);

	return len <= LOGIN_MAX && users_is_plain(text, len) ?
	    arena_strlower(a, text) : NULL;
}

const char *
users_qualify(const struct users *u, struct arena *a, const char *login)
{
	if (u->login_domain == NULL || login[0] == '\0' ||
	    strchr(login, '@') != NULL)
		return login;
	return arena_printf(a, "%s@%s", login, u->login_domain);
}

bool
users_is_login(const struct users *u, const char *name, const char *login)
{
	size_t len = strlen(name);

	if (strcasecmp(name, login) == 0)
		return true;
	return u->login_domain != NULL && strchr(name, '@') == NULL &&
	    strncasecmp(name, login, len) == 0 && login[len] == '@' &&
	    strcasecmp(login + len + 1, u->login_domain) == 0;
}

const char *
users_account(struct arena *a, const char *login)
{
	static const char *const kinds[] = { LISTENER_BUCKET, RELAY_BUCKET,
	    GROUP_BUCKET, LOGIN_BUCKET };
	const char	*key = arena_strlower(a, login);
	size_t		 i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(key, kinds[i], strlen(kinds[i])) == 0)
			return arena_printf(a, LOGIN_BUCKET "%s", key);
	return key;
}

const char *
users_sender_pattern(struct arena *a, const char *text)
{
	const char	*at = strrchr(text, '@'), *domain;
	size_t		 local_len;
	bool		 below;

	if (strcmp(text, "*") == 0)
		return "*";
	if (at == NULL)
		return NULL;
	local_len = (size_t)(at - text);
	below = local_len == 0 && at[1] == '.';
	if (local_len > 0 && (!users_is_plain(text, local_len) ||
	    memchr(text, '*', local_len) != NULL))
		return NULL;
	at += below ? 2 : 1;
	domain = domain_canonical(a, at, strlen(at));
	if (domain == NULL)
		return NULL;
	return arena_printf(a, "%.*s@%s%s", (int)local_len, text,
	    below ? "." : "", domain);
}

/* The form "CN=x,O=y" of RFC 4514 is refused: no MTA sends it. */
const char *
users_issuer(const char *text)
{
	if (text[0] == '\0')
		return "is empty; write a name";
	if ((text[0] == '/') != (strchr(text, '=') != NULL))
		return "is not the name of a certificate; write the common "
		    "name, or the whole subject, for example "
		    "/O=Example/CN=alice";
	return NULL;
}

const char *
users_certificate(const char *text)
{
	if (text[0] == '/' && strstr(text, "/CN=") == NULL)
		return "has no /CN=; write a subject with a common name";
	return users_issuer(text);
}
