/*
 * advice - why a proof did not arrive, and the setting that brings it
 *
 * Postfix and Sendmail both send the macros that a filter asks for, whatever
 * their own lists say (measured: Postfix with each milter_protocol from 2 to
 * 6, Sendmail 8.17). With such an MTA a macro that never came means that no
 * session had what it tells: the service offers no TLS or no login. Only an
 * MTA that does not take our lists needs its own ones changed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/advice.h"
#include "base/arena.h"

#define SETTING		400

/* One proof: the rules that need it, its macros, and where it comes from. */
static const struct proof {
	const char	*rules;		/* parted by blanks */
	const char	*macro;
	/* the MTA sends what we ask for: what its service lacks */
	const char	*nobody;
	const char	*postfix_service, *sendmail_service;
	/* it does not: its own list */
	const char	*postfix_list, *sendmail_list;
} proofs[] = {
	{ "tls-required min-tls plaintext-mechanism", "{tls_version}",
	    "no session has used TLS",
	    "smtpd_tls_security_level = encrypt (smtpd_tls_wrappermode = yes "
	    "on port 465)",
	    "confSERVER_CERT and confSERVER_KEY",
	    "milter_helo_macros = {tls_version} {cipher} {cipher_bits} "
	    "{cert_subject} {cert_issuer}",
	    "define(`confMILTER_MACROS_HELO', `{tls_version}, {cipher}, "
	    "{cipher_bits}, {cert_subject}, {cert_issuer}')" },
	{ "min-tls-bits", "{cipher_bits}",
	    "the strength of a cipher was not told",
	    "smtpd_tls_security_level = encrypt",
	    "confSERVER_CERT and confSERVER_KEY",
	    "milter_helo_macros = {tls_version} {cipher} {cipher_bits} "
	    "{cert_subject} {cert_issuer}",
	    "define(`confMILTER_MACROS_HELO', `{tls_version}, {cipher}, "
	    "{cipher_bits}, {cert_subject}, {cert_issuer}')" },
	{ "auth-required", "{auth_type}",
	    "nobody has logged in",
	    "smtpd_sasl_auth_enable = yes",
	    "confAUTH_MECHANISMS",
	    "milter_mail_macros = i {mail_addr} {mail_host} {mail_mailer} "
	    "{auth_type} {auth_authen}",
	    "define(`confMILTER_MACROS_ENVFROM', `i, {auth_type}, "
	    "{auth_authen}, {mail_mailer}, {mail_host}, {mail_addr}')" },
	{ "auth-required", "{auth_authen}",
	    "no login had a name",
	    "smtpd_sasl_auth_enable = yes",
	    "confAUTH_MECHANISMS",
	    "milter_mail_macros = i {mail_addr} {mail_host} {mail_mailer} "
	    "{auth_type} {auth_authen}",
	    "define(`confMILTER_MACROS_ENVFROM', `i, {auth_type}, "
	    "{auth_authen}, {mail_mailer}, {mail_host}, {mail_addr}')" },
	{ "second-factor", "{cert_subject}",
	    "no client has shown a certificate that was verified",
	    "smtpd_tls_ask_ccert = yes and smtpd_tls_CAfile",
	    "confCACERT and confCACERT_PATH",
	    "milter_helo_macros = {tls_version} {cipher} {cipher_bits} "
	    "{cert_subject} {cert_issuer}",
	    "define(`confMILTER_MACROS_ENVFROM', `i, {auth_type}, "
	    "{auth_authen}, {verify}, {cn_subject}, {cert_subject}, "
	    "{cert_issuer}')" },
	{ "listener-unknown", "{daemon_port}",
	    "the port was not told",
	    "milter_macro_daemon_name on the service, daemon-names in "
	    "millgate.conf (Postfix before 3.2 knows no {daemon_port})",
	    "DAEMON_OPTIONS with Name=, daemon-names in millgate.conf",
	    "milter_connect_macros = j {daemon_name} {daemon_addr} "
	    "{daemon_port} v _",
	    "define(`confMILTER_MACROS_CONNECT', `j, _, {daemon_name}, "
	    "{daemon_port}, {daemon_addr}, {if_name}, {if_addr}')" },
};

