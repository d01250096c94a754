/*
 * fuzz_key_text: the text of a private key, from a file or a database, is
 * refused with a reason, or it is a key whose PEM is the same key
 *
 * URIs are left out: they name files and devices.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/crypto_uri_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_key(struct crypto_key *key)
{
	struct buf		 pem = BUF_INIT, again = BUF_INIT;
	struct buf		 public = BUF_INIT, same = BUF_INIT;
	struct crypto_key	*copy;
	const char		*why = NULL;

	if (crypto_key_bits(key) == 0 || !crypto_key_public(key, &public) ||
	    !crypto_key_pem(key, &pem))
		abort();
	copy = crypto_key_parse(buf_str(&pem), pem.len, &why);
	if (copy == NULL) {
		fprintf(stderr, "not so: its PEM is a key: %s\n", why);
		abort();
	}
	if (!crypto_key_public(copy, &same) || !crypto_key_pem(copy, &again) ||
	    strcmp(buf_str(&public), buf_str(&same)) != 0 ||
	    strcmp(buf_str(&pem), buf_str(&again)) != 0 ||
	    crypto_key_type(copy) != crypto_key_type(key))
		abort();
	crypto_key_free(&copy);
	buf_free(&pem);
	buf_free(&again);
	buf_free(&public);
	buf_free(&same);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* files and cells of a database end with a NUL, which is not counted */
	char			*text = xcalloc(size + 1, 1);
	struct crypto_key	*key;
	const char		*why = NULL;

	memcpy(text, data, size);
	if (!crypto_uri_is(text, size)) {
		key = crypto_key_parse(text, size, &why);
		if (key != NULL)
			check_key(key);
		else if (why == NULL || *why == '\0')
			abort();
		crypto_key_free(&key);
	}
	free(text);
	return 0;
}
