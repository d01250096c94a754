/*
 * dmarc - RFC 9989: the record, the tree walk, alignment and policy
 *
 * Pure. dmarc_record.c parses and formats records, dmarc_walk.c lists the names
 * to look up and evaluates the answers, dmarc_evaluate.c finds the result and
 * the policy of a message. The lookups are in session/stages_dmarc.c, the
 * action on a result in policy/policy_dmarc.c.
 */
#ifndef MILLGATE_DMARC_H
#define MILLGATE_DMARC_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/answer.h"
#include "mail/facts.h"

struct arena;

enum dmarc_psd { PSD_UNKNOWN, PSD_NO, PSD_YES };

struct dmarc_record {
	bool		 has_p, has_sp, has_np;
	enum dmarc_policy p, sp, np;	/* as published; see has_* */
	/* an invalid sp or np makes all three void (RFC 9989 4.10.1) */
	bool		 broken;
	bool		 strict_dkim, strict_spf;	/* adkim=s, aspf=s */
	enum dmarc_psd	 psd;
	bool		 testing;	/* t=y */
	bool		 has_rua;	/* present and valid */
};

/*
 * False: the text is not a DMARC record, because it does not begin with
 * v=DMARC1 (RFC 9989 4.7). Unknown tags, pct, rf and ri are ignored.
 */
bool	dmarc_record_parse(const char *text, size_t len,
	    struct dmarc_record *rec);

#define DMARC_RECORD_TEXT	96
/*
 * The published policy in the syntax of a record: "p=reject; sp=none; adkim=r;
 * aspf=s", followed by "; invalid" if p is missing or a word is invalid.
 */
void	dmarc_record_format(const struct dmarc_record *rec,
	    char text[DMARC_RECORD_TEXT]);

#define DMARC_WALK_MAX	8

/* The names of the walk from one domain, longest first, without "_dmarc.". */
struct dmarc_walk {
	size_t		 n;
	const char	*name[DMARC_WALK_MAX];	/* suffixes of `domain` */
};

/* `domain` is canonical (domain.h) and must outlive the walk. */
void	dmarc_walk_init(struct dmarc_walk *w, const char *domain);

enum dmarc_found {
	DMARC_FOUND,
	DMARC_NOT_FOUND,	/* no record anywhere on the walk */
	DMARC_TEMPERROR		/* a lookup that matters failed */
};

struct dmarc_walk_result {
	enum dmarc_found state;
	const char	*org_domain;	/* the domain itself if none found */
	/* the record that applies to `domain`; with its name */
	struct dmarc_record record;
	const char	*record_domain;
	/* temperror: which lookup; else the first name of several records */
	const char	*why;
};

/*
 * Evaluate the TXT answers for "_dmarc.<name[i]>", answers[i] for each
 * i < w->n. A failed lookup after the point where the walk stops is ignored.
 */
void	dmarc_walk_judge(const struct dmarc_walk *w,
	    const struct dns_answer *const answers[DMARC_WALK_MAX],
	    struct arena *arena, struct dmarc_walk_result *r);

/* The walk of one identifier that may align with the author domain. */
struct dmarc_identifier {
	const char	*domain;	/* canonical */
	enum result	 result;	/* of MAIL FROM, or this signature */
	bool		 is_dkim;
	const struct dmarc_walk_result *walk;	/* NULL: same as the author's */
};

struct dmarc_question {
	const char	*author_domain;
	const struct dmarc_walk_result *author;
	/* NXDOMAIN: it does not exist; TEMPFAIL: unknown */
	enum dns_status	 author_exists;
	const struct dmarc_identifier *identifier;
	size_t		 nidentifiers;
};

/*
 * Alignment, policy and result; fills all of f but `done`. Strings are in the
 * arena or in `q`.
 *
 * FAIL, PASS and NONE do not depend on lookups that failed. Where the result
 * depends on one, it is TEMPERROR, with the strictest policy that the message
 * may fail. An identifier whose name cannot align with the author domain never
 * causes a TEMPERROR: otherwise a sender could escape a policy with a domain
 * of its own whose name servers fail.
 */
void	dmarc_evaluate(const struct dmarc_question *q, struct arena *arena,
	    struct dmarc_facts *f);

/*
 * A From without a usable author is a permerror, never "no policy". Fills *f,
 * including `done`, when From is missing, repeated, cannot be parsed, or has no
 * domain or more than `most` domains; else clears it.
 */
void	dmarc_of_from(const struct from_facts *from, size_t most,
	    struct dmarc_facts *f);
/*
 * Combine the results of n author domains: the one that fails the strictest
 * policy counts. Several domains never give a PASS; if each of them passes,
 * the result is NONE. With a TEMPERROR, f->fails_too is the strictest certain
 * failure, which points into `each`, or NULL.
 */
void	dmarc_strictest(const struct dmarc_facts *each, size_t n,
	    struct dmarc_facts *f);

#endif
