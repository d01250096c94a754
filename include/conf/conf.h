/*
 * conf - the configuration: immutable after load, reference-counted
 *
 * One row of the table in conf_options*.c is one option: name, type, default,
 * bounds, help. tests/check-options.py compares the manual and the sample file
 * with that table.
 */
#ifndef MILLGATE_CONF_H
#define MILLGATE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/groups.h"
#include "conf/users.h"
#include "directory/sender_maps.h"
#include "dkim/dkim_sign.h"
#include "dkim/dkim_verify.h"
#include "dkim/keyring.h"
#include "mail/authres.h"
#include "policy/policy_block.h"
#include "policy/policy_dmarc.h"
#include "policy/policy_override.h"
#include "policy/policy_quota.h"
#include "policy/policy_rules.h"
#include "policy/policy_sign.h"
#include "policy/policy_spf.h"
#include "policy/policy_warn.h"
#include "store/store.h"

struct buf;

/* The value of control-socket that turns it off. */
#define CONF_NO_SOCKET	"none"
/* The default of key-directory. It is used if it exists. */
#define CONF_KEYS	SYSCONFDIR "/keys"

/* A size without a limit. */
#define CONF_UNLIMITED	SIZE_MAX

enum mode { MODE_ENFORCE, MODE_MONITOR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct strings {
	size_t		 n;
	const char *const *s;
};

struct conf {
	const char	*path;		/* of the file, or name of the text */
	struct strings	 files;		/* it, and those that it includes */
	const char	*socket;	/* in libmilter's syntax */
	unsigned	 socket_mode;	/* 0660; unix sockets only */
	const char	*socket_group;	/* who may connect; NULL: unchanged */
	const char	*socket_owner;	/* "user:group", or NULL */
	const char	*authserv_id;	/* NULL: the MTA's {j} */
	enum login_results submission_results;
	const char	*login_domain;	/* users_qualify adds it; or NULL */
	const char	*state;
	const char	*control_socket; /* a path, or CONF_NO_SOCKET */
	const char	*state_password_file, *state_ca_file;	/* or NULL */
	unsigned	 state_timeout;	/* milliseconds */
	const char	*http_listen;	/* conf_http.h parses it; or NULL */
	const char	*http_token_file;	/* NULL: no token */
	const char	*metrics_file;	/* NULL: none */
	const char	*user;
	const char	*pid_file;	/* NULL: none */
	bool		 key_process;
	bool		 auto_restart;
	bool		 sandbox;
	enum log_format	 log_format;
	enum mode	 mode;
	bool		 iprev;
	struct identity_rules identity;
	unsigned	 max_header_fields;
	size_t		 max_header_bytes;
	unsigned	 max_sessions;
	size_t		 max_memory;	/* octets; CONF_UNLIMITED */

	struct {
		struct strings	 servers;
		unsigned	 timeout;	/* seconds */
		unsigned	 max_queries;
		const char	*trust_anchor;
	} resolver;

	const struct session_rules *const *listeners;
	size_t		 nlisteners;
	const struct relay_rules *relays;
	size_t		 nrelays;
	const struct tier_rules *tiers;		/* in the order of the file */
	size_t		 ntiers;
	const struct plan_rules *plans;		/* built-in ones too */
	size_t		 nplans;
	const struct plan_rules *default_plan;
	bool		 counts_bytes;	/* a plan or group limits octets */
	const struct users *users;		/* of sections and users_file */
	const char	*users_file;
	const char	*users_database;	/* NULL: none */
	const char	*users_query;
	const char	*users_password_file, *users_ca_file;	/* or NULL */
	/* of databases and tables: milliseconds; seconds, seconds */
	unsigned	 users_timeout, users_cache, users_stale;
	struct strings	 sender_login_maps, local_domains;
	struct sender_maps_rules maps_rules;	/* the same, for: */
	struct sender_maps *sender_maps;	/* NULL: none */
	const struct user_rules *user_sections;
	size_t		 nuser_sections;
	const struct group_rules *group_sections;
	size_t		 ngroup_sections;
	const struct groups *groups;		/* group_sections by member */

	struct {
		const char	*key_directory;	/* NULL: see key_table */
		const char	*key_table, *signing_table;
		const char	*keys_database, *keys_query;	/* or NULL */
		const char	*keys_password_file, *keys_ca_file;
		struct sign_rules rules;
		struct sign_exemptions exempt;
	} signing;
	struct spf_rules spf;
	struct {
		bool		 verify;
		unsigned	 max_signatures;
		unsigned	 max_signature_bytes;
		unsigned	 max_signed_names;
		unsigned	 clock_skew;	/* seconds */
		unsigned	 min_key_bits;
		unsigned	 max_age;	/* seconds; 0: any */
		enum test_keys	 test_keys;
		const char *const *required_fields;	/* NULL-terminated */
	} dkim;
	struct dmarc_rules dmarc;
	struct {
		bool		 record;
		unsigned	 days;		/* kept */
	} outcomes;
	struct trust_rules trust;
	const struct override_rules *overrides;
	size_t		 noverrides;
	struct quota_rules quota;
	struct warn_rules warn;
	struct notifier_rules notify;
	struct fuse_rules fuse;

	/* lines "file:line: ..." about doubtful settings; "" if none */
	const char	*warnings;
};

/*
 * Read and check a file. NULL with *why (malloced; the caller frees) of one or
 * more lines "file:line: error; what to do", without a newline after the last.
 * For options that contradict each other, the line is that of the option
 * without effect, or of the section.
 */
struct conf	*conf_load(const char *path, char **why);
/*
 * The same from a text, for scenarios and tests; `name` is used as the name of
 * the file. No other file is read: include() and users-file are refused.
 */
struct conf	*conf_load_text(const char *name, const char *text, char **why);
struct conf	*conf_ref(struct conf *c);
/* The place of the state; it is valid as long as the configuration. */
struct store_place conf_state(const struct conf *c);
void		 conf_unref(struct conf **cp);
/*
 * Are logins bound to no address at the listener of this name? That is so on
 * an inbound listener, and where no listener matches, which is judged as
 * inbound; trust-authenticated = yes permits it.
 */
bool		 conf_is_unbound(const struct conf *c, const char *listener);
/* Print all options, as a configuration file, without those of users-file. */
void		 conf_print(const struct conf *c, FILE *out);
/*
 * The same as JSON; "listeners", "relays", "plans", "tiers", "groups",
 * "users" and "overrides" are objects by name.
 */
void		 conf_print_json(const struct conf *c, FILE *out);
/*
 * The options that take effect at a start only, as lines "name = value";
 * malloced, the caller frees. conf_restart_changed appends the names of those
 * whose line of `then` is not in `now`: "socket, state".
 */
char		*conf_restart_text(const struct conf *c);
void		 conf_restart_changed(const char *now, const char *then,
		    struct buf *names);

#endif
