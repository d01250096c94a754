/*
 * policy_hint - the MTA setting to look at after a refusal
 *
 * Postfix and Sendmail send the macros that a milter requests, even when
 * their own lists lack them (measured: Postfix with each milter_protocol from
 * 2 to 6, Sendmail 8.17). From such an MTA, a macro that never arrived means
 * that no session used TLS, logged in, and so on: the service may not offer
 * it. Only an MTA that ignores our request needs a change of its own list.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/policy_hint.h"

#define POSTFIX_HELO_LIST \
	"milter_helo_macros = {tls_version} {cipher} {cipher_bits} " \
	"{cert_subject} {cert_issuer}"
#define SENDMAIL_HELO_LIST \
	"define(`confMILTER_MACROS_HELO', `{tls_version}, {cipher}, " \
	"{cipher_bits}, {cert_subject}, {cert_issuer}')"
#define POSTFIX_MAIL_LIST \
	"milter_mail_macros = i {mail_addr} {mail_host} {mail_mailer} " \
	"{auth_type} {auth_authen}"
#define SENDMAIL_MAIL_LIST \
	"define(`confMILTER_MACROS_ENVFROM', `i, {auth_type}, " \
	"{auth_authen}, {mail_mailer}, {mail_host}, {mail_addr}')"

/* A macro, the rules that need it, and the settings that provide it. */
static const struct proof {
	const char	*rules;		/* separated by blanks */
	const char	*macro;
	/* for an MTA that sends the macros we request */
	const char	*never;
	const char	*postfix_service, *sendmail_service;
	/* for an MTA that sends only those of its own list */
	const char	*postfix_list, *sendmail_list;
} proofs[] = {
	{ "tls-required min-tls plaintext-mechanism", "{tls_version}",
	    "no session has used TLS",
	    "smtpd_tls_security_level = encrypt (smtpd_tls_wrappermode = yes "
	    "on port 465)",
	    "confSERVER_CERT and confSERVER_KEY",
	    POSTFIX_HELO_LIST, SENDMAIL_HELO_LIST },
	{ "min-tls-bits", "{cipher_bits}",
	    "no session had a cipher of known strength",
	    "smtpd_tls_security_level = encrypt",
	    "confSERVER_CERT and confSERVER_KEY",
	    POSTFIX_HELO_LIST, SENDMAIL_HELO_LIST },
	{ "auth-required", "{auth_type}",
	    "no client has logged in",
	    "smtpd_sasl_auth_enable = yes",
	    "confAUTH_MECHANISMS",
	    POSTFIX_MAIL_LIST, SENDMAIL_MAIL_LIST },
	{ "auth-required", "{auth_authen}",
	    "no login had a name",
	    "smtpd_sasl_auth_enable = yes",
	    "confAUTH_MECHANISMS",
	    POSTFIX_MAIL_LIST, SENDMAIL_MAIL_LIST },
	{ "second-factor", "{cert_subject}",
	    "no client has presented a verified certificate",
	    "smtpd_tls_ask_ccert = yes and smtpd_tls_CAfile",
	    "confCACERT and confCACERT_PATH",
	    POSTFIX_HELO_LIST,
	    "define(`confMILTER_MACROS_ENVFROM', `i, {auth_type}, "
	    "{auth_authen}, {verify}, {cn_subject}, {cert_subject}, "
	    "{cert_issuer}')" },
	{ "listener-unknown", "{daemon_port}",
	    "the MTA does not send the port",
	    "milter_macro_daemon_name on the service, daemon-names in "
	    "millgate.conf (Postfix before 3.2 has no {daemon_port})",
	    "DAEMON_OPTIONS with Name=, daemon-names in millgate.conf",
	    "milter_connect_macros = j {daemon_name} {daemon_addr} "
	    "{daemon_port} v _",
	    "define(`confMILTER_MACROS_CONNECT', `j, _, {daemon_name}, "
	    "{daemon_port}, {daemon_addr}, {if_name}, {if_addr}')" },
};

enum mta_kind
policy_mta_kind(const char *version)
{
	if (version == NULL)
		return MTA_UNKNOWN;
	if (strncasecmp(version, "Postfix", 7) == 0)
		return MTA_POSTFIX;
	/* "8.17.1.9": the {v} of other MTAs does not begin with "8." */
	return version[0] == '8' && version[1] == '.' ? MTA_SENDMAIL :
	    MTA_UNKNOWN;
}

static bool
is_word_of(const char *word, const char *list)
{
	size_t		 len = strlen(word);
	const char	*p = list;

	while ((p = strstr(p, word)) != NULL) {
		if ((p == list || p[-1] == ' ') &&
		    (p[len] == ' ' || p[len] == '\0'))
			return true;
		p += len;
	}
	return false;
}

/* The first macro that this rule needs and that never came; NULL: none. */
static const struct proof *
missing_proof(const char *rule, policy_never_fn *never, const void *arg)
{
	size_t i;

	for (i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
		if (is_word_of(rule, proofs[i].rules) &&
		    never(arg, proofs[i].macro))
			return &proofs[i];
	return NULL;
}

/* The setting; for an unknown MTA that of Postfix and that of Sendmail. */
static void
hint_setting(const struct proof *p, const struct mta_facts *mta,
    char setting[POLICY_SETTING])
{
	const char *postfix, *sendmail;

	postfix = mta->takes_lists ? p->postfix_service : p->postfix_list;
	sendmail = mta->takes_lists ? p->sendmail_service : p->sendmail_list;
	if (mta->kind == MTA_POSTFIX)
		snprintf(setting, POLICY_SETTING, "%s", postfix);
	else if (mta->kind == MTA_SENDMAIL)
		snprintf(setting, POLICY_SETTING, "%s", sendmail);
	else
		snprintf(setting, POLICY_SETTING, "Postfix: %s; Sendmail: %s",
		    postfix, sendmail);
}

bool
policy_missing_proof(const char *rule, const struct mta_facts *mta,
    policy_never_fn *never, const void *arg, struct policy_missing *missing)
{
	const struct proof *p = missing_proof(rule, never, arg);

	if (p == NULL)
		return false;
	missing->macro = p->macro;
	missing->why = mta->takes_lists ? p->never :
	    "the MTA sends only the macros of its own list";
	hint_setting(p, mta, missing->setting);
	return true;
}

bool
policy_hint(const char *rule, const struct mta_facts *mta,
    policy_never_fn *never, const void *arg, char hint[POLICY_HINT])
{
	struct policy_missing missing;

	if (!policy_missing_proof(rule, mta, never, arg, &missing))
		return false;
	snprintf(hint, POLICY_HINT, "%s was never sent: %s; %s %s",
	    missing.macro, missing.why, mta->takes_lists ?
	    "if clients need it, set" : "set", missing.setting);
	return true;
}

void
policy_domain_hint(const char *login, char hint[POLICY_HINT])
{
	snprintf(hint, POLICY_HINT, "login \"%.100s\" is not an address; set "
	    "login-domain", login);
}

const char policy_login_hint[] = "a login at an inbound listener may use any "
    "address and has no quota; offer no login there (Postfix: "
    "smtpd_sasl_auth_enable = no; Sendmail: M=A in DAEMON_OPTIONS) or write "
    "direction = submission";
