/*
 * import: what becomes of the settings of other programs; each trap is a
 * row. Whatever is written loads as a configuration.
 */
#include "test.h"

#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "conf/conf_options.h"
#include "import/import_priv.h"

enum { DKIM, DMARC, SPF, RATE };

/* The files that settings may name. */
static const struct {
	const char *path, *text;
} files[] = {
	{ "/etc/opendkim/TrustedHosts", "# ours\n127.0.0.1\n::1\nlocalhost\n"
	    "192.0.2.0/24\nmail.example.org\n*.example.net\n!192.0.2.9\n"
	    "[2001:db8::1]\n" },
	{ "/etc/opendkim/more.conf", "Canonicalization relaxed/relaxed\n" },
	{ "/etc/opendkim/loop.conf", "Include /etc/opendkim/loop.conf\n" },
	{ "/etc/opendmarc/ignore.hosts", "localhost\n198.51.100.0/25\n" },
	{ "/etc/opendkim/exempt", "example.net  whatever\n.example.com\n" },
};

static bool
load_file(struct import *im, const char *path, struct buf *text,
    const char **why)
{
	size_t i;

	(void)im;
	*why = "No such file or directory";
	for (i = 0; i < NELEM(files); i++)
		if (strcmp(files[i].path, path) == 0) {
			buf_addstr(text, files[i].text);
			return true;
		}
	return false;
}

/* What is written for the file `text` of program `p`; the caller frees it. */
static char *
imported(size_t p, const char *text, struct buf *why)
{
	static const char *const names[] = { "opendkim.conf",
		"opendmarc.conf", "policyd-spf.conf", "rate.yaml" };
	struct import	 im;
	char		*out = NULL;
	size_t		 len, i;
	FILE		*f = open_memstream(&out, &len);

	import_init(&im);
	im.load = load_file;
	if (import_read(&im, import_programs[p], names[p], text, strlen(text)))
		import_run(&im);
	else
		for (i = 0; i < im.errors.n; i++)
			buf_printf(why, "%s\n", im.errors.text[i]);
	import_print(&im, f);
	import_done(&im);
	fclose(f);
	return out;
}

/* A build without libyaml refuses these files. */
static bool
reads(size_t program)
{
	struct buf	why = BUF_INIT;
	bool		yes;

	free(imported(program, program == RATE ? "limits: []\n" : "", &why));
	yes = strstr(buf_str(&why), "without libyaml") == NULL;
	buf_free(&why);
	return yes;
}

static void
conf_loads(const char *name, const char *text)
{
	char		*why = NULL;
	struct conf	*c = conf_load_text("imported", text, &why);

	if (c == NULL)
		row_fail(name, "%s in\n%s", why, text);
	conf_unref(&c);
}

