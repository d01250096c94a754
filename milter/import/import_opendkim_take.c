/*
 * import_opendkim_take - carry options of OpenDKIM over
 *
 * OpenDKIM's tables of keys are used as they are; a single key is to be copied.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/conf_options.h"
#include "dkim/keydir.h"
#include "mail/domain.h"
#include "import_opendkim_priv.h"

/* --- signing -------------------------------------------------------------- */

/* A single word is for the header; the body then has "simple". */
void
opendkim_take_canonicalization(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	const char	*slash = strchr(s->value, '/');
	const char	*body = slash != NULL ? slash + 1 : "simple";
	bool		 header = strncasecmp(s->value, "relaxed", 7) == 0;

	import_put(im, row->ours, NULL, arena_printf(im->arena, "%s/%s",
	    header ? "relaxed" : "simple", strcasecmp(body, "relaxed") == 0 ?
	    "relaxed" : "simple"), import_origin(im, s));
}

/* Mode is "s", "v" or both. */
static bool
opendkim_signs(const struct import *im)
{
	return strpbrk(import_value(im, "Mode"), "sS") != NULL;
}

void
opendkim_take_mode(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	if (opendkim_signs(im))
		im->submission = import_origin(im, s);
	else
		import_put(im, "signing key-directory", NULL, "",
		    import_origin(im, s));
	if (strpbrk(s->value, "vV") == NULL)
		import_put(im, row->ours, NULL, "no", import_origin(im, s));
}

/* What OpenDKIM 2.11 signs by default: RFC 6376 5.4.1 as it understands it. */
static const char *const signed_by_default[] = {
	"From", "Reply-To", "Subject", "Date", "To", "Cc", "Resent-Date",
	"Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc",
	"In-Reply-To", "References", "List-Id", "List-Help",
	"List-Unsubscribe", "List-Subscribe", "List-Post", "List-Owner",
	"List-Archive"
};

static bool
has_item(const struct import_items *list, const char *text)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strcasecmp(list->item[i].text, text) == 0)
			return true;
	return false;
}

/* The members but "*", "." and what a "-" takes away. */
static void
put_fields(struct import *im, const struct import_row *row,
    const struct import_setting *s, const struct import_items *items)
{
	const char	*name;
	size_t		 i;

	for (i = 0; i < items->n; i++) {
		name = items->item[i].text;
		if (strcmp(name, "*") != 0 && strcmp(name, ".") != 0 &&
		    name[0] != '-')
			import_put_member(im, row, s, name +
			    (name[0] == '+'));
	}
}

/* "*,+X-Y,-Date": the default list with X-Y and without Date */
void
opendkim_take_signed(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items	items = { 0 };
	size_t			i;

	if (!import_dataset(im, row, s, &items))
		return;
	for (i = 0; has_item(&items, "*") &&
	    i < sizeof(signed_by_default) / sizeof(*signed_by_default); i++)
		if (!has_item(&items, arena_printf(im->arena, "-%s",
		    signed_by_default[i])))
			import_put_member(im, row, s, signed_by_default[i]);
	put_fields(im, row, s, &items);
}

/* OpenDKIM oversigns fields beside SignHeaders; sign-fields must name them. */
static void
sign_oversigned(struct import *im)
{
	static const struct import_row	 row = { .name = "OversignHeaders",
		.ours = "signing sign-fields" };
	const struct import_setting	*s = import_find(im, row.name);

	if (s != NULL && import_has(im, row.ours, NULL))
		import_take_list(im, &row, s);
}

/* millgate signs none of the fields that OpenDKIM omits by default. */
void
opendkim_take_omitted(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items items = { 0 };

	if (import_dataset(im, row, s, &items))
		put_fields(im, row, s, &items);
}

void
opendkim_take_domains(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items items = { 0 };

	if (import_dataset(im, row, s, &items))
		import_put_domains(im, s, &items, row->ours, NULL);
}

