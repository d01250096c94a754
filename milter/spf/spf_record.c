/*
 * spf_record - the text of an SPF record (RFC 7208 sections 4.5, 4.6, 12)
 *
 * Strict: a syntax error anywhere makes the whole record invalid (4.6). Octets
 * are compared by value, never by locale.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "spf_macro_priv.h"
#include "spf_record_priv.h"

#define VERSION		"v=spf1"
#define VERSION_LEN	(sizeof(VERSION) - 1)

enum argument { NO_ARGUMENT, OPTIONAL_NAME, NEEDS_NAME, NEEDS_NETWORK };

static const struct mechanism {
	const char	*name;
	enum spf_term_kind kind;
	enum argument	 argument;
	bool		 dual_cidr;
} mechanisms[] = {
	/* the most frequent ones first */
	{ "ip4",     TERM_IP4,     NEEDS_NETWORK, false },
	{ "include", TERM_INCLUDE, NEEDS_NAME,	  false },
	{ "ip6",     TERM_IP6,     NEEDS_NETWORK, false },
	{ "a",	     TERM_A,	   OPTIONAL_NAME, true },
	{ "mx",	     TERM_MX,	   OPTIONAL_NAME, true },
	{ "all",     TERM_ALL,     NO_ARGUMENT,   false },
	{ "exists",  TERM_EXISTS,  NEEDS_NAME,	  false },
	{ "ptr",     TERM_PTR,	   OPTIONAL_NAME, false },
};

#define NMECHANISMS	(sizeof(mechanisms) / sizeof(mechanisms[0]))


/* A name (letters, digits, "-_.") compared with a lower-case word. */
static bool
term_name_is(const char *s, size_t len, const char *word)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((s[i] | 0x20) != word[i])
			return false;
	return word[len] == '\0';
}

/* A prefix length: no leading zeros, at most `max`. */
static bool
parse_prefix(const char *s, size_t len, unsigned max, unsigned *bits)
{
	unsigned n = 0;
	size_t	 i;

	if (len == 0 || len > 3 || (s[0] == '0' && len > 1))
		return false;
	for (i = 0; i < len; i++) {
		if (!ascii_is_digit(s[i]))
			return false;
		n = n * 10 + (unsigned)(s[i] - '0');
	}
	*bits = n;
	return n <= max;
}

/*
 * Where a "/digits" at the end of s begins, or len. A domain-spec cannot end
 * like that, so the digits are always a prefix length.
 */
static size_t
find_suffix(const char *s, size_t len)
{
	size_t i = len;

	while (i > 0 && ascii_is_digit(s[i - 1]))
		i--;
	return i < len && i > 0 && s[i - 1] == '/' ? i - 1 : len;
}

/* dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ] */
static bool
parse_dual_cidr(const char *s, size_t *len, struct spf_term *t)
{
	size_t slash = find_suffix(s, *len);

	if (slash < *len && slash > 0 && s[slash - 1] == '/') {
		if (!parse_prefix(s + slash + 1, *len - slash - 1, 128,
		    &t->bits6))
			return false;
		*len = slash - 1;
		slash = find_suffix(s, *len);
	}
	if (slash < *len) {
		if (!parse_prefix(s + slash + 1, *len - slash - 1, 32,
		    &t->bits4))
			return false;
		*len = slash;
	}
	return true;
}

/* ":" and a domain-spec, or nothing where that is allowed. */
static const char *
parse_domain_spec(const char *s, size_t len, enum argument argument,
    struct spf_term *t)
{
	if (len == 0)
		return argument == OPTIONAL_NAME ? NULL :
		    "a mechanism needs a domain";
	if (s[0] != ':')
		return "a mechanism does not take a prefix length";
	if (!spf_macro_valid_name(s + 1, len - 1))
		return "a domain is not valid";
	t->spec = s + 1;
	t->spec_len = len - 1;
	return NULL;
}

/* Four decimal numbers up to 255 without leading zeros, and nothing else. */
static bool
parse_ip4(const char *s, const char *end, uint8_t octets[4])
{
	unsigned	n;
	int		i;

	for (i = 0; i < 4; i++) {
		if (i > 0 && (s == end || *s++ != '.'))
			return false;
		if (s == end || !ascii_is_digit(*s))
			return false;
		n = (unsigned)(*s++ - '0');
		while (s < end && ascii_is_digit(*s) && n > 0 && n < 256)
			n = n * 10 + (unsigned)(*s++ - '0');
		if (n > 255)
			return false;
		octets[i] = (uint8_t)n;
	}
	return s == end;
}

/*
 * inet_pton takes the forms of RFC 4291 2.2, without a scope. An IPv4-mapped
 * network remains IPv6 and matches no client, since a client with an
 * IPv4-mapped address counts as IPv4 (section 5).
 */
static bool
parse_ip6(const char *s, const char *end, uint8_t octets[16])
{
	char	text[INET6_ADDRSTRLEN];
	size_t	len = (size_t)(end - s);

	if (len >= sizeof(text) || memchr(s, '\0', len) != NULL)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, octets) == 1;
}

