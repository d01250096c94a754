/*
 * store - the doorway: which backend keeps the counts
 *
 * Everything else is the backend's. A path is an SQLite file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "ledger.h"
#include "store_priv.h"

static bool
is_path(const char *spec, char **why)
{
	struct buf b = BUF_INIT;

	if (spec[0] != '\0' && strstr(spec, "://") == NULL)
		return true;
	buf_printf(&b, "state \"%s\": not a path; give the path of a file",
	    spec);
	*why = b.data;
	return false;
}

struct store *
store_open(const char *spec, char **why)
{
	struct store *s;

	if (!is_path(spec, why))
		return NULL;
	s = store_disk_open(spec, STORE_KEEP, why);
	if (s != NULL)
		s->dmarc = dmarc_notes_new(spec);
	return s;
}

struct store *
store_open_readonly(const char *spec, char **why)
{
	return is_path(spec, why) ? store_disk_open(spec, STORE_READ, why) : NULL;
}

struct store *
store_open_tool(const char *spec, char **why)
{
	return is_path(spec, why) ? store_disk_open(spec, STORE_CHANGE, why) :
	    NULL;
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

enum store_answer
store_reserve(struct reservation *r, time_t now, struct store_usage *usage)
{
	memset(usage, 0, r->n * sizeof(*usage));
	return r->store->ops->reserve(r, now, usage);
}

void
store_unreserve(struct reservation *r)
{
	r->store->ops->unreserve(r);
}

enum store_answer
store_commit(struct reservation **rp, time_t now, struct store_usage *usage)
{
	struct reservation *r = *rp;

	*rp = NULL;
	memset(usage, 0, r->n * sizeof(*usage));
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
	memset(usage, 0, sizeof(*usage));
	return s->ops->usage(s, key, now, limits, usage);
}

enum store_answer
store_list(struct store *s, time_t now, struct store_rows *rows,
    char error[STORE_ERROR])
{
	memset(rows, 0, sizeof(*rows));
	error[0] = '\0';
	return s->ops->list(s, now, rows, error);
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
store_clock_moved(struct store *s, int64_t seconds, char error[STORE_ERROR])
{
	error[0] = '\0';
	return s->ops->clock_moved(s, seconds, error);
}
