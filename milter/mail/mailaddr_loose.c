/*
 * mailaddr_loose - the domain of a path that is not a mailbox by the grammar
 *
 * MTAs accept senders such as "a b@example.org". The domain that such a text
 * names must be judged, or a forger needs no more than a comma. It is read as
 * Postfix reads it: without comments and quotes, up to a separator.
 */
#include <string.h>

#include "base/arena.h"
#include "mail/domain.h"
#include "mail/mailaddr.h"

struct loose {
	const char	*p, *end;
	const char	*at;		/* the last "@"; NULL: none so far */
	char		*domain;	/* the text after it, n octets */
	size_t		 n;
	bool		 quoted;	/* between two quotes */
	bool		 blank;		/* a blank or comment is pending */
	bool		 ended;		/* by a separator */
};

/* To the end of the comment, or of the text. */
static void
skip_comment(struct loose *l)
{
	size_t depth = 0;

	for (; l->p < l->end; l->p++) {
		if (*l->p == '(')
			depth++;
		else if (*l->p == ')' && --depth == 0)
			break;
		else if (*l->p == '\\' && l->p + 1 < l->end)
			l->p++;
	}
	l->blank = true;
}

/* Blanks round dots do not count (RFC 5322 4.4); others are kept. */
static void
add_octet(struct loose *l, char c)
{
	if (l->at == NULL || l->ended)
		return;
	if (l->blank && l->n > 0 && c != '.' && l->domain[l->n - 1] != '.')
		l->domain[l->n++] = ' ';
	l->blank = false;
	l->domain[l->n++] = c;
}

static void
read_octet(struct loose *l)
{
	char c = *l->p;

	if (c == '\\' && l->p + 1 < l->end)
		add_octet(l, *++l->p);
	else if (c == '"')
		l->quoted = !l->quoted;
	else if (l->quoted)
		add_octet(l, c);
	else if (c == '(')
		skip_comment(l);
	else if (c == '@') {
		l->at = l->p;
		l->n = 0;
		l->blank = l->ended = false;
	} else if (c == ' ' || c == '\t')
		l->blank = true;
	else if (strchr("<>,;:", c) != NULL)
		l->ended = true;
	else
		add_octet(l, c);
}

/* The domain after the last "@" of the text; *at is that "@". */
static const char *
read_loose(struct arena *a, const char *text, const char *end, const char **at)
{
	/* a blank is added only where one was left out */
	struct loose l = { .p = text, .end = end,
	    .domain = arena_alloc(a, (size_t)(end - text) + 1) };

	for (; l.p < l.end; l.p++)
		read_octet(&l);
	*at = l.at;
	return l.at != NULL ? domain_canonical(a, l.domain, l.n) : NULL;
}

bool
mailaddr_loose(struct arena *a, const char *text, struct mailbox *box)
{
	size_t		 len = strnlen(text, MAILADDR_MAX_VALUE + 1);
	const char	*end = text + len, *at;

	memset(box, 0, sizeof(*box));
	if (len > MAILADDR_MAX_VALUE)
		return false;
	if (*text == '<')
		text++;
	box->domain = read_loose(a, text, end, &at);
	/* within quotes or a comment that does not end */
	if (box->domain == NULL && (at = strrchr(text, '@')) != NULL)
		box->domain = read_loose(a, at, end, &at);
	if (box->domain == NULL)
		return false;
	if (at - text > MAILADDR_LOOSE_LOCAL)
		text = at - MAILADDR_LOOSE_LOCAL;
	if (at > text)
		box->local = arena_memdup(a, text, (size_t)(at - text));
	box->address = arena_printf(a, "%s@%s",
	    box->local != NULL ? box->local : "", box->domain);
	return true;
}
