/*
 * dkim_maker - an independent signer for tests, straight from RFC 6376
 *
 * It shares no code with ours, except for the reference of body
 * canonicalization. The test writes the whole field, right or wrong, as a
 * template: the field's value with %BH% and %B% in place of the hashes. c=, h=
 * and l= are taken from the template. Keys are made once in a program, by
 * name: "rsa1024", "ed25519".
 */
#ifndef MILLGATE_DKIM_MAKER_H
#define MILLGATE_DKIM_MAKER_H

#include <ctype.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "mail/canon_reference.h"

struct maker_key {
	const char	*name;
	EVP_PKEY	*pkey;
};

static struct maker_key maker_keys[16];

static inline EVP_PKEY *
maker_key(const char *name)
{
	size_t i;

	for (i = 0; maker_keys[i].name != NULL; i++)
		if (strcmp(maker_keys[i].name, name) == 0)
			return maker_keys[i].pkey;
	assert_true(i + 1 < NELEM(maker_keys));
	maker_keys[i].name = name;
	if (strncmp(name, "rsa", 3) == 0)
		maker_keys[i].pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA",
		    (size_t)atoi(name + 3));
	else
		maker_keys[i].pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(maker_keys[i].pkey);
	return maker_keys[i].pkey;
}

static inline void
maker_forget_keys(void)
{
	size_t i;

	for (i = 0; maker_keys[i].name != NULL; i++)
		EVP_PKEY_free(maker_keys[i].pkey);
	memset(maker_keys, 0, sizeof(maker_keys));
}

static inline char *
maker_base64(struct arena *a, const unsigned char *data, size_t len)
{
	char *text = arena_alloc(a, len / 3 * 4 + 8);

	EVP_EncodeBlock((unsigned char *)text, data, (int)len);
	return text;
}

/* p=: "spki", "pkcs1" (RSA only) or "raw" (Ed25519 only). */
static inline char *
maker_public(struct arena *a, EVP_PKEY *pkey, const char *form)
{
	unsigned char	*der = NULL, raw[32];
	size_t		 rawlen = sizeof(raw);
	char		*text;
	int		 len;

	if (strcmp(form, "raw") == 0) {
		assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, raw,
		    &rawlen), 1);
		return maker_base64(a, raw, rawlen);
	}
	len = strcmp(form, "spki") == 0 ? i2d_PUBKEY(pkey, &der) :
	    i2d_PublicKey(pkey, &der);
	assert_true(len > 0);
	text = maker_base64(a, der, (size_t)len);
	OPENSSL_free(der);
	return text;
}

/* The value of a tag in a template, white space dropped; NULL: none. */
static inline char *
maker_tag(struct arena *a, const char *template, const char *tag)
{
	const char	*p = template, *end;
	size_t		 len = strlen(tag);
	char		*value, *to;

	for (; p != NULL; p = strchr(p, ';')) {
		p += strspn(p, "; \t\r\n");
		if (strncmp(p, tag, len) != 0 ||
		    p[len + strspn(p + len, " \t\r\n")] != '=')
			continue;
		p = strchr(p, '=') + 1;
		end = p + strcspn(p, ";");
		to = value = arena_alloc(a, (size_t)(end - p) + 1);
		for (; p < end; p++)
			if (strchr(" \t\r\n", *p) == NULL)
				*to++ = *p;
		return value;
	}
	return NULL;
}

static inline char *
maker_replace(struct arena *a, const char *text, const char *mark,
    const char *with)
{
	const char *at = strstr(text, mark);

	if (at == NULL)
		return arena_strdup(a, text);
	return arena_printf(a, "%.*s%s%s", (int)(at - text), text, with,
	    at + strlen(mark));
}

/* --- the header --------------------------------------------------------- */

struct maker_field {
	const char	*text;		/* "Name: value", not ended */
	size_t		 len, name_len;	/* without blanks before ":" */
	bool		 used;
};

/* Cut a header at each CRLF that no blank follows. The number of fields. */
static inline size_t
maker_split(const char *header, struct maker_field *f, size_t max)
{
	const char	*p = header, *end, *colon;
	size_t		 n = 0;

	while (*p != '\0') {
		assert_true(n < max);
		for (end = strstr(p, "\r\n"); end[2] == ' ' ||
		    end[2] == '\t'; end = strstr(end + 2, "\r\n"))
			;
		f[n].text = p;
		f[n].len = (size_t)(end - p);
		colon = memchr(p, ':', f[n].len);
		assert_non_null(colon);
		while (colon > p && (colon[-1] == ' ' || colon[-1] == '\t'))
			colon--;
		f[n].name_len = (size_t)(colon - p);
		f[n++].used = false;
		p = end + 2;
	}
	return n;
}

