/*
 * mailaddr: the author of a message, with the known ways to hide it
 */
#include "test.h"

#include <time.h>

#include "base/arena.h"
#include "mail/headers.h"
#include "mail/mailaddr.h"

/* One From field: "ok addresses; domains", "unparsable". */
static const struct {
	const char	*name, *value, *want;
} authors[] = {
	/* plain forms */
	{ "addr-spec", " alice@example.org",
	    "ok alice@example.org; example.org" },
	{ "angle-addr", " <alice@example.org>",
	    "ok alice@example.org; example.org" },
	{ "name-addr", " Alice <alice@example.org>",
	    "ok alice@example.org; example.org" },
	{ "name of several words", " Alice B. Carroll, Jr <a@example.org>",
	    "unparsable" },
	{ "name with a dot", " Alice B. Carroll <a@example.org>",
	    "ok a@example.org; example.org" },
	{ "quoted name", " \"Carroll, Alice\" <a@example.org>",
	    "ok a@example.org; example.org" },
	{ "no blank at all", "Alice<a@example.org>",
	    "ok a@example.org; example.org" },
	{ "quoted names in a row", " \"A\" b \"C\"<a@example.org>",
	    "ok a@example.org; example.org" },
	{ "comment behind", " a@example.org (Alice)",
	    "ok a@example.org; example.org" },
	{ "the first octet that is not ASCII", " \200@example.org",
	    "unparsable" },
	{ "name in UTF-8", " Andr\303\251 <a@example.org>",
	    "ok a@example.org; example.org" },
	{ "encoded name", " =?utf-8?q?Andr=C3=A9?= <a@example.org>",
	    "ok a@example.org; example.org" },
	{ "signs of atext", " !#$%&'*+-/=^_`{|}~@example.org",
	    "ok !#$%&'*+-/=^_`{|}~@example.org; example.org" },
	{ "folded", "\r\n Alice\r\n\t<a@example.org>",
	    "ok a@example.org; example.org" },
	{ "folded by LF", "\n Alice\n <a@example.org>\n ",
	    "ok a@example.org; example.org" },
	{ "A4: folded from its colon", "\n a@example.org",
	    "ok a@example.org; example.org" },
	{ "fold of blanks only", " a@example.org\n \n\t",
	    "ok a@example.org; example.org" },
	/* A7: several mailboxes */
	{ "A7: two mailboxes", " a@example.org, b@example.net",
	    "ok a@example.org b@example.net; example.net example.org" },
	{ "A7: two of one domain", " a@example.org, B <b@EXAMPLE.org>",
	    "ok a@example.org b@example.org; example.org" },
	{ "A7: three", " <c@c.example>, a@a.example, b@c.example",
	    "ok c@c.example a@a.example b@c.example; a.example c.example" },
	{ "no blank behind the comma", "a@a.example,b@b.example",
	    "ok a@a.example b@b.example; a.example b.example" },
	{ "empty elements (obsolete)", " ,, a@example.org, ,b@example.org,",
	    "ok a@example.org b@example.org; example.org" },
	{ "only empty elements", " , ,", "unparsable" },
	{ "empty", "", "unparsable" },
	{ "blank", " \t ", "unparsable" },
	{ "comment only", " (a@example.org)", "unparsable" },
	{ "semicolon between", " a@example.org; b@example.net",
	    "unparsable" },
	{ "semicolon behind", " a@example.org;", "unparsable" },
	{ "blank between", " a@example.org b@example.net", "unparsable" },
	/* A8: groups */
	{ "A8: group", " G: a@example.org, B <b@example.net>;",
	    "ok a@example.org b@example.net; example.net example.org" },
	{ "A8: group and mailbox", " G: a@a.example;, b@b.example",
	    "ok a@a.example b@b.example; a.example b.example" },
	{ "A8: mailbox and group", " b@b.example, \"G\" x: a@a.example; (c)",
	    "ok b@b.example a@a.example; a.example b.example" },
	{ "A8: two groups", " G:a@a.example;,H:b@b.example;",
	    "ok a@a.example b@b.example; a.example b.example" },
	{ "A8: empty group names nobody", " undisclosed:;", "unparsable" },
	{ "A8: empty group and a mailbox", " x: , ;, a@example.org",
	    "ok a@example.org; example.org" },
	{ "A8: unclosed group", " G: a@example.org", "unparsable" },
	{ "A8: unclosed empty group", " G:", "unparsable" },
	{ "A8: group in a group", " G: H: a@example.org;;", "unparsable" },
	{ "A8: group in a group, closed once", " G: H: a@example.org;",
	    "unparsable" },
	{ "A8: closed twice", " G: a@example.org;;", "unparsable" },
	{ "A8: no comma behind", " G: a@a.example; b@b.example",
	    "unparsable" },
	{ "A8: no name", " : a@example.org;", "unparsable" },
	{ "A8: garbage in a group", " G: \\;", "unparsable" },
	{ "A8: half an address in a group", " G: a@;", "unparsable" },
	/* A9 to A13: two addresses, one of them in brackets */
	{ "A9: address, colon, address", " a@a.example: <b@b.example>",
	    "unparsable" },
	{ "A9: the same, closed", " a@a.example: <b@b.example>;",
	    "unparsable" },
	{ "A9: brackets, colon", " <a@a.example>: <b@b.example>;",
	    "unparsable" },
	{ "A10: source route", " <@evil.example,@x.example:a@example.org>",
	    "ok a@example.org; example.org" },
	{ "A10: route with empty parts", " <,@evil.example:a@example.org>",
	    "unparsable" },
	{ "A10: empty parts inside", " <@x.example,,@y.example,:a@b.example>",
	    "ok a@b.example; b.example" },
	{ "A10: route without address", " <@evil.example:>", "unparsable" },
	{ "A10: route without colon", " <@evil.example a@example.org>",
	    "unparsable" },
	{ "A10: route out of brackets", " @evil.example:a@example.org",
	    "unparsable" },
	{ "A10: two routes", " <@a.example:@b.example:c@example.org>",
	    "unparsable" },
	{ "A10: colon alone", " <:a@example.org>", "unparsable" },
	{ "A11: backslash and comma", " a@a.example\\,b@b.example",
	    "unparsable" },
	{ "A11: in the local part", " a\\,b@example.org", "unparsable" },
	{ "A11: inside quotes", " \"a\\,b\"@example.org",
	    "ok \"a,b\"@example.org; example.org" },
	{ "A12: bare, comma, brackets", " a@a.example, <b@b.example>",
	    "ok a@a.example b@b.example; a.example b.example" },
	{ "A12: bare, brackets", " a@a.example <b@b.example>",
	    "unparsable" },
	{ "A12: bare, brackets, other local part", " a@a.example <b@a.example>",
	    "unparsable" },
	{ "A12: the same twice leaves no doubt", " a@A.example <a@a.example>",
	    "ok a@a.example; a.example" },
	{ "A12: the same but for the case of the local part",
	    " A.Smith@A.example <a.smith@a.example>",
	    "ok a.smith@a.example; a.example" },
	{ "A12: the same thrice", " a@a.example <a@a.example> <a@a.example>",
	    "unparsable" },
	{ "A12: word, bare, brackets", " x a@a.example <a@a.example>",
	    "unparsable" },
	{ "A13: brackets, bare", " <a@a.example> b@b.example",
	    "unparsable" },
	{ "A13: brackets, comma, bare", " <a@a.example>, b@b.example",
	    "ok a@a.example b@b.example; a.example b.example" },
	{ "A13: brackets, name", " <a@a.example> Alice", "unparsable" },
	{ "A13: brackets twice", " <a@a.example><b@b.example>",
	    "unparsable" },
	{ "A13: the same brackets twice", " <a@a.example><a@a.example>",
	    "unparsable" },
	/* A14, A15: an address in a place where none may be */
	{ "A14: quoted address as name", " \"a@a.example\" <b@b.example>",
	    "ok b@b.example; b.example" },
	{ "A14: in brackets, quoted", " \"<a@a.example>\" <b@b.example>",
	    "ok b@b.example; b.example" },
	{ "A14: escaped quotes", " \"\\\"a\\\" <a@a.example>\" <b@b.example>",
	    "ok b@b.example; b.example" },
	{ "A14: escaped backslash ends", " \"x\\\\\" <b@b.example>",
	    "ok b@b.example; b.example" },
	{ "A14: address in a comment", " (a@a.example) b@b.example",
	    "ok b@b.example; b.example" },
	{ "A14: brackets in a comment", " b@b.example (<a@a.example>)",
	    "ok b@b.example; b.example" },
	{ "A14: comment in brackets", " x <(a@a.example)b@b.example(c)>",
	    "ok b@b.example; b.example" },
	{ "A15: brackets in a quoted local part",
	    " \"<a@a.example>\"@b.example",
	    "ok \"<a@a.example>\"@b.example; b.example" },
	{ "A15: end of brackets", " \"a@a.example>,x\"@b.example",
	    "ok \"a@a.example>,x\"@b.example; b.example" },
	{ "A15: in brackets", " A <\"a@a.example> <x\"@b.example>",
	    "ok \"a@a.example> <x\"@b.example; b.example" },
	{ "A15: quotes inside quotes", " \"a\\\"@a.example\"@b.example",
	    "ok \"a\\\"@a.example\"@b.example; b.example" },
	{ "quoted local part", " \"a b\"@example.org",
	    "ok \"a b\"@example.org; example.org" },
	{ "needless quotes", " \"alice\"@example.org",
	    "ok alice@example.org; example.org" },
	{ "needless backslash", " \"al\\ice\"@example.org",
	    "ok alice@example.org; example.org" },
	{ "empty local part, quoted", " \"\"@example.org",
	    "ok \"\"@example.org; example.org" },
	{ "fold in a quoted local part", " \"a\r\n b\"@example.org",
	    "ok \"a b\"@example.org; example.org" },
	{ "quoted against atom", " a\"b\"@example.org", "unparsable" },
	{ "atom against quoted", " \"a\"b@example.org", "unparsable" },
	{ "quoted domain", " a@\"example.org\"", "unparsable" },
	/* A16: encoded words are text */
	{ "A16: encoded address as name",
	    " =?utf-8?q?a=40a.example?= <b@b.example>",
	    "ok b@b.example; b.example" },
	{ "A16: encoded address alone", " =?utf-8?q?a=40a.example?=",
	    "unparsable" },
	{ "A16: raw at in an encoded word",
	    " =?utf-8?q?a@a.example?= <b@b.example>",
	    "unparsable" },
	{ "A16: encoded local part",
	    " =?utf-8?q?a=40a.example=3e=00?=@b.example",
	    "unparsable" },
	{ "A16: part of the local part",
	    " x.=?utf-8?q?a=40a.example?=y@b.example",
	    "unparsable" },
	{ "A16: encoded, in quotes", " \"=?utf-8?q?a=40a.example?=\"@b.example",
	    "unparsable" },
	{ "A16: encoded domain", " a@=?utf-8?q?example?=.org", "unparsable" },
	{ "a question mark is no encoded word", " a?=b=@example.org",
	    "ok a?=b=@example.org; example.org" },
	/* A17: brackets */
	{ "A17: stray at the end", " a@example.org>", "unparsable" },
	{ "A17: missing at the end", " <a@example.org", "unparsable" },
	{ "A17: missing, with name", " A <a@example.org", "unparsable" },
	{ "A17: doubled", " <<a@example.org>>", "unparsable" },
	{ "A17: doubled end", " <a@example.org>>", "unparsable" },
	{ "A17: stray in front", " > <a@example.org>", "unparsable" },
	{ "A17: reversed", " >a@example.org<", "unparsable" },
	{ "A17: empty", " <>", "unparsable" },
	{ "A17: empty with name", " Alice <>", "unparsable" },
	{ "A17: comma inside", " <a@a.example, b@b.example>", "unparsable" },
	{ "A17: two inside", " <a@a.example b@b.example>", "unparsable" },
	{ "square bracket in a name", " [X] <a@example.org>", "unparsable" },
	{ "closing square bracket", " X] <a@example.org>", "unparsable" },
	/* A18, A19: quotes and comments */
	{ "A18: unclosed quote", " \"Alice <a@example.org>", "unparsable" },
	{ "A18: quote behind", " Alice\" <a@example.org>", "unparsable" },
	{ "A18: unclosed comment", " a@example.org (Alice", "unparsable" },
	{ "A18: stray end of comment", " a@example.org Alice)", "unparsable" },
	{ "A18: escaped end of comment", " a@example.org (Alice\\)",
	    "unparsable" },
	{ "A18: escaped end of quotes", " \"Alice\\\" <a@example.org>",
	    "unparsable" },
	{ "A18: lone backslash at the end", " \"Alice\\", "unparsable" },
	{ "A18: backslash out of quotes", " \\\"A <a@example.org>",
	    "unparsable" },
	{ "quote in a comment", " (\") a@example.org",
	    "ok a@example.org; example.org" },
	{ "comment in quotes", " \"(\" <a@example.org>",
	    "ok a@example.org; example.org" },
	{ "nested comments", " a(b(c(d)\\)))@(e)example(f).org",
	    "ok a@example.org; example.org" },
	/* obsolete: CFWS round dots */
	{ "obs-local-part", " a . b (c) . \"d e\"@example.org",
	    "ok \"a.b.d e\"@example.org; example.org" },
	{ "obs-domain", " a@ example . (x) org",
	    "ok a@example.org; example.org" },
	{ "obs-domain is one domain", " a@example.org .evil.example",
	    "ok a@example.org.evil.example; example.org.evil.example" },
	{ "comment that looks like a domain", " a@evil.example(.example.org)",
	    "ok a@evil.example; evil.example" },
	{ "two words in the local part", " a b@example.org", "unparsable" },
	{ "two words in the domain", " a@example org", "unparsable" },
	/* not addresses */
	{ "name alone", " Alice", "unparsable" },
	{ "quoted name alone", " \"a@example.org\"", "unparsable" },
	{ "name and address", " Alice, <a@example.org>", "unparsable" },
	{ "no local part", " @example.org", "unparsable" },
	{ "no domain", " a@", "unparsable" },
	{ "no domain in brackets", " <a@>", "unparsable" },
	{ "two at", " a@a.example@b.example", "unparsable" },
	{ "two at in brackets", " <a@a.example@b.example>", "unparsable" },
	{ "at in a row", " a@@example.org", "unparsable" },
	{ "percent hack", " a%a.example@b.example",
	    "ok a%a.example@b.example; b.example" },
	{ "bang path", " b.example!a@a.example",
	    "ok b.example!a@a.example; a.example" },
	{ "URI", " mailto:a@example.org", "unparsable" },
	{ "dots in a row, local part", " a..b@example.org",
	    "ok \"a..b\"@example.org; example.org" },
	{ "dot at the end, local part", " .a.@example.org",
	    "ok \".a.\"@example.org; example.org" },
	{ "dots alone", " .@example.org", "unparsable" },
	/* A20: octets outside ASCII */
	{ "A20: UTF-8 local part", " andr\303\251@example.org",
	    "ok andr\303\251@example.org; example.org" },
	{ "A20: UTF-8, quoted", " \"andr\303\251 x\"@example.org",
	    "ok \"andr\303\251 x\"@example.org; example.org" },
	{ "A20: UTF-8, escaped", " \"\\\303\251\"@example.org",
	    "ok \303\251@example.org; example.org" },
	{ "A20: Latin 1 local part", " andr\351@example.org", "unparsable" },
	{ "A20: Latin 1, quoted", " \"andr\351\"@example.org", "unparsable" },
	{ "A20: Latin 1 domain", " a@b\374cher.example", "unparsable" },
	{ "A20: Latin 1 in a route", " <@b\374cher.example:a@example.org>",
	    "unparsable" },
	{ "A20: Latin 1 name", " Andr\351 <a@example.org>",
	    "ok a@example.org; example.org" },
	{ "A20: Latin 1 name, quoted", " \"Andr\351\" <a@example.org>",
	    "ok a@example.org; example.org" },
	{ "A20: Latin 1 comment", " a@example.org (Andr\351)",
	    "ok a@example.org; example.org" },
	{ "A20: Latin 1 group", " Andr\351s: a@example.org;",
	    "ok a@example.org; example.org" },
	{ "A20: is the backslash half a letter?",
	    " \"\203\\\" <a@a.example>, \" <b@b.example>", "unparsable" },
	{ "A20: the same in a comment",
	    " (\203\\) a@a.example (\\) b@b.example)",
	    "unparsable" },
	{ "A20: overlong less-than", " A \300\274a@a.example> <b@b.example>",
	    "unparsable" },
	{ "A20: surrogates", " \355\240\200@example.org", "unparsable" },
	{ "A20: raw ISO-2022-JP", " \033$B<>\033(B <a@example.org>",
	    "unparsable" },
	{ "A20: ideographic dot", " a@example\343\200\202org",
	    "ok a@example.org; example.org" },
	{ "A20: full-width at is a letter", " a\357\274\240example.org",
	    "unparsable" },
	{ "A20: full-width at in the local part",
	    " a\357\274\240a.example@b.example",
	    "ok a\357\274\240a.example@b.example; b.example" },
	{ "A20: full-width at in the domain",
	    " a@b.example\357\274\240c.example",
	    "unparsable" },
	/* A21, A22: forms of one domain */
	{ "A21: A-label and U-label",
	    " a@xn--bcher-kva.example, b@B\303\234CHER.example",
	    "ok a@xn--bcher-kva.example b@xn--bcher-kva.example; "
	    "xn--bcher-kva.example" },
	{ "A22: final dot and upper case", " Alice@EXAMPLE.ORG.",
	    "ok Alice@example.org; example.org" },
	{ "A22: two final dots", " a@example.org..", "unparsable" },
	{ "A22: dot in front", " a@.example.org", "unparsable" },
	{ "A22: dots in a row", " a@example..org", "unparsable" },
	{ "A22: label of 64 octets", " a@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaa.org", "unparsable" },
	{ "A22: sign in the domain", " a@exam$ple.org", "unparsable" },
	{ "A22: one label", " root@localhost",
	    "ok root@localhost; localhost" },
	{ "address literal", " a@[192.0.2.1]", "unparsable" },
	{ "literal with folds", " a@ [ 192.0.2.1 ]", "unparsable" },
	{ "literal in a route", " <@[192.0.2.1]:a@example.org>",
	    "unparsable" },
	/* A23: control characters and line breaks */
	{ "A23: TAB is a blank", "\tAlice\t<a@example.org>\t",
	    "ok a@example.org; example.org" },
	{ "A23: TAB in the local part", " a\tb@example.org", "unparsable" },
	{ "A23: vertical tab", " a@example.org\v", "unparsable" },
	{ "A23: vertical tab in quotes", " \"a\vb\" <a@example.org>",
	    "unparsable" },
	{ "A23: bell in a comment", " a@example.org (\a)", "unparsable" },
	{ "A23: escaped bell", " \"\\\a\" <a@example.org>", "unparsable" },
	{ "A23: DEL", " a\177@example.org", "unparsable" },
	{ "A23: bare CR", " a@a.example\r b@b.example", "unparsable" },
	{ "A23: bare CR in quotes", " \"a\rb\" <a@example.org>",
	    "unparsable" },
	{ "A23: bare LF in quotes", " \"a\nb\" <a@example.org>",
	    "unparsable" },
	{ "A23: two CR", " a@example.org\r\r\n ", "unparsable" },
	{ "A23: LF that does not fold", " a@example.org\nBcc: b",
	    "unparsable" },
	{ "A23: CRLF at the end", " a@example.org\r\n", "unparsable" },
	{ "A23: escaped fold", " \"\\\n \" <a@example.org>", "unparsable" },
	{ "A23: form feed", " a@example.org\f", "unparsable" },
};

