/*
 * keyring - the DKIM keys on disk, loaded once, shared by all threads
 *
 * The keys are <directory>/<domain>/<selector>.private (PEM, RSA or Ed25519),
 * or those that OpenDKIM's tables name. A ring does not change after loading,
 * except by keyring_activate. It is reference-counted with the configuration.
 */
#ifndef MILLGATE_KEYRING_H
#define MILLGATE_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct arena;
struct crypto_key;
struct keyring;
struct sign_rules;

struct signing_key {
	const char	*domain;	/* d=, A-label form, lower case */
	const char	*selector;	/* s= */
	const char	*algorithm;	/* "rsa-sha256", "ed25519-sha256" */
	const char	*identity;	/* i=, or NULL: see sign_rules */
	const char	*path;
	struct crypto_key *pkey;	/* for crypto.h */
	bool		 pending;	/* when loaded: see keydir.h */
	time_t		 since;		/* pending, if that is known; or 0 */
};

/* All keys of one domain, RSA before Ed25519, then by selector. */
struct signing_keys {
	size_t		 n;
	const struct signing_key *const *key;
	/*
	 * Keys of a parent of the requested domain: no configuration says that
	 * they sign for it. Always false for keys from a SigningTable.
	 */
	bool		 of_parent;
};

/*
 * NULL with *why (malloced; the caller frees): the file, the error and the
 * command that mends it, a line for each of the first ten problems. Refused
 * are
 *	a key that others may read or write, or that the group may write;
 *	a key that is neither Ed25519 nor RSA of at least 1024 bits;
 *	a directory that all may write to;
 *	a file name that is not a selector;
 *	a directory name that is not a domain.
 * Files that do not end in ".private" and names that begin with a dot are
 * ignored.
 */
struct keyring	*keyring_load(const char *directory, char **why);
/* For a configuration without keys. */
struct keyring	*keyring_empty(void);
void		 keyring_free(struct keyring **kp);
size_t		 keyring_count(const struct keyring *k);

/*
 * OpenDKIM's KeyTable and SigningTable, unchanged. Each argument is a path,
 * alone or after "file:" (keys are looked up) or "refile:" (keys are patterns).
 *
 * KeyTable: "name domain:selector:path". A domain "%" is the author's domain,
 * as is a "%" in the path; all keys that exist for such a path are loaded. A
 * path begins with "/", or with "./" or "../" when it is relative to the
 * table; anything else is the key itself in base64. Only keys that the
 * SigningTable can select are loaded.
 *
 * SigningTable: "pattern name[:identity]". A name "%" is the author's domain,
 * as is a "%" in the identity. An identity outside of d= is left out; others
 * are written in dkim-quoted-printable (RFC 6376 2.11).
 *
 * NULL with *why as above; errors in a table begin with "table:line:".
 */
struct keyring	*keyring_load_tables(const char *key_table,
		    const char *signing_table, char **why);

/*
 * The files of keys that a KeyTable names, whether they can be read or not;
 * NULL-terminated, in the arena. NULL with *why as above: the table is wrong.
 */
const char *const *keyring_table_files(const char *key_table,
		    struct arena *a, char **why);

/*
 * The keys that sign for the author local@domain (canonical), RSA before
 * Ed25519. From a directory: the keys of the domain, else, unless
 * rules->own_domain_only, those of its nearest parent that has keys. From the
 * tables: the key of the first line that matches and has a key, or of all
 * these lines if rules->all_matches. The answer is valid as long as both the
 * ring and the arena.
 */
struct signing_keys keyring_find_author(const struct keyring *k,
		    const struct sign_rules *rules, const char *local,
		    const char *domain, struct arena *a);

/* Exactly this d= domain's keys; n = 0 when it has none. */
struct signing_keys keyring_find(const struct keyring *k, const char *domain);

/* All keys that sign, by domain and in the order of use; in the arena. */
struct signing_keys keyring_all(const struct keyring *k, struct arena *a);

/*
 * Keys that were pending at load. They are not found until keyring_activate,
 * which only one thread may call. From then on, the key signs for all threads
 * in place of the domain's older keys of the same type.
 */
size_t		 keyring_npending(const struct keyring *k);
const struct signing_key *keyring_pending(const struct keyring *k, size_t i,
		    bool *signs);
void		 keyring_activate(struct keyring *k, size_t i);
/* Does the store know of its activation? For keyseen.c, in the same thread. */
bool		 keyring_is_noted(const struct keyring *k, size_t i);
void		 keyring_note(struct keyring *k, size_t i);

/*
 * If no key signs for this author's domain: the pending key, and its index,
 * that will sign when it is activated. NULL: there is none.
 */
const struct signing_key *keyring_find_pending(const struct keyring *k,
		    const struct sign_rules *rules, const char *domain,
		    size_t *i);
/* True once an hour for each pending key; `ticks` are milliseconds. */
bool		 keyring_may_warn(struct keyring *k, size_t i,
		    uint64_t ticks);

#endif
