/*
 * ctl_common_keys - the signing keys as the daemon uses them
 *
 * A pending key signs if the state says that its record was seen in the DNS.
 * The state is read only if there are pending keys, and needs no daemon. If it
 * cannot be read, this is reported, and no pending key signs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dkim/keyring.h"
#include "dkim/keyseen.h"
#include "store/store.h"
#include "store/store_keys.h"
#include "ctl_common_priv.h"

static void
complain_of_state(const char *why)
{
	fprintf(stderr, "%s\n", why);
	ctl_complain("it is not known which pending keys were seen in the "
	    "DNS; none of them is taken to sign");
}

/* NULL: the reason is on stderr. */
static struct store *
open_known(const struct store_place *place)
{
	char		*why = NULL;
	struct store	*s = store_open_at(place, STORE_READ, &why);

	if (s == NULL)
		complain_of_state(why);
	free(why);
	return s;
}

void
ctl_recall_keys(const struct ctl *c, const struct conf *conf,
    struct keyring *keys)
{
	struct store_place	 place = ctl_state(c, conf);
	struct store		*s;
	char			 error[STORE_ERROR];
	size_t			 n = 0;

	if (keyring_npending(keys) == 0 || (s = open_known(&place)) == NULL)
		return;
	if (!keyseen_recall(keys, s, &n, error))
		complain_of_state(error);
	store_close(&s);
}

void
ctl_find_keys(const struct store_place *place, struct store_key *key, size_t n)
{
	struct store	*s;
	char		 error[STORE_ERROR];

	if (n == 0 || (s = open_known(place)) == NULL)
		return;
	if (store_keys_find(s, key, n, error) == STORE_UNKNOWN)
		complain_of_state(error);
	store_close(&s);
}

struct keyring *
ctl_keyring(const struct ctl *c, const struct conf *conf)
{
	char		*why = NULL;
	struct keyring	*keys;

	if (conf->signing.key_directory != NULL)
		keys = keyring_load(conf->signing.key_directory, &why);
	else if (conf->signing.key_table != NULL)
		keys = keyring_load_tables(conf->signing.key_table,
		    conf->signing.signing_table, &why);
	else if (conf->signing.keys_database != NULL)
		keys = keyring_empty();
	else
		return NULL;
	if (keys != NULL)
		ctl_recall_keys(c, conf, keys);
	else
		fprintf(stderr, "%s\nmillgatectl: the output has no keys\n",
		    why);
	free(why);
	return keys;
}
