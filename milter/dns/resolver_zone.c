/*
 * resolver_zone - a backend that answers from a zone text, for tests and
 * `millgatectl check`
 *
 * The text becomes one sorted array of records with their data in wire
 * format, so that answers pass the same decoder as those of the network. A
 * name above a listed one gets a record without type. Every question is
 * answered at once. The zone does not change after parsing and needs no lock.
 */
#include <arpa/inet.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/why.h"
#include "dns/resolver.h"
#include "dns_wire_priv.h"
#include "resolver_priv.h"

#define ZONE_TTL	300u
#define CNAMES_MAX	8

/* Besides those of enum dns_type. */
enum zone_type {
	ZONE_EMPTY = 0, ZONE_CNAME = 5,
	ZONE_SERVFAIL = -1, ZONE_TIMEOUT = -2, ZONE_REFUSED = -3
};

struct zone_rr {
	const char	*name;		/* folded */
	int		 type;
	char		*rdata;		/* CNAME: the folded name, as text */
	int		 len;
	size_t		 order;		/* the position in the text */
};

struct zone {
	struct arena	*arena;
	struct zone_rr	*rr;
	size_t		 n, size;
};

/* --- words of a line -------------------------------------------------- */

struct line {
	const char	*at, *end;
	unsigned	 number;
	struct buf	 word;		/* may hold NUL octets */
	const char	*error;
};

static bool
line_fail(struct line *ln, const char *error)
{
	if (ln->error == NULL)
		ln->error = error;
	return false;
}

static bool
line_is_blank(char c)
{
	return ascii_is_blank(c) || c == '\r';
}

/* After a backslash: three digits, or any other character for itself. */
static bool
word_escape(struct line *ln)
{
	int value;

	if (ln->at == ln->end)
		return line_fail(ln, "a character must follow the backslash");
	if (!ascii_is_digit(*ln->at)) {
		buf_addch(&ln->word, *ln->at++);
		return true;
	}
	if (ln->end - ln->at < 3 || !ascii_is_digit(ln->at[1]) ||
	    !ascii_is_digit(ln->at[2]))
		return line_fail(ln, "three digits must follow the backslash");
	value = (ln->at[0] - '0') * 100 + (ln->at[1] - '0') * 10 +
	    ln->at[2] - '0';
	if (value > 255)
		return line_fail(ln, "an octet is at most \\255");
	buf_addch(&ln->word, (char)value);
	ln->at += 3;
	return true;
}

/* True at the end of a word; skips a closing quote. */
static bool
word_ends(struct line *ln, bool quoted)
{
	if (ln->at == ln->end)
		return !quoted || !line_fail(ln, "the quote is not closed");
	if (!quoted)
		return strchr(" \t\r;\"", *ln->at) != NULL;
	if (*ln->at != '"')
		return false;
	ln->at++;
	return true;
}

/* The next word into ln->word; false at the end of the line or an error. */
static bool
word_next(struct line *ln)
{
	bool quoted;

	while (ln->at < ln->end && line_is_blank(*ln->at))
		ln->at++;
	if (ln->error != NULL || ln->at == ln->end || *ln->at == ';')
		return false;
	buf_reset(&ln->word);
	quoted = *ln->at == '"';
	if (quoted)
		ln->at++;
	while (!word_ends(ln, quoted)) {
		if (*ln->at != '\\')
			buf_addch(&ln->word, *ln->at++);
		else if (ln->at++, !word_escape(ln))
			return false;
	}
	return ln->error == NULL;
}

/* The next word as a name; a NUL is not allowed. */
static bool
word_name(struct line *ln, char folded[DNS_NAME_MAX + 1])
{
	if (!word_next(ln))
		return line_fail(ln, "a name is missing");
	if (strlen(buf_str(&ln->word)) != ln->word.len ||
	    dns_name_fold(buf_str(&ln->word), folded) == 0)
		return line_fail(ln, "not a legal name");
	return true;
}

/* --- data of a record ------------------------------------------------- */

static bool
data_address(struct line *ln, int family, struct buf *rdata)
{
	unsigned char addr[16];

	if (!word_next(ln))
		return line_fail(ln, "an address is missing");
	if (inet_pton(family, buf_str(&ln->word), addr) != 1)
		return line_fail(ln, "not an address of this type");
	buf_add(rdata, addr, family == AF_INET ? 4 : 16);
	return true;
}

/* A string of more than 255 octets is split into several. */
static void
data_string(struct buf *rdata, const char *data, size_t len)
{
	size_t part;

	do {
		part = len < 255 ? len : 255;
		buf_addch(rdata, (char)part);
		buf_add(rdata, data, part);
		data += part;
		len -= part;
	} while (len > 0);
}

