/*
 * postfix_plan - which lines of main.cf make Postfix use millgate
 *
 * Only what differs from contrib/postfix/main.cf is changed. A list of milters
 * keeps its own text: millgate is added at its end, because it signs, and a
 * milter behind it could break the signature.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/postfix_plan.h"

#define LISTS		" \t\r\n,"

struct planner {
	struct arena			*a;
	const struct postfix_setup	*p;
	const struct mta_settings	*set;
	const struct plan_site		*site;
	struct postfix_plan		*plan;
};

static const char *const planned[PLAN_LINES] = { "smtpd_milters",
    "non_smtpd_milters", "milter_default_action", "milter_protocol",
    "milter_content_timeout" };

void
postfix_plan_read(struct arena *a, struct mta_settings *set, const char *text)
{
	struct postfix_setup	*all = arena_alloc(a, sizeof(*all));
	const char		*line, *value;
	size_t			 i;

	/* one line at a time, because other parameters could fill the table */
	while ((line = mta_word(a, &text, "\n")) != NULL) {
		all->main.n = 0;
		postfix_read_main(a, all, line);
		for (i = 0; i < PLAN_LINES; i++) {
			value = mta_get(&all->main, planned[i]);
			if (value != NULL)
				mta_set(set, planned[i], value);
		}
	}
}

/* What applies now: as written in main.cf, or Postfix's default. */
static const char *
plan_applies(const struct planner *w, const char *name)
{
	const char *value = mta_get(w->set, name);

	return value != NULL ? value : postfix_value(w->p, NULL, name);
}

static void
plan_refuse(struct planner *w, const char *text)
{
	if (w->plan->refusal == NULL)
		w->plan->refusal = text;
}

static struct plan_line *
plan_change(struct planner *w, const char *name, const char *after,
    const char *reason)
{
	struct plan_line *l = &w->plan->line[w->plan->n++];

	l->name = name;
	l->before = l->undo = mta_get(w->set, name);
	l->applies = plan_applies(w, name);
	l->after = after;
	l->reason = reason;
	return l;
}

/* --- the lists of milters ------------------------------------------------ */

/* The next item of a list with its text unchanged; NULL: the list has ended. */
static const char *
next_item(struct arena *a, const char **list)
{
	const char	*p = *list + strspn(*list, LISTS);
	size_t		 len;

	if (*p == '{') {
		len = strcspn(p, "}");
		len += p[len] == '}';
	} else {
		len = strcspn(p, LISTS);
	}
	*list = p + len;
	return len > 0 ? arena_memdup(a, p, len) : NULL;
}

/* Millgate's socket in this item; NULL: it is another milter. */
static const char *
our_socket(const struct planner *w, const char *item)
{
	struct mta_filters	*one = arena_alloc(w->a, sizeof(*one));
	const char		*socket;

	postfix_filters(w->a, item, one);
	if (one->n == 0)
		return NULL;
	socket = one->filter[0].socket;
	if (mta_is_socket(socket, w->site->socket) ||
	    strcmp(socket, w->plan->socket) == 0 ||
	    (w->site->former != NULL && strcmp(socket, w->site->former) == 0))
		return socket;
	return NULL;
}

/* The item with the socket that all services reach; its settings are kept. */
static const char *
with_our_socket(const struct planner *w, const char *item, const char *socket)
{
	const char *at = strstr(item, socket);

	return arena_printf(w->a, "%.*s%s%s", (int)(at - item), item,
	    w->plan->socket, at + strlen(socket));
}

/* Is millgate the last milter of the list, and reached at its socket? */
static bool
is_last(const struct planner *w, const char *list)
{
	const char	*item, *socket = NULL;
	size_t		 ours = 0;

	while ((item = next_item(w->a, &list)) != NULL) {
		socket = our_socket(w, item);
		ours += socket != NULL;
	}
	return ours == 1 && socket != NULL &&
	    strcmp(socket, w->plan->socket) == 0;
}

/* The list without millgate; *ours is set to millgate's item, if any. */
static const char *
without_us(const struct planner *w, const char *list, const char **ours)
{
	const char	*item, *socket, *text;
	struct buf	 b = BUF_INIT;

	while ((item = next_item(w->a, &list)) != NULL) {
		socket = our_socket(w, item);
		if (socket != NULL)
			*ours = with_our_socket(w, item, socket);
		else
			buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", item);
	}
	text = arena_strdup(w->a, buf_str(&b));
	buf_free(&b);
	return text;
}

static const char *
with_us_last(const struct planner *w, const char *list)
{
	const char *ours = w->plan->socket;
	const char *others = without_us(w, list, &ours);

	return arena_printf(w->a, "%s%s%s", others,
	    *others != '\0' ? ", " : "", ours);
}

static void
plan_list_change(struct planner *w, const char *name, const char *list,
    const char *reason)
{
	struct plan_line	*l;
	const char		*ours = NULL, *others;

	l = plan_change(w, name, with_us_last(w, list), reason);
	others = without_us(w, list, &ours);
	if (ours != NULL)
		l->undo = others;
}

/* "$smtpd_milters", also in braces or parentheses, and nothing else */
static bool
follows_smtpd(const char *list)
{
	static const char name[] = "smtpd_milters";
	size_t		  len = strlen(name);

	if (*list++ != '$')
		return false;
	if (*list == '{' || *list == '(')
		return strncmp(list + 1, name, len) == 0 &&
		    list[len + 1] == (*list == '{' ? '}' : ')') &&
		    list[len + 2] == '\0';
	return strcmp(list, name) == 0;
}

