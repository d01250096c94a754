/*
 * ctl_key_show - millgatectl key list, dns and check: these only read
 *
 * The exit status is CTL_NO if a key cannot be loaded (list), if there is no
 * key, or if the record in the DNS is missing or different (check). A lookup
 * without an answer is CTL_TROUBLE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/record.h"
#include "dkim/keyrecord.h"
#include "dkim/keyseen.h"
#include "dns/resolver.h"
#include "store/store_keys.h"
#include "ctl_common_priv.h"
#include "ctl_key_priv.h"

static int
no_keys(const struct key_command *c)
{
	if (c->domain == NULL)
		ctl_complain("there are no keys");
	else if (c->selector == NULL)
		ctl_complain("%s has no key", c->domain);
	else
		ctl_complain("%s has no key with selector %s", c->domain,
		    c->selector);
	return CTL_NO;
}

/* --- list ---------------------------------------------------------------- */

static const char *
day_of(struct arena *a, time_t t)
{
	struct tm	tm;
	char		text[16];

	if (t == 0 || gmtime_r(&t, &tm) == NULL)
		return NULL;
	strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	return arena_strdup(a, text);
}

/* Ask the state, as the daemon does, which pending keys were seen. */
static void
find_seen(struct key_command *c, struct key_items *items)
{
	struct store_key *key = xcalloc(items->n, sizeof(*key));
	size_t		 *at = xcalloc(items->n, sizeof(*at));
	const struct key_item *k;
	size_t		  i, n = 0;

	for (i = 0; i < items->n; i++) {
		k = &items->item[i];
		if (k->state != KEY_PENDING || k->key == NULL)
			continue;
		key[n].name = keyseen_name(c->arena, k->domain, k->selector,
		    k->key);
		if (key[n].name != NULL)
			at[n++] = i;
	}
	if (c->conf != NULL)
		ctl_find_keys(&c->state, key, n);
	for (i = 0; i < n; i++)
		items->item[at[i]].seen = key[i].seen;
	free(key);
	free(at);
}

/* The selector of the pending key that signs in place of this; NULL: none. */
static const char *
replacement(const struct key_items *items, const struct key_item *k)
{
	const struct key_item *new = k;

	if (k->state != KEY_ACTIVE || k->key == NULL)
		return NULL;
	/* they are sorted by domain */
	while (new > items->item && strcmp(new[-1].domain, k->domain) == 0)
		new--;
	for (; new < items->item + items->n &&
	    strcmp(new->domain, k->domain) == 0; new++)
		if (new->seen != 0 &&
		    crypto_key_type(new->key) == crypto_key_type(k->key))
			return new->selector;
	return NULL;
}

static void
list_json(struct key_command *c, const struct key_items *items,
    const struct key_item *k)
{
	struct record r;

	record_init(&r, c->arena);
	record_str(&r, "domain", k->domain);
	record_str(&r, "selector", k->selector);
	if (k->key != NULL) {
		record_str(&r, "type", key_type_name(k->key));
		record_num(&r, "bits", crypto_key_bits(k->key));
	}
	record_str(&r, "state", k->key != NULL ? key_state_name(k->state) :
	    "unusable");
	record_str(&r, "since", day_of(c->arena, k->since));
	record_str(&r, "signs-since", day_of(c->arena, k->seen));
	record_str(&r, "replaced-by", replacement(items, k));
	record_str(&r, "path", k->path);
	record_str(&r, "database", k->database);
	record_str(&r, "why", k->why);
	key_print_json(c, &r);
}

static void
list_line(const struct key_command *c, const struct key_items *items,
    const struct key_item *k)
{
	const char	*since = day_of(c->arena, k->since);
	const char	*signs = day_of(c->arena, k->seen);
	const char	*new = replacement(items, k);

	if (k->key == NULL) {
		printf("%-28s %-16s unusable: %s\n", k->domain, k->selector,
		    k->why);
		return;
	}
	printf("%-28s %-16s %-7s %4u %s", k->domain, k->selector,
	    key_type_name(k->key), crypto_key_bits(k->key),
	    key_state_name(k->state));
	if (since != NULL)
		printf(" since %s", since);
	if (signs != NULL)
		printf(", signs since %s", signs);
	if (new != NULL)
		printf(", replaced by %s", new);
	if (k->database != NULL)
		printf(", in %s", k->database);
	putchar('\n');
}

int
ctl_key_list(struct key_command *c)
{
	struct key_items	items;
	int			status = CTL_GOOD;
	size_t			i;

	if (!key_items_load(c, &items))
		status = CTL_TROUBLE;
	find_seen(c, &items);
	fputs(c->json ? "[" : "", stdout);
	for (i = 0; i < items.n; i++) {
		if (c->json)
			list_json(c, &items, &items.item[i]);
		else
			list_line(c, &items, &items.item[i]);
		if (items.item[i].key == NULL && status == CTL_GOOD)
			status = CTL_NO;
	}
	fputs(c->json ? "]\n" : "", stdout);
	if (items.n == 0 && status == CTL_GOOD)
		status = c->json ? CTL_NO : no_keys(c);
	key_items_free(&items);
	return status;
}

