/*
 * fuzz_authres - authres_claims() on the input, and authres_format() with
 * facts taken from it. An independent reader must be able to parse each field
 * that is written, and authres_claims() must recognize it as ours.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mail/authres.h"
#include "mail/authres_reader.h"
#include "mail/claims.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)
#define ID		"mx.example.net"

struct input {
	struct arena	*arena;
	const uint8_t	*p;
	size_t		 left;
};

static unsigned
take(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

/* The text up to the next "|"; NULL if it is empty. */
static const char *
take_text(struct input *in)
{
	const uint8_t	*bar = in->left > 0 ? memchr(in->p, '|', in->left) :
			    NULL;
	size_t		 len = bar != NULL ? (size_t)(bar - in->p) : in->left;
	const char	*text = arena_memdup(in->arena, in->p, len);

	in->p += len + (bar != NULL);
	in->left -= len + (bar != NULL);
	return text[0] != '\0' ? text : NULL;
}

static enum result
take_result(struct input *in)
{
	return (enum result)(take(in) % (RESULT_PERMERROR + 1));
}

static void
take_spf(struct input *in, struct spf_facts *f)
{
	f->done = take(in) & 1;
	f->postmaster = take(in) & 1;
	f->result = take_result(in);
	f->domain = take_text(in);
	f->reason = take_text(in);
}

static void
take_facts(struct input *in, struct facts *f)
{
	size_t i;

	f->auth.login = take_text(in);
	f->auth.mechanism = take_text(in);
	f->conn.helo = take_text(in);
	f->env.sender_local = take_text(in);
	f->env.sender_domain = take_text(in);
	take_spf(in, &f->spf_mfrom);
	take_spf(in, &f->spf_helo);
	f->dmarc.done = take(in) & 1;
	f->dmarc.result = take_result(in);
	f->dmarc.policy = (enum dmarc_policy)(take(in) % 3);
	f->dmarc.author_domain = take_text(in);
	f->dmarc.record_domain = take_text(in);
	f->dmarc.reason = take_text(in);
	f->dkim.done = take(in) & 1;
	f->dkim.skipped = take(in);
	f->dkim.n = take(in) % 4;
	f->dkim.sig = arena_array(in->arena, 4, sizeof(*f->dkim.sig));
	for (i = 0; i < f->dkim.n; i++) {
		f->dkim.sig[i].result = take_result(in);
		f->dkim.sig[i].reason = take_text(in);
		f->dkim.sig[i].domain = take_text(in);
		f->dkim.sig[i].selector = take_text(in);
		f->dkim.sig[i].identity = take_text(in);
		f->dkim.sig[i].algorithm = take_text(in);
		f->dkim.sig[i].b = take_text(in);
	}
}

static size_t
methods(const struct facts *f, enum login_results told)
{
	size_t n = 0;

	if (f->dkim.done)
		n = f->dkim.n + (f->dkim.skipped > 0);
	if (f->dkim.done && n == 0)
		n = 1;
	if (f->auth.login != NULL && told != LOGIN_RESULTS_NONE)
		n++;
	return n + f->spf_mfrom.done +
	    f->spf_helo.done + f->dmarc.done;
}

static void
check_writer(struct input *in)
{
	static struct reader	 r;
	struct facts		 f;
	struct verdict		 v;
	const char		*value;
	struct authres_form	 form = { .authserv_id = ID };
	unsigned		 octet;

	memset(&f, 0, sizeof(f));
	memset(&v, 0, sizeof(v));
	v.action = (enum action)(take(in) % (ACTION_REJECT + 1));
	octet = take(in);
	form.monitor = octet & 1;
	form.login = (enum login_results)(2 - (octet >> 1) % 3);
	take_facts(in, &f);
	value = authres_format(in->arena, &form, &f, &v);
	CHECK(reader_parse(&r, value));
	CHECK(strcmp(r.id, ID) == 0 && r.n == methods(&f, form.login));
	CHECK(authres_claims(value, ID));
	CHECK(!authres_claims(value, "other.example"));
}

/* Leading blanks and comments, and case, must not change the answer. */
static void
check_claims(struct arena *a, const char *text)
{
	char	*upper = arena_strdup(a, text), *p;
	bool	 ours = authres_claims(text, ID);

	CHECK(authres_claims(arena_printf(a, " (c)\n %s", text), ID) == ours);
	for (p = upper; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	CHECK(authres_claims(upper, ID) == ours);
	CHECK(authres_claims(arena_printf(a, "mx.example.net; %s", text), ID));
	CHECK(authres_claims(arena_printf(a, "%s mx.example.net ;", text), ID)
	    || strchr(text, ';') != NULL || strpbrk(text, "\"(\\") != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input	in = { arena_new(16384), data, size };

	check_claims(in.arena, arena_memdup(in.arena, data, size));
	check_writer(&in);
	arena_free(&in.arena);
	return 0;
}