/* Is millgate in the value of another parameter that the list refers to? */
static bool
is_behind_reference(const struct planner *w, const char *name,
    const char *list)
{
	const char	*all = postfix_value(w->p, NULL, name), *item;
	bool		 found = false;

	if (strchr(list, '$') == NULL)
		return false;
	while (!found && (item = next_item(w->a, &list)) != NULL)
		found = our_socket(w, item) != NULL;
	if (found)
		return false;
	while (!found && (item = next_item(w->a, &all)) != NULL)
		found = our_socket(w, item) != NULL;
	return found;
}

/* The list that will apply, with references expanded. */
static const char *
plan_list(struct planner *w, const char *name, const char *reason)
{
	const char	*list = plan_applies(w, name);
	const char	*all = postfix_value(w->p, NULL, name);

	if (is_behind_reference(w, name, list)) {
		if (!is_last(w, all))
			plan_refuse(w, arena_printf(w->a, "%s = %s: millgate "
			    "is in a parameter that this one refers to; write "
			    "it as the last milter there, as %s", name, list,
			    w->plan->socket));
		return all;
	}
	if (!is_last(w, list))
		plan_list_change(w, name, list, reason);
	return with_us_last(w, all);
}

static void
plan_lists(struct planner *w)
{
	const char *smtp, *local;

	smtp = plan_list(w, planned[0], "mail that arrives by SMTP passes "
	    "millgate");
	local = plan_applies(w, planned[1]);
	if (follows_smtpd(local))
		local = smtp;
	else if (strstr(local, planned[0]) != NULL)
		plan_refuse(w, arena_printf(w->a, "non_smtpd_milters = %s: "
		    "this refers to smtpd_milters, and millgate must be in the "
		    "list only once; write the milters themselves", local));
	else
		local = plan_list(w, planned[1], "mail of sendmail(1) and of "
		    "Postfix itself passes millgate");
	postfix_filters(w->a, smtp, &w->plan->smtp);
	postfix_filters(w->a, local, &w->plan->local);
}

/* --- the other parameters ------------------------------------------------ */

/* The other values also keep mail from passing unchecked. */
static void
plan_default_action(struct planner *w)
{
	if (strcasecmp(plan_applies(w, planned[2]), "accept") == 0)
		plan_change(w, planned[2], "tempfail", "while a milter does "
		    "not answer, clients get a temporary error; with accept, "
		    "mail passes unchecked and unsigned");
}

static void
plan_protocol(struct planner *w)
{
	if (strcmp(plan_applies(w, planned[3]), "6") != 0)
		plan_change(w, planned[3], "6", "in older versions, header "
		    "fields come without their leading blank, which can break "
		    "signatures");
}

/* A longer time that the site has chosen is kept. */
static void
plan_content_timeout(struct planner *w)
{
	unsigned	lookups = w->site->lookup_seconds;
	unsigned	seconds = mta_eom_seconds(lookups);
	unsigned	now = mta_seconds(plan_applies(w, planned[4]));

	if (now == seconds || (mta_get(w->set, planned[4]) != NULL &&
	    now != MTA_NO_TIME && now > lookups))
		return;
	plan_change(w, planned[4], arena_printf(w->a, "%us", seconds),
	    arena_printf(w->a, "the time for the end of a message must be "
	    "longer than `timeout' in section `resolver' of millgate.conf, "
	    "%u s", lookups));
}

/* --- what cannot be done ------------------------------------------------- */

/* A service that runs in a chroot; NULL: none does. */
static const char *
plan_chroot(const struct postfix_setup *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->service[i].chroot)
			return p->service[i].name;
	return p->cleanup_chroot ? "cleanup" : NULL;
}

static void
check_chroot(struct planner *w)
{
	const char *queue = postfix_value(w->p, NULL, "queue_directory");
	const char *service = plan_chroot(w->p);

	if (strncmp(w->plan->socket, "unix:/", 6) != 0 || service == NULL)
		return;
	plan_refuse(w, arena_printf(w->a, "%s in master.cf runs in a chroot, "
	    "where it reaches only files below %s, and not %s; write in "
	    "millgate.conf:\n"
	    "\tsocket = \"unix:%s/millgate/millgate.sock\"\n"
	    "\tsocket-group = \"millgate-mta\"\n"
	    "Then make the directory as THE SOCKET in millgate(8) shows, "
	    "restart millgate, and run this command again", service, queue,
	    w->plan->socket + 5, queue));
}

static void
note_own_lists(struct planner *w)
{
	const char	*own = "";
	size_t		 i;

	for (i = 0; i < w->p->n; i++)
		if (mta_get(&w->p->service[i].own, "smtpd_milters") != NULL)
			own = arena_printf(w->a, "%s%s%s", own,
			    *own != '\0' ? ", " : "", w->p->service[i].name);
	w->plan->own = own;
}

void
postfix_plan_make(struct arena *a, const struct postfix_setup *p,
    const struct mta_settings *set, const struct plan_site *site,
    struct postfix_plan *plan)
{
	struct planner w = { a, p, set, site, plan };

	memset(plan, 0, sizeof(*plan));
	plan->own = "";
	if (*postfix_value(p, NULL, "queue_directory") != '/') {
		plan_refuse(&w, "postconf did not print queue_directory, so "
		    "the path of the socket is unknown; run postfix check");
		return;
	}
	plan->socket = postfix_socket(a, p, site->socket);
	check_chroot(&w);
	plan_lists(&w);
	plan_default_action(&w);
	plan_protocol(&w);
	plan_content_timeout(&w);
	note_own_lists(&w);
	if (plan->refusal != NULL)
		plan->n = 0;
}
