/*
 * notifier_message - write and read the packets between the daemon and its
 * helper process
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "notifier_message_priv.h"

static const char *const names[NOTIFIER_VALUES] = {
	"EVENT", "LOGIN", "GROUP", "PLAN", "UNIT", "WINDOW", "USED", "LIMIT",
	"SHARE", "DOMAIN", "SELECTOR", "REASON"
};

/* --- in the daemon -------------------------------------------------------- */

static void
packet_text(struct buf *b, const char *value)
{
	size_t len = value != NULL ? strlen(value) : 0;

	buf_add(b, value, len < NOTIFIER_VALUE ? len : NOTIFIER_VALUE);
	buf_addch(b, '\0');
}

static void
packet_count(struct buf *b, const struct notice *e, uint64_t value)
{
	char text[24] = "unlimited";

	if (e->share == 0)
		text[0] = '\0';
	else if (value != UINT64_MAX)
		snprintf(text, sizeof(text), "%" PRIu64, value);
	packet_text(b, text);
}

/* In the order of their names. */
void
notifier_message_event(struct buf *b, const struct notice *e)
{
	buf_addch(b, NOTIFIER_RUN);
	packet_text(b, e->event);
	packet_text(b, e->login);
	packet_text(b, e->group);
	packet_text(b, e->plan);
	packet_text(b, e->unit);
	packet_text(b, e->window);
	packet_count(b, e, e->used);
	packet_count(b, e, e->limit);
	packet_count(b, e, e->share);
	packet_text(b, e->domain);
	packet_text(b, e->selector);
	packet_text(b, e->reason != NULL ? e->reason : e->hint);
}

/* --- in the helper -------------------------------------------------------- */

/* "MILLGATE_NAME=value"; a control character, which could end a line, is "?" */
static char *
variable_new(const char *name, const char *value)
{
	struct buf	b = BUF_INIT;
	char		*p;

	buf_printf(&b, "MILLGATE_%s=%s", name, value);
	for (p = b.data; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return b.data;
}

/* False: the packet has not exactly NOTIFIER_VALUES texts. */
static bool
packet_texts(const char *data, size_t len, const char *text[NOTIFIER_VALUES])
{
	size_t i, used;

	for (i = 0; i < NOTIFIER_VALUES; i++) {
		used = strnlen(data, len);
		if (used == len || used > NOTIFIER_VALUE)
			return false;
		text[i] = data;
		data += used + 1;
		len -= used + 1;
	}
	return len == 0;
}

bool
notifier_message_variables(const char *data, size_t len,
    char *variable[NOTIFIER_VARIABLES])
{
	const char	*text[NOTIFIER_VALUES];
	size_t		 i;

	if (!packet_texts(data, len, text))
		return false;
	variable[0] = xstrdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	for (i = 0; i < NOTIFIER_VALUES; i++)
		variable[i + 1] = variable_new(names[i], text[i]);
	variable[i + 1] = NULL;
	return true;
}

void
notifier_message_free(char *variable[NOTIFIER_VARIABLES])
{
	for (; *variable != NULL; variable++)
		free(*variable);
}
