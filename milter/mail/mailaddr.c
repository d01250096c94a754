/*
 * mailaddr - addresses in the envelope and in header fields
 *
 * The grammar is RFC 5322 with its obsolete forms and RFC 6532. A text
 * outside it, which programs are known to read differently, is unparsable.
 * Every octet is read once, so hostile input costs linear time.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/netaddr.h"
#include "mail/domain.h"
#include "mail/headers.h"
#include "mail/mailaddr.h"
#include "mailaddr_lex_priv.h"

struct parse {
	struct arena	*arena;
	struct lex	 lex;
	struct mailbox_list *list;
	size_t		 size;		/* capacity of list->box */
};

/* The words before "@", "<", ":" or a separator. */
struct head {
	size_t		 words;
	bool		 local;		/* could be a local part */
};

/*
 * Words and dots up to the next other token, which is returned. Their text
 * begins at lex.word[0]. Dots may be anywhere between the words of a local
 * part. RFC 5322 wants exactly one between two words, but mobile carriers
 * gave out addresses like "a..b@" and "a.@", and their domain is clear.
 */
static int
read_head(struct lex *l, struct head *h)
{
	bool	after_word = false;
	int	token;

	memset(h, 0, sizeof(*h));
	h->local = true;
	l->n = 0;
	for (;;) {
		token = lex_next(l);
		if (token == '.') {
			l->word[l->n++] = '.';
			after_word = false;
			continue;
		}
		if (token != LEX_ATOM && token != LEX_QUOTED)
			return token;
		if (after_word || l->bad_utf8)
			h->local = false;
		after_word = true;
		h->words++;
	}
}

/*
 * Atoms and dots after "@" up to the next other token, which is returned.
 * Their text is appended to lex.word. One final dot is accepted;
 * domain_canonical cuts it.
 */
static int
read_addr_domain(struct lex *l)
{
	bool	want_atom = true;
	size_t	start = l->n;
	int	token;

	for (;;) {
		token = lex_next(l);
		if (token == LEX_ATOM && want_atom && !l->bad_utf8) {
			want_atom = false;
		} else if (token == '.' && !want_atom) {
			l->word[l->n++] = '.';
			want_atom = true;
		} else {
			return l->n > start ? token : LEX_BAD;
		}
	}
}

/* The rest of obs-route, "@a,@b:", after its first "@". */
static bool
skip_route(struct lex *l)
{
	int token;

	do {
		l->n = 0;
		token = read_addr_domain(l);
		while (token == ',')
			token = lex_next(l);
	} while (token == '@');
	return token == ':';
}

static void
box_fill(struct arena *a, const char *local, size_t len, const char *domain,
    struct mailbox *box)
{
	box->local = arena_memdup(a, local, len);
	box->domain = domain;
	box->address = mailaddr_format(a, box->local, domain);
	box->owned = OWNED_UNLISTED;
}

/*
 * An encoded word in a local part has no meaning (RFC 2047 5). But some
 * programs decode it, and the result may contain another "@" and ">".
 */
static bool
holds_encoded_word(const char *local, size_t len)
{
	size_t i;

	for (i = 1; i < len; i++)
		if (local[i - 1] == '=' && local[i] == '?')
			return true;
	return false;
}

/* The domain of an addr-spec, after "@". Returns the token after it. */
static int
read_addr_spec(struct parse *p, const struct head *h, struct mailbox *box)
{
	struct lex	*l = &p->lex;
	size_t		 len = l->n;
	const char	*domain;
	int		 token;

	if (h->words == 0 || !h->local || holds_encoded_word(l->word, len))
		return LEX_BAD;
	token = read_addr_domain(l);
	if (token == LEX_BAD)
		return LEX_BAD;
	domain = domain_canonical(p->arena, l->word + len, l->n - len);
	if (domain == NULL)
		return LEX_BAD;
	box_fill(p->arena, l->word, len, domain, box);
	return token;
}

/* An angle-addr, after its "<". Returns the token after its ">". */
static int
read_angle_addr(struct parse *p, struct mailbox *box)
{
	struct head	h;
	int		token = read_head(&p->lex, &h);

	if (token == '@' && p->lex.n == 0 && h.words == 0) {
		if (!skip_route(&p->lex))
			return LEX_BAD;
		token = read_head(&p->lex, &h);
	}
	if (token != '@' || read_addr_spec(p, &h, box) != '>')
		return LEX_BAD;
	return lex_next(&p->lex);
}