/* "user@host", and "host" for all of its users */
void
opendkim_take_addresses(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items	 items = { 0 };
	size_t			 i;

	if (!import_dataset(im, row, s, &items))
		return;
	for (i = 0; i < items.n; i++)
		if (strchr(items.item[i].text, '@') == NULL)
			items.item[i].text = arena_printf(im->arena, "@%s",
			    items.item[i].text);
	import_put_domains(im, s, &items, row->ours, NULL);
}

void
opendkim_take_safe_keys(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	if (!import_true(im, row->name))
		import_note(im, s, "a key that others may read is refused; "
		    "run millgatectl key fix");
}

/* --- clients -------------------------------------------------------------- */

void
opendkim_take_internal(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items items = { 0 };

	if (opendkim_signs(im) && import_dataset(im, row, s, &items))
		import_networks(im, s, &items, &im->internal);
}

void
opendkim_take_peers(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items items = { 0 }, networks = { 0 };

	if (!import_dataset(im, row, s, &items))
		return;
	import_networks(im, s, &items, &networks);
	import_put_networks(im, s, &networks, row->ours, NULL);
}

void
opendkim_take_daemons(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	if (opendkim_signs(im))
		import_dataset(im, row, s, &im->daemons);
}

/* "{daemon_name}|A|B" is MTA with A and B; a login needs no mention. */
void
opendkim_take_macros(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items	 items = { 0 };
	char			*word, *save;
	size_t			 i;

	if (!opendkim_signs(im) || !import_dataset(im, row, s, &items))
		return;
	for (i = 0; i < items.n; i++) {
		save = NULL;
		word = strtok_r(arena_strdup(im->arena, items.item[i].text),
		    "|=", &save);
		if (word == NULL || strstr(word, "auth_") != NULL)
			continue;
		if (strstr(word, "daemon_name") == NULL) {
			import_note(im, s, "the macro %s does not choose a "
			    "listener; see section listener", word);
			continue;
		}
		while ((word = strtok_r(NULL, "|", &save)) != NULL)
			import_add_item(im, &im->daemons, word, s->file,
			    s->line);
	}
}

/* --- verifying ------------------------------------------------------------ */

void
opendkim_take_header_bytes(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_setting most = *s;

	if (strcmp(s->value, "0") == 0)		/* no limit */
		most.value = "16777216";
	import_take_number(im, row, &most);
}

/* The option of ours must name From. */
void
opendkim_take_required(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	import_put(im, row->ours, NULL, "From", import_origin(im, s));
	import_take_list(im, row, s);
}

void
opendkim_take_required_headers(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	if (!import_true(im, row->name))
		return;
	import_put(im, row->ours, NULL, "reject", import_origin(im, s));
	import_put(im, "dmarc on-repeated-from", NULL, "reject",
	    import_origin(im, s));
}

void
opendkim_take_servers(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items	 items = { 0 };
	const char		*text;
	size_t			 i;

	import_commas(im, s, &items);
	for (i = 0; i < items.n; i++) {
		text = items.item[i].text;
		if (import_option(row->ours)->syntax(im->arena, &text) == NULL)
			import_put(im, row->ours, NULL, text,
			    import_origin(im, s));
		else
			import_note(im, s, "%s is not an IP address", text);
	}
}

void
opendkim_take_anchor(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	const char *path = import_path(im, s->value);

	if (path[0] == '/' && access(path, R_OK) == 0)
		import_put(im, row->ours, NULL, path, import_origin(im, s));
	else
		import_note(im, s, "the file cannot be read here, so there is "
		    "no DNSSEC validation; install dns-root-data and set %s",
		    row->ours);
}

/* --- keys ----------------------------------------------------------------- */

/* As key-table takes it; NULL: it is missing, or of another type. */
static const char *
table_text(struct import *im, const char *value)
{
	const char *path = value, *text;

	if (value[0] == '\0')
		return NULL;
	if (strncasecmp(value, "refile:", 7) == 0)
		path = value + 7;
	else if (strncasecmp(value, "file:", 5) == 0)
		path = value + 5;
	path = import_path(im, path);
	text = value[0] == 'r' || value[0] == 'R' ? arena_printf(im->arena,
	    "refile:%s", path) : path;
	return path[0] == '/' && import_option("signing key-table")->
	    syntax(im->arena, &text) == NULL ? text : NULL;
}

