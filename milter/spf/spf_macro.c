/*
 * spf_macro - macro strings of SPF (RFC 7208 section 7): check and expand
 *
 * One scanner serves both, so that every valid string can be expanded.
 * Expansion goes through a sink of fixed size: a name needs only its last 253
 * octets, an explanation only its first 255, however long the values are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "spf_macro_priv.h"

/* A run of literals, or one macro-expand. */
struct item {
	const char	*literal;	/* NULL: a letter */
	size_t		 len;
	bool		 escape;	/* %%, %_ or %- */
	char		 letter;	/* lower case */
	bool		 url;		/* was upper case */
	bool		 reverse;
	unsigned	 keep;		/* right-hand parts; 0: all */
	const char	*delimiters;
	size_t		 ndelimiters;
};


static bool
is_member(char c, const char *set, size_t n)
{
	return memchr(set, c, n) != NULL;
}

/* transformers = *DIGIT [ "r" ]; a number must not be zero (7.3). */
static bool
scan_transformers(const char **at, const char *end, struct item *it)
{
	const char	*p = *at;
	bool		 any = p < end && ascii_is_digit(*p);

	for (; p < end && ascii_is_digit(*p); p++)
		if (it->keep < 1000)
			it->keep = it->keep * 10 + (unsigned)(*p - '0');
	if (any && it->keep == 0)
		return false;
	if (p < end && (*p == 'r' || *p == 'R')) {
		it->reverse = true;
		p++;
	}
	*at = p;
	return true;
}

/* The rest of a macro behind "%{". */
static bool
scan_letter(const char **at, const char *end, struct item *it)
{
	static const char letters[] = "slodiphcrtv";
	const char *p = *at;

	if (p == end || !ascii_is_alpha(*p))
		return false;
	it->url = *p < 'a';
	it->letter = ascii_lower(*p++);
	if (!is_member(it->letter, letters, sizeof(letters) - 1))
		return false;
	if (!scan_transformers(&p, end, it))
		return false;
	it->delimiters = p;
	while (p < end && is_member(*p, ".-+,/_=", 7))
		p++;
	it->ndelimiters = (size_t)(p - it->delimiters);
	if (p == end || *p != '}')
		return false;
	*at = p + 1;
	return true;
}

static bool
scan_macro(const char **at, const char *end, struct item *it)
{
	const char *p = *at + 1;

	if (p == end)
		return false;
	*at = p + 1;
	it->escape = true;
	switch (*p) {
	case '%':
		it->literal = "%";
		break;
	case '_':
		it->literal = " ";
		break;
	case '-':
		it->literal = "%20";
		break;
	case '{':
		it->escape = false;
		return scan_letter(at, end, it);
	default:
		return false;
	}
	it->len = strlen(it->literal);
	return true;
}

/*
 * The next item at *at, which is before end. macro-literal is %x21-24 and
 * %x26-7E; an explanation may hold blanks too (12, explain-string).
 */
static bool
macro_scan(const char **at, const char *end, enum spf_macro_place place,
    struct item *it)
{
	const char	*p = *at;
	char		 lowest = place == MACRO_TEXT ? 0x20 : 0x21;

	memset(it, 0, sizeof(*it));
	if (*p == '%') {
		if (!scan_macro(at, end, it))
			return false;
		return place != MACRO_NAME || it->letter == '\0' ||
		    !is_member(it->letter, "crt", 3);
	}
	while (p < end && *p != '%' && *p >= lowest && *p <= 0x7e)
		p++;
	it->literal = *at;
	it->len = (size_t)(p - *at);
	*at = p;
	return it->len > 0;
}

bool
spf_macro_valid(const char *text, size_t len, enum spf_macro_place place)
{
	const char	*at = text, *end = text + len;
	struct item	 it;

	while (at < end)
		if (!macro_scan(&at, end, place, &it))
			return false;
	return true;
}

/*
 * toplabel = ( *alphanum ALPHA *alphanum ) /
 *	( 1*alphanum "-" *( alphanum / "-" ) alphanum )
 */
