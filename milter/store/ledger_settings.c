/*
 * ledger_settings - the ledger's settings in memory, and their changes
 *
 * The table is sorted by key, and read for each message; readers share its
 * lock. One change at a time: the mutex `change` is held from reading the old
 * setting until the new one is on the disk and in memory. Memory changes last.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "ledger_priv.h"

/* --- the table ----------------------------------------------------------- */

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

/* The index of the key, or where it must be inserted. */
static size_t
settings_place(const struct settings *t, const char *key, bool *found)
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

static void
settings_get(struct settings *t, const char *key,
    struct store_setting *setting)
{
	bool	found;
	size_t	i;

	pthread_rwlock_rdlock(&t->lock);
	i = settings_place(t, key, &found);
	if (found)
		*setting = t->entry[i]->setting;
	else
		memset(setting, 0, sizeof(*setting));
	pthread_rwlock_unlock(&t->lock);
}

static void
settings_insert(struct settings *t, size_t i, const char *key,
    const struct store_setting *setting)
{
	size_t			 len = strlen(key);
	struct setting_entry	*e;

	e = xcalloc(1, offsetof(struct setting_entry, key) + len + 1);
	e->setting = *setting;
	memcpy(e->key, key, len + 1);
	t->entry = array_grow(t->entry, t->n, &t->size, sizeof(*t->entry));
	memmove(&t->entry[i + 1], &t->entry[i],
	    (t->n - i) * sizeof(struct setting_entry *));
	t->entry[i] = e;
	t->n++;
}

static void
settings_take_out(struct settings *t, size_t i)
{
	free(t->entry[i]);
	t->n--;
	memmove(&t->entry[i], &t->entry[i + 1],
	    (t->n - i) * sizeof(struct setting_entry *));
}

static void
settings_put(struct settings *t, const char *key,
    const struct store_setting *setting)
{
	bool	found, empty = setting_is_empty(setting);
	size_t	i;

	pthread_rwlock_wrlock(&t->lock);
	i = settings_place(t, key, &found);
	if (found && empty)
		settings_take_out(t, i);
	else if (found)
		t->entry[i]->setting = *setting;
	else if (!empty)
		settings_insert(t, i, key, setting);
	pthread_rwlock_unlock(&t->lock);
}

static char *
settings_over(struct settings *t, time_t now, unsigned *parts)
{
	char	*key = NULL;
	size_t	 i;

	pthread_rwlock_rdlock(&t->lock);
	for (i = 0; i < t->n && key == NULL; i++) {
		*parts = setting_parts_over(&t->entry[i]->setting, now);
		if (*parts != 0)
			key = xstrdup(t->entry[i]->key);
	}
	pthread_rwlock_unlock(&t->lock);
	return key;
}

static void
settings_list(struct settings *t, struct store_setting_rows *rows)
{
	size_t i;

	pthread_rwlock_rdlock(&t->lock);
	for (i = 0; i < t->n; i++)
		setting_rows_add(rows, t->entry[i]->key,
		    &t->entry[i]->setting);
	pthread_rwlock_unlock(&t->lock);
}

/* --- reading ------------------------------------------------------------- */

enum store_answer
ledger_settings_get(struct store *base, const char *const *key, size_t n,
    struct store_setting *setting, char error[STORE_ERROR])
{
	struct ledger	*l = (struct ledger *)base;
	size_t		 i;