static bool
data_txt(struct line *ln, struct buf *rdata)
{
	while (word_next(ln))
		data_string(rdata, buf_str(&ln->word), ln->word.len);
	if (ln->error == NULL && rdata->len == 0)
		return line_fail(ln, "a string is missing");
	if (rdata->len > RESOLVER_MAX_RDATA)
		return line_fail(ln, "more than 65535 octets");
	return ln->error == NULL;
}

static bool
data_name(struct line *ln, struct buf *rdata)
{
	char	folded[DNS_NAME_MAX + 1];
	uint8_t	wire[DNS_WIRE_MAX];

	if (!word_name(ln, folded))
		return false;
	buf_add(rdata, wire, dns_name_to_wire(folded, wire));
	return true;
}

/* MX may name the root: the domain accepts no mail (RFC 7505). */
static bool
data_mx(struct line *ln, struct buf *rdata)
{
	const char	*text;
	char		*end;
	unsigned long	 preference;

	if (!word_next(ln))
		return line_fail(ln, "a preference is missing");
	text = buf_str(&ln->word);
	preference = strtoul(text, &end, 10);
	if (!ascii_is_digit(*text) || *end != '\0' || preference > 65535)
		return line_fail(ln, "the preference is not a number from 0 "
		    "to 65535");
	buf_addch(rdata, (char)(preference >> 8));
	buf_addch(rdata, (char)(preference & 0xff));
	while (ln->at < ln->end && line_is_blank(*ln->at))
		ln->at++;
	if (ln->at < ln->end && *ln->at == '.') {
		ln->at++;
		buf_addch(rdata, '\0');
		return true;
	}
	return data_name(ln, rdata);
}

static bool
data_cname(struct line *ln, struct buf *rdata)
{
	char folded[DNS_NAME_MAX + 1];

	if (!word_name(ln, folded))
		return false;
	buf_addstr(rdata, folded);
	return true;
}

static const struct {
	const char	*word;
	int		 type;
} zone_types[] = {
	{ "A", DNS_A }, { "AAAA", DNS_AAAA }, { "TXT", DNS_TXT },
	{ "MX", DNS_MX }, { "PTR", DNS_PTR }, { "CNAME", ZONE_CNAME },
	{ "SERVFAIL", ZONE_SERVFAIL }, { "TIMEOUT", ZONE_TIMEOUT },
	{ "REFUSED", ZONE_REFUSED },
};

static bool
line_type(struct line *ln, int *type)
{
	size_t i;

	if (!word_next(ln))
		return line_fail(ln, "the type is missing");
	for (i = 0; i < sizeof(zone_types) / sizeof(zone_types[0]); i++)
		if (strcasecmp(buf_str(&ln->word), zone_types[i].word) == 0) {
			*type = zone_types[i].type;
			return true;
		}
	return line_fail(ln, "unknown type; write A, AAAA, MX, PTR, TXT, "
	    "CNAME, SERVFAIL, TIMEOUT or REFUSED");
}

static bool
line_data(struct line *ln, int type, struct buf *rdata)
{
	switch (type) {
	case DNS_A:
		return data_address(ln, AF_INET, rdata);
	case DNS_AAAA:
		return data_address(ln, AF_INET6, rdata);
	case DNS_TXT:
		return data_txt(ln, rdata);
	case DNS_MX:
		return data_mx(ln, rdata);
	case DNS_PTR:
		return data_name(ln, rdata);
	case ZONE_CNAME:
		return data_cname(ln, rdata);
	}
	return true;
}

/* --- the zone --------------------------------------------------------- */

static void
zone_add(struct zone *z, const char *name, int type, const struct buf *rdata)
{
	struct zone_rr *rr;

	z->rr = array_grow(z->rr, z->n, &z->size, sizeof(*z->rr));
	rr = &z->rr[z->n];
	rr->name = name;
	rr->type = type;
	rr->len = rdata != NULL ? (int)rdata->len : 0;
	rr->rdata = rdata != NULL ?
	    arena_memdup(z->arena, buf_str(rdata), rdata->len) : NULL;
	rr->order = z->n++;
}

static bool
line_parse(struct line *ln, struct zone *z, struct buf *rdata)
{
	char		 folded[DNS_NAME_MAX + 1];
	const char	*name;
	int		 type;

	while (ln->at < ln->end && line_is_blank(*ln->at))
		ln->at++;
	if (ln->at == ln->end || *ln->at == ';')
		return true;
	if (!word_name(ln, folded) || !line_type(ln, &type) ||
	    !line_data(ln, type, rdata))
		return false;
	if (word_next(ln))
		return line_fail(ln, "extra text after the record");
	if (ln->error != NULL)
		return false;
	name = arena_strdup(z->arena, folded);
	zone_add(z, name, type, rdata);
	while ((name = strchr(name, '.')) != NULL)
		zone_add(z, ++name, ZONE_EMPTY, NULL);
	return true;
}

