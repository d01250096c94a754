/*
 * dkim_record - parse a key record strictly
 *
 * Unknown tags, flags, services, hashes and the old g= are ignored (RFC 6376
 * 3.6.1). All known tags must be well-formed.
 */
#include <string.h>

#include "dns/answer.h"
#include "mail/taglist.h"
#include "dkim_record_priv.h"
#include "dkim_sigfield_priv.h"

static bool
lists(const struct tag *t, const char *word)
{
	struct tag_items	it = tag_items(t);
	size_t			len = strlen(word);

	while (tag_items_next(&it))
		if (it.len == len && memcmp(it.item, word, len) == 0)
			return true;
	return false;
}

/* Without the tag, everything is allowed. */
static bool
allows(const struct taglist *tl, const char *name, const char *word)
{
	const struct tag *t = taglist_find(tl, name);

	return t == NULL || lists(t, word);
}

static bool
has_flag(const struct taglist *tl, const char *flag)
{
	const struct tag *t = taglist_find(tl, "t");

	return t != NULL && lists(t, flag);
}

static enum key_type
key_type(const struct taglist *tl)
{
	const struct tag *t = taglist_find(tl, "k");

	if (t == NULL || tag_is(t, "rsa"))
		return KEY_RSA;
	return tag_is(t, "ed25519") ? KEY_ED25519 : KEY_UNKNOWN;
}

/* v= may be missing; if it is there it must be the first tag. */
static const char *
check_version(const struct taglist *tl)
{
	const struct tag *t = taglist_find(tl, "v");

	if (t == NULL)
		return NULL;
	if (t != &tl->tag[0])
		return "v= is not the first tag of the key record";
	return tag_is(t, "DKIM1") ? NULL : "the key record's v= is not DKIM1";
}

/* `tl` has the tags before the first error. */
static bool
is_foreign(const struct taglist *tl)
{
	const struct tag *v = taglist_find(tl, "v");

	if (v == NULL)
		return taglist_find(tl, "p") == NULL;
	return v->len < 4 || memcmp(v->value, "DKIM", 4) != 0;
}

const char *
dkim_record_parse(struct dkim_record *r, const char *text, size_t len)
{
	struct taglist	 tl;
	const struct tag *p;
	const char	*why;

	memset(r, 0, sizeof(*r));
	why = taglist_parse(&tl, text, len);
	r->foreign = is_foreign(&tl);
	if (why != NULL)
		return "the key record is not a tag list";
	if ((why = check_version(&tl)) != NULL)
		return why;
	p = taglist_find(&tl, "p");
	if (p == NULL)
		return "the key record has no p=";
	if (p->len > 0 && !tag_is_base64(p))
		return "the key record's p= is not base64";
	r->type = key_type(&tl);
	r->key = p->value;
	r->key_len = p->len;
	r->sha256 = allows(&tl, "h", "sha256");
	r->email = allows(&tl, "s", "*") || allows(&tl, "s", "email");
	r->testing = has_flag(&tl, "y");
	r->strict = has_flag(&tl, "s");
	return NULL;
}

bool
dkim_record_is_foreign(const char *text, size_t len)
{
	struct taglist tl;

	(void)taglist_parse(&tl, text, len);
	return is_foreign(&tl);
}

const struct dns_rr *
dkim_record_only(const struct dns_answer *answer, size_t *n)
{
	const struct dns_rr	*found = NULL;
	size_t			 i;

	*n = 0;
	for (i = 0; i < answer->n; i++) {
		if (dkim_record_is_foreign(answer->rr[i].data,
		    answer->rr[i].len))
			continue;
		found = &answer->rr[i];
		(*n)++;
	}
	return *n == 1 ? found : NULL;
}

static bool
type_fits(enum key_type type, enum signature_algorithm algorithm)
{
	switch (algorithm) {
	case SIGALG_RSA_SHA256:
		return type == KEY_RSA;
	case SIGALG_ED25519_SHA256:
		return type == KEY_ED25519;
	default:
		return false;
	}
}

const char *
dkim_record_unfit(const struct dkim_record *r, const struct dkim_sigfield *f)
{
	if (r->key_len == 0)
		return "the key is revoked";
	if (!type_fits(r->type, f->algorithm))
		return "the key is not of the type that a= names";
	if (!r->sha256)
		return "the key is not for this hash";
	if (!r->email)
		return "the key is not for mail";
	if (r->strict && strcmp(f->identity_domain, f->domain) != 0)
		return "the key is not for subdomains in i=";
	return NULL;
}