/* "ok addresses; domains" in a buffer that lives until the next call. */
static const char *
author_text(const struct from_facts *f)
{
	static const char *const state[] = { "ok", "missing", "repeated",
	    "unparsable" };
	static char	text[4096];
	size_t		i, n;

	n = (size_t)snprintf(text, sizeof(text), "%s", state[f->state]);
	for (i = 0; i < f->from.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %s",
		    f->from.box[i].address);
	for (i = 0; i < f->ndomains; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s",
		    i == 0 ? ";" : "", f->domain[i]);
	return text;
}

static void
every_way_to_hide_the_author(void **state)
{
	struct arena		*a = arena_new(4096);
	struct from_facts	 f;
	struct headers		 h;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(authors); i++) {
		arena_reset(a);
		headers_init(&h, a, 10, 10000);
		headers_add(&h, "From", authors[i].value);
		mailaddr_author(a, &h, &f);
		if (strcmp(author_text(&f), authors[i].want) != 0)
			row_fail(authors[i].name, "%s", author_text(&f));
		if ((f.state == FROM_OK) != (f.bad_field == NULL))
			row_fail(authors[i].name, "bad_field");
	}
	arena_free(&a);
}

/* Whole headers: "Name:value" up to a NULL. */
static const struct {
	const char	*name;
	const char	*field[6];
	const char	*want, *others, *bad;
} messages[] = {
	{ "A1: two From", { "From: a@a.example", "From: b@b.example" },
	    "repeated a@a.example b@b.example; a.example b.example", "",
	    "From" },
	{ "A1: the same twice", { "From: a@a.example", "From: a@a.example" },
	    "repeated a@a.example a@a.example; a.example", "", "From" },
	{ "A1: the second is garbage", { "From: a@a.example", "From: \"" },
	    "repeated a@a.example; a.example", "", "From" },
	{ "A2, A3: blank before the colon", { "From : a@a.example" },
	    "ok a@a.example; a.example", "", NULL },
	{ "A3: one of each", { "From: a@a.example", "fRom\t: b@b.example" },
	    "repeated a@a.example b@b.example; a.example b.example", "",
	    "From" },
	{ "A5: Sender, no From", { "Sender: a@a.example" },
	    "missing", "a@a.example", "From" },
	{ "A6: Resent-From, no From", { "Resent-From: a@a.example" },
	    "missing", "a@a.example", "From" },
	{ "nothing at all", { NULL }, "missing", "", "From" },
	{ "all three", { "Resent-From: c@c.example, d@d.example",
	    "From: a@a.example", "Sender: b@b.example" },
	    "ok a@a.example; a.example",
	    "b@b.example c@c.example d@d.example", NULL },
	{ "several Resent-From", { "Resent-From: a@a.example",
	    "From: a@a.example", "Resent-From : b@b.example" },
	    "ok a@a.example; a.example", "a@a.example b@b.example", NULL },
	{ "bad Sender", { "From: a@a.example", "Sender: b" },
	    "ok a@a.example; a.example", "bad", "Sender" },
	{ "bad second Sender", { "From: a@a.example", "Sender: b@b.example",
	    "Sender: <>" },
	    "ok a@a.example; a.example", "bad b@b.example", "Sender" },
	{ "Sender names nobody", { "From: a@a.example", "Sender: x:;" },
	    "ok a@a.example; a.example", "bad", "Sender" },
	{ "bad Resent-From", { "From: a@a.example", "Sender: b@b.example",
	    "Resent-From: a@[192.0.2.1]" },
	    "ok a@a.example; a.example", "bad b@b.example", "Resent-From" },
	{ "both bad: From is named", { "From: x", "Sender: y" },
	    "unparsable", "bad", "From" },
	{ "names that only look alike", { "From: a@a.example",
	    "X-From: b@b.example", "From-: c@c.example", "Fro: d@d.example" },
	    "ok a@a.example; a.example", "", NULL },
};

