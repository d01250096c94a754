/*
 * settings - the ledger's settings in memory: few keys, asked for each message
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "settings_priv.h"
#include "store_priv.h"

struct setting_entry {
	struct store_setting setting;
	char		 key[];
};

void
settings_init(struct settings *t)
{
	memset(t, 0, sizeof(*t));
	pthread_rwlock_init(&t->lock, NULL);
}

void
settings_free(struct settings *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		free(t->entry[i]);
	free(t->entry);
	pthread_rwlock_destroy(&t->lock);
}

/* The index of the key, or the one that it would have. */
static size_t
place(const struct settings *t, const char *key, bool *found)
{
	size_t	low = 0, high = t->n, middle;
	int	order;

	*found = false;
	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(t->entry[middle]->key, key);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
settings_get(struct settings *t, const char *key,
    struct store_setting *setting)
{
	bool	found;
	size_t	i;

	pthread_rwlock_rdlock(&t->lock);
	i = place(t, key, &found);
	if (found)
		*setting = t->entry[i]->setting;
	else
		memset(setting, 0, sizeof(*setting));
	pthread_rwlock_unlock(&t->lock);
}

static void
insert(struct settings *t, size_t i, const char *key,
    const struct store_setting *setting)
{
	size_t			 len = strlen(key);
	struct setting_entry	*e;

	e = xcalloc(1, offsetof(struct setting_entry, key) + len + 1);
	e->setting = *setting;
	memcpy(e->key, key, len + 1);
	if (t->n == t->size) {
		t->size = t->size == 0 ? 16 : t->size * 2;
		t->entry = xrealloc(t->entry,
		    t->size * sizeof(struct setting_entry *));
	}
	memmove(&t->entry[i + 1], &t->entry[i],
	    (t->n - i) * sizeof(struct setting_entry *));
	t->entry[i] = e;
	t->n++;
}

static void
take_out(struct settings *t, size_t i)
{
	free(t->entry[i]);
	t->n--;
	memmove(&t->entry[i], &t->entry[i + 1],
	    (t->n - i) * sizeof(struct setting_entry *));
}

void
settings_put(struct settings *t, const char *key,
    const struct store_setting *setting)
{
	bool	found, empty = setting_is_empty(setting);
	size_t	i;

	pthread_rwlock_wrlock(&t->lock);
	i = place(t, key, &found);
	if (found && empty)
		take_out(t, i);
	else if (found)
		t->entry[i]->setting = *setting;
	else if (!empty)
		insert(t, i, key, setting);
	pthread_rwlock_unlock(&t->lock);
}

char *
settings_over(struct settings *t, time_t now)
{
	char	*key = NULL;
	time_t	 until;
	size_t	 i;

	pthread_rwlock_rdlock(&t->lock);
	for (i = 0; i < t->n && key == NULL; i++) {
		until = t->entry[i]->setting.blocked_until;
		if (until != 0 && until <= now)
			key = xstrdup(t->entry[i]->key);
	}
	pthread_rwlock_unlock(&t->lock);
	return key;
}

void
settings_list(struct settings *t, struct store_setting_rows *rows)
{
	size_t i;

	pthread_rwlock_rdlock(&t->lock);
	for (i = 0; i < t->n; i++)
		setting_rows_add(rows, t->entry[i]->key,
		    &t->entry[i]->setting);
	pthread_rwlock_unlock(&t->lock);
}
