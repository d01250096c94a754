/*
 * fuzz_oracles - what must be true of each message that an MTA has accepted in
 * a session of fuzz_site.h
 *
 * Who may send and sign what is written down here a second time, beside the
 * configurations.
 */
#ifndef MILLGATE_FUZZ_ORACLES_H
#define MILLGATE_FUZZ_ORACLES_H

#include "fuzz/fuzz_site.h"

#define SESSIONS	3
#define COMMITS		64
#define MONITOR		1	/* this configuration refuses nothing */
#define MINUTE(t)	((t) / 60)

enum state { CLOSED, OPEN, MAIL, HEADER, BODY };

struct session_of_mta {
	struct smfi_str	 ctx;
	enum state	 state;
	unsigned long	 actions, steps;	/* to offer */
	unsigned	 conf;			/* at MAIL */
	unsigned	 recipients;
	bool		 submission, local;	/* its connection */
	char		*login;			/* at MAIL; NULL: none */
	bool		 by_certificate;	/* Sendmail's EXTERNAL */
	const char	*id;			/* authserv-id at MAIL */
};

static struct {
	struct arena	*arena;
	struct services	*sv;
	unsigned	 conf;
	bool		 unlimited;	/* limits were not enforced, ever */
	bool		 uncertain;	/* who sent is not known here */
	struct session_of_mta mta[SESSIONS], *at;
	struct {
		const char	*login;
		time_t		 when;
		unsigned	 recipients;
	} commit[COMMITS];
	size_t		 ncommits;
} run;

/* --- what is known of a login ------------------------------------------- */

static inline bool
is_one_of(const char *word, const char *a, const char *b)
{
	return strcasecmp(word, a) == 0 || strcasecmp(word, b) == 0;
}

/* Written down beside the configurations of fuzz_site.h. */
static inline bool
may_sign(const char *login, const char *domain)
{
	const char *at;

	if (strcasecmp(login, "alice@example.org") == 0)
		return strcmp(domain, "example.org") == 0;
	if (strcasecmp(login, "bob") == 0)
		return strcmp(domain, "third.example") == 0;
	at = strrchr(login, '@');
	return at != NULL && strcasecmp(at + 1, domain) == 0;
}

static inline unsigned
sent(const char *one, const char *other)
{
	unsigned	n = 0;
	size_t		i;

	for (i = 0; i < run.ncommits; i++)
		if (is_one_of(run.commit[i].login, one, other) &&
		    MINUTE(run.commit[i].when) > MINUTE(site.now) - 60)
			n += run.commit[i].recipients;
	return n;
}

/* The rolling hour of each login, and of the group. */
static inline void
check_limits(const struct session_of_mta *s)
{
	if ((!s->submission && !s->local) || s->login == NULL ||
	    run.ncommits == COMMITS)
		return;
	/* mail beyond a limit may be held; then a part of it is counted */
	if (s->by_certificate || s->ctx.held) {
		run.uncertain = true;
		return;
	}
	run.commit[run.ncommits].login = s->login;
	run.commit[run.ncommits].when = site.now;
	run.commit[run.ncommits++].recipients = s->recipients;
	if (run.unlimited)
		return;
	CHECK(sent(s->login, s->login) <= SITE_HOUR);
	CHECK(sent("alice@example.org", "bob") <= SITE_TEAM);
}

/* --- the fields of an accepted message ---------------------------------- */

/*
 * Blanks, folds and comments, as a careful reader skips them. False: a comment
 * does not end.
 */
static inline bool
skip_cfws(const char **p)
{
	size_t depth = 0;

	for (; **p != '\0'; (*p)++) {
		if (**p == '\\' && depth > 0 && (*p)[1] != '\0')
			(*p)++;
		else if (**p == '(')
			depth++;
		else if (**p == ')' && depth > 0)
			depth--;
		else if (depth == 0 && strchr(" \t\r\n", **p) == NULL)
			return true;
	}
	return depth == 0;
}

