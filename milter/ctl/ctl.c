/*
 * ctl - millgatectl: its global options and the table of its subcommands
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "directory/directory.h"
#include "ctl_priv.h"

static const struct command {
	const char	*name;
	int		(*run)(struct ctl *c, int argc, char **argv);
	const char	*help;
} commands[] = {
	{ "check",	ctl_check,
	    "judge a message file offline, and explain the verdict" },
	{ "conf",	ctl_conf,
	    "check or show the configuration, list all options" },
	{ "doctor",	ctl_doctor,
	    "check that the MTA sends what millgate needs" },
	{ "import-opendkim", ctl_import,
	    "make a configuration from those of other programs" },
	{ "key",	ctl_key,
	    "make and retire DKIM keys, check their DNS records" },
	{ "outcomes",	ctl_outcomes,
	    "show the DMARC results of one day" },
	{ "quota",	ctl_quota,
	    "show, limit or reset what logins have sent" },
	{ "replay",	ctl_replay,
	    "run scenario files" },
	{ "setup",	ctl_setup,
	    "make the MTA use millgate, or take that back" },
	{ "stats",	ctl_stats,
	    "show the counters of the running daemon" },
	{ "top",	ctl_top,
	    "show live what the daemon does" },
	{ "upgrade-check",	ctl_upgrade,
	    "check the state file and the configuration before an upgrade" },
	{ "user",	ctl_user,
	    "explain what a login may send; block, unblock or forget it" },
};

#define NCOMMANDS	(sizeof(commands) / sizeof(commands[0]))

static void
print_usage(FILE *out)
{
	size_t i;

	fprintf(out, "usage: millgatectl [-c FILE] [--json] COMMAND ...\n"
	    "       millgatectl --version | --help\n\ncommands:\n");
	for (i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-15s %s\n", commands[i].name,
		    commands[i].help);
	fprintf(out, "\nSee `millgatectl COMMAND --help' and the "
	    "manual page millgatectl(8).\n");
}

static int
run_command(struct ctl *c, int argc, char **argv)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(c, argc, argv);
	fprintf(stderr, "millgatectl: unknown command \"%s\"\n", argv[0]);
	print_usage(stderr);
	return CTL_TROUBLE;
}

/*
 * A thread may be in a library, such as libcrypto, that cannot be used any more
 * once its exit handler has run.
 */
static int
end_with(int status)
{
	if (!directory_has_threads())
		return status;
	fflush(NULL);
	_exit(status);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config",	required_argument,	NULL, 'c' },
		{ "json",	no_argument,		NULL, 'j' },
		{ "version",	no_argument,		NULL, 'V' },
		{ "help",	no_argument,		NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct ctl	c = { .conf_path = SYSCONFDIR "/millgate.conf" };
	int		ch;

	/* "+": stop at the command, which parses its own options */
	while ((ch = getopt_long(argc, argv, "+c:", options, NULL)) != -1) {
		switch (ch) {
		case 'c':
			c.conf_path = optarg;
			break;
		case 'j':
			c.json = true;
			break;
		case 'V':
			printf("%s\ndatabases: %s\n", PACKAGE_STRING,
			    directory_drivers());
			return CTL_GOOD;
		case 'h':
			print_usage(stdout);
			return CTL_GOOD;
		default:
			print_usage(stderr);
			return CTL_TROUBLE;
		}
	}
	if (optind == argc) {
		print_usage(stderr);
		return CTL_TROUBLE;
	}
	return end_with(run_command(&c, argc - optind, argv + optind));
}
