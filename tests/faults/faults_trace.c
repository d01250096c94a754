/*
 * faults_trace - between scenario.c and replay.c
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "faults/fault.h"
#include "faults/faults_trace.h"
#include "mta/replay.h"
#include "session/services.h"
#include "store/store.h"

struct replay	*__real_replay_new(struct services *);
struct replay	*__wrap_replay_new(struct services *);
void		 __real_replay_free(struct replay **);
void		 __wrap_replay_free(struct replay **);
struct verdict	 __real_replay_mail_with(struct replay *, const char *,
		    const char *const *);
struct verdict	 __wrap_replay_mail_with(struct replay *, const char *,
		    const char *const *);
struct verdict	 __real_replay_rcpt(struct replay *, const char *);
struct verdict	 __wrap_replay_rcpt(struct replay *, const char *);
struct verdict	 __real_replay_message(struct replay *, const char *, size_t);
struct verdict	 __wrap_replay_message(struct replay *, const char *, size_t);
struct store	*__real_store_open_memory(void);
struct store	*__wrap_store_open_memory(void);

static struct {
	struct trace	*t;
	const char	*state;		/* NULL: in memory */
	struct services	*sv;
	bool		 refused;	/* MAIL was */
	unsigned	 asked, taken;	/* recipients of this message */
	uint64_t	 failures;	/* of the store, before it */
	struct store_rows last;		/* what is counted at the end */
	time_t		 last_now;
} run;

/* --- no fault strikes what the test itself does ------------------------- */

static void
arm(bool on)
{
	if (fault_plan != NULL)
		atomic_store(&fault_plan->armed, on);
}

