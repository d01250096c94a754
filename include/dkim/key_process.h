/*
 * key_process - private keys in a process of their own
 *
 * That process reads key files and keys-database, keeps the keys, and signs
 * digests. It never gives a key away. This one has names, public halves and
 * numbers of keys.
 * Until key_process_use() is called there is no such process, and keys are
 * read where they are used: in millgatectl, in tests, and in the key process
 * itself.
 *
 * A request takes a channel, sends one datagram and waits for one, or for one
 * more for each row of keys-database. While all channels of its kind are in use
 * it waits, KEY_PROCESS_SECONDS at most, for keys-database `asker_ms`; the
 * request has failed then. After an answer that is wrong, later than that or
 * missing, nothing is asked any longer, and `failed` is called once.
 */
#ifndef MILLGATE_KEY_PROCESS_H
#define MILLGATE_KEY_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_PROCESS_SECONDS	20
#define KEY_PROCESS_END_MS	2000u
#define KEY_PROCESS_SIGNERS	256	/* channels, at most */
#define KEY_PROCESS_ASKERS	32	/* for questions to keys-database */

struct buf;
struct crypto_job;
struct crypto_key;
struct keybase_place;

/* One end of each channel: sockets of type SOCK_SEQPACKET; -1: none. */
struct key_channels {
	size_t		 nsigners;
	int		 signer[KEY_PROCESS_SIGNERS];
	int		 cpu[KEY_PROCESS_SIGNERS];	/* -1: any processor */
	size_t		 naskers;
	int		 asker[KEY_PROCESS_ASKERS];
	unsigned	 asker_ms;	/* that a question may take */
};

/*
 * Open both ends of all channels, those for signatures by the processors that
 * this process may use. `asker_ms`: what keys-database may take for a question,
 * in milliseconds; 0: there is none. False: errno says why not, and some may be
 * open.
 */
bool	key_channels_open(struct key_channels *ours,
	    struct key_channels *theirs, unsigned asker_ms);
/* Close those that are open. */
void	key_channels_close(const struct key_channels *c);

/* --- this process asks --------------------------------------------------- */

/*
 * From now on, ask through these channels; they are ours then. Call it before
 * any thread is started. `failed` is called by any thread. NULL: read keys
 * here, as before.
 */
void	key_process_use(const struct key_channels *c, void (*failed)(void));
bool	key_process_is_used(void);

/*
 * As keyfile_load and crypto_key_parse: the key process has the key. *why is
 * valid until the next call of the thread.
 */
struct crypto_key *key_process_load(const char *path, struct buf *why);
struct crypto_key *key_process_parse(const char *text, size_t len,
	    const char **why);
/* For crypto_sign_all: jobs with keys of the key process. */
bool	key_process_sign(struct crypto_job *const *job, size_t n);
/* It has ended: call `failed`, unless that has been done. */
void	key_process_lost(void);
/*
 * Let it end, and wait for that, KEY_PROCESS_END_MS at most; true: it has
 * closed its channels. Nothing can be signed any longer, and `failed` is not
 * called for it.
 */
bool	key_process_end(void);
/* The last owner of a key has freed it. */
void	key_process_forget(uint32_t id);

/* --- the key process ------------------------------------------------------ */

/*
 * Answer, with a thread for each channel, until the other side has closed one
 * of them. `place` is keys-database, the only one that is ever asked; NULL: no
 * database. Returns the exit status: 0, or 1 if a request was wrong or no
 * thread could be started; that is logged.
 */
int	key_process_serve(const struct key_channels *c,
	    const struct keybase_place *place);

#endif
