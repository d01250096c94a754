/*
 * fuzz_spf_received - spf_received_claims() on the input, and
 * spf_received_format() with facts taken from it. A field that we write must
 * be recognized as ours, and be folded only where a field may be.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mail/facts.h"
#include "spf/spf_received.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)
#define ID		"mx.example.net"

/* Leading blanks and comments, and case, must not change the answer. */
static void
check_claims(struct arena *a, const char *text)
{
	char	*upper = arena_strdup(a, text), *p;
	bool	 ours = spf_received_claims(text, ID);

	CHECK(spf_received_claims(arena_printf(a, " (c)\n %s", text), ID) ==
	    ours);
	for (p = upper; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	CHECK(spf_received_claims(upper, ID) == ours);
	CHECK(spf_received_claims(arena_printf(a, "pass receiver=" ID "; %s",
	    text), ID));
	/* one more receiver= of ours after it, in a comment or not */
	CHECK(spf_received_claims(arena_printf(a, "%s; receiver=" ID, text),
	    ID) || strpbrk(text, "\\(") != NULL);
}

/* The next piece, up to "|"; NULL when nothing is left. */
static const char *
piece(char **rest)
{
	return *rest != NULL ? strsep(rest, "|") : NULL;
}

static void
check_writer(struct arena *a, char *text)
{
	struct facts	 f;
	const char	*value, *p;

	memset(&f, 0, sizeof(f));
	f.conn.helo = piece(&text);
	f.env.sender = piece(&text);
	f.spf_mfrom.domain = piece(&text);
	f.spf_mfrom.reason = piece(&text);
	f.spf_mfrom.postmaster = text != NULL;
	f.spf_mfrom.result = f.conn.helo != NULL && f.conn.helo[0] == 'e' ?
	    RESULT_PERMERROR : RESULT_PASS;
	f.spf_mfrom.done = true;
	value = spf_received_format(a, &f, ID, false);
	CHECK(spf_received_claims(value, ID));
	for (p = value; *p != '\0'; p++) {
		CHECK((unsigned char)*p < 0x7f);
		CHECK((unsigned char)*p >= ' ' || *p == '\n' || *p == '\t');
		if (*p == '\n')
			CHECK(p[1] == '\t' && p[2] > ' ');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(16384);

	check_claims(a, arena_memdup(a, data, size));
	check_writer(a, arena_memdup(a, data, size));
	arena_free(&a);
	return 0;
}
