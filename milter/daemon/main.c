/*
 * main - the daemon's command line
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "daemon/privileges.h"
#include "session/services.h"
#include "daemon_priv.h"

#define STATUS_USAGE	2

static const char usage[] =
    "usage: millgate [-ft] [-c FILE]\n"
    "       millgate --version | --help\n";

static const char help[] =
    "millgate - a milter for Postfix and Sendmail: checks senders, signs\n"
    "outgoing mail, and verifies incoming mail\n"
    "\n"
    "  -c, --config FILE  configuration file (default " SYSCONFDIR
    "/millgate.conf)\n"
    "  -f, --foreground   stay in the foreground and log to stderr\n"
    "  -t, --test         check configuration, users and keys, then exit with\n"
    "                     status 0 (valid) or 1 (invalid)\n"
    "      --version      print the version\n"
    "      --help         print this help\n"
    "\n"
    "SIGHUP reloads configuration, users and keys. SIGTERM stops millgate\n"
    "after the messages in progress. Manuals: millgate(8), millgate.conf(5).\n";

static int
test_configuration(const char *path)
{
	char		*why = NULL;
	struct conf	*c = conf_load(path, &why);
	struct setup	*st = NULL;

	if (c != NULL && privileges_may_connect(c->user, c->socket_group,
	    &why)) {
		privileges_test(c->user);
		st = setup_try(c, &why);
	} else
		conf_unref(&c);
	if (st == NULL) {
		fprintf(stderr, "%s\n", why);
		free(why);
		return 1;
	}
	if (st->conf->warnings[0] != '\0')
		fprintf(stderr, "%s\n", st->conf->warnings);
	printf("%s: good (%zu listeners, %zu users, %zu keys)\n", path,
	    st->conf->nlisteners, users_count(st->conf->users),
	    keyring_count(st->keys));
	setup_unref(&st);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config",	required_argument,	NULL, 'c' },
		{ "foreground",	no_argument,		NULL, 'f' },
		{ "test",	no_argument,		NULL, 't' },
		{ "version",	no_argument,		NULL, 'V' },
		{ "help",	no_argument,		NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct daemon_options	 o = { SYSCONFDIR "/millgate.conf", false };
	bool			 test = false;
	int			 c;

	while ((c = getopt_long(argc, argv, "c:ft", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			o.conf_path = optarg;
			break;
		case 'f':
			o.foreground = true;
			break;
		case 't':
			test = true;
			break;
		case 'V':
			puts(PACKAGE_STRING);
			return 0;
		case 'h':
			fputs(usage, stdout);
			fputs(help, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return STATUS_USAGE;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "millgate: unexpected argument \"%s\"\n%s",
		    argv[optind], usage);
		return STATUS_USAGE;
	}
	return test ? test_configuration(o.conf_path) : daemon_run(&o);
}
