/*
 * daemon_alarms - tell the site what changes without a message
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "session/notifier.h"
#include "session/services.h"
#include "status/health.h"
#include "store/store_settings.h"
#include "daemon_alarms_priv.h"

#define FUSE_REASON	"fuse: "	/* of policy_fuse() */

static void
alarm_notice(struct services *sv, const struct notice *e)
{
	struct setup *st = services_setup(sv);

	services_notice(sv, st->conf, e);
	setup_unref(&st);
}

/* The lines of `why` in one: "dns: ...; state: ...". */
static void
alarm_one_line(struct buf *why)
{
	struct buf	 line = BUF_INIT;
	char		*save = NULL, *part;

	for (part = strtok_r(why->data, "\n", &save); part != NULL;
	    part = strtok_r(NULL, "\n", &save)) {
		buf_addstr(&line, line.len > 0 ? "; " : "");
		buf_addstr(&line, part);
	}
	buf_free(why);
	*why = line;
}

void
alarm_health(struct services *sv)
{
	static bool	failing;
	struct buf	why = BUF_INIT;
	bool		good = health_good(sv, &why);
	struct notice	e = { .event = good ? "health-restored" :
			    "health-failing", .good = good };

	if (good == failing) {
		if (!good)
			alarm_one_line(&why);
		e.reason = good ? NULL : buf_str(&why);
		alarm_notice(sv, &e);
	}
	failing = !good;
	buf_free(&why);
}

/* --- keys ---------------------------------------------------------------- */

static struct {
	const struct setup *setup;	/* of the last look */
	uint64_t	 loaded_at;	/* another one may have its address */
	bool		*signs;
} keys;

static void
alarm_key(struct services *sv, const struct signing_key *key)
{
	struct notice e = {
		.event = "key-activated",
		.domain = key->domain, .selector = key->selector,
		.reason = "the DNS has its record: it signs from now on",
		.good = true
	};

	alarm_notice(sv, &e);
}

void
alarm_keys(struct services *sv)
{
	struct setup	*st = services_setup(sv);
	uint64_t	 loaded_at = counter_read(&sv->tallies.loaded_at);
	size_t		 i, n = keyring_npending(st->keys);
	bool		 known = keys.setup == st &&
			     keys.loaded_at == loaded_at, signs;
	const struct signing_key *key;

	if (!known) {
		free(keys.signs);
		keys.signs = xcalloc(n + 1, sizeof(*keys.signs));
	}
	for (i = 0; i < n; i++) {
		key = keyring_pending(st->keys, i, &signs);
		if (known && signs && !keys.signs[i])
			alarm_key(sv, key);
		keys.signs[i] = signs;
	}
	keys.setup = st;
	keys.loaded_at = loaded_at;
	setup_unref(&st);
}

/* --- blocks -------------------------------------------------------------- */

static struct {
	const struct services *sv;	/* of the last look */
	struct store_setting_rows rows;
} blocks;

static bool
is_blocked(const struct store_setting_row *row)
{
	return row->setting.blocked_until != 0;
}

static void
alarm_block(struct services *sv, const struct store_setting_row *row,
    bool blocked)
{
	const char	*reason = row->setting.reason;
	struct notice	 e = {
		.event = blocked ? "blocked" : "unblocked",
		.login = row->key, .good = !blocked,
		.reason = reason[0] != '\0' ? reason : NULL
	};

	if (!blocked || strncmp(reason, FUSE_REASON,
	    strlen(FUSE_REASON)) != 0)
		alarm_notice(sv, &e);
}

/* Both are sorted by key. */
static void
compare_blocks(struct services *sv, const struct store_setting_rows *then,
    const struct store_setting_rows *now)
{
	size_t	i = 0, j = 0;
	bool	was, is;
	int	order;

	while (i < then->n || j < now->n) {
		if (i == then->n || j == now->n)
			order = i == then->n ? 1 : -1;
		else
			order = strcmp(then->row[i].key, now->row[j].key);
		was = order <= 0 && is_blocked(&then->row[i]);
		is = order >= 0 && is_blocked(&now->row[j]);
		if (was != is)
			alarm_block(sv, is ? &now->row[j] : &then->row[i], is);
		i += order <= 0;
		j += order >= 0;
	}
}

void
alarm_blocks(struct services *sv)
{
	struct store_setting_rows	 rows;
	char				 error[STORE_ERROR];

	if (store_settings_list(sv->store, sv->now(), &rows, error) !=
	    STORE_TAKEN) {
		services_store_failed(sv);
		store_setting_rows_free(&rows);
		return;
	}
	if (blocks.sv == sv)
		compare_blocks(sv, &blocks.rows, &rows);
	store_setting_rows_free(&blocks.rows);
	blocks.rows = rows;
	blocks.sv = sv;
}