static const char *
others_text(const struct from_facts *f)
{
	static char	text[1024];
	size_t		i, n;

	n = (size_t)snprintf(text, sizeof(text), "%s",
	    f->others_bad ? " bad" : "");
	for (i = 0; i < f->others.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %s",
		    f->others.box[i].address);
	return text[0] == ' ' ? text + 1 : text;
}

static void
add_line(struct headers *h, const char *line)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, ":"), line);
	assert_true(headers_add(h, name, line + strcspn(line, ":") + 1));
}

static void
fields_of_a_message(void **state)
{
	struct arena		*a = arena_new(4096);
	struct from_facts	 f;
	struct headers		 h;
	size_t			 i, j;

	(void)state;
	for (i = 0; i < NELEM(messages); i++) {
		headers_init(&h, a, 10, 10000);
		for (j = 0; messages[i].field[j] != NULL; j++)
			add_line(&h, messages[i].field[j]);
		mailaddr_author(a, &h, &f);
		if (strcmp(author_text(&f), messages[i].want) != 0)
			row_fail(messages[i].name, "%s", author_text(&f));
		if (strcmp(others_text(&f), messages[i].others) != 0)
			row_fail(messages[i].name, "%s", others_text(&f));
		if ((f.bad_field == NULL) != (messages[i].bad == NULL) ||
		    (f.bad_field != NULL &&
		    strcmp(f.bad_field, messages[i].bad) != 0))
			row_fail(messages[i].name, "bad field");
	}
	arena_free(&a);
}

