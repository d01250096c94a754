/*
 * ctl_top - millgatectl top: what the daemon does, live in a terminal
 *
 * The daemon is asked for its status, at most once a second. Without a terminal
 * the status is printed as a report.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/monotonic.h"
#include "store/store_settings.h"
#include "ctl_ask_priv.h"
#include "ctl_common_priv.h"
#include "ctl_quota_priv.h"
#include "ctl_top_priv.h"

#define INTERVAL	2	/* seconds, in a terminal */
#define INTERVAL_MAX	3600
#define ASK_MS		1000	/* between two questions to the daemon */
#define SEQUENCE_MS	50	/* for the rest of a key's sequence */

static const char usage[] =
    "usage: millgatectl [-c FILE] top [--interval SECONDS] [--json]\n"
    "\n"
    "Show what the daemon does, live: rates, the busiest logins and groups,\n"
    "refusals by rule, and blocks. The key ? shows the keys.\n"
    "If the output is not a terminal, print it once as a report, or every\n"
    "SECONDS. --json prints the daemon's status in the same way.\n";

/* One live view. */
struct top {
	const struct ctl *ctl;
	const struct conf *conf;
	uint64_t	 interval;	/* ms */
	uint64_t	 asked, due;	/* monotonic_ms */
	bool		 hurry;		/* also while paused */
	struct arena	*arena;		/* of `data` */
	struct top_data	*data;
	struct top_state state;
	struct top_history history;
	struct top_screen screen;
};

/* --- the daemon ----------------------------------------------------------- */

/* The answer becomes the data that is shown. */
static void
top_show(struct top *t, struct json answer)
{
	arena_free(&t->arena);
	t->arena = arena_new(16384);
	t->data = top_read(t->arena, answer);
	top_rates(&t->history, t->data);
}

/* Without an answer, the old data stay. */
static void
top_ask(struct top *t)
{
	struct buf	text = BUF_INIT;
	struct json	answer;

	t->state.away = ctl_ask_quietly(t->conf, "status", &text, &answer) !=
	    DAEMON_ANSWERED;
	if (!t->state.away)
		top_show(t, answer);
	buf_free(&text);
	t->asked = monotonic_ms();
	t->due = t->asked + t->interval;
	t->hurry = false;
}

/* Ask soon, but not sooner than is allowed. */
static void
top_hurry(struct top *t)
{
	t->hurry = true;
	if (t->due > t->asked + ASK_MS)
		t->due = t->asked + ASK_MS;
}

/* --- a block -------------------------------------------------------------- */

static void
change_in_child(const struct top *t, const struct quota_change *ch, int fd)
{
	struct store_place	 state = ctl_state(t->ctl, t->conf);
	char			*why = quota_apply(ch, &state,
				    t->state.target);

	if (why != NULL && write(fd, why, strlen(why)) == -1)
		_exit(CTL_TROUBLE);
	_exit(why == NULL ? CTL_GOOD : CTL_TROUBLE);
}

/* Append what the child writes until its end; its exit status. */
static int
child_result(pid_t child, int fd, struct buf *why)
{
	char	chunk[512];
	ssize_t	n;
	int	status = -1;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0)
		if (n > 0)
			buf_add(why, chunk, (size_t)n);
		else if (errno != EINTR)
			break;
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : CTL_TROUBLE;
}

/*
 * As `millgatectl user block' does, in a child: root becomes the owner of the
 * state file for ever, who perhaps may not ask the daemon.
 */
static bool
top_change(struct top *t, struct buf *why)
{
	struct quota_change	block = QUOTA_BLOCK, unblock = QUOTA_UNBLOCK;
	struct quota_change	*ch = t->state.block ? &block : &unblock;
	int			fd[2], status;
	pid_t			child;

	ch->setting.changed = time(NULL);
	if (pipe(fd) == -1) {
		buf_addstr(why, strerror(errno));
		return false;
	}
	child = fork();
	if (child == 0)
		change_in_child(t, ch, fd[1]);
	close(fd[1]);
	if (child == -1)
		buf_addstr(why, strerror(errno));
	status = child == -1 ? CTL_TROUBLE : child_result(child, fd[0], why);
	close(fd[0]);
	return status == CTL_GOOD;
}

static void
top_act(struct top *t)
{
	struct top_state	*s = &t->state;
	struct buf		 why = BUF_INIT;
	bool			 done = top_change(t, &why);

	if (done)
		snprintf(s->message, sizeof(s->message), "%s \"%.300s\".",
		    s->block ? "Blocked" : "Unblocked", s->target);
	else
		snprintf(s->message, sizeof(s->message), "Not %s: %.300s",
		    s->block ? "blocked" : "unblocked", why.len > 0 ?
		    buf_str(&why) : "it failed without a reason");
	buf_free(&why);
	top_hurry(t);
}

/* --- the loop ------------------------------------------------------------- */

/* False: quit. */
static bool
top_obey(struct top *t, enum top_order order)
{
	switch (order) {
	case TOP_QUIT:
		return false;
	case TOP_REFRESH:
		top_hurry(t);
		break;
	case TOP_CHANGE:
		top_act(t);
		break;
	case TOP_ASK:
	case TOP_NOTHING:
		break;
	}
	return true;
}

