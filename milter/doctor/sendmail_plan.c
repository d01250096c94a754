/*
 * sendmail_plan - millgate's block in an .mc file of Sendmail
 *
 * The block is in front of the MAILER lines, which must be the last ones of an
 * .mc file (cf/README). Filters run in the order of their INPUT_MAIL_FILTER
 * lines, so that millgate is the last one, too: it signs.
 */
#include <string.h>

#include "base/arena.h"
#include "doctor/mta_words.h"
#include "doctor/sendmail_plan.h"

#define BEGIN_LINE	"dnl # millgate: begin (millgatectl setup sendmail)\n"
#define END_LINE	"dnl # millgate: end\n"
#define FILTER		"INPUT_MAIL_FILTER("

/* The text after the line at `p`. */
static const char *
mc_next_line(const char *p)
{
	p += strcspn(p, "\n");
	return p + (*p == '\n');
}

/* The first line from `p` on that begins with `word`; NULL: there is none. */
static const char *
mc_find_line(const char *p, const char *word)
{
	size_t len = strlen(word);

	for (; *p != '\0'; p = mc_next_line(p))
		if (strncmp(p, word, len) == 0)
			return p;
	return NULL;
}

/* The first quoted word of the line: NAME of "...(`NAME', ...". */
static const char *
mc_quoted(struct arena *a, const char *line)
{
	size_t		 len = strcspn(line, "\n");
	const char	*quote = memchr(line, '`', len);

	if (quote == NULL)
		return "";
	len -= (size_t)(++quote - line);
	return arena_memdup(a, quote, strcspn(arena_memdup(a, quote, len),
	    "'"));
}

static unsigned
mc_line_number(const char *text, const char *at)
{
	unsigned n = 1;

	for (; text < at; text++)
		n += *text == '\n';
	return n;
}

/*
 * The block of an earlier --apply, from *from up to *to; both are NULL if there
 * is none. False: its end is missing.
 */
static bool
mc_find_block(const char *text, const char **from, const char **to)
{
	*from = mc_find_line(text, BEGIN_LINE);
	*to = *from != NULL ? mc_find_line(*from, END_LINE) : NULL;
	if (*to != NULL)
		*to = mc_next_line(*to);
	return *from == NULL || *to != NULL;
}

static const char *
mc_block(struct arena *a, const struct mc_site *site)
{
	const char *socket = site->socket;

	if (strncmp(socket, "local:", 6) == 0)
		socket = arena_printf(a, "unix:%s", socket + 6);
	return arena_printf(a, BEGIN_LINE FILTER "`millgate', `S=%s, F=T, "
	    "T=C:10s;S:30s;R:30s;E:%us')dnl\n" END_LINE, socket,
	    mta_eom_seconds(site->lookup_seconds));
}

/* The names of the filters, in order, with blanks between them. */
static const char *
mc_filters(struct arena *a, const char *text)
{
	const char *names = "", *p = text;

	while ((p = mc_find_line(p, FILTER)) != NULL) {
		names = arena_printf(a, "%s%s%s", names,
		    *names != '\0' ? ", " : "", mc_quoted(a, p));
		p = mc_next_line(p);
	}
	return names;
}

/* confRUN_AS_USER, without a group; NULL: not defined */
static const char *
mc_user(struct arena *a, const char *text)
{
	const char *line = mc_find_line(text, "define(`confRUN_AS_USER'");
	const char *user;

	if (line == NULL)
		return NULL;
	user = mc_quoted(a, line + strlen("define(`confRUN_AS_USER'"));
	return arena_memdup(a, user, strcspn(user, ":"));
}

/* Why this file cannot get a block; NULL: it can. */
static const char *
mc_refusal(struct arena *a, const char *text, const char *rest)
{
	const char	*p = text;
	const char	*listed = mc_find_line(rest,
	    "define(`confINPUT_MAIL_FILTERS'");

	while ((p = mc_find_line(p, FILTER)) != NULL) {
		if (strcmp(mc_quoted(a, p), "millgate") == 0)
			return arena_printf(a, "line %u has a filter millgate "
			    "that this command has not written; remove it "
			    "first", mc_line_number(text, p));
		p = mc_next_line(p);
	}
	if (listed != NULL)
		return arena_printf(a, "line %u defines "
		    "confINPUT_MAIL_FILTERS behind the place of the block, "
		    "which replaces the list; move it up",
		    mc_line_number(text, listed));
	return NULL;
}

/* The text without what lies between `from` and `to`. */
static const char *
mc_cut(struct arena *a, const char *text, const char *from, const char *to)
{
	if (from == NULL)
		return text;
	return arena_printf(a, "%.*s%s", (int)(from - text), text, to);
}

void
mc_plan_make(struct arena *a, const char *text, const struct mc_site *site,
    struct mc_plan *plan)
{
	const char *from, *to, *bare, *at;

	memset(plan, 0, sizeof(*plan));
	plan->block = mc_block(a, site);
	if (!mc_find_block(text, &from, &to)) {
		plan->refusal = "millgate's block has no last line, \"dnl # "
		    "millgate: end\"; add it, or remove the block";
		return;
	}
	bare = mc_cut(a, text, from, to);
	/* a block that is there stays where it is */
	at = from != NULL ? bare + (from - text) : mc_find_line(bare, "MAILER");
	if (at == NULL) {
		plan->refusal = "no line begins with MAILER, so the place of "
		    "the block is unknown; is this an .mc file?";
		return;
	}
	plan->refusal = mc_refusal(a, bare, at);
	plan->line = mc_line_number(bare, at);
	plan->after = arena_printf(a, "%.*s%s%s", (int)(at - bare), bare,
	    plan->block, at);
	plan->changes = strcmp(plan->after, text) != 0;
	plan->order = mc_filters(a, plan->after);
	plan->user = mc_user(a, text);
}

void
mc_plan_undo(struct arena *a, const char *text, struct mc_plan *plan)
{
	const char *from, *to;

	memset(plan, 0, sizeof(*plan));
	if (!mc_find_block(text, &from, &to)) {
		plan->refusal = "millgate's block has no last line, \"dnl # "
		    "millgate: end\"; remove the block by hand";
		return;
	}
	plan->after = mc_cut(a, text, from, to);
	plan->changes = from != NULL;
	plan->line = from != NULL ? mc_line_number(text, from) : 0;
}
