/*
 * authres - the writer of our Authentication-Results field (RFC 8601, 8616)
 *
 * A line is a sequence of units: a result, a property, a word of a comment.
 * A unit is never broken. Text from the network enters a unit only through
 * put_value and put_address, which write it in a form that cannot end early.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "mail/authres.h"
#include "mailaddr_lex_priv.h"

#define LINE_MAX_SOFT	78u	/* RFC 5322 2.1.1 */
#define VALUE_MAX	255u
#define LOCAL_MAX	64u	/* RFC 5321 4.5.3.1.1 */
#define COMMENT_MAX	400u
#define MECHANISM_MAX	20u	/* RFC 4422 3.1 */

struct writer {
	struct buf	 out, unit;
	size_t		 column;
};

/* --- forms of text from the network -------------------------------------- */

/* A token of RFC 2045 5.1. */
static const bool token[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['!'] = true, ['#' ... '\''] = true, ['*'] = true, ['+'] = true,
	['-'] = true, ['.'] = true, ['^' ... '`'] = true,
	['{' ... '~'] = true,
};

static bool
authres_is_token(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!token[(unsigned char)s[i]])
			return false;
	return len > 0;
}

/* Letters, digits, hyphens, underscores between single dots. */
static bool
is_domain(const char *s)
{
	size_t	len = strlen(s), i;
	bool	after_dot = true;

	for (i = 0; i < len; i++) {
		if (s[i] == '.' ? after_dot : !ascii_is_alnum(s[i]) &&
		    s[i] != '-' && s[i] != '_')
			return false;
		after_dot = s[i] == '.';
	}
	return !after_dot && len <= VALUE_MAX;
}

/*
 * The C1 controls and the separators U+2028 and U+2029 are valid UTF-8, but
 * some programs end a line at them.
 */
static bool
breaks_lines(const char *s, size_t len)
{
	if (len == 2)
		return s[0] == '\xc2' && (unsigned char)s[1] < 0xa0;
	return len == 3 && (memcmp(s, "\xe2\x80\xa8", 3) == 0 ||
	    memcmp(s, "\xe2\x80\xa9", 3) == 0);
}

/*
 * Some filters search the field as text for "dkim=pass" and the like, which
 * may legally occur in a local part.
 */
static bool
holds_result(const char *s, size_t len)
{
	size_t i, at;

	for (i = 0; i < len; i++) {
		if (s[i] != '=')
			continue;
		for (at = i + 1; at < len && strchr(" \"", s[at]) != NULL; )
			at++;
		if (len - at >= 4 && strncasecmp(s + at, "pass", 4) == 0)
			return true;
	}
	return false;
}

/* True when the text may be written, if need be in quotes. */
static bool
is_writable(const char *s, size_t len)
{
	size_t i, n;

	if (holds_result(s, len))
		return false;
	for (i = 0; i < len; i += n) {
		n = 1;
		if (s[i] >= ' ' && s[i] <= '~')
			continue;
		n = utf8_length(s + i, len - i);
		if (n < 2 || breaks_lines(s + i, n))
			return false;
	}
	return true;
}

/* --- units ---------------------------------------------------------------- */

static void
put_quoted(struct buf *b, const char *s, size_t len)
{
	size_t i;

	buf_addch(b, '"');
	for (i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_addch(b, '\\');
		buf_addch(b, s[i]);
	}
	buf_addch(b, '"');
}

/* False: the value must be left out. */
static bool
put_value(struct buf *b, const char *s, size_t len)
{
	if (len == 0 || len > VALUE_MAX || !is_writable(s, len))
		return false;
	if (authres_is_token(s, len))
		buf_add(b, s, len);
	else
		put_quoted(b, s, len);
	return true;
}

/*
 * The pvalue of RFC 8601 2.2: [[local-part] "@"] domain-name. A local part
 * that must not be written is left out together with its "@".
 */
static bool
put_address(struct buf *b, const char *local, size_t len, const char *domain)
{
	if (!is_domain(domain))
		return false;
	if (len <= LOCAL_MAX && is_writable(local, len)) {
		if (lex_is_dot_atom(local, len))
			buf_add(b, local, len);
		else
			put_quoted(b, local, len);
		buf_addch(b, '@');
	}
	buf_addstr(b, domain);
	return true;
}

/* Add one unit: after a blank, or on a new line if it does not fit. */
static void
put_unit(struct writer *w, const char *text, size_t len)
{
	bool fold = w->column + 1 + len + 1 > LINE_MAX_SOFT;

	/* a new line begins with a TAB, which replaces the blank */
	if (w->column > 1) {
		buf_addstr(&w->out, fold ? "\n\t" : " ");
		w->column = fold ? 1 : w->column + 1;
	}
	buf_add(&w->out, text, len);
	w->column += len;
}

static void
put_result(struct writer *w, const char *method, enum result r)
{
	buf_addstr(&w->out, ";\n\t");
	w->column = 1;
	buf_reset(&w->unit);
	buf_addstr(&w->unit, method);
	buf_addch(&w->unit, '=');
	buf_addstr(&w->unit, result_name(r));
	put_unit(w, w->unit.data, w->unit.len);
}

