/*
 * import_priv - how the files of a program are read, and lines are written
 */
#ifndef MILLGATE_IMPORT_PRIV_H
#define MILLGATE_IMPORT_PRIV_H

#include "import/import.h"

struct conf_option;

/* remarks of several programs */
#define IMPORT_LOG \
	"millgate writes one line about each message to syslog (mail)"
#define IMPORT_OWNFILES	"millgate has a user, files and a unit of its own"

/* --- reading: import_read.c, import_yaml.c ------------------------ */

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
/* The row of an option, or NULL. */
const struct import_row *import_row_of(const struct import_program *p,
		    const char *name);
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
		    const struct import_setting *s, struct import_items *out);
/* The members of a list with commas. */
void		 import_commas(struct import *im,
		    const struct import_setting *s, struct import_items *out);
void		 import_add_item(struct import *im, struct import_items *list,
		    const char *text, const char *file, unsigned line);
/* A path below BaseDirectory, if it is relative and that is set. */
const char	*import_path(const struct import *im, const char *path);

/* --- writing: import_out.c -------------------------------------------- */

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
/* Add a line to the notes, without its control characters. */
void		 import_note_add(struct import *im, struct import_notes *notes,
		    const char *text);
/* "FILE:LINE: NAME VALUE: ..." to the list of what was not carried over */
void		 import_note(struct import *im, const struct import_setting *s,
		    const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));
/* The same for something that no setting says. */
void		 import_remark(struct import *im, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));

/* --- rows: import_rows.c ---------------------------------------------- */

/* Set row->ours to yes or no, the number, the list, the name of the host. */
import_take_fn	 import_take_bool, import_take_number, import_take_list,
		 import_take_id;
/* Add one member to the list row->ours; a note if it cannot have it. */
void		 import_put_member(struct import *im,
		    const struct import_row *row,
		    const struct import_setting *s, const char *text);

/* --- listeners and networks: import_hosts.c -------------------------------- */

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
