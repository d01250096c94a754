/*
 * authres_claims - whose Authentication-Results field is it?
 *
 * A field that another program could take for ours must be recognised, or a
 * sender can bring his own results. So the id is read by the grammar of
 * RFC 8601 2.2, and where that ends in doubt, its mere presence decides.
 */
#include <string.h>

#include "base/buf.h"
#include "mail/authres.h"
#include "mail/claims.h"

static bool
is_token_char(char c)
{
	return (unsigned char)c > ' ' && c != '\177' &&
	    strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static size_t
token_length(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && is_token_char(*p))
		p++;
	return (size_t)(p - from);
}

/*
 * [CFWS] value [CFWS version] [CFWS], then ";" or the end. False also for an
 * id that needs its quotes: what is left of that without them?
 */
static bool
read_id(struct scan *s, struct buf *id)
{
	if (!scan_cfws(s) || s->p == s->end)
		return false;
	if (*s->p == '"') {
		if (!scan_quoted(s, id) || token_length(buf_str(id),
		    buf_str(id) + id->len) != id->len)
			return false;
	} else {
		buf_add(id, s->p, token_length(s->p, s->end));
		s->p += id->len;
	}
	if (!scan_cfws(s))
		return false;
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	if (!scan_cfws(s))
		return false;
	return id->len > 0 && (s->p == s->end || *s->p == ';');
}

bool
authres_claims(const char *value, const char *authserv_id)
{
	struct scan	s = { value, value + strlen(value) };
	struct buf	id = BUF_INIT;
	enum answer	answer = ANSWER_CANNOT_TELL;

	if (read_id(&s, &id))
		answer = claims_same(buf_str(&id), authserv_id);
	buf_free(&id);
	if (answer != ANSWER_CANNOT_TELL)
		return answer == ANSWER_YES;
	return claims_mentioned_somehow(value, authserv_id);
}
