/*
 * ctl_key_change - millgatectl key new, activate, retire and prune
 *
 * States are marker files; see keydir.h.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/record.h"
#include "dkim/keyrecord.h"
#include "dns/resolver.h"
#include "mail/domain.h"
#include "ctl_common_priv.h"
#include "ctl_key_priv.h"

#define SELECTORS_MAX	100	/* of one type, made on one day */
#define DAY		86400

static void
remind_of_reload(void)
{
	fputs("reload the daemon to apply this (systemctl reload millgate)\n",
	    stderr);
}

/* --- new ----------------------------------------------------------------- */

static const char *
path_of(const struct key_command *c, const char *selector)
{
	return arena_printf(c->arena, "%s/%s/%s" KEYDIR_PRIVATE, c->directory,
	    c->domain, selector);
}

/* "20261123r"; if that file exists, "20261123r2" and so on. */
static const char *
dated_selector(const struct key_command *c, enum crypto_type type)
{
	struct stat	 st;
	struct tm	 tm;
	char		 day[16];
	const char	*selector;
	int		 n;

	gmtime_r(&c->now, &tm);
	strftime(day, sizeof(day), "%Y%m%d", &tm);
	for (n = 1; n < SELECTORS_MAX; n++) {
		selector = arena_printf(c->arena, n == 1 ? "%s%c" : "%s%c%d",
		    day, type == CRYPTO_RSA ? 'r' : 'e', n);
		if (stat(path_of(c, selector), &st) != 0)
			break;
	}
	return selector;
}

/* With --selector and --type both, each key needs a selector of its own. */
static const char *
selector_for(const struct key_command *c, enum crypto_type type)
{
	if (c->selector == NULL)
		return dated_selector(c, type);
	if (c->kinds != KINDS_BOTH)
		return c->selector;
	return arena_printf(c->arena, "%s-%s", c->selector,
	    type == CRYPTO_RSA ? "rsa" : "ed25519");
}

/* The pending marker of a new key must not stop an existing key. */
static bool
is_free(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT || key_file_error(path);
	return ctl_complain("%s: this key exists; choose another selector",
	    path);
}

/* A key that is made, and what of it is stored. */
struct new_key {
	struct key_item	 item;
	bool		 begun, made;	/* a marker, the key itself */
};

static bool
store_key(struct key_command *c, struct new_key *new,
    const struct key_owner *o)
{
	const char	*path = new->item.path;
	struct buf	 pem = BUF_INIT;

	new->begun = true;
	new->made = crypto_key_pem(new->item.key, &pem) &&
	    key_remove_marker(c->arena, path, KEYDIR_RETIRED) &&
	    (c->active ? key_remove_marker(c->arena, path, KEYDIR_PENDING) :
	    key_set_marker(c->arena, path, KEYDIR_PENDING, o)) &&
	    key_write_new(c->arena, path, &pem, o);
	if (pem.data != NULL)
		explicit_bzero(pem.data, pem.len);
	buf_free(&pem);
	return new->made && key_sync_names(arena_printf(c->arena, "%s/%s",
	    c->directory, c->domain));
}

/* The marker stays if it is that of a key which another process has made. */
static void
drop_key(struct key_command *c, const struct new_key *new)
{
	struct stat st;

	if (!new->begun)
		return;
	if (new->made)
		unlink(new->item.path);
	if (lstat(new->item.path, &st) != 0 && errno == ENOENT)
		key_remove_marker(c->arena, new->item.path, KEYDIR_PENDING);
}

