/*
 * ctl_import - what the files of `millgatectl import-opendkim` share
 *
 * A program's file is read into settings (ctl_import_read.c, for YAML
 * ctl_import_yaml.c). The program has a table with a row for each option of
 * its manual page, which says how that option is carried over. The rows write
 * lines of a millgate.conf and notes about what it cannot say
 * (ctl_import_out.c). The texts are foreign: every size is bounded, and what is
 * written is always a configuration that loads.
 */
#ifndef MILLGATE_CTL_IMPORT_H
#define MILLGATE_CTL_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct arena;
struct buf;
struct conf_option;
struct import;
struct import_row;

#define IMPORT_FILE_MAX		(4u << 20)	/* octets of one file */
#define IMPORT_SETTINGS_MAX	2000		/* of one program */
#define IMPORT_ITEMS_MAX	20000		/* of one data set */
#define IMPORT_LEVELS_MAX	5		/* of Include, as in OpenDKIM */
#define IMPORT_INCLUDES_MAX	50

/* --- what was read -------------------------------------------------------- */

/* A value in a YAML file. Texts are in the arena. */
struct import_node {
	const char	*key;		/* in a mapping; else NULL */
	const char	*text;		/* of a scalar; else NULL */
	unsigned	 line;
	struct import_node *child, *next;
};

struct import_setting {
	const char	*name;
	const char	*value;		/* without comment and outer blanks */
	const char	*file;
	unsigned	 line;		/* 0: it is the program's default */
	const struct import_node *node;	/* YAML: a list or mapping; or NULL */
};

struct import_file {
	const struct import_program *program;
	size_t		 n, size;
	struct import_setting *setting;
};

/* One member of a list or a data set, and its place. */
struct import_item {
	const char	*text;
	const char	*file;
	unsigned	 line;
};

struct import_items {
	size_t		 n, size;
	struct import_item *item;
};

/* --- what is done with it ------------------------------------------------- */

enum import_kind {
	IMPORT_CARRIED,		/* it becomes an option of ours */
	IMPORT_SAME,		/* it is not needed: the remark says why */
	IMPORT_LOST		/* it is not carried over: what to do instead */
};

typedef void import_take_fn(struct import *im, const struct import_row *row,
    const struct import_setting *s);

struct import_row {
	const char	*name;
	enum import_kind kind;
	const char	*ours;		/* "section option"; NULL: none */
	const char	*remark;	/* NULL: none is needed */
	/* NULL: other rows, or the program's `finish`, read the setting */
	import_take_fn	*take;
	/* their default, if millgate's is another; or NULL */
	const char	*def;
	/* IMPORT_LOST: a value that asks for nothing; or NULL */
	const char	*harmless;
};

struct import_program {
	const char	*option;	/* "opendkim": the name of --opendkim */
	const char	*manual;	/* "opendkim.conf(5)" */
	const struct import_row *row;	/* the last has no name */
	/* Add the settings of a text. False: an error was reported. */
	bool		(*read)(struct import *im, const char *path,
			    const char *text, size_t len);
	/* What several settings decide together; or NULL. */
	void		(*finish)(struct import *im);
	/* When no file of the program is given; or NULL. */
	void		(*absent)(struct import *im);
};

extern const struct import_program import_opendkim, import_opendmarc,
	    import_policyd_spf, import_policyd_rate_limit;
#define IMPORT_PROGRAMS	4
extern const struct import_program *const import_programs[IMPORT_PROGRAMS];

/* --- one run -------------------------------------------------------------- */

struct import_line;
struct import_section;

struct import_notes {
	size_t		 n, size;
	const char	**text;
};

struct import {
	struct arena	*arena;
	/*
	 * Append a file that a setting names; at most IMPORT_FILE_MAX octets.
	 * False: it cannot be read, with *why in the arena.
	 */
	bool		(*load)(struct import *im, const char *path,
			    struct buf *text, const char **why);
	struct import_file file[IMPORT_PROGRAMS];
	struct import_file *at;		/* whose rows are in work */
	unsigned	 level, included;	/* of Include */
	size_t		 nsections, sections_size;
	struct import_section *section;
	struct import_notes lost;	/* lines without a newline */
	struct import_notes unneeded;
	struct import_notes errors;	/* the first ends the work */
	/* what decides the listeners */
	const char	*submission;	/* why there are submissions; NULL */
	bool		 limits;	/* policyd-rate-limit counts logins */
	struct import_items internal;	/* networks that need no login */
	struct import_items daemons;	/* names of the MTA's services */
};

void		 import_init(struct import *im);
void		 import_done(struct import *im);
/*
 * Read a program's file. False: it is not one; im->errors says why. The text
 * need not live on.
 */