/* "local|domain|address", "-" for NULL; NULL: unparsable. */
static const struct {
	const char	*path, *want;
} paths[] = {
	{ "<a@example.org>", "a|example.org|a@example.org" },
	{ "a@example.org", "a|example.org|a@example.org" },
	{ "<a@EXAMPLE.org.>", "a|example.org|a@example.org" },
	{ "<>", "-|-|" },
	{ "", "-|-|" },
	{ "<postmaster>", "postmaster|-|postmaster" },
	{ "root", "root|-|root" },
	{ "<\"a b\">", "a b|-|\"a b\"" },
	{ "<@x.example,@y.example:a@example.org>",
	    "a|example.org|a@example.org" },
	{ "<\"a b\"@example.org>", "a b|example.org|\"a b\"@example.org" },
	{ "<\"a@b\"@example.org>", "a@b|example.org|\"a@b\"@example.org" },
	{ "<\"alice\"@example.org>", "alice|example.org|alice@example.org" },
	{ "<a..b@example.org>", "a..b|example.org|\"a..b\"@example.org" },
	{ "<prvs=1=a@example.org>",
	    "prvs=1=a|example.org|prvs=1=a@example.org" },
	{ "<=?x?=@example.org>", "=?x?=|example.org|=?x?=@example.org" },
	{ "<andr\303\251@b\303\274cher.example>", "andr\303\251|"
	    "xn--bcher-kva.example|andr\303\251@xn--bcher-kva.example" },
	{ "<a@[192.0.2.1]>", "a|[192.0.2.1]|a@[192.0.2.1]" },
	{ "<a@[IPv6:2001:DB8::1]>",
	    "a|[IPv6:2001:db8::1]|a@[IPv6:2001:db8::1]" },
	{ "a@[192.0.2.1]", "a|[192.0.2.1]|a@[192.0.2.1]" },
	{ "<a@[192.0.2.999]>", NULL },
	{ "<a@[x-tag:y]>", NULL },
	{ "<a@[192.0.2.1>", NULL },
	{ "<a@[192.0.2.1]x>", NULL },
	{ "<a@x[192.0.2.1]>", NULL },
	{ "<a@[]>", NULL },
	{ "<[192.0.2.1]>", NULL },
	{ "< >", NULL },
	{ "<", NULL },
	{ ">", NULL },
	{ "<>>", NULL },
	{ "<><>", NULL },
	{ "<a@example.org", NULL },
	{ "a@example.org>", NULL },
	{ "<a@example.org>>", NULL },
	{ "<a@example.org> x", NULL },
	{ " <a@example.org>", NULL },
	{ "< a@example.org>", NULL },
	{ "<a @example.org>", NULL },
	{ "<a@ example.org>", NULL },
	{ "<a@example.org >", NULL },
	{ "<a(b)@example.org>", NULL },
	{ "<a@example.org(b)>", NULL },
	{ "<a@b(c.example>", NULL },
	{ "<a@a.example@b.example>", NULL },
	{ "<@example.org>", NULL },
	{ "<@x.example:>", NULL },
	{ "<a@>", NULL },
	{ "<\"a@example.org>", NULL },
	{ "<\"a\n b\"@example.org>", NULL },
	{ "<a\\,b@example.org>", NULL },
	{ "<a,b@example.org>", NULL },
	{ "<a;b@example.org>", NULL },
	{ "Alice <a@example.org>", NULL },
	{ "<a@example.org>,<b@example.org>", NULL },
	{ "<a\351@example.org>", NULL },
	{ "<a@b\374cher.example>", NULL },
	{ "<a\001@example.org>", NULL },
	{ "<a@example.org\r\n>", NULL },
};

