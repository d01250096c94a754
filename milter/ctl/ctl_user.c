/*
 * ctl_user - millgatectl user: its subcommands
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ctl_priv.h"
#include "ctl_user_priv.h"

static const struct subcommand {
	const char	*name;
	int		(*run)(const struct ctl *c, int argc, char **argv);
	const char	*arguments, *help;
} subcommands[] = {
	{ "explain",	user_explain,
	    "LOGIN [--listener NAME] [--json]",
	    "what a login may send, how much, and why" },
	{ "block",	user_block,
	    "LOGIN [--for TIME] [--reason TEXT] [--json]",
	    "refuse its mail, for good or for a time such as 2h" },
	{ "unblock",	user_unblock,	"LOGIN [--json]",
	    "let it send again" },
};

#define NSUBCOMMANDS	(sizeof(subcommands) / sizeof(subcommands[0]))

static int
usage(FILE *out)
{
	size_t i;

	fputs("usage:\n", out);
	for (i = 0; i < NSUBCOMMANDS; i++)
		fprintf(out, "  millgatectl [-c FILE] user %s %s\n\t%s\n",
		    subcommands[i].name, subcommands[i].arguments,
		    subcommands[i].help);
	return out == stdout ? CTL_GOOD : CTL_TROUBLE;
}

int
ctl_user(const struct ctl *c, int argc, char **argv)
{
	size_t i;

	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	for (i = 0; argc > 1 && i < NSUBCOMMANDS; i++)
		if (strcmp(argv[1], subcommands[i].name) == 0) {
			optind = 0;	/* glibc: scan anew */
			return subcommands[i].run(c, argc - 1, argv + 1);
		}
	return usage(stderr);
}
