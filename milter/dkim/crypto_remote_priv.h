/*
 * crypto_remote - a key whose private half is in the key process
 */
#ifndef MILLGATE_CRYPTO_REMOTE_H
#define MILLGATE_CRYPTO_REMOTE_H

#include <stdint.h>

#include "dkim/crypto.h"

/*
 * The caller frees it with crypto_key_free, which calls key_process_forget.
 * `public` is copied.
 */
struct crypto_key *crypto_remote_new(enum crypto_type type, unsigned bits,
		    const char *public, uint32_t id);
/* The number that it has there. */
uint32_t	 crypto_remote_id(const struct crypto_key *key);

#endif
