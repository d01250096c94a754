/*
 * import_opendmarc - opendmarc.conf(5): its options, and what becomes of
 * them
 *
 * By default OpenDMARC refuses nothing, and millgate follows the policy of the
 * author's domain; so these defaults are always written.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "import_priv.h"

#define ARC	"ARC is not evaluated; an override section with signers " \
		"exempts mail that a forwarder has signed"
#define OWNSOCKET "millgate has a socket of its own; change smtpd_milters " \
		"or INPUT_MAIL_FILTER, see socket"
#define REPORTS	"millgate sends no reports"
#define SPFOWN	"millgate evaluates SPF itself, and reads no results of others"

static void
take_history(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	import_put(im, row->ours, NULL, "yes", import_origin(im, s));
}

static void
take_reject(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	bool		 rejects = import_true(im, row->name);
	const char	*comment = import_origin(im, s);

	import_put(im, row->ours, NULL, rejects ? "reject" : "tag", comment);
	import_put(im, "dmarc on-temperror", NULL, rejects ? "defer" : "tag",
	    comment);
}

static void
take_hold(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	import_put(im, row->ours, NULL, import_true(im, row->name) ? "hold" :
	    "tag", import_origin(im, s));
}

/* A From field without one domain is ignored, unless one of two forbids it. */
static void
take_headers(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	bool				 strict = import_true(im, row->name);
	const struct import_setting	*several;
	const char			*action = strict ? "reject" : "tag";

	import_put(im, row->ours, NULL, action, import_origin(im, s));
	import_put(im, "dmarc on-repeated-from", NULL, action,
	    import_origin(im, s));
	several = import_find(im, "RejectMultiValueFrom");
	if (!strict && import_true(im, "RejectMultiValueFrom"))
		import_put(im, "dmarc on-bad-from", NULL, "reject",
		    import_origin(im, several));
	else
		import_put(im, "dmarc on-bad-from", NULL, action,
		    import_origin(im, s));
	if (!strict)
		import_note(im, s, "mail without a usable From passes as "
		    "before, whatever the policies are; remove on-missing-"
		    "from, on-repeated-from and on-bad-from to refuse it");
}

/* The value is a file; its default is an address. */
static void
take_hosts(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items items = { 0 }, networks = { 0 };

	if (s->line == 0)
		import_commas(im, s, &items);
	else if (!import_hosts_file(im, s, &items))
		return;
	import_networks(im, s, &items, &networks);
	if (networks.n == 0)
		return;
	import_put_networks(im, s, &networks, row->ours, "ignore-hosts");
	import_put(im, "override action", "ignore-hosts", "accept",
	    import_origin(im, s));
}

static void
take_ignored_from(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items items = { 0 };

	import_commas(im, s, &items);
	import_put_domains(im, s, &items, row->ours, "ignore-mail-from");
	if (import_has(im, row->ours, "ignore-mail-from"))
		import_put(im, "override action", "ignore-mail-from", "accept",
		    import_origin(im, s));
}

static bool
is_own_id(const struct import *im, const char *id)
{
	return strcasecmp(id, "HOSTNAME") == 0 ||
	    strcasecmp(id, import_value(im, "AuthservID")) == 0;
}

/* Results of the site's own filters were needed; those of others are trust. */
static void
take_trusted_ids(struct import *im, const struct import_row *row,
    const struct import_setting *s)
{
	struct import_items	 items = { 0 };
	size_t			 i;

	(void)row;
	import_commas(im, s, &items);
	for (i = 0; i < items.n; i++)
		if (!is_own_id(im, items.item[i].text))
			import_note(im, s, "results in fields of %s are not "
			    "believed; millgate verifies the mail itself. If "
			    "that host is a relay in front of this one, "
			    "write its address into trusted-networks, and "
			    "let it refuse mail", items.item[i].text);
}

/* Without OpenDMARC no policy was followed. */
static void
opendmarc_absent(struct import *im)
{
	static const char *const options[] = {
		"dmarc on-reject", "dmarc on-quarantine", "dmarc on-temperror",
		"dmarc on-missing-from", "dmarc on-repeated-from",
		"dmarc on-bad-from"
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!import_has(im, options[i], NULL))
			import_put(im, options[i], NULL, "tag",
			    "no file of OpenDMARC: nothing was refused");
	import_remark(im, "section dmarc: no policy is followed, because no "
	    "file of OpenDMARC was given; remove the section to follow them");
}

