/*
 * commaize - an address field as Sendmail rewrites it on delivery
 *
 * After the milters, Sendmail (8.17) parses the address fields and writes
 * ", " between the addresses: "a@x,b@x" becomes "a@x, b@x", and a signature
 * over the first form fails. It also quotes display names with special
 * characters: Acme Inc. <a@x> becomes "Acme Inc." <a@x>. Its folding does
 * not change the relaxed form.
 */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "mail/commaize.h"

bool
commaize_applies(const char *name)
{
	/* the fields with H_FROM or H_RCPT in Sendmail's conf.c */
	static const char *const fields[] = { "From", "To", "Cc", "Reply-To",
		"Sender", "Bcc", "Errors-To", "Return-Receipt-To",
		"Disposition-Notification-To", "Resent-From", "Resent-Sender",
		"Resent-To", "Resent-Cc", "Resent-Bcc", "Apparently-To", NULL };
	size_t	len = strcspn(name, " \t"), i;

	for (i = 0; fields[i] != NULL; i++)
		if (strlen(fields[i]) == len &&
		    strncasecmp(fields[i], name, len) == 0)
			return true;
	return false;
}

/*
 * The comma after the address at p, or the end of the text. NULL: a quote,
 * comment or angle bracket is not closed, or a backslash is outside of
 * quotes; Sendmail rewrites those.
 */
static const char *
address_end(const char *p)
{
	unsigned	comments = 0, angles = 0;
	bool		quoted = false;

	for (; *p != '\0' && (*p != ',' || quoted || comments > 0 ||
	    angles > 0); p++) {
		if (*p == '\\' && !quoted && comments == 0)
			return NULL;
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"' && comments == 0)
			quoted = !quoted;
		else if (*p == '(' && !quoted)
			comments++;
		else if (*p == ')' && !quoted && comments > 0)
			comments--;
		else if (*p == '<' && !quoted && comments == 0)
			angles++;
		else if (*p == '>' && !quoted && comments == 0 && angles > 0)
			angles--;
	}
	return quoted || comments > 0 || angles > 0 ? NULL : p;
}

/*
 * Sendmail's MustQuoteChars (its conf.c). A text with a quote, backslash,
 * parenthesis, colon, semicolon or comma is more than a display name, and is
 * left alone.
 */
static bool
wants_quotes(const char *p, size_t len)
{
	size_t	i;
	bool	wants = false;

	for (i = 0; i < len; i++) {
		if (strchr("\"\\():;,", p[i]) != NULL)
			return false;
		wants = wants || strchr("@[].'", p[i]) != NULL;
	}
	return wants;
}

static void
add_address(struct buf *b, const char *p, const char *end)
{
	const char	*angle = memchr(p, '<', (size_t)(end - p));
	size_t		 len = angle != NULL ? (size_t)(angle - p) : 0;

	while (len > 0 && ascii_is_space(p[len - 1]))
		len--;
	if (!wants_quotes(p, len) ||
	    memchr(angle + 1, '<', (size_t)(end - angle - 1)) != NULL) {
		buf_add(b, p, (size_t)(end - p));
		return;
	}
	buf_addch(b, '"');
	buf_add(b, p, len);
	buf_addch(b, '"');
	buf_add(b, p + len, (size_t)(end - p) - len);
}

const char *
commaize(struct arena *a, const char *value)
{
	struct buf	 b = BUF_INIT;
	const char	*p = value, *end, *last, *out;

	for (;; p = end) {
		while (ascii_is_space(*p) || *p == ',')
			p++;
		if (*p == '\0')
			break;
		end = last = address_end(p);
		if (end == NULL)
			break;
		while (ascii_is_space(last[-1]))
			last--;
		buf_addstr(&b, b.len > 0 ? ", " : " ");
		add_address(&b, p, last);
	}
	out = *p == '\0' && b.len > 0 ? arena_strdup(a, buf_str(&b)) : value;
	buf_free(&b);
	return out;
}
