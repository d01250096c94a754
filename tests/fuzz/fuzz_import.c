/*
 * fuzz_import: whatever the files of other programs contain, the importer
 * either refuses them with file and line, or writes a configuration that loads
 *
 * The first octet selects the program. The files that settings name have the
 * same text as the input.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "import/import_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *input;
static size_t input_size;

static bool
load_input(struct import *im, const char *path, struct buf *text,
    const char **why)
{
	(void)im;
	*why = "not a path";
	if (path[0] == '\0')
		return false;
	buf_add(text, input, input_size);
	return true;
}

static void
check_output(const struct import *im)
{
	char		*text = NULL, *why = NULL;
	size_t		 len;
	FILE		*out = open_memstream(&text, &len);
	struct conf	*c;

	if (out == NULL)
		abort();
	import_print(im, out);
	fclose(out);
	c = conf_load_text("imported", text, &why);
	if (c == NULL) {
		fprintf(stderr, "%s\n%s", why, text);
		abort();
	}
	conf_unref(&c);
	free(text);
}

static void
check_notes(const struct import_notes *notes)
{
	size_t i;

	for (i = 0; i < notes->n; i++)
		if (strpbrk(notes->text[i], "\n\r") != NULL)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import	im;

	if (size == 0)
		return 0;
	input = (const char *)data + 1;
	input_size = size - 1;
	import_init(&im);
	im.load = load_input;
	if (import_read(&im, import_programs[data[0] % IMPORT_PROGRAMS],
	    "fuzz", input, input_size)) {
		import_run(&im);
		check_output(&im);
	} else if (im.errors.n == 0)
		abort();
	check_notes(&im.lost);
	check_notes(&im.unneeded);
	import_done(&im);
	return 0;
}
