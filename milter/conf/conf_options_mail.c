/*
 * conf_options_mail - options of the sections that say what is done with a
 * message: signing, spf, dkim, dmarc, override, quota, fuse
 */
#include "conf/conf.h"
#include "conf_options_priv.h"

static const char *const action_words[] = {
	[ACTION_ACCEPT] = "accept", [ACTION_TAG] = "tag",
	[ACTION_HOLD] = "hold", [ACTION_DEFER] = "defer",
	[ACTION_REJECT] = "reject"
};
static const char *const quota_words[] = {
	[ACTION_HOLD] = "hold", [ACTION_DEFER] = "defer",
	[ACTION_REJECT] = "reject"
};
static const char *const bytes_words[] = {
	[BYTES_OF_MESSAGE] = "message", [BYTES_OF_DELIVERED] = "delivered"
};
static const char *const several_words[] = {
	[SEVERAL_REFUSE] = "refuse", [SEVERAL_STRICTEST] = "strictest"
};
/* enum test_keys */
static const char *const test_key_words[] = { "pass", "ignore" };
static const char *const store_words[] = {
	[ACTION_ACCEPT] = "accept", [ACTION_DEFER] = "defer"
};

static const char *const replaces_words[] = {
	[OVERRIDE_DMARC] = "dmarc", [OVERRIDE_SPF] = "spf",
	[OVERRIDE_BOTH] = "both"
};

#define OVERRIDE(field)	.at = offsetof(struct override_rules, field)

