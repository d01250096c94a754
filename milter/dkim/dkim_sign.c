/*
 * dkim_sign - sign one message with one or more keys (RFC 6376, 8463)
 *
 * Each field to sign is stored in canonical form when it arrives, last first in
 * the list of its name. That is the order in which h= takes them, from the
 * bottom up (RFC 6376 5.4.2). The body is hashed as it arrives. So the common
 * part of all signatures is done once; each adds only its own field.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keyring.h"
#include "dkim_sign_priv.h"

#define FIELD_NAME		"DKIM-Signature"
/* Octets that are enough for most headers and most of our fields. */
#define FIELDS_USUAL		2000
#define FIELD_USUAL		1000

static const char *const oversigned[] = {
	"From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help",
	"List-Subscribe", "List-Post", "List-Owner", "List-Archive", "Sender",
	NULL
};

/* The order of h=. */
static const char *const signed_names[] = {
	"From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help",
	"List-Subscribe", "List-Post", "List-Owner", "List-Archive", "Sender",
	"In-Reply-To", "References", "Content-ID", "Content-Description",
	"Content-Disposition", "Content-Language", "Auto-Submitted",
	"Feedback-ID", "Autocrypt", "Resent-Date", "Resent-From",
	"Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Message-ID",
};
#define NSIGNED		(sizeof(signed_names) / sizeof(signed_names[0]))
#define NAME_FROM	0

const struct sign_rules sign_default_rules = {
	.header_canon = CANON_RELAXED,
	.body_canon = CANON_RELAXED,
	.timestamp = true,
	.oversign = oversigned,
};

/* One canonical field, a piece of the signer's buffer. */
struct field {
	const struct field	*above;
	size_t			 at, len;
};

/* All fields of one name. */
struct name {
	const char		*name;
	size_t			 len;
	bool			 oversign;
	bool			 added_later;
	const struct field	*lowest;
};

struct dkim_signer {
	const struct sign_rules	*rules;
	const struct signing_key *const *keys;
	size_t			 nkeys;
	struct arena		*arena;
	time_t			 now;
	struct name		*names;
	size_t			 nnames;
	bool			 list;		/* there is a List-* field */
	struct buf		 fields;
	struct crypto_sha256	*body_hash;
	struct canon_body	 body;
};

/* --- which fields ------------------------------------------------------ */

/* `name` may have blanks behind it: Postfix passes "From :" unchanged. */
static size_t
signer_name_length(const char *name)
{
	size_t len = strlen(name);

	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--;
	return len;
}

static struct name *
signer_find(struct dkim_signer *s, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < s->nnames; i++)
		if (s->names[i].len == len &&
		    strncasecmp(s->names[i].name, name, len) == 0)
			return &s->names[i];
	return NULL;
}

static struct name *
signer_add(struct dkim_signer *s, const char *name)
{
	struct name *n = &s->names[s->nnames++];

	n->name = name;
	n->len = strlen(name);
	return n;
}