static void
top_draw(struct top *t)
{
	t->screen.arena = arena_new(16384);
	terminal_size(&t->screen);
	top_view(&t->screen, &t->state, t->data);
	terminal_draw(&t->screen);
	arena_free(&t->screen.arena);
}

/* False: quit. What was typed before a question is not an answer to it. */
static bool
top_keys(struct top *t)
{
	char		typed[64];
	size_t		len = terminal_read(typed, sizeof(typed)), n;
	bool		all = false;
	enum top_order	order;
	int		key;

	while (len > 0) {
		n = top_key_read(typed, len, all, &key);
		if (n == 0) {
			all = len == sizeof(typed) ||
			    (terminal_wait(SEQUENCE_MS) & TOP_EVENT_KEYS) == 0;
			if (!all)
				len += terminal_read(typed + len,
				    sizeof(typed) - len);
			continue;
		}
		len -= n;
		memmove(typed, typed + n, len);
		order = top_key(&t->state, t->data, key);
		if (order == TOP_ASK) {
			top_draw(t);
			terminal_drop();
			return true;
		}
		if (!top_obey(t, order))
			return false;
	}
	return true;
}

static uint64_t
top_pause(const struct top *t)
{
	uint64_t now = monotonic_ms();

	if (t->state.paused && !t->hurry)
		return INTERVAL_MAX * 1000;
	return t->due > now ? t->due - now : 0;
}

static void
top_loop(struct top *t)
{
	unsigned events = 0;

	while ((events & TOP_EVENT_STOP) == 0) {
		top_draw(t);
		events = terminal_wait(top_pause(t));
		if ((events & TOP_EVENT_KEYS) != 0 && !top_keys(t))
			return;
		if ((events & TOP_EVENT_STOP) == 0 && top_pause(t) == 0)
			top_ask(t);
	}
}

static int
top_live(struct top *t)
{
	t->state.utf8 = t->screen.utf8 = terminal_utf8();
	if (!terminal_enter()) {
		ctl_complain("the terminal cannot be used: %s",
		    strerror(errno));
		terminal_leave();
		return CTL_TROUBLE;
	}
	top_loop(t);
	terminal_leave();
	return CTL_GOOD;
}

/* --- a report ------------------------------------------------------------- */

static void
top_print(struct top *t, struct json answer)
{
	struct buf b = BUF_INIT;

	top_show(t, answer);
	top_report(t->arena, t->data, terminal_utf8(), &b);
	fputs(buf_str(&b), stdout);
	buf_free(&b);
}

/* Once or, with --interval, until the output is closed. */
static int
top_reports(struct top *t, struct buf *text, struct json answer)
{
	struct timespec	pause = { (time_t)(t->interval / 1000), 0 };
	bool		answered = true;

	for (;;) {
		if (answered && t->ctl->json)
			fputs(buf_str(text), stdout);
		else if (answered)
			top_print(t, answer);
		if (fflush(stdout) != 0) {
			ctl_complain("standard output: %s", strerror(errno));
			return CTL_TROUBLE;
		}
		if (t->interval == 0)
			return CTL_GOOD;
		nanosleep(&pause, NULL);
		buf_reset(text);
		answered = ctl_ask(t->conf, "status", text, &answer);
		if (answered && !t->ctl->json)
			putchar('\n');
	}
}

/* --- the command ---------------------------------------------------------- */

static bool
interval_option(void *arg, int option, char *value)
{
	uint64_t	*ms = arg;
	char		*end;
	unsigned long	 n;

	(void)option;		/* there is one */
	n = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || n < 1 ||
	    n > INTERVAL_MAX)
		return ctl_refuse("--interval", "a number of seconds from 1 to "
		    "3600", value);
	*ms = n * 1000;
	return true;
}

static int
top_run(struct top *t)
{
	struct buf	text = BUF_INIT;
	struct json	answer;
	int		status = CTL_TROUBLE;

	/* before the terminal is taken, so that the reason can be read */
	if (ctl_ask(t->conf, "status", &text, &answer)) {
		t->asked = monotonic_ms();
		if (t->ctl->json || !terminal_usable()) {
			status = top_reports(t, &text, answer);
		} else {
			if (t->interval == 0)
				t->interval = INTERVAL * 1000;
			t->due = t->asked + t->interval;
			top_show(t, answer);
			status = top_live(t);
		}
	}
	buf_free(&text);
	arena_free(&t->arena);
	return status;
}

int
ctl_top(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "interval", required_argument, NULL, CTL_OPT_OWN },
		CTL_OPTION_JSON,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options,
	    interval_option, 0, 0 };
	struct top	*t = xcalloc(1, sizeof(*t));
	struct conf	*conf = NULL;
	int		 status = ctl_parse(c, &syntax, &t->interval, argc,
			    argv);

	if (status == CTL_PARSED) {
		conf = ctl_load_conf(c);
		t->ctl = c;
		t->conf = conf;
		status = conf != NULL ? top_run(t) : CTL_TROUBLE;
	}
	conf_unref(&conf);
	free(t);
	return status;
}
