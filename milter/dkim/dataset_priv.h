/*
 * dataset - OpenDKIM's tables: a text of "key value" lines (file: and refile:
 * of opendkim(8), "Data sets")
 *
 * A line is a key, white space and a value; "#" begins a comment anywhere. Keys
 * are compared without regard to case. As patterns they match whole texts, and
 * "*" matches any number of octets. Pure. A search in a large table is fast: a
 * pattern that ends in a domain is found by that domain.
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

/* Everything is copied into the arena; `text` is not needed afterwards. */
struct dataset	*dataset_parse(struct arena *a, const char *text, size_t len,
		    bool patterns);
/*
 * The first line in the order of the file that matches `text`, or the next
 * one behind `after`. NULL: none.
 */
const struct dataset_line *dataset_find(const struct dataset *d,
		    const char *text, const struct dataset_line *after);
/* All lines in the order of the file. */
size_t		 dataset_count(const struct dataset *d);
const struct dataset_line *dataset_line(const struct dataset *d, size_t i);

#endif