static bool
is_top_label(const char *s, size_t len)
{
	bool	letter = false, hyphen = false;
	size_t	i;

	for (i = 0; i < len; i++) {
		if (ascii_is_alpha(s[i]))
			letter = true;
		else if (s[i] == '-')
			hyphen = true;
		else if (!ascii_is_digit(s[i]))
			return false;
	}
	return (letter || hyphen) && s[0] != '-' && s[len - 1] != '-';
}

/* domain-end = ( "." toplabel [ "." ] ), at the end of a literal. */
static bool
ends_in_top_label(const char *s, size_t len)
{
	size_t start;

	if (len > 0 && s[len - 1] == '.')
		len--;
	for (start = len; start > 0 && s[start - 1] != '.'; start--)
		;
	return start > 0 && start < len && is_top_label(s + start, len - start);
}

bool
spf_macro_valid_name(const char *text, size_t len)
{
	const char	*at = text, *end = text + len;
	struct item	 it;

	if (len == 0)
		return false;
	while (at < end)
		if (!macro_scan(&at, end, MACRO_NAME, &it))
			return false;
	if (it.literal == NULL || it.escape)
		return true;
	return ends_in_top_label(it.literal, it.len);
}

bool
spf_macro_uses_p(const char *text, size_t len)
{
	const char	*at = text, *end = text + len;
	struct item	 it;

	while (at < end) {
		if (!macro_scan(&at, end, MACRO_TEXT, &it))
			return false;
		if (it.letter == 'p')
			return true;
	}
	return false;
}

/* --- expansion -------------------------------------------------------- */

#define SINK_SIZE	1024u
#define SINK_KEEP	512u	/* more than a name and its final dot */

struct sink {
	bool	 tail;			/* keep the end, else the beginning */
	size_t	 len;
	char	 data[SINK_SIZE];
};

static void
sink_add(struct sink *s, const char *data, size_t len)
{
	if (!s->tail) {
		if (len > SPF_EXPLANATION_MAX - s->len)
			len = SPF_EXPLANATION_MAX - s->len;
	} else if (len > SINK_SIZE - s->len) {
		if (len > SINK_KEEP) {
			data += len - SINK_KEEP;
			len = SINK_KEEP;
		}
		if (s->len > SINK_KEEP) {
			memmove(s->data, s->data + s->len - SINK_KEEP,
			    SINK_KEEP);
			s->len = SINK_KEEP;
		}
	}
	memcpy(s->data + s->len, data, len);
	s->len += len;
}

/* All but the unreserved characters of RFC 3986 are escaped (7.3). */
static void
sink_add_url(struct sink *s, const char *data, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	char	 code[3] = "%";
	size_t	 i;

	for (i = 0; i < len; i++) {
		if (ascii_is_alpha(data[i]) || ascii_is_digit(data[i]) ||
		    is_member(data[i], "-._~", 4)) {
			sink_add(s, data + i, 1);
			continue;
		}
		code[1] = hex[(unsigned char)data[i] >> 4];
		code[2] = hex[(unsigned char)data[i] & 15];
		sink_add(s, code, sizeof(code));
	}
}

static void
sink_add_part(struct sink *s, const struct item *it, const char *part,
    size_t len)
{
	if (it->url)
		sink_add_url(s, part, len);
	else
		sink_add(s, part, len);
}

static bool
is_delimiter(const struct item *it, char c)
{
	if (it->ndelimiters == 0)
		return c == '.';
	return is_member(c, it->delimiters, it->ndelimiters);
}

static size_t
count_parts(const struct item *it, const char *value)
{
	size_t n = 1;

	for (; *value != '\0'; value++)
		if (is_delimiter(it, *value))
			n++;
	return n;
}

/* Parts in their order, without the first `skip` of them. */
static void
add_forward(struct sink *s, const struct item *it, const char *value,
    size_t skip)
{
	const char *p = value;

	for (; skip > 0; p++)
		if (is_delimiter(it, *p))
			skip--;
	for (;;) {
		for (value = p; *p != '\0' && !is_delimiter(it, *p); p++)
			;
		sink_add_part(s, it, value, (size_t)(p - value));
		if (*p++ == '\0')
			return;
		sink_add(s, ".", 1);
	}
}

