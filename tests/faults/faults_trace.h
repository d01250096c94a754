/*
 * faults_trace - what one run of a scenario did: the answer to each step, and
 * what was counted
 *
 * faults_trace.c takes the place of the replayer's functions, which it calls:
 * it plays the MTA, which sends nothing more of a message after a refusal. The
 * trace is in shared memory, because a run with a fault is a process.
 */
#ifndef MILLGATE_FAULTS_TRACE_H
#define MILLGATE_FAULTS_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/verdict.h"

#define TRACE_STEPS	300
#define TRACE_ACCOUNTS	8
#define TRACE_WORD	64

enum trace_verb { TRACE_MAIL, TRACE_RCPT, TRACE_MESSAGE };

/* What one message added to an account. */
struct trace_account {
	char		 key[TRACE_WORD];
	int64_t		 recipients, messages;
};

struct trace_step {
	enum trace_verb	 verb;
	bool		 skipped;	/* the MTA has given the message up */
	enum action	 action;
	char		 rule[TRACE_WORD];
	/* of a message */
	unsigned	 recipients;	/* accepted */
	bool		 temperror;	/* the log has one */
	bool		 monitor;	/* nothing is refused */
	bool		 uncounted;	/* the store failed, and mail may pass */
	unsigned	 signatures, deletions;
	unsigned	 passes;	/* bits: of which method */
	unsigned	 accounts;
	struct trace_account account[TRACE_ACCOUNTS];
};

struct trace {
	unsigned	 steps;
	bool		 started;	/* the configuration was loaded */
	bool		 broken;	/* the scenario was given up */
	bool		 said;		/* why */
	char		 wrong[256];	/* what the run found itself; or "" */
	struct trace_step step[TRACE_STEPS];
};

/*
 * The trace of the next run of scenario_run() goes to `t`. `state`: the path
 * of its state file, which must not exist; NULL: counts are in memory.
 */
void	 trace_begin(struct trace *t, const char *state);
/* After it: does the state file have what was counted? */
void	 trace_check_file(void);

#endif
