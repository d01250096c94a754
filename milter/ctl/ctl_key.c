/*
 * ctl_key - millgatectl key: its command line, and the loading of its keys
 *
 * Keys come from a key directory (--directory, or as configured), or from
 * OpenDKIM's tables, which no subcommand changes. Options may come before or
 * after the subcommand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/record.h"
#include "daemon/privileges.h"
#include "dkim/keybase.h"
#include "dkim/keydir.h"
#include "dkim/keyring.h"
#include "mail/domain.h"
#include "session/services.h"
#include "ctl_common_priv.h"
#include "ctl_key_priv.h"

static const char usage[] =
    "usage: millgatectl [-c FILE] key COMMAND [options] ...\n"
    "  key new DOMAIN           make a key; pending until its record is seen\n"
    "    --type rsa|ed25519|both  (default rsa)\n"
    "    --bits N               size of an RSA key (default 2048)\n"
    "    --selector S           selector (default: made from today's date)\n"
    "    --active               sign at once, published or not\n"
    "  key list [DOMAIN]        list keys and their states\n"
    "  key dns DOMAIN [SELECTOR]    print the DNS records of keys\n"
    "    --format zone|string|nsupdate  (default zone)\n"
    "  key check DOMAIN [SELECTOR]  compare keys with the published records\n"
    "  key activate DOMAIN [SELECTOR]  activate pending keys whose record is\n"
    "                           published; retire older ones of their type\n"
    "  key retire DOMAIN SELECTOR   do not sign with a key any longer\n"
    "  key prune [DOMAIN]       delete keys that retired long ago\n"
    "    --keep DAYS            but keep those of the last DAYS (default 14)\n"
    "  key fix                  close keys to all but the key process\n"
    "  --directory DIR          key directory (default: as configured)\n"
    "  --zone FILE              look names up in this zone file\n"
    "  --json                   print JSON\n"
    "Exit status: 0 good, 1 the answer is no, 2 usage or trouble.\n";

const struct lookup_limits key_lookup_limits = {
	.timeout_ms = 10000, .max_queries = 1000
};

static const struct subcommand {
	const char	*name;
	int		(*run)(struct key_command *c);
	int		 least, most;		/* operands */
	enum { SHOWS, WRITES, FIXES } does;	/* to keys; see read_conf */
} subcommands[] = {
	{ "new",	ctl_key_new,		1, 1, WRITES },
	{ "list",	ctl_key_list,		0, 1, SHOWS },
	{ "dns",	ctl_key_dns,		1, 2, SHOWS },
	{ "check",	ctl_key_check,		1, 2, SHOWS },
	{ "activate",	ctl_key_activate,	1, 2, WRITES },
	{ "retire",	ctl_key_retire,		2, 2, WRITES },
	{ "prune",	ctl_key_prune,		0, 1, WRITES },
	{ "fix",	ctl_key_fix,		0, 0, FIXES },
};

enum { OPT_TYPE = CTL_OPT_OWN, OPT_BITS, OPT_SELECTOR, OPT_DIRECTORY,
    OPT_ZONE, OPT_FORMAT, OPT_ACTIVE, OPT_KEEP };

static const struct option options[] = {
	{ "type",	required_argument, NULL, OPT_TYPE },
	{ "bits",	required_argument, NULL, OPT_BITS },
	{ "selector",	required_argument, NULL, OPT_SELECTOR },
	{ "directory",	required_argument, NULL, OPT_DIRECTORY },
	{ "zone",	required_argument, NULL, OPT_ZONE },
	{ "format",	required_argument, NULL, OPT_FORMAT },
	{ "active",	no_argument,	   NULL, OPT_ACTIVE },
	{ "keep",	required_argument, NULL, OPT_KEEP },
	CTL_OPTION_JSON,
	CTL_OPTION_END
};

/* --- keys ---------------------------------------------------------------- */

/* For keydir_read, which reports keys that it leaves out. */
static void
report_problem(void *arg, const char *text)
{
	bool *bad = arg;

	*bad = true;
	fprintf(stderr, "%s\n", text);
}

static bool
is_wanted(const struct key_command *c, const char *domain,
    const char *selector)
{
	return (c->domain == NULL || strcmp(c->domain, domain) == 0) &&
	    (c->selector == NULL || strcmp(c->selector, selector) == 0);
}

static void
load_item(struct key_command *c, struct key_item *item)
{
	struct buf why = BUF_INIT;

	item->key = keyfile_load(item->path, &why);
	if (item->key == NULL)
		item->why = arena_strdup(c->arena, buf_str(&why));
	buf_free(&why);
}