static size_t
count_names(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static bool
is_skipped(const char *const *skip, const char *name)
{
	for (; skip != NULL && *skip != NULL; skip++)
		if (strcasecmp(*skip, name) == 0)
			return true;
	return false;
}

/* Each name once, and From first, as dkim_signer_finish expects it. */
static void
add_signed(struct dkim_signer *s, const char *const *list, size_t n)
{
	size_t i;

	signer_add(s, signed_names[NAME_FROM]);
	for (i = 0; i < n; i++)
		if (!is_skipped(s->rules->skip, list[i]) &&
		    signer_find(s, list[i], strlen(list[i])) == NULL)
			signer_add(s, list[i]);
}

/* A field outside of a given list is not added to it. */
static void
add_oversigned(struct dkim_signer *s, const char *name, bool listed)
{
	struct name *n = signer_find(s, name, strlen(name));

	if (n == NULL && (listed || is_skipped(s->rules->skip, name)))
		return;
	if (n == NULL)
		n = signer_add(s, name);
	n->oversign = true;
}

static void
prepare_names(struct dkim_signer *s)
{
	const struct sign_rules	*r = s->rules;
	size_t			 listed = count_names(r->fields);
	size_t			 more = count_names(r->oversign), i;

	s->names = arena_array(s->arena, 1 + (listed > 0 ? listed : NSIGNED) +
	    more, sizeof(*s->names));
	if (listed > 0)
		add_signed(s, r->fields, listed);
	else
		add_signed(s, signed_names, NSIGNED);
	for (i = 0; i < more; i++)
		add_oversigned(s, r->oversign[i], listed > 0);
}

static bool
is_list_field(const char *name, size_t len)
{
	return len > 5 && strncasecmp(name, "List-", 5) == 0;
}

/* List-* and Sender are exceptions; see dkim_sign.h. */
static bool
oversigns(const struct dkim_signer *s, const struct name *n)
{
	if (!n->oversign || (n->added_later && n->lowest == NULL))
		return false;
	if (is_list_field(n->name, n->len))
		return s->list;
	return strcasecmp(n->name, "Sender") != 0 || n->lowest != NULL;
}

/* --- the message ------------------------------------------------------- */

static void
hash_body(void *arg, const void *data, size_t len)
{
	crypto_sha256_add(arg, data, len);
}

struct dkim_signer *
dkim_signer_new(const struct sign_rules *rules,
    const struct signing_key *const *keys, size_t nkeys, struct arena *arena,
    time_t now)
{
	struct dkim_signer *s = xmalloc(sizeof(*s));

	memset(s, 0, offsetof(struct dkim_signer, body));
	s->rules = rules;
	s->keys = keys;
	s->nkeys = nkeys;
	s->arena = arena;
	s->now = now;
	prepare_names(s);
	buf_reserve(&s->fields, FIELDS_USUAL);
	s->body_hash = crypto_sha256_new();
	canon_body_init(&s->body, rules->body_canon, hash_body, s->body_hash);
	return s;
}

void
dkim_signer_free(struct dkim_signer **sp)
{
	if (*sp == NULL)
		return;
	crypto_sha256_free(&(*sp)->body_hash);
	buf_free(&(*sp)->fields);
	free(*sp);
	*sp = NULL;
}

void
dkim_signer_added_later(struct dkim_signer *s, const char *const *names)
{
	struct name *n;

	for (; *names != NULL; names++) {
		n = signer_find(s, *names, strlen(*names));
		if (n != NULL)
			n->added_later = true;
	}
}

void
dkim_signer_header(struct dkim_signer *s, const char *name, const char *value)
{
	size_t		 len = signer_name_length(name);
	struct name	*n = signer_find(s, name, len);
	struct field	*f;

	if (is_list_field(name, len))
		s->list = true;
	if (n == NULL)
		return;
	f = arena_alloc(s->arena, sizeof(*f));
	f->at = s->fields.len;
	canon_header(&s->fields, s->rules->header_canon, name, value);
	f->len = s->fields.len - f->at;
	f->above = n->lowest;
	n->lowest = f;
}

void
dkim_signer_body(struct dkim_signer *s, const void *data, size_t len)
{
	if (s->body_hash != NULL)
		canon_body_add(&s->body, data, len);
}

/* --- the field --------------------------------------------------------- */

/* One name of h=, with the colon that separates it from the last one. */
static void
writer_name(struct writer *w, const struct name *n, bool first)
{
	if (!first)
		writer_put(w, ":", 1);
	/* the next colon or semicolon has to fit, too */
	if (w->column + n->len + 1 > WRITER_COLUMNS)
		writer_fold(w);
	writer_put(w, n->name, n->len);
}

static void
writer_names(struct writer *w, const struct dkim_signer *s)
{
	const struct field	*f;
	const struct name	*n;
	bool			 first = true;

	writer_tag(w, "h=", 2);
	for (n = s->names; n < s->names + s->nnames; n++) {
		for (f = n->lowest; f != NULL; f = f->above, first = false)
			writer_name(w, n, first);
		if (oversigns(s, n)) {
			writer_name(w, n, first);
			first = false;
		}
	}
	writer_put(w, ";", 1);
}

/* All tags up to "b=", without the value of b=. */
static void
writer_tags(struct writer *w, const struct dkim_signer *s,
    const struct signing_key *key, const char *bh)
{
	const struct sign_rules	*r = s->rules;
	struct buf		 scratch = BUF_INIT;

	w->column = sizeof(FIELD_NAME ":") - 1;
	writer_tagf(w, &scratch, "v=1;");
	writer_tagf(w, &scratch, "a=%s;", key->algorithm);
	writer_tagf(w, &scratch, "c=%s/%s;", canon_name(r->header_canon),
	    canon_name(r->body_canon));
	writer_tagf(w, &scratch, "d=%s;", key->domain);
	writer_tagf(w, &scratch, "s=%s;", key->selector);
	if (key->identity != NULL)
		writer_tagf(w, &scratch, "i=%s;", key->identity);
	else if (r->identity)
		writer_tagf(w, &scratch, "i=@%s;", key->domain);
	if (r->timestamp)
		writer_tagf(w, &scratch, "t=%lld;", (long long)s->now);
	if (r->ttl > 0)
		writer_tagf(w, &scratch, "x=%lld;", (long long)s->now + r->ttl);
	writer_names(w, s);
	writer_tagf(w, &scratch, "bh=%s;", bh);
	writer_fold(w);
	writer_put(w, "b=", 2);
	buf_free(&scratch);
}

/* --- the signatures ---------------------------------------------------- */

/* One signature that is being made. */
struct signature {
	struct writer	 w;
	struct crypto_job *job;
};

/* The signed fields in the order of h=. */
static void
collect_fields(const struct dkim_signer *s, struct buf *out)
{
	const struct field	*f;
	const struct name	*n;

	buf_reserve(out, s->fields.len + 1024);
	for (n = s->names; n < s->names + s->nnames; n++)
		for (f = n->lowest; f != NULL; f = f->above)
			buf_add(out, s->fields.data + f->at, f->len);
}

/*
 * The field of a signature so far, and its digest. `fields` has the signed
 * fields of all signatures; its text is unchanged.
 */
static bool
sign_begin(struct dkim_signer *s, const struct signing_key *key,
    struct buf *fields, const char *bh, struct signature *to)
{
	size_t	common = fields->len;
	bool	ok;

	to->job->key = key->pkey;
	to->w = (struct writer){ BUF_INIT, 0 };
	buf_reserve(&to->w.text, FIELD_USUAL);
	writer_tags(&to->w, s, key, bh);
	canon_header(fields, s->rules->header_canon, FIELD_NAME,
	    buf_str(&to->w.text));
	/* its own field is hashed without the CRLF (RFC 6376 3.7) */
	ok = crypto_sha256(fields->data, fields->len - 2, to->job->digest);
	fields->len = common;
	return ok;
}

static const char *
sign_end(struct dkim_signer *s, struct signature *from)
{
	struct buf b64 = BUF_INIT;

	crypto_base64(&b64, from->job->signature, from->job->len);
	writer_base64(&from->w, &b64);
	buf_free(&b64);
	return arena_memdup(s->arena, from->w.text.data, from->w.text.len);
}

static const char *
body_hash(struct dkim_signer *s, const char **why)
{
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	struct buf	 b64 = BUF_INIT;
	const char	*bh;

	*why = "OpenSSL has no SHA-256";
	if (s->body_hash == NULL)
		return NULL;
	canon_body_finish(&s->body);
	if (!crypto_sha256_finish(s->body_hash, digest))
		return NULL;
	crypto_base64(&b64, digest, sizeof(digest));
	bh = arena_strdup(s->arena, buf_str(&b64));
	buf_free(&b64);
	return bh;
}

/* All digests are made first: the key process answers once for all keys. */
static const char *const *
sign_all(struct dkim_signer *s, struct buf *fields, const char *bh,
    const char **why)
{
	const char		**values = arena_array(s->arena, s->nkeys + 1,
				    sizeof(*values));
	struct signature	 *sig = xcalloc(s->nkeys + 1, sizeof(*sig));
	struct crypto_job	 *job = xcalloc(s->nkeys + 1, sizeof(*job));
	size_t			  i;
	bool			  ok = true;

	*why = "OpenSSL has no SHA-256";
	for (i = 0; i < s->nkeys && ok; i++) {
		sig[i].job = &job[i];
		ok = sign_begin(s, s->keys[i], fields, bh, &sig[i]);
	}
	ok = ok && crypto_sign_all(job, s->nkeys, why);
	for (i = 0; i < s->nkeys; i++) {
		if (ok)
			values[i] = sign_end(s, &sig[i]);
		buf_free(&sig[i].w.text);
	}
	free(job);
	free(sig);
	return ok ? values : NULL;
}

const char *const *
dkim_signer_finish(struct dkim_signer *s, const char **why)
{
	const char		*bh;
	const char *const	*values;
	struct buf		 fields = BUF_INIT;

	if (s->names[NAME_FROM].lowest == NULL) {
		*why = "a message without From cannot be signed"
		    " (RFC 6376 5.4)";
		return NULL;
	}
	if ((bh = body_hash(s, why)) == NULL)
		return NULL;
	collect_fields(s, &fields);
	values = sign_all(s, &fields, bh, why);
	buf_free(&fields);
	return values;
}