enum mta_kind
advice_mta_kind(const char *version)
{
	if (version == NULL)
		return MTA_UNKNOWN;
	if (strncasecmp(version, "Postfix", 7) == 0)
		return MTA_POSTFIX;
	/* "8.17.1.9": no other MTA's {v} is a bare number that begins so */
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

/* The first proof that this rule needs and that never came; NULL: none. */
static const struct proof *
missing_proof(const char *rule, advice_never_fn *never, const void *arg)
{
	size_t i;

	for (i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
		if (is_word_of(rule, proofs[i].rules) &&
		    never(arg, proofs[i].macro))
			return &proofs[i];
	return NULL;
}

/* What to set; of an MTA that we do not know, in either. */
static void
say_setting(const struct proof *p, const struct mta_facts *mta,
    char setting[SETTING])
{
	const char *postfix, *sendmail;

	postfix = mta->takes_lists ? p->postfix_service : p->postfix_list;
	sendmail = mta->takes_lists ? p->sendmail_service : p->sendmail_list;
	if (mta->kind == MTA_POSTFIX)
		snprintf(setting, SETTING, "%s", postfix);
	else if (mta->kind == MTA_SENDMAIL)
		snprintf(setting, SETTING, "%s", sendmail);
	else
		snprintf(setting, SETTING, "Postfix: %s; Sendmail: %s",
		    postfix, sendmail);
}

static const char *
reason(const struct proof *p, const struct mta_facts *mta)
{
	return mta->takes_lists ? p->nobody : "the MTA's own list lacks it";
}

bool
advice_hint(const char *rule, const struct mta_facts *mta,
    advice_never_fn *never, const void *arg, char hint[ADVICE_HINT])
{
	const struct proof	*p = missing_proof(rule, never, arg);
	char			 setting[SETTING];

	if (p == NULL)
		return false;
	say_setting(p, mta, setting);
	snprintf(hint, ADVICE_HINT, "%s was never sent here: %s; %s %s",
	    p->macro, reason(p, mta), mta->takes_lists ?
	    "if it should be, set" : "set", setting);
	return true;
}

const char advice_login_hint[] = "who logs in at an inbound listener is bound "
    "to no address and counts on no plan; offer no login there (Postfix: "
    "smtpd_sasl_auth_enable = no; Sendmail: M=A in DAEMON_OPTIONS) or write "
    "direction = submission";

static void
advise_logins(struct advice_list *l, const struct advice_seen *seen)
{
	if (seen->unbound && !seen->never(seen->never_arg, "{auth_authen}"))
		advice_add(l, "login-inbound", seen->listener,
		    seen->mta.kind == MTA_SENDMAIL ? "M=A in DAEMON_OPTIONS" :
		    "smtpd_sasl_auth_enable = no", "clients have logged in "
		    "here, where a login is bound to no address and counts on "
		    "no plan: the listener is inbound");
}

void
advice_session(struct advice_list *l, const struct advice_seen *seen)
{
	if (seen->sessions == 0 || seen->setup_known || !seen->mta.known)
		return;
	if (seen->mta.protocol < 6)
		advice_add(l, "protocol", seen->listener,
		    seen->mta.kind == MTA_SENDMAIL ? "update Sendmail" :
		    "postconf -e 'milter_protocol = 6'", "with milter "
		    "protocol %u header fields arrive without their leading "
		    "blank, so that signatures can break",
		    seen->mta.protocol);
	advise_logins(l, seen);
}

/*
 * Where the MTA sends what we ask for, its configuration tells more exactly
 * what a service lacks.
 */
void
advice_refusals(struct advice_list *l, const struct advice_seen *seen,
    const char *rule)
{
	const struct proof	*p;
	char			 setting[SETTING];

	if (seen->mta.takes_lists && seen->setup_known)
		return;
	p = missing_proof(rule, seen->never, seen->never_arg);
	if (p == NULL)
		return;
	say_setting(p, &seen->mta, setting);
	advice_add(l, "macro", seen->listener, setting,
	    "mail is refused (%s): %s was never sent here: %s", rule,
	    p->macro, reason(p, &seen->mta));
}

/* Is `part` one of those that ", " parts? */
static bool
has_part(const char *whole, const char *part)
{
	size_t len = strlen(part);

	for (;;) {
		if (strncmp(whole, part, len) == 0 &&
		    (whole[len] == '\0' || whole[len] == ','))
			return true;
		whole = strstr(whole, ", ");
		if (whole == NULL)
			return false;
		whole += 2;
	}
}

void
advice_add(struct advice_list *l, const char *id, const char *where,
    const char *change, const char *fmt, ...)
{
	struct advice	*item;
	va_list		 ap;
	size_t		 i;

	for (i = 0; i < l->n; i++) {
		item = &l->item[i];
		if (strcmp(item->id, id) == 0 &&
		    strcmp(item->change, change) == 0) {
			if (!has_part(item->where, where))
				item->where = arena_printf(l->arena,
				    "%s, %s", item->where, where);
			return;
		}
	}
	if (l->n == ADVICE_ITEMS)
		return;
	item = &l->item[l->n++];
	item->id = id;
	item->where = arena_strdup(l->arena, where);
	item->change = arena_strdup(l->arena, change);
	va_start(ap, fmt);
	item->text = arena_vprintf(l->arena, fmt, ap);
	va_end(ap);
}
