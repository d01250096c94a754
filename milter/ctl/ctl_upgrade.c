/*
 * ctl_upgrade - millgatectl upgrade-check: may this version replace the one
 * that is installed?
 *
 *	upgrade-check [--state FILE] [--json]
 *
 * Run from the new version before it is installed. It loads the configuration
 * as `millgate -t' does, and compares the schema of the state file with its
 * own. It only reads. Root becomes the user of the configuration, so that it
 * finds what the daemon would find.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "daemon/start_check.h"
#include "store/redis/redis_url.h"
#include "store/store_upgrade.h"
#include "ctl_common_priv.h"

static const char usage[] =
    "usage: millgatectl [-c FILE] upgrade-check [--state FILE] [--json]\n\n"
    "Run this from a new version before it is installed: is the configuration\n"
    "accepted, and can this version use the state file? It changes nothing.\n"
    "Exit status 1: there is something to do first.\n";

struct check {
	const char	*conf_path;
	struct start_check conf;
	bool		 accepted;	/* the configuration */
	const char	*spec;		/* of the state; NULL: not known */
	bool		 redis;
	struct store_upgrade file;
};

static bool
has_space(const struct check *w)
{
	return w->file.free >= w->file.needed;
}

static int
verdict(const struct check *w)
{
	if (w->spec != NULL && !w->redis && w->file.is == UPGRADE_CLOSED)
		return CTL_TROUBLE;
	if (!w->accepted || w->spec == NULL)
		return CTL_NO;
	if (w->redis || w->file.is == UPGRADE_SAME ||
	    w->file.is == UPGRADE_NO_FILE)
		return CTL_GOOD;
	return w->file.is == UPGRADE_OLDER && has_space(w) ? CTL_GOOD : CTL_NO;
}

/* --- text ---------------------------------------------------------------- */

static void
print_size(const char *before, uint64_t bytes, const char *after)
{
	printf("%s%.1f MB%s", before, (double)bytes / 1e6, after);
}

static void
print_older(const struct check *w)
{
	const struct store_upgrade *u = &w->file;

	printf("The first start of this version upgrades the file. The version "
	    "that is installed\ncannot read it afterwards. The upgrade keeps a "
	    "copy, %s.schema%" PRId64 ".\nTo go back: stop the daemon, remove "
	    "%s-wal and %s-shm,\nand rename the copy to %s. Counts since the "
	    "upgrade are lost then.\n", w->spec, u->has, w->spec, w->spec,
	    w->spec);
	print_size("space: ", u->needed, " at most for upgrade and copy, ");
	print_size("", u->free, " free\n");
	if (!has_space(w))
		puts("Free some space first.");
}

static void
print_file(const struct check *w)
{
	const struct store_upgrade *u = &w->file;

	if (u->is == UPGRADE_NO_FILE) {
		printf("state %s: does not exist; millgate creates it when it "
		    "starts\n", w->spec);
		return;
	}
	if (u->why != NULL) {
		printf("state %s\n", u->why);
		return;
	}
	printf("state %s: schema %" PRId64 ", sound%s; this version writes "
	    "schema %" PRId64 "\n", w->spec, u->has, u->running ?
	    ", used by a running daemon" : "", u->writes);
	if (u->is == UPGRADE_SAME)
		puts("No upgrade is necessary. The version that is installed "
		    "can still read the file.");
	else
		print_older(w);
}

static void
upgrade_text(const struct check *w)
{
	if (w->conf.warnings.len > 0)
		printf("%s\n", buf_str(&w->conf.warnings));
	if (w->accepted)
		printf("configuration %s: accepted\n", w->conf_path);
	else
		printf("configuration %s: refused\n%s\n", w->conf_path,
		    buf_str(&w->conf.errors));
	if (w->spec == NULL)
		puts("state: not known without a configuration; give --state");
	else if (w->redis)
		printf("state %s: a server has no schema. Daemons of this "
		    "version and of the one\nthat is installed can use it at "
		    "the same time; upgrade one host after the other.\n",
		    w->spec);
	else
		print_file(w);
	puts(verdict(w) == CTL_GOOD ? "The upgrade is safe." :
	    "Do not upgrade before this is corrected.");
}

/* --- JSON ---------------------------------------------------------------- */

static void
json_state(struct buf *b, const struct check *w)
{
	static const char *const cases[] = {
		[UPGRADE_NO_FILE] = "missing", [UPGRADE_SAME] = "same",
		[UPGRADE_OLDER] = "older", [UPGRADE_NEWER] = "newer",
		[UPGRADE_REFUSED] = "refused", [UPGRADE_CLOSED] = "closed"
	};
	const struct store_upgrade *u = &w->file;

	json_put_or_null(b, "state", w->spec);
	json_put_or_null(b, "schema", w->spec == NULL ? NULL : w->redis ?
	    "redis" : cases[u->is]);
	if (w->spec == NULL || w->redis)
		return;
	json_put_number(b, "has", (uint64_t)u->has);
	json_put_number(b, "writes", (uint64_t)u->writes);
	json_put_bool(b, "running", u->running);
	json_put_bool(b, "upgrades", u->is == UPGRADE_OLDER);
	json_put_bool(b, "old_can_read", u->is == UPGRADE_SAME);
	json_put_number(b, "bytes", u->bytes);
	json_put_number(b, "needed", u->needed);
	json_put_number(b, "free", u->free);
	json_put_or_null(b, "problem", u->why);
}

static void
upgrade_json(const struct check *w)
{
	struct buf b = BUF_INIT;

	buf_addch(&b, '{');
	json_put_bool(&b, "safe", verdict(w) == CTL_GOOD);
	json_put_or_null(&b, "configuration", w->conf_path);
	json_put_bool(&b, "accepted", w->accepted);
	json_put_or_null(&b, "errors", buf_str(&w->conf.errors));
	json_put_or_null(&b, "warnings", buf_str(&w->conf.warnings));
	json_state(&b, w);
	printf("%s}\n", buf_str(&b));
	buf_free(&b);
}

/* --- the check ----------------------------------------------------------- */

/* The place of the state is known also if the start would fail. */
static int
run_check(const struct ctl *c)
{
	struct check	 w = { .conf_path = c->conf_path };
	char		*why = NULL;
	struct conf	*conf = conf_load(c->conf_path, &why);
	int		 status;

	free(why);
	start_check(c->conf_path, &w.conf);
	w.accepted = w.conf.setup != NULL;
	w.spec = ctl_state(c, conf).spec;
	w.redis = w.spec != NULL && redis_url_is(w.spec);
	if (w.spec != NULL && !w.redis)
		store_upgrade_look(w.spec, &w.file);
	if (c->json)
		upgrade_json(&w);
	else
		upgrade_text(&w);
	status = verdict(&w);
	free(w.file.why);
	start_check_free(&w.conf);
	if (conf != NULL)
		conf_unref(&conf);
	return status;
}

int
ctl_upgrade(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		CTL_OPTION_JSON,
		CTL_OPTION_STATE,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options, NULL, 0, 0 };
	int status = ctl_parse(c, &syntax, NULL, argc, argv);

	if (status != CTL_PARSED)
		return status;
	if (access(c->conf_path, R_OK) == 0)
		return run_check(c);
	ctl_complain("%s: %s", c->conf_path, strerror(errno));
	return CTL_TROUBLE;
}