static int
zone_rr_cmp(const void *va, const void *vb)
{
	const struct zone_rr	*a = va, *b = vb;
	int			 cmp = strcmp(a->name, b->name);

	if (cmp != 0)
		return cmp;
	return (a->order > b->order) - (a->order < b->order);
}

static bool
zone_parse(struct zone *z, const char *text, struct line *ln)
{
	struct buf	rdata = BUF_INIT;
	bool		ok = true;

	for (; ok && *text != '\0'; text = ln->end + (*ln->end == '\n')) {
		ln->number++;
		ln->at = text;
		ln->end = text + strcspn(text, "\n");
		buf_reset(&rdata);
		ok = line_parse(ln, z, &rdata);
	}
	buf_free(&rdata);
	if (ok && z->n > 0)
		qsort(z->rr, z->n, sizeof(*z->rr), zone_rr_cmp);
	return ok;
}

/* The index of a name's first record; z->n if there is none. */
static size_t
zone_find(const struct zone *z, const char *name)
{
	size_t low = 0, high = z->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(z->rr[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < z->n && strcmp(z->rr[low].name, name) == 0 ? low : z->n;
}

/* --- answering -------------------------------------------------------- */

struct found {
	bool		 exists;
	char		*rdata[RESOLVER_MAX_RR];
	int		 len[RESOLVER_MAX_RR];
	size_t		 n;
	const char	*cname, *failure;
};

static const char *
failure_word(int type)
{
	switch (type) {
	case ZONE_SERVFAIL:
		return "servfail";
	case ZONE_TIMEOUT:
		return "timeout";
	case ZONE_REFUSED:
		return "refused";
	}
	return NULL;
}

static void
zone_collect(struct found *f, const struct zone_rr *rr, int type)
{
	if (rr->type == type && f->n < RESOLVER_MAX_RR) {
		f->rdata[f->n] = rr->rdata;
		f->len[f->n++] = rr->len;
	} else if (rr->type == ZONE_CNAME)
		f->cname = rr->rdata;
	else if (failure_word(rr->type) != NULL)
		f->failure = failure_word(rr->type);
}

static void
zone_look(const struct zone *z, const char *name, int type, struct found *f)
{
	size_t i;

	memset(f, 0, sizeof(*f));
	i = zone_find(z, name);
	f->exists = i < z->n;
	for (; i < z->n && strcmp(z->rr[i].name, name) == 0; i++)
		zone_collect(f, &z->rr[i], type);
}

/* A listed type is answered; a failure applies to all other types. */
static void
zone_reply(const struct found *f, struct dns_reply *reply)
{
	reply->ttl = ZONE_TTL;
	reply->rdata = f->rdata;
	reply->len = f->len;
	reply->n = f->n;
	if (f->n > 0)
		reply->status = DNS_OK;
	else if (f->failure != NULL || f->cname != NULL)
		reply->status = DNS_TEMPFAIL;
	else
		reply->status = f->exists ? DNS_NODATA : DNS_NXDOMAIN;
	if (reply->status == DNS_TEMPFAIL)
		reply->why = f->cname != NULL ? "cname loop" : f->failure;
}

static void
zone_ask(void *state, struct query *q)
{
	const struct zone	*z = state;
	struct dns_reply	 reply = { .status = DNS_NODATA };
	struct found		 f;
	int			 hops = CNAMES_MAX;

	zone_look(z, query_name(q), (int)query_type(q), &f);
	while (f.n == 0 && f.cname != NULL && hops-- > 0)
		zone_look(z, f.cname, (int)query_type(q), &f);
	zone_reply(&f, &reply);
	resolver_answered(q, &reply);
}

static void
zone_close(void *state)
{
	struct zone *z = state;

	free(z->rr);
	arena_free(&z->arena);
	free(z);
}

struct resolver *
resolver_zone_new(const char *text, char **why)
{
	static const struct resolver_backend backend = {
		.ask = zone_ask, .close = zone_close
	};
	struct zone	*z = xcalloc(1, sizeof(*z));
	struct line	 ln = { .word = BUF_INIT };
	bool		 ok;

	z->arena = arena_new(4096);
	ok = zone_parse(z, text, &ln);
	buf_free(&ln.word);
	if (ok)
		return resolver_new(&backend, z, 0);
	why_set(why, "line %u: %s", ln.number, ln.error);
	zone_close(z);
	return NULL;
}
