/*
 * import_spf - policyd-spf.conf(5): its options, and what becomes of them
 *
 * policyd-spf and pyspf-milter refuse mail by default, where millgate only
 * tags it; so these defaults are always written. "TestOnly = 0" is their test
 * mode. Values are compared with case, as they do it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "import_priv.h"

#define NAMES	"clients are not exempted by names; write the networks into " \
		"an override section with replaces = spf"
#define RESTRICTION "millgate runs no restriction of Postfix after a pass"

/* The actions for one identity. */
struct spf_options {
	const char	*on_fail, *on_softfail, *on_permerror, *on_temperror;
};

static const struct spf_options helo_options = {
	"spf helo-on-fail", "spf helo-on-softfail", "spf helo-on-permerror",
	"spf helo-on-temperror"
};
static const struct spf_options mail_options = {
	"spf on-fail", "spf on-softfail", "spf on-permerror",
	"spf on-temperror"
};

static bool
is_test(const struct import *im)
{
	const char *seed = import_value(im, "defaultSeedOnly");

	return atoi(import_value(im, "TestOnly")) == 0 ||
	    (seed[0] != '\0' && atoi(seed) == 0);
}

static bool
is_python_true(const struct import *im, const char *name)
{
	return strcmp(import_value(im, name), "True") == 0;
}

static bool
is_one_of(const char *value, const char *a, const char *b)
{
	return strcmp(value, a) == 0 || strcmp(value, b) == 0;
}

static void
put_error(struct import *im, const char *name, const char *ours,
    const char *action)
{
	if (is_python_true(im, name))
		import_put(im, ours, NULL, action, import_origin(im,
		    import_find(im, name)));
}

static void
put_actions(struct import *im, const struct import_setting *s,
    const struct spf_options *o)
{
	bool		 strict = strcmp(s->value, "SPF_Not_Pass") == 0;
	const char	*comment = import_origin(im, s);

	import_put(im, o->on_fail, NULL, "reject", comment);
	if (strict || strcmp(s->value, "Softfail") == 0)
		import_put(im, o->on_softfail, NULL, "reject", comment);
	if (strict)
		import_put(im, o->on_permerror, NULL, "reject", comment);
	else
		put_error(im, "PermError_reject", o->on_permerror, "reject");
	put_error(im, "TempError_Defer", o->on_temperror, "defer");
	if (strict)
		import_note(im, s, "mail with the result neutral is accepted; "
		    "SPF treats it like none");
}

static void
take_identity(struct import *im, const struct import_setting *s,
    const struct spf_options *o)
{
	const char *value = s->value;

	if (is_test(im)) {
		import_put(im, o->on_fail, NULL, "tag", import_origin(im,
		    import_find(im, import_value(im, "defaultSeedOnly")[0] !=
		    '\0' ? "defaultSeedOnly" : "TestOnly")));
		return;
	}
	if (is_python_true(im, "No_Mail") ||
	    is_one_of(value, "False", "No_Check") ||
	    (strcmp(value, "Null") == 0 && o == &helo_options)) {
		import_put(im, o->on_fail, NULL, "tag", import_origin(im, s));
		return;
	}
	if (strcmp(value, "Fail") != 0 &&
	    !is_one_of(value, "Softfail", "SPF_Not_Pass")) {
		import_put(im, o->on_fail, NULL, "reject",
		    import_origin(im, s));
		import_note(im, s, "the value is not known; Fail is assumed");
		return;
	}
	put_actions(im, s, o);
}

static void
take_helo(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	(void)row;
	take_identity(im, s, &helo_options);
	if (strcmp(s->value, "Null") == 0)
		import_note(im, s, "with the null sender, SPF of "
		    "postmaster@HELO is judged like a sender, by on-fail");
}

static void
take_mail_from(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	(void)row;
	take_identity(im, s, &mail_options);
}

static void
take_no_mail(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	(void)row;
	if (is_python_true(im, "No_Mail"))
		import_note(im, s, "\"v=spf1 -all\" is not told from other "
		    "records that give fail, so nothing is refused; set "
		    "on-fail = reject to refuse all fails");
}

static const char *
section_of(const char *name)
{
	if (strcmp(name, "skip_addresses") == 0)
		return "skip-addresses";
	return strcmp(name, "Whitelist") == 0 ? "spf-whitelist" :
	    "spf-internal-hosts";
}

static void
take_networks(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items	 items = { 0 }, networks = { 0 };
	const char		*title = section_of(row->name);

	if (!import_dataset(im, row, s, &items))
		return;
	import_networks(im, s, &items, &networks);
	if (networks.n == 0)
		return;
	import_put_networks(im, s, &networks, row->ours, title);
	import_put(im, "override replaces", title, "spf",
	    import_origin(im, s));
	import_put(im, "override action", title, "accept",
	    import_origin(im, s));
}