static void
paths_of_the_envelope(void **state)
{
	struct arena	*a = arena_new(4096);
	struct mailbox	 box;
	char		 got[512];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(paths); i++) {
		if (!mailaddr_path(a, paths[i].path, &box)) {
			if (paths[i].want != NULL)
				row_fail(paths[i].path, "refused");
			assert_null(box.address);
			continue;
		}
		snprintf(got, sizeof(got), "%s|%s|%s",
		    box.local != NULL ? box.local : "-",
		    box.domain != NULL ? box.domain : "-", box.address);
		if (paths[i].want == NULL || strcmp(got, paths[i].want) != 0)
			row_fail(paths[i].path, "is %s", got);
	}
	arena_free(&a);
}

/* "local|domain|address" of paths that mailaddr_path refuses. */
static const struct {
	const char	*path, *want;
} loose[] = {
	{ "<aa,bb@example.org>", "aa,bb|example.org|aa,bb@example.org" },
	{ "<a b@example.org>", "a b|example.org|a b@example.org" },
	{ "a b@example.org", "a b|example.org|a b@example.org" },
	{ "<@example.org>", "-|example.org|@example.org" },
	{ "@example.org", "-|example.org|@example.org" },
	{ "<a@@b@EXAMPLE.org.>", "a@@b|example.org|a@@b@example.org" },
	{ "<a@a.example@b.example>",
	    "a@a.example|b.example|a@a.example@b.example" },
	{ "<@x.example,@y.example>",
	    "@x.example,|y.example|@x.example,@y.example" },
	{ "<a\001\033\377@example.org>",
	    "a\001\033\377|example.org|a\001\033\377@example.org" },
	{ "<a)@example.org>", "a)|example.org|a)@example.org" },
	/* what Postfix skips */
	{ "<a @ example.org >", "a |example.org|a @example.org" },
	{ "<a@example . org>", "a|example.org|a@example.org" },
	{ "<a@example.org(b)>", "a|example.org|a@example.org" },
	{ "<a@example.org (x@y.example)>", "a|example.org|a@example.org" },
	{ "<a@(x@(\\)@)y)example.(@)org>", "a|example.org|a@example.org" },
	{ "<a@example.org(@>", "a|example.org|a@example.org" },
	{ "<a@example.org((@)\\)(@))>", "a|example.org|a@example.org" },
	{ "<a@example.org> x", "a|example.org|a@example.org" },
	{ "<a@example.org", "a|example.org|a@example.org" },
	{ "a@example.org>", "a|example.org|a@example.org" },
	{ "<a@example.org,>", "a|example.org|a@example.org" },
	{ "<x:a@example.org;>", "x:a|example.org|x:a@example.org" },
	{ "<a@\"example.org\">", "a|example.org|a@example.org" },
	{ "<a@ex\\ample.\"org\">", "a|example.org|a@example.org" },
	{ "<\"(@x.example\"@example.org,>",
	    "\"(@x.example\"|example.org|\"(@x.example\"@example.org" },
	{ "a,@b\303\274cher.example",
	    "a,|xn--bcher-kva.example|a,@xn--bcher-kva.example" },
	{ "<a@example.org..>", "a|example.org|a@example.org" },
	{ "<a@example.org@>", "a|example.org|a@example.org" },
	{ "<a@example.org@ @>", "a|example.org|a@example.org" },
	/* what Postfix and Sendmail rewrite */
	{ "<a%example.org>", "a|example.org|a@example.org" },
	{ "<a%b%example.org>", "a%b|example.org|a%b@example.org" },
	{ "<%example.org>", "-|example.org|@example.org" },
	{ "<\"a\"%example.org>", "\"a\"|example.org|\"a\"@example.org" },
	{ "<\"a%example.org\">", "\"a|example.org|\"a@example.org" },
	{ "<example.org!a>", "a|example.org|a@example.org" },
	{ "example.org!b!a", "b!a|example.org|b!a@example.org" },
	{ "<example.org!a%x.example>",
	    "a%x.example|example.org|a%x.example@example.org" },
	{ "<example.org!>", "-|example.org|@example.org" },
	{ "<\"a@example.org\">", "\"a|example.org|\"a@example.org" },
	{ "<x.example!a,b@example.org>",
	    "x.example!a,b|example.org|x.example!a,b@example.org" },
	{ "<a,%x.example@example.org>",
	    "a,%x.example|example.org|a,%x.example@example.org" },
	{ "<!example.org>", NULL }, { "<a%>", NULL }, { "<!%>", NULL },
	{ "<%>", NULL }, { "<a%b c>", NULL }, { "<a%[192.0.2.1]>", NULL },
	/* the "@" is within something that does not end */
	{ "<\"a@example.org>", "\"a|example.org|\"a@example.org" },
	{ "<(a@example.org>", "(a|example.org|(a@example.org" },
	{ "<a\\@example.org>", "a\\|example.org|a\\@example.org" },
	{ "<a@(x@example.org>", "a@(x|example.org|a@(x@example.org" },
	{ "<a@\"x@example.org\">",
	    "a@\"x|example.org|a@\"x@example.org" },
	/* no domain */
	{ "", NULL }, { "<", NULL }, { "@", NULL }, { "<@>", NULL },
	{ "a b", NULL }, { "<a b@>", NULL }, { "<a,b@c d>", NULL },
	{ "<a@@>", NULL }, { "<a,b@\"\">", NULL },
	{ "<a,b@example..org>", NULL }, { "<a,b@.example.org>", NULL },
	{ "<a,b@[192.0.2.1]>", NULL }, { "<a,b@example.org)>", NULL },
	{ "<a,b@exam\377ple.org>", NULL }, { "<a,b@example.org\001>", NULL },
	{ "<a,b@(example.org)>", NULL }, { "<a,b@\"example.org@\">", NULL },
	{ "<a,b@example.org\\>", NULL },
};

