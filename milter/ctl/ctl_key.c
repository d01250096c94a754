/*
 * ctl_key - millgatectl key: its arguments, and where its keys are
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "dkim/keyfile.h"
#include "mail/domain.h"
#include "ctl_key_priv.h"
#include "ctl_priv.h"

static const char usage_text[] =
    "usage: millgatectl [-c FILE] key COMMAND [options] ...\n"
    "  key new DOMAIN           make a key, pending until its record is seen\n"
    "    --type rsa|ed25519|both  (default rsa)\n"
    "    --bits N               of an RSA key (default 2048)\n"
    "    --selector S           (default: today's date)\n"
    "    --active               sign at once, published or not\n"
    "  key list [DOMAIN]        all keys and their states\n"
    "  key dns DOMAIN [SELECTOR]    the DNS records of its keys\n"
    "    --format zone|string|nsupdate  (default zone)\n"
    "  key check DOMAIN [SELECTOR]  does the DNS show them?\n"
    "  key activate DOMAIN [SELECTOR]  pending keys whose record is published\n"
    "                           replace the older ones of their type for good\n"
    "  key retire DOMAIN SELECTOR   sign with it no longer\n"
    "  key prune [DOMAIN]       delete keys that retired long ago\n"
    "    --keep DAYS            (default 14)\n"
    "  --directory DIR          instead of the configured key-directory\n"
    "  --zone FILE              answer lookups from a zone file\n"
    "  --json                   print JSON\n"
    "Exit status: 0 good, 1 the answer is no, 2 usage or trouble.\n";

static const struct subcommand {
	const char	*name;
	int		(*run)(struct key_command *c);
	int		 least, most;		/* arguments */
	bool		 writes;
} subcommands[] = {
	{ "new",	key_new,	1, 1, true },
	{ "list",	key_list,	0, 1, false },
	{ "dns",	key_dns,	1, 2, false },
	{ "check",	key_check,	1, 2, false },
	{ "activate",	key_activate,	1, 2, true },
	{ "retire",	key_retire,	2, 2, true },
	{ "prune",	key_prune,	0, 1, true },
};

enum { OPT_TYPE = 256, OPT_BITS, OPT_SELECTOR, OPT_DIRECTORY, OPT_ZONE,
    OPT_FORMAT, OPT_ACTIVE, OPT_KEEP, OPT_JSON, OPT_HELP };

static const struct option options[] = {
	{ "type",	required_argument, NULL, OPT_TYPE },
	{ "bits",	required_argument, NULL, OPT_BITS },
	{ "selector",	required_argument, NULL, OPT_SELECTOR },
	{ "directory",	required_argument, NULL, OPT_DIRECTORY },
	{ "zone",	required_argument, NULL, OPT_ZONE },
	{ "format",	required_argument, NULL, OPT_FORMAT },
	{ "active",	no_argument,	   NULL, OPT_ACTIVE },
	{ "keep",	required_argument, NULL, OPT_KEEP },
	{ "json",	no_argument,	   NULL, OPT_JSON },
	{ "help",	no_argument,	   NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 }
};

static bool
refuse(const char *what, const char *text)
{
	fprintf(stderr, "millgatectl: key: %s \"%s\"\n", what, text);
	return false;
}

/* What the options with a value take. */
static const struct {
	int		 opt;
	const char	*takes;
} values[] = {
	{ OPT_TYPE, "--type takes rsa, ed25519 or both, not" },
	{ OPT_BITS, "--bits takes a number from 1024 to 8192, not" },
	{ OPT_FORMAT, "--format takes zone, string or nsupdate, not" },
	{ OPT_KEEP, "--keep takes a number of days, at most 3650, not" },
	{ OPT_SELECTOR, "--selector takes letters, digits, hyphens and dots "
	    "between them, not" },
};

static void
refuse_value(int opt, const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i].opt == opt)
			refuse(values[i].takes, text);
}

/* The index of a word; -1: none of them. */
static int
word_of(const char *const *words, const char *text)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return -1;
}

static bool
number(const char *text, unsigned most, unsigned *value)
{
	unsigned long	 n;
	char		*end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	n = strtoul(text, &end, 10);
	*value = (unsigned)n;
	return *end == '\0' && n <= most;
}