static void
take_table(struct import *im, const char *name, const char *ours)
{
	const struct import_setting *s = import_find(im, name);

	import_put(im, ours, NULL, table_text(im, s->value),
	    import_origin(im, s));
}

static void
take_tables(struct import *im)
{
	const char *keys = import_value(im, "KeyTable");
	const char *signing = import_value(im, "SigningTable");

	if (table_text(im, keys) == NULL || table_text(im, signing) == NULL) {
		import_remark(im, "KeyTable and SigningTable: one is missing "
		    "or not a file with an absolute path; mail is signed with "
		    "the keys in " CONF_KEYS);
		if (keys[0] != '\0')
			import_note(im, import_find(im, "KeyTable"), "see "
			    "key-table in section signing");
		if (signing[0] != '\0')
			import_note(im, import_find(im, "SigningTable"), "see "
			    "signing-table in section signing");
		return;
	}
	take_table(im, "KeyTable", "signing key-table");
	take_table(im, "SigningTable", "signing signing-table");
	if (import_true(im, "MultipleSignatures"))
		import_put(im, "signing all-matches", NULL, "yes",
		    import_origin(im, import_find(im, "MultipleSignatures")));
	import_remark(im, "the user that millgate runs as must be able to read "
	    "the tables and keys: run millgatectl key fix as root");
}

/* The commands for one domain; its key becomes DOMAIN/SELECTOR.private. */
static void
copy_key(struct import *im, const struct import_setting *s,
    const char *item, const char *selector, const char *path)
{
	const char *domain = domain_canonical(im->arena, item, strlen(item));

	if (domain == NULL) {
		import_note(im, s, "%s is not a domain with a key; write one "
		    "domain for each key", item);
		return;
	}
	if (strchr(path, '\'') != NULL || !keyfile_is_selector(selector)) {
		import_note(im, s, "copy the key of %s to %s/%s/"
		    "SELECTOR.private", domain, CONF_KEYS, domain);
		return;
	}
	import_note(im, s, "mail of %s is signed as soon as its key is copied; "
	    "run: install -d -g millgate -m 0750 %s %s/%s && install -g "
	    "millgate -m 0640 '%s' %s/%s/%s.private", domain, CONF_KEYS,
	    CONF_KEYS, domain, path, CONF_KEYS, domain, selector);
}

static void
take_key(struct import *im)
{
	const struct import_setting	*s = import_find(im, "Domain");
	const char			*selector, *path;
	struct import_items		 items = { 0 };
	size_t				 i;

	selector = import_value(im, "Selector");
	path = import_path(im, import_value(im, "KeyFile"));
	if (s == NULL || selector[0] == '\0' || path[0] == '\0') {
		import_remark(im, "no key is named (KeyTable and SigningTable, "
		    "or Domain, Selector and KeyFile), so mail is signed with "
		    "the keys in " CONF_KEYS ", see millgatectl key new");
		return;
	}
	if (!import_dataset(im, &(struct import_row){ .name = s->name }, s,
	    &items))
		return;
	for (i = 0; i < items.n && i < 100; i++)
		copy_key(im, s, items.item[i].text, selector, path);
	if (items.n > 100)
		import_note(im, s, "copy the keys of the other domains in the "
		    "same way");
}

void
opendkim_finish(struct import *im)
{
	const struct import_setting *s = import_find(im, "SubDomains");

	if (!opendkim_signs(im))
		return;
	sign_oversigned(im);
	if (!import_true(im, "SubDomains"))
		import_put(im, "signing own-domain-only", NULL, "yes",
		    import_origin(im, s));
	if (import_find(im, "KeyTable") != NULL ||
	    import_find(im, "SigningTable") != NULL)
		take_tables(im);
	else
		take_key(im);
}