static const struct {
	const char	*name;
	size_t		 program;
	const char	*text;
	/* parts of the output in this order; "!": not there */
	const char	*want[8];
} rows[] = {
	/* OpenDKIM */
	{ "a comment says where a line came from", DKIM,
	    "# x\nSyslog yes # y\n\n  Canonicalization\trelaxed/simple  # z\n",
	    { "canonicalization = \"relaxed/simple\"\t# opendkim.conf:4 "
	    "Canonicalization\n", "opendkim.conf:2 Syslog: millgate writes" } },
	{ "their default canonicalization is simple/simple", DKIM, "",
	    { "canonicalization = \"simple/simple\"\t# opendkim.conf(5): "
	    "Canonicalization is simple by default" } },
	{ "one word is for the header", DKIM, "Canonicalization relaxed",
	    { "canonicalization = \"relaxed/simple\"" } },
	{ "names have no case", DKIM, "CANONICALIZATION relaxed/relaxed",
	    { "\"relaxed/relaxed\"" } },
	{ "InternalHosts is 127.0.0.1 by default", DKIM, "",
	    { "listener internal", "client-networks = {\"127.0.0.1/32\"}\t# "
	    "opendkim.conf(5): the default", "relay internal" } },
	{ "TrustedHosts with names and patterns", DKIM,
	    "InternalHosts refile:/etc/opendkim/TrustedHosts",
	    { "client-networks = {\"127.0.0.1/32\", \"::1/128\", "
	    "\"192.0.2.0/24\", \"2001:db8::1/128\"}\t# "
	    "/etc/opendkim/TrustedHosts:2, and 3 more",
	    "mail.example.org (/etc/opendkim/TrustedHosts:6): this is a host "
	    "name", "*.example.net (/etc/opendkim/TrustedHosts:7): clients",
	    " !192.0.2.9 (/etc/opendkim/TrustedHosts:8): an exclusion" } },
	{ "a list with commas, and csl:", DKIM,
	    "InternalHosts csl:10.0.0.0/8 , 192.168.0.0/16\nPeerList "
	    "198.51.100.7,2001:DB8::/32",
	    { "trusted-networks = {\"198.51.100.7/32\", \"2001:db8::/32\"}",
	    "client-networks = {\"10.0.0.0/8\", \"192.168.0.0/16\"}\t# "
	    "opendkim.conf:1", "opendkim.conf:2: PeerList" } },
	{ "a file that is missing", DKIM, "InternalHosts /no/such",
	    { "!client-networks", "opendkim.conf:1: InternalHosts /no/such: "
	    "the file cannot be read: No such" } },
	{ "a data set in a database", DKIM, "ExemptDomains ldap://x/y",
	    { "!exempt-domains =", "opendkim.conf:1: ExemptDomains "
	    "ldap://x/y: data sets of this type" } },
	{ "keys that others may read", DKIM, "RequireSafeKeys no",
	    { "opendkim.conf:1: RequireSafeKeys no: a key that others may "
	    "read is refused; run millgatectl key fix" } },
	{ "keys that others may not read", DKIM, "RequireSafeKeys yes",
	    { "!others may read" } },
	{ "fields that must be there", DKIM, "RequiredHeaders yes",
	    { "on-missing-from = reject", "on-repeated-from = reject" } },
	{ "fields that may be missing", DKIM, "RequiredHeaders no",
	    { "!= reject" } },
	{ "a data set in a Berkeley database", DKIM,
	    "InternalHosts /etc/hosts.db", { "data sets of this type" } },
	{ "Domain and KeyFile without tables", DKIM,
	    "Domain example.org, Example.COM\nSelector 2026\n"
	    "KeyFile /etc/dkimkeys/2026.private",
	    { "!key-table", "install -g millgate -m 0640 "
	    "'/etc/dkimkeys/2026.private' ",
	    "/keys/example.org/2026.private", "/example.com/2026.private" } },
	{ "a path that a shell would not leave alone", DKIM,
	    "Domain example.org\nSelector 2026\nKeyFile /etc/a'b",
	    { "!install", "copy the key of example.org" } },
	{ "a domain without a key, and BaseDirectory", DKIM,
	    "BaseDirectory /etc/od\nDomain example.org\nSelector 2026\n",
	    { "!install", "no key is named" } },
	{ "tables", DKIM, "KeyTable file:/etc/opendkim/key.table\n"
	    "SigningTable refile:/etc/opendkim/signing.table\n"
	    "MultipleSignatures yes",
	    { "key-table = \"/etc/opendkim/key.table\"\t# opendkim.conf:1",
	    "signing-table = \"refile:/etc/opendkim/signing.table\"",
	    "all-matches = yes", "run millgatectl key fix" } },
	{ "tables below BaseDirectory", DKIM, "BaseDirectory /etc/od\n"
	    "KeyTable key.table\nSigningTable refile:signing.table",
	    { "key-table = \"/etc/od/key.table\"",
	    "\"refile:/etc/od/signing.table\"" } },
	{ "one table", DKIM, "BaseDirectory /etc/od\nKeyTable key.table\n",
	    { "!key-table =", "one is missing or not a file" } },
	{ "tables in a database", DKIM, "KeyTable dsn:mysql://x/y\n"
	    "SigningTable refile:/etc/s", { "!key-table =",
	    "opendkim.conf:1: KeyTable" } },
	{ "subdomains are not signed by default", DKIM, "",
	    { "own-domain-only = yes\t# opendkim.conf(5): SubDomains" } },
	{ "SubDomains", DKIM, "SubDomains yes", { "!own-domain-only" } },
	{ "Mode v", DKIM, "Mode v", { "!submission", "key-directory = \"\"\t# "
	    "opendkim.conf:1 Mode" } },
	{ "Mode s", DKIM, "Mode s", { "direction = submission",
	    "verify = no\t# opendkim.conf:1 Mode" } },
	{ "MTA", DKIM, "MTA MSA,ORIGINATING", { "listener services {",
	    "daemon-names = {MSA, ORIGINATING}\t# opendkim.conf:1",
	    "listener submission {" } },
	{ "MacroList", DKIM,
	    "MacroList csl:{daemon_name}|A|B,{auth_type},{x}|y",
	    { "daemon-names = {A, B}", "the macro {x} does not" } },
	{ "SignHeaders", DKIM, "SignHeaders From,To,Subject",
	    { "sign-fields = {From, To, Subject}" } },
	{ "SignHeaders as a change", DKIM, "SignHeaders *,+X-Ours,-Date",
	    { "sign-fields = {From, Reply-To, Subject, To,",
	    "List-Archive, X-Ours}" } },
	{ "OversignHeaders beside SignHeaders", DKIM, "SignHeaders Subject\n"
	    "OversignHeaders From,X-A", { "sign-fields = {Subject, From, X-A}",
	    } },
	{ "OmitHeaders", DKIM, "OmitHeaders *,+List-Id,-Bcc,From",
	    { "skip-fields = {List-Id}", "From is left out" } },
	{ "OversignHeaders", DKIM, "OversignHeaders From,Subject",
	    { "oversign = {From, Subject}", "opendkim.conf:1: "
	    "OversignHeaders From,Subject: by default" } },
	{ "ExemptDomains", DKIM, "ExemptDomains file:/etc/opendkim/exempt",
	    { "exempt-domains = {\"example.net\", \".example.com\"}\t# "
	    "/etc/opendkim/exempt:1, ExemptDomains" } },
	{ "DontSignMailTo", DKIM, "DontSignMailTo a@example.net,example.com",
	    { "exempt-recipients = {\"a@example.net\", \"@example.com\"}" } },
	{ "MustBeSigned", DKIM, "MustBeSigned Subject",
	    { "required-fields = {From, Subject}" } },
	{ "On-BadSignature", DKIM, "On-BadSignature reject\n"
	    "On-NoSignature accept\nOn-DNSError tempfail",
	    { "opendkim.conf:1: On-BadSignature reject: a signature",
	    "!On-NoSignature", "!On-DNSError" } },
	{ "what asks for nothing is not mentioned", DKIM,
	    "SendReports no\nFixCRLF false\nDiagnostics 0", { "!SendReports",
	    "!FixCRLF", "!Diagnostics" } },
	{ "numbers are moved into our bounds", DKIM,
	    "MinimumKeyBits 512\nMaximumHeaders 0\nSignatureTTL x",
	    { "max-header-bytes = 16777216", "min-key-bits = 1024",
	    "opendkim.conf:1: MinimumKeyBits 512: dkim min-key-bits takes "
	    "1024 to 8192; 1024 is written",
	    "opendkim.conf:3: SignatureTTL x: this is not a number" } },
	{ "HOSTNAME is no name", DKIM, "AuthservID HOSTNAME",
	    { "!authserv-id =", "takes the MTA's own name" } },
	{ "Include", DKIM, "Include /etc/opendkim/more.conf",
	    { "\"relaxed/relaxed\"\t# /etc/opendkim/more.conf:1" } },
	{ "the last of two is taken", DKIM, "Canonicalization simple\n"
	    "Canonicalization relaxed/relaxed", { "\"relaxed/relaxed\"\t# "
	    "opendkim.conf:2" } },
	{ "an option that does not exist", DKIM, "Canonicalisation simple",
	    { "opendkim.conf:1: Canonicalisation simple: opendkim.conf(5) has "
	    "no such option" } },
	{ "without OpenDMARC no policy is followed", DKIM, "",
	    { "on-reject = tag\t# no file of OpenDMARC", "section dmarc: no "
	    "policy is followed" } },
	{ "without a rate limit nothing is counted", DKIM, "",
	    { "default-plan = unlimited", "plan unlimited {" } },
	/* OpenDMARC */
	{ "OpenDMARC refuses nothing by default", DMARC, "",
	    { "trust-authenticated = no", "on-quarantine = tag",
	    "on-reject = tag\t# opendmarc.conf(5): RejectFailures is false",
	    "on-temperror = tag", "on-missing-from = tag" } },
	{ "RejectFailures", DMARC, "RejectFailures true\n"
	    "HoldQuarantinedMessages Yes", { "on-quarantine = hold",
	    "on-reject = reject\t# opendmarc.conf:1", "on-temperror = defer",
	    } },
	{ "IgnoreAuthenticatedClients", DMARC,
	    "IgnoreAuthenticatedClients true", { "trust-authenticated = yes" }
	    },
	{ "IgnoreHosts is 127.0.0.1 by default", DMARC, "",
	    { "override ignore-hosts {", "networks = {\"127.0.0.1/32\"}",
	    "action = accept" } },
	{ "IgnoreHosts", DMARC, "IgnoreHosts /etc/opendmarc/ignore.hosts",
	    { "networks = {\"127.0.0.1/32\", \"::1/128\", "
	    "\"198.51.100.0/25\"}\t# /etc/opendmarc/ignore.hosts:1",
	    "!replaces" } },
	{ "IgnoreMailFrom", DMARC, "IgnoreMailFrom example.org,Sub.Example.Com",
	    { "override ignore-mail-from", "author-domains = "
	    "{\"example.org\", \"sub.example.com\"}", "action = accept" } },
	{ "TrustedAuthservIDs", DMARC, "AuthservID mx.example.org\n"
	    "TrustedAuthservIDs HOSTNAME, MX.example.org,gw.example.org",
	    { "authserv-id = \"mx.example.org\"", "results in fields of "
	    "gw.example.org are not believed", "!fields of MX" } },
	{ "RejectMultiValueFrom", DMARC, "RejectMultiValueFrom yes",
	    { "on-missing-from = tag", "on-bad-from = reject" } },
	{ "RequiredHeaders", DMARC, "RequiredHeaders yes",
	    { "on-missing-from = reject", "on-bad-from = reject",
	    "!passes as before" } },
	{ "HistoryFile", DMARC, "HistoryFile /run/opendmarc/opendmarc.dat",
	    { "record-outcomes = yes" } },
	{ "ARC", DMARC, "DomainWhitelist lists.example.org",
	    { "ARC is not evaluated" } },
	/* policyd-spf */
	{ "policyd-spf refuses by default", SPF, "",
	    { "helo-on-fail = reject\t# policyd-spf.conf(5): HELO_reject is "
	    "Fail by default", "on-fail = reject", "received-spf = yes" } },
	{ "skip_addresses has 127.0.0.0/8 by default", SPF, "",
	    { "override skip-addresses {", "networks = {\"127.0.0.0/8\", "
	    "\"::1/128\"}", "replaces = spf", "action = accept" } },
	{ "defaultSeedOnly = 0 is the test mode, too", SPF,
	    "defaultSeedOnly = 0\n", { "on-fail = tag\t# policyd-spf.conf:1 "
	    "defaultSeedOnly" } },
	{ "defaultSeedOnly = 1 is not", SPF, "defaultSeedOnly = 1\n",
	    { "on-fail = reject" } },
	{ "TestOnly = 0 is the test mode", SPF, "TestOnly = 0\n",
	    { "helo-on-fail = tag\t# policyd-spf.conf:1 TestOnly",
	    "on-fail = tag" } },
	{ "TestOnly = 1 is not", SPF, "TestOnly = 1\n", { "on-fail = reject" }
	    },
	{ "never", SPF, "HELO_reject = False\nMail_From_reject = No_Check\n"
	    "PermError_reject = True\nTempError_Defer = True",
	    { "helo-on-fail = tag", "on-fail = tag", "!on-permerror",
	    "!on-temperror = defer" } },
	{ "softfail", SPF, "HELO_reject=Softfail\n"
	    "Mail_From_reject = SPF_Not_Pass", { "helo-on-fail = reject",
	    "helo-on-softfail = reject", "on-fail = reject",
	    "on-softfail = reject", "on-permerror = reject",
	    "the result neutral" } },
	{ "errors", SPF, "PermError_reject = True\nTempError_Defer = True",
	    { "helo-on-permerror = reject\t# policyd-spf.conf:1",
	    "helo-on-temperror = defer", "on-permerror = reject",
	    "on-temperror = defer\t# policyd-spf.conf:2" } },
	{ "true is not True", SPF, "PermError_reject = true",
	    { "!on-permerror" } },
	{ "No_Mail", SPF, "No_Mail = True", { "on-fail = tag",
	    "\"v=spf1 -all\" is not told" } },
	{ "Null", SPF, "HELO_reject = Null", { "helo-on-fail = tag",
	    "on-fail = reject", "with the null sender" } },
	{ "Whitelist", SPF, "Whitelist = 192.0.2.0/31,192.0.2.8/30\n"
	    "skip_addresses = 127.0.0.0/8,::ffff:10.0.0.0/104",
	    { "override skip-addresses", "{\"127.0.0.0/8\", \"10.0.0.0/8\"}",
	    "override spf-whitelist", "{\"192.0.2.0/31\", \"192.0.2.8/30\"}" }
	    },
	{ "names", SPF, "Domain_Whitelist = pobox.com", { "clients are not "
	    "exempted by names" } },
	{ "Header_Type", SPF, "Header_Type = AR\nAuthserv_Id = mx.example.org",
	    { "authserv-id = \"mx.example.org\"", "!received-spf" } },
	{ "limits", SPF, "Void_Limit = 5\nLookup_Time = 300",
	    { "timeout = 240", "max-void-lookups = 5",
	    "resolver timeout takes 1 to 240" } },
	{ "Per_User", SPF, "Per_User = json,/etc/x", { "write an override "
	    "section with recipients" } },
	/* policyd-rate-limit */
	{ "an hour", RATE, "limits:\n  - [100, 3600]\n",
	    { "default-plan = imported\t# rate.yaml:1 limits",
	    "plan imported {", "recipients-per-hour = 100\t# rate.yaml:1",
	    "!plans have no window", "!recipients-per-day" } },
	{ "other windows", RATE, "limits: [[10, 60], [150, 86400], "
	    "[9, 2592000], [20, 60]]\n",
	    { "recipients-per-minute = 10\t# rate.yaml:1",
	    "recipients-per-day = 150\t", "recipients-per-month = 9\t",
	    "!recipients-per-hour", "!plans have no window" } },
	{ "between windows", RATE, "limits: [[100, 1000], [5000, 604800]]\n",
	    { "recipients-per-minute = 100\t", "recipients-per-hour = 400\t",
	    "recipients-per-day = 5000\t", "recipients-per-month = 25000\t",
	    "rate.yaml:1: limits: 100 mails in 1000 seconds: plans have no "
	    "window of this length; the limits are those of the nearest ones",
	    "5000 mails in 604800 seconds" } },
	{ "beyond all windows", RATE, "limits: [[1, 10], [300, 31536000]]\n",
	    { "recipients-per-minute = 6\t", "recipients-per-month = 300\t",
	    "!recipients-per-hour", "!recipients-per-day" } },
	{ "limits by id", RATE, "limits: [[100, 3600]]\nlimits_by_id:\n"
	    "  foo: []\n  'a@example.org':\n    - [1000, 3600]\n"
	    "  192.168.0.254: [[1, 60]]\n",
	    { "plan imported {", "plan unlimited {", "plan imported-2 {",
	    "recipients-per-hour = 1000\t# rate.yaml:4 limits_by_id",
	    "user foo {", "plan = unlimited\t# rate.yaml:3 limits_by_id",
	    "user \"a@example.org\" {", "addresses have no limits" } },
	{ "logins are not counted", RATE, "limit_by_sasl: False\n"
	    "limits: [[1, 60]]\nlimit_by_ip: True\n", { "default-plan = "
	    "unlimited", "rate.yaml:3: limit_by_ip True: clients" } },
	{ "actions", RATE, "limits: [[1, 3600]]\nfail_action: \"reject x\"\n"
	    "db_error_action: \"dunno\"\n", { "action = reject",
	    "on-store-failure = accept" } },
	{ "defer, as a word", RATE, "limits: [[1, 3600]]\nfail_action: "
	    "\"defer_if_permit x\"\ndb_error_action: \"ok\"\n",
	    { "action = defer", "on-store-failure = accept" } },
	{ "defer, as a code", RATE, "limits: [[1, 3600]]\nfail_action: "
	    "\"450 x\"\ndb_error_action: \"450 x\"\n",
	    { "action = defer", "on-store-failure = defer" } },
	{ "reject, as a code", RATE, "limits: [[1, 3600]]\nfail_action: "
	    "\"550 x\"\n", { "action = reject" } },
	{ "hold", RATE, "limits: [[1, 3600]]\nfail_action: \"HOLD x\"\n",
	    { "action = hold" } },
	{ "another action", RATE, "limits: [[1, 3600]]\nfail_action: "
	    "\"redirect a@b\"\n", { "mail over a limit is deferred; see "
	    "action in section quota" } },
	{ "logins are not counted, in YAML's word", RATE,
	    "limit_by_sasl: no\nlimits: [[1, 3600]]\n",
	    { "default-plan = unlimited" } },
	{ "not a pair", RATE, "limits: [[1, x], 7]\n", { "plan unlimited",
	    "this is not a pair" } },
};

