/*
 * dkim_sign_tool - sign messages for other verifiers
 *
 * Makes an RSA and an Ed25519 key of example.org, and prints a line "SELECTOR
 * RECORD" for each. Then it reads from stdin, again and again, a line
 *	sign simple|relaxed simple|relaxed OCTETS
 * and that many octets of a message with CRLF. For each message it prints two
 * values of DKIM-Signature fields, each after a line with its length.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keyring.h"

#define CHUNK	1000	/* ends at no line or block boundary */

static struct signing_key keys[] = {
	{ .domain = "example.org", .selector = "rsa",
	    .algorithm = "rsa-sha256" },
	{ .domain = "example.org", .selector = "ed",
	    .algorithm = "ed25519-sha256" },
};

static void
make_key(struct signing_key *k, enum crypto_type type)
{
	struct buf	 p = BUF_INIT;
	const char	*why;

	k->pkey = crypto_key_generate(type, 2048, &why);
	if (k->pkey == NULL || !crypto_key_public(k->pkey, &p))
		errx(2, "cannot make a key");
	printf("%s v=DKIM1; k=%s; p=%s\n", k->selector,
	    type == CRYPTO_RSA ? "rsa" : "ed25519", buf_str(&p));
	buf_free(&p);
}

/* As libmilter passes it: the name, and the value with LF in its folds. */
static void
feed_field(struct dkim_signer *s, struct arena *a, const char *p, size_t len)
{
	const char	*colon = memchr(p, ':', len);
	size_t		 name = (size_t)(colon - p), i, n = 0;
	char		*value = arena_alloc(a, len);

	for (i = name + 1; i < len; i++)
		if (p[i] != '\r' || i + 1 == len || p[i + 1] != '\n')
			value[n++] = p[i];
	dkim_signer_header(s, arena_memdup(a, p, name), value);
}

/* Fields up to the empty line; the rest is the body. */
static size_t
feed_fields(struct dkim_signer *s, struct arena *a, const char *message)
{
	const char *p = message, *end;

	while (strncmp(p, "\r\n", 2) != 0) {
		for (end = strstr(p, "\r\n"); end != NULL && (end[2] == ' ' ||
		    end[2] == '\t'); end = strstr(end + 2, "\r\n"))
			;
		if (end == NULL)
			errx(2, "no end of header");
		feed_field(s, a, p, (size_t)(end - p));
		p = end + 2;
	}
	return (size_t)(p + 2 - message);
}

static void
sign(const struct sign_rules *rules, const char *message, size_t len)
{
	const struct signing_key *const	 both[] = { &keys[0], &keys[1] };
	struct arena			*a = arena_new(65536);
	struct dkim_signer		*s;
	const char *const		*values;
	const char			*why;
	size_t				 at, take;

	s = dkim_signer_new(rules, both, 2, a, time(NULL));
	for (at = feed_fields(s, a, message); at < len; at += take) {
		take = len - at < CHUNK ? len - at : CHUNK;
		dkim_signer_body(s, message + at, take);
	}
	values = dkim_signer_finish(s, &why);
	if (values == NULL)
		errx(2, "%s", why);
	printf("%zu\n%s%zu\n%s", strlen(values[0]), values[0],
	    strlen(values[1]), values[1]);
	fflush(stdout);
	dkim_signer_free(&s);
	arena_free(&a);
}

static enum canonicalization
canon_of(const char *word)
{
	return strcmp(word, "simple") == 0 ? CANON_SIMPLE : CANON_RELAXED;
}

int
main(void)
{
	struct sign_rules	 rules = sign_default_rules;
	char			*line = NULL, header[8], body[8], *message;
	size_t			 size = 0, len;

	make_key(&keys[0], CRYPTO_RSA);
	make_key(&keys[1], CRYPTO_ED25519);
	fflush(stdout);
	while (getline(&line, &size, stdin) > 0) {
		if (sscanf(line, "sign %7s %7s %zu", header, body, &len) != 3)
			errx(2, "invalid line \"%s\"", line);
		rules.header_canon = canon_of(header);
		rules.body_canon = canon_of(body);
		message = xcalloc(len + 1, 1);
		if (fread(message, 1, len, stdin) != len)
			errx(2, "the message is incomplete");
		sign(&rules, message, len);
		free(message);
	}
	free(line);
	crypto_key_free(&keys[0].pkey);
	crypto_key_free(&keys[1].pkey);
	return 0;
}
