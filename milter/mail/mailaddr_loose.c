/*
 * mailaddr_loose - the domain of a path that is not a mailbox by the grammar
 *
 * MTAs accept senders such as "a b@example.org", and make a@example.org of
 * a%example.org and example.org!a. The domain that such a text names must be
 * judged, or a forger needs no more than a comma. It is read as Postfix and
 * Sendmail read it: without comments and quotes, up to a separator.
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

/*
 * The domain in the text after its last "@", which *at is then. With *at set
 * before, the text may be all domain. Sendmail ignores dots at its end.
 */
static const char *
read_loose(struct arena *a, const char *text, const char *end, const char **at)
{
	/* a blank is added only where one was left out */
	struct loose l = { .p = text, .end = end, .at = *at,
	    .domain = arena_alloc(a, (size_t)(end - text) + 1) };

	for (; l.p < l.end; l.p++)
		read_octet(&l);
	while (l.n > 1 && l.domain[l.n - 1] == '.')
		l.n--;
	*at = l.at;
	return l.at != NULL ? domain_canonical(a, l.domain, l.n) : NULL;
}

/*
 * Without an "@": Postfix and Sendmail (swap_bangpath, allow_percent_hack)
 * take the text before the first "!", else that after the last "%". *local:
 * the local part, of *len octets.
 */
static const char *
read_routed(struct arena *a, const char *text, const char *end,
    const char **local, size_t *len)
{
	const char	*bang = strchr(text, '!'), *at = text;
	const char	*percent = strrchr(text, '%');

	if (bang != NULL && bang < end) {
		*local = bang + 1;
		*len = (size_t)(end - bang) - 1;
		return read_loose(a, text, bang, &at);
	}
	if (percent == NULL || percent >= end)
		return NULL;
	*local = text;
	*len = (size_t)(percent - text);
	return read_loose(a, percent + 1, end, &at);
}

static const char *
find_domain(struct arena *a, const char *text, const char *end,
    const char **local, size_t *len)
{
	const char *at = NULL, *domain = read_loose(a, text, end, &at), *p;

	/* the last one may be within quotes or a comment that does not end */
	for (p = end; domain == NULL && p > text; p--)
		if (p[-1] == '@') {
			at = p - 1;
			domain = read_loose(a, at, end, &at);
			break;
		}
	if (at == NULL)
		return read_routed(a, text, end, local, len);
	*local = text;
	*len = (size_t)(at - text);
	return domain;
}

bool
mailaddr_loose(struct arena *a, const char *text, struct mailbox *box)
{
	size_t		 len = strnlen(text, MAILADDR_MAX_VALUE + 1);
	const char	*end = text + len, *local;

	memset(box, 0, sizeof(*box));
	if (len > MAILADDR_MAX_VALUE)
		return false;
	if (*text == '<')
		text++;
	while (end > text && strchr("@> \t", end[-1]) != NULL)
		end--;
	box->domain = find_domain(a, text, end, &local, &len);
	if (box->domain == NULL)
		return false;
	if (len > MAILADDR_LOOSE_LOCAL) {
		local += len - MAILADDR_LOOSE_LOCAL;
		len = MAILADDR_LOOSE_LOCAL;
	}
	if (len > 0)
		box->local = arena_memdup(a, local, len);
	box->address = arena_printf(a, "%s@%s",
	    box->local != NULL ? box->local : "", box->domain);
	return true;
}