	(void)error;
	for (i = 0; i < n; i++)
		settings_get(&l->settings, key[i], &setting[i]);
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

void
ledger_load_setting(struct store *base, const char *key,
    const struct store_setting *setting)
{
	struct ledger *l = (struct ledger *)base;

	settings_put(&l->settings, key, setting);
}

/* --- changing ------------------------------------------------------------ */

struct new_setting {
	const char	*key;
	struct store_setting setting;
	int64_t		 request;
};

static bool
setting_to_disk(const struct ledger_disk *ops, void *disk, void *arg,
    char error[STORE_ERROR])
{
	const struct new_setting *n = arg;

	return ops->put_setting(disk, n->key, &n->setting, n->request, error);
}

/* `change` is held. n->setting has the new parts; on return, all of them. */
static bool
setting_change(struct ledger *l, struct new_setting *n, unsigned parts,
    char error[STORE_ERROR])
{
	struct store_setting whole;

	settings_get(&l->settings, n->key, &whole);
	setting_merge(&whole, parts, &n->setting);
	n->setting = whole;
	if (!disk_queue_use(&l->queue, setting_to_disk, n, error))
		return false;
	settings_put(&l->settings, n->key, &n->setting);
	return true;
}

enum store_answer
ledger_setting_put(struct store *base, const char *key, unsigned parts,
    const struct store_setting *setting, char error[STORE_ERROR])
{
	struct ledger		*l = (struct ledger *)base;
	struct new_setting	 n = { key, *setting, 0 };
	bool			 ok;

	pthread_mutex_lock(&l->change);
	ok = setting_change(l, &n, parts, error);
	pthread_mutex_unlock(&l->change);
	return ok ? STORE_TAKEN : STORE_UNKNOWN;
}

bool
ledger_settings_prune(struct ledger *l, time_t now, char error[STORE_ERROR])
{
	struct new_setting	 n = { NULL, { .blocked_until = 0 }, 0 };
	unsigned		 parts;
	char			*key;
	bool			 ok = true;

	n.setting.changed = now;
	pthread_mutex_lock(&l->change);
	while (ok && (key = settings_over(&l->settings, now,
	    &parts)) != NULL) {
		memset(&n.setting, 0, sizeof(n.setting));
		n.setting.changed = now;
		n.key = key;
		ok = setting_change(l, &n, parts, error);
		free(key);
	}
	pthread_mutex_unlock(&l->change);
	return ok;
}

/* --- reset --------------------------------------------------------------- */

struct forgotten {
	struct ledger_row *rows;
	int64_t		 request;
};

static bool
reset_on_disk(const struct ledger_disk *ops, void *disk, void *arg,
    char error[STORE_ERROR])
{
	const struct forgotten *f = arg;

	return ops->remove(disk, f->rows, f->request, error);
}

/* The slots of a key as rows of the disk. No commit is under way. */
static void
reset_collect(struct ledger *l, const char *key, struct forgotten *f)
{
	uint32_t		 hash = account_hash(key);
	struct shard		*s = shard_of(l, hash);
	const struct account	*a;
	struct rolling		 r;
	int			 w;

	pthread_mutex_lock(&s->lock);
	a = shard_find(s, hash, key);
	for (w = 0; a != NULL && w < STORE_WINDOWS; w++) {
		r = account_window(a, (enum store_window)w);
		f->rows = ledger_rows_push(f->rows, key,
		    (enum store_window)w, &r);
	}
	pthread_mutex_unlock(&s->lock);
}

static void
reset_forget(struct ledger *l, const char *key)
{
	uint32_t	 hash = account_hash(key);
	struct shard	*s = shard_of(l, hash);
	struct account	*a;

	pthread_mutex_lock(&s->lock);
	a = shard_find(s, hash, key);
	if (a != NULL) {
		account_forget(a);
		if (a->open == 0)
			shard_remove(s, a);
	}
	pthread_mutex_unlock(&s->lock);
}

static bool
reset_key(struct ledger *l, const char *key, int64_t request,
    char error[STORE_ERROR])
{
	struct forgotten	f = { NULL, request };
	bool			ok;

	disk_queue_stop(&l->queue);
	reset_collect(l, key, &f);
	ok = disk_queue_use(&l->queue, reset_on_disk, &f, error);
	if (ok)
		reset_forget(l, key);
	disk_queue_go(&l->queue);
	ledger_rows_free(f.rows, NULL);
	return ok;
}

enum store_answer
ledger_reset(struct store *base, const char *key, time_t now,
    char error[STORE_ERROR])
{
	(void)now;
	return reset_key((struct ledger *)base, key, 0, error) ? STORE_TAKEN :
	    STORE_UNKNOWN;
}

/* --- requests of tools --------------------------------------------------- */

static bool
request_next(const struct ledger_disk *ops, void *disk, void *arg,
    char error[STORE_ERROR])
{
	return ops->next_request(disk, arg, error);
}

static bool
request_do(struct ledger *l, const struct ledger_request *r,
    char error[STORE_ERROR])
{
	struct new_setting	n = { r->key, r->setting, r->id };
	bool			ok;

	if (r->reset)
		return reset_key(l, r->key, r->id, error);
	pthread_mutex_lock(&l->change);
	ok = setting_change(l, &n, r->parts, error);
	pthread_mutex_unlock(&l->change);
	return ok;
}

enum store_answer
ledger_take_requests(struct store *base, char error[STORE_ERROR])
{
	struct ledger		*l = (struct ledger *)base;
	struct ledger_request	 r = { .key = NULL };
	bool			 ok;

	do {
		free(r.key);
		r.key = NULL;
		ok = disk_queue_use(&l->queue, request_next, &r, error) &&
		    (r.key == NULL || request_do(l, &r, error));
	} while (ok && r.key != NULL);
	free(r.key);
	return ok ? STORE_TAKEN : STORE_UNKNOWN;
}
