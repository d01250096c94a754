/*
 * conf_tree - what a configuration file says, before it means anything
 *
 * The door to libconfuse (conf_read.c) makes a tree of sections, settings and
 * values, each with the place where it was read; conf_build.c gives them
 * their meaning. Everything lives in the arena of the configuration. Only
 * the files of the configuration room include this.
 */
#ifndef MILLGATE_CONF_TREE_H
#define MILLGATE_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct arena;
struct conf;
struct conf_option;
struct session_rules;
struct users;

struct conf_place {
	const char	*file;
	unsigned	 line;
};

struct conf_value {
	const char	*text;		/* no control characters in it */
	struct conf_place place;
};

/* One option that was written, `n` values; n = 0 is the empty list. */
struct conf_setting {
	const struct conf_option *option;
	size_t		 n;
	const struct conf_value *value;
	struct conf_place place;
};

struct conf_section {
	const char	*name;		/* "" is the file outside of sections */
	const char	*title;		/* NULL: this kind has none */
	struct conf_place place;
	size_t		 n;
	const struct conf_setting *setting;
};

/* The first section is always "". Sections without a title come once. */
struct conf_tree {
	size_t		 n;
	const struct conf_section *section;
};

/* NULL: not written. */
const struct conf_setting *conf_section_find(const struct conf_section *s,
		    const char *option);
/* Written, and not empty. */
bool		 conf_section_sets(const struct conf_section *s,
		    const char *option);
/* Where it was written; the section's own place if it was not. */
struct conf_place conf_section_where(const struct conf_section *s,
		    const char *option);

/* --- what is wrong, one line each ------------------------------------- */

#define COMPLAINTS_MAX	50

struct complaints {
	struct buf	 text;
	unsigned	 n;
};

/* "file:line: ..."; behind COMPLAINTS_MAX lines one that says so. */
void		 conf_complain(struct complaints *c, struct conf_place at,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same, led by "listener mx: " and the like. */
void		 conf_complain_in(struct complaints *c,
		    const struct conf_section *s, struct conf_place at,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* `text` as it may be shown in a line: printable, at most some 60 octets. */
const char	*conf_shown(struct arena *a, const char *text);

/* --- from bytes to the tree, from the tree to struct conf -------------- */

/* Stands behind the option `user`, which is the name of a section, too. */
#define CONF_USER_MARK	"\001"

/*
 * What libconfuse should read for `text`: comments blanked, no variables in
 * strings. Refused, because libconfuse would pass over it in silence: an
 * unfinished string, comment or section, a NUL, characters that it eats.
 * False with *line and *what (static).
 */
bool		 conf_text_clean(const char *text, size_t len, struct buf *out,
		    unsigned *line, const char **what);

struct conf_builder {
	struct arena	*arena;
	struct complaints *bad, *warnings;
	const struct conf_tree *tree;
	struct conf	*conf;
	struct users	*users;		/* conf->users, while it is filled */
	bool		 may_read_files;	/* include(), users-file */
};

/*
 * Read the file `name`, or `text` if it is not NULL. False: what is wrong is
 * in b->bad.
 */
bool		 conf_read(struct conf_builder *b, const char *name,
		    const char *text, struct conf_tree *tree);
/* Fill b->conf; what is wrong is in b->bad. */
void		 conf_build(struct conf_builder *b);
/* Combinations that make no sense; b->conf is filled. */
void		 conf_check(struct conf_builder *b);
void		 conf_check_listeners(struct conf_builder *b);
void		 conf_check_tiers(struct conf_builder *b);
void		 conf_check_groups(struct conf_builder *b);
/* False: the option says nothing on a listener such as this. */
bool		 conf_listener_takes(const struct session_rules *r,
		    const char *option);

#endif
