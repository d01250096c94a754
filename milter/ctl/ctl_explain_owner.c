/*
 * ctl_explain_owner - may a login use an address, and which table says so?
 *
 * Part of millgatectl user explain. Each of sender-login-maps is asked alone,
 * so that one that fails or gives another answer is seen.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/monotonic.h"
#include "conf/conf.h"
#include "mail/mailaddr.h"
#include "ctl_common_priv.h"
#include "ctl_explain_priv.h"

static enum owned
owned_by(const struct explanation *e, const struct sender_owners *o)
{
	size_t i;

	if (o->result == DIRECTORY_NONE)
		return OWNED_UNLISTED;
	if (o->result == DIRECTORY_UNKNOWN)
		return OWNED_UNKNOWN;
	for (i = 0; i < o->n; i++)
		if (users_is_login(e->conf->users, o->login[i], e->login))
			return OWNED_YES;
	return OWNED_OTHERS;
}

static struct sender_time
time_now(void)
{
	return (struct sender_time){ monotonic_ms, monotonic_ms() };
}

bool
explain_address(struct explanation *e, const char *text)
{
	const struct conf	*c = e->conf;
	struct explained_address *x = &e->address;
	struct mailbox		 box = { NULL };
	struct sender_time	 time = time_now();
	struct sender_owners	 o;
	size_t			 i;

	if (!mailaddr_path(e->arena, text, &box) || box.domain == NULL)
		return false;
	x->text = box.address;
	x->written = policy_is_written(&c->identity, e->user, &box);
	x->ntables = c->sender_login_maps.n;
	x->table = arena_array(e->arena, x->ntables + 1, sizeof(*x->table));
	if (c->sender_maps != NULL) {
		o = sender_maps_find(c->sender_maps, &box, &time, e->arena);
		box.owned = owned_by(e, &o);
	}
	for (i = 0; i < x->ntables; i++) {
		time = time_now();
		x->table[i].name = c->sender_login_maps.s[i];
		x->table[i].owners = sender_maps_find_in(c->sender_maps, i,
		    &box, &time, e->arena);
	}
	x->may_use = policy_may_use(&c->identity, e->user, e->login, &box);
	return true;
}

/* --- the table ----------------------------------------------------------- */

static const char *
may_use_words(enum may_use may_use)
{
	switch (may_use) {
	case MAY_USE:
		return "allowed";
	case MAY_NOT_USE:
		return "not allowed";
	case MAY_USE_UNKNOWN:
		break;
	}
	return "unknown";
}

static void
print_owners(const struct explained_table *t)
{
	const struct sender_owners	*o = &t->owners;
	size_t				 i;

	printf("%-15s%s", "table", t->name);
	if (o->server[0] != '\0')
		printf(" (%s)", o->server);
	if (o->result == DIRECTORY_NONE)
		fputs(": not listed", stdout);
	else if (o->result == DIRECTORY_UNKNOWN)
		printf(": %s", o->why);
	else
		printf(": %s is owned by", o->key);
	for (i = 0; i < o->n && o->result == DIRECTORY_FOUND; i++) {
		fputs(i > 0 ? ", " : " ", stdout);
		explain_print_text(o->login[i]);
	}
	puts(o->stale ? " (the database is away)" : "");
}

void
explain_print_tables(const struct explanation *e)
{
	const struct explained_address	*x = &e->address;
	size_t				 i;

	if (x->text == NULL) {
		for (i = 0; i < e->conf->sender_login_maps.n; i++)
			printf("%-15s%s (--address ADDRESS looks one up)\n",
			    "table", e->conf->sender_login_maps.s[i]);
		return;
	}
	printf("%-15s%s is %s%s\n", "address", x->text,
	    may_use_words(x->may_use), x->written ? " by senders" : "");
	for (i = 0; i < x->ntables; i++)
		print_owners(&x->table[i]);
}

/* --- JSON ---------------------------------------------------------------- */

static void
json_owners(struct buf *b, const struct explained_table *t)
{
	static const char *const words[] = {
		[DIRECTORY_FOUND] = "found", [DIRECTORY_NONE] = "none",
		[DIRECTORY_UNKNOWN] = "unknown"
	};
	const struct sender_owners	*o = &t->owners;
	size_t				 i;

	json_put_open(b, NULL, '{');
	json_put_text(b, "table", t->name);
	json_put_text(b, "result", words[o->result]);
	json_put_or_null(b, "server", o->server);
	json_put_or_null(b, "key", o->key);
	json_put_or_null(b, "why", o->why);
	json_put_open(b, "logins", '[');
	for (i = 0; i < o->n; i++)
		json_put_text(b, NULL, o->login[i]);
	buf_addstr(b, "]}");
}

void
explain_json_tables(struct buf *b, const struct explanation *e)
{
	const struct explained_address	*x = &e->address;
	size_t				 i;

	json_put_or_null(b, "address", x->text);
	if (x->text == NULL)
		return;
	json_put_text(b, "address-is", may_use_words(x->may_use));
	json_put_open(b, "tables", '[');
	for (i = 0; i < x->ntables; i++)
		json_owners(b, &x->table[i]);
	buf_addch(b, ']');
}
