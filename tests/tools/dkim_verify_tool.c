/*
 * dkim_verify_tool - our verifier and plain libopendkim, for messages on stdin
 *
 * The input begins with lines "SELECTOR RECORD" of the domain example.org and
 * an empty line. Then follow messages: a line with a number, and that many
 * octets of a message with CRLF. For each message it prints two lines, our
 * results and the library's. Each line has a word for each signature, top
 * first: "pass", or the reason why it did not pass.
 *
 * With the argument "ours" plain libopendkim is not asked: some hostile h= write
 * behind its memory.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <opendkim/dkim.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/dkim_feed.h"
#include "dkim/dkim_verify.h"
#include "dns/resolver.h"

#define CHUNK		4093	/* ends at no line or block boundary */
#define MAX_FIELDS	1000
#define MAX_RECORDS	64

struct field {
	const char	*text, *colon, *end;
};

struct message {
	size_t		 n, len;
	struct field	 field[MAX_FIELDS];
	const char	*body;
};

static struct {
	const char	*selector, *text;
} records[MAX_RECORDS];

static struct dkim_lib	*lib;
static struct resolver	*resolver;
static DKIM_LIB		*opendkim;

/* --- messages ---------------------------------------------------------- */

/* Fields up to the empty line; the rest is the body. */
static void
split(struct message *m, const char *p, size_t len)
{
	const char	*last = p + len, *end;
	struct field	*f;

	for (m->n = 0; strncmp(p, "\r\n", 2) != 0; p = end + 2) {
		for (end = strstr(p, "\r\n"); end != NULL && (end[2] == ' ' ||
		    end[2] == '\t'); end = strstr(end + 2, "\r\n"))
			;
		if (end == NULL || m->n == MAX_FIELDS)
			errx(2, "no end of header");
		f = &m->field[m->n++];
		f->text = p;
		f->end = end;
		f->colon = memchr(p, ':', (size_t)(end - p));
		if (f->colon == NULL)
			errx(2, "a field without a colon");
	}
	m->body = p + 2;
	m->len = (size_t)(last - m->body);
}

/* --- ours -------------------------------------------------------------- */

/* As libmilter passes it: the name, and the value with LF in its folds. */
static void
our_field(struct dkim_verifier *v, struct arena *a, struct headers *h,
    const struct field *f)
{
	char		*value = arena_alloc(a, (size_t)(f->end - f->colon));
	const char	*p;
	size_t		 n = 0;

	for (p = f->colon + 1; p < f->end; p++)
		if (p[0] != '\r' || p[1] != '\n')
			value[n++] = *p;
	value[n] = '\0';
	feed_field(v, h, arena_memdup(a, f->text,
	    (size_t)(f->colon - f->text)), value);
}

static void
print_word(const char *text)
{
	for (; *text != '\0'; text++)
		putchar(*text == ' ' ? '-' : *text);
	putchar(' ');
}

static void
ours(const struct message *m)
{
	static const struct lookup_limits limits = { 2000, 20 };
	struct arena		*a = arena_new(65536);
	struct lookups		*l = lookups_new(resolver, &limits);
	struct headers		*h = feed_start(a);
	struct dkim_verifier	*v = dkim_verifier_new(lib, l, a, h,
				    time(NULL));
	struct dkim_facts	 f = { .done = false };
	size_t			 i, take;

	for (i = 0; i < m->n; i++)
		our_field(v, a, h, &m->field[i]);
	dkim_verifier_eoh(v);
	for (i = 0; i < m->len; i += take) {
		take = m->len - i < CHUNK ? m->len - i : CHUNK;
		dkim_verifier_body(v, m->body + i, take);
	}
	dkim_verifier_finish(v, &f);
	for (i = 0; i < f.n; i++)
		print_word(f.sig[i].result == RESULT_PASS ? "pass" :
		    f.sig[i].reason);
	printf("\n");
	dkim_verifier_free(&v);
	lookups_free(&l);
	arena_free(&a);
}

/* --- libopendkim ------------------------------------------------------- */

static DKIM_CBSTAT
give_record(DKIM *dkim, DKIM_SIGINFO *sig, u_char *buf, size_t size)
{
	const char	*selector = (const char *)dkim_sig_getselector(sig);
	size_t		 i;

	(void)dkim;
	if (strcmp((const char *)dkim_sig_getdomain(sig), "example.org") != 0)
		return DKIM_CBSTAT_NOTFOUND;
	for (i = 0; i < MAX_RECORDS && records[i].selector != NULL; i++) {
		if (strcmp(selector, records[i].selector) != 0)
			continue;
		snprintf((char *)buf, size, "%s", records[i].text);
		return DKIM_CBSTAT_CONTINUE;
	}
	return DKIM_CBSTAT_NOTFOUND;
}