static void
paths_that_are_no_mailbox(void **state)
{
	struct arena	*a = arena_new(4096);
	struct mailbox	 box;
	char		 got[512];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(loose); i++) {
		if (!mailaddr_loose(a, loose[i].path, &box)) {
			if (loose[i].want != NULL)
				row_fail(loose[i].path, "no domain");
			continue;
		}
		snprintf(got, sizeof(got), "%s|%s|%s",
		    box.local != NULL ? box.local : "-", box.domain,
		    box.address);
		if (loose[i].want == NULL || strcmp(got, loose[i].want) != 0)
			row_fail(loose[i].path, "is %s", got);
	}
	arena_free(&a);
}

static void
lists_open_groups(void **state)
{
	struct arena		*a = arena_new(4096);
	struct mailbox_list	 l;

	(void)state;
	assert_true(mailaddr_list(a, "x:;", &l));
	assert_int_equal(l.n, 0);
	assert_true(mailaddr_list(a, "x: a@b.example;, c@d.example", &l));
	assert_int_equal(l.n, 2);
	assert_string_equal(l.box[1].domain, "d.example");
	assert_false(mailaddr_list(a, "a@b.example, <", &l));
	assert_int_equal(l.n, 0);
	assert_false(mailaddr_list(a, "", &l));
	arena_free(&a);
}