static bool
load_directory(struct key_command *c, struct key_items *items)
{
	bool		 bad = false;
	struct keydir	 d = { .arena = c->arena, .problem = report_problem,
		.arg = &bad };
	struct key_item	*item;
	const struct keydir_key *k;
	size_t		 i;

	keydir_read(&d, c->directory, c->domain);
	items->item = xcalloc(d.n, sizeof(*items->item));
	for (i = 0; i < d.n; i++) {
		k = &d.key[i];
		if (!is_wanted(c, k->domain, k->selector))
			continue;
		item = &items->item[items->n++];
		item->domain = k->domain;
		item->selector = k->selector;
		item->path = k->path;
		item->state = k->state;
		item->since = k->since;
		load_item(c, item);
	}
	keydir_free(&d);
	return !bad;
}

/* OpenDKIM's tables have no states: all keys in them are active. */
static bool
load_tables(struct key_command *c, struct key_items *items)
{
	char			*why = NULL;
	struct keyring		*ring;
	struct signing_keys	 keys;
	struct key_item		*item;
	size_t			 i;

	ring = keyring_load_tables(c->conf->signing.key_table,
	    c->conf->signing.signing_table, &why);
	if (ring == NULL) {
		ctl_fail(why);
		return false;
	}
	keys = keyring_all(ring, c->arena);
	items->item = xcalloc(keys.n, sizeof(*items->item));
	for (i = 0; i < keys.n; i++) {
		if (!is_wanted(c, keys.key[i]->domain, keys.key[i]->selector))
			continue;
		item = &items->item[items->n++];
		item->domain = arena_strdup(c->arena, keys.key[i]->domain);
		item->selector = arena_strdup(c->arena,
		    keys.key[i]->selector);
		item->path = arena_strdup(c->arena, keys.key[i]->path);
		item->key = crypto_key_ref(keys.key[i]->pkey);
	}
	keyring_free(&ring);
	return true;
}

static void
add_row(struct key_command *c, struct key_items *items,
    struct keybase_row *row)
{
	struct key_item *item = &items->item[items->n];

	if (c->selector != NULL && (row->selector == NULL ||
	    strcmp(row->selector, c->selector) != 0)) {
		crypto_key_free(&row->key);
		return;
	}
	memset(item, 0, sizeof(*item));
	item->domain = row->domain != NULL ? row->domain : c->domain;
	item->selector = row->selector != NULL ? row->selector : "?";
	item->path = row->path;
	item->database = c->conf->signing.keys_database;
	item->state = row->state;
	item->key = row->key;
	item->why = row->why;
	items->n++;
}

/* The keys that keys-query finds for one domain, behind those in files. */
static bool
load_database(struct key_command *c, struct key_items *items)
{
	char			*error = NULL;
	struct keybase		*kb = setup_keybase(c->conf, &error);
	struct keybase_row	*row;
	const char		*why, *server;
	int			 i, n;

	if (kb == NULL) {
		ctl_fail(error);
		return false;
	}
	n = keybase_list(kb, c->domain, &row, &server, &why, c->arena);
	keybase_free(&kb);
	if (n < 0)
		return ctl_complain("keys-database: %s", why);
	items->item = xrealloc(items->item, (items->n + (size_t)n) *
	    sizeof(*items->item));
	for (i = 0; i < n; i++)
		add_row(c, items, &row[i]);
	return true;
}

static bool
load_files(struct key_command *c, struct key_items *items)
{
	if (c->directory != NULL)
		return load_directory(c, items);
	return c->conf->signing.key_table == NULL || load_tables(c, items);
}

bool
key_items_load(struct key_command *c, struct key_items *items)
{
	memset(items, 0, sizeof(*items));
	return load_files(c, items) &&
	    (!c->database || c->domain == NULL || load_database(c, items));
}

void
key_items_free(struct key_items *items)
{
	size_t i;

	for (i = 0; i < items->n; i++)
		crypto_key_free(&items->item[i].key);
	free(items->item);
	memset(items, 0, sizeof(*items));
}

const char *
key_type_name(const struct crypto_key *key)
{
	return crypto_key_type(key) == CRYPTO_RSA ? "rsa" : "ed25519";
}

void
key_print_json(struct key_command *c, const struct record *r)
{
	struct buf b = BUF_INIT;

	record_json(r, &b);
	printf("%s%s", c->printed++ > 0 ? ",\n" : "", buf_str(&b));
	buf_free(&b);
}

/* --- the command line ---------------------------------------------------- */

/* The index of a word; -1: it is none of them. */
static int
word_index(const char *const *words, const char *text)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return -1;
}

static bool
parse_number(const char *text, unsigned least, unsigned most, unsigned *value)
{
	unsigned long	 n;
	char		*end;

	if (!ascii_is_digit(text[0]))
		return false;
	n = strtoul(text, &end, 10);
	*value = (unsigned)n;
	return *end == '\0' && n >= least && n <= most;
}

static bool
take_type(struct key_command *c, const char *value)
{
	static const char *const words[] = { "rsa", "ed25519", "both", NULL };
	int			 i = word_index(words, value);

	if (i < 0)
		return ctl_refuse("--type", "rsa, ed25519 or both", value);
	c->kinds = (enum key_kinds)i;
	return true;
}

