/*
 * conf_options - the table of all options: one row is one option
 *
 * A row has section, name, type, place in the struct, default, bounds or
 * words, syntax and help. tests/check-options.py compares the manual and the
 * sample file with the table.
 */
#ifndef MILLGATE_CONF_OPTIONS_H
#define MILLGATE_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct arena;
struct conf_builder;
struct conf_option;
struct conf_section;
struct conf_setting;

enum option_type {
	OPT_TEXT,	/* const char *; "" is NULL */
	OPT_BOOL,
	OPT_UINT,	/* unsigned */
	OPT_SIZE,	/* size_t; K, M and G are powers of 1024 */
	OPT_LIMIT,	/* uint64_t; "unlimited" is STORE_UNLIMITED */
	OPT_OCTAL,	/* unsigned, written "0660" */
	OPT_CHAR,	/* char; "" is NUL */
	OPT_WORD,	/* an enum: index into words */
	OPT_LIST,	/* const char **, NULL at its end; count at `more` */
	OPT_NETWORKS,	/* struct netblock *; count at `more` */
	OPT_PERCENTS,	/* unsigned *, rising; count at `more` */
	OPT_CANON,	/* two enum canonicalization, body at `more` */
	OPT_PLAN	/* const struct plan_rules * */
};

/*
 * Check the text of a value. NULL when it is right; *text may be replaced by
 * its normal form in the arena. Else the error and what to write instead, as
 * the end of a sentence: "is not a port; write ...".
 */
typedef const char *conf_syntax_fn(struct arena *a, const char **text);

struct conf_option {
	const char	*section;	/* "": outside of sections */
	const char	*name;
	enum option_type type;
	size_t		 at;		/* offset in the section's struct */
	size_t		 more;		/* second offset, by type; 0: none */
	/* as in a file; ", " separates the items of a list */
	const char	*def;
	/* description of a default that depends on other options */
	const char	*def_said;
	long		 min, max;
	const char	*const *words;	/* max + 1 of them; NULL: not allowed */
	conf_syntax_fn	*syntax;
	const char	*help;
	bool		 restart;	/* a reload does not change it */
	bool		 of_keys;	/* nor this, with a key process */
};

/* Row `i` of the table, sections one after the other; NULL: it has fewer. */
const struct conf_option *conf_option(size_t i);
size_t		 conf_options_count(void);

/* The kinds of sections; offsets are in these structs. */
struct conf_kind {
	const char	*name;
	bool		 titled;	/* any number, each with a title */
};
extern const struct conf_kind conf_kinds[];
extern const size_t conf_nkinds;

/*
 * The option of this section with the most similar name, or NULL: none is
 * similar. For the section "" the result may be the name of a section.
 */
const char	*conf_option_nearest(const char *section, const char *name);

/*
 * Set one option in the struct `base`; `s` is NULL for the default. A wrong
 * value is an error in b->bad, and leaves the struct as it is.
 */
void		 conf_value_set(struct conf_builder *b,
		    const struct conf_option *o,
		    const struct conf_section *section,
		    const struct conf_setting *s, void *base);
/* Is the value a list in braces? */
bool		 conf_option_is_list(const struct conf_option *o);
/* The allowed values: "accept, defer" or "1 to 240". */
void		 conf_option_print_values(const struct conf_option *o,
		    FILE *out);

/* --- syntax of texts (conf_syntax.c) ----------------------------------- */

conf_syntax_fn	syntax_socket, syntax_group, syntax_owner, syntax_authserv_id,
		syntax_state, syntax_control,
		syntax_user, syntax_path, syntax_database, syntax_table, syntax_server,
		syntax_port, syntax_address, syntax_nonempty, syntax_tls,
		syntax_mechanism, syntax_sender, syntax_field,
		syntax_skipped_field, syntax_domain,
		syntax_reason, syntax_command, syntax_login, syntax_certificate,
		syntax_login_domain, syntax_whole_domain, syntax_http,
		syntax_issuer, syntax_tier_mechanism, syntax_tier_sender;

#endif