static const char *
parse_network(const char *s, size_t len, struct spf_term *t)
{
	bool		 v6 = t->kind == TERM_IP6;
	struct netaddr	*addr = &t->network.addr;
	unsigned	 max = v6 ? 128 : 32;
	size_t		 slash;

	if (len < 2 || s[0] != ':')
		return "an ip4 or ip6 needs a network";
	s++;
	len--;
	t->network.bits = max;
	slash = find_suffix(s, len);
	if (slash < len && !parse_prefix(s + slash + 1, len - slash - 1, max,
	    &t->network.bits))
		return "a prefix length is not valid";
	addr->family = v6 ? NETADDR_IPV6 : NETADDR_IPV4;
	if (v6 ? !parse_ip6(s, s + slash, addr->octets) :
	    !parse_ip4(s, s + slash, addr->octets))
		return "an IP address is not valid";
	return NULL;
}

static const char *
parse_mechanism(const char *s, size_t name_len, size_t len, struct spf_term *t)
{
	const struct mechanism *m = mechanisms;

	while (!term_name_is(s, name_len, m->name))
		if (++m == mechanisms + NMECHANISMS)
			return "a mechanism is unknown";
	t->kind = m->kind;
	t->bits4 = 32;
	t->bits6 = 128;
	s += name_len;
	len -= name_len;
	if (m->argument == NO_ARGUMENT)
		return len == 0 ? NULL : "\"all\" takes no argument";
	if (m->argument == NEEDS_NETWORK)
		return parse_network(s, len, t);
	if (m->dual_cidr && !parse_dual_cidr(s, &len, t))
		return "a prefix length is not valid";
	return parse_domain_spec(s, len, m->argument, t);
}

static const char *
parse_modifier(const char *s, size_t name_len, size_t len, struct spf_term *t)
{
	const char	*value = s + name_len + 1;
	size_t		 value_len = len - name_len - 1;

	t->spec = value;
	t->spec_len = value_len;
	t->kind = term_name_is(s, name_len, "redirect") ? TERM_REDIRECT :
	    term_name_is(s, name_len, "exp") ? TERM_EXP : TERM_UNKNOWN_MODIFIER;
	if (t->kind == TERM_UNKNOWN_MODIFIER)
		return spf_macro_valid(value, value_len, MACRO_MODIFIER) ?
		    NULL : "the value of a modifier is not valid";
	return spf_macro_valid_name(value, value_len) ? NULL :
	    "the domain of redirect or exp is not valid";
}

/*
 * The octet behind the name tells a modifier from a mechanism (4.6.1). Only a
 * mechanism may have a qualifier.
 */
static const char *
parse_term(const char *s, size_t len, struct spf_term *t)
{
	bool	qualified = memchr("+-~?", s[0], 4) != NULL;
	size_t	n = 0;

	memset(t, 0, sizeof(*t));
	t->qualifier = qualified ? s[0] : '+';
	if (qualified) {
		s++;
		len--;
	}
	if (len == 0 || !ascii_is_alpha(s[0]))
		return "a term does not begin with a name";
	while (n < len && (ascii_is_alpha(s[n]) || ascii_is_digit(s[n]) ||
	    memchr("-_.", s[n], 3) != NULL))
		n++;
	if (n < len && s[n] == '=' && !qualified)
		return parse_modifier(s, n, len, t);
	if (n == len || s[n] == ':' || s[n] == '/')
		return parse_mechanism(s, n, len, t);
	return "a name has a character that is not allowed";
}

bool
spf_record_is(const char *text, size_t len)
{
	return len >= VERSION_LEN &&
	    strncasecmp(text, VERSION, VERSION_LEN) == 0 &&
	    (len == VERSION_LEN || text[VERSION_LEN] == ' ');
}

/* redirect and exp may occur once (section 6), the others any number. */
static const char *
keep_modifier(struct spf_record *rec, const struct spf_term *t)
{
	if (t->kind == TERM_REDIRECT) {
		if (rec->has_redirect)
			return "redirect occurs twice";
		rec->has_redirect = true;
		rec->redirect = *t;
	} else if (t->kind == TERM_EXP) {
		if (rec->has_exp)
			return "exp occurs twice";
		rec->has_exp = true;
		rec->exp = *t;
	}
	return NULL;
}

void
spf_record_begin(struct spf_record *rec, const char *text, size_t len)
{
	memset(rec, 0, sizeof(*rec));
	rec->at = text + VERSION_LEN;
	rec->end = text + len;
}

/* Only SP separates terms (4.6.1), never TAB. */
bool
spf_record_next(struct spf_record *rec, struct spf_term *term)
{
	const char *word, *p = rec->at;

	while (p < rec->end && *p == ' ')
		p++;
	for (word = p; p < rec->end && *p != ' '; p++)
		;
	rec->at = p;
	if (p == word || rec->error != NULL)
		return false;
	rec->nterms++;
	rec->error = parse_term(word, (size_t)(p - word), term);
	if (rec->error == NULL)
		rec->error = keep_modifier(rec, term);
	if (rec->error != NULL)
		rec->error_term = rec->nterms;
	return rec->error == NULL;
}

bool
spf_term_asks_dns(const struct spf_term *term)
{
	return term->kind >= TERM_A && term->kind <= TERM_REDIRECT;
}