static const struct import_row rows[] = {
	{ "AuthservID", IMPORT_CARRIED, .ours = "authserv-id",
	    .take = import_take_id },
	{ "AuthservIDWithJobID", IMPORT_LOST,
	    .remark = "the field has no queue id; the log has it" },
	{ "AutoRestart", IMPORT_CARRIED, .ours = "auto-restart",
	    .take = import_take_bool },
	{ "AutoRestartCount", IMPORT_SAME,
	    .remark = "the pause before a restart grows up to a minute" },
	{ "AutoRestartRate", IMPORT_SAME,
	    .remark = "the pause before a restart grows up to a minute" },
	{ "Background", IMPORT_SAME,
	    .remark = "the unit, or millgate without -f, decides" },
	{ "BaseDirectory", IMPORT_SAME,
	    .remark = "paths below it are written in full" },
	{ "ChangeRootDirectory", IMPORT_LOST,
	    .remark = "the unit of millgate has a sandbox; write paths as "
	    "they are outside of that directory" },
	{ "CopyFailuresTo", IMPORT_LOST,
	    .remark = "no recipient is added; an action hold keeps such mail "
	    "in the queue" },
	{ "DomainWhitelist", IMPORT_LOST, .remark = ARC },
	{ "DomainWhitelistFile", IMPORT_LOST, .remark = ARC },
	{ "DomainWhitelistSize", IMPORT_LOST, .remark = ARC },
	{ "DNSTimeout", IMPORT_SAME,
	    .remark = "timeout in section resolver is for all lookups of a "
	    "message; its default is 20 seconds" },
	{ "EnableCoredumps", IMPORT_SAME,
	    .remark = "the unit sets LimitCORE" },
	{ "FailureReports", IMPORT_LOST, .remark = REPORTS },
	{ "FailureReportsBcc", IMPORT_LOST, .remark = REPORTS },
	{ "FailureReportsOnNone", IMPORT_LOST, .remark = REPORTS },
	{ "FailureReportsSentBy", IMPORT_LOST, .remark = REPORTS },
	{ "HistoryFile", IMPORT_CARRIED, .ours = "dmarc record-outcomes",
	    .take = take_history,
	    .remark = "results are counted in the state file; see "
	    "millgatectl outcomes. No reports are sent" },
	{ "HoldQuarantinedMessages", IMPORT_CARRIED,
	    .ours = "dmarc on-quarantine", .take = take_hold,
	    .def = "false" },
	{ "IgnoreAuthenticatedClients", IMPORT_CARRIED,
	    .ours = "trust-authenticated", .take = import_take_bool,
	    .def = "false" },
	{ "IgnoreHosts", IMPORT_CARRIED, .ours = "override networks",
	    .take = take_hosts, .def = "127.0.0.1" },
	{ "IgnoreMailFrom", IMPORT_CARRIED,
	    .ours = "override author-domains", .take = take_ignored_from },
	{ "IgnoreMailTo", IMPORT_LOST,
	    .remark = "it concerns reports, which millgate does not send" },
	{ "MilterDebug", IMPORT_SAME,
	    .remark = "it is for debugging" },
	{ "PidFile", IMPORT_SAME, .remark = IMPORT_OWNFILES },
	{ "PublicSuffixList", IMPORT_SAME,
	    .remark = "the organizational domain is found by a DNS tree walk "
	    "(RFC 9989)" },
	{ "RecordAllMessages", IMPORT_LOST,
	    .remark = "mail without a DMARC policy is not counted" },
	{ "RejectFailures", IMPORT_CARRIED, .ours = "dmarc on-reject",
	    .take = take_reject, .def = "false" },
	{ "RejectMultiValueFrom", IMPORT_CARRIED,
	    .ours = "dmarc on-bad-from", .def = "false" },
	{ "RejectString", IMPORT_LOST,
	    .remark = "the text of the reply cannot be chosen" },
	{ "ReportCommand", IMPORT_LOST, .remark = REPORTS },
	{ "RequiredHeaders", IMPORT_CARRIED,
	    .ours = "dmarc on-missing-from", .take = take_headers,
	    .def = "false" },
	{ "Socket", IMPORT_SAME, .remark = OWNSOCKET },
	{ "SoftwareHeader", IMPORT_LOST,
	    .remark = "no such field is added" },
	{ "SPFIgnoreResults", IMPORT_SAME, .remark = SPFOWN },
	{ "SPFSelfValidate", IMPORT_SAME, .remark = SPFOWN },
	{ "Syslog", IMPORT_SAME, .remark = IMPORT_LOG },
	{ "SyslogFacility", IMPORT_LOST, .harmless = "mail",
	    .remark = "the facility is mail" },
	{ "TrustedAuthservIDs", IMPORT_CARRIED, .take = take_trusted_ids },
	{ "UMask", IMPORT_SAME, .remark = IMPORT_OWNFILES },
	{ "UserID", IMPORT_SAME, .remark = IMPORT_OWNFILES },
	{ NULL }
};

const struct import_program import_opendmarc = {
	"opendmarc", "opendmarc.conf(5)", rows, import_read_words, NULL,
	opendmarc_absent
};
