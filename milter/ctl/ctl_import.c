/*
 * ctl_import - millgatectl import-opendkim: the command line, and the files
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/safe_open.h"
#include "import/import.h"
#include "ctl_common_priv.h"

static const char usage[] =
    "usage: millgatectl import-opendkim [--opendkim FILE] [--opendmarc FILE]\n"
    "           [--policyd-spf FILE] [--policyd-rate-limit FILE] [-o FILE]\n"
    "       millgatectl import-opendkim --list\n"
    "Writes a millgate.conf with the settings of these programs. It says what\n"
    "could not be carried over, and what to do about it.\n"
    "  --output FILE, -o FILE   a new file (default: standard output)\n"
    "  --list                   print what becomes of each of their options\n";

enum { OPT_PROGRAM = CTL_OPT_OWN, OPT_LIST = OPT_PROGRAM + IMPORT_PROGRAMS };

static const struct option options[] = {
	{ "opendkim",		required_argument, NULL, OPT_PROGRAM },
	{ "opendmarc",		required_argument, NULL, OPT_PROGRAM + 1 },
	{ "policyd-spf",	required_argument, NULL, OPT_PROGRAM + 2 },
	{ "policyd-rate-limit",	required_argument, NULL, OPT_PROGRAM + 3 },
	{ "output",		required_argument, NULL, 'o' },
	{ "list",		no_argument,	   NULL, OPT_LIST },
	CTL_OPTION_END
};

struct import_command {
	const char	*path[IMPORT_PROGRAMS];
	const char	*output;
	bool		 list, given;
};

static bool
take_option(void *arg, int option, char *value)
{
	struct import_command *c = arg;

	if (option == 'o')
		c->output = value;
	else if (option == OPT_LIST)
		c->list = true;
	else {
		c->path[option - OPT_PROGRAM] = value;
		c->given = true;
	}
	return true;
}

/* For the files that settings name; errors are notes, not on stderr. */
static bool
load_named(struct import *im, const char *path, struct buf *text,
    const char **why)
{
	const char	*wrong = NULL;
	int		 fd = safe_open_read(path, &wrong);
	char		 block[8192];
	ssize_t		 n = 1;

	while (fd != -1 && text->len <= IMPORT_FILE_MAX &&
	    (n = read(fd, block, sizeof(block))) > 0)
		buf_add(text, block, (size_t)n);
	if (fd == -1)
		*why = arena_strdup(im->arena, wrong);
	else if (n < 0)
		*why = arena_strdup(im->arena, strerror(errno));
	else if (n > 0)
		*why = "it is too large";
	if (fd != -1)
		close(fd);
	return fd != -1 && n == 0;
}

static bool
read_programs(struct import *im, const struct import_command *c)
{
	struct buf	text = BUF_INIT;
	bool		ok = true;
	size_t		i;

	for (i = 0; ok && i < IMPORT_PROGRAMS; i++) {
		if (c->path[i] == NULL)
			continue;
		buf_reset(&text);
		ok = ctl_read_file(c->path[i], IMPORT_FILE_MAX + 1, &text) &&
		    import_read(im, import_programs[i], c->path[i], text.data,
		    text.len);
	}
	buf_free(&text);
	for (i = 0; i < im->errors.n; i++)
		ctl_complain("%s", im->errors.text[i]);
	return ok;
}

/* An existing file is never replaced. */
static FILE *
open_output(const char *path)
{
	FILE *out = path == NULL ? stdout : fopen(path, "wx");

	if (out == NULL)
		ctl_complain("%s: %s; name a new file, or remove it", path,
		    strerror(errno));
	return out;
}

static int
write_conf(struct import *im, const char *path)
{
	FILE	*out = open_output(path);
	size_t	 i;
	bool	 ok;

	if (out == NULL)
		return CTL_TROUBLE;
	import_print(im, out);
	ok = fflush(out) == 0 && !ferror(out);
	if (path != NULL)
		ok = fclose(out) == 0 && ok;
	if (!ok)
		ctl_complain("%s: %s", path != NULL ? path : "stdout",
		    strerror(errno));
	for (i = 0; i < im->lost.n; i++)
		fprintf(stderr, "%s\n", im->lost.text[i]);
	return ok ? CTL_GOOD : CTL_TROUBLE;
}

int
ctl_import(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_syntax syntax = { usage, options, take_option,
	    0, 0, ":o:" };
	struct import_command	c = { 0 };
	struct import		im;
	int			status = ctl_parse(ctl, &syntax, &c, argc,
				    argv);

	if (status != CTL_PARSED)
		return status;
	if (c.list) {
		import_list(stdout);
		return CTL_GOOD;
	}
	if (!c.given) {
		ctl_complain("name at least one file");
		return ctl_usage(usage);
	}
	import_init(&im);
	im.load = load_named;
	status = CTL_TROUBLE;
	if (read_programs(&im, &c)) {
		import_run(&im);
		status = write_conf(&im, c.output);
	}
	import_done(&im);
	return status;
}
