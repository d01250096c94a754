/*
 * import - a millgate.conf from the configuration of other programs
 *
 * A program's file is read into settings (import_read.c, for YAML
 * import_yaml.c). The program has a table with a row for each option of its
 * manual page, which says how that option is carried over. The rows write lines
 * of a millgate.conf and notes about what it cannot say (import_out.c). The
 * texts are foreign: every size is bounded, and what is written is always a
 * configuration that loads.
 */
#ifndef MILLGATE_IMPORT_H
#define MILLGATE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct arena;
struct buf;
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

#endif
