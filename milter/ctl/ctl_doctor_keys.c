/*
 * ctl_doctor_keys - millgatectl doctor: domains whose mail is not signed,
 * because their only key was never seen in the DNS
 */
#include <string.h>

#include "base/arena.h"
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
	keyring_free(&keys);
}