/*
 * Compares local parts without regard to case. People capitalise their names
 * there, which changes neither the domain nor the owner of the address.
 */
static bool
same_mailbox(const struct mailbox *a, const struct mailbox *b)
{
	return strcasecmp(a->local, b->local) == 0 &&
	    strcmp(a->domain, b->domain) == 0;
}

static bool
mailbox_add(struct parse *p, const struct mailbox *box)
{
	struct mailbox_list *list = p->list;

	if (list->n == MAILADDR_MAX_BOXES)
		return false;
	if (list->n == p->size) {
		p->size = p->size > 0 ? p->size * 4 : 2;
		list->box = arena_enlarge(p->arena, list->box, list->n,
		    p->size, sizeof(*list->box));
	}
	list->box[list->n++] = *box;
	return true;
}

/*
 * A mailbox; `token` is the "@" or "<" after its head. Returns the token
 * after it. "a@b <a@b>", with a display name that should have been quoted, is
 * common, and accepted when both addresses are the same.
 */
static int
read_mailbox(struct parse *p, const struct head *h, int token)
{
	struct mailbox box, name = { NULL, NULL, NULL };

	if (token == '@') {
		token = read_addr_spec(p, h, &box);
		if (token == '<')
			name = box;
	}
	if (token == '<')
		token = read_angle_addr(p, &box);
	if (token == LEX_BAD ||
	    (name.local != NULL && !same_mailbox(&name, &box)))
		return LEX_BAD;
	return mailbox_add(p, &box) ? token : LEX_BAD;
}

/*
 * The address-list of RFC 5322 4.4: elements may be empty, groups do not
 * nest.
 */
static bool
read_list(struct parse *p)
{
	bool		in_group = false, groups = false;
	struct head	h;
	int		token;

	for (;;) {
		token = read_head(&p->lex, &h);
		if (token == ':' && h.words > 0 && !in_group) {
			in_group = groups = true;
			continue;
		}
		if (token == '@' || token == '<')
			token = read_mailbox(p, &h, token);
		else if (p->lex.n > 0 || h.words > 0)
			return false;
		if (token == ';' && in_group) {
			in_group = false;
			token = lex_next(&p->lex);
		}
		if (token == LEX_END)
			return !in_group && (groups || p->list->n > 0);
		if (token != ',')
			return false;
	}
}

/* Add the mailboxes of one field, all or none. */
static bool
list_append(struct parse *p, const char *value)
{
	size_t	len = strnlen(value, MAILADDR_MAX_VALUE + 1);
	size_t	before = p->list->n;
	char	*word;

	if (len > MAILADDR_MAX_VALUE)
		return false;
	word = arena_alloc(p->arena, len);
	lex_init(&p->lex, value, len, word);
	if (read_list(p))
		return true;
	p->list->n = before;
	return false;
}

bool
mailaddr_list(struct arena *a, const char *value, struct mailbox_list *list)
{
	struct parse p = { .arena = a, .list = list };

	memset(list, 0, sizeof(*list));
	return list_append(&p, value);
}

/*
 * Add the mailboxes of all fields called `name`. False when one of them is
 * unparsable or has no mailbox (an empty group); the others are still added.
 */
static bool
append_fields(struct parse *p, const struct headers *h, const char *name)
{
	const struct header	*f = headers_first(h, name);
	size_t			 before;
	bool			 good = true;

	for (; f != NULL; f = headers_next(h, f)) {
		before = p->list->n;
		if (!list_append(p, f->value) || p->list->n == before)
			good = false;
	}
	return good;
}

static int
domain_cmp(const void *va, const void *vb)
{
	const char *const *a = va, *const *b = vb;

	return strcmp(*a, *b);
}

/* The domains of From, sorted, each once. */
static void
author_domains(struct arena *a, struct from_facts *f)
{
	size_t i;

	if (f->from.n == 0)
		return;
	f->domain = arena_array(a, f->from.n, sizeof(*f->domain));
	for (i = 0; i < f->from.n; i++)
		f->domain[i] = f->from.box[i].domain;
	f->ndomains = array_sort_unique(f->domain, f->from.n,
	    sizeof(*f->domain), domain_cmp);
}

