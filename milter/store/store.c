/*
 * store - the doorway: chooses the backend that keeps the counts
 *
 * A path is a state file (SQLite), redis:// a server. The doorway checks and
 * sorts for all backends.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/why.h"
#include "store/redis/redis_url.h"
#include "ledger_disk_priv.h"
#include "store_priv.h"

static bool
store_is_path(const char *spec, char **why)
{
	if (spec[0] != '\0' && strstr(spec, "://") == NULL)
		return true;
	return why_set(why, "state \"%s\": neither a path nor a redis:// URL; "
	    "give the path of a file, or redis://HOST:PORT/NUMBER", spec);
}

static struct store *
store_open_file(const char *path, enum store_use use, char **why)
{
	struct store *s;

	if (!store_is_path(path, why))
		return NULL;
	s = store_disk_open(path, use, why);
	if (s == NULL)
		return NULL;
	s->path = xstrdup(path);
	s->use = use;
	if (use == STORE_KEEP)
		s->dmarc = dmarc_notes_new(path);
	return s;
}

/* A server needs no difference between the uses. */
struct store *
store_open_at(const struct store_place *place, enum store_use use, char **why)
{
	struct store_place p = *place;

	if (!redis_url_is(p.spec))
		return store_open_file(p.spec, use, why);
	if (p.timeout == 0)
		p.timeout = STORE_TIMEOUT;
	if (p.lease == 0)
		p.lease = STORE_LEASE;
	return store_redis_open(&p, why);
}

struct store *
store_open_memory(void)
{
	return ledger_new(NULL, NULL);
}

void
store_close(struct store **sp)
{
	if (*sp == NULL)
		return;
	dmarc_notes_free(&(*sp)->dmarc);
	free((*sp)->path);
	(*sp)->ops->close(*sp);
	*sp = NULL;
}

struct reservation *
store_reservation_new(struct store *s, const struct store_account *account,
    size_t n)
{
	struct reservation *r = s->ops->reservation_new(s, account, n);

	r->store = s;
	r->n = n;
	return r;
}

/* A backend with a clock of its own sets usage->now itself. */
static void
store_usage_init(struct store_usage *usage, size_t n, time_t now)
{
	size_t i;

	/* the rest of `error` is larger than all before it */
	for (i = 0; i < n; i++) {
		memset(&usage[i], 0, offsetof(struct store_usage, error) + 1);
		usage[i].now = now;
	}
}

void
store_set_bytes(struct reservation *r, uint64_t bytes)
{
	r->bytes = bytes < STORE_LIMIT_MAX ? bytes : STORE_LIMIT_MAX;
}

enum store_answer
store_reserve(struct reservation *r, time_t now, struct store_usage *usage)
{
	store_usage_init(usage, r->n, now);
	return r->store->ops->reserve(r, now, usage);
}

enum store_answer
store_commit(struct reservation **rp, time_t now, struct store_usage *usage)
{
	struct reservation *r = *rp;

	*rp = NULL;
	store_usage_init(usage, r->n, now);
	return r->store->ops->commit(r, now, usage);
}

void
store_give_back(struct reservation **rp)
{
	struct reservation *r = *rp;

	*rp = NULL;
	if (r != NULL)
		r->store->ops->give_back(r);
}

enum store_answer
store_usage(struct store *s, const char *key, time_t now,
    struct store_limits limits, struct store_usage *usage)
{
	store_usage_init(usage, 1, now);
	return s->ops->usage(s, key, now, limits, usage);
}

void
store_rows_add(struct store_rows *rows, const char *key, uint64_t recipients,
    uint64_t messages)
{
	if (rows->top != NULL) {
		store_top_add(rows->top, key, recipients, messages);
		return;
	}
	rows->row = array_grow(rows->row, rows->n, &rows->capacity,
	    sizeof(*rows->row));
	rows->row[rows->n++] = (struct store_row){
		xstrdup(key), recipients, messages
	};
}

static int
store_row_by_key(const void *va, const void *vb)
{
	const struct store_row *a = va, *b = vb;

	return strcmp(a->key, b->key);
}

/* The most recipients first. */
static int
store_row_by_count(const void *va, const void *vb)
{
	const struct store_row *a = va, *b = vb;

	if (a->recipients != b->recipients)
		return a->recipients > b->recipients ? -1 : 1;
	return strcmp(a->key, b->key);
}

enum store_answer
store_list(struct store *s, time_t now, struct store_rows *rows,
    char error[STORE_ERROR])
{
	enum store_answer	answer;
	size_t			i, kept = 0;

	memset(rows, 0, sizeof(*rows));
	error[0] = '\0';
	answer = s->ops->list(s, now, rows, error);
	if (rows->n < 2)
		return answer;
	qsort(rows->row, rows->n, sizeof(*rows->row), store_row_by_key);
	for (i = 0; i < rows->n; i++) {
		if (kept > 0 && strcmp(rows->row[kept - 1].key,
		    rows->row[i].key) == 0)
			free(rows->row[i].key);
		else
			rows->row[kept++] = rows->row[i];
	}
	rows->n = kept;
	qsort(rows->row, rows->n, sizeof(*rows->row), store_row_by_count);
	return answer;
}

void
store_rows_free(struct store_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		free(rows->row[i].key);
	free(rows->row);
	memset(rows, 0, sizeof(*rows));
}

enum store_answer
store_prune(struct store *s, time_t now, char error[STORE_ERROR])
{
	error[0] = '\0';
	return s->ops->prune(s, now, error);
}

enum store_answer
store_clock_known(struct store *s, time_t now, char error[STORE_ERROR])
{
	error[0] = '\0';
	return s->ops->clock_known == NULL ? STORE_TAKEN :
	    s->ops->clock_known(s, now, error);
}

enum store_answer
store_clock_moved(struct store *s, int64_t seconds, char error[STORE_ERROR])
{
	error[0] = '\0';
	return s->ops->clock_moved(s, seconds, error);
}
