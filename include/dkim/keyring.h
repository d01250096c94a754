/*
 * keyring - the DKIM keys on disk, loaded once, shared by all threads
 *
 * <directory>/<domain>/<selector>.private, PEM, RSA or Ed25519, or the keys
 * that OpenDKIM's tables name. A ring is immutable after loading but for
 * keyring_activate, and reference-counted with the configuration.
 */
#ifndef MILLGATE_KEYRING_H
#define MILLGATE_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct crypto_key;
struct keyring;
struct sign_rules;

struct signing_key {
	const char	*domain;	/* d=, A-label form, lower case */
	const char	*selector;	/* s= */
	const char	*algorithm;	/* "rsa-sha256", "ed25519-sha256" */
	const char	*identity;	/* i=, or NULL: as sign_rules say */
	const char	*path;
	struct crypto_key *pkey;	/* for crypto.h */
	bool		 pending;	/* when loaded: see keydir.h */
};

/* All keys of one domain, RSA before Ed25519, then by selector. */
struct signing_keys {
	size_t		 n;
	const struct signing_key *const *key;
	/*
	 * Of a domain above the one that was asked for: nobody wrote down that
	 * they sign for it. What a signing table leads to, its author wrote.
	 */
	bool		 of_parent;
};

/*
 * NULL with *why (malloced; the caller frees): the file, what is wrong, and
 * the command that mends it, a line for each of the first ten. Refused: a
 * key that others may read or write or the group may write, one that is
 * neither RSA of at least 1024 bits nor Ed25519, a directory that all may
 * write to, a file name that is no selector, a directory name that is no
 * domain. Files that do not end in ".private" and names that begin with a
 * dot are not looked at.
 */
struct keyring	*keyring_load(const char *directory, char **why);
/* For a configuration without keys. */
struct keyring	*keyring_empty(void);
void		 keyring_free(struct keyring **kp);
size_t		 keyring_count(const struct keyring *k);

/*
 * OpenDKIM's KeyTable and SigningTable, unchanged. Each is a path, or a path
 * behind "file:" (keys are looked up) or "refile:" (keys are patterns).
 *
 * KeyTable: "name domain:selector:path". A domain "%" is the author's, a "%"
 * in the path too; all keys that exist for some domain are loaded. A path
 * has a slash in front, or "./" or "../" for one relative to the table;
 * anything else is the key itself in base64. Only keys that the SigningTable
 * can lead to are loaded.
 *
 * SigningTable: "pattern name[:identity]". A name "%" is the author's domain,
 * a "%" in the identity too; an identity outside of d= is left out,
 * others are written as RFC 6376 2.11 wants it.
 *
 * NULL with *why as above, the lines beginning with "table:line:" where it is
 * a table's.
 */
struct keyring	*keyring_load_tables(const char *key_table,
		    const char *signing_table, char **why);

/*
 * The keys that sign for the author local@domain (canonical), RSA before
 * Ed25519. From a directory: those of the domain, else, unless
 * rules->own_domain_only, those of the nearest parent that has some. From the
 * tables: those of the first line that matches and leads to a key, or of all
 * if rules->all_matches. What is not the ring's is in the arena.
 */
struct signing_keys keyring_find_author(const struct keyring *k,
		    const struct sign_rules *rules, const char *local,
		    const char *domain, struct arena *a);

/* Exactly this d= domain's keys; n = 0 when it has none. */
struct signing_keys keyring_find(const struct keyring *k, const char *domain);

/* All keys that signed at load, by domain and in its order. */
struct signing_keys keyring_all(const struct keyring *k);

/*
 * Keys that were pending at load. They are no answer to any question until
 * keyring_activate, which is for one thread; from then on such a key signs
 * instead of the domain's older ones of its kind, for all threads at once.
 */
size_t		 keyring_npending(const struct keyring *k);
const struct signing_key *keyring_pending(const struct keyring *k, size_t i,
		    bool *signs);
void		 keyring_activate(struct keyring *k, size_t i);

#endif
