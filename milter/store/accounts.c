/*
 * accounts - the ledger's table of keys and their counts
 *
 * A chained hash table that doubles and halves; the low bits of the hash
 * choose the shard, the next ones the place in it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fnv.h"
#include "accounts_priv.h"

#define TABLE_FIRST	16u

uint32_t
account_hash(const char *key)
{
	return fnv_fold(fnv_add(FNV_START, key, strlen(key)));
}

static struct account **
shard_place(const struct shard *s, uint32_t hash)
{
	return &s->table[(hash >> SHARD_BITS) & (s->size - 1)];
}

struct account *
shard_find(const struct shard *s, uint32_t hash, const char *key)
{
	struct account *a;

	for (a = *shard_place(s, hash); a != NULL; a = a->next)
		if (a->hash == hash && strcmp(a->key, key) == 0)
			break;
	return a;
}

/* Give the table another size; accounts keep their addresses. */
static void
shard_resize(struct shard *s, size_t size)
{
	struct account	**old = s->table, *a, *next;
	size_t		  i, old_size = s->size;

	s->table = xcalloc(size, sizeof(struct account *));
	s->size = size;
	for (i = 0; i < old_size; i++) {
		for (a = old[i]; a != NULL; a = next) {
			next = a->next;
			a->next = *shard_place(s, a->hash);
			*shard_place(s, a->hash) = a;
		}
	}
	free(old);
}

struct account *
shard_get(struct shard *s, uint32_t hash, const char *key)
{
	struct account	*a = shard_find(s, hash, key);
	size_t		 len = strlen(key);

	if (a != NULL)
		return a;
	if (s->n >= s->size)
		shard_resize(s, s->size * 2);
	a = xcalloc(1, offsetof(struct account, key) + len + 1);
	a->hash = hash;
	memcpy(a->key, key, len + 1);
	a->next = *shard_place(s, hash);
	*shard_place(s, hash) = a;
	s->n++;
	return a;
}

static void
account_free(struct account *a)
{
	hour_free(&a->hour);
	free(a);
}

void
shard_remove(struct shard *s, struct account *a)
{
	struct account **ap = shard_place(s, a->hash);

	while (*ap != a)
		ap = &(*ap)->next;
	*ap = a->next;
	s->n--;
	account_free(a);
}

void
shard_prune(struct shard *s, uint32_t minute)
{
	struct account	**ap, *a;
	size_t		  i;

	for (i = 0; i < s->size; i++) {
		for (ap = &s->table[i]; (a = *ap) != NULL; ) {
			if (!hour_forget(&a->hour, minute) || a->open > 0) {
				ap = &a->next;
				continue;
			}
			*ap = a->next;
			s->n--;
			account_free(a);
		}
	}
	while (s->size > TABLE_FIRST && s->n < s->size / 4)
		shard_resize(s, s->size / 2);
}

void
shard_init(struct shard *s)
{
	pthread_mutex_init(&s->lock, NULL);
	s->table = NULL;
	s->size = s->n = 0;
	shard_resize(s, TABLE_FIRST);
}

void
shard_free(struct shard *s)
{
	struct account	*a, *next;
	size_t		 i;

	for (i = 0; i < s->size; i++) {
		for (a = s->table[i]; a != NULL; a = next) {
			next = a->next;
			account_free(a);
		}
	}
	free(s->table);
	pthread_mutex_destroy(&s->lock);
}

/* --- what fits ----------------------------------------------------------- */

/* By how many one more exceeds the limit; 0: it fits. */
static uint64_t
account_excess(uint64_t used, uint64_t limit)
{
	if (limit == STORE_UNLIMITED || used + 1 <= limit)
		return 0;
	return used + 1 - limit;
}

/*
 * When one more fits, if all reservations are committed now: once enough
 * counts have left the hour, or else once the reservations have left it too.
 */
static time_t
account_next_fit(const struct account *a, uint32_t minute,
    struct hour_sum too_many, struct store_limits limits)
{
	uint32_t when;

	if (too_many.recipients == 0 && too_many.messages == 0)
		return 0;
	if ((too_many.recipients > 0 &&
	    limits.of[STORE_RECIPIENTS][STORE_HOUR] == 0) ||
	    (too_many.messages > 0 &&
	    limits.of[STORE_MESSAGES][STORE_HOUR] == 0))
		return 0;
	if (!hour_when_over(&a->hour, minute, too_many, &when) &&
	    when < minute + HOUR_MINUTES)
		when = minute + HOUR_MINUTES;
	return (time_t)when * 60;
}

enum store_answer
account_judge(const struct account *a, uint32_t minute,
    struct store_limits limits, uint32_t messages, struct store_usage *usage)
{
	struct hour_sum	used = hour_sum(&a->hour, minute), too_many;

	too_many.recipients = account_excess(used.recipients +
	    a->reserved_recipients,
	    limits.of[STORE_RECIPIENTS][STORE_HOUR]);
	too_many.messages = messages == 0 ? 0 :
	    account_excess(used.messages + a->reserved_messages,
	    limits.of[STORE_MESSAGES][STORE_HOUR]);
	usage->counted = 1u << STORE_HOUR;
	usage->used[STORE_RECIPIENTS][STORE_HOUR] = used.recipients;
	usage->used[STORE_MESSAGES][STORE_HOUR] = used.messages;
	usage->reserved[STORE_RECIPIENTS] = a->reserved_recipients;
	usage->reserved[STORE_MESSAGES] = a->reserved_messages;
	usage->next_fit = account_next_fit(a, minute, too_many, limits);
	usage->fits[STORE_HOUR] = usage->next_fit;
	usage->unit = too_many.recipients == 0 && too_many.messages > 0 ?
	    STORE_MESSAGES : STORE_RECIPIENTS;
	usage->window = STORE_HOUR;
	usage->refused = too_many.recipients > 0 || too_many.messages > 0;
	return usage->refused ? STORE_REFUSED : STORE_TAKEN;
}