static void
formats_addresses(void **state)
{
	struct arena *a = arena_new(4096);

	(void)state;
	assert_string_equal(mailaddr_format(a, "a.b", "c"), "a.b@c");
	assert_string_equal(mailaddr_format(a, "a\"\\b", "c"),
	    "\"a\\\"\\\\b\"@c");
	assert_string_equal(mailaddr_format(a, "", "c"), "\"\"@c");
	assert_string_equal(mailaddr_format(a, "a.", NULL), "\"a.\"");
	assert_string_equal(mailaddr_format(a, NULL, NULL), "");
	arena_free(&a);
}

/* `n` times `unit` between `before` and `after`. */
static char *
repeat(const char *before, const char *unit, size_t n, const char *after)
{
	size_t	 len = strlen(unit), i;
	char	*s = malloc(strlen(before) + n * len + strlen(after) + 1), *p;

	assert_non_null(s);
	p = stpcpy(s, before);
	for (i = 0; i < n; i++)
		p = stpcpy(p, unit);
	strcpy(p, after);
	return s;
}

static const struct {
	const char	*name, *before, *unit;
	size_t		 n;
	const char	*after;
	bool		 want;
} large[] = {
	{ "A19: 10,000 comments deep", "a@b.example ", "(", 10000, "", false },
	{ "A24: name of 1 MiB", "", "x ", 1 << 19, "<a@b.example>", false },
	{ "A24: blanks of 1 MiB", "", " ", 1 << 20, "a@b.example", false },
	{ "name of 64,000", "", "x ", 32000, "<a@b.example>", true },
	{ "64,000 quotes", "", "\"\"", 32000, "<a@b.example>", true },
	{ "32,000 comments", "", "()", 32000, "a@b.example", true },
	{ "32,000 folds", "", "\n ", 32000, "a@b.example", true },
	{ "64,000 dots", "a", ".", 64000, "@b.example", true },
	{ "domain of 64,000", "a@", "b.", 32000, "example", false },
	{ "U-label of 64,000", "a@", "\303\274", 32000, "", false },
	{ "route of 64,000", "<", "@a,", 21000, ":a@b.example>", true },
	{ "64,000 commas", "a@b.example", ",", 64000, "", true },
	{ "1,000 mailboxes", "", "a@b.c,", 1000, "", true },
	{ "1,001 mailboxes", "", "a@b.c,", 1001, "", false },
	{ "64,000 openings", "", "<", 64000, "", false },
	{ "32,000 groups", "", "a:;,", 16000, "a@b.example", true },
	{ "64,000 octets of Latin 1", "", "\351", 64000, "<a@b.example>",
	    true },
};

