/*
 * ctl_usage - how a subcommand is used, asked for or not
 */
#ifndef MILLGATE_CTL_USAGE_H
#define MILLGATE_CTL_USAGE_H

#include <stdbool.h>

/* Is --help among the arguments? Then print the text; the status is good. */
bool	ctl_help(int argc, char **argv, const char *text);
/* The text on stderr; the exit status of a wrong command line. */
int	ctl_usage(const char *text);
/*
 * "OPTION takes WHAT, not "VALUE"" on stderr; false, for the parser of
 * arguments.
 */
bool	ctl_refuse(const char *option, const char *what, const char *value);
/* "nobody expects "ARGUMENT" here", or that an option has no value; false. */
bool	ctl_unexpected(const char *argument);

#endif
