/*
 * import_rate - policyd-rate-limit.yaml(5): its options, and what becomes
 * of them
 *
 * It has any number of windows of any length. Those of a minute, an hour, a day
 * and 30 days are windows of a plan. Of another length, the next longer window
 * gets the most that the list allows in it, and the next shorter one all that
 * it allows. So hardly anything is refused that was accepted before.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/netaddr.h"
#include "conf/conf_options.h"
#include "policy/policy_limit.h"
#include "import_priv.h"

#define MOST	1000000000ul	/* of a limit */
#define OWNSOCKET "millgate is a milter; remove check_policy_service from " \
		"main.cf, and see socket"
#define COUNTS	"the counters begin at zero, in the state file or on the " \
		"Redis server of state"
#define BYSENDER "mail without a login is not counted by its sender, which " \
		"anybody can write"
#define BYIP	"clients without a login are counted by relay or listener; " \
		"set plan in section relay"
#define REPORT	"no mail is sent; see warn-at and notify-command in section " \
		"quota, and millgatectl quota show"
#define PLAN	"imported"

/* A number from `min` on; false: it is none. */
static bool
number_of(const struct import_node *n, unsigned long min,
    unsigned long *value)
{
	char *end;

	if (n == NULL || n->text == NULL || !ascii_is_digit(n->text[0]))
		return false;
	*value = strtoul(n->text, &end, 10);
	return *end == '\0' && *value >= min && *value <= 1000000000;
}

static struct import_setting
place_of(const struct import_setting *s, const struct import_node *n)
{
	struct import_setting at = *s;

	at.line = n->line;
	at.value = n->key != NULL ? n->key : "";
	return at;
}

/* The limits of a plan; 0 is the limit of "no mail". */
struct rate {
	bool		 limited[STORE_WINDOWS];
	unsigned long	 limit[STORE_WINDOWS];
};

static void
rate_lower(struct rate *r, enum store_window w, unsigned long limit)
{
	if (limit > MOST)
		limit = MOST;
	if (!r->limited[w] || limit < r->limit[w])
		r->limit[w] = limit;
	r->limited[w] = true;
}

/*
 * A length that plans do not have: what the pair allows in the next longer
 * window, and no more than that in the next shorter one.
 */
static void
rate_between(struct import *im, const struct import_setting *at,
    struct rate *r, unsigned long mails, unsigned long seconds)
{
	enum store_window	w = STORE_MINUTE;
	unsigned long		times;

	while (w < STORE_WINDOWS && policy_limit_seconds(w) < seconds)
		w++;
	if (w > STORE_MINUTE)
		rate_lower(r, w - 1, mails);
	if (w < STORE_WINDOWS) {
		times = (policy_limit_seconds(w) + seconds - 1) / seconds;
		rate_lower(r, w, mails > MOST / times ? MOST : mails * times);
	}
	import_note(im, at, "%lu mails in %lu seconds: plans have no window "
	    "of this length; the limits are those of the nearest ones", mails,
	    seconds);
}

/* One pair [mails, seconds]. */
static void
rate_pair(struct import *im, const struct import_setting *s,
    const struct import_node *pair, struct rate *r)
{
	struct import_setting	 at = place_of(s, pair);
	unsigned long		 mails, seconds;
	enum store_window	 w;

	if (pair->child == NULL || !number_of(pair->child, 0, &mails) ||
	    !number_of(pair->child->next, 1, &seconds)) {
		import_note(im, &at, "this is not a pair [mails, seconds]");
		return;
	}
	for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
		if (policy_limit_seconds(w) == seconds)
			break;
	if (w < STORE_WINDOWS)
		rate_lower(r, w, mails);
	else
		rate_between(im, &at, r, mails, seconds);
}

/* A plan of the limits of a list of pairs. */
static const char *
put_plan(struct import *im, const struct import_setting *s,
    const struct import_node *list, const char *name)
{
	struct import_setting	 at = place_of(s, list);
	struct rate		 r = { .limited = { false } };
	const struct import_node *pair;
	enum store_window	 w;
	const char		*comment;
	bool			 any = false;

	comment = import_origin(im, &at);
	for (pair = list->child; pair != NULL; pair = pair->next)
		rate_pair(im, s, pair, &r);
	for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
		any |= r.limited[w];
	if (!any)
		name = "unlimited";
	import_open(im, "plan", name, comment);
	for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
		if (r.limited[w])
			import_put(im, arena_printf(im->arena, "plan %s",
			    policy_limit_name(STORE_RECIPIENTS, w)), name,
			    arena_printf(im->arena, "%lu", r.limit[w]),
			    comment);
	return name;
}

/* A login, or an address, which has no limit of its own. */
static void
put_user(struct import *im, const struct import_setting *s,
    const struct import_node *id, size_t i)
{
	struct import_setting	 at = place_of(s, id);
	struct netaddr		 addr;
	const char		*login = id->key, *comment, *plan;

	if (netaddr_parse(login, &addr) || login[0] == '\0' ||
	    import_option("group users")->syntax(im->arena, &login) != NULL) {
		import_note(im, &at, "addresses have no limits of their own; "
		    "see plan in section relay");
		return;
	}
	if (import_has(im, "user plan", login)) {
		import_note(im, &at, "the login is there twice; the first "
		    "entry is written");
		return;
	}
	plan = put_plan(im, s, id, arena_printf(im->arena, PLAN "-%zu", i));
	comment = import_origin(im, &at);
	import_put(im, "user plan", login, plan, comment);
	import_put(im, "user senders", login, "*",
	    "any address, as for other logins");
}