bool		 import_read(struct import *im,
		    const struct import_program *p, const char *path,
		    const char *text, size_t len);
/* Carry all files over. */
void		 import_run(struct import *im);
/* Print the configuration, and the notes as comments. */
void		 import_print(const struct import *im, FILE *out);
/* All rows of all programs, for --list and the manual. */
void		 import_list(FILE *out);

/* --- reading: ctl_import_read.c, ctl_import_yaml.c ------------------------ */

/* Report "FILE:LINE: ..."; returns false. Line 0: the file as a whole. */
bool		 import_error(struct import *im, const char *file,
		    unsigned line, const char *fmt, ...)
		    __attribute__((format(printf, 4, 5)));
/* False: there are too many, which is reported. */
bool		 import_add_setting(struct import *im,
		    const struct import_setting *s);
/* "name value" lines with Include, and "name = value" lines */
bool		 import_read_words(struct import *im, const char *path,
		    const char *text, size_t len);
bool		 import_read_equals(struct import *im, const char *path,
		    const char *text, size_t len);
/* A mapping at the top; nested lists and mappings become nodes. */
bool		 import_read_yaml(struct import *im, const char *path,
		    const char *text, size_t len);
/* The last setting of that name, or the default of its row, or NULL. */
const struct import_setting *import_find(const struct import *im,
		    const char *name);
/* The same, "" when there is none. */
const char	*import_value(const struct import *im, const char *name);
/* Does it begin like a true Boolean of OpenDKIM and OpenDMARC? */
bool		 import_true(const struct import *im, const char *name);
/*
 * The members of a data set (opendkim(8), DATA SETS): csl:, file:, refile:, a
 * path, or a list with commas. False: a note says why it was left out.
 */
bool		 import_dataset(struct import *im, const struct import_row *r,
		    const struct import_setting *s, struct import_items *out);
/* The members of a file, one on a line. */
bool		 import_hosts_file(struct import *im,
		    const struct import_row *r,
		    const struct import_setting *s, struct import_items *out);
/* The members of a list with commas. */
void		 import_commas(struct import *im,
		    const struct import_setting *s, struct import_items *out);
void		 import_add_item(struct import *im, struct import_items *list,
		    const char *text, const char *file, unsigned line);
/* A path below BaseDirectory, if it is relative and that is set. */
const char	*import_path(const struct import *im, const char *path);

/* --- writing: ctl_import_out.c -------------------------------------------- */

/* "opendkim.conf:12 Mode", or "opendkim.conf(5): Mode is sv by default" */
const char	*import_origin(const struct import *im,
		    const struct import_setting *s);
/* The row in the table of options; `ours` is "section option". */
const struct conf_option *import_option(const char *ours);
/*
 * Set an option, or add a member to a list, with a comment. A second value for
 * an option that is not a list is left out with a note, if it differs. `title`
 * is NULL for a section without one.
 */
void		 import_put(struct import *im, const char *ours,
		    const char *title, const char *value, const char *comment);
/* An empty section, unless there is one. */
void		 import_open(struct import *im, const char *section,
		    const char *title, const char *comment);
/* Is the option set in this section? */
bool		 import_has(const struct import *im, const char *ours,
		    const char *title);
/* "FILE:LINE: NAME VALUE: ..." to the list of what was not carried over */
void		 import_note(struct import *im, const struct import_setting *s,
		    const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));
/* The same for something that no setting says. */
void		 import_remark(struct import *im, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));

/* --- rows: ctl_import_rows.c ---------------------------------------------- */

/* Set row->ours to the text, yes or no, its opposite, the number, the list. */
import_take_fn	 import_take_text, import_take_bool, import_take_not,
		 import_take_number, import_take_list, import_take_id;
/* A note with the row's remark. */
import_take_fn	 import_take_note;

/* --- listeners and networks: ctl_import_hosts.c ----------------------------------------- */

/* Write the listeners, from the last members of struct import. */
void		 import_listeners(struct import *im);
/*
 * Add the addresses and networks among the items to `out`; a note tells of
 * each name, pattern or exclusion.
 */
void		 import_networks(struct import *im,
		    const struct import_setting *s,
		    const struct import_items *items,
		    struct import_items *out);
/* Add all of them to a list of networks. */
void		 import_put_networks(struct import *im,
		    const struct import_setting *s,
		    const struct import_items *networks, const char *ours,
		    const char *title);
/* The domains among the items: "example.org", ".example.org" */
void		 import_put_domains(struct import *im,
		    const struct import_setting *s,
		    const struct import_items *items, const char *ours,
		    const char *title);

#endif
