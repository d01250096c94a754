/*
 * advice - advice from the daemon's observations, and the list of advice
 */
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "doctor/advice.h"

static void
advise_logins(struct advice_list *l, const struct advice_seen *seen)
{
	if (seen->unbound && !seen->never(seen->never_arg, "{auth_authen}"))
		advice_add(l, "login-inbound", seen->listener,
		    seen->mta.kind == MTA_SENDMAIL ? "M=A in DAEMON_OPTIONS" :
		    "smtpd_sasl_auth_enable = no", "clients have logged in at "
		    "this inbound listener, where a login is not bound to "
		    "addresses and has no quota");
}

void
advice_session(struct advice_list *l, const struct advice_seen *seen)
{
	if (seen->bare_logins > 0)
		advice_add(l, "login-domain", seen->listener, "login-domain = "
		    "\"example.org\"", "messages were refused because their "
		    "login, a name without a domain, is not an address; set "
		    "the domain of such logins in millgate.conf, or give them "
		    "senders");
	if (seen->sessions == 0 || seen->setup_known || !seen->mta.known)
		return;
	if (seen->mta.protocol < 6)
		advice_add(l, "protocol", seen->listener,
		    seen->mta.kind == MTA_SENDMAIL ? "update Sendmail" :
		    "postconf -e 'milter_protocol = 6'", "milter protocol %u "
		    "is too old: header fields arrive without their leading "
		    "blank, which can break signatures", seen->mta.protocol);
	advise_logins(l, seen);
}

/*
 * No advice if the MTA accepts our macro lists and its configuration is known:
 * then the configuration shows exactly which feature a service lacks.
 */
void
advice_refusals(struct advice_list *l, const struct advice_seen *seen,
    const char *rule)
{
	struct policy_missing missing;

	if (seen->mta.takes_lists && seen->setup_known)
		return;
	if (!policy_missing_proof(rule, &seen->mta, seen->never,
	    seen->never_arg, &missing))
		return;
	advice_add(l, "macro", seen->listener, missing.setting,
	    "mail is refused by rule %s, because the MTA has never sent %s: "
	    "%s", rule, missing.macro, missing.why);
}

/* One item for all domains. */
void
advice_pending_key(struct advice_list *l, const char *domain)
{
	advice_add(l, "key-pending", domain, "millgatectl key dns DOMAIN; "
	    "publish what it prints, and then run: millgatectl key check "
	    "DOMAIN", "mail is not signed: the record of the domain's only "
	    "key was never seen in the DNS");
}

void
advice_key_record(struct advice_list *l, const char *domain,
    const char *selector, const char *why)
{
	advice_add(l, "key-record", arena_printf(l->arena, "%s, selector %s",
	    domain, selector), "millgatectl key dns DOMAIN; publish what it "
	    "prints, and then run: millgatectl key check DOMAIN", "the key "
	    "signs, but %s: what it signs fails at its receivers", why);
}

/* Is `part` in the list, whose parts are separated by ", "? */
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
