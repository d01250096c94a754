/*
 * dkim_sigfield - parse one DKIM-Signature field strictly
 *
 * The tags that identify the signature are parsed first, so that a refused
 * signature can still be reported. RFC 6376 6.1.1 asks the verifier to be
 * meticulous here: only unknown tags are ignored.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/domain.h"
#include "mail/taglist.h"
#include "dkim_sigfield_priv.h"

#define TIME_DIGITS	12	/* RFC 6376 3.5 t=: more is infinite */
/* libopendkim cuts h= at 4096 octets, and its sums of numbers overflow. */
#define LIBRARY_H_MAX	4000
#define LIBRARY_L_MAX	(UINT64_C(1) << 60)

struct reader {
	struct dkim_sigfield	*f;
	struct arena		*arena;
	struct taglist		 tags;
	const char		*value;
	unsigned		 max_names;
};

static const char *
strip(struct arena *a, const struct tag *t, size_t *len)
{
	char *s = arena_alloc(a, t->len + 1);

	*len = tag_strip(s, t->value, t->len);
	return s;
}

/* domain_canonical accepts a final dot; the grammar of d=, s=, i= does not. */
static const char *
strict_domain(struct arena *a, const char *text, size_t len)
{
	if (len == 0 || text[len - 1] == '.')
		return NULL;
	return domain_canonical(a, text, len);
}

static const char *
tag_version(struct reader *r)
{
	const struct tag *t = taglist_find(&r->tags, "v");

	if (t == NULL)
		return "v= is missing";
	return tag_is(t, "1") ? NULL : "v= is not 1";
}

static const char *
tag_algorithm(struct reader *r)
{
	const struct tag *t = taglist_find(&r->tags, "a");

	if (t == NULL)
		return "a= is missing";
	r->f->algorithm_name = arena_memdup(r->arena, t->value, t->len);
	if (tag_is(t, "rsa-sha256"))
		r->f->algorithm = SIGALG_RSA_SHA256;
	else if (tag_is(t, "ed25519-sha256"))
		r->f->algorithm = SIGALG_ED25519_SHA256;
	else if (tag_is(t, "rsa-sha1"))
		r->f->algorithm = SIGALG_RSA_SHA1;
	else
		return "a= is not known";
	/* RFC 8301 3.1: always a permanent failure */
	return r->f->algorithm == SIGALG_RSA_SHA1 ?
	    "a= rsa-sha1 is no longer accepted" : NULL;
}

static const char *
tag_domain(struct reader *r)
{
	const struct tag *t = taglist_find(&r->tags, "d");

	if (t == NULL)
		return "d= is missing";
	r->f->domain = strict_domain(r->arena, t->value, t->len);
	r->f->identity_domain = r->f->domain;
	return r->f->domain == NULL ? "d= is not a domain" : NULL;
}

static const char *
tag_selector(struct reader *r)
{
	const struct tag *t = taglist_find(&r->tags, "s");

	if (t == NULL)
		return "s= is missing";
	r->f->selector = strict_domain(r->arena, t->value, t->len);
	if (r->f->selector == NULL)
		return "s= is not a selector";
	if (r->f->domain == NULL)
		return NULL;
	r->f->query = arena_printf(r->arena, "%s._domainkey.%s",
	    r->f->selector, r->f->domain);
	return strlen(r->f->query) <= DOMAIN_MAX ? NULL :
	    "s= and d= together are too long for a name";
}

static const char *
tag_signature(struct reader *r)
{
	const struct tag *t = taglist_find(&r->tags, "b");

	if (t == NULL)
		return "b= is missing";
	if (!tag_is_base64(t))
		return "b= is not base64";
	r->f->b = strip(r->arena, t, &r->f->b_len);
	r->f->b_from = (size_t)(t->raw - r->value);
	r->f->b_to = (size_t)(t->raw_end - r->value);
	r->f->unusual |= t->spaced;
	return NULL;
}

static const char *
tag_body_hash(struct reader *r)
{
	const struct tag *t = taglist_find(&r->tags, "bh");

	if (t == NULL)
		return "bh= is missing";
	if (!tag_is_base64(t))
		return "bh= is not base64";
	r->f->bh = strip(r->arena, t, &r->f->bh_len);
	return NULL;
}

static bool
canon_of(const char *p, size_t len, bool *relaxed)
{
	*relaxed = len == 7 && memcmp(p, "relaxed", 7) == 0;
	return *relaxed || (len == 6 && memcmp(p, "simple", 6) == 0);
}

