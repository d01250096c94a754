/*
 * fuzz_notifier - whatever the daemon says, the environment of notify-command
 * has the texts of the packet, cleaned, and nothing else; and whatever an event
 * has, its packet is understood
 *
 * The input is a packet without its kind; its texts are also those of an event.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "session/notifier_message_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)
#define PREFIX		"MILLGATE_"

/* The texts, each with its NUL, as the helper passes them on. */
static void
add_values(struct buf *b, char *const variable[NOTIFIER_VARIABLES])
{
	const char	*value;
	size_t		 i;

	CHECK(strncmp(variable[0], "PATH=/", 6) == 0);
	for (i = 1; variable[i] != NULL; i++) {
		CHECK(strncmp(variable[i], PREFIX, strlen(PREFIX)) == 0);
		value = strchr(variable[i], '=');
		CHECK(value != NULL);
		buf_add(b, value + 1, strlen(value + 1) + 1);
	}
	CHECK(i == NOTIFIER_VARIABLES - 1);
}

/* Is it understood? */
static bool
check_packet(const char *data, size_t len)
{
	char		*variable[NOTIFIER_VARIABLES];
	struct buf	 b = BUF_INIT;
	size_t		 i, nul = 0;
	unsigned char	 c;

	for (i = 0; i < len; i++)
		nul += data[i] == '\0';
	if (!notifier_message_variables(data, len, variable)) {
		CHECK(nul != NOTIFIER_VALUES || len > NOTIFIER_VALUE ||
		    data[len - 1] != '\0');
		return false;
	}
	CHECK(nul == NOTIFIER_VALUES && len < NOTIFIER_PACKET);
	add_values(&b, variable);
	CHECK(b.len == len);
	for (i = 0; i < len; i++) {
		c = (unsigned char)data[i];
		CHECK(b.data[i] == (c != 0 && (c < ' ' || c == 0x7f) ? '?' :
		    data[i]));
	}
	notifier_message_free(variable);
	buf_free(&b);
	return true;
}

static void
check_event(struct arena *a, const uint8_t *data, size_t size)
{
	const char	*text[8], *p = arena_memdup(a, data, size);
	const char	*end = p + size;
	struct buf	 b = BUF_INIT;
	struct notice	 e;
	size_t		 i;

	for (i = 0; i < 8; i++) {
		text[i] = p < end ? p : NULL;
		p = p < end ? p + strlen(p) + 1 : end;
	}
	e = (struct notice){ .event = text[0], .login = text[1],
	    .group = text[2], .plan = text[3], .domain = text[4],
	    .selector = text[5], .reason = text[6], .hint = text[7],
	    .unit = "recipients", .window = "hour", .used = size,
	    .limit = size % 2 == 0 ? UINT64_MAX : size,
	    .share = (unsigned)(size % 3) };
	notifier_message_event(&b, &e);
	CHECK(b.data[0] == NOTIFIER_RUN && b.len <= NOTIFIER_PACKET);
	CHECK(check_packet(b.data + 1, b.len - 1));
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(4096);

	check_packet((const char *)data, size);
	check_event(a, data, size);
	arena_free(&a);
	return 0;
}