static void
settings_are_carried_over(void **state)
{
	struct buf	 why = BUF_INIT;
	const char	*at, *want;
	char		*out;
	size_t		 i, k;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		if (!reads(rows[i].program))
			continue;
		out = imported(rows[i].program, rows[i].text, &why);
		if (why.len > 0)
			row_fail(rows[i].name, "%s", buf_str(&why));
		at = out;
		for (k = 0; k < 8 && (want = rows[i].want[k]) != NULL; k++) {
			if (want[0] == '!') {
				if (strstr(out, want + 1) != NULL)
					row_fail(rows[i].name, "\"%s\" is in"
					    "\n%s", want + 1, out);
				continue;
			}
			at = strstr(at, want);
			if (at == NULL) {
				row_fail(rows[i].name, "no \"%s\" in\n%s",
				    want, out);
				break;
			}
			at += strlen(want);
		}
		conf_loads(rows[i].name, out);
		free(out);
	}
	buf_free(&why);
}

static void
errors_have_file_and_line(void **state)
{
	static const struct {
		const char	*name;
		size_t		 program;
		const char	*text, *want;
	} bad[] = {
		{ "not a line", DKIM, "Syslog yes\n= x\n",
		    "opendkim.conf:2: this is not a line of opendkim.conf(5), "
		    "which has the form: Name value\n" },
		{ "binary", DKIM, "Mode \001\n", "opendkim.conf:1: this is" },
		{ "no sign", SPF, "\n# x\nTestOnly 1\n",
		    "policyd-spf.conf:3: this is not a line of "
		    "policyd-spf.conf(5), which has the form: name = value" },
		{ "an include that is missing", DKIM, "Include /no/such",
		    "opendkim.conf:1: Include /no/such: No such file" },
		{ "an include of itself", DKIM,
		    "Include /etc/opendkim/loop.conf",
		    "/etc/opendkim/loop.conf:1: Include is nested more than "
		    "5 levels deep" },
		{ "not YAML", RATE, "limits: [\n", "rate.yaml:2: " },
		{ "an old file in Python", RATE, "import x\n",
		    "rate.yaml: this is not a file of policyd-rate-limit."
		    "yaml(5); its top must be" },
		{ "empty YAML", RATE, "", "rate.yaml: this is not a file" },
		{ "aliases", RATE, "a: &x [1]\nb: *x\n",
		    "rate.yaml:2: aliases are not read" },
		{ "deep", RATE, "a: [[[[[[[[[[1]]]]]]]]]]\n",
		    "rate.yaml:1: there are too many values" },
	};
	struct buf	 why = BUF_INIT;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		if (!reads(bad[i].program))
			continue;
		buf_reset(&why);
		free(imported(bad[i].program, bad[i].text, &why));
		if (strncmp(buf_str(&why), bad[i].want,
		    strlen(bad[i].want)) != 0)
			row_fail(bad[i].name, "%s", buf_str(&why));
	}
	buf_free(&why);
}