static inline void
maker_canon(struct buf *out, bool relaxed, const struct maker_field *f)
{
	size_t	i, start;

	if (!relaxed) {
		buf_add(out, f->text, f->len);
		return;
	}
	for (i = 0; i < f->name_len; i++)
		buf_addch(out, (char)tolower((unsigned char)f->text[i]));
	buf_addch(out, ':');
	start = out->len;
	i = (size_t)((const char *)memchr(f->text, ':', f->len) - f->text) + 1;
	for (; i < f->len; i++) {
		if (f->text[i] == '\r' && i + 1 < f->len &&
		    f->text[i + 1] == '\n')
			i++;
		else if (f->text[i] != ' ' && f->text[i] != '\t')
			buf_addch(out, f->text[i]);
		else if (out->len > start &&
		    out->data[out->len - 1] != ' ')
			buf_addch(out, ' ');
	}
	while (out->len > start && out->data[out->len - 1] == ' ')
		out->len--;
}

/* h= takes fields from the bottom up. */
static inline void
maker_select(struct buf *out, bool relaxed, struct maker_field *f, size_t n,
    const char *names)
{
	size_t	len, i;

	for (; *names != '\0'; names += len + (names[len] == ':')) {
		len = strcspn(names, ":");
		for (i = n; i > 0; i--)
			if (!f[i - 1].used && f[i - 1].name_len == len &&
			    strncasecmp(f[i - 1].text, names, len) == 0)
				break;
		if (i == 0)
			continue;
		f[i - 1].used = true;
		maker_canon(out, relaxed, &f[i - 1]);
		buf_addstr(out, "\r\n");
	}
}

/* --- signing ------------------------------------------------------------ */

static inline char *
maker_body_hash(struct arena *a, const char *template, const char *body,
    size_t len, const EVP_MD *md)
{
	const char	*c = maker_tag(a, template, "c");
	const char	*l = maker_tag(a, template, "l");
	const char	*slash = c == NULL ? NULL : strchr(c, '/');
	unsigned char	 digest[EVP_MAX_MD_SIZE];
	unsigned	 dlen;
	struct buf	 text = BUF_INIT;

	reference_body(&text, slash != NULL &&
	    strcmp(slash, "/relaxed") == 0 ? CANON_RELAXED : CANON_SIMPLE,
	    body, len);
	if (l != NULL && strtoull(l, NULL, 10) < text.len)
		text.len = strtoull(l, NULL, 10);
	EVP_Digest(buf_str(&text), text.len, digest, &dlen, md, NULL);
	buf_free(&text);
	return maker_base64(a, digest, dlen);
}

static inline char *
maker_raw_sign(struct arena *a, EVP_PKEY *pkey, const EVP_MD *md,
    const struct buf *text)
{
	EVP_MD_CTX	*ctx = EVP_MD_CTX_new();
	unsigned char	 digest[EVP_MAX_MD_SIZE], sig[1024];
	size_t		 siglen = sizeof(sig);
	unsigned	 dlen;
	int		 ok;

	if (EVP_PKEY_is_a(pkey, "RSA")) {
		ok = EVP_DigestSignInit(ctx, NULL, md, NULL, pkey) == 1 &&
		    EVP_DigestSign(ctx, sig, &siglen,
		    (const unsigned char *)buf_str(text), text->len) == 1;
	} else {
		EVP_Digest(buf_str(text), text->len, digest, &dlen, md, NULL);
		ok = EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		    EVP_DigestSign(ctx, sig, &siglen, digest, dlen) == 1;
	}
	assert_true(ok);
	EVP_MD_CTX_free(ctx);
	return maker_base64(a, sig, siglen);
}

/* The value of a DKIM-Signature field for this message. */
static inline char *
maker_sign(struct arena *a, const char *template, EVP_PKEY *pkey,
    const char *header, const char *body, size_t len)
{
	const char	*c = maker_tag(a, template, "c");
	const char	*h = maker_tag(a, template, "h");
	const char	*alg = maker_tag(a, template, "a");
	const EVP_MD	*md = alg != NULL && strcmp(alg, "rsa-sha1") == 0 ?
			    EVP_sha1() : EVP_sha256();
	bool		 relaxed = c != NULL && strncmp(c, "relaxed", 7) == 0;
	struct maker_field *f = arena_array(a, 8192, sizeof(*f)), self;
	struct buf	 text = BUF_INIT;
	char		*value, *field;
	size_t		 n = maker_split(header, f, 8192);

	value = maker_replace(a, template, "%BH%",
	    maker_body_hash(a, template, body, len, md));
	maker_select(&text, relaxed, f, n, h != NULL ? h : "");
	field = arena_printf(a, "DKIM-Signature:%s",
	    maker_replace(a, value, "%B%", ""));
	self.text = field;
	self.len = strlen(field);
	self.name_len = strlen("DKIM-Signature");
	maker_canon(&text, relaxed, &self);
	value = maker_replace(a, value, "%B%", maker_raw_sign(a, pkey, md,
	    &text));
	buf_free(&text);
	return value;
}

#endif
