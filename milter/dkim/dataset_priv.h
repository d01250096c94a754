/*
 * dataset - a text of "key value" lines, as OpenDKIM's tables are (file: and
 * refile: of opendkim(8), "Data sets")
 *
 * A line is a key, white space and a value; # begins a comment anywhere. Keys
 * are compared without case. As patterns they match whole texts, "*" standing
 * for any number of octets. Pure; many lines cost a search little: a pattern
 * with a domain at its end is found by that domain.
 */
#ifndef MILLGATE_DATASET_H
#define MILLGATE_DATASET_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct dataset;

struct dataset_line {
	const char	*key;		/* lower case */
	const char	*value;		/* "" when there is none */
	unsigned	 line;		/* from 1 */
};

/* `text` may be gone afterwards; all is in the arena. */
struct dataset	*dataset_parse(struct arena *a, const char *text, size_t len,
		    bool patterns);
/*
 * The first line that matches `text`, or the next one behind `after`. In
 * the order of the file. NULL: none.
 */
const struct dataset_line *dataset_find(const struct dataset *d,
		    const char *text, const struct dataset_line *after);
/* All lines in the order of the file. */
size_t		 dataset_count(const struct dataset *d);
const struct dataset_line *dataset_line(const struct dataset *d, size_t i);

#endif