/* The options that the manual pages of Debian 12's packages name. */
static const struct {
	size_t		 program;
	const char	*names;
} manuals[] = {
	{ DKIM, "AllowSHA1Only AlwaysAddARHeader AuthservID "
	    "AuthservIDWithJobID AutoRestart AutoRestartCount "
	    "AutoRestartRate Background BaseDirectory BodyLengthDB "
	    "BogusKey CaptureUnknownErrors Canonicalization "
	    "ChangeRootDirectory ClockDrift Diagnostics "
	    "DiagnosticDirectory DisableCryptoInit DNSConnect DNSTimeout "
	    "Domain DomainKeysCompat DontSignMailTo EnableCoredumps "
	    "ExemptDomains ExternalIgnoreList FinalPolicyScript FixCRLF "
	    "IdentityHeader IdentityHeaderRemove IgnoreMalformedMail "
	    "Include InternalHosts KeepAuthResults KeepTemporaryFiles "
	    "KeyFile KeyTable LDAPAuthMechanism LDAPAuthName "
	    "LDAPAuthRealm LDAPAuthUser LDAPBindPassword LDAPBindUser "
	    "LDAPDisableCache LDAPKeepaliveIdle LDAPKeepaliveInterval "
	    "LDAPKeepaliveProbes LDAPTimeout LDAPUseTLS LogResults LogWhy "
	    "MacroList MaximumHeaders MaximumSignaturesToVerify "
	    "MaximumSignedBytes MilterDebug Minimum MinimumKeyBits Mode "
	    "MTA MTACommand MultipleSignatures MustBeSigned Nameservers "
	    "NoHeaderB OmitHeaders On-BadSignature On-Default On-DNSError "
	    "On-InternalError On-KeyNotFound On-NoSignature On-Security "
	    "On-SignatureError OversignHeaders PeerList PidFile POPDBFile "
	    "Quarantine QueryCache RedirectFailuresTo RemoveARAll "
	    "RemoveARFrom RemoveOldSignatures ReplaceHeaders ReplaceRules "
	    "ReportAddress ReportBccAddress RequestReports "
	    "RequiredHeaders RequireSafeKeys ResignAll ResignMailTo "
	    "ResolverConfiguration ResolverTracing ScreenPolicyScript "
	    "SelectCanonicalizationHeader Selector SenderHeaders "
	    "SenderMacro SendReports SetupPolicyScript SignatureAlgorithm "
	    "SignatureTTL SignHeaders SigningTable SMTPURI Socket "
	    "SoftStart SoftwareHeader Statistics StatisticsName "
	    "StatisticsPolicyScript StatisticsPrefix StrictHeaders "
	    "StrictTestMode SubDomains Syslog SyslogFacility SyslogName "
	    "SyslogSuccess TemporaryDirectory TestDNSData TestPublicKeys "
	    "TrustAnchorFile TrustSignaturesFrom UMask UnprotectedKey "
	    "UserID VBR-Certifiers VBR-PurgeFields VBR-TrustedCertifiers "
	    "VBR-TrustedCertifiersOnly VBR-Type WeakSyntaxChecks" },
	{ DMARC, "AuthservID AuthservIDWithJobID AutoRestart AutoRestartCount "
	    "AutoRestartRate Background BaseDirectory ChangeRootDirectory "
	    "CopyFailuresTo DomainWhitelist DomainWhitelistFile "
	    "DomainWhitelistSize DNSTimeout EnableCoredumps "
	    "FailureReports FailureReportsBcc FailureReportsOnNone "
	    "FailureReportsSentBy HistoryFile HoldQuarantinedMessages "
	    "IgnoreAuthenticatedClients IgnoreHosts IgnoreMailFrom "
	    "IgnoreMailTo MilterDebug PidFile PublicSuffixList "
	    "RecordAllMessages RejectFailures RejectMultiValueFrom "
	    "RejectString ReportCommand RequiredHeaders Socket "
	    "SoftwareHeader SPFIgnoreResults SPFSelfValidate Syslog "
	    "SyslogFacility TrustedAuthservIDs UMask UserID" },
	{ SPF, "debugLevel TestOnly defaultSeedOnly HELO_reject "
	    "HELO_pass_restriction Mail_From_reject "
	    "Mail_From_pass_restriction No_Mail Reject_Not_Pass_Domains "
	    "PermError_reject TempError_Defer Prospective skip_addresses "
	    "Whitelist HELO_Whitelist Domain_Whitelist "
	    "Domain_Whitelist_PTR SPF_Enhanced_Status_Codes Header_Type "
	    "Hide_Receiver Authserv_Id Lookup_Time Whitelist_Lookup_Time "
	    "Void_Limit Mock QueueID Reason_Message Socket PidFile UserID "
	    "UMask InternalHosts MacroList" },
	{ RATE, "debug user group pidfile mysql_config pgsql_config "
	    "sqlite_config backend SOCKET socket_permission limits "
	    "limits_by_id limit_by_sasl limit_by_sender limit_by_ip "
	    "limited_networks success_action fail_action db_error_action "
	    "config_file report report_from report_to report_subject "
	    "report_limits report_only_if_needed smtp_server "
	    "smtp_starttls smtp_credentials" },
};

