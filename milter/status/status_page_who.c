/*
 * status_page_who - the sections about accounts, blocks, keys and the
 * configuration
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/html.h"
#include "directory/directory.h"
#include "policy/policy_limit.h"
#include "session/services.h"
#include "http_priv.h"
#include "status_page_priv.h"
#include "status_priv.h"

#define LIMITS_SHOWN	4
#define NEARLY_FULL	80	/* percent */
#define KEYS_SHOWN	50
#define COMMAND_TEXT	(4 * STATUS_NAME)	/* octets of a command */

/* --- accounts ------------------------------------------------------------- */

/* "820 of 1000 recipients an hour (82 %)", and its bar. */
static void
account_limit(const struct status_limit *l, struct buf *b)
{
	char text[SIZE_TEXT];

	buf_addstr(b, "<div>");
	if (l->unit == STORE_BYTES)
		buf_addstr(b, size_text(text, l->used));
	else
		page_number(b, l->used);
	buf_addstr(b, " of ");
	if (l->unit == STORE_BYTES)
		buf_addstr(b, size_text(text, l->limit));
	else
		page_number(b, l->limit);
	buf_printf(b, " %s %s (%s%u %%)%s</div>", policy_limit_unit(l->unit),
	    policy_limit_each(l->window), l->share >= 999 ? "over " : "",
	    l->share, l->set ? ", set by hand" : "");
	page_bar(b, l->share, l->share >= 100 ? "reject" :
	    l->share >= NEARLY_FULL ? "hold" : "accept");
}

static void
account_row(const struct status *s, const struct status_account *a,
    struct buf *b)
{
	size_t i;

	buf_addstr(b, "<tr><th scope=\"row\">");
	page_text(b, a->key);
	if (a->blocked)
		buf_addstr(b, " <span class=\"pill bad\">blocked</span>");
	buf_addstr(b, "</th><td>");
	page_text(b, a->plan != NULL ? a->plan : "-");
	buf_addstr(b, "</td><td class=\"n\">");
	page_number(b, a->recipients);
	buf_addstr(b, "</td><td class=\"n\">");
	page_number(b, a->messages);
	buf_addstr(b, "</td><td class=\"use\">");
	for (i = 0; i < a->nlimits && i < LIMITS_SHOWN; i++)
		account_limit(&a->limit[i], b);
	if (a->nlimits == 0)
		buf_addstr(b, "<span class=\"none\">no limit</span>");
	buf_addstr(b, "</td><td>");
	if (a->free > s->now)
		page_time(b, a->free, s->now);
	else
		buf_addstr(b, "<span class=\"none\">now</span>");
	buf_addstr(b, "</td></tr>\n");
}

static void
account_table(const struct status *s, struct buf *b, const char *id,
    const char *title, const struct status_account *a, size_t n)
{
	static const char *const head[] = { "Account", "Plan",
	    "#Recipients", "#Messages", "Used of its limits",
	    "Has room again", NULL };
	size_t i;

	page_card(b, id, title, "wide");
	if (s->store_why != NULL) {
		buf_addstr(b, "<p>The state cannot be read: ");
		page_text(b, s->store_why);
		buf_addstr(b, "</p>\n");
	} else if (n == 0) {
		buf_addstr(b, "<p class=\"none\">None has sent mail "
		    "in the last hour.</p>\n");
	} else {
		page_table(b, id, title, head);
		for (i = 0; i < n; i++)
			account_row(s, &a[i], b);
		page_table_end(b);
	}
	page_card_end(b);
}

void
page_accounts(const struct status *s, struct buf *b)
{
	account_table(s, b, "logins", "Busiest logins of the last hour",
	    s->login, s->nlogins);
	account_table(s, b, "groups", "Busiest groups, listeners and relays "
	    "of the last hour", s->group, s->ngroups);
}

/* --- blocks --------------------------------------------------------------- */

static void
block_row(const struct status *s, const struct status_block *k,
    struct buf *b)
{
	static const char *const words[] = {
		[STORE_BLOCK_DEFER] = "deferred",
		[STORE_BLOCK_REJECT] = "rejected",
		[STORE_BLOCK_HOLD] = "held"
	};

	buf_addstr(b, "<tr><th scope=\"row\">");
	page_text(b, k->key);
	buf_printf(b, "</th><td>%s</td><td>", words[k->setting.block]);
	page_text(b, k->setting.reason[0] != '\0' ? k->setting.reason : "-");
	if (k->fuse)
		buf_addstr(b, " <span class=\"pill bad\">fuse</span>");
	buf_addstr(b, "</td><td>");
	page_time(b, k->setting.changed, s->now);
	buf_addstr(b, "</td><td>");
	if (k->setting.blocked_until >= STORE_FOREVER)
		buf_addstr(b, "it is lifted");
	else
		page_time(b, k->setting.blocked_until, s->now);
	buf_addstr(b, "</td><td>");
	if (k->lift != NULL) {
		buf_addstr(b, "<code>");
		html_text(b, k->lift, COMMAND_TEXT);
		buf_addstr(b, "</code>");
	} else {
		buf_addstr(b, "The name is too long for a command.");
	}
	buf_addstr(b, "</td></tr>\n");
}

