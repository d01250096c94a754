/*
 * ctl_key - what the files of `millgatectl key` share
 *
 * ctl_key.c has the command line and loads keys; ctl_key_show.c has the
 * subcommands that only read, ctl_key_change.c those that write, and
 * ctl_key_files.c the files that they make.
 */
#ifndef MILLGATE_CTL_KEY_H
#define MILLGATE_CTL_KEY_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "dkim/crypto.h"
#include "dkim/keydir.h"
#include "dns/resolver.h"
#include "store/store.h"

struct arena;
struct buf;
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
	bool		 database;	/* also show keys of keys-database */
	struct store_place state;	/* if conf is not NULL */
	time_t		 now;
	size_t		 printed;	/* elements of the JSON array so far */
};

/* A key file, or a key of keys-database. */
struct key_item {
	const char	*domain, *selector;
	const char	*path;		/* NULL: the text is in the database */
	const char	*database;	/* NULL: not from there */
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

/* --- files that are made (ctl_key_files.c); errors are on stderr ---------- */

/* The owner and group that files below the key directory get. */
struct key_owner {
	uid_t	uid;
	gid_t	gid;
	bool	shared;		/* the group may read keys */
	bool	apart;		/* only `reader` may, of the key process */
	uid_t	reader;
};

/* Report errno, and return false. */
bool		 key_file_error(const char *path);
/* `conf` names the user that reads keys; NULL: the directory tells. */
bool		 key_owner_of(const char *directory, const struct conf *conf,
		    struct key_owner *o);
/* Make a directory unless it exists. Its mode does not depend on the umask. */
bool		 key_make_directory(const char *path,
		    const struct key_owner *o);
/* Of the file `path`: is its directory no link of another user? */
bool		 key_is_in_place(struct arena *a, const char *path);
/* Create `path` with this text; an existing file is an error. */
bool		 key_write_new(struct arena *a, const char *path,
		    const struct buf *text, const struct key_owner *o);
/* fsync(2) of a file does not save its name; that of the directory does. */
bool		 key_sync_names(const char *path);
/* Create a marker file beside a key, or set its time to now. */
bool		 key_set_marker(struct arena *a, const char *path,
		    const char *suffix, const struct key_owner *o);
bool		 key_remove_marker(struct arena *a, const char *path,
		    const char *suffix);

/* --- the subcommands ------------------------------------------------------ */

/* The subcommands; each answers with an exit status. */
int		 ctl_key_list(struct key_command *c);
int		 ctl_key_dns(struct key_command *c);
int		 ctl_key_check(struct key_command *c);
int		 ctl_key_new(struct key_command *c);
int		 ctl_key_activate(struct key_command *c);
int		 ctl_key_retire(struct key_command *c);
int		 ctl_key_prune(struct key_command *c);
int		 ctl_key_fix(struct key_command *c);

#endif
