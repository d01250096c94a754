/*
 * dkim_library - the door to libopendkim, and the guards around it
 *
 * The library only selects the fields that h= names and hashes their canonical
 * form. The guards:
 * - a sentinel field that no h= can name, since the header selection writes
 *   past its array when h= uses up all fields;
 * - memory from an arena for each call, so that its leaks are freed, and extra
 *   octets behind every block;
 * - no key, so that it verifies nothing and looks nothing up; no body.
 * The caller checks its limits before.
 */
#include <stdlib.h>
#include <string.h>

#include <opendkim/dkim.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/dkim_verify.h"
#include "mail/headers.h"
#include "dkim_library_priv.h"
#include "sighash_priv.h"

#define SENTINEL	"no such: field"

struct dkim_library {
	DKIM_LIB *lib;
};

static void *
slack_malloc(void *arena, size_t size)
{
	if (arena == NULL)
		return calloc(1, size + DKIM_LIBRARY_SLACK);
	return arena_alloc(arena, size + DKIM_LIBRARY_SLACK);
}

static void
slack_free(void *arena, void *p)
{
	if (arena == NULL)
		free(p);
}

/* We look keys up and verify ourselves: to the library there is no key. */
static DKIM_CBSTAT
no_key(DKIM *dkim, DKIM_SIGINFO *sig, u_char *text, size_t size)
{
	(void)dkim;
	(void)sig;
	(void)text;
	(void)size;
	return DKIM_CBSTAT_NOTFOUND;
}

struct dkim_library *
dkim_library_new(void)
{
	unsigned int	 flags = DKIM_LIBFLAGS_DELAYSIGPROC |
			    DKIM_LIBFLAGS_BADSIGHANDLES;
	uint64_t	 drift = 0;
	DKIM_LIB	*lib = dkim_init(slack_malloc, slack_free);
	struct dkim_library *l;

	if (lib == NULL)
		return NULL;
	if (dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags,
	    sizeof(flags)) != DKIM_STAT_OK ||
	    dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_CLOCKDRIFT, &drift,
	    sizeof(drift)) != DKIM_STAT_OK ||
	    dkim_set_key_lookup(lib, no_key) != DKIM_STAT_OK) {
		dkim_close(lib);
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->lib = lib;
	return l;
}

void
dkim_library_free(struct dkim_library **lp)
{
	if (*lp == NULL)
		return;
	dkim_close((*lp)->lib);
	free(*lp);
	*lp = NULL;
}

/* --- feeding ------------------------------------------------------------ */

/* ftext (RFC 5322 3.6.8): fields with other names cannot be signed. */
static bool
name_is_valid(const char *name)
{
	const char *p;

	for (p = name; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f || *p == ':' || *p == ';')
			return false;
	return p > name;
}

static bool
feed_header(DKIM *dkim, const struct headers *h,
    const struct dkim_library_sig *sig, size_t n)
{
	static char	sentinel[] = SENTINEL;
	struct buf	 text = BUF_INIT;
	const struct header *f;
	size_t		 i, next = 0;
	bool		 ok;

	ok = dkim_header(dkim, (u_char *)sentinel, strlen(sentinel)) ==
	    DKIM_STAT_OK;
	for (i = 0; ok && i < h->n; i++) {
		f = headers_at(h, i);
		if (!name_is_valid(f->name))
			continue;
		if (dkim_is_signature(f->name)) {
			if (next == n || sig[next].field != i)
				continue;
			next++;
		}
		buf_reset(&text);
		canon_header(&text, CANON_SIMPLE, headers_sent_name(f),
		    f->value);
		/* folds are CRLF (libmilter passes LF); no CRLF at the end */
		ok = dkim_header(dkim, (u_char *)text.data, text.len - 2) ==
		    DKIM_STAT_OK;
	}
	buf_free(&text);
	return ok && next == n;
}

/* --- taking the digests ------------------------------------------------- */

/*
 * A signature was hashed completely only if its error is the missing key. With
 * any other error the library has no digest and would abort here.
 */
static void
take_digest(DKIM_SIGINFO *info, struct dkim_library_sig *sig)
{
	void	*header, *body;
	size_t	 hlen = 0, blen = 0;

	if (dkim_sig_geterror(info) != DKIM_SIGERROR_NOKEY ||
	    dkim_sig_gethashes(info, &header, &hlen, &body, &blen) !=
	    DKIM_STAT_OK || hlen != sizeof(sig->digest))
		return;
	memcpy(sig->digest, header, hlen);
	sig->hashed = true;
}

/* Without a key, the result of dkim_eom means nothing. */
static void
take_digests(DKIM *dkim, struct dkim_library_sig *sig, size_t n)
{
	DKIM_SIGINFO	**info;
	int		  count, i;

	if (dkim_eoh(dkim) != DKIM_STAT_OK)
		return;
	(void)dkim_eom(dkim, NULL);
	if (dkim_getsiglist(dkim, &info, &count) != DKIM_STAT_OK ||
	    count < 0 || (size_t)count != n)
		return;
	for (i = 0; i < count; i++)
		take_digest(info[i], &sig[i]);
}

void
dkim_library_hash(struct dkim_library *l, const struct headers *h,
    struct dkim_library_sig *sig, size_t n)
{
	struct arena	*arena;
	DKIM_STAT	 status;
	DKIM		*dkim;

	if (n == 0)
		return;
	arena = arena_new(32768);
	dkim = dkim_verify(l->lib, (const unsigned char *)"-", arena,
	    &status);
	if (dkim != NULL) {
		if (feed_header(dkim, h, sig, n))
			take_digests(dkim, sig, n);
		(void)dkim_free(dkim);
	}
	arena_free(&arena);
}