/* The processor's milliseconds for one row with n units, at best. */
static double
list_ms(size_t i, size_t n, bool *good)
{
	struct arena		*a = arena_new(4096);
	struct mailbox_list	 l;
	struct timespec		 t0, t1;
	double			 ms, best = 1e9;
	char			*s;
	int			 tries;

	s = repeat(large[i].before, large[i].unit, n, large[i].after);
	for (tries = 0; tries < 3; tries++) {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
		*good = mailaddr_list(a, s, &l);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
		ms = (double)(t1.tv_sec - t0.tv_sec) * 1e3 +
		    (double)(t1.tv_nsec - t0.tv_nsec) / 1e6;
		best = ms < best ? ms : best;
		arena_reset(a);
	}
	free(s);
	arena_free(&a);
	return best;
}

/*
 * Linear time: 16 times the units take 16 times as long, or a little more. The
 * quadratic time would be 256 times, and seconds.
 */
static void
bounds_hold(void **state)
{
	double	few, many;
	size_t	i;
	bool	good;

	(void)state;
	for (i = 0; i < NELEM(large); i++) {
		few = list_ms(i, large[i].n / 16, &good);
		many = list_ms(i, large[i].n, &good);
		if (good != large[i].want)
			row_fail(large[i].name, "wrong answer");
		/* a short time is not measured well */
		if (many > 64 * few + 50)
			row_fail(large[i].name, "took %.1f ms, and %.1f ms for "
			    "a sixteenth", many, few);
	}
}

/* The domain is found behind any local part, which is cut. */
static void
loose_paths_are_bounded(void **state)
{
	static const char	*const units[] = { "a", "@", "(", ")", "\"",
				    "\\", " " };
	struct arena		*a = arena_new(4096);
	struct mailbox		 box;
	size_t			 i;
	char			*s;

	(void)state;
	for (i = 0; i < NELEM(units); i++) {
		s = repeat("<", units[i], 60000, "@example.org>");
		assert_true(mailaddr_loose(a, s, &box));
		assert_string_equal(box.domain, "example.org");
		assert_int_equal(strlen(box.local), MAILADDR_LOOSE_LOCAL);
		arena_reset(a);
		free(s);
		s = repeat("<a,b@", units[i], 60000, ">");
		assert_false(mailaddr_loose(a, s, &box));
		arena_reset(a);
		free(s);
	}
	arena_free(&a);
}

static void
comments_nest_32_deep(void **state)
{
	struct arena		*a = arena_new(4096);
	struct mailbox_list	 l;
	char			 s[256], *p;
	int			 depth, i;

	(void)state;
	for (depth = 32; depth <= 33; depth++) {
		p = stpcpy(s, "a@b.example ");
		for (i = 0; i < depth; i++)
			*p++ = '(';
		for (i = 0; i < depth; i++)
			*p++ = ')';
		*p = '\0';
		assert_int_equal(mailaddr_list(a, s, &l), depth == 32);
	}
	arena_free(&a);
}

static void
ten_thousand_fields(void **state)
{
	struct arena		*a = arena_new(4096);
	struct from_facts	 f;
	struct headers		 h;
	char			 value[32];
	unsigned		 i;

	(void)state;
	headers_init(&h, a, 20000, 1 << 20);
	for (i = 0; i < 10000; i++) {
		snprintf(value, sizeof(value), " a@d%u.example", i);
		assert_true(headers_add(&h, "From", value));
		assert_true(headers_add(&h, "Sender", value));
	}
	mailaddr_author(a, &h, &f);
	assert_int_equal(f.state, FROM_REPEATED);
	assert_int_equal(f.from.n, MAILADDR_MAX_BOXES);
	assert_int_equal(f.ndomains, MAILADDR_MAX_BOXES);
	/* more mailboxes are unparsable */
	assert_true(f.others_bad);
	arena_free(&a);
}

/* A path, a field and a loose path of MAILADDR_MAX_VALUE octets are read. */
static void
the_longest_text(void **state)
{
	struct arena		*a = arena_new(4096);
	char			*text = xmalloc(MAILADDR_MAX_VALUE + 2);
	struct mailbox_list	 list = { .n = 0 };
	struct mailbox		 box;
	size_t			 len = MAILADDR_MAX_VALUE;

	(void)state;
	memset(text, ' ', len + 1);
	memcpy(text + len - 5, "a@b.c", 5);
	text[len] = '\0';
	assert_true(mailaddr_list(a, text, &list));
	assert_true(mailaddr_loose(a, text, &box));
	memset(text, 'a', len - 5);
	assert_true(mailaddr_path(a, text, &box));
	text[len + 1] = '\0';
	memset(text, ' ', len + 1);
	memcpy(text + len - 4, "a@b.c", 6);
	assert_false(mailaddr_list(a, text, &list));
	assert_false(mailaddr_loose(a, text, &box));
	memset(text, 'a', len - 4);
	assert_false(mailaddr_path(a, text, &box));
	free(text);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_hide_the_author),
		cmocka_unit_test(fields_of_a_message),
		cmocka_unit_test(paths_of_the_envelope),
		cmocka_unit_test(paths_that_are_no_mailbox),
		cmocka_unit_test(lists_open_groups),
		cmocka_unit_test(formats_addresses),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(loose_paths_are_bounded),
		cmocka_unit_test(comments_nest_32_deep),
		cmocka_unit_test(ten_thousand_fields),
		cmocka_unit_test(the_longest_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
