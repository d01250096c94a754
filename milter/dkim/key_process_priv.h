/*
 * key_process_priv - the messages between the daemon and the key process
 *
 * A request and its answer are one datagram each; KEYMSG_FOUND is followed by
 * one datagram for each row. Both sides check the length, the type and each
 * member before they use any; a message that is wrong ends the key process, or
 * the daemon. A private key is in no message but KEYMSG_PARSE, a request, and
 * that only for a key in the text of a KeyTable.
 *
 * Bounds: KEYMSG_SIGN_MAX signatures and KEYMSG_FORGET_MAX keys a request,
 * KEYMSG_PATH_MAX octets of a path, KEYMSG_TEXT_MAX of a text, KEYMSG_WHY_MAX
 * of an error, KEYBASE_ROWS rows, KEYMSG_KEYS keys in all.
 */
#ifndef MILLGATE_KEY_PROCESS_PRIV_H
#define MILLGATE_KEY_PROCESS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dkim/crypto.h"
#include "mail/domain.h"
#include "keyrows_priv.h"

#define KEYMSG_SIGN_MAX		8u
#define KEYMSG_FORGET_MAX	256u
#define KEYMSG_PATH_MAX		4096u
#define KEYMSG_TEXT_MAX		16384u
#define KEYMSG_WHY_MAX		4096u
#define KEYMSG_PUBLIC_MAX	2048u	/* RSA of 8192 bits needs 1,420 */
#define KEYMSG_KEYS		4000000u
#define KEYMSG_DOMAIN_MAX	(DOMAIN_MAX + 1)
#define KEYMSG_SERVER_MAX	512u

enum keymsg_type {
	KEYMSG_SIGN = 1,	/* digests; answer: KEYMSG_SIGNED */
	KEYMSG_LOAD,		/* a path; KEYMSG_KEY or KEYMSG_WHY */
	KEYMSG_PARSE,		/* a text; the same */
	KEYMSG_FORGET,		/* keys; KEYMSG_DONE */
	KEYMSG_SIGNED, KEYMSG_KEY, KEYMSG_WHY, KEYMSG_DONE,
	KEYMSG_ROWS,		/* of a domain; KEYMSG_FOUND, KEYMSG_ROW... */
	KEYMSG_CHECK,		/* keys-database; KEYMSG_DONE or KEYMSG_WHY */
	KEYMSG_FOUND, KEYMSG_ROW
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

struct keymsg_rows {
	uint32_t	 known;		/* 1: `digest` is that of an answer */
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	char		 domain[KEYMSG_DOMAIN_MAX];	/* canonical */
};

struct keymsg_found {
	uint32_t	 result;	/* enum keyrows_result */
	uint32_t	 n;		/* KEYROWS_READ: datagrams that follow */
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	char		 server[KEYMSG_SERVER_MAX];
	char		 why[KEYMSG_WHY_MAX];	/* KEYROWS_FAILED */
};

/* A key, or why there is none. */
struct keymsg_row {
	uint32_t	 state;		/* enum key_state */
	struct keymsg_key key;		/* without `why` */
	char		 domain[KEYMSG_DOMAIN_MAX];	/* "": not valid */
	char		 selector[KEYMSG_DOMAIN_MAX];	/* the same */
	char		 path[KEYMSG_PATH_MAX];		/* "": no file */
	char		 why[KEYMSG_WHY_MAX];
};

/* The octets that are sent are those of the type; see keymsg_size. */
struct keymsg {
	struct keymsg_head head;
	union {
		struct keymsg_rows	 rows;
		struct keymsg_found	 found;
		struct keymsg_row	 row;
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

/*
 * Copy as much of a text as there is room for, without what a log line or a
 * terminal would understand; NULL: an empty one. The rest is zeros.
 */
void	keymsg_copy(char *to, size_t size, const char *text);

/* --- the daemon's channels (key_process_pool.c) -------------------------- */

enum keypool { KEYPOOL_SIGNERS, KEYPOOL_ASKERS, KEYPOOLS };
enum keypool_more { KEYPOOL_LAST, KEYPOOL_MORE, KEYPOOL_WRONG };

/* Called for each datagram of an answer: is there another one? */
typedef enum keypool_more keypool_more_fn(void *arg, const struct keymsg *m);

/* Has it channels? Those to keys-database are there if that was configured. */
bool	keypool_is_open(enum keypool which);
/* False: there is no answer. `answer` has the last datagram. */
bool	keypool_ask(enum keypool which, const struct keymsg *request,
	    struct keymsg *answer);
bool	keypool_ask_more(enum keypool which, const struct keymsg *request,
	    struct keymsg *answer, keypool_more_fn *more, void *arg);
/* No key of the process is waiting to be forgotten (key_process.c). */
void	key_process_forget_none(void);

/* --- the server (key_process_server.c) ---------------------------------- */

/* Why there are no rows, on both sides. */
#define KEY_SERVER_NO_BASE \
	"the key process was started without keys-database; restart the daemon"

struct key_server;

/* No keys yet. Takes over the database; NULL: there is none. */
struct key_server *key_server_new(struct keyrows_source *source);
void	key_server_free(struct key_server **sp);
/*
 * Answer a request that keymsg_is_request accepts. False: it names a key that
 * is not there, and the peer cannot be trusted any longer. Any thread.
 */
bool	key_server_answer(struct key_server *s, const struct keymsg *request,
	    struct keymsg *answer);
/*
 * Answer KEYMSG_ROWS: `answer` is the room for each datagram. False: one could
 * not be sent. Any thread.
 */
bool	key_server_rows(struct key_server *s, int fd,
	    const struct keymsg *request, struct keymsg *answer);
/*
 * Put a key in the table and in a message; it is taken over. False: `*why`,
 * static, and the key is freed.
 */
bool	key_server_add(struct key_server *s, struct crypto_key *key,
	    struct keymsg_key *to, const char **why);
struct keyrows_source *key_server_source(const struct key_server *s);

#endif