static void
show_new(struct key_command *c, const struct key_item *k)
{
	struct record r;

	if (!c->json) {
		printf("; key in %s, %s\n", k->path, c->active ? "active" :
		    "pending until this record is published");
		key_print_record(c, k);
		return;
	}
	record_init(&r, c->arena);
	record_str(&r, "domain", k->domain);
	record_str(&r, "selector", k->selector);
	record_str(&r, "type", key_type_name(k->key));
	record_num(&r, "bits", crypto_key_bits(k->key));
	record_str(&r, "state", key_state_name(c->active ? KEY_ACTIVE :
	    KEY_PENDING));
	record_str(&r, "path", k->path);
	record_str(&r, "name", keyrecord_name(c->arena, k->selector,
	    k->domain));
	record_str(&r, "text", keyrecord_text(c->arena, k->key));
	key_print_json(c, &r);
}

/* Does the name of the record fit into the DNS (RFC 1035 2.3.4)? */
static bool
name_fits(const struct key_command *c, const char *selector)
{
	const char *name = keyrecord_name(c->arena, selector, c->domain);

	if (strlen(name) <= DOMAIN_MAX)
		return true;
	return ctl_complain("%s: a name in the DNS has at most %d octets; "
	    "choose a shorter selector", name, DOMAIN_MAX);
}

static bool
make_key(struct key_command *c, enum crypto_type type, struct key_item *k)
{
	const char *why = "";

	k->domain = c->domain;
	k->selector = selector_for(c, type);
	if (!name_fits(c, k->selector))
		return false;
	k->path = path_of(c, k->selector);
	if (!is_free(k->path))
		return false;
	k->key = crypto_key_generate(type, c->bits, &why);
	if (k->key == NULL)
		fprintf(stderr, "%s\n", why);
	return k->key != NULL;
}

/* Both keys of --type both, or none. */
static bool
make_asked_keys(struct key_command *c, const struct key_owner *o,
    struct new_key new[2])
{
	bool	ok = true;
	size_t	i, n = 0;

	if (c->kinds != KINDS_ED25519)
		ok = make_key(c, CRYPTO_RSA, &new[n++].item);
	if (c->kinds != KINDS_RSA)
		ok = ok && make_key(c, CRYPTO_ED25519, &new[n++].item);
	for (i = 0; ok && i < n; i++)
		ok = store_key(c, &new[i], o);
	for (i = 0; i < n; i++)
		if (ok)
			show_new(c, &new[i].item);
		else
			drop_key(c, &new[i]);
	return ok;
}

int
ctl_key_new(struct key_command *c)
{
	struct key_owner	o;
	struct new_key		new[2] = { 0 };
	bool			ok;

	if (!key_make_directory(c->directory, NULL) ||
	    !key_owner_of(c->directory, c->conf, &o) ||
	    !key_make_directory(arena_printf(c->arena, "%s/%s", c->directory,
	    c->domain), &o))
		return CTL_TROUBLE;
	fputs(c->json ? "[" : "", stdout);
	ok = make_asked_keys(c, &o, new);
	crypto_key_free(&new[0].item.key);
	crypto_key_free(&new[1].item.key);
	fputs(c->json ? "]\n" : "", stdout);
	if (ok)
		remind_of_reload();
	return ok ? CTL_GOOD : CTL_TROUBLE;
}

/* --- activate ------------------------------------------------------------ */

static bool
retire_older(struct key_command *c, struct key_items *items,
    const struct key_item *new, const struct key_owner *o)
{
	struct key_item *k;

	for (k = items->item; k < items->item + items->n; k++) {
		if (k->state != KEY_ACTIVE || k->key == NULL ||
		    crypto_key_type(k->key) != crypto_key_type(new->key))
			continue;
		if (!key_set_marker(c->arena, k->path, KEYDIR_RETIRED, o))
			return false;
		k->state = KEY_RETIRED;
		printf("%s of %s: retired\n", k->selector, k->domain);
	}
	return true;
}

/*
 * The older keys retire first. If this is interrupted, the daemon still has the
 * pending key, and signs with it because its record is published.
 */
