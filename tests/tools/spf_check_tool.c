/*
 * spf_check_tool - SPF checks over a zone text, for the Python tests
 *
 * stdin, one command a line:
 *   zone	then the zone text, up to a line "." alone
 *   check CLIENT TAB HELO TAB SENDER TAB helo|mailfrom TAB no|prefetch
 * Fields may contain \xHH. stdout, one line a check:
 *   RESULT TAB terms TAB voids TAB questions TAB reason TAB explanation
 * The last field is "-" without an explanation, else "=" and the explanation.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dns/resolver.h"
#include "spf/spf_check.h"

#define FIELDS	5

static struct resolver *
read_zone(void)
{
	struct resolver	*r;
	struct buf	 text = BUF_INIT;
	char		*line = NULL, *why;
	size_t		 size = 0;

	while (getline(&line, &size, stdin) > 0 && strcmp(line, ".\n") != 0)
		buf_addstr(&text, line);
	r = resolver_zone_new(buf_str(&text), &why);
	if (r == NULL)
		errx(2, "zone: %s", why);
	free(line);
	buf_free(&text);
	return r;
}

/* In place; the MTA cannot send a NUL, so \x00 ends the field. */
static char *
unescape(char *s)
{
	char		*from = s, *to = s, code[3] = "";

	while (*from != '\0') {
		if (from[0] == '\\' && from[1] == 'x' && from[2] && from[3]) {
			memcpy(code, from + 2, 2);
			*to++ = (char)strtoul(code, NULL, 16);
			from += 4;
		} else
			*to++ = *from++;
	}
	*to = '\0';
	return s;
}

static void
print_check(const struct spf_facts *f, unsigned questions)
{
	printf("%s\t%u\t%u\t%u\t%s\t%s%s\n", result_name(f->result), f->terms,
	    f->voids, questions, f->reason, f->explanation ? "=" : "-",
	    f->explanation ? f->explanation : "");
}

static void
check(struct resolver *r, char *line)
{
	static const struct lookup_limits limits = { 5000, 1000 };
	struct lookups		*l = lookups_new(r, &limits);
	struct arena		*a = arena_new(4096);
	char			*field[FIELDS], *at = line;
	struct spf_question	 q = { .receiver = "receiver.example.org" };
	struct spf_facts	 f;
	int			 i;

	for (i = 0; i < FIELDS; i++) {
		field[i] = strsep(&at, "\t");
		if (field[i] == NULL)
			errx(2, "check: field %d is missing", i + 1);
		unescape(field[i]);
	}
	if (!netaddr_parse(field[0], &q.client))
		errx(2, "check: \"%s\" is not an address", field[0]);
	q.helo = field[1];
	q.sender = field[2];
	q.check_helo = strcmp(field[3], "helo") == 0;
	q.now = 1700000000;
	if (strcmp(field[4], "prefetch") == 0)
		spf_prefetch(l, &q, &spf_default_limits);
	spf_check(l, &q, &spf_default_limits, a, &f);
	print_check(&f, lookups_count(l));
	arena_free(&a);
	lookups_free(&l);
}

int
main(void)
{
	struct resolver	*r = NULL;
	char		*line = NULL;
	size_t		 size = 0;
	ssize_t		 len;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((len = getline(&line, &size, stdin)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "zone") == 0) {
			resolver_free(&r);
			r = read_zone();
		} else if (strncmp(line, "check ", 6) == 0 && r != NULL)
			check(r, line + 6);
		else
			errx(2, "invalid line \"%s\"", line);
	}
	resolver_free(&r);
	free(line);
	return 0;
}