void
mailaddr_author(struct arena *a, const struct headers *h,
    struct from_facts *f)
{
	static const char *const other[] = { "Sender", "Resent-From" };
	struct parse	from = { .arena = a, .list = &f->from };
	struct parse	others = { .arena = a, .list = &f->others };
	unsigned	n = headers_count(h, "From");
	size_t		i;

	memset(f, 0, sizeof(*f));
	f->state = append_fields(&from, h, "From") ? FROM_OK : FROM_UNPARSABLE;
	if (n != 1)
		f->state = n == 0 ? FROM_MISSING : FROM_REPEATED;
	author_domains(a, f);
	if (f->state != FROM_OK)
		f->bad_field = "From";
	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		if (append_fields(&others, h, other[i]))
			continue;
		f->others_bad = true;
		if (f->bad_field == NULL)
			f->bad_field = other[i];
	}
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]", after the "[" of a path. */
static const char *
read_literal(struct arena *a, struct lex *l)
{
	const char	*close = memchr(l->p, ']', (size_t)(l->end - l->p));
	char		 text[NETADDR_TEXT];
	struct netaddr	 addr;

	if (close == NULL || !netaddr_parse(arena_memdup(a, l->p - 1,
	    (size_t)(close - l->p) + 2), &addr))
		return NULL;
	l->p = close + 1;
	return arena_printf(a, addr.family == NETADDR_IPV6 ? "[IPv6:%s]" :
	    "[%s]", netaddr_format(&addr, text));
}

/* The domain of a path, after "@"; it must end with the token `end`. */
static bool
read_path_mailbox(struct parse *p, const struct head *h, int end,
    struct mailbox *box)
{
	struct lex	*l = &p->lex;
	size_t		 len = l->n;
	const char	*domain;
	int		 token;

	if (h->words == 0 || !h->local)
		return false;
	if (l->p < l->end && *l->p == '[') {
		l->p++;
		domain = read_literal(p->arena, l);
		token = lex_next(l);
	} else {
		token = read_addr_domain(l);
		domain = domain_canonical(p->arena, l->word + len,
		    l->n - len);
	}
	if (domain == NULL || token != end)
		return false;
	box_fill(p->arena, l->word, len, domain, box);
	return true;
}

static bool
read_path(struct parse *p, struct mailbox *box)
{
	struct lex	*l = &p->lex;
	bool		 angle = l->p < l->end && *l->p == '<';
	int		 end = angle ? '>' : LEX_END, token;
	struct head	 h;

	if (angle)
		l->p++;
	token = read_head(l, &h);
	if (token == end && l->n == 0 && h.words == 0) {
		box->address = "";
	} else if (token == end && h.words > 0 && h.local) {
		box_fill(p->arena, l->word, l->n, NULL, box);
	} else {
		if (token == '@' && l->n == 0 && h.words == 0 &&
		    skip_route(l))
			token = read_head(l, &h);
		if (token != '@' || !read_path_mailbox(p, &h, end, box))
			return false;
	}
	return !angle || lex_next(l) == LEX_END;
}

bool
mailaddr_path(struct arena *a, const char *text, struct mailbox *box)
{
	struct parse	p = { .arena = a };
	size_t		len = strnlen(text, MAILADDR_MAX_VALUE + 1);

	memset(box, 0, sizeof(*box));
	if (len > MAILADDR_MAX_VALUE)
		return false;
	lex_init(&p.lex, text, len, arena_alloc(a, len));
	p.lex.path = true;
	if (read_path(&p, box))
		return true;
	memset(box, 0, sizeof(*box));
	return false;
}

const char *
mailaddr_format(struct arena *a, const char *local, const char *domain)
{
	size_t	 llen, dlen = domain != NULL ? strlen(domain) : 0;
	bool	 quoted;
	char	*text, *p;

	if (local == NULL)
		return "";
	llen = strlen(local);
	quoted = !lex_is_dot_atom(local, llen);
	text = p = arena_alloc(a, 2 * llen + dlen + 4);
	if (quoted)
		*p++ = '"';
	for (; *local != '\0'; local++) {
		if (*local == '"' || *local == '\\')
			*p++ = '\\';
		*p++ = *local;
	}
	if (quoted)
		*p++ = '"';
	if (domain != NULL)
		*p++ = '@';
	memcpy(p, domain != NULL ? domain : "", dlen);
	return text;
}