/* Options with a value out of few. */
static bool
take_word(struct key_command *c, int opt)
{
	static const char *const kinds[] = { "rsa", "ed25519", "both", NULL };
	static const char *const formats[] = { "zone", "string", "nsupdate",
		NULL };
	int word = word_of(opt == OPT_TYPE ? kinds : formats, optarg);

	if (word < 0)
		return false;
	if (opt == OPT_TYPE)
		c->kinds = (enum key_kinds)word;
	else
		c->format = (enum key_format)word;
	return true;
}

static bool
take_option(struct key_command *c, int opt)
{
	switch (opt) {
	case OPT_TYPE:
	case OPT_FORMAT:
		return take_word(c, opt);
	case OPT_BITS:
		return number(optarg, CRYPTO_RSA_BITS_MAX, &c->bits) &&
		    c->bits >= CRYPTO_RSA_BITS_MIN;
	case OPT_KEEP:
		return number(optarg, 3650, &c->keep);
	case OPT_SELECTOR:
		c->selector = optarg;
		return keyfile_is_selector(optarg);
	case OPT_DIRECTORY:
		c->directory = optarg;
		return true;
	case OPT_ZONE:
		c->zone = optarg;
		return true;
	case OPT_ACTIVE:
		return c->active = true;
	case OPT_JSON:
		return c->json = true;
	default:
		return false;
	}
}

static bool
take_arguments(struct key_command *c, const struct subcommand *s, int argc,
    char **argv)
{
	if (argc < s->least || argc > s->most) {
		fputs(usage_text, stderr);
		return false;
	}
	if (argc > 0) {
		c->domain = domain_canonical(c->arena, argv[0],
		    strlen(argv[0]));
		if (c->domain == NULL)
			return refuse("this is no domain:", argv[0]);
	}
	if (argc > 1) {
		c->selector = argv[1];
		if (!keyfile_is_selector(argv[1]))
			return refuse("this is no selector:", argv[1]);
	}
	return true;
}

/* The configuration says where keys are and who answers lookups. */
static bool
read_conf(struct key_command *c, const char *path, bool writes)
{
	char *why = NULL;

	if (c->directory != NULL)
		return true;
	c->conf = conf_load(path, &why);
	if (c->conf == NULL) {
		fprintf(stderr, "%s\n", why);
		free(why);
		return false;
	}
	c->directory = c->conf->signing.key_directory;
	if (c->directory != NULL ||
	    (!writes && c->conf->signing.key_table != NULL))
		return true;
	fprintf(stderr, "%s: there is no key-directory in section signing; set"
	    " it, or give --directory\n", path);
	return false;
}

static int
run(struct key_command *c, const struct subcommand *s, const char *conf_path,
    int argc, char **argv)
{
	if (!take_arguments(c, s, argc, argv) ||
	    !read_conf(c, conf_path, s->writes))
		return CTL_TROUBLE;
	return s->run(c);
}

static const struct subcommand *
find_subcommand(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	return NULL;
}

/* CTL_GOOD: go on with the arguments from optind on. */
static int
parse(struct key_command *c, int argc, char **argv)
{
	int opt;

	optind = 0;	/* glibc: scan anew, from argv[1] on */
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == OPT_HELP) {
			fputs(usage_text, stdout);
			return CTL_NO;
		}
		if (opt == '?') {
			fputs(usage_text, stderr);
			return CTL_TROUBLE;
		}
		if (!take_option(c, opt)) {
			refuse_value(opt, optarg);
			return CTL_TROUBLE;
		}
	}
	return CTL_GOOD;
}

int
ctl_key(const struct ctl *ctl, int argc, char **argv)
{
	struct key_command	 c = { .json = ctl->json, .bits = 2048,
		.keep = 14 };
	const struct subcommand	*s = NULL;
	int			 status;

	status = parse(&c, argc, argv);
	if (status != CTL_GOOD)
		return status == CTL_NO ? CTL_GOOD : status;
	if (optind < argc)
		s = find_subcommand(argv[optind]);
	if (s == NULL) {
		fputs(usage_text, stderr);
		return CTL_TROUBLE;
	}
	c.arena = arena_new(0);
	c.now = time(NULL);
	status = run(&c, s, ctl->conf_path, argc - optind - 1,
	    argv + optind + 1);
	if (c.conf != NULL)
		conf_unref(&c.conf);
	arena_free(&c.arena);
	return status;
}