const struct conf_option conf_options_mail[] = {
	{ "signing", "key-directory", OPT_TEXT, CONF(signing.key_directory),
	    .def_said = CONF_KEYS ", if it exists", .syntax = syntax_path,
	    .help = "directory of DKIM keys, as DOMAIN/SELECTOR.private" },
	{ "signing", "key-table", OPT_TEXT, CONF(signing.key_table),
	    .def = "", .syntax = syntax_table, .help = "OpenDKIM's KeyTable" },
	{ "signing", "signing-table", OPT_TEXT, CONF(signing.signing_table),
	    .def = "", .syntax = syntax_table,
	    .help = "OpenDKIM's SigningTable" },
	{ "signing", "keys-database", OPT_TEXT, CONF(signing.keys_database),
	    .def = "", .syntax = syntax_database, .of_keys = true,
	    .help = "database of DKIM keys: a URL as in users-database, or the"
	    " path of an SQLite file" },
	{ "signing", "keys-query", OPT_TEXT, CONF(signing.keys_query),
	    .def = "", .of_keys = true,
	    .help = "query for the keys of the domain $1" },
	{ "signing", "keys-password-file", OPT_TEXT,
	    CONF(signing.keys_password_file), .def = "",
	    .syntax = syntax_path, .of_keys = true,
	    .help = "file with the password for keys-database" },
	{ "signing", "keys-ca-file", OPT_TEXT, CONF(signing.keys_ca_file),
	    .def = "", .syntax = syntax_path, .of_keys = true,
	    .help = "certificates that verify the server of keys-database; "
	    "empty: the system's" },
	{ "signing", "canonicalization", OPT_CANON,
	    CONF(signing.rules.header_canon),
	    MORE(conf, signing.rules.body_canon), .def = "relaxed/relaxed",
	    .help = "header/body: simple or relaxed each" },
	{ "signing", "ttl", OPT_UINT, CONF(signing.rules.ttl), .def = "0",
	    .max = 31536000, .help = "seconds until a signature expires; 0: "
	    "never" },
	{ "signing", "timestamp", OPT_BOOL, CONF(signing.rules.timestamp),
	    .def = "yes", .help = "write t= into signatures" },
	{ "signing", "sign-fields", OPT_LIST, CONF(signing.rules.fields),
	    .def = "", .syntax = syntax_field, .help = "fields that are "
	    "signed; empty: those that RFC 6376 5.4.1 names, and similar" },
	{ "signing", "skip-fields", OPT_LIST, CONF(signing.rules.skip),
	    .def = "", .syntax = syntax_skipped_field,
	    .help = "fields that are not signed" },
	{ "signing", "oversign", OPT_LIST, CONF(signing.rules.oversign),
	    .def = "From, To, Cc, Subject, Date, Reply-To, Message-ID, "
	    "MIME-Version, Content-Type, Content-Transfer-Encoding, List-Id, "
	    "List-Unsubscribe, List-Unsubscribe-Post, List-Help, "
	    "List-Subscribe, List-Post, List-Owner, List-Archive, Sender",
	    .syntax = syntax_field,
	    .help = "fields that cannot be added to a signed message" },
	{ "signing", "exempt-domains", OPT_LIST,
	    CONF(signing.exempt.domains), MORE(conf, signing.exempt.ndomains),
	    .def = "", .syntax = syntax_domain,
	    .help = "author domains whose mail is not signed" },
	{ "signing", "exempt-recipients", OPT_LIST,
	    CONF(signing.exempt.recipients),
	    MORE(conf, signing.exempt.nrecipients), .def = "",
	    .syntax = syntax_sender, .help = "mail to them is not signed" },
	{ "signing", "identity", OPT_BOOL, CONF(signing.rules.identity),
	    .def = "no", .help = "write i=@DOMAIN into signatures" },
	{ "signing", "own-domain-only", OPT_BOOL,
	    CONF(signing.rules.own_domain_only), .def = "no",
	    .help = "never sign with the key of a parent domain" },
	{ "signing", "all-matches", OPT_BOOL, CONF(signing.rules.all_matches),
	    .def = "no", .help = "sign by all matching lines of "
	    "signing-table, not only the first" },

	{ "spf", "on-fail", OPT_WORD, CONF(spf.mfrom.on_fail), .def = "tag",
	    WORDS(action_words), .help = "action when SPF gives fail" },
	{ "spf", "on-softfail", OPT_WORD, CONF(spf.mfrom.on_softfail),
	    .def = "tag", WORDS(action_words),
	    .help = "action when SPF gives softfail" },
	{ "spf", "on-permerror", OPT_WORD, CONF(spf.mfrom.on_permerror),
	    .def = "tag", WORDS(action_words),
	    .help = "action when the sender's SPF record is invalid" },
	{ "spf", "on-temperror", OPT_WORD, CONF(spf.mfrom.on_temperror),
	    .def = "tag", WORDS(action_words),
	    .help = "action when an SPF lookup failed" },
	{ "spf", "helo-on-fail", OPT_WORD, CONF(spf.helo.on_fail),
	    .def = "tag", WORDS(action_words),
	    .help = "action when SPF gives fail for the HELO name" },
	{ "spf", "helo-on-softfail", OPT_WORD, CONF(spf.helo.on_softfail),
	    .def = "tag", WORDS(action_words),
	    .help = "action when SPF gives softfail for the HELO name" },
	{ "spf", "helo-on-permerror", OPT_WORD, CONF(spf.helo.on_permerror),
	    .def = "tag", WORDS(action_words),
	    .help = "action when the HELO name's SPF record is invalid" },
	{ "spf", "helo-on-temperror", OPT_WORD, CONF(spf.helo.on_temperror),
	    .def = "tag", WORDS(action_words),
	    .help = "action when an SPF lookup for the HELO name failed" },
	{ "spf", "max-void-lookups", OPT_UINT, CONF(spf.max_voids),
	    .def = "2", .min = 0, .max = 20,
	    .help = "SPF terms of one check whose lookups may find nothing" },
	{ "spf", "received-spf", OPT_BOOL, CONF(spf.received_spf),
	    .def = "no", .help = "also insert a Received-SPF field" },

	{ "dkim", "verify", OPT_BOOL, CONF(dkim.verify), .def = "yes",
	    .help = "verify signatures of inbound mail" },
	{ "dkim", "max-signatures", OPT_UINT, CONF(dkim.max_signatures),
	    .def = "10", .min = 1, .max = 100, .help = "signatures evaluated" },
	{ "dkim", "max-signature-bytes", OPT_UINT,
	    CONF(dkim.max_signature_bytes), .def = "32768", .min = 1024,
	    .max = 1048576, .help = "octets of one DKIM-Signature field" },
	{ "dkim", "max-signed-names", OPT_UINT, CONF(dkim.max_signed_names),
	    .def = "512", .min = 32, .max = 10000, .help = "names in an h=" },
	{ "dkim", "clock-skew", OPT_UINT, CONF(dkim.clock_skew), .def = "300",
	    .max = 86400, .help = "seconds that t= and x= may be off" },
	{ "dkim", "min-key-bits", OPT_UINT, CONF(dkim.min_key_bits),
	    .def = "1024", .min = 1024, .max = 8192, .help = "of an RSA key" },
	{ "dkim", "max-age", OPT_UINT, CONF(dkim.max_age), .def = "0",
	    .max = 31536000, .help = "seconds that a signature is valid" },
	{ "dkim", "test-keys", OPT_WORD, CONF(dkim.test_keys),
	    .def = "pass", WORDS(test_key_words),
	    .help = "what a valid signature by a key with t=y counts" },
	{ "dkim", "required-fields", OPT_LIST, CONF(dkim.required_fields),
	    .def = "From", .syntax = syntax_field, .help = "that it covers" },

	{ "dmarc", "on-reject", OPT_WORD, CONF(dmarc.on_reject),
	    .def = "reject", WORDS(action_words),
	    .help = "action when DMARC fails and the policy is reject" },
	{ "dmarc", "on-quarantine", OPT_WORD, CONF(dmarc.on_quarantine),
	    .def = "hold", WORDS(action_words),
	    .help = "action when DMARC fails and the policy is quarantine" },
	{ "dmarc", "on-none", OPT_WORD, CONF(dmarc.on_none), .def = "tag",
	    WORDS(action_words),
	    .help = "action when DMARC fails and the policy is none" },
	{ "dmarc", "on-temperror", OPT_WORD, CONF(dmarc.on_temperror),
	    .def = "defer", WORDS(action_words),
	    .help = "action when a failed lookup could have made mail pass "
	    "a policy of reject" },
	{ "dmarc", "on-missing-from", OPT_WORD, CONF(dmarc.on_missing_from),
	    .def = "reject", WORDS(action_words),
	    .help = "action when there is no From field" },
	{ "dmarc", "on-repeated-from", OPT_WORD,
	    CONF(dmarc.on_repeated_from), .def = "reject",
	    WORDS(action_words),
	    .help = "action when there is more than one From field" },
	{ "dmarc", "on-bad-from", OPT_WORD, CONF(dmarc.on_bad_from),
	    .def = "reject", WORDS(action_words),
	    .help = "action when From is malformed or has no address" },
	{ "dmarc", "several-domains", OPT_WORD, CONF(dmarc.several_domains),
	    .def = "refuse", WORDS(several_words),
	    .help = "for a From of several domains: refuse takes "
	    "on-bad-from; strictest takes the strictest policy" },
	{ "dmarc", "record-outcomes", OPT_BOOL, CONF(outcomes.record),
	    .def = "no", .help = "count DMARC outcomes in the state file" },
	{ "dmarc", "keep-outcomes", OPT_UINT, CONF(outcomes.days),
	    .def = "30", .min = 1, .max = 3650,
	    .help = "days that recorded outcomes are kept" },

	{ "override", "networks", OPT_NETWORKS, OVERRIDE(networks),
	    MORE(override_rules, nnetworks), .def = "",
	    .help = "clients it applies to; empty: all" },
	{ "override", "author-domains", OPT_LIST, OVERRIDE(author_domains),
	    MORE(override_rules, nauthor_domains), .def = "",
	    .syntax = syntax_domain,
	    .help = "From domains it applies to; empty: all" },
	{ "override", "signers", OPT_LIST, OVERRIDE(signers),
	    MORE(override_rules, nsigners), .def = "",
	    .syntax = syntax_domain,
	    .help = "domains of which a valid DKIM signature is required; "
	    "empty: none" },
	{ "override", "recipients", OPT_LIST, OVERRIDE(recipients),
	    MORE(override_rules, nrecipients), .def = "",
	    .syntax = syntax_sender,
	    .help = "recipients it applies to; empty: all" },
	{ "override", "replaces", OPT_WORD, OVERRIDE(of), .def = "dmarc",
	    WORDS(replaces_words), .help = "whose action it replaces" },
	{ "override", "action", OPT_WORD, OVERRIDE(action), .def = "tag",
	    WORDS(action_words), .help = "action instead of that one" },
	{ "override", "reason", OPT_TEXT, OVERRIDE(reason), .def = "",
	    .syntax = syntax_reason, .help = "shown in log and header" },

	{ "quota", "action", OPT_WORD, CONF(quota.action), .def = "defer",
	    WORDS(quota_words), .help = "action when a quota is exceeded" },
	{ "quota", "on-store-failure", OPT_WORD,
	    CONF(quota.on_store_failure), .def = "defer", WORDS(store_words),
	    .help = "action when the state cannot be used" },
	{ "quota", "bytes-count", OPT_WORD, CONF(quota.bytes_count),
	    .def = "message", WORDS(bytes_words), .help = "message: bytes "
	    "count once; delivered: once for each recipient" },
	{ "quota", "warn-at", OPT_PERCENTS, CONF(warn.share),
	    MORE(conf, warn.n), .def = "80, 100", .min = 1, .max = 100,
	    .help = "percentages of a limit at which a warning is logged "
	    "and notify-command runs; empty: none" },
	{ "quota", "notify-command", OPT_TEXT, CONF(notify.command),
	    .def = "", .syntax = syntax_command,
	    .help = "program with its arguments, run for each event; "
	    "empty: none" },
	{ "quota", "notify-timeout", OPT_UINT, CONF(notify.timeout),
	    .def = "10", .min = 1, .max = 3600,
	    .help = "seconds until notify-command is killed" },
	{ "quota", "notify-parallel", OPT_UINT, CONF(notify.parallel),
	    .def = "4", .min = 1, .max = NOTIFIER_PARALLEL_MAX,
	    .help = "notify-commands that run at once; further warnings "
	    "run none" },

	{ "fuse", "networks", OPT_UINT, CONF(fuse.limit[FUSE_NETWORKS]),
	    .def = "0", .min = 0, .max = FUSE_LIMIT_MAX,
	    .help = "client networks of a login in an hour; 0: no limit" },
	{ "fuse", "refused", OPT_UINT, CONF(fuse.limit[FUSE_REFUSED]),
	    .def = "0", .min = 0, .max = 10000,
	    .help = "refused recipients of a login an hour; 0: no limit" },
	{ "fuse", "from", OPT_UINT, CONF(fuse.limit[FUSE_FROM]),
	    .def = "0", .min = 0, .max = FUSE_LIMIT_MAX,
	    .help = "From addresses of a login in an hour; 0: no limit" },
	{ "fuse", "action", OPT_WORD, CONF(fuse.action), .def = "defer",
	    WORDS(quota_words),
	    .help = "action for mail of a login that exceeded a limit" },
	{ "fuse", "for", OPT_UINT, CONF(fuse.seconds),
	    .def = "3600", .min = 60, .max = 2592000,
	    .help = "seconds that the login is blocked" },
};
const size_t conf_options_mail_n = sizeof(conf_options_mail) /
    sizeof(conf_options_mail[0]);
