/*
 * fuzz_key_process: any octets as a request to the key process, or as its
 * answer
 *
 * The first octet says which request an answer is for; 0: the rest is a
 * request. What is accepted has its bounds. The key process has one key, and
 * its answers are always ones that the daemon accepts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/key_process_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By the first octet, of which the rest is a number. */
static const enum keymsg_type requests[8] = { KEYMSG_SIGN, KEYMSG_SIGN,
	KEYMSG_LOAD, KEYMSG_PARSE, KEYMSG_FORGET, KEYMSG_ROWS, KEYMSG_CHECK,
	KEYMSG_CHECK };

static const char seed[] = "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERIT"
    "FBUWFxgZGhscHR4f";

/* A server with the key of `seed`, of number 0. */
static struct key_server *
one_key(void)
{
	struct key_server	*s = key_server_new(NULL);
	struct keymsg		*m = calloc(2, sizeof(*m));

	m[0].head.type = KEYMSG_PARSE;
	memcpy(m[0].text, seed, sizeof(seed));
	if (!key_server_answer(s, &m[0], &m[1]) ||
	    m[1].head.type != KEYMSG_KEY || m[1].key.id != 0)
		abort();
	free(m);
	return s;
}

static void
ask(const struct keymsg *request)
{
	struct key_server	*s = one_key();
	struct keymsg		*answer = calloc(1, sizeof(*answer));

	/* files are not part of the input; key_server_rows answers ROWS */
	if (request->head.type != KEYMSG_LOAD &&
	    key_server_answer(s, request, answer) &&
	    !keymsg_is_answer(answer, keymsg_size(&answer->head), request))
		abort();
	free(answer);
	key_server_free(&s);
}

/* Has it no end, or what a terminal would understand? */
static bool
is_unsafe(const char *text, size_t size)
{
	return strnlen(text, size) == size || strchr(text, '\033') != NULL;
}

static void
check_row(const struct keymsg_row *r)
{
	if (r->state > KEY_RETIRED || is_unsafe(r->domain, KEYMSG_DOMAIN_MAX) ||
	    is_unsafe(r->selector, KEYMSG_DOMAIN_MAX) ||
	    is_unsafe(r->path, KEYMSG_PATH_MAX) || is_unsafe(r->why, KEYMSG_WHY_MAX) ||
	    strpbrk(r->domain, " ;'\"\n") != NULL ||
	    strpbrk(r->selector, " ;'\"\n") != NULL)
		abort();
	if (r->why[0] == '\0' && (r->domain[0] == '\0' ||
	    r->selector[0] == '\0' || r->key.bits > CRYPTO_RSA_BITS_MAX))
		abort();
}

static void
check_answer(const struct keymsg *m, const struct keymsg *request)
{
	uint32_t i;

	switch (m->head.type) {
	case KEYMSG_SIGNED:
		for (i = 0; i < request->head.n; i++)
			if (m->signature[i].len > CRYPTO_SIGNATURE_MAX)
				abort();
		break;
	case KEYMSG_KEY:
		if (strnlen(m->key.public, KEYMSG_PUBLIC_MAX) ==
		    KEYMSG_PUBLIC_MAX || m->key.bits > CRYPTO_RSA_BITS_MAX)
			abort();
		break;
	case KEYMSG_WHY:
		if (is_unsafe(m->why, KEYMSG_WHY_MAX))
			abort();
		break;
	case KEYMSG_FOUND:
		if (m->found.n > KEYBASE_ROWS || is_unsafe(m->found.server,
		    KEYMSG_SERVER_MAX) || is_unsafe(m->found.why, KEYMSG_WHY_MAX))
			abort();
		break;
	case KEYMSG_ROW:
		check_row(&m->row);
		break;
	case KEYMSG_DONE:
		break;
	default:
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keymsg	*m = calloc(2, sizeof(*m));

	if (size > 0 && size - 1 <= sizeof(*m)) {
		memcpy(m, data + 1, size - 1);
		if (data[0] == 0 && keymsg_is_request(m, size - 1))
			ask(m);
		m[1].head.type = requests[data[0] & 7];
		m[1].head.n = data[0] >> 3;
		if (data[0] != 0 && keymsg_is_answer(m, size - 1, &m[1]))
			check_answer(m, &m[1]);
	}
	free(m);
	return 0;
}