/* Begin a property in w->unit. */
static struct buf *
prop_open(struct writer *w, const char *name)
{
	buf_reset(&w->unit);
	buf_addstr(&w->unit, name);
	buf_addch(&w->unit, '=');
	return &w->unit;
}

static void
prop_close(struct writer *w, bool good)
{
	if (good)
		put_unit(w, w->unit.data, w->unit.len);
}

static void
put_prop(struct writer *w, const char *name, const char *value)
{
	if (value != NULL)
		prop_close(w, put_value(prop_open(w, name), value,
		    strlen(value)));
}

/* A login or an i= tag, which is usually an address. */
static void
put_prop_address(struct writer *w, const char *name, const char *text)
{
	const char	*at = strrchr(text, '@');
	struct buf	*b = prop_open(w, name);
	bool		 good;

	if (at == NULL || !is_domain(at + 1))
		good = put_value(b, text, strlen(text));
	else if (at == text) {
		buf_addstr(b, text);
		good = true;
	} else
		good = put_address(b, text, (size_t)(at - text), at + 1);
	prop_close(w, good);
}

/* Characters that could end the comment or the method are replaced. */
static char
comment_char(char c)
{
	switch (c) {
	case '(':	return '[';
	case ')':	return ']';
	case '\\':	return '/';
	case ';':	return ',';
	case '"':	return '\'';
	}
	return c < ' ' || c > '~' ? '?' : c;
}

static void
put_comment(struct writer *w, const char *text)
{
	size_t	 len = strnlen(text, COMMENT_MAX), i, start;
	char	*comment;

	if (len == 0)
		return;
	buf_reset(&w->unit);
	buf_reserve(&w->unit, len + 2);
	comment = w->unit.data;
	comment[0] = '(';
	for (i = 0; i < len; i++)
		comment[i + 1] = comment_char(text[i]);
	comment[len + 1] = ')';
	for (start = i = 0; i <= len + 2; i++) {
		if (i < len + 2 && comment[i] != ' ')
			continue;
		if (i > start)
			put_unit(w, comment + start, i - start);
		start = i + 1;
	}
}

static void
put_reason(struct writer *w, enum result r, const char *reason)
{
	if (r != RESULT_PASS && reason != NULL &&
	    !holds_result(reason, strlen(reason)))
		put_comment(w, reason);
}

/* --- methods -------------------------------------------------------------- */

/* "(PLAIN, tier low)", what is known of it */
static void
put_proof(struct writer *w, const char *mechanism, const char *tier)
{
	char	text[COMMENT_MAX + 1];
	size_t	len;

	len = mechanism != NULL ? strlen(mechanism) : 0;
	if (len > MECHANISM_MAX || !authres_is_token(mechanism, len))
		len = 0;
	snprintf(text, sizeof(text), "%.*s%s%s%s", (int)len,
	    len > 0 ? mechanism : "", len > 0 && tier != NULL ? ", " : "",
	    tier != NULL ? "tier " : "", tier != NULL ? tier : "");
	if (text[0] != '\0')
		put_comment(w, text);
}

static void
put_auth(struct writer *w, const struct facts *f, enum login_results shown)
{
	const char *login = f->auth.login;

	if (login == NULL || login[0] == '\0' || shown == LOGIN_RESULTS_NONE)
		return;
	put_result(w, "auth", RESULT_PASS);
	if (shown == LOGIN_RESULTS_ANONYMOUS)
		return;
	put_proof(w, f->auth.mechanism, f->tier);
	put_prop_address(w, "smtp.auth", login);
}

static void
put_iprev(struct writer *w, const struct facts *f)
{
	const struct iprev_facts	*iprev = &f->iprev;
	char				 text[NETADDR_TEXT];

	if (!iprev->done)
		return;
	put_result(w, "iprev", iprev->result);
	put_reason(w, iprev->result, iprev->reason);
	if (iprev->name != NULL && is_domain(iprev->name))
		put_comment(w, iprev->name);
	put_prop(w, "policy.iprev", netaddr_format(&f->conn.client, text));
}

static void
put_spf_mfrom(struct writer *w, const struct facts *f)
{
	const struct spf_facts	*spf = &f->spf_mfrom;
	const char		*local, *domain;
	struct buf		*b;

	if (!spf->done)
		return;
	put_result(w, "spf", spf->result);
	put_reason(w, spf->result, spf->reason);
	local = spf->postmaster ? "postmaster" : f->env.sender_local;
	domain = spf->postmaster ? spf->domain : f->env.sender_domain;
	if (domain == NULL)
		domain = spf->domain;
	if (domain == NULL)
		return;
	b = prop_open(w, "smtp.mailfrom");
	if (local != NULL)
		prop_close(w, put_address(b, local, strlen(local), domain));
	else
		prop_close(w, put_value(b, domain, strlen(domain)));
}