static void
block_fuse(const struct status *s, struct buf *b)
{
	atomic_uint_fast64_t *n = s->sv->tallies.fuse;

	buf_addstr(b, "<p class=\"note\">The fuse has tripped since the "
	    "start: ");
	page_number(b, counter_read(&n[FUSE_NETWORKS]));
	buf_addstr(b, " for networks, ");
	page_number(b, counter_read(&n[FUSE_REFUSED]));
	buf_addstr(b, " for refused recipients, ");
	page_number(b, counter_read(&n[FUSE_FROM]));
	buf_addstr(b, " for From addresses.</p>\n");
}

void
page_blocks(const struct status *s, struct buf *b)
{
	static const char *const head[] = { "Account", "Its mail is",
	    "Reason", "Blocked", "Until", "Command to lift it", NULL };
	size_t i;

	page_card(b, "blocks", "Blocks in force", "wide");
	if (s->nblocks == 0 && s->store_why == NULL)
		buf_addstr(b, "<p class=\"none\">No account is blocked.</p>"
		    "\n");
	if (s->nblocks > 0) {
		page_table(b, "blocks", "Blocks in force", head);
		for (i = 0; i < s->nblocks; i++)
			block_row(s, &s->block[i], b);
		page_table_end(b);
	}
	if (s->blocks_total > s->nblocks) {
		buf_addstr(b, "<p class=\"note\">The newest ones of ");
		page_number(b, s->blocks_total);
		buf_addstr(b, ". All: <code>millgatectl quota show</code>"
		    "</p>\n");
	}
	block_fuse(s, b);
	page_card_end(b);
}

/* --- keys ----------------------------------------------------------------- */

static void
key_record(const struct status *s, const struct status_key *k, struct buf *b)
{
	static const char *const records[] = {
		[RECORD_NOT_CHECKED] = "not checked",
		[RECORD_NOT_PUBLISHED] = "not published",
		[RECORD_DIFFERENT] = "another record",
		[RECORD_PUBLISHED] = "published"
	};
	bool bad = k->record == RECORD_NOT_PUBLISHED ||
	    k->record == RECORD_DIFFERENT;

	buf_printf(b, "<td>%s%s%s", bad ? "<span class=\"pill bad\">" : "",
	    records[k->record], bad ? "</span>" : "");
	if (k->checked > 0) {
		buf_addstr(b, " ");
		page_time(b, k->checked, s->now);
	}
	buf_addstr(b, "</td>");
}

static void
key_row(const struct status *s, size_t i, struct buf *b)
{
	const struct status_key *k = &s->key[i];

	buf_addstr(b, "<tr><th scope=\"row\">");
	page_text(b, k->domain);
	buf_addstr(b, "</th><td>");
	page_text(b, k->selector);
	buf_printf(b, "</td><td>%s</td><td>%s</td><td><span class=\"pill\">"
	    "%s</span></td><td>", i < s->database_from ? "file" : "database",
	    k->algorithm != NULL ? k->algorithm : "-", k->state);
	if (k->since > 0)
		page_time(b, k->since, s->now);
	else
		buf_addstr(b, "-");
	buf_addstr(b, "</td>");
	key_record(s, k, b);
	buf_addstr(b, "</tr>\n");
}

static void
keys_summary(const struct status *s, struct buf *b)
{
	buf_addstr(b, "<p class=\"note\">");
	page_number(b, s->keys_of[KEY_ACTIVE]);
	buf_addstr(b, " active, ");
	page_number(b, s->keys_of[KEY_PENDING]);
	buf_addstr(b, " pending, ");
	page_number(b, s->keys_of[KEY_RETIRED]);
	buf_printf(b, " retired.%s</p>\n", s->setup->keybase != NULL ?
	    " Of the database, the domains that were used last." : "");
}

/* With a database, each place has its half of the rows if it needs them. */
static void
key_rows(const struct status *s, struct buf *b)
{
	size_t	files = s->database_from, base = s->nkeys - files, most, i;

	most = base < KEYS_SHOWN / 2 ? KEYS_SHOWN - base : KEYS_SHOWN / 2;
	if (files > most)
		files = most;
	for (i = 0; i < files; i++)
		key_row(s, i, b);
	for (i = 0; i < base && files + i < KEYS_SHOWN; i++)
		key_row(s, s->database_from + i, b);
}

void
page_keys(const struct status *s, struct buf *b)
{
	static const char *const head[] = { "Domain", "Selector", "Kept in",
	    "Algorithm", "State", "Since", "Record in the DNS", NULL };

	page_card(b, "keys", "Keys", "wide");
	keys_summary(s, b);
	if (s->nkeys > 0) {
		page_table(b, "keys", "Keys and their state", head);
		key_rows(s, b);
		page_table_end(b);
	}
	if (s->nkeys > KEYS_SHOWN || s->nkeys < s->keys_of[KEY_ACTIVE] +
	    s->keys_of[KEY_PENDING] + s->keys_of[KEY_RETIRED])
		buf_addstr(b, "<p class=\"note\">All keys in files: <code>"
		    "millgatectl key list</code></p>\n");
	page_card_end(b);
}