static void
take_header(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	if (strcmp(s->value, "SPF") == 0)
		import_put(im, row->ours, NULL, "yes", import_origin(im, s));
}

static const struct import_row rows[] = {
	{ "debugLevel", IMPORT_SAME, .remark = IMPORT_LOG },
	{ "TestOnly", IMPORT_CARRIED, .ours = "spf on-fail", .def = "1" },
	{ "defaultSeedOnly", IMPORT_CARRIED, .ours = "spf on-fail" },
	{ "HELO_reject", IMPORT_CARRIED, .ours = "spf helo-on-fail",
	    .take = take_helo, .def = "Fail" },
	{ "HELO_pass_restriction", IMPORT_LOST, .remark = RESTRICTION },
	{ "Mail_From_reject", IMPORT_CARRIED, .ours = "spf on-fail",
	    .take = take_mail_from, .def = "Fail" },
	{ "Mail_From_pass_restriction", IMPORT_LOST, .remark = RESTRICTION },
	{ "No_Mail", IMPORT_CARRIED, .ours = "spf on-fail",
	    .take = take_no_mail },
	{ "Reject_Not_Pass_Domains", IMPORT_LOST,
	    .remark = "no SPF result is changed for single domains; an "
	    "override section with author-domains and replaces = spf is "
	    "stricter for mail from them" },
	{ "PermError_reject", IMPORT_CARRIED, .ours = "spf on-permerror",
	    .def = "False" },
	{ "TempError_Defer", IMPORT_CARRIED, .ours = "spf on-temperror",
	    .def = "False" },
	{ "Prospective", IMPORT_LOST,
	    .remark = "own mail is not checked by SPF" },
	{ "skip_addresses", IMPORT_CARRIED, .ours = "override networks",
	    .take = take_networks,
	    .def = "127.0.0.0/8,::ffff:127.0.0.0/104,::1" },
	{ "Whitelist", IMPORT_CARRIED, .ours = "override networks",
	    .take = take_networks },
	{ "HELO_Whitelist", IMPORT_LOST, .remark = NAMES },
	{ "Domain_Whitelist", IMPORT_LOST, .remark = NAMES },
	{ "Domain_Whitelist_PTR", IMPORT_LOST, .remark = NAMES },
	{ "SPF_Enhanced_Status_Codes", IMPORT_SAME,
	    .remark = "replies have the codes of RFC 7372" },
	{ "Header_Type", IMPORT_CARRIED, .ours = "spf received-spf",
	    .take = take_header, .def = "SPF" },
	{ "Hide_Receiver", IMPORT_SAME,
	    .remark = "no field has a recipient" },
	{ "Authserv_Id", IMPORT_CARRIED, .ours = "authserv-id",
	    .take = import_take_id },
	{ "Lookup_Time", IMPORT_CARRIED, .ours = "resolver timeout",
	    .take = import_take_number },
	{ "Whitelist_Lookup_Time", IMPORT_SAME,
	    .remark = "timeout in section resolver is for all lookups" },
	{ "Void_Limit", IMPORT_CARRIED, .ours = "spf max-void-lookups",
	    .take = import_take_number },
	{ "Mock", IMPORT_SAME,
	    .remark = "millgate reads no fields of other filters" },
	{ "QueueID", IMPORT_SAME,
	    .remark = "the log always has the queue id" },
	{ "Reason_Message", IMPORT_LOST,
	    .remark = "the text of the reply cannot be chosen" },
	{ "Per_User", IMPORT_LOST,
	    .remark = "write an override section with recipients and "
	    "replaces = spf for each group of users with the same settings" },
	{ "Socket", IMPORT_SAME,
	    .remark = "millgate has a socket of its own" },
	{ "PidFile", IMPORT_SAME, .remark = IMPORT_OWNFILES },
	{ "UserID", IMPORT_SAME, .remark = IMPORT_OWNFILES },
	{ "UMask", IMPORT_SAME, .remark = IMPORT_OWNFILES },
	{ "InternalHosts", IMPORT_CARRIED, .ours = "override networks",
	    .take = take_networks },
	{ "IntHosts", IMPORT_SAME,
	    .remark = "it is the result of InternalHosts" },
	{ "MacroList", IMPORT_LOST,
	    .remark = "listeners decide which mail is verified; see "
	    "daemon-names in section listener" },
	{ NULL }
};

const struct import_program import_policyd_spf = {
	"policyd-spf", "policyd-spf.conf(5)", rows, import_read_equals, NULL,
	NULL
};