static void
every_option_has_a_row(void **state)
{
	const struct import_row	*r;
	char			*list, *name, *save;
	size_t			 i, n;

	(void)state;
	for (i = 0; i < NELEM(manuals); i++) {
		list = xstrdup(manuals[i].names);
		save = NULL;
		n = 0;
		for (name = strtok_r(list, " ", &save); name != NULL;
		    name = strtok_r(NULL, " ", &save), n++) {
			r = import_programs[manuals[i].program]->row;
			while (r->name != NULL && strcmp(r->name, name) != 0)
				r++;
			if (r->name == NULL)
				row_fail(name, "has no row");
		}
		assert_true(n > 25);
		free(list);
	}
}

/* A row that is carried over names an option that exists; others say why. */
static void
rows_are_complete(void **state)
{
	const struct import_row	*r;
	size_t			 i;

	(void)state;
	for (i = 0; i < IMPORT_PROGRAMS; i++)
		for (r = import_programs[i]->row; r->name != NULL; r++) {
			if (r->ours != NULL && import_option(r->ours) == NULL)
				row_fail(r->name, "there is no option %s",
				    r->ours);
			if (r->kind != IMPORT_CARRIED && r->remark == NULL)
				row_fail(r->name, "has no remark");
			if (r->kind == IMPORT_CARRIED && r->ours == NULL &&
			    r->take == NULL)
				row_fail(r->name, "does nothing");
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_carried_over),
		cmocka_unit_test(errors_have_file_and_line),
		cmocka_unit_test(every_option_has_a_row),
		cmocka_unit_test(rows_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
