/*
 * main - the daemon's command line
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>

#include "conf/conf.h"
#include "daemon/start_check.h"
#include "directory/directory.h"
#include "session/services.h"
#include "status/http.h"
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
    "  -t, --test         check whether a start would succeed, then exit with\n"
    "                     status 0 (it would) or 1 (it would not)\n"
    "      --version      print the version, and the parts that are built "
    "in\n"
    "      --help         print this help\n"
    "\n"
    "SIGHUP reloads configuration, users and keys. SIGTERM stops millgate\n"
    "after the messages in progress. Manuals: millgate(8), millgate.conf(5).\n";

static void
print_version(void)
{
	const char *library = http_library();

	printf("%s\ndatabases: %s\n", PACKAGE_STRING, directory_drivers());
	if (library != NULL)
		printf("http-listen: libmicrohttpd %s\n", library);
	else
		puts("http-listen: not built in (libmicrohttpd is missing)");
}

static int
test_configuration(const char *path)
{
	struct start_check	 r;
	const struct conf	*c;
	bool			 good;

	start_check(path, &r);
	good = r.setup != NULL;
	if (r.warnings.len > 0)
		fprintf(stderr, "%s\n", buf_str(&r.warnings));
	if (good) {
		c = r.setup->conf;
		printf("%s: good (%zu listeners, %zu users, %zu keys)\n", path,
		    c->nlisteners, users_count(c->users),
		    keyring_count(r.setup->keys));
	} else
		fprintf(stderr, "%s\n", buf_str(&r.errors));
	start_check_free(&r);
	return good ? 0 : 1;
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
			print_version();
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
