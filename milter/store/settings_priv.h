/*
 * settings - the ledger's settings in memory: few keys, asked for each message
 *
 * Sorted by key; safe for any number of readers beside one who changes it.
 * About 200 octets and the key for each setting.
 */
#ifndef MILLGATE_SETTINGS_H
#define MILLGATE_SETTINGS_H

#include <pthread.h>
#include <stddef.h>

#include "store/store_settings.h"

struct setting_entry;

struct settings {
	pthread_rwlock_t lock;
	struct setting_entry **entry;
	size_t		 n, size;
};

void	settings_init(struct settings *t);
void	settings_free(struct settings *t);
/* All zero when there is none. */
void	settings_get(struct settings *t, const char *key,
	    struct store_setting *setting);
/* Instead of what is there; an empty one removes it. */
void	settings_put(struct settings *t, const char *key,
	    const struct store_setting *setting);
/* A key whose block is over, malloced; NULL: there is none. */
char	*settings_over(struct settings *t, time_t now);
/* Adds all of them to the rows. */
void	settings_list(struct settings *t, struct store_setting_rows *rows);

#endif
