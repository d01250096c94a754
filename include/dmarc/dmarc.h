/*
 * dmarc - RFC 9989: the record, the tree walk and the policy; all pure
 *
 * dmarc_record.c parses, dmarc_walk.c lists the names to ask and judges the
 * answers, policy_dmarc.c (policy.h) decides. Lookups belong to stages.c.
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
	/* an sp or np that is no policy: all are void (RFC 9989 4.10.1) */
	bool		 broken;
	bool		 strict_dkim, strict_spf;	/* adkim=s, aspf=s */
	enum dmarc_psd	 psd;
	bool		 testing;	/* t=y */
	bool		 has_rua;	/* present and valid */
};

/*
 * False: the text is no DMARC record (does not begin with v=DMARC1, RFC 9989
 * 4.7) or a syntax error makes it void. Unknown tags, pct, rf, ri ignored.
 */
bool	dmarc_record_parse(const char *text, size_t len,
	    struct dmarc_record *rec);

#define DMARC_RECORD_TEXT	96
/*
 * What is published, as the record says it: "p=reject; sp=none; adkim=r;
 * aspf=s"; with "; invalid" behind it where a broken word makes it void.
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
	const char	*why;		/* for temperror: which name, what */
};

/*
 * Judge the TXT answers to "_dmarc.<name[i]>", answers[i] for each i < w->n.
 * A failed lookup behind the point where the walk stopped does not matter.
 */
void	dmarc_walk_judge(const struct dmarc_walk *w,
	    const struct dns_answer *const answers[DMARC_WALK_MAX],
	    struct arena *arena, struct dmarc_walk_result *r);

/* The walk of one identifier that may align with the author domain. */
struct dmarc_identifier {
	const char	*domain;	/* canonical */
	enum result	 result;	/* SPF: MAIL FROM; DKIM: this signature */
	bool		 is_dkim;
	const struct dmarc_walk_result *walk;	/* NULL: same as the author's */
};

struct dmarc_question {
	const char	*author_domain;
	const struct dmarc_walk_result *author;
	/* the author domain answered NXDOMAIN; temperror: cannot tell */
	enum dns_status	 author_exists;
	const struct dmarc_identifier *identifier;
	size_t		 nidentifiers;
};

/*
 * Alignment, policy and result; fills all of f but `done`. Pure.
 *
 * FAIL, PASS and NONE hold whatever the lookups that failed would have said;
 * where that cannot be known the result is TEMPERROR, with the strictest
 * policy that the message may fail. An identifier that could not align with
 * the author domain by its name alone makes no TEMPERROR: nobody escapes a
 * policy by a domain of his own whose name servers fail.
 */
void	dmarc_evaluate(const struct dmarc_question *q, struct arena *arena,
	    struct dmarc_facts *f);

/*
 * An author that cannot be told is a permerror, never "no policy": fills *f,
 * with `done`, when From is missing, repeated, cannot be parsed, or names
 * nobody or more than `most` domains; else clears it.
 */
void	dmarc_of_from(const struct from_facts *from, size_t most,
	    struct dmarc_facts *f);
/*
 * One outcome out of those of n author domains: the strictest policy that is
 * not met. Several domains never pass together; where each one of them does,
 * the result is NONE. Beside a TEMPERROR what fails for sure is kept, too, and
 * points into `each`.
 */
void	dmarc_strictest(const struct dmarc_facts *each, size_t n,
	    struct dmarc_facts *f);

#endif
