/*
 * conf_tree - the parsed configuration file, and the errors found in it
 *
 * conf_read.c, the door to libconfuse, makes a tree of sections, settings and
 * values, each with its file and line. conf_build.c makes struct conf of it,
 * conf_check.c and conf_listener.c look for contradictions. Everything lives
 * in the arena of the configuration.
 */
#ifndef MILLGATE_CONF_TREE_H
#define MILLGATE_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

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

/* One option in the file with its n values; n = 0 is the empty list. */
struct conf_setting {
	const struct conf_option *option;
	size_t		 n;
	const struct conf_value *value;
	struct conf_place place;
};

struct conf_section {
	const char	*name;		/* "" is outside of sections */
	const char	*title;		/* NULL: this kind has none */
	struct conf_place place;
	size_t		 n;
	const struct conf_setting *setting;
};

/* The first section is always "". A section without a title occurs once. */
struct conf_tree {
	size_t		 n;
	const struct conf_section *section;
};

/*
 * The first section of that name from number *i on; *i is set after it.
 * NULL: there is none.
 */
const struct conf_section *conf_tree_next(const struct conf_tree *t,
		    const char *name, size_t *i);

/* The names of all files that have a setting or a section; in the arena. */
const char *const *conf_tree_files(const struct conf_tree *t,
		    struct arena *a, size_t *n);

/* NULL: not in the file. */
const struct conf_setting *conf_section_find(const struct conf_section *s,
		    const char *option);
/* In the file, and not empty. */
bool		 conf_section_sets(const struct conf_section *s,
		    const char *option);
/* The place of the option, or of the section if the option is not set. */
struct conf_place conf_section_where(const struct conf_section *s,
		    const char *option);

/* --- errors and warnings, one line each -------------------------------- */

#define COMPLAINTS_MAX	50

struct complaints {
	struct buf	 text;
	unsigned	 n;		/* all; text has COMPLAINTS_MAX */
	const char	*file;		/* of the last one */
	/* sections with errors in their values, and how many are listed */
	const struct conf_section *in[COMPLAINTS_MAX];
	unsigned	 nin;
	bool		 checking;	/* nothing is added to `in` */
};

/*
 * Add the line "file:line: ...". Only the first COMPLAINTS_MAX lines are kept;
 * complaints_end adds the number of the others.
 */
void		 conf_complain(struct complaints *c, struct conf_place at,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same, with the section before it: "file:line: listener mx: ...". */
void		 conf_complain_in(struct complaints *c,
		    const struct conf_section *s, struct conf_place at,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Add lines that are complete, each as one complaint. */
void		 conf_complain_lines(struct complaints *c, const char *lines);
/*
 * From now on conf_complain_in leaves out sections with errors so far: their
 * values are not known, and a contradiction between them is a guess.
 */
void		 complaints_check(struct complaints *c);
/* Has an error that conf_complain_in does not know of. */
void		 complaints_note(struct complaints *c,
		    const struct conf_section *s);
/* Does complaints_check leave out this section? */
bool		 complaints_skip(const struct complaints *c,
		    const struct conf_section *s);
/* Once, at the end: "file: and 12 more; correct these first". */
void		 complaints_end(struct complaints *c);
/*
 * `text` in printable characters, cut after some 60 octets; "..." in place of
 * the password in a URL.
 */
const char	*conf_shown(struct arena *a, const char *text);

/* What to do about an error of libconfuse, whose text begins like this. */
const char	*conf_hint_syntax(const char *text);
/* "unknown option ...", with the option that may be meant, or its section. */
const char	*conf_hint_unknown(struct arena *a, const char *section,
		    const char *name);

/*
 * Options that do not exist. libconfuse stops at the first, so the file is
 * parsed again with an option of that name, which only complains.
 */
#define UNKNOWN_MAX	20

struct unknown_options {
	size_t		 n;
	struct { const char *section, *name; } option[UNKNOWN_MAX];
};

bool		 conf_unknown_has(const struct unknown_options *u,
		    const char *section, const char *name);
/* False: it is there already, or there are UNKNOWN_MAX. */
bool		 conf_unknown_add(struct unknown_options *u, struct arena *a,
		    const char *section, const char *name);

/* --- from bytes to the tree, from the tree to struct conf -------------- */

/* Marks the option `user`, because a section has the same name. */
#define CONF_USER_MARK	"\001"

/*
 * Prepare `text` for libconfuse: comments are blanked, variables in strings
 * are escaped. Text that libconfuse would silently accept is refused: a
 * string, comment or section that is not closed, a NUL, characters that it
 * skips. False with *line and *error (static).
 */
bool		 conf_text_clean(const char *text, size_t len, struct buf *out,
		    unsigned *line, const char **error);

/*
 * Open a file of the configuration. The first file may be a pipe; an included
 * one is a regular file. NULL with errno, and *wrong unless that says it all.
 */
FILE		*conf_text_open(const char *path, bool included,
		    const char **wrong);
/* Read a whole file; false with errno, EFBIG above 16 MB. */
bool		 conf_text_read(FILE *in, struct buf *text);

struct conf_builder {
	struct arena	*arena;
	struct complaints *bad, *warnings;
	const struct conf_tree *tree;
	struct conf	*conf;
	struct users	*users;		/* conf->users, while it is filled */
	bool		 may_read_files;	/* include(), users-file */
};

/* Read the file `name`, or `text` if not NULL. False: errors are in b->bad. */
bool		 conf_read(struct conf_builder *b, const char *name,
		    const char *text, struct conf_tree *tree);
/* Fill b->conf from b->tree; errors are in b->bad. */
void		 conf_build(struct conf_builder *b);
void		 conf_build_maps(struct conf_builder *b);
/* Find options that contradict each other in the filled b->conf. */
void		 conf_check(struct conf_builder *b);
void		 conf_check_listeners(struct conf_builder *b);
void		 conf_check_socket(struct conf_builder *b);
void		 conf_check_limits(struct conf_builder *b);
/* Does any plan or group limit octets? */
bool		 conf_counts_bytes(const struct conf *c);
void		 conf_check_http(struct conf_builder *b);
/* False: the option has no effect on this listener. */
bool		 conf_listener_takes(const struct session_rules *r,
		    const char *option);

#endif
