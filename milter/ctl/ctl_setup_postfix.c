/*
 * ctl_setup_postfix - millgatectl setup postfix: change main.cf, or take the
 * change back
 *
 *	setup postfix [--config DIR] [--apply | --undo]
 *
 * The record of what was changed is beside main.cf, where only root can write.
 * In the state directory, the user of the daemon could change it, and root
 * would write that into main.cf. The record is written before main.cf, so that
 * an interrupted --apply can be taken back, too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "directory/sender_maps.h"
#include "doctor/advice.h"
#include "doctor/postfix_plan.h"
#include "ctl_common_priv.h"
#include "ctl_postconf_priv.h"
#include "ctl_setup_priv.h"

#define RECORD		"main.cf.millgate"

static const char usage[] =
    "usage: millgatectl [-c FILE] setup postfix [--config DIR]\n"
    "           [--apply | --undo]\n\n"
    "Show the lines of main.cf that make Postfix use millgate. --apply writes\n"
    "them, and --undo restores the lines that --apply has changed. DIR is the\n"
    "directory of main.cf, by default " MTA_POSTFIX_DIR ".\n"
    "Exit status 1: there is something to change.\n";

struct setup {
	struct arena		*arena;
	const struct conf	*conf;
	const char		*dir;
	enum setup_action	 action;
	const char		*record_path;
	struct postfix_setup	 postfix;
	struct mta_settings	 set;		/* in main.cf */
	struct plan_record	 record;
	struct postfix_plan	 plan;
};

/* --- reading ------------------------------------------------------------- */

static bool
read_record(struct setup *w)
{
	struct buf	 text = BUF_INIT;
	const char	*wrong = "";
	bool		 ok;

	w->record_path = arena_printf(w->arena, "%s/" RECORD, w->dir);
	ok = setup_file_read(w->record_path, &text);
	if (ok && !plan_record_parse(w->arena, buf_str(&text), &w->record,
	    &wrong))
		ok = ctl_complain("%s: \"%s\" is not a line of a record; if "
		    "main.cf is as it should be, remove the file",
		    w->record_path, wrong);
	buf_free(&text);
	return ok;
}

static bool
read_main(struct setup *w)
{
	static const char *const set[] = { "-n", NULL };
	const char *text;

	if (!ctl_postconf_read(w->arena, w->dir, &w->postfix))
		return false;
	text = ctl_postconf(w->arena, w->dir, set);
	if (text != NULL)
		postfix_plan_read(w->arena, &w->set, text);
	return text != NULL;
}

/* --- printing ------------------------------------------------------------ */

static const char *
shown(const char *value)
{
	return *value != '\0' ? value : "(empty)";
}

static void
setup_print_line(const struct plan_line *l)
{
	printf("%s: %s%s -> %s\n    %s\n", l->name, shown(l->applies),
	    l->before == NULL ? " (default)" : "",
	    l->after != NULL ? shown(l->after) : "(default)", l->reason);
}

static void
print_order(const char *what, const struct mta_filters *list)
{
	size_t i;

	printf("order for %s: ", what);
	for (i = 0; i + 1 < list->n; i++)
		printf("%s, ", list->filter[i].socket);
	if (list->n > 0)
		printf("millgate (%s)", list->filter[i].socket);
	putchar('\n');
}

static void
show_plan(const struct setup *w)
{
	const struct postfix_plan	*plan = &w->plan;
	size_t				 i;

	printf("%s/main.cf:\n\n", w->dir);
	for (i = 0; i < plan->n; i++)
		setup_print_line(&plan->line[i]);
	if (plan->n == 0)
		puts("nothing to change");
	if (w->action == SETUP_UNDO)
		return;
	putchar('\n');
	print_order("SMTP", &plan->smtp);
	print_order("sendmail(1)", &plan->local);
	if (plan->smtp.n > 1)
		puts("If a milter changes header fields or bodies: inbound "
		    "mail must pass millgate\nfirst. `millgatectl doctor' "
		    "prints the command for that service.");
	if (*plan->own != '\0')
		printf("%s in master.cf: not changed, has its own "
		    "smtpd_milters; see `millgatectl doctor'\n", plan->own);
}

/* The tables of owners that millgate.conf should name, too. */
static void
show_owners(const struct setup *w)
{
	struct advice_site	 site = {
		.sender_maps = w->conf->sender_login_maps.s,
		.nsender_maps = w->conf->sender_login_maps.n,
		.reads_lmdb = sender_maps_reads_lmdb()
	};
	struct advice_list	*l = arena_alloc(w->arena, sizeof(*l));
	size_t			 i;

	l->arena = w->arena;
	for (i = 0; i < w->postfix.n; i++)
		advice_owners(l, &site, &w->postfix, &w->postfix.service[i]);
	for (i = 0; i < l->n; i++)
		printf("\n%s: %s\n    %s\n", l->item[i].where,
		    l->item[i].text, l->item[i].change);
}

/* --- changing ------------------------------------------------------------ */

