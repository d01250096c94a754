/*
 * ctl_key - what the files of `millgatectl key` share
 *
 * ctl_key.c has the command line and loads keys; ctl_key_show.c has the
 * subcommands that only read, ctl_key_change.c those that write.
 */
#ifndef MILLGATE_CTL_KEY_H
#define MILLGATE_CTL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "dkim/crypto.h"
#include "dkim/keydir.h"
#include "dns/resolver.h"
#include "store/store.h"

struct arena;
struct conf;
struct record;

enum key_kinds { KINDS_RSA, KINDS_ED25519, KINDS_BOTH };
enum key_format { FORMAT_ZONE, FORMAT_STRING, FORMAT_NSUPDATE };

/* One run of the command: its arguments, and what they refer to. */
struct key_command {
	struct arena	*arena;
	bool		 json;
	const char	*directory;	/* NULL: OpenDKIM's tables */
	const char	*domain;	/* canonical; NULL: all */
	const char	*selector;
	const char	*zone;		/* file for lookups; NULL: the DNS */
	enum key_kinds	 kinds;
	enum key_format	 format;
	unsigned	 bits;
	unsigned	 keep;		/* days */
	bool		 active;	/* new: sign before it is published */
	struct conf	*conf;		/* NULL: not read, see --directory */
	struct store_place state;	/* if conf is not NULL */
	time_t		 now;
	size_t		 printed;	/* elements of the JSON array so far */
};

/* A key file. */
struct key_item {
	const char	*domain, *selector, *path;
	enum key_state	 state;
	time_t		 since;		/* of the state; 0: not known */
	time_t		 seen;		/* pending: signs since; 0: not yet */
	struct crypto_key *key;		/* NULL: it cannot be loaded */
	const char	*why;		/* and why */
};

struct key_items {
	size_t		 n;
	struct key_item	*item;
};

/*
 * Load the keys of c->domain and c->selector, NULL for all. False: an error is
 * on stderr. The caller frees *items in either case.
 */
bool		 key_items_load(struct key_command *c, struct key_items *items);
void		 key_items_free(struct key_items *items);

/* Of one run: 10 seconds and 1,000 queries in all. */
extern const struct lookup_limits key_lookup_limits;

/* Print the next element of a JSON array, with a comma before all but one. */
void		 key_print_json(struct key_command *c, const struct record *r);

/* "rsa", "ed25519" */
const char	*key_type_name(const struct crypto_key *key);
/* Print the DNS record of a key in c->format; false: OpenSSL failed. */
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
