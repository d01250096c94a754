/*
 * ledger_settings - settings of the ledger, and counts that are forgotten
 */
#include "hour.h"
#include "ledger_priv.h"

enum store_answer
ledger_setting_get(struct store *base, const char *key,
    struct store_setting *setting, char error[STORE_ERROR])
{
	struct ledger *l = (struct ledger *)base;

	(void)error;
	settings_get(&l->settings, key, setting);
	return STORE_TAKEN;
}

enum store_answer
ledger_setting_put(struct store *base, const char *key, unsigned parts,
    const struct store_setting *setting, char error[STORE_ERROR])
{
	struct ledger		*l = (struct ledger *)base;
	struct store_setting	 whole;

	(void)error;
	pthread_mutex_lock(&l->change);
	settings_get(&l->settings, key, &whole);
	setting_merge(&whole, parts, setting);
	settings_put(&l->settings, key, &whole);
	pthread_mutex_unlock(&l->change);
	return STORE_TAKEN;
}

enum store_answer
ledger_settings_list(struct store *base, struct store_setting_rows *rows,
    char error[STORE_ERROR])
{
	struct ledger *l = (struct ledger *)base;

	(void)error;
	settings_list(&l->settings, rows);
	return STORE_TAKEN;
}

/* No commit is under way. */
static void
forget(struct ledger *l, const char *key)
{
	uint32_t	 hash = account_hash(key);
	struct shard	*s = shard_of(l, hash);
	struct account	*a;

	pthread_mutex_lock(&s->lock);
	a = shard_find(s, hash, key);
	if (a != NULL) {
		hour_free(&a->hour);
		if (a->open == 0)
			shard_remove(s, a);
	}
	pthread_mutex_unlock(&s->lock);
}

enum store_answer
ledger_reset(struct store *base, const char *key, time_t now,
    char error[STORE_ERROR])
{
	struct ledger *l = (struct ledger *)base;

	(void)now;
	(void)error;
	disk_queue_stop(&l->queue);
	forget(l, key);
	disk_queue_go(&l->queue);
	return STORE_TAKEN;
}
