/*
 * ctl_key - what the files of `millgatectl key` share
 */
#ifndef MILLGATE_CTL_KEY_H
#define MILLGATE_CTL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "dkim/crypto.h"
#include "dkim/keydir.h"
#include "dns/resolver.h"

struct arena;
struct conf;
struct record;

enum key_kinds { KINDS_RSA, KINDS_ED25519, KINDS_BOTH };
enum key_format { FORMAT_ZONE, FORMAT_STRING, FORMAT_NSUPDATE };

/* One run of the command: arguments and what they led to. */
struct key_command {
	struct arena	*arena;
	bool		 json;
	const char	*directory;	/* NULL: OpenDKIM's tables */
	const char	*domain;	/* canonical; NULL: all */
	const char	*selector;
	const char	*zone;		/* answer lookups from this file */
	enum key_kinds	 kinds;
	enum key_format	 format;
	unsigned	 bits;
	unsigned	 keep;		/* days */
	bool		 active;	/* sign at once */
	struct conf	*conf;		/* NULL when it was not needed */
	time_t		 now;
	size_t		 printed;	/* members of the JSON array */
};

/* A key and what became of loading it. */
struct key_item {
	const char	*domain, *selector, *path;
	enum key_state	 state;
	time_t		 since;
	struct crypto_key *key;		/* NULL: why */
	const char	*why;
};

struct key_items {
	size_t		 n;
	struct key_item	*item;
};

/* The keys of c->domain and c->selector, or all. false: told on stderr. */
bool		 key_items_load(struct key_command *c, struct key_items *items);
void		 key_items_free(struct key_items *items);

/* One run: 10 seconds and 1,000 queries in all. */
extern const struct lookup_limits key_lookup_limits;

/* The next member of the JSON array that the command prints. */
void		 key_print_json(struct key_command *c, const struct record *r);

/* "rsa", "ed25519" */
const char	*key_type_name(const struct crypto_key *key);
/* A record in the chosen format on stdout; false: OpenSSL fails. */
bool		 key_print_record(const struct key_command *c,
		    const struct key_item *k);

/* The subcommands; each answers with an exit status. */
int		 ctl_key_list(struct key_command *c);
int		 ctl_key_dns(struct key_command *c);
int		 ctl_key_check(struct key_command *c);
int		 ctl_key_new(struct key_command *c);
int		 ctl_key_activate(struct key_command *c);
int		 ctl_key_retire(struct key_command *c);
int		 ctl_key_prune(struct key_command *c);

#endif