/* Would a reader of RFC 8601 take this field for one of `id`? */
static inline bool
reads_as(const char *value, const char *id)
{
	char	name[300];
	size_t	n = 0;
	bool	quoted;

	if (!skip_cfws(&value))
		return false;
	quoted = *value == '"';
	for (value += quoted; *value != '\0' && n < sizeof(name) - 1; value++) {
		if (quoted ? *value == '"' : strchr(" \t\r\n;(", *value) != NULL)
			break;
		if (quoted && *value == '\\' && value[1] != '\0')
			value++;
		name[n++] = *value;
	}
	if (quoted && *value != '"')
		return false;
	name[n] = '\0';
	return strcasecmp(name, id) == 0;
}

/*
 * The addresses of a login. Only plain values are read here: a word, "@" and a
 * word, whose dots at the end Sendmail ignores. True: allowed, or not plain.
 */
static inline bool
may_write(const char *login, const char *value)
{
	static const char	 plain[] = "abcdefghijklmnopqrstuvwxyz."
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	char			*p = arena_strdup(run.arena, value + strspn(
				    value, " ")), *at;
	size_t			 local = strspn(p, plain), domain;

	at = p + local;
	domain = *at == '@' ? strspn(at + 1, plain) : 0;
	if (local == 0 || domain == 0 || at[1 + domain] != '\0')
		return true;
	while (domain > 1 && at[domain] == '.')
		at[domain--] = '\0';
	if (strcasecmp(login, "alice@example.org") == 0)
		return strcasecmp(p, login) == 0 ||
		    strcasecmp(at, "@shop.example.org") == 0;
	if (strcasecmp(login, "bob") == 0)
		return strcasecmp(p, "b@third.example") == 0 ||
		    strcasecmp(at, "@sub.example.com") == 0;
	return strcasecmp(p, login) == 0;
}

/* The login may use the address in From, and From is there once. */
static inline void
check_author(const struct session_of_mta *s)
{
	size_t i, n = 0;

	if ((!s->submission && !s->local) || s->login == NULL ||
	    s->by_certificate || s->conf == MONITOR)
		return;
	for (i = 0; i < s->ctx.nfields; i++) {
		if (!mta_is_field(&s->ctx.field[i], "From"))
			continue;
		n++;
		CHECK(may_write(s->login, s->ctx.field[i].value));
	}
	CHECK(n == 1);
}

/* At most one field of ours, with nothing of the sender's above it. */
static inline void
check_results(const struct session_of_mta *s)
{
	const struct mta_field	*f;
	unsigned		 ours = 0;
	bool			 theirs = false;
	size_t			 i;

	for (i = 0; i < s->ctx.nfields; i++) {
		f = &s->ctx.field[i];
		if (mta_is_field(f, "Authentication-Results")) {
			CHECK(reads_as(f->value, s->id) == f->ours);
			CHECK(!f->ours || (!theirs && ++ours == 1));
		}
		theirs |= !f->ours;
	}
}

/* The d= of a signature, on the stack of the caller. */
static inline void
signing_domain(const char *value, char *domain, size_t size)
{
	const char *p = value, *end;

	domain[0] = '\0';
	for (; p != NULL && *p != '\0'; p = strchr(p, ';')) {
		p += strspn(p, "; \t\n");
		if (strncmp(p, "d=", 2) != 0)
			continue;
		end = p + 2 + strcspn(p + 2, "; \t\n");
		CHECK((size_t)(end - p) < size);
		memcpy(domain, p + 2, (size_t)(end - p) - 2);
		domain[end - p - 2] = '\0';
		return;
	}
}

static inline void
check_signatures(const struct session_of_mta *s)
{
	char	domain[256];
	size_t	i, from = 0, signatures = 0;

	for (i = 0; i < s->ctx.nfields; i++) {
		from += mta_is_field(&s->ctx.field[i], "From");
		if (!s->ctx.field[i].ours ||
		    !mta_is_field(&s->ctx.field[i], "DKIM-Signature"))
			continue;
		signatures++;
		signing_domain(s->ctx.field[i].value, domain, sizeof(domain));
		CHECK(strlen(domain) > 0 && (s->local || s->submission));
		CHECK(s->login != NULL || s->local);
		CHECK(s->login == NULL || s->by_certificate ||
		    may_sign(s->login, domain));
	}
	CHECK(signatures <= 1 && (signatures == 0 || from == 1));
}

#endif