/* --- dns ----------------------------------------------------------------- */

bool
key_print_record(const struct key_command *c, const struct key_item *k)
{
	const char	*name, *text;
	struct buf	 b = BUF_INIT;

	name = keyrecord_name(c->arena, k->selector, k->domain);
	text = keyrecord_text(c->arena, k->key);
	if (text == NULL)
		return false;
	switch (c->format) {
	case FORMAT_ZONE:
		keyrecord_zone(&b, name, text);
		break;
	case FORMAT_STRING:
		buf_printf(&b, "%s\n%s\n", name, text);
		break;
	case FORMAT_NSUPDATE:
		keyrecord_nsupdate(&b, name, text);
		break;
	}
	fputs(buf_str(&b), stdout);
	buf_free(&b);
	return true;
}

static void
dns_json(struct key_command *c, const struct key_item *k)
{
	struct record r;

	record_init(&r, c->arena);
	record_str(&r, "name", keyrecord_name(c->arena, k->selector,
	    k->domain));
	record_str(&r, "type", "TXT");
	record_str(&r, "text", keyrecord_text(c->arena, k->key));
	record_str(&r, "state", key_state_name(k->state));
	key_print_json(c, &r);
}

static int
print_records(struct key_command *c, const struct key_items *items)
{
	const struct key_item	*k;
	size_t			 n = 0;
	int			 status = CTL_GOOD;

	fputs(c->json ? "[" : "", stdout);
	for (k = items->item; k < items->item + items->n; k++) {
		if (k->key == NULL) {
			fprintf(stderr, "%s\n", k->why);
			status = CTL_TROUBLE;
			continue;
		}
		/* a retired key is shown only if its selector is given */
		if (k->state == KEY_RETIRED && c->selector == NULL)
			continue;
		if (c->json)
			dns_json(c, k);
		else if (!key_print_record(c, k))
			status = CTL_TROUBLE;
		n++;
	}
	fputs(c->json ? "]\n" : n > 0 && c->format == FORMAT_NSUPDATE ?
	    "send\n" : "", stdout);
	return n > 0 || status != CTL_GOOD ? status : no_keys(c);
}

int
ctl_key_dns(struct key_command *c)
{
	struct key_items	items;
	int			status = CTL_TROUBLE;

	if (key_items_load(c, &items))
		status = print_records(c, &items);
	key_items_free(&items);
	return status;
}

/* --- check --------------------------------------------------------------- */

static void
check_json(struct key_command *c, const struct key_item *k,
    enum keyrecord_state state, const char *why)
{
	struct record r;

	record_init(&r, c->arena);
	record_str(&r, "domain", k->domain);
	record_str(&r, "selector", k->selector);
	record_str(&r, "state", key_state_name(k->state));
	record_str(&r, "dns", keyrecord_state_name(state));
	record_str(&r, "why", state == KEYRECORD_PUBLISHED ? NULL : why);
	key_print_json(c, &r);
}

static void
check_line(const struct key_command *c, const struct key_item *k,
    enum keyrecord_state state, const char *why)
{
	printf("%s (%s): %s%s%s\n", keyrecord_name(c->arena, k->selector,
	    k->domain), key_state_name(k->state), keyrecord_state_name(state),
	    state == KEYRECORD_PUBLISHED ? "" : ": ",
	    state == KEYRECORD_PUBLISHED ? "" : why);
}

/* The exit status for one key; a lookup that failed is CTL_TROUBLE. */
static int
check_one(struct key_command *c, const struct key_item *k, struct lookups *l)
{
	enum keyrecord_state	 state;
	const char		*why = "";

	if (k->key == NULL) {
		fprintf(stderr, "%s\n", k->why);
		return CTL_TROUBLE;
	}
	state = keyrecord_compare(lookups_ask(l, keyrecord_name(c->arena,
	    k->selector, k->domain), DNS_TXT), k->key, &why);
	if (c->json)
		check_json(c, k, state, why);
	else
		check_line(c, k, state, why);
	if (k->state == KEY_RETIRED || state == KEYRECORD_PUBLISHED)
		return CTL_GOOD;
	return state == KEYRECORD_UNKNOWN ? CTL_TROUBLE : CTL_NO;
}

static int
check_all(struct key_command *c, const struct key_items *items)
{
	struct resolver	*r;
	struct lookups	*l;
	int		 status = CTL_GOOD, one;
	size_t		 i;

	if (items->n == 0)
		return no_keys(c);
	if ((r = ctl_resolver(c->conf, c->zone)) == NULL)
		return CTL_TROUBLE;
	l = lookups_new(r, &key_lookup_limits);
	fputs(c->json ? "[" : "", stdout);
	for (i = 0; i < items->n; i++) {
		one = check_one(c, &items->item[i], l);
		status = one > status ? one : status;
	}
	fputs(c->json ? "]\n" : "", stdout);
	lookups_free(&l);
	resolver_free(&r);
	return status;
}

int
ctl_key_check(struct key_command *c)
{
	struct key_items	items;
	int			status = CTL_TROUBLE;

	if (key_items_load(c, &items))
		status = check_all(c, &items);
	key_items_free(&items);
	return status;
}
