/*
 * ctl_common - functions that several subcommands of millgatectl share
 *
 * One parser for all command lines; functions that open the configuration, a
 * file or the resolver, and report errors on stderr; limits and blocks as text.
 */
#ifndef MILLGATE_CTL_COMMON_H
#define MILLGATE_CTL_COMMON_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "store/usage.h"
#include "ctl_priv.h"

struct arena;
struct buf;
struct keyring;
struct probed;
struct resolver;
struct store_key;
struct store_place;
struct users_reply;

/* --- the command line ---------------------------------------------------- */

/* Shared options for the tables; those of a subcommand begin at CTL_OPT_OWN. */
enum { CTL_OPT_HELP = 256, CTL_OPT_JSON, CTL_OPT_STATE, CTL_OPT_OWN };
#define CTL_OPTION_JSON	 { "json", no_argument, NULL, CTL_OPT_JSON }
#define CTL_OPTION_STATE { "state", required_argument, NULL, CTL_OPT_STATE }
/* Every table ends with this: --help, and the end mark of getopt_long(3). */
#define CTL_OPTION_END	 { "help", no_argument, NULL, CTL_OPT_HELP }, \
			 { NULL, 0, NULL, 0 }

struct ctl_syntax {
	const char	*usage;		/* the text of --help */
	const struct option *options;
	/*
	 * Take an option of the subcommand, with its value or NULL. False: it
	 * is refused, which take has reported. NULL: there are none.
	 */
	bool		(*take)(void *arg, int option, char *value);
	int		 least, most;	/* operands */
	/* ":" and those of one letter, as for getopt(3); NULL: none */
	const char	*letters;
};

/*
 * Parse a command line into *c and, by s->take, into *arg. Returns CTL_PARSED,
 * or the exit status of the subcommand: CTL_GOOD after --help, CTL_TROUBLE
 * after an error, which is reported with the usage.
 */
#define CTL_PARSED	(-1)
int	ctl_parse(struct ctl *c, const struct ctl_syntax *s, void *arg,
	    int argc, char **argv);

/* False: there are too few or too many operands, which is reported. */
bool	ctl_check_operands(int n, char **operand, int least, int most);

/* A group of subcommands: "quota show", "quota set". */
struct ctl_command {
	const char	*name;		/* NULL: the end of the table */
	int		(*run)(struct ctl *c, int argc, char **argv);
};
/* Run the subcommand that argv[1] names; the exit status. */
int	ctl_dispatch(const struct ctl_command *commands, const char *usage,
	    struct ctl *c, int argc, char **argv);

/* --- complaints ---------------------------------------------------------- */

/* Print "millgatectl: ..." and a newline to stderr; returns false. */
bool	ctl_complain(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));
/* "OPTION takes VALUES, not "VALUE""; returns false. */
bool	ctl_refuse(const char *option, const char *values, const char *value);
/* Print the usage to stderr; returns CTL_TROUBLE. */
int	ctl_usage(const char *usage);
/* Print a malloced reason, and free it; returns CTL_TROUBLE. */
int	ctl_fail(char *why);

/* --- configuration, state, files, resolver ------------------------------- */

/* The configuration of -c; NULL: the reason is on stderr. */
struct conf	*ctl_load_conf(const struct ctl *c);
/* --state, or as configured; `conf` may be NULL. `spec` is NULL for neither. */
struct store_place ctl_state(const struct ctl *c, const struct conf *conf);
/*
 * Append a file, "-" for standard input; not much more than `max` octets are
 * read. False: the reason is on stderr.
 */
bool		 ctl_read_file(const char *path, size_t max, struct buf *b);
/*
 * A resolver that asks the name servers of `conf` (NULL: of the system), or a
 * zone file if `zone` is not NULL. NULL: the reason is on stderr.
 */
struct resolver	*ctl_resolver(const struct conf *conf, const char *zone);
/* NULL: there is no listener of that name. */
const struct session_rules *ctl_find_listener(const struct conf *conf,
		    const char *name);

/* --- keys: ctl_common_keys.c ---------------------------------------------- */

/* Let those pending keys sign that the state knows, as the daemon does. */
void		 ctl_recall_keys(const struct ctl *c, const struct conf *conf,
		    struct keyring *keys);
/* When they were seen: store_keys_find. They are unchanged after an error. */
void		 ctl_find_keys(const struct store_place *place,
		    struct store_key *key, size_t n);
/*
 * The configured keys, as the daemon uses them. NULL: none are configured, or
 * they cannot be read, which is reported.
 */
struct keyring	*ctl_keyring(const struct ctl *c, const struct conf *conf);

/* --- users-database ------------------------------------------------------- */

/*
 * "SERVER: an entry", "SERVER: no entry", that it was not asked, or the error.
 * NULL: the configuration has no users-database.
 */
const char	*ctl_database_said(const struct conf *conf,
		    const struct users_reply *r, struct arena *a);
/* The value of "users-database": an object, or null. */
void		 ctl_json_database(struct buf *b, const struct conf *conf,
		    const struct users_reply *r);

/* --- databases ------------------------------------------------------------ */

/* "users-database "URL": HOST:PORT answers (3 ms)" on stdout */
void		 ctl_print_probe(const struct probed *p);
/* Append it as an object. */
void		 ctl_json_probe(struct buf *b, const struct probed *p);

/* --- limits and blocks --------------------------------------------------- */

/* "unlimited recipients", "1000 messages", "25M bytes" on stdout */
void		 ctl_print_limit(enum store_unit unit, uint64_t limit);
/* " until 2026-11-30 10:00:00 UTC", or nothing for STORE_FOREVER */
void		 ctl_print_until(time_t until);
/* " until 2026-11-30 10:00:00 UTC, mail is held: REASON" on stdout */
void		 ctl_print_block(const struct store_setting *s);
/* "defer", "reject", "hold" */
const char	*ctl_block_name(enum store_block block);

/* --- JSON ---------------------------------------------------------------- */

/* As json_put_number; a limit may be "unlimited". */
void		 ctl_json_limit(struct buf *b, const char *name,
		    uint64_t limit);

#endif