static const char *
tag_canonicalization(struct reader *r)
{
	const struct tag	*t = taglist_find(&r->tags, "c");
	const char		*slash;
	size_t			 len;

	if (t == NULL)
		return NULL;
	slash = memchr(t->value, '/', t->len);
	len = slash == NULL ? t->len : (size_t)(slash - t->value);
	if (!canon_of(t->value, len, &r->f->header_relaxed) ||
	    (slash != NULL && !canon_of(slash + 1, t->len - len - 1,
	    &r->f->body_relaxed)))
		return "c= is not known";
	return NULL;
}

/* ftext of RFC 5322 3.6.8, without the semicolon that ends a tag. */
static bool
is_field_name(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] <= 0x20 || p[i] >= 0x7f)
			return false;
	return len > 0;
}

static const char *
tag_names(struct reader *r)
{
	const struct tag	*t = taglist_find(&r->tags, "h");
	struct tag_items	 it;
	size_t			 n = 0;

	if (t == NULL)
		return "h= is missing";
	for (it = tag_items(t); tag_items_next(&it); n++)
		if (!is_field_name(it.item, it.len))
			return "h= has an invalid field name";
	if (n > r->max_names)
		return "h= names too many fields";
	r->f->names = arena_array(r->arena, n, sizeof(*r->f->names));
	for (it = tag_items(t); tag_items_next(&it); r->f->nnames++) {
		r->f->names[r->f->nnames].name = it.item;
		r->f->names[r->f->nnames].len = it.len;
	}
	r->f->unusual |= t->len > LIBRARY_H_MAX ||
	    dkim_sigfield_names(r->f, "DKIM-Signature") > 0;
	/* RFC 6376 5.4 */
	return dkim_sigfield_names(r->f, "From") > 0 ? NULL :
	    "From is not signed";
}

/* hex-octet of RFC 6376 2.11 is in upper case; -1: not a digit */
static int
upper_hex(char c)
{
	return c >= 'a' ? -1 : ascii_hex(c);
}

/*
 * dkim-quoted-printable (RFC 6376 2.11). An "=" without a hex octet is taken
 * literally: the local parts of bounce addresses have it.
 */
static size_t
decode_printable(char *dst, const char *src, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (src[i] == '=' && i + 2 < len &&
		    upper_hex(src[i + 1]) >= 0 &&
		    upper_hex(src[i + 2]) >= 0) {
			dst[n++] = (char)(upper_hex(src[i + 1]) * 16 +
			    upper_hex(src[i + 2]));
			i += 2;
		} else
			dst[n++] = src[i];
	}
	return n;
}

/* The text within a quoted-string; any other text, or "", stays as it is. */
static size_t
unquote(char *text, size_t len)
{
	char	*out = text;
	size_t	 i;

	if (len < 3 || text[0] != '"' || text[len - 1] != '"')
		return len;
	for (i = 1; i + 1 < len; i++)
		if (text[i] == '"' || (text[i] == '\\' && ++i + 1 == len))
			return len;
	for (i = 1; i + 1 < len; i++) {
		i += text[i] == '\\';
		*out++ = text[i];
	}
	return (size_t)(out - text);
}

/* As written when it has control characters, which would cut it. */
static void
set_identity(struct reader *r, char *local, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)local[i] < ' ' || local[i] == 0x7f)
			return;
	r->f->identity = arena_printf(r->arena, "%.*s@%s",
	    (int)unquote(local, len), local, r->f->identity_domain);
}

static const char *
tag_identity(struct reader *r)
{
	const struct tag	*t = taglist_find(&r->tags, "i");
	char			*s;
	size_t			 len, at;

	if (t == NULL)
		return NULL;
	r->f->identity = strip(r->arena, t, &len);
	r->f->unusual |= memchr(r->f->identity, '=', len) != NULL;
	s = arena_alloc(r->arena, len + 1);
	len = decode_printable(s, r->f->identity, len);
	for (at = len; at > 0 && s[at - 1] != '@'; at--)
		;
	if (at == 0)
		return "i= has no \"@\"";
	r->f->identity_domain = strict_domain(r->arena, s + at, len - at);
	if (r->f->identity_domain == NULL)
		return "i= has no domain";
	set_identity(r, s, at - 1);
	if (r->f->domain != NULL &&
	    !domain_is_within(r->f->identity_domain, r->f->domain))
		return "i= is outside of d=";
	return NULL;
}