static int
activate_one(struct key_command *c, struct key_items *items,
    const struct key_item *k, const struct dns_answer *answer)
{
	struct key_owner	 o;
	const char	*why = "";

	if (keyrecord_compare(answer, k->key, &why) != KEYRECORD_PUBLISHED) {
		printf("%s of %s: still pending: %s\n", k->selector,
		    k->domain, why);
		return CTL_NO;
	}
	if (!key_owner_of(c->directory, c->conf, &o) ||
	    !retire_older(c, items, k, &o) ||
	    !key_remove_marker(c->arena, k->path, KEYDIR_PENDING))
		return CTL_TROUBLE;
	printf("%s of %s: active\n", k->selector, k->domain);
	return CTL_GOOD;
}

static int
activate_pending(struct key_command *c, struct key_items *items,
    const char *selector, struct lookups *l)
{
	const struct key_item	*k;
	int			 status = CTL_GOOD, one, n = 0;

	for (k = items->item; k < items->item + items->n; k++) {
		if (k->state != KEY_PENDING || k->key == NULL ||
		    (selector != NULL && strcmp(k->selector, selector) != 0))
			continue;
		one = activate_one(c, items, k, lookups_ask(l,
		    keyrecord_name(c->arena, k->selector, k->domain),
		    DNS_TXT));
		status = one > status ? one : status;
		n++;
	}
	if (n > 0)
		return status;
	ctl_complain("%s has no pending key", c->domain);
	return CTL_NO;
}

int
ctl_key_activate(struct key_command *c)
{
	const char		*selector = c->selector;
	struct key_items	 items;
	struct resolver		*r = NULL;
	struct lookups		*l;
	int			 status = CTL_TROUBLE;

	c->selector = NULL;	/* load the older keys too */
	if (key_items_load(c, &items))
		r = ctl_resolver(c->conf, c->zone);
	if (r != NULL) {
		l = lookups_new(r, &key_lookup_limits);
		status = activate_pending(c, &items, selector, l);
		lookups_free(&l);
		resolver_free(&r);
		if (status == CTL_GOOD)
			remind_of_reload();
	}
	key_items_free(&items);
	return status;
}

/* --- retire, prune ------------------------------------------------------- */

int
ctl_key_retire(struct key_command *c)
{
	struct key_items	items;
	struct key_owner		o;
	int			status = CTL_TROUBLE;

	if (key_items_load(c, &items) &&
	    key_owner_of(c->directory, c->conf, &o)) {
		status = CTL_NO;
		if (items.n == 0)
			ctl_complain("%s has no key with selector %s",
			    c->domain, c->selector);
		else if (items.item[0].state == KEY_RETIRED)
			ctl_complain("%s is retired already",
			    items.item[0].path);
		else if (key_set_marker(c->arena, items.item[0].path,
		    KEYDIR_RETIRED, &o))
			status = CTL_GOOD;
		else
			status = CTL_TROUBLE;
	}
	if (status == CTL_GOOD)
		remind_of_reload();
	key_items_free(&items);
	return status;
}

/* The key is deleted first; markers without a key mean nothing. */
static bool
prune_one(struct key_command *c, const struct key_item *k)
{
	if (!key_is_in_place(c->arena, k->path))
		return false;
	if (unlink(k->path) != 0)
		return key_file_error(k->path);
	printf("%s: deleted; remove the record of %s from the DNS\n", k->path,
	    keyrecord_name(c->arena, k->selector, k->domain));
	return key_remove_marker(c->arena, k->path, KEYDIR_PENDING) &&
	    key_remove_marker(c->arena, k->path, KEYDIR_RETIRED);
}

int
ctl_key_prune(struct key_command *c)
{
	struct key_items	 items;
	const struct key_item	*k;
	int			 status = CTL_TROUBLE;
	size_t			 i;

	if (key_items_load(c, &items))
		status = CTL_GOOD;
	for (i = 0; i < items.n; i++) {
		k = &items.item[i];
		if (k->state == KEY_RETIRED &&
		    k->since + (time_t)c->keep * DAY <= c->now &&
		    !prune_one(c, k))
			status = CTL_TROUBLE;
	}
	key_items_free(&items);
	return status;
}