/* Without a final CRLF the library fails, or its result depends on chunks. */
static void
library_body(DKIM *dkim, const struct message *m)
{
	static char	crlf[] = "\r\n";
	size_t		i, take;

	for (i = 0; i < m->len; i += take) {
		take = m->len - i < CHUNK ? m->len - i : CHUNK;
		dkim_body(dkim, (u_char *)(uintptr_t)(m->body + i), take);
	}
	if (m->len == 1 || (m->len > 1 &&
	    memcmp(m->body + m->len - 2, crlf, 2) != 0))
		dkim_body(dkim, (u_char *)crlf, 2);
}

/* Of one signature; the result of dkim_eom() is about all of them together. */
static const char *
library_result(DKIM_SIGINFO *sig)
{
	if (dkim_sig_geterror(sig) != DKIM_SIGERROR_OK)
		return "error";
	if (dkim_sig_getbh(sig) != DKIM_SIGBH_MATCH)
		return "body";
	return dkim_sig_getflags(sig) & DKIM_SIGFLAG_PASSED ? "pass" : "fail";
}

static void
library(const struct message *m)
{
	DKIM_SIGINFO	**sigs;
	DKIM_STAT	  st;
	DKIM		 *dkim;
	size_t		  i;
	int		  k, n = 0;

	dkim = dkim_verify(opendkim, (const u_char *)"t", NULL, &st);
	if (dkim == NULL)
		errx(2, "dkim_verify failed");
	for (i = 0; i < m->n; i++)
		dkim_header(dkim, (u_char *)(uintptr_t)m->field[i].text,
		    (size_t)(m->field[i].end - m->field[i].text));
	if (dkim_eoh(dkim) == DKIM_STAT_OK)
		library_body(dkim, m);
	dkim_eom(dkim, NULL);
	if (dkim_getsiglist(dkim, &sigs, &n) == DKIM_STAT_OK)
		for (k = 0; k < n; k++)
			printf("%s ", library_result(sigs[k]));
	printf("\n");
	dkim_free(dkim);
}

/* --- both -------------------------------------------------------------- */

static void
read_records(struct arena *a)
{
	struct buf	 zone = BUF_INIT;
	char		*line = NULL, *p, *why = NULL;
	size_t		 size = 0, n = 0, at;

	while (getline(&line, &size, stdin) > 1 && n < MAX_RECORDS) {
		line[strcspn(line, "\n")] = '\0';
		p = strchr(line, ' ');
		if (p == NULL)
			errx(2, "invalid line \"%s\"", line);
		*p++ = '\0';
		records[n].selector = arena_strdup(a, line);
		records[n].text = arena_strdup(a, p);
		buf_printf(&zone, "%s._domainkey.example.org TXT", line);
		for (at = 0; at < strlen(p); at += 200)
			buf_printf(&zone, " \"%.200s\"", p + at);
		buf_addstr(&zone, "\n");
		n++;
	}
	free(line);
	resolver = resolver_zone_new(buf_str(&zone), &why);
	if (resolver == NULL)
		errx(2, "%s", why);
	buf_free(&zone);
}

int
main(int argc, char **argv)
{
	static struct message	 m;
	struct arena		*a = arena_new(4096);
	char			*line = NULL, *text;
	size_t			 size = 0, len;
	bool			 alone = argc > 1 &&
				    strcmp(argv[1], "ours") == 0;

	read_records(a);
	lib = dkim_lib_new(&dkim_default_limits);
	opendkim = dkim_init(NULL, NULL);
	if (lib == NULL || opendkim == NULL)
		errx(2, "cannot initialize libopendkim");
	dkim_set_key_lookup(opendkim, give_record);
	while (getline(&line, &size, stdin) > 0) {
		len = strtoul(line, NULL, 10);
		text = xcalloc(len + 3, 1);
		if (fread(text, 1, len, stdin) != len)
			errx(2, "the message is incomplete");
		split(&m, text, len);
		ours(&m);
		if (!alone)
			library(&m);
		fflush(stdout);
		free(text);
	}
	free(line);
	dkim_close(opendkim);
	dkim_lib_free(&lib);
	resolver_free(&resolver);
	arena_free(&a);
	return 0;
}
