/*
 * key_process_priv - the messages between the daemon and the key process
 *
 * A request and its answer are one datagram each. Both sides check the length,
 * the type and each member before they use any; a message that is wrong ends
 * the key process, or the daemon. A private key is in no message but
 * KEYMSG_PARSE, a request, and that only for a key in the text of a KeyTable.
 *
 * Bounds: KEYMSG_SIGN_MAX signatures and KEYMSG_FORGET_MAX keys a request,
 * KEYMSG_PATH_MAX octets of a path, KEYMSG_TEXT_MAX of a text, KEYMSG_WHY_MAX
 * of an error, KEYMSG_KEYS keys in all.
 */
#ifndef MILLGATE_KEY_PROCESS_PRIV_H
#define MILLGATE_KEY_PROCESS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dkim/crypto.h"

#define KEYMSG_SIGN_MAX		8u
#define KEYMSG_FORGET_MAX	256u
#define KEYMSG_PATH_MAX		4096u
#define KEYMSG_TEXT_MAX		16384u
#define KEYMSG_WHY_MAX		4096u
#define KEYMSG_PUBLIC_MAX	2048u	/* RSA of 8192 bits needs 1,420 */
#define KEYMSG_KEYS		4000000u

enum keymsg_type {
	KEYMSG_SIGN = 1,	/* digests; answer: KEYMSG_SIGNED */
	KEYMSG_LOAD,		/* a path; KEYMSG_KEY or KEYMSG_WHY */
	KEYMSG_PARSE,		/* a text; the same */
	KEYMSG_FORGET,		/* keys; KEYMSG_DONE */
	KEYMSG_SIGNED, KEYMSG_KEY, KEYMSG_WHY, KEYMSG_DONE
};

struct keymsg_head {
	uint32_t	 type;
	uint32_t	 n;		/* of what follows; 0: see the type */
};

struct keymsg_ask {
	uint32_t	 id;
	unsigned char	 digest[CRYPTO_SHA256_LEN];
};

struct keymsg_signature {
	uint32_t	 len;		/* 0: OpenSSL has failed */
	unsigned char	 octets[CRYPTO_SIGNATURE_MAX];
};

struct keymsg_key {
	uint32_t	 id;
	uint32_t	 type;		/* enum crypto_type */
	uint32_t	 bits;
	char		 public[KEYMSG_PUBLIC_MAX];	/* base64 */
};

/* The octets that are sent are those of the type; see keymsg_size. */
struct keymsg {
	struct keymsg_head head;
	union {
		struct keymsg_ask	 ask[KEYMSG_SIGN_MAX];
		struct keymsg_signature	 signature[KEYMSG_SIGN_MAX];
		uint32_t		 id[KEYMSG_FORGET_MAX];
		struct keymsg_key	 key;
		char			 path[KEYMSG_PATH_MAX];
		char			 text[KEYMSG_TEXT_MAX];
		char			 why[KEYMSG_WHY_MAX];
	};
};

/* The octets of a message with this head; 0: no message has it. */
size_t	keymsg_size(const struct keymsg_head *head);

/*
 * May the key process use a message of `len` octets? Texts have an end, counts
 * are within their bounds. Ids are not looked up.
 */
bool	keymsg_is_request(const struct keymsg *m, size_t len);
/* May the daemon use it as the answer to `request`? */
bool	keymsg_is_answer(const struct keymsg *m, size_t len,
	    const struct keymsg *request);

/*
 * Send one message, or wait for one. false, 0: the other side has ended, or
 * errno says why not. keymsg_receive returns the octets of the datagram, which
 * may be more than `m` has room for.
 */
bool	keymsg_send(int fd, const struct keymsg *m);
size_t	keymsg_receive(int fd, struct keymsg *m);

/* --- the server (key_process_server.c) ---------------------------------- */

struct key_server;

/* No keys yet. */
struct key_server *key_server_new(void);
void	key_server_free(struct key_server **sp);
/*
 * Answer a request that keymsg_is_request accepts. False: it names a key that
 * is not there, and the peer cannot be trusted any longer. Any thread.
 */
bool	key_server_answer(struct key_server *s, const struct keymsg *request,
	    struct keymsg *answer);

#endif