static void wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
wrong(const char *fmt, ...)
{
	va_list ap;

	if (run.t->wrong[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(run.t->wrong, sizeof(run.t->wrong), fmt, ap);
	va_end(ap);
}

static struct store_rows
counted(struct store *s, time_t now)
{
	struct store_rows	rows = { 0 };
	char			error[STORE_ERROR] = "";

	if (store_list(s, now, &rows, error) != STORE_TAKEN)
		wrong("the store cannot be listed: %s", error);
	return rows;
}

static const struct store_row *
row_of(const struct store_rows *rows, const char *key)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (strcmp(rows->row[i].key, key) == 0)
			return &rows->row[i];
	return NULL;
}

static void
note_difference(struct trace_step *s, const struct store_rows *before,
    const struct store_rows *after)
{
	const struct store_row	*row, *old;
	struct trace_account	*a;
	size_t			 i;

	for (i = 0; i < after->n; i++) {
		row = &after->row[i];
		old = row_of(before, row->key);
		if (old != NULL && old->recipients == row->recipients &&
		    old->messages == row->messages)
			continue;
		if (s->accounts == TRACE_ACCOUNTS) {
			wrong("a message counts on too many accounts");
			return;
		}
		a = &s->account[s->accounts++];
		snprintf(a->key, sizeof(a->key), "%s", row->key);
		a->recipients = (int64_t)row->recipients -
		    (old != NULL ? (int64_t)old->recipients : 0);
		a->messages = (int64_t)row->messages -
		    (old != NULL ? (int64_t)old->messages : 0);
	}
}

/* --- the steps ----------------------------------------------------------- */

static struct trace_step *
next_step(enum trace_verb verb)
{
	struct trace_step *s;

	if (run.t->steps == TRACE_STEPS) {
		fprintf(stderr, "faults: a scenario has too many steps\n");
		abort();
	}
	s = &run.t->step[run.t->steps++];
	s->verb = verb;
	return s;
}

static void
note_verdict(struct trace_step *s, const struct verdict *v)
{
	s->action = v->action;
	snprintf(s->rule, sizeof(s->rule), "%s", v->rule);
}

static struct verdict
skip(struct trace_step *s)
{
	s->skipped = true;
	s->action = ACTION_DEFER;
	return verdict_refuse("skipped", "451 4.3.0", "not sent");
}

struct verdict
__wrap_replay_mail_with(struct replay *r, const char *path,
    const char *const *params)
{
	struct trace_step	*s = next_step(TRACE_MAIL);
	struct verdict		 v;

	run.failures = atomic_load(&run.sv->counters.store_failures);
	v = __real_replay_mail_with(r, path, params);
	note_verdict(s, &v);
	run.refused = v.action >= ACTION_DEFER;
	run.asked = run.taken = 0;
	return v;
}

struct verdict
__wrap_replay_rcpt(struct replay *r, const char *path)
{
	struct trace_step	*s = next_step(TRACE_RCPT);
	struct verdict		 v;

	if (run.refused)
		return skip(s);
	v = __real_replay_rcpt(r, path);
	note_verdict(s, &v);
	run.asked++;
	run.taken += v.action < ACTION_DEFER;
	return v;
}

static unsigned
occurrences(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

static void
note_outcome(struct trace_step *s, const char *outcome)
{
	static const char *const pass[] = { " spf=pass", " dkim=pass",
	    " dmarc=pass", " iprev=pass", " auth=pass" };
	const char	*results;
	size_t		 i;

	s->temperror = strstr(outcome, "temperror") != NULL;
	s->signatures = occurrences(outcome, "\ninsert DKIM-Signature:") +
	    (strncmp(outcome, "insert DKIM-Signature:", 22) == 0);
	s->deletions = occurrences(outcome, "delete ");
	results = strstr(outcome, "insert Authentication-Results:");
	for (i = 0; results != NULL && i < sizeof(pass) / sizeof(pass[0]); i++)
		if (strstr(results, pass[i]) != NULL)
			s->passes |= 1u << i;
}

/* `failed`: the store did, in this message. Then mail may pass uncounted. */
static void
note_mode(struct trace_step *s, bool failed)
{
	struct setup	*st = services_setup(run.sv);

	s->monitor = st->conf->mode == MODE_MONITOR;
	s->uncounted = failed && (s->monitor ||
	    st->conf->quota.on_store_failure == ACTION_ACCEPT);
	setup_unref(&st);
}

struct verdict
__wrap_replay_message(struct replay *r, const char *text, size_t len)
{
	struct trace_step	*s = next_step(TRACE_MESSAGE);
	struct store_rows	 before;
	struct verdict		 v;
	time_t			 now;

	if (run.refused || (run.asked > 0 && run.taken == 0)) {
		replay_abort(r);
		return skip(s);
	}
	now = run.sv->now();
	arm(false);
	before = counted(run.sv->store, now);
	arm(true);
	v = __real_replay_message(r, text, len);
	arm(false);
	note_verdict(s, &v);
	s->recipients = run.taken;
	note_mode(s, atomic_load(&run.sv->counters.store_failures) >
	    run.failures);
	note_outcome(s, replay_outcome(r));
	store_rows_free(&run.last);
	run.last = counted(run.sv->store, run.last_now = now);
	note_difference(s, &before, &run.last);
	store_rows_free(&before);
	arm(true);
	return v;
}

/* --- begin and end ------------------------------------------------------- */

struct store *
__wrap_store_open_memory(void)
{
	const struct store_place place = { .spec = run.state };
	struct store	*s;
	char		*why = NULL;

	if (run.state == NULL)
		return __real_store_open_memory();
	s = store_open_at(&place, STORE_KEEP, &why);
	if (s != NULL)
		return s;
	run.t->said = why != NULL && why[0] != '\0';
	exit(0);	/* the daemon does not start */
}

struct replay *
__wrap_replay_new(struct services *sv)
{
	run.sv = sv;
	run.t->started = true;
	return __real_replay_new(sv);
}

/* All reservations must have been given back by now. */
static void
check_reservations(void)
{
	struct store_limits	 none = STORE_LIMITS_NONE;
	struct store_usage	 usage;
	size_t			 i;

	for (i = 0; i < run.last.n; i++) {
		if (store_usage(run.sv->store, run.last.row[i].key,
		    run.last_now, none, &usage) != STORE_TAKEN)
			wrong("no usage of %s", run.last.row[i].key);
		else if (usage.reserved[STORE_RECIPIENTS] != 0 ||
		    usage.reserved[STORE_MESSAGES] != 0)
			wrong("%s has a reservation left",
			    run.last.row[i].key);
	}
}

void
__wrap_replay_free(struct replay **rp)
{
	__real_replay_free(rp);
	if (run.sv == NULL)
		return;
	arm(false);
	check_reservations();
	arm(true);
}

void
trace_begin(struct trace *t, const char *state)
{
	memset(t, 0, sizeof(*t));
	memset(&run, 0, sizeof(run));
	run.t = t;
	run.state = state;
}

static void
compare_rows(const struct store_rows *file)
{
	const struct store_row	*row, *kept;
	size_t			 i;

	for (i = 0; i < run.last.n; i++) {
		row = &run.last.row[i];
		kept = row_of(file, row->key);
		if (kept == NULL || kept->recipients != row->recipients ||
		    kept->messages != row->messages)
			wrong("%s: %llu counted, and the file has %llu",
			    row->key, (unsigned long long)row->recipients,
			    kept == NULL ? 0ULL :
			    (unsigned long long)kept->recipients);
	}
	if (file->n > run.last.n)
		wrong("the file has accounts that sent nothing");
}

void
trace_check_file(void)
{
	const struct store_place place = { .spec = run.state };
	struct store_rows	 rows;
	struct store		*s;
	char			*why = NULL;

	if (run.state == NULL || run.sv == NULL || run.last_now == 0)
		return;
	arm(false);
	s = store_open_at(&place, STORE_READ, &why);
	if (s == NULL) {
		wrong("the state file cannot be opened: %s", why);
		return;
	}
	rows = counted(s, run.last_now);
	compare_rows(&rows);
	store_rows_free(&rows);
	store_close(&s);
}