static bool
write_record(const struct setup *w, const struct plan_record *r)
{
	struct buf	text = BUF_INIT;
	bool		ok;

	plan_record_format(r, &text);
	ok = setup_file_write(w->record_path, arena_printf(w->arena,
	    "%s/main.cf", w->dir), buf_str(&text), text.len);
	buf_free(&text);
	return ok;
}

/* One call for all lines that are set, and one for those that are removed. */
static bool
change_main(const struct setup *w)
{
	const char	*edit[PLAN_LINES + 2] = { "-e" };
	const char	*drop[PLAN_LINES + 2] = { "-X" };
	size_t		 i, nedit = 1, ndrop = 1;

	for (i = 0; i < w->plan.n; i++) {
		const struct plan_line *l = &w->plan.line[i];

		if (l->after == NULL)
			drop[ndrop++] = l->name;
		else
			edit[nedit++] = arena_printf(w->arena, "%s = %s",
			    l->name, l->after);
	}
	return (nedit == 1 || ctl_postconf_change(w->arena, w->dir, edit)) &&
	    (ndrop == 1 || ctl_postconf_change(w->arena, w->dir, drop));
}

static int
make_plan(struct setup *w, bool may_connect)
{
	if (w->plan.n == 0)
		return may_connect ? CTL_GOOD : CTL_NO;
	if (w->action == SETUP_SHOW) {
		puts("\nNothing was changed. To change main.cf, add --apply. "
		    "Then run: postfix reload");
		return CTL_NO;
	}
	plan_record_add(&w->record, &w->plan);
	if (!write_record(w, &w->record) || !change_main(w))
		return CTL_TROUBLE;
	printf("\nmain.cf was changed%s\npostfix reload\n", may_connect ?
	    "; now run:" : "; run the commands above, and then:");
	return CTL_GOOD;
}

static int
setup_lines(struct setup *w)
{
	struct plan_site	 site = { w->conf->socket,
	    w->conf->resolver.timeout, w->record.socket };
	const char		*owner;

	postfix_plan_make(w->arena, &w->postfix, &w->set, &site, &w->plan);
	if (w->plan.refusal != NULL) {
		ctl_complain("%s/main.cf: %s", w->dir, w->plan.refusal);
		return CTL_TROUBLE;
	}
	show_plan(w);
	show_owners(w);
	owner = postfix_value(&w->postfix, NULL, "mail_owner");
	return make_plan(w, setup_may_connect(w->conf, owner));
}

static int
undo_lines(struct setup *w)
{
	struct plan_record	changed;
	size_t			i;

	if (w->record.n == 0) {
		printf("%s does not exist: --apply has changed nothing\n",
		    w->record_path);
		return CTL_GOOD;
	}
	plan_record_undo(&w->record, &w->set, &w->plan, &changed);
	show_plan(w);
	for (i = 0; i < changed.n; i++)
		printf("%s: was changed since --apply, and is left alone; "
		    "before, it was %s\n", changed.line[i].name,
		    changed.line[i].before != NULL ?
		    shown(changed.line[i].before) : "not set");
	if (!change_main(w) || (changed.n > 0 && !write_record(w, &changed)))
		return CTL_TROUBLE;
	if (changed.n == 0 && unlink(w->record_path) != 0) {
		ctl_complain("%s: %s", w->record_path, strerror(errno));
		return CTL_TROUBLE;
	}
	puts("\nnow run:\npostfix reload");
	return changed.n > 0 ? CTL_NO : CTL_GOOD;
}

/* --- the command line ---------------------------------------------------- */

enum { OPT_CONFIG = CTL_OPT_OWN, OPT_APPLY, OPT_UNDO };

static bool
setup_option(void *arg, int option, char *value)
{
	struct setup *w = arg;

	if (option != OPT_CONFIG)
		return setup_action(&w->action, option == OPT_APPLY ?
		    SETUP_APPLY : SETUP_UNDO);
	w->dir = value;
	return true;
}

/* --undo works without a configuration, which may be gone already. */
static int
run_setup(struct setup *w, const struct ctl *c)
{
	struct conf	*conf = NULL;
	int		 status = CTL_TROUBLE;

	if (w->action != SETUP_UNDO && (conf = ctl_load_conf(c)) == NULL)
		return CTL_TROUBLE;
	w->conf = conf;
	if (read_record(w) && read_main(w))
		status = conf != NULL ? setup_lines(w) : undo_lines(w);
	if (conf != NULL)
		conf_unref(&conf);
	return status;
}

int
ctl_setup_postfix(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config",	required_argument, NULL, OPT_CONFIG },
		{ "apply",	no_argument, NULL, OPT_APPLY },
		{ "undo",	no_argument, NULL, OPT_UNDO },
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options,
	    setup_option, 0, 0 };
	struct arena	*a = arena_new(65536);
	struct setup	*w = arena_alloc(a, sizeof(*w));
	int		 status;

	w->arena = a;
	w->dir = MTA_POSTFIX_DIR;
	status = ctl_parse(c, &syntax, w, argc, argv);
	if (status == CTL_PARSED)
		status = run_setup(w, c);
	arena_free(&a);
	return status;
}
