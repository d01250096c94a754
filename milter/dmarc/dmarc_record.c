/*
 * dmarc_record - the policy record of RFC 9989 4.7
 *
 * A record must begin with "v=DMARC1", in exactly this case. Other tags that
 * are invalid are ignored. An invalid sp or np is remembered: by section
 * 4.10.1 ("DMARC Policy Discovery"), the record then acts as "p=none" if rua
 * has a valid URI, and is ignored otherwise (see dmarc_evaluate.c). The first
 * of several tags with the same name counts. The time is linear in the length,
 * which has no limit.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dmarc/dmarc.h"

struct span {
	const char	*s;
	size_t		 len;
};

static bool
is_padding(char c)
{
	return c == ' ' || c == '\t';
}

static struct span
trim(struct span t)
{
	while (t.len > 0 && is_padding(t.s[0])) {
		t.s++;
		t.len--;
	}
	while (t.len > 0 && is_padding(t.s[t.len - 1]))
		t.len--;
	return t;
}

static bool
span_is(struct span t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.s, word, t.len) == 0;
}

/* Cut off the text before the next `c`; *rest is the text behind it. */
static struct span
cut(struct span *rest, char c)
{
	struct span	 t = *rest;
	const char	*at = t.len > 0 ? memchr(t.s, c, t.len) : NULL;

	if (at == NULL) {
		rest->s += rest->len;
		rest->len = 0;
		return t;
	}
	t.len = (size_t)(at - t.s);
	rest->s = at + 1;
	rest->len -= t.len + 1;
	return t;
}

static void
set_policy(struct span value, bool *has, enum dmarc_policy *p)
{
	*has = true;
	if (span_is(value, "none"))
		*p = DMARC_NONE;
	else if (span_is(value, "quarantine"))
		*p = DMARC_QUARANTINE;
	else if (span_is(value, "reject"))
		*p = DMARC_REJECT;
	else
		*has = false;
}

/* A URI with a scheme; a mailto with an address. */
static bool
is_report_uri(struct span uri)
{
	struct span scheme, rest = trim(uri);

	scheme = cut(&rest, ':');
	if (scheme.len == 0 || rest.len == 0)
		return false;
	return !span_is(scheme, "mailto") || memchr(rest.s, '@', rest.len);
}

static bool
has_report_uri(struct span value)
{
	while (value.len > 0)
		if (is_report_uri(cut(&value, ',')))
			return true;
	return false;
}

static void
set_psd(struct span value, struct dmarc_record *rec)
{
	if (span_is(value, "y"))
		rec->psd = PSD_YES;
	else if (span_is(value, "n"))
		rec->psd = PSD_NO;
}

enum tag_bit { TAG_P = 1, TAG_SP = 2, TAG_NP = 4, TAG_ADKIM = 8,
    TAG_ASPF = 16, TAG_PSD = 32, TAG_T = 64, TAG_RUA = 128 };

static unsigned
tag_bit(struct span name)
{
	static const struct {
		const char	*name;
		unsigned	 bit;
	} tags[] = {
		{ "p", TAG_P }, { "sp", TAG_SP }, { "np", TAG_NP },
		{ "adkim", TAG_ADKIM }, { "aspf", TAG_ASPF },
		{ "psd", TAG_PSD }, { "t", TAG_T }, { "rua", TAG_RUA },
	};
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (span_is(name, tags[i].name))
			return tags[i].bit;
	return 0;
}

static void
set_tag(struct dmarc_record *rec, unsigned bit, struct span value)
{
	switch (bit) {
	case TAG_P:
		set_policy(value, &rec->has_p, &rec->p);
		break;
	case TAG_SP:
		set_policy(value, &rec->has_sp, &rec->sp);
		rec->broken |= !rec->has_sp;
		break;
	case TAG_NP:
		set_policy(value, &rec->has_np, &rec->np);
		rec->broken |= !rec->has_np;
		break;
	case TAG_ADKIM:
		rec->strict_dkim = span_is(value, "s");
		break;
	case TAG_ASPF:
		rec->strict_spf = span_is(value, "s");
		break;
	case TAG_PSD:
		set_psd(value, rec);
		break;
	case TAG_T:
		rec->testing = span_is(value, "y");
		break;
	case TAG_RUA:
		rec->has_rua = has_report_uri(value);
		break;
	default:	/* unknown tags; pct, rf, ri of RFC 7489 */
		break;
	}
}

/* "v", "=", "DMARC1": the name in any case, the value in upper case. */
static bool
is_version(struct span tag)
{
	struct span name = cut(&tag, '='), value = trim(tag);

	if (name.len == 0 || is_padding(name.s[0]) ||
	    !span_is(trim(name), "v"))
		return false;
	return value.len == 6 && memcmp(value.s, "DMARC1", 6) == 0;
}

bool
dmarc_record_parse(const char *text, size_t len, struct dmarc_record *rec)
{
	struct span	rest = { text, len }, tag, name;
	unsigned	seen = 0, bit;

	memset(rec, 0, sizeof(*rec));
	if (!is_version(cut(&rest, ';')))
		return false;
	while (rest.len > 0) {
		tag = cut(&rest, ';');
		name = cut(&tag, '=');
		bit = tag_bit(trim(name));
		if ((seen & bit) == 0)
			set_tag(rec, bit, trim(tag));
		seen |= bit;
	}
	return true;
}

static size_t
put_policy(char *text, size_t at, const char *name, bool has,
    enum dmarc_policy p)
{
	if (!has)
		return at;
	return at + (size_t)snprintf(text + at, DMARC_RECORD_TEXT - at,
	    "%s=%s; ", name, dmarc_policy_word(p));
}

/* The longest has 90 octets. */
void
dmarc_record_format(const struct dmarc_record *rec,
    char text[DMARC_RECORD_TEXT])
{
	static const char *const psd[] = { "", "; psd=n", "; psd=y" };
	size_t at = 0;

	at = put_policy(text, at, "p", rec->has_p, rec->p);
	at = put_policy(text, at, "sp", rec->has_sp, rec->sp);
	at = put_policy(text, at, "np", rec->has_np, rec->np);
	snprintf(text + at, DMARC_RECORD_TEXT - at, "adkim=%c; aspf=%c%s%s%s",
	    rec->strict_dkim ? 's' : 'r', rec->strict_spf ? 's' : 'r',
	    psd[rec->psd], rec->testing ? "; t=y" : "",
	    rec->broken || !rec->has_p ? "; invalid" : "");
}