static bool
take_format(struct key_command *c, const char *value)
{
	static const char *const words[] = { "zone", "string", "nsupdate",
	    NULL };
	int			 i = word_index(words, value);

	if (i < 0)
		return ctl_refuse("--format", "zone, string or nsupdate",
		    value);
	c->format = (enum key_format)i;
	return true;
}

static bool
key_option(void *arg, int option, char *value)
{
	struct key_command *c = arg;

	switch (option) {
	case OPT_TYPE:
		return take_type(c, value);
	case OPT_FORMAT:
		return take_format(c, value);
	case OPT_BITS:
		return parse_number(value, CRYPTO_RSA_BITS_MIN,
		    CRYPTO_RSA_BITS_MAX, &c->bits) || ctl_refuse("--bits",
		    "a number from 1024 to 8192", value);
	case OPT_KEEP:
		return parse_number(value, 0, 3650, &c->keep) ||
		    ctl_refuse("--keep", "a number of days, at most 3650",
		    value);
	case OPT_SELECTOR:
		c->selector = value;
		return keyfile_is_selector(value) || ctl_refuse("--selector",
		    "letters, digits, hyphens and dots between them", value);
	case OPT_DIRECTORY:
		c->directory = value;
		return true;
	case OPT_ZONE:
		c->zone = value;
		return true;
	default:
		return c->active = true;
	}
}

/* The operands behind the subcommand: [DOMAIN [SELECTOR]] */
static bool
take_operands(struct key_command *c, const struct subcommand *s, int n,
    char **operand)
{
	if (!ctl_check_operands(n, operand, s->least, s->most)) {
		ctl_usage(usage);
		return false;
	}
	if (n > 0) {
		c->domain = domain_canonical(c->arena, operand[0],
		    strlen(operand[0]));
		if (c->domain == NULL)
			return ctl_complain("not a domain name: \"%s\"",
			    operand[0]);
	}
	if (n > 1) {
		c->selector = operand[1];
		if (!keyfile_is_selector(operand[1]))
			return ctl_complain("not a selector: \"%s\"",
			    operand[1]);
	}
	return true;
}

/* Are there keys that the configuration names, other than a directory? */
static bool
other_keys(const struct key_command *c, const struct subcommand *s)
{
	return c->database ||
	    (s->does != WRITES && c->conf->signing.key_table != NULL) ||
	    (s->does == FIXES && c->conf->signing.keys_password_file != NULL);
}

/*
 * Set c->directory and c->conf. With --directory no configuration is read. Keys
 * are written to a directory only; tables and a database are shown, too; the
 * files of all are fixed.
 */
static bool
read_conf(struct key_command *c, const struct ctl *ctl,
    const struct subcommand *s)
{
	if (c->directory != NULL)
		return true;
	c->conf = ctl_load_conf(ctl);
	if (c->conf == NULL)
		return false;
	c->state = ctl_state(ctl, c->conf);
	c->directory = c->conf->signing.key_directory;
	c->database = s->does == SHOWS &&
	    c->conf->signing.keys_database != NULL;
	if (c->database && c->domain == NULL)
		ctl_complain("keys-database is asked for one domain only; "
		    "name it to see its keys");
	if (c->directory != NULL || other_keys(c, s))
		return true;
	return ctl_complain("%s: there is no key directory; make " CONF_KEYS
	    ", which is used when no table is set, or set key-directory in "
	    "section signing, or give --directory", ctl->conf_path);
}

/*
 * What the owner of the key directory lets its names lead to, the owner could
 * change without root. So root changes it as the owner.
 */
static bool
key_as_owner(const struct key_command *c)
{
	char *why = NULL;

	return privileges_as_directory(c->directory, &why) ||
	    (ctl_fail(why), false);
}

static const struct subcommand *
find_subcommand(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	ctl_complain("unknown command \"key %s\"", name);
	ctl_usage(usage);
	return NULL;
}

int
ctl_key(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_syntax syntax = { usage, options, key_option,
	    1, 3 };
	struct key_command	 c = { .bits = 2048, .keep = 14 };
	const struct subcommand	*s;
	int			 status;

	status = ctl_parse(ctl, &syntax, &c, argc, argv);
	if (status != CTL_PARSED)
		return status;
	s = find_subcommand(ctl->operand[0]);
	if (s == NULL)
		return CTL_TROUBLE;
	c.json = ctl->json;
	c.arena = arena_new(0);
	c.now = time(NULL);
	status = CTL_TROUBLE;
	if (take_operands(&c, s, ctl->noperands - 1, ctl->operand + 1) &&
	    read_conf(&c, ctl, s) &&
	    (s->does != WRITES || key_as_owner(&c)))
		status = s->run(&c);
	if (c.conf != NULL)
		conf_unref(&c.conf);
	arena_free(&c.arena);
	return status;
}
