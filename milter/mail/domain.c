/*
 * domain - domain names as text: check, fold case, compare
 *
 * The result of domain_canonical holds only lower-case letters, digits,
 * hyphens, underscores and single dots, so it may be queried, compared and
 * printed as it is. ASCII names are not passed to IDNA: an "xn--" label is
 * left as it was written.
 */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "mail/domain.h"
#include "idna_priv.h"

/*
 * The longest UTF-8 form of a name of 253 octets: four labels of 63, each of
 * at most 59 code points of four octets, and some that the mapping removes.
 */
#define UTF8_MAX	1024

/* A letter, digit, hyphen or underscore in lower case; 0 for any other. */
static char
domain_fold(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' ? ascii_lower(c) : 0;
}

/* Check and fold `len` octets of ASCII into `to`; false: not a domain. */
static bool
canonical_ascii(const char *text, size_t len, char to[DOMAIN_MAX + 1])
{
	size_t i, label = 0;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > DOMAIN_MAX)
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
			to[i] = '.';
			continue;
		}
		to[i] = domain_fold(text[i]);
		if (to[i] == 0 || ++label > LABEL_MAX)
			return false;
	}
	to[len] = '\0';
	return label > 0;
}

const char *
domain_canonical(struct arena *a, const char *text, size_t len)
{
	const char	*ascii = text;
	char		 to[DOMAIN_MAX + 1];

	if (ascii_has_8bit(text, len)) {
		if (len > UTF8_MAX || memchr(text, '\0', len) != NULL)
			return NULL;
		ascii = idna_to_ascii(a, arena_memdup(a, text, len));
		if (ascii == NULL)
			return NULL;
		len = strlen(ascii);
	}
	if (!canonical_ascii(ascii, len, to))
		return NULL;
	return arena_strdup(a, to);
}

unsigned
domain_labels(const char *domain)
{
	unsigned n = 1;

	if (*domain == '\0')
		return 0;
	for (; *domain != '\0'; domain++)
		if (*domain == '.')
			n++;
	return n;
}

const char *
domain_suffix(const char *domain, unsigned n)
{
	const char *p = domain + strlen(domain);

	if (n == 0)
		return p;
	for (; p > domain; p--)
		if (p[-1] == '.' && --n == 0)
			break;
	return p;
}

bool
domain_is_within(const char *domain, const char *parent)
{
	size_t len = strlen(domain), plen = strlen(parent);

	if (plen == 0 || len < plen ||
	    strcmp(domain + len - plen, parent) != 0)
		return false;
	return len == plen || domain[len - plen - 1] == '.';
}

static size_t
length_without_dot(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && s[len - 1] == '.' ? len - 1 : len;
}

bool
domain_equal(const char *a, const char *b)
{
	size_t	len = length_without_dot(a), i;

	if (len != length_without_dot(b))
		return false;
	/* not strncasecmp, which follows the locale */
	for (i = 0; i < len; i++)
		if (a[i] != b[i] && (domain_fold(a[i]) == 0 ||
		    domain_fold(a[i]) != domain_fold(b[i])))
			return false;
	return true;
}
