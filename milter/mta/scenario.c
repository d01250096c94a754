/*
 * scenario - run a scenario file against an engine of its own
 *
 * The file is read once, line by line. The services are opened when the first
 * section after [conf] and [zone] begins: with a store in memory, DNS from the
 * zone text, and a clock that only the command `time' moves. The format is
 * described in scenario.h.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "mta/replay.h"
#include "mta/scenario.h"
#include "session/services.h"
#include "store/store.h"

#define SCENARIO_TIME	1800000000	/* unless the file says otherwise */

/* One scenario runs at a time: services.now takes no argument. */
static time_t	scenario_time;

static time_t
scenario_now(void)
{
	return scenario_time;
}

static uint64_t
scenario_ticks(void)
{
	return (uint64_t)scenario_time * 1000;
}

struct scenario {
	const char	*path;
	FILE		*out;
	unsigned	 line;		/* of the file, while it runs */
	struct buf	 conf, zone;
	struct services	*sv;
	struct replay	*replay;
	enum scenario_result result;
};

static void
broken(struct scenario *sc, const char *what, const char *detail)
{
	fprintf(sc->out, "%s:%u: %s: %s\n", sc->path, sc->line, what, detail);
	sc->result = SCENARIO_BROKEN;
}

static void
scenario_start(struct scenario *sc)
{
	char		*why = NULL;
	struct conf	*c;
	struct setup	*st = NULL;
	struct resolver	*r;

	scenario_time = SCENARIO_TIME;
	r = resolver_zone_new(buf_str(&sc->zone), &why);
	if (r == NULL) {
		broken(sc, "[zone]", why);
		free(why);
		return;
	}
	c = conf_load_text(sc->path, buf_str(&sc->conf), &why);
	if (c != NULL)
		st = setup_new(c, &why);
	if (st != NULL)
		sc->sv = services_new(st, r, store_open_memory(),
		    "mx.example.net");
	else
		resolver_free(&r);
	if (sc->sv == NULL) {
		broken(sc, "[conf]", why);
		free(why);
		return;
	}
	sc->sv->now = scenario_now;
	sc->sv->ticks = scenario_ticks;
	sc->replay = replay_new(sc->sv);
}

static void
command_connect(struct scenario *sc, char *args)
{
	char		*address = strsep(&args, " ");

	if (!replay_connect(sc->replay, strcmp(address, "unknown") == 0 ?
	    NULL : address, args))
		broken(sc, "connect: not an IP address", address);
}

static void
command_mail(struct scenario *sc, char *path)
{
	char		*size = strstr(path, "> SIZE=");
	const char	*params[] = { NULL, NULL };

	if (size != NULL) {
		size[1] = '\0';
		params[0] = size + 2;
	}
	replay_mail_with(sc->replay, path, params);
}

/* One line of [session]: a command and its arguments. */
static void
command(struct scenario *sc, char *line)
{
	char *args = line, *verb = strsep(&args, " "), *name;

	if (strcmp(verb, "abort") == 0)
		replay_abort(sc->replay);
	else if (args == NULL)
		broken(sc, "this command needs an argument", verb);
	else if (strcmp(verb, "time") == 0)
		scenario_time = (time_t)strtoll(args, NULL, 10);
	else if (strcmp(verb, "connect") == 0)
		command_connect(sc, args);
	else if (strcmp(verb, "macro") == 0) {
		name = strsep(&args, " ");
		replay_macro(sc->replay, name, args);
	} else if (strcmp(verb, "helo") == 0)
		replay_helo(sc->replay, args);
	else if (strcmp(verb, "mail") == 0)
		command_mail(sc, args);
	else if (strcmp(verb, "rcpt") == 0)
		replay_rcpt(sc->replay, args);
	else
		broken(sc, "unknown command", verb);
}

static bool
outcome_matches(const char *outcome, const char *pattern)
{
	char	*copy = xstrdup(outcome), *rest = copy, *line;
	bool	 found = false;

	while (!found && (line = strsep(&rest, "\n")) != NULL)
		found = line[0] != '\0' && fnmatch(pattern, line, 0) == 0;
	free(copy);
	return found;
}