static void
take_action(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	const char	*v = s->value, *action = NULL;

	if (strncasecmp(v, "defer", 5) == 0 || v[0] == '4')
		action = "defer";
	else if (strncasecmp(v, "reject", 6) == 0 || v[0] == '5')
		action = "reject";
	else if (strncasecmp(v, "hold", 4) == 0)
		action = "hold";
	else
		import_note(im, s, "mail over a limit is deferred; see action "
		    "in section quota");
	if (action != NULL)
		import_put(im, row->ours, NULL, action, import_origin(im, s));
}

static void
take_error_action(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	import_put(im, row->ours, NULL, strncasecmp(s->value, "dunno", 5) == 0
	    || strncasecmp(s->value, "ok", 2) == 0 ? "accept" : "defer",
	    import_origin(im, s));
}

static bool
counts_logins(const struct import *im)
{
	return strcasecmp(import_value(im, "limit_by_sasl"), "false") != 0 &&
	    strcasecmp(import_value(im, "limit_by_sasl"), "no") != 0;
}

static void
rate_finish(struct import *im)
{
	const struct import_setting	*s = import_find(im, "limits");
	const struct import_node	*id;
	size_t				 i = 0;

	if (!counts_logins(im)) {
		import_note(im, import_find(im, "limit_by_sasl"), "logins have "
		    "no limit, as before");
		return;
	}
	if (s == NULL || s->node == NULL) {
		import_remark(im, "policyd-rate-limit: no limits were found, "
		    "so logins have none");
		return;
	}
	im->limits = true;
	if (im->submission == NULL)
		im->submission = import_origin(im, s);
	import_put(im, "default-plan", NULL, put_plan(im, s, s->node, PLAN),
	    import_origin(im, s));
	s = import_find(im, "limits_by_id");
	if (s == NULL || s->node == NULL)
		return;
	for (id = s->node->child; id != NULL; id = id->next)
		if (id->key != NULL)
			put_user(im, s, id, ++i);
}

static const struct import_row rows[] = {
	{ "debug", IMPORT_SAME, .remark = IMPORT_LOG },
	{ "user", IMPORT_SAME, .remark = IMPORT_OWNFILES },
	{ "group", IMPORT_SAME, .remark = IMPORT_OWNFILES },
	{ "pidfile", IMPORT_SAME, .remark = IMPORT_OWNFILES },
	{ "mysql_config", IMPORT_SAME, .remark = COUNTS },
	{ "pgsql_config", IMPORT_SAME, .remark = COUNTS },
	{ "sqlite_config", IMPORT_SAME, .remark = COUNTS },
	{ "backend", IMPORT_SAME, .remark = COUNTS },
	{ "SOCKET", IMPORT_SAME, .remark = OWNSOCKET },
	{ "socket_permission", IMPORT_SAME, .remark = OWNSOCKET },
	{ "limits", IMPORT_CARRIED, .ours = "plan recipients-per-hour" },
	{ "limits_by_id", IMPORT_CARRIED, .ours = "user plan" },
	{ "limit_by_sasl", IMPORT_CARRIED, .ours = "default-plan",
	    .def = "True" },
	{ "limit_by_sender", IMPORT_LOST, .remark = BYSENDER },
	{ "limit_by_ip", IMPORT_LOST, .remark = BYIP },
	{ "limited_networks", IMPORT_LOST, .remark = BYIP },
	{ "success_action", IMPORT_LOST, .harmless = "dunno",
	    .remark = "mail within the limits is accepted" },
	{ "fail_action", IMPORT_CARRIED, .ours = "quota action",
	    .take = take_action,
	    .def = "defer_if_permit Rate limit reach, retry later" },
	{ "db_error_action", IMPORT_CARRIED,
	    .ours = "quota on-store-failure", .take = take_error_action,
	    .def = "dunno" },
	{ "config_file", IMPORT_SAME,
	    .remark = "it is set by the program" },
	{ "report", IMPORT_LOST, .remark = REPORT },
	{ "report_from", IMPORT_LOST, .remark = REPORT },
	{ "report_to", IMPORT_LOST, .remark = REPORT },
	{ "report_subject", IMPORT_LOST,
	    .harmless = "policyd-rate-limit report", .remark = REPORT },
	{ "report_limits", IMPORT_SAME, .remark = REPORT },
	{ "report_only_if_needed", IMPORT_SAME, .remark = REPORT },
	{ "smtp_server", IMPORT_SAME, .remark = REPORT },
	{ "smtp_starttls", IMPORT_SAME, .remark = REPORT },
	{ "smtp_credentials", IMPORT_SAME, .remark = REPORT },
	{ "delay_to_close", IMPORT_SAME,
	    .remark = "libmilter decides" },
	{ NULL }
};

const struct import_program import_policyd_rate_limit = {
	"policyd-rate-limit", "policyd-rate-limit.yaml(5)", rows,
	import_read_yaml, rate_finish, NULL
};
