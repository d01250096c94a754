/*
 * ctl_usage - how a subcommand is used, asked for or not
 *
 * What was asked for is data, on stdout; what was not is trouble, on stderr,
 * behind a line that says what is wrong.
 */
#include <stdio.h>
#include <string.h>

#include "ctl_priv.h"
#include "ctl_usage_priv.h"

bool
ctl_help(int argc, char **argv, const char *text)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0) {
			fputs(text, stdout);
			return true;
		}
	return false;
}

int
ctl_usage(const char *text)
{
	fputs(text, stderr);
	return CTL_TROUBLE;
}

bool
ctl_refuse(const char *option, const char *what, const char *value)
{
	fprintf(stderr, "millgatectl: %s takes %s, not \"%s\"\n", option, what,
	    value);
	return false;
}

bool
ctl_unexpected(const char *argument)
{
	fprintf(stderr, argument[0] == '-' ? "millgatectl: no option \"%s\" "
	    "here, or its value is missing\n" :
	    "millgatectl: one argument too many: \"%s\"\n", argument);
	return false;
}
