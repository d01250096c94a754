/*
 * stages_size - the octets of a message, and the limits of one message
 *
 * The octets are those of the message as the MTA hands it over: the name, the
 * colon, the value and the line end of each field, the empty line, and the
 * body. A line end is CRLF, and two octets. SIZE= of MAIL (RFC 1870) announces
 * them, but any client may write a wrong number there: it only refuses early.
 */
#include <string.h>
#include <strings.h>

#include "policy/policy_message.h"
#include "stages_priv.h"

#define SIZE_DIGITS	20	/* RFC 1870 6 */

/* The number of SIZE=; 0: it is not valid. */
static uint64_t
declared_size(const char *digits)
{
	uint64_t	size = 0;
	size_t		len = strlen(digits);

	if (len > SIZE_DIGITS || strspn(digits, "0123456789") != len)
		return 0;
	for (; *digits != '\0'; digits++) {
		if (size > UINT64_MAX / 10 - 1)
			return UINT64_MAX;
		size = size * 10 + (unsigned)(*digits - '0');
	}
	return size;
}

struct verdict
stage_size_open(struct session *s, const char *const *params)
{
	struct message	*m = s->message;
	struct counted	*c = m->counted;
	size_t		 i;

	if (c == NULL || !c->by_bytes)
		return verdict_accept();
	if (s->no_bodies) {
		atomic_store(&m->sv->counts_bytes, true);
		return verdict_refuse("bodies", "451 4.3.2", "The size of "
		    "messages is limited now; try again in a new session");
	}
	for (i = 0; params != NULL && params[i] != NULL; i++)
		if (strncasecmp(params[i], "SIZE=", 5) == 0)
			c->declared = declared_size(params[i] + 5);
	return policy_message_bytes(&m->f, c->declared);
}

/* Milters get the folds of a value with LF, or with CRLF. */
static uint64_t
count_value(const char *value)
{
	uint64_t	 octets = strlen(value);
	const char	*lf = value;

	while ((lf = strchr(lf, '\n')) != NULL) {
		octets += lf == value || lf[-1] != '\r';
		lf++;
	}
	return octets;
}

void
stage_size_field(struct message *m, const char *name, const char *value)
{
	if (m->counted != NULL && m->counted->by_bytes)
		m->counted->size += strlen(name) + strlen(":\r\n") +
		    count_value(value);
}

void
stage_size_body(struct message *m, size_t len)
{
	if (m->counted != NULL)
		m->counted->size += len;
}

struct verdict
stage_size_judge(struct message *m)
{
	if (m->counted == NULL)
		return verdict_accept();
	return policy_message_bytes(&m->f, m->counted->size);
}