static void
expect(struct scenario *sc, const char *line)
{
	const char	*outcome = replay_outcome(sc->replay);
	bool		 want = strncmp(line, "not ", 4) != 0;

	if (outcome_matches(outcome, want ? line : line + 4) == want)
		return;
	fprintf(sc->out, "%s:%u: %s: %s\noutcome:\n%s", sc->path, sc->line,
	    want ? "expected, but missing" : "present, but not expected",
	    want ? line : line + 4, outcome);
	sc->result = SCENARIO_FAILED;
}

/* --- sections of the file --------------------------------------------- */

enum section { IN_NOTHING, IN_CONF, IN_ZONE, IN_SESSION, IN_MESSAGE,
    IN_EXPECT };

static enum section
scenario_section(const char *line)
{
	static const char *const names[] = { NULL, "[conf]", "[zone]",
	    "[session]", "[message]", "[expect]" };
	size_t i;

	for (i = IN_CONF; i <= IN_EXPECT; i++)
		if (strcmp(line, names[i]) == 0)
			return (enum section)i;
	return IN_NOTHING;
}

static void
scenario_line(struct scenario *sc, enum section in, char *line,
    struct buf *message)
{
	if (in == IN_CONF || in == IN_ZONE) {
		buf_printf(in == IN_CONF ? &sc->conf : &sc->zone, "%s\n",
		    line);
		return;
	}
	if (in == IN_MESSAGE) {
		buf_printf(message, "%s\n", line);
		return;
	}
	line += strspn(line, " \t");
	if (line[0] == '\0' || line[0] == '#')
		return;
	if (in == IN_SESSION)
		command(sc, line);
	else if (in == IN_EXPECT)
		expect(sc, line);
	else
		broken(sc, "text outside of a section", line);
}

static void
section_ends(struct scenario *sc, enum section in, enum section next,
    struct buf *message)
{
	if (in == IN_MESSAGE)
		replay_message(sc->replay, buf_str(message), message->len);
	if (in == IN_EXPECT)
		replay_clear(sc->replay);
	buf_reset(message);
	if (next >= IN_SESSION && sc->sv == NULL)
		scenario_start(sc);
}

static void
run_lines(struct scenario *sc, FILE *f)
{
	struct buf	 message = BUF_INIT;
	enum section	 in = IN_NOTHING, next;
	char		*line = NULL;
	size_t		 size = 0;
	ssize_t		 len;

	while (sc->result != SCENARIO_BROKEN &&
	    (len = getline(&line, &size, f)) != -1) {
		sc->line++;
		if (len > 0 && line[len - 1] == '\n')
			line[len - 1] = '\0';
		next = scenario_section(line);
		if (next == IN_NOTHING) {
			scenario_line(sc, in, line, &message);
			continue;
		}
		section_ends(sc, in, next, &message);
		in = next;
	}
	if (sc->result != SCENARIO_BROKEN && !feof(f))
		broken(sc, "cannot be read", strerror(errno));
	if (sc->result != SCENARIO_BROKEN && sc->sv != NULL)
		section_ends(sc, in, IN_EXPECT, &message);
	free(line);
	buf_free(&message);
}

enum scenario_result
scenario_run(const char *path, FILE *out)
{
	struct scenario	 sc = { .path = path, .out = out };
	FILE		*f = fopen(path, "r");

	if (f == NULL) {
		fprintf(out, "%s: %s\n", path, strerror(errno));
		return SCENARIO_BROKEN;
	}
	run_lines(&sc, f);
	fclose(f);
	if (sc.sv == NULL && sc.result == SCENARIO_PASSED)
		broken(&sc, "nothing to run", "a [session] is missing");
	replay_free(&sc.replay);
	services_free(&sc.sv);
	buf_free(&sc.conf);
	buf_free(&sc.zone);
	return sc.result;
}
