/*
 * import_hosts - networks and domains of foreign lists, and the listeners
 *
 * The other programs guess whether a message is a submission: from a login,
 * the client's address or the name of the MTA's service. Here each of these
 * becomes a listener.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/netaddr.h"
#include "conf/conf_options.h"
#include "import_priv.h"

/* --- networks ------------------------------------------------------------- */

/*
 * "192.0.2.0/24", "[2001:db8::1]", "::ffff:127.0.0.0/104" (127.0.0.0/8) in the
 * form of millgate.conf. NULL: it is none.
 */
static const char *
network_text(struct arena *a, const char *item)
{
	struct netblock	 block;
	char		*text = arena_strdup(a, item), *p;
	char		 shown[NETADDR_TEXT];

	for (p = text; (p = strpbrk(p, "[]")) != NULL; )
		memmove(p, p + 1, strlen(p));
	if (!netblock_parse(text, &block))
		return NULL;
	return arena_printf(a, "%s/%u", netaddr_format(&block.addr, shown),
	    block.bits);
}

static const char *
why_no_network(const char *item)
{
	if (item[0] == '!')
		return "an exclusion cannot be carried over; write the "
		    "networks without it";
	if (item[0] == '.' || strchr(item, '*') != NULL)
		return "clients are not matched by the domain of their name, "
		    "which anybody can choose; write their networks";
	return "this is a host name; write its addresses, because a name is "
	    "not looked up";
}

void
import_networks(struct import *im, const struct import_setting *s,
    const struct import_items *items, struct import_items *out)
{
	const struct import_item	*item;
	const char			*text;
	size_t				 i;

	for (i = 0; i < items->n; i++) {
		item = &items->item[i];
		text = network_text(im->arena, item->text);
		if (text != NULL) {
			import_add_item(im, out, text, item->file,
			    item->line);
		} else if (strcasecmp(item->text, "localhost") == 0) {
			import_add_item(im, out, "127.0.0.1/32", item->file,
			    item->line);
			import_add_item(im, out, "::1/128", item->file,
			    item->line);
		} else
			import_note(im, s, "%s (%s:%u): %s", item->text,
			    item->file, item->line,
			    why_no_network(item->text));
	}
}

static const char *
item_origin(struct import *im, const struct import_setting *s,
    const struct import_item *item)
{
	if (item->line == s->line && item->file == s->file)
		return import_origin(im, s);
	return arena_printf(im->arena, "%s:%u, %s", item->file, item->line,
	    s->name);
}

void
import_put_networks(struct import *im, const struct import_setting *s,
    const struct import_items *networks, const char *ours, const char *title)
{
	size_t i;

	for (i = 0; i < networks->n; i++)
		import_put(im, ours, title, networks->item[i].text,
		    item_origin(im, s, &networks->item[i]));
}

void
import_put_domains(struct import *im, const struct import_setting *s,
    const struct import_items *items, const char *ours, const char *title)
{
	const struct conf_option	*o = import_option(ours);
	const struct import_item	*item;
	const char			*text;
	size_t				 i;

	for (i = 0; i < items->n; i++) {
		item = &items->item[i];
		text = strncmp(item->text, "*.", 2) == 0 ? item->text + 1 :
		    item->text;
		if (o->syntax(im->arena, &text) == NULL)
			import_put(im, ours, title, text,
			    item_origin(im, s, item));
		else
			import_note(im, s, "%s (%s:%u) is left out; write it "
			    "as %s takes it", item->text, item->file,
			    item->line, ours);
	}
}

/* --- listeners ------------------------------------------------------------ */

static void
put_items(struct import *im, const struct import_items *items,
    const char *ours, const char *title)
{
	const struct import_item	*item;
	size_t				 i;

	for (i = 0; i < items->n; i++) {
		item = &items->item[i];
		import_put(im, ours, title, item->text, item->line > 0 ?
		    arena_printf(im->arena, "%s:%u", item->file, item->line) :
		    arena_printf(im->arena, "%s: the default of InternalHosts",
		    item->file));
	}
}

static void
submission_listener(struct import *im, const char *name)
{
	import_put(im, "listener direction", name, "submission",
	    im->submission);
	if (im->internal.n > 0)
		import_put(im, "listener relay-for", name, "internal",
		    "the clients of section relay need no login");
}

static void
internal_listener(struct import *im)
{
	put_items(im, &im->internal, "listener client-networks", "internal");
	submission_listener(im, "internal");
	put_items(im, &im->internal, "relay networks", "internal");
	import_put(im, "relay senders", "internal", "*",
	    "any sender, as before");
}

static void
submission_listeners(struct import *im)
{
	static const char ports[] = "the usual ports; compare with master.cf "
	    "or DAEMON_OPTIONS";

	if (im->daemons.n > 0) {
		put_items(im, &im->daemons, "listener daemon-names",
		    "services");
		submission_listener(im, "services");
	}
	import_put(im, "listener daemon-ports", "submission", "587", ports);
	import_put(im, "listener daemon-ports", "submission", "465", ports);
	submission_listener(im, "submission");
	if (im->internal.n > 0)
		internal_listener(im);
	import_put(im, "listener local", "local", "yes",
	    "sendmail(1), by non_smtpd_milters");
	import_put(im, "listener direction", "local", "submission",
	    im->submission);
	import_put(im, "unlisted-users", NULL, "any", "nothing bound logins to "
	    "addresses before");
	import_remark(im, "unlisted-users: any lets each login write any "
	    "address into From; remove the line as soon as the logins are the "
	    "users' addresses, or section user lists them");
	import_remark(im, "listener submission: millgate requires a login and "
	    "TLS here, which the MTA alone decided before; a login at another "
	    "port is not signed");
}

void
import_listeners(struct import *im)
{
	if (im->submission != NULL)
		submission_listeners(im);
	import_put(im, "listener daemon-ports", "mx", "25", "all other mail");
	import_put(im, "listener direction", "mx", "inbound",
	    "it is verified and judged");
	if (im->limits)
		return;
	import_open(im, "plan", "unlimited", "nothing was counted before");
	import_put(im, "default-plan", NULL, "unlimited",
	    "nothing was counted before");
	import_remark(im, "default-plan: without it millgate limits each login "
	    "to 1000 recipients an hour, which stops a stolen account; remove "
	    "the line and section plan to turn this on");
}