/* 1*DIGIT; UINT64_MAX when it is longer than `digits`. */
static bool
read_number(const struct tag *t, size_t digits, uint64_t *n)
{
	size_t i, start = 0;

	for (i = 0; i < t->len; i++)
		if (!ascii_is_digit(t->value[i]))
			return false;
	while (start + 1 < t->len && t->value[start] == '0')
		start++;
	*n = 0;
	if (t->len - start > digits)
		*n = UINT64_MAX;
	else
		for (i = start; i < t->len; i++)
			*n = *n * 10 + (uint64_t)(t->value[i] - '0');
	return t->len > 0;
}

static const char *
tag_length(struct reader *r)
{
	const struct tag *t = taglist_find(&r->tags, "l");

	if (t == NULL)
		return NULL;
	r->f->has_length = true;
	if (t->len > 76 || !read_number(t, 19, &r->f->length))
		return "l= is not a number";
	r->f->unusual |= r->f->length > LIBRARY_L_MAX;
	return NULL;
}

static bool
read_time(const struct tag *t, int64_t *when)
{
	uint64_t n;

	if (!read_number(t, TIME_DIGITS, &n))
		return false;
	*when = n == UINT64_MAX ? INT64_MAX : (int64_t)n;
	return true;
}

static const char *
tag_times(struct reader *r)
{
	const struct tag	*t = taglist_find(&r->tags, "t");
	const struct tag	*x = taglist_find(&r->tags, "x");
	struct dkim_sigfield	*f = r->f;

	f->has_time = t != NULL;
	f->has_expiry = x != NULL;
	if (t != NULL && !read_time(t, &f->time))
		return "t= is not a number";
	if (x != NULL && !read_time(x, &f->expiry))
		return "x= is not a number";
	if (t != NULL && x != NULL && f->expiry <= f->time)
		return "x= is not after t=";
	f->unusual |= x != NULL && f->expiry == INT64_MAX;
	return NULL;
}

static const char *
tag_query(struct reader *r)
{
	const struct tag	*t = taglist_find(&r->tags, "q");
	struct tag_items	 it;

	if (t == NULL)
		return NULL;
	for (it = tag_items(t); tag_items_next(&it);)
		if (it.len == 7 && memcmp(it.item, "dns/txt", 7) == 0)
			return NULL;
	return "q= has no known method";
}

static const char *
check_octets(struct reader *r, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = (unsigned char)r->value[i] < 0x80 ? 1 :
		    utf8_length(r->value + i, len - i);
		if (n == 0)
			return "octets that are not UTF-8";
		r->f->unusual |= n > 1;
	}
	return NULL;
}

/* libopendkim empties every tag whose name ends in "b". */
static void
check_tag_names(struct reader *r)
{
	const struct tag	*t = r->tags.tag;
	size_t			 i;

	for (i = 0; i < r->tags.n; i++)
		if (t[i].name_len > 1 && t[i].name[t[i].name_len - 1] == 'b')
			r->f->unusual = true;
}

const char *
dkim_sigfield_parse(struct dkim_sigfield *f, struct arena *a,
    const char *value, size_t len, unsigned max_names)
{
	static const char *(*const readers[])(struct reader *) = {
		tag_domain, tag_selector, tag_signature, tag_algorithm,
		tag_version, tag_canonicalization, tag_names,
		tag_body_hash, tag_identity, tag_length, tag_times,
		tag_query
	};
	struct reader	 r = { .f = f, .arena = a, .value = value,
			       .max_names = max_names };
	const char	*why, *first;
	size_t		 i;

	memset(f, 0, sizeof(*f));
	first = taglist_parse(&r.tags, value, len);
	for (i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if ((why = readers[i](&r)) != NULL && first == NULL)
			first = why;
	check_tag_names(&r);
	why = check_octets(&r, len);
	return first != NULL ? first : why;
}

const char *
dkim_sigfield_timely(const struct dkim_sigfield *f, time_t now, unsigned skew)
{
	/* RFC 6376 3.5 x=: invalid past this time, not at it; clocks differ */
	if (f->has_expiry && (int64_t)now - (int64_t)skew > f->expiry)
		return "the signature has expired";
	if (f->has_time && f->time > (int64_t)now + (int64_t)skew)
		return "t= is in the future";
	return NULL;
}

unsigned
dkim_sigfield_names(const struct dkim_sigfield *f, const char *name)
{
	size_t		i, len = strlen(name);
	unsigned	n = 0;

	for (i = 0; i < f->nnames; i++)
		if (f->names[i].len == len &&
		    strncasecmp(f->names[i].name, name, len) == 0)
			n++;
	return n;
}
