/*
 * faults_scenarios - every scenario again, once for each use of each external
 * step, which fails
 *
 * usage: faults_scenarios [--every N] [--jobs N] [--only KIND:N] SCENARIO...
 *
 * Each run is a process with a time limit. It is compared with the run without
 * a fault: no answer is less cautious, no result becomes a pass, no signature
 * and no removal of a forged field is missing on accepted mail, and each
 * message is counted exactly if it is accepted. The counts are in memory, and
 * then again in a state file, which must have them afterwards. --every N takes
 * each N-th point only.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fault.h"
#include "faults/faults_signing.h"
#include "faults/faults_trace.h"
#include "mta/scenario.h"

#define SECONDS		30	/* of one run; a loaded machine needs far less */
#define JOBS_MAX	16

static const char *const names[FAULT_KINDS] = { "none", "lookup", "store",
    "lost answer of the store", "crypto", "open", "read", "write", "sync",
    "name", "stat", "lock", "socket", "accept", "receive", "send", "thread",
    "clock", "libmilter", "poll", "process", "user", "signal" };

/* Shared by the processes of this test. */
struct tally {
	atomic_uint	 tried[FAULT_KINDS], passed[FAULT_KINDS];
	atomic_uint	 excused;	/* accepted as on-temperror says */
};

struct point {
	const char	*path;
	bool		 file;		/* counts in a state file */
	int		 kind, nth;
};

static struct tally	*tally;
static struct trace	*usual, *trace;
static char		 top[] = "/dev/shm/millgate_faults.XXXXXX";
static unsigned		 every = 1;
static struct point	 only;		/* kind 0: all */

static void *
shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

/* --- one run ------------------------------------------------------------- */

static void
state_path(char path[64], const char *suffix)
{
	snprintf(path, 64, "%s/state.%d%s", top, (int)getppid(), suffix);
}

static void
state_remove(void)
{
	static const char *const suffix[] = { "", "-wal", "-shm", "-journal" };
	char	path[64];
	size_t	i;

	for (i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		state_path(path, suffix[i]);
		unlink(path);
	}
}

static void
child(const struct point *p, struct trace *t)
{
	char	 path[64];
	char	*said = NULL;
	size_t	 len = 0;
	FILE	*out = open_memstream(&said, &len);

	alarm(SECONDS);
	state_remove();
	state_path(path, "");
	trace_begin(t, p->file ? path : NULL);
	if (freopen("/dev/null", "w", stderr) == NULL)
		exit(3);
	atomic_store(&fault_plan->armed, 1);
	t->broken = scenario_run(p->path, out) == SCENARIO_BROKEN;
	atomic_store(&fault_plan->armed, 0);
	fclose(out);
	t->said = len > 0;
	trace_check_file();
	exit(0);
}

/* The status of waitpid(2). */
static int
run_point(const struct point *p, struct trace *t)
{
	int	status = -1;
	pid_t	pid;

	memset(fault_plan, 0, sizeof(*fault_plan));
	atomic_store(&fault_plan->kind, p->kind);
	atomic_store(&fault_plan->nth, p->nth);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(p, t);
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return status;
}

/* --- is it at least as cautious? ----------------------------------------- */