/* Parts from the last to the first, without the first `skip` of these. */
static void
add_backward(struct sink *s, const struct item *it, const char *value,
    size_t skip)
{
	const char	*end = value + strlen(value), *p;
	bool		 first = true;

	for (;; end = p - 1) {
		for (p = end; p > value && !is_delimiter(it, p[-1]); p--)
			;
		if (skip > 0) {
			skip--;
		} else {
			if (!first)
				sink_add(s, ".", 1);
			first = false;
			sink_add_part(s, it, p, (size_t)(end - p));
		}
		if (p == value)
			return;
	}
}

static void
add_transformed(struct sink *s, const struct item *it, const char *value)
{
	size_t parts, skip = 0;

	parts = it->keep > 0 ? count_parts(it, value) : 0;
	if (parts > it->keep)
		skip = parts - it->keep;
	if (it->reverse)
		add_backward(s, it, value, skip);
	else
		add_forward(s, it, value, skip);
}

/* %{i}: dotted quad, or 32 dotted nibbles; `text` of at least 64 octets. */
static void
format_dotted(const struct netaddr *a, char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	if (a->family != NETADDR_IPV6) {
		netaddr_format(a, text);
		return;
	}
	for (i = 0; i < 16; i++) {
		*text++ = hex[a->octets[i] >> 4];
		*text++ = '.';
		*text++ = hex[a->octets[i] & 15];
		*text++ = i < 15 ? '.' : '\0';
	}
}

/* Values that are not text are formatted in `scratch`, at least 64 octets. */
static const char *
macro_value(const struct spf_macro_values *v, char letter, char *scratch)
{
	switch (letter) {
	case 's':
		return v->sender;
	case 'l':
		return v->local;
	case 'o':
		return v->sender_domain;
	case 'd':
		return v->domain;
	case 'h':
		return v->helo;
	case 'r':
		return v->receiver;
	case 'p':
		return v->validated != NULL ? v->validated : "unknown";
	case 'v':
		return v->client.family == NETADDR_IPV6 ? "ip6" : "in-addr";
	case 'i':
		format_dotted(&v->client, scratch);
		return scratch;
	case 'c':
		return netaddr_format(&v->client, scratch);
	default:
		snprintf(scratch, 64, "%" PRIu64, v->now);
		return scratch;
	}
}

static void
macro_expand(struct sink *s, const struct spf_macro_values *v, const char *text,
    size_t len)
{
	const char	*at = text, *end = text + len;
	struct item	 it;
	char		 scratch[64];

	while (at < end && macro_scan(&at, end, MACRO_TEXT, &it)) {
		if (it.literal != NULL)
			sink_add(s, it.literal, it.len);
		else
			add_transformed(s, &it,
			    macro_value(v, it.letter, scratch));
		if (!s->tail && s->len == SPF_EXPLANATION_MAX)
			return;
	}
}

const char *
spf_macro_name(struct arena *a, const struct spf_macro_values *v,
    const char *text, size_t len)
{
	struct sink	 s = { .tail = true };
	const char	*name = s.data, *dot;

	macro_expand(&s, v, text, len);
	if (s.len > 0 && s.data[s.len - 1] == '.')
		s.len--;
	if (s.len > SPF_NAME_MAX) {
		dot = memchr(s.data + s.len - SPF_NAME_MAX - 1, '.',
		    SPF_NAME_MAX + 1);
		if (dot != NULL)
			name = dot + 1;
	}
	return arena_memdup(a, name, (size_t)(s.data + s.len - name));
}

const char *
spf_macro_text(struct arena *a, const struct spf_macro_values *v,
    const char *text, size_t len)
{
	struct sink	 s = { .tail = false };
	size_t		 i;

	macro_expand(&s, v, text, len);
	for (i = 0; i < s.len; i++)
		if (s.data[i] < 0x20 || s.data[i] > 0x7e)
			s.data[i] = '?';
	return arena_memdup(a, s.data, s.len);
}
