/*
 * ctl_doctor_keys - millgatectl doctor: domains whose mail is not signed,
 * because their only key was never seen in the DNS; keys that the daemon's user
 * can read, although only the key process needs them
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "daemon/privileges.h"
#include "dkim/keyring.h"
#include "ctl_common_priv.h"
#include "ctl_doctor_priv.h"

#define DOMAINS_SHOWN	20u

/* The next domain from *i on that has pending keys only; NULL: none. */
static const char *
next_pending(const struct keyring *keys, size_t *i)
{
	const char	*domain;
	bool		 signs;

	while (*i < keyring_npending(keys)) {
		domain = keyring_pending(keys, (*i)++, &signs)->domain;
		/* its keys are next to each other */
		while (*i < keyring_npending(keys) && strcmp(domain,
		    keyring_pending(keys, *i, &signs)->domain) == 0)
			++*i;
		if (keyring_find(keys, domain).n == 0)
			return domain;
	}
	return NULL;
}

/* The number of keys that the user can read; *path is the first of them. */
static size_t
count_readable(const struct signing_keys *keys, const char *user,
    const char **path)
{
	struct privileges_acting acting;
	char			*why = NULL;
	size_t			 i, n = 0;

	if (privileges_act(user, &acting, &why))
		for (i = keys->n; i-- > 0;)
			if (keys->key[i]->path[0] == '/' && faccessat(AT_FDCWD,
			    keys->key[i]->path, R_OK, AT_EACCESS) == 0) {
				*path = keys->key[i]->path;
				n++;
			}
	privileges_act_end(&acting);
	free(why);
	return n;
}

/* Only root can tell, and change it. */
static void
advise_readers(const struct conf *conf, const struct keyring *keys,
    struct advice_list *advice)
{
	const struct signing_keys all = keyring_all(keys, advice->arena);
	const char	*path;
	size_t		 n;

	if (!conf->key_process || geteuid() != 0 || all.n == 0 ||
	    strcmp(conf->user, "root") == 0 || !privileges_exist(conf->user))
		return;
	if (!privileges_exist(PRIVILEGES_KEY_USER)) {
		advice_add(advice, "key-user", "/etc/passwd", "adduser --system "
		    "--group --no-create-home " PRIVILEGES_KEY_USER "; "
		    "millgatectl key fix; restart millgate", "the user "
		    PRIVILEGES_KEY_USER " does not exist: the process that "
		    "reads mail has the same user as the key process, and can "
		    "read the files of the keys");
		return;
	}
	n = count_readable(&all, conf->user, &path);
	if (n > 0)
		advice_add(advice, "key-owner", path, "millgatectl key fix",
		    "the user %s, who reads mail, can read the file of this "
		    "key%s; only " PRIVILEGES_KEY_USER " needs it", conf->user,
		    n == 1 ? "" : arena_printf(advice->arena, " and of %zu "
		    "more", n - 1));
}

void
doctor_keys(const struct ctl *c, const struct conf *conf,
    struct advice_list *advice)
{
	struct keyring	*keys = ctl_keyring(c, conf);
	const char	*domain;
	size_t		 i = 0, n = 0;

	if (keys == NULL)
		return;
	while ((domain = next_pending(keys, &i)) != NULL)
		if (++n <= DOMAINS_SHOWN)
			advice_pending_key(advice, domain);
	if (n > DOMAINS_SHOWN)
		advice_pending_key(advice, arena_printf(advice->arena,
		    "and %zu more", n - DOMAINS_SHOWN));
	advise_readers(conf, keys, advice);
	keyring_free(&keys);
}