static bool complain(const struct point *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool
complain(const struct point *p, const char *fmt, ...)
{
	va_list ap;

	printf("FAILED: %s%s: %s %d: ", p->path, p->file ? ", state file" :
	    "", names[p->kind], p->nth);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return false;
}

static int
caution(const struct trace_step *s)
{
	return s->action >= ACTION_DEFER ? 2 : s->action == ACTION_HOLD;
}

static bool
begins(const char *word, const char *with)
{
	return strncmp(word, with, strlen(with)) == 0;
}

/*
 * Mail that the usual run refused may pass in two cases: a failed lookup is a
 * temperror, for which on-temperror has another action; and a limit that an
 * earlier message, which did not pass this time, has not used up.
 */
static bool
may_pass(const struct trace_step *was, const struct trace_step *is,
    bool differed)
{
	const bool by_lookup = begins(was->rule, "spf") ||
	    begins(was->rule, "dmarc");
	const bool by_count = begins(was->rule, "quota") ||
	    begins(was->rule, "blocked") || begins(was->rule, "fuse") ||
	    begins(was->rule, "message-recipients");

	if (by_lookup && is->temperror) {
		atomic_fetch_add(&tally->excused, 1);
		return true;
	}
	return by_count && (differed || is->uncounted);
}

static const struct trace_account *
account_of(const struct trace_step *s, const char *key)
{
	unsigned i;

	for (i = 0; i < s->accounts; i++)
		if (strcmp(s->account[i].key, key) == 0)
			return &s->account[i];
	return NULL;
}

/* Monitor mode, and action = hold, pass recipients that had no room. */
static bool
may_count_less(const struct trace_step *is)
{
	return is->monitor || (is->action == ACTION_HOLD &&
	    begins(is->rule, "quota"));
}

/* An accepted message counts once, with its recipients, or not at all. */
static bool
counted_rightly(const struct point *p, unsigned n, const struct trace_step *is)
{
	const struct trace_account	*a;
	unsigned			 i;

	for (i = 0; i < is->accounts; i++) {
		a = &is->account[i];
		if (a->messages != 1 || a->recipients > is->recipients ||
		    (a->recipients < is->recipients && !may_count_less(is)))
			return complain(p, "step %u: %u recipients accepted, "
			    "%lld and %lld messages counted on %s", n,
			    is->recipients, (long long)a->recipients,
			    (long long)a->messages, a->key);
	}
	return true;
}

static bool
same_accounts(const struct point *p, unsigned n, const struct trace_step *was,
    const struct trace_step *is)
{
	unsigned i;

	if (is->uncounted)
		return true;
	for (i = 0; i < was->accounts; i++)
		if (account_of(is, was->account[i].key) == NULL)
			return complain(p, "step %u: accepted, and not counted "
			    "on %s", n, was->account[i].key);
	return true;
}

static bool
count_is_right(const struct point *p, unsigned n, const struct trace_step *was,
    const struct trace_step *is)
{
	if (is->action >= ACTION_DEFER)
		return is->accounts == 0 || p->kind == FAULT_LOST ||
		    complain(p, "step %u: refused (%s), and counted on %s", n,
		    is->rule, is->account[0].key);
	if (!counted_rightly(p, n, is))
		return false;
	return was->action >= ACTION_DEFER || same_accounts(p, n, was, is);
}

static bool
edits_are_right(const struct point *p, unsigned n, const struct trace_step *was,
    const struct trace_step *is)
{
	if (is->action >= ACTION_DEFER || was->action >= ACTION_DEFER)
		return true;
	if (is->signatures != was->signatures)
		return complain(p, "step %u: accepted with %u signatures of "
		    "%u", n, is->signatures, was->signatures);
	if (is->deletions < was->deletions)
		return complain(p, "step %u: a forged field is left", n);
	if ((is->passes & ~was->passes) != 0)
		return complain(p, "step %u: a result became a pass", n);
	return true;
}

static bool
step_is_right(const struct point *p, unsigned n, bool differed)
{
	const struct trace_step *was = &usual->step[n], *is = &trace->step[n];

	if (is->verb != was->verb)
		return complain(p, "step %u is another one", n);
	if (is->skipped)
		return true;
	if (caution(is) < caution(was) && !may_pass(was, is, differed))
		return complain(p, "step %u: was refused (%s), and passes (%s)",
		    n, was->rule, is->rule);
	if (p->kind == FAULT_SIGNAL && is->action != was->action)
		return complain(p, "step %u: a signal changes it to %s", n,
		    is->rule);
	if (is->verb != TRACE_MESSAGE)
		return true;
	return count_is_right(p, n, was, is) && edits_are_right(p, n, was, is);
}

static bool
trace_is_right(const struct point *p)
{
	bool		differed = false;
	unsigned	n;

	if (trace->wrong[0] != '\0')
		return complain(p, "%s", trace->wrong);
	if (!trace->started)
		return trace->said || complain(p, "no start, and no reason");
	/* the scenario file, too, may not be read to its end */
	if (trace->steps > usual->steps || (trace->steps < usual->steps &&
	    (!trace->broken || !trace->said)))
		return complain(p, "%u steps of %u", trace->steps,
		    usual->steps);
	for (n = 0; n < trace->steps; n++) {
		if (!step_is_right(p, n, differed))
			return false;
		differed |= trace->step[n].action != usual->step[n].action ||
		    trace->step[n].recipients != usual->step[n].recipients;
	}
	return true;
}

static bool
ended_well(const struct point *p, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return complain(p, "hangs");
	if (WIFSIGNALED(status))
		return complain(p, "crash: %s", strsignal(WTERMSIG(status)));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return complain(p, "status %d", WEXITSTATUS(status));
	return true;
}

static bool
try_point(const struct point *p)
{
	int	status = run_point(p, trace);
	bool	good = ended_well(p, status) && trace_is_right(p);

	atomic_fetch_add(&tally->tried[p->kind], 1);
	atomic_fetch_add(&tally->passed[p->kind], good);
	return good;
}

/* --- all of them --------------------------------------------------------- */

/* In the state file only what the file can do is new. */
static bool
is_tried(const struct point *p, unsigned *turn)
{
	if (only.kind != FAULT_NONE)
		return p->kind == only.kind && p->nth == only.nth;
	return (!p->file || p->kind >= FAULT_OPEN) && (*turn)++ % every == 0;
}

static bool
try_scenario(const char *path, bool file, unsigned *turn)
{
	struct point	p = { path, file, FAULT_NONE, 0 };
	int		used[FAULT_KINDS], status;
	bool		good = true;

	status = run_point(&p, usual);
	if (!ended_well(&p, status))
		return false;
	if (!usual->started || usual->wrong[0] != '\0')
		return complain(&p, "without a fault: %s", usual->wrong);
	if (usual->said)
		return complain(&p, "the scenario itself fails");
	memcpy(used, fault_plan->used, sizeof(used));
	for (p.kind = FAULT_LOOKUP; p.kind < FAULT_KINDS; p.kind++)
		for (p.nth = 1; p.nth <= used[p.kind]; p.nth++)
			if (is_tried(&p, turn))
				good &= try_point(&p);
	return good;
}

static bool
try_share(char **path, int n, int job, int jobs)
{
	unsigned	turn = 0;
	bool		good = true;
	int		i;

	usual = shared(sizeof(*usual));
	trace = shared(sizeof(*trace));
	fault_plan = shared(sizeof(*fault_plan));
	for (i = job; i < n; i += jobs) {
		good &= try_scenario(path[i], false, &turn);
		good &= try_scenario(path[i], true, &turn);
	}
	state_remove();
	return good;
}

static bool
try_all(char **path, int n, int jobs)
{
	int	job, status;
	bool	good = true;

	fflush(stdout);
	for (job = 0; job < jobs; job++)
		if (fork() == 0)
			exit(try_share(path, n, job, jobs) ? 0 : 1);
	while (wait(&status) != -1)
		good &= status == 0;
	return good;
}

static void
report(void)
{
	unsigned	tried = 0, passed = 0;
	int		i;

	for (i = FAULT_LOOKUP; i < FAULT_KINDS; i++) {
		if (tally->tried[i] == 0)
			continue;
		printf("%s: %u points tried, %u passed\n", names[i],
		    tally->tried[i], tally->passed[i]);
		tried += tally->tried[i];
		passed += tally->passed[i];
	}
	printf("scenarios: %u points tried, %u passed (in %u of them "
	    "on-temperror lets a message pass)\n", tried, passed,
	    tally->excused);
}

static void
remove_top(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	if (system(command) != 0)
		perror(command);
}

static bool
parse_only(const char *text)
{
	const char *colon = strchr(text, ':');

	if (colon == NULL)
		return false;
	only.nth = atoi(colon + 1);
	for (only.kind = FAULT_LOOKUP; only.kind < FAULT_KINDS; only.kind++)
		if (strlen(names[only.kind]) == (size_t)(colon - text) &&
		    begins(text, names[only.kind]))
			return only.nth > 0;
	return false;
}

/* In memory, where fsync(2) costs nothing, if there is such a directory. */
static bool
make_top(void)
{
	if (mkdtemp(top) != NULL)
		return true;
	snprintf(top, sizeof(top), "/tmp/millgate_faults.XXXXXX");
	return mkdtemp(top) != NULL;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "every",	required_argument,	NULL, 'e' },
		{ "jobs",	required_argument,	NULL, 'j' },
		{ "only",	required_argument,	NULL, 'o' },
		{ NULL, 0, NULL, 0 }
	};
	char	**path;
	char	  own[SIGNING_PATH];
	int	  c, n, jobs = 2;
	bool	  good;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'e')
			every = (unsigned)atoi(optarg);
		else if (c == 'j')
			jobs = atoi(optarg);
		else if (c != 'o' || !parse_only(optarg))
			return 2;
	}
	if (every == 0 || jobs < 1 || jobs > JOBS_MAX)
		return 2;
	if (!make_top())
		return 2;
	n = argc - optind;
	path = calloc((size_t)n + 1, sizeof(*path));
	if (path == NULL || !signing_make(top, own))
		return 2;
	path[0] = own;
	memcpy(path + 1, argv + optind, (size_t)n * sizeof(*path));
	tally = shared(sizeof(*tally));
	good = try_all(path, n + 1, jobs);
	report();
	free(path);
	remove_top();
	return good ? 0 : 1;
}
