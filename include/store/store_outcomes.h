/*
 * store_outcomes - DMARC results, counted by day for reports
 *
 * The columns of a row are plain data; dmarc_outcome.c fills them.
 */
#ifndef MILLGATE_STORE_OUTCOMES_H
#define MILLGATE_STORE_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "store/usage.h"

struct arena;
struct store;

/* The columns of a row, all texts; "" when unknown, never NULL. */
enum dmarc_outcome_text {
	OUTCOME_AUTHOR,		/* domain in From */
	OUTCOME_RECORD,		/* domain of the policy record */
	OUTCOME_SOURCE,		/* address of the client */
	OUTCOME_ENVELOPE,	/* domain of the envelope sender */
	OUTCOME_SPF,		/* result of MAIL FROM */
	OUTCOME_SPF_DOMAIN,
	OUTCOME_SPF_SCOPE,	/* "mfrom", "helo" for the null sender */
	OUTCOME_DKIM,		/* "pass" if any signature passes */
	OUTCOME_SIGNERS,	/* "d/s=pass d2/s2=fail": dmarc_outcome.h */
	OUTCOME_ALIGNED,	/* "", "spf", "dkim", "spf+dkim" */
	OUTCOME_RESULT,		/* of DMARC */
	OUTCOME_PUBLISHED,	/* the record: dmarc_record_format */
	OUTCOME_POLICY,		/* that applies */
	OUTCOME_DISPOSITION,	/* the action taken */
	OUTCOME_OVERRIDE,	/* name of the rule of this site */
	DMARC_OUTCOME_TEXTS
};

struct dmarc_outcome {
	const char	*text[DMARC_OUTCOME_TEXTS];
};

/* Count it for its day (UTC), in memory: never waits for a disk. */
void		 store_note_dmarc(struct store *s,
		    const struct dmarc_outcome *o, time_t now);
/*
 * Write the outcomes that were noted, and remove rows more than keep_days old.
 * One thread calls it now and then. STORE_UNKNOWN: outcomes that could not be
 * written are lost.
 */
enum store_answer store_write_dmarc(struct store *s, time_t now,
		    unsigned keep_days, char error[STORE_ERROR]);
/* A row of the state file. */
struct dmarc_outcome_row {
	struct dmarc_outcome outcome;
	uint64_t	 messages;
};
struct dmarc_outcome_rows { size_t n; struct dmarc_outcome_row *row; };
/*
 * For the tool: the rows of `day` (days since the epoch, UTC), most messages
 * first, in the arena. Reads the file at `spec` as STORE_READ does.
 * False with *why (malloced).
 */
bool		 store_outcomes_read(const char *spec, int64_t day,
		    struct arena *a, struct dmarc_outcome_rows *rows,
		    char **why);
/* Messages whose outcomes were lost since the last call. */
uint64_t	 store_dmarc_lost(struct store *s);

#endif