static void
put_spf_helo(struct writer *w, const struct facts *f)
{
	const struct spf_facts *spf = &f->spf_helo;

	if (!spf->done)
		return;
	put_result(w, "spf", spf->result);
	put_reason(w, spf->result, spf->reason);
	put_prop(w, "smtp.helo", spf->domain != NULL ? spf->domain :
	    f->conn.helo);
}

/* header.i= is left out when it follows from header.d= (RFC 6376 3.5, i=). */
static bool
identity_is_default(const struct dkim_signature *s)
{
	return s->domain != NULL && s->identity[0] == '@' &&
	    strcasecmp(s->identity + 1, s->domain) == 0;
}

static void
put_dkim(struct writer *w, const struct dkim_facts *dkim)
{
	const struct dkim_signature	*s;
	char				 text[64];
	size_t				 i;

	if (!dkim->done)
		return;
	if (dkim->n == 0 && dkim->skipped == 0)
		put_result(w, "dkim", RESULT_NONE);
	for (i = 0; i < dkim->n; i++) {
		s = &dkim->sig[i];
		put_result(w, "dkim", s->result);
		put_reason(w, s->result, s->reason);
		if (s->testing)
			put_comment(w, "test key");
		put_prop(w, "header.d", s->domain);
		put_prop(w, "header.s", s->selector);
		put_prop(w, "header.a", s->algorithm);
		put_prop(w, "header.b", s->b);
		if (s->identity != NULL && !identity_is_default(s))
			put_prop_address(w, "header.i", s->identity);
	}
	if (dkim->skipped == 0)
		return;
	put_result(w, "dkim", RESULT_POLICY);
	snprintf(text, sizeof(text), "%zu more signatures not evaluated",
	    dkim->skipped);
	put_comment(w, text);
}

static const char *
disposition_name(enum action a)
{
	return a == ACTION_ACCEPT ? "none" : action_name(a);
}

/* The policy, the domain of its record, and our disposition. */
static void
put_dmarc_comment(struct writer *w, const struct dmarc_facts *d,
    enum action judged, bool monitor)
{
	bool		withheld = monitor && judged > ACTION_TAG;
	char		text[COMMENT_MAX + 1];
	const char	*record = d->record_domain;

	if (record == NULL && judged == ACTION_ACCEPT)
		return;
	snprintf(text, sizeof(text), "%s%s%sdis=%s%s%s%s%s",
	    record != NULL ? "p=" : "",
	    record != NULL ? dmarc_policy_word(d->policy) : "",
	    record != NULL ? " " : "",
	    withheld ? "none" : disposition_name(judged),
	    withheld ? " enforce=" : "", withheld ? action_name(judged) : "",
	    record != NULL && is_domain(record) ? " record=" : "",
	    record != NULL && is_domain(record) ? record : "");
	put_comment(w, text);
}

/* "local_policy" and "trusted_forwarder" are words of RFC 9990 3.1.1.5. */
static void
put_override(struct writer *w, const struct override_facts *o)
{
	char text[COMMENT_MAX + 1];

	if (o->name == NULL)
		return;
	snprintf(text, sizeof(text), "override=%s %s%s%s",
	    o->rule != NULL ? "local_policy" : "trusted_forwarder", o->name,
	    o->reason != NULL ? ": " : "", o->reason != NULL ? o->reason : "");
	if (!holds_result(text, strlen(text)))
		put_comment(w, text);
}

static void
put_dmarc(struct writer *w, const struct facts *f, const struct verdict *v,
    bool monitor)
{
	const struct dmarc_facts *d = &f->dmarc;

	if (!d->done)
		return;
	put_result(w, "dmarc", d->result);
	put_dmarc_comment(w, d, v->action, monitor);
	put_reason(w, d->result, d->reason);
	put_override(w, &f->override);
	put_prop(w, "header.from", d->author_domain);
	if (d->record_domain != NULL)
		put_prop(w, "policy.dmarc", dmarc_policy_word(d->policy));
}

const char *
authres_format(struct arena *a, const struct authres_form *form,
    const struct facts *f, const struct verdict *v)
{
	struct writer	 w = { BUF_INIT, BUF_INIT, 0 };
	const char	*id = form->authserv_id, *value = NULL;
	size_t		 before;

	buf_reserve(&w.out, 1000);
	buf_addch(&w.out, ' ');
	if (!put_value(&w.out, id, strlen(id)))
		buf_addstr(&w.out, "unknown");
	before = w.out.len;
	put_auth(&w, f, form->login);
	put_iprev(&w, f);
	put_spf_mfrom(&w, f);
	put_spf_helo(&w, f);
	put_dkim(&w, &f->dkim);
	put_dmarc(&w, f, v, form->monitor);
	if (w.out.len > before)
		value = arena_memdup(a, w.out.data, w.out.len);
	else if (f->direction != DIRECTION_SUBMISSION ||
	    form->login != LOGIN_RESULTS_NONE)
		value = arena_printf(a, "%s; none", buf_str(&w.out));
	buf_free(&w.out);
	buf_free(&w.unit);
	return value;
}
