/*
 * daemon_alarms - tell the site what changes without a message
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "dkim/keywatch.h"
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

static void
alarm_key(void *arg, const struct keywatch_news *n)
{
	static const struct {
		const char	*event, *reason;
		const char	*hint;		/* its begin; or NULL */
		bool		 good;
	} rows[] = {
		[KEYWATCH_ACTIVATED] = { "key-activated",
		    "it signs from now on", NULL, true },
		[KEYWATCH_RETIRED] = { "key-retired", "it signs no longer: it "
		    "was retired or removed, or a newer key has replaced it",
		    NULL, true },
		[KEYWATCH_PENDING] = { "key-pending-long", "its record was not "
		    "seen in the DNS for more than a day", "", false },
		[KEYWATCH_MISSING] = { "key-record-missing", NULL, "mail that "
		    "this key signs fails at its receivers: ", false },
		[KEYWATCH_RESTORED] = { "key-record-restored", "its record is "
		    "in the DNS again", NULL, true },
	};
	struct buf	hint = BUF_INIT;
	struct notice	e = {
		.event = rows[n->event].event, .good = rows[n->event].good,
		.domain = n->domain, .selector = n->selector,
		.reason = rows[n->event].reason
	};

	if (rows[n->event].hint != NULL) {
		buf_printf(&hint, "%spublish what \"millgatectl key dns %s\" "
		    "prints", rows[n->event].hint, n->domain);
		e.hint = buf_str(&hint);
	}
	if (e.reason == NULL)
		e.reason = n->why;
	alarm_notice(arg, &e);
	buf_free(&hint);
}

void
alarm_keys(struct services *sv)
{
	struct setup		*st = services_setup(sv);
	struct keywatch_place	 place = { st->keys, st->keybase,
		sv->resolver };
	size_t			 more;

	more = keywatch_look(sv->keywatch, &place, sv->now(), alarm_key, sv);
	if (more > 0)
		log_printf(LOG_LEVEL_INFO, "%zu more changes of keys have no "
		    "event of their own", more);
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

static void
count_blocks(struct tallies *t, const struct store_setting_rows *rows)
{
	uint64_t	n = 0;
	size_t		i;

	for (i = 0; i < rows->n; i++)
		n += is_blocked(&rows->row[i]);
	atomic_store(&t->blocks, n);
}

void
alarm_blocks(struct services *sv)
{
	struct store_setting_rows	 rows;
	char				 error[STORE_ERROR];
	bool				 ok;

	ok = store_settings_list(sv->store, sv->now(), &rows, error) ==
	    STORE_TAKEN;
	atomic_store(&sv->tallies.blocks_known, ok);
	if (!ok) {
		services_store_failed(sv);
		store_setting_rows_free(&rows);
		return;
	}
	count_blocks(&sv->tallies, &rows);
	if (blocks.sv == sv)
		compare_blocks(sv, &blocks.rows, &rows);
	store_setting_rows_free(&blocks.rows);
	blocks.rows = rows;
	blocks.sv = sv;
}
