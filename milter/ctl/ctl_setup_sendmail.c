/*
 * ctl_setup_sendmail - millgatectl setup sendmail: insert millgate's block into
 * an .mc file, or remove it
 *
 *	setup sendmail [--mc FILE] [--apply | --undo]
 *
 * The .cf file is made by Sendmail's own tools afterwards, which need root and
 * the site's own choices.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/sendmail_plan.h"
#include "ctl_common_priv.h"
#include "ctl_setup_priv.h"

#define SENDMAIL_MC	"/etc/mail/sendmail.mc"
#define SENDMAILCONFIG	"/usr/sbin/sendmailconfig"	/* Debian's */
#define BACKUP		".before-millgate"
#define TEXT_BYTES	(4 * 1024 * 1024)	/* more is not read */

static const char usage[] =
    "usage: millgatectl [-c FILE] setup sendmail [--mc FILE]\n"
    "           [--apply | --undo]\n\n"
    "Show the lines that make Sendmail use millgate, and their place. --apply\n"
    "inserts them into FILE, by default " SENDMAIL_MC ", and\n"
    "--undo removes them. FILE" BACKUP " is a copy of the file before.\n"
    "Exit status 1: there is something to change.\n";

struct setup {
	struct arena		*arena;
	const struct conf	*conf;
	const char		*mc;
	enum setup_action	 action;
	struct mc_plan		 plan;
};

/* --- the change ---------------------------------------------------------- */

/* sendmailconfig knows only the usual file. */
static void
print_commands(const char *mc)
{
	const char *slash = strrchr(mc, '/');

	puts("now run:");
	if (strcmp(mc, SENDMAIL_MC) == 0 && access(SENDMAILCONFIG, X_OK) == 0)
		puts("sendmailconfig");
	else if (slash != NULL && slash != mc)
		printf("make -C %.*s\n", (int)(slash - mc), mc);
	else
		puts("make");
	puts("and restart Sendmail");
}

/* The file as it was before --apply; `path` is behind all links. */
static bool
back_up(const struct setup *w, const char *path, const struct buf *text)
{
	const char *name = arena_printf(w->arena, "%s" BACKUP, path);

	if (!setup_file_write(name, path, buf_str(text), text->len))
		return false;
	printf("\n%s is a copy of the file before\n", name);
	return true;
}

static int
change(const struct setup *w, const struct buf *text)
{
	char	*path = realpath(w->mc, NULL);
	bool	 ok;

	if (path == NULL) {
		ctl_complain("%s: %s", w->mc, strerror(errno));
		return CTL_TROUBLE;
	}
	ok = (w->action == SETUP_UNDO || back_up(w, path, text)) &&
	    setup_file_write(path, path, w->plan.after,
	    strlen(w->plan.after));
	free(path);
	if (!ok)
		return CTL_TROUBLE;
	printf("\n%s was changed; ", w->mc);
	print_commands(w->mc);
	return CTL_GOOD;
}

static int
make_block(const struct setup *w, const struct buf *text)
{
	const struct mc_plan	*plan = &w->plan;
	bool			 may_connect;

	if (plan->changes)
		printf("%s, before line %u:\n\n%s", w->mc, plan->line,
		    plan->block);
	else
		printf("%s: nothing to change\n", w->mc);
	printf("\norder of the filters: %s\n", plan->order);
	may_connect = plan->user == NULL ||
	    setup_may_connect(w->conf, plan->user);
	if (!plan->changes)
		return may_connect ? CTL_GOOD : CTL_NO;
	if (w->action == SETUP_APPLY)
		return change(w, text);
	puts("\nNothing was changed. To change the file, add --apply.");
	return CTL_NO;
}

static int
setup_block(struct setup *w, const struct buf *text)
{
	struct mc_site site;

	if (w->action == SETUP_UNDO) {
		mc_plan_undo(w->arena, buf_str(text), &w->plan);
	} else {
		site.socket = w->conf->socket;
		site.lookup_seconds = w->conf->resolver.timeout;
		mc_plan_make(w->arena, buf_str(text), &site, &w->plan);
	}
	if (w->plan.refusal != NULL) {
		ctl_complain("%s: %s", w->mc, w->plan.refusal);
		return CTL_TROUBLE;
	}
	if (w->action != SETUP_UNDO)
		return make_block(w, text);
	if (!w->plan.changes) {
		printf("%s has no block of millgate\n", w->mc);
		return CTL_GOOD;
	}
	printf("%s: the block in line %u is removed\n", w->mc, w->plan.line);
	return change(w, text);
}

/* --- the command line ---------------------------------------------------- */

enum { OPT_MC = CTL_OPT_OWN, OPT_APPLY, OPT_UNDO };

static bool
mc_option(void *arg, int option, char *value)
{
	struct setup *w = arg;

	if (option == OPT_MC)
		w->mc = value;
	else
		return setup_action(&w->action, option == OPT_APPLY ?
		    SETUP_APPLY : SETUP_UNDO);
	return true;
}

/* --undo needs no configuration of millgate. */
static int
run_mc(struct setup *w, const struct ctl *c)
{
	struct conf	*conf = NULL;
	struct buf	 text = BUF_INIT;
	int		 status = CTL_TROUBLE;

	if (w->action != SETUP_UNDO && (conf = ctl_load_conf(c)) == NULL)
		return CTL_TROUBLE;
	w->conf = conf;
	if (ctl_read_file(w->mc, TEXT_BYTES, &text))
		status = setup_block(w, &text);
	buf_free(&text);
	if (conf != NULL)
		conf_unref(&conf);
	return status;
}

int
ctl_setup_sendmail(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "mc",		required_argument, NULL, OPT_MC },
		{ "apply",	no_argument, NULL, OPT_APPLY },
		{ "undo",	no_argument, NULL, OPT_UNDO },
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options,
	    mc_option, 0, 0 };
	struct setup	w = { .mc = SENDMAIL_MC };
	int		status = ctl_parse(c, &syntax, &w, argc, argv);

	if (status != CTL_PARSED)
		return status;
	w.arena = arena_new(65536);
	status = run_mc(&w, c);
	arena_free(&w.arena);
	return status;
}
