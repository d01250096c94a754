/*
 * ctl_top_terminal - millgatectl top: the terminal
 *
 * The terminal is given back when the program ends in any way but SIGKILL, and
 * while it is stopped. Only sequences of ECMA-48 and the "?" modes of xterm are
 * sent, which the terminals of the last thirty years understand.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "ctl_top_priv.h"

/* Alternate screen, no cursor, no wrapping of lines, empty; and back. */
#define ENTER	"\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE	"\033[0m\033[?7h\033[?25h\033[?1049l"

static struct termios		 as_before;
static bool			 entered;
static int			 wake[2] = { -1, -1 };
static volatile sig_atomic_t	 stopped_by, was_resized, was_suspended;

/* --- signals -------------------------------------------------------------- */

static void
terminal_signal(int signal_number)
{
	int error = errno;

	if (signal_number == SIGWINCH || signal_number == SIGCONT)
		was_resized = 1;
	else if (signal_number == SIGTSTP)
		was_suspended = 1;
	else
		stopped_by = signal_number;
	/* a full pipe wakes, too */
	if (write(wake[1], "", 1) == -1)
		errno = 0;
	errno = error;
}

static bool
catch_signals(void)
{
	static const int	 signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
	    SIGWINCH, SIGTSTP, SIGCONT };
	/* without SA_RESTART: ^C also ends the wait for an answer */
	struct sigaction	 sa = { .sa_handler = terminal_signal };
	size_t			 i;

	if (wake[0] == -1 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) == -1)
		return false;
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], &sa, NULL) == -1)
			return false;
	return true;
}

/* --- output --------------------------------------------------------------- */

static void
send_text(const char *text, size_t len)
{
	struct pollfd	p = { STDOUT_FILENO, POLLOUT, 0 };
	ssize_t		n;

	while (len > 0 && stopped_by != SIGHUP) {
		n = write(STDOUT_FILENO, text, len);
		if (n == -1 && errno == EAGAIN)
			poll(&p, 1, -1);
		else if (n == -1 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

void
terminal_draw(const struct top_screen *v)
{
	static const char *const	styles[] = {
		[TOP_PLAIN] = "", [TOP_BOLD] = "\033[1m",
		[TOP_TITLE] = "\033[4m", [TOP_REVERSE] = "\033[7m"
	};
	struct buf			b = BUF_INIT;
	int				i;

	for (i = 0; i < v->n; i++)
		buf_printf(&b, "\033[%d;1H\033[0m%s%s\033[0m\033[K", i + 1,
		    styles[v->line[i].style], v->line[i].text);
	buf_addstr(&b, "\033[J");
	send_text(buf_str(&b), b.len);
	buf_free(&b);
}

void
terminal_size(struct top_screen *v)
{
	struct winsize w;

	v->columns = 80;
	v->rows = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 &&
	    w.ws_row > 0) {
		v->columns = w.ws_col < TOP_WIDEST ? w.ws_col : TOP_WIDEST;
		v->rows = w.ws_row < TOP_HIGHEST ? w.ws_row : TOP_HIGHEST;
	}
}

/* --- take it and give it back --------------------------------------------- */

bool
terminal_utf8(void)
{
	return setlocale(LC_CTYPE, "") != NULL &&
	    strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

bool
terminal_usable(void)
{
	const char *type = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	    type != NULL && type[0] != '\0' && strcmp(type, "dumb") != 0;
}

static bool
set_keys(void)
{
	struct termios t = as_before;

	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_iflag |= ICRNL;
	t.c_iflag &= ~(tcflag_t)IXON;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &t) == 0;
}

bool
terminal_enter(void)
{
	if (!entered && tcgetattr(STDIN_FILENO, &as_before) == -1)
		return false;
	if (!catch_signals() || !set_keys())
		return false;
	entered = true;
	send_text(ENTER, strlen(ENTER));
	return true;
}

static void
give_back(void)
{
	if (!entered)
		return;
	entered = false;
	send_text(LEAVE, strlen(LEAVE));
	while (tcsetattr(STDIN_FILENO, TCSADRAIN, &as_before) == -1 &&
	    errno == EINTR)
		;
}

void
terminal_leave(void)
{
	give_back();
	if (stopped_by == 0 || stopped_by == SIGINT)
		return;
	signal(stopped_by, SIG_DFL);
	raise(stopped_by);
}

/* --- events --------------------------------------------------------------- */

/* ^Z: the shell gets the terminal as it was. */
static void
suspend(void)
{
	was_suspended = 0;
	give_back();
	raise(SIGSTOP);
	was_resized = 1;
}

static unsigned
signal_events(void)
{
	unsigned events = 0;

	if (was_suspended)
		suspend();
	if (was_resized) {
		was_resized = 0;
		/* who let us go on may have changed the terminal */
		if (!terminal_enter())
			return TOP_EVENT_STOP;
		events |= TOP_EVENT_SIZE;
	}
	return stopped_by != 0 ? events | TOP_EVENT_STOP : events;
}

unsigned
terminal_wait(uint64_t ms)
{
	struct pollfd	p[2] = {
		{ STDIN_FILENO, POLLIN, 0 }, { wake[0], POLLIN, 0 }
	};
	char		drop[64];
	unsigned	events = 0;
	int		n = poll(p, 2, ms < INT32_MAX ? (int)ms : INT32_MAX);

	if (n > 0 && p[1].revents != 0)
		while (read(wake[0], drop, sizeof(drop)) > 0)
			;
	if (n > 0 && (p[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		events = TOP_EVENT_STOP;
	else if (n > 0 && (p[0].revents & POLLIN) != 0)
		events = TOP_EVENT_KEYS;
	return events | signal_events();
}

size_t
terminal_read(char *p, size_t size)
{
	ssize_t n = read(STDIN_FILENO, p, size);

	/* the other end is closed */
	if (n == 0)
		stopped_by = SIGHUP;
	return n > 0 ? (size_t)n : 0;
}

void
terminal_drop(void)
{
	tcflush(STDIN_FILENO, TCIFLUSH);
}