/* --- advice --------------------------------------------------------------- */

/* Whose configuration the advice is about. */
static void
advice_mta(const struct status *s, struct buf *b)
{
	buf_addstr(b, "<p class=\"note\">");
	if (s->mta_read != NULL) {
		buf_addstr(b, "The configuration of the MTA was read ");
		page_time(b, s->mta_time, s->now);
		buf_addstr(b, ": ");
		page_text(b, s->mta_read);
		buf_addstr(b, ". All checks: ");
	} else if (s->mta_why != NULL) {
		buf_addstr(b, "The configuration of the MTA could not be read "
		    "(");
		page_text(b, s->mta_why);
		buf_addstr(b, "). To check it: ");
	} else
		buf_addstr(b, "No configuration of an MTA was read. To check "
		    "it: ");
	buf_addstr(b, "<code>millgatectl doctor</code></p>\n");
}

void
page_advice(const struct status *s, struct buf *b)
{
	const struct advice	*a;
	size_t			 i;

	page_card(b, "advice", "Advice", "wide");
	if (s->advice.n == 0)
		buf_addstr(b, "<p class=\"none\">None.</p>\n");
	else
		buf_addstr(b, "<ul class=\"items\">\n");
	for (i = 0; i < s->advice.n; i++) {
		a = &s->advice.item[i];
		buf_addstr(b, "<li><strong>");
		page_text(b, a->where);
		buf_addstr(b, "</strong>: ");
		html_text(b, a->text, COMMAND_TEXT);
		buf_addstr(b, "<br>Change: <code>");
		html_text(b, a->change, COMMAND_TEXT);
		buf_addstr(b, "</code></li>\n");
	}
	if (s->advice.n > 0)
		buf_addstr(b, "</ul>\n");
	advice_mta(s, b);
	page_card_end(b);
}

/* --- versions and configuration ------------------------------------------- */

static void
configuration_loaded(const struct status *s, struct buf *b)
{
	struct tallies	*n = &s->sv->tallies;
	time_t		 loaded = (time_t)counter_read(&n->loaded_at);

	buf_addstr(b, "<dt>Configuration</dt><dd>");
	page_text(b, s->setup->conf->path);
	if (loaded > 0) {
		buf_addstr(b, ", loaded ");
		page_time(b, loaded, s->now);
	}
	buf_addstr(b, "</dd>\n<dt>Reloads</dt><dd>");
	page_number(b, counter_read(&n->reloads_good));
	buf_addstr(b, " good, ");
	page_number(b, counter_read(&n->reloads_failed));
	buf_addstr(b, " refused");
	if (atomic_load(&n->reload_failed))
		buf_addstr(b, " <span class=\"pill bad\">the last one was "
		    "refused: see the log</span>");
	buf_addstr(b, "</dd>\n");
}

static void
configuration_restart(const struct status *s, struct buf *b)
{
	struct buf	 names = BUF_INIT;
	char		*text = conf_restart_text(s->setup->conf);

	if (s->sv->started_with != NULL)
		conf_restart_changed(s->sv->started_with, text, &names);
	if (names.len > 0) {
		buf_addstr(b, "<dt>Needs a restart</dt><dd>");
		page_text(b, buf_str(&names));
		buf_addstr(b, "</dd>\n");
	}
	free(text);
	buf_free(&names);
}

void
page_configuration(const struct status *s, struct buf *b)
{
	const struct conf	*c = s->setup->conf;
	const char		*library = http_library();

	page_card(b, "configuration", "Versions and configuration", "");
	buf_printf(b, "<dl class=\"facts\">\n<dt>millgate</dt><dd>%s</dd>\n"
	    "<dt>libmicrohttpd</dt><dd>%s</dd>\n"
	    "<dt>Databases</dt><dd>%s</dd>\n<dt>Started</dt><dd>",
	    PACKAGE_VERSION, library != NULL ? library : "-",
	    directory_drivers());
	page_time(b, s->start->time, s->now);
	buf_addstr(b, "</dd>\n");
	configuration_loaded(s, b);
	configuration_restart(s, b);
	buf_addstr(b, "<dt>Contents</dt><dd>Listeners: ");
	page_number(b, c->nlisteners);
	buf_addstr(b, ", users: ");
	page_number(b, users_count(c->users));
	buf_addstr(b, ", plans: ");
	page_number(b, c->nplans);
	buf_addstr(b, ", groups: ");
	page_number(b, c->ngroup_sections);
	buf_addstr(b, "</dd>\n");
	if (c->warnings[0] != '\0') {
		buf_addstr(b, "<dt>Warnings</dt><dd>");
		html_text(b, c->warnings, COMMAND_TEXT);
		buf_addstr(b, "</dd>\n");
	}
	buf_addstr(b, "</dl>\n");
	page_card_end(b);
}
