/*
 * ctl_doctor_print - a diagnosis as text and as JSON
 *
 * The text lists, for each listener, the macros that came at each stage and
 * those that never came; then the advice, numbered.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "session/services.h"
#include "ctl_common_priv.h"
#include "ctl_doctor_priv.h"

/* "{auth_type}", or "{auth_type} (3 of 12)" if it was not always sent. */
static void
print_macro(struct arena *a, struct json m)
{
	uint64_t sent = json_get_number(m, "sent");
	uint64_t all = sent + json_get_number(m, "empty") +
	    json_get_number(m, "absent");

	printf(" %s", json_get_text(a, m, "macro"));
	if (sent < all)
		printf(" (%" PRIu64 " of %" PRIu64 ")", sent, all);
}

/* The macros that were sent at one stage, in one line. */
static void
print_stage(struct arena *a, struct json macros, const char *stage)
{
	struct json	at = { NULL, NULL }, m;
	bool		first = true;

	while (json_next(macros, &at, NULL, &m)) {
		if (json_get_number(m, "sent") == 0 ||
		    strcmp(json_get_text(a, m, "stage"), stage) != 0)
			continue;
		if (first)
			printf("    %-8s", stage);
		first = false;
		print_macro(a, m);
	}
	if (!first)
		putchar('\n');
}

/*
 * Was the macro of `m` sent at no stage, and is `m` its first entry in the
 * list? So that each name is printed once.
 */
static bool
doctor_never_sent(struct arena *a, struct json macros, struct json m)
{
	const char	*name = json_get_text(a, m, "macro");
	struct json	 at = { NULL, NULL }, other;
	bool		 before = true;

	while (json_next(macros, &at, NULL, &other)) {
		if (strcmp(json_get_text(a, other, "macro"), name) != 0)
			continue;
		if (json_get_number(other, "sent") > 0 ||
		    (before && other.p != m.p))
			return false;
		before = false;
	}
	return true;
}

/* The macros that were asked for and never sent, in one line. */
static void
print_never(struct arena *a, struct json macros)
{
	struct json	at = { NULL, NULL }, m;
	bool		first = true;

	while (json_next(macros, &at, NULL, &m)) {
		if (!doctor_never_sent(a, macros, m))
			continue;
		if (first)
			printf("    %-8s", "never");
		first = false;
		printf(" %s", json_get_text(a, m, "macro"));
	}
	if (!first)
		putchar('\n');
}

static void
doctor_listener(struct arena *a, struct json l)
{
	static const char *const stages[] = { "connect", "helo", "mail",
	    "eom", NULL };
	const char	*mta = json_get_text(a, l, "mta");
	struct json	 macros;
	size_t		 i;

	printf("listener %s: %" PRIu64 " sessions", json_get_text(a, l,
	    "name"), json_get_number(l, "sessions"));
	if (json_get_true(l, "negotiated"))
		printf(", %s, milter protocol %" PRIu64 ", %s",
		    mta[0] != '\0' ? mta : "an MTA of unknown name",
		    json_get_number(l, "protocol"),
		    json_get_true(l, "takes_lists") ?
		    "sends the macros that millgate requests" :
		    "sends only the macros of its own lists");
	putchar('\n');
	if (!json_get(l, "macros", &macros))
		return;
	for (i = 0; stages[i] != NULL; i++)
		print_stage(a, macros, stages[i]);
	print_never(a, macros);
}

static void
print_seen(const struct diagnosis *d)
{
	struct json	list, at = { NULL, NULL }, l;
	bool		any = false;

	if (d->daemon == NULL || !json_get(*d->daemon, "listeners", &list))
		return;
	while (json_next(list, &at, NULL, &l)) {
		doctor_listener(d->arena, l);
		any = true;
	}
	if (!any)
		puts("no session since the daemon started");
}

void
doctor_print(const struct diagnosis *d)
{
	const struct advice	*item;
	size_t			 i;

	print_seen(d);
	if (d->postfix != NULL)
		printf("Postfix: %s\n", d->postfix);
	if (d->sendmail != NULL)
		printf("Sendmail: %s\n", d->sendmail);
	if (d->postfix == NULL && d->sendmail == NULL)
		puts("no configuration of an MTA was read; give --postfix or "
		    "--sendmail");
	for (i = 0; i < d->nprobes; i++)
		if (d->probe[i].why == NULL)
			ctl_print_probe(&d->probe[i]);
	putchar('\n');
	for (i = 0; i < d->advice.n; i++) {
		item = &d->advice.item[i];
		printf("%zu. %s: %s [%s]\n    %s\n", i + 1, item->where,
		    item->text, item->id, item->change);
	}
	if (d->advice.n == 0)
		puts("nothing to advise");
	else if (d->postfix != NULL && d->advice.n > d->ours)
		puts("then run: postfix reload");
}

void
doctor_print_json(const struct diagnosis *d, const char *answer)
{
	const struct advice	*item;
	struct buf		 b = BUF_INIT;
	size_t			 i;

	buf_printf(&b, "{\"daemon\":%s", d->daemon != NULL ? answer :
	    "null");
	json_put_or_null(&b, "postfix", d->postfix);
	json_put_or_null(&b, "sendmail", d->sendmail);
	json_put_open(&b, "databases", '[');
	for (i = 0; i < d->nprobes; i++)
		ctl_json_probe(&b, &d->probe[i]);
	buf_addch(&b, ']');
	json_put_open(&b, "advice", '[');
	for (i = 0; i < d->advice.n; i++) {
		item = &d->advice.item[i];
		buf_addstr(&b, i > 0 ? ",\n{" : "\n{");
		json_put_text(&b, "id", item->id);
		json_put_text(&b, "where", item->where);
		json_put_text(&b, "text", item->text);
		json_put_or_null(&b, "change", item->change);
		buf_addch(&b, '}');
	}
	printf("%s]}\n", buf_str(&b));
	buf_free(&b);
}
