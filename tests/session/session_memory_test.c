/*
 * session: the memory of an open session, stage by stage
 *
 * The bounds are a little above what was measured. A change that needs more
 * memory in a session has to raise them.
 */
#include "test.h"
#include "heap.h"

#include <arpa/inet.h>

#include "base/arena.h"
#include "session/session_priv.h"
#include "session_site.h"

#define SESSIONS	100

/* --- a usual session ---------------------------------------------------- */

static const char *
macro(void *ctx, const char *name)
{
	static const char *const known[][2] = {
		{ "j", "mx.example.net" }, { "v", "Postfix 3.7.11" },
		{ "{daemon_name}", "smtpd" }, { "{daemon_addr}", "127.0.0.1" },
		{ "i", "4QUEUEID" }, { "{auth_type}", "PLAIN" },
		{ "{auth_authen}", "alice@example.org" },
		{ "{tls_version}", "TLSv1.3" },
		{ "{cipher}", "TLS_AES_256_GCM_SHA384" },
		{ "{cipher_bits}", "256" },
	};
	const char	*port = ctx;
	size_t		 i, n = NELEM(known);

	if (strcmp(name, "{daemon_port}") == 0)
		return port;
	if (strcmp(port, "25") == 0)
		n = 5;
	for (i = 0; i < n; i++)
		if (strcmp(name, known[i][0]) == 0)
			return known[i][1];
	return NULL;
}

#define B43	"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define B86	B43 B43
#define RECEIVED(n) { "Received", " from a" n ".example.org (a" n \
	".example.org [192.0.2." n "])\n\tby b" n ".example.org (Postfix) " \
	"with ESMTPS id 4XYZ" n "\n\tfor <bob@example.net>; Mon, 23 Nov 2026 " \
	"10:00:00 +0000 (UTC)" }

/* 3 KB, with a signature by RSA-2048 */
static const char *const usual_header[][2] = {
	RECEIVED("1"), RECEIVED("2"), RECEIVED("3"), RECEIVED("4"),
	{ "DKIM-Signature", " v=1; a=rsa-sha256; c=relaxed/relaxed; "
	    "d=example.org;\n\ts=s1; h=From:To:Subject:Date:Message-ID:"
	    "MIME-Version:\n\tContent-Type:Content-Transfer-Encoding:"
	    "Reply-To:In-Reply-To:References;\n\tbh=" B43 "=;\n\tb="
	    B86 B86 B86 B86 "==" },
	{ "Return-Path", " <alice@example.org>" },
	{ "From", " Alice Example <alice@example.org>" },
	{ "To", " Bob Example <bob@example.net>, Carol <carol@example.net>" },
	{ "Subject", " a message of a usual size, about the usual things" },
	{ "Date", " Mon, 23 Nov 2026 10:00:00 +0000" },
	{ "Message-ID", " <20261123100000.1234567890@out.example.org>" },
	{ "MIME-Version", " 1.0" },
	{ "Content-Type", " multipart/alternative;\n\tboundary=\"" B43 "\"" },
	{ "Content-Transfer-Encoding", " 8bit" },
	{ "Reply-To", " alice@example.org" },
	{ "In-Reply-To", " <20261122090000.987654321@mx.example.net>" },
	{ "References", " <20261121080000.1@mx.example.net>\n\t"
	    "<20261122090000.987654321@mx.example.net>" },
	{ "User-Agent", " Mozilla Thunderbird 128.4" },
	{ "List-Unsubscribe", " <https://example.org/u/" B43 B43 ">" },
	{ "List-Id", " News of Example <news.example.org>" },
	{ "X-Mailer", " Example Mailer 5.1" },
	{ "X-Spam-Status", " No, score=-2.1 required=5.0 tests=BAYES_00,\n\t"
	    "DKIM_SIGNED,DKIM_VALID,SPF_PASS autolearn=ham version=4.0.0" },
	{ "X-Originating-IP", " [192.0.2.77]" },
	{ "Feedback-ID", " 1234567:example:newsletter" },
	{ "Precedence", " bulk" },
};

enum stage { AFTER_HELO, AFTER_MAIL, AFTER_RCPT, IN_HEADER, STAGES };

static struct session *
begin(struct services *sv, char *port)
{
	struct sockaddr_in	 client = { .sin_family = AF_INET };
	struct session		*s = session_new(sv, macro, port);

	client.sin_addr.s_addr = inet_addr("192.0.2.7");
	client.sin_port = htons(40000);
	session_connect(s, "out.example.org", (const void *)&client);
	return s;
}

static void
go_to(struct session *s, enum stage stage)
{
	size_t i;

	if (stage == AFTER_HELO)
		session_helo(s, "out.example.org");
	else if (stage == AFTER_MAIL)
		session_mail(s, "<alice@example.org>", NULL);
	else if (stage == AFTER_RCPT)
		session_rcpt(s, "<bob@example.net>");
	else
		for (i = 0; i < NELEM(usual_header); i++)
			session_header(s, usual_header[i][0],
			    usual_header[i][1]);
}

/* Octets of one session at each stage: the mean of SESSIONS. */
static void
measure(char *port, size_t octets[STAGES])
{
	struct services	*sv = open_services(
	    "listener mx { daemon-ports = {25}  direction = inbound }\n"
	    "listener msa { daemon-ports = {587}  direction = submission }\n");
	struct session	*s[SESSIONS + 1];	/* the first fills caches */
	enum stage	 stage;
	size_t		 i, before;

	s[SESSIONS] = begin(sv, port);
	for (stage = AFTER_HELO; stage < STAGES; stage++)
		go_to(s[SESSIONS], stage);
	before = heap_used;
	for (i = 0; i < SESSIONS; i++)
		s[i] = begin(sv, port);
	for (stage = AFTER_HELO; stage < STAGES; stage++) {
		for (i = 0; i < SESSIONS; i++)
			go_to(s[i], stage);
		octets[stage] = (heap_used - before) / SESSIONS;
	}
	assert_int_equal(s[0]->message->headers.n, NELEM(usual_header));
	for (i = 0; i < SESSIONS; i++)
		session_free(&s[i]);
	assert_int_equal(heap_used, before);
	session_free(&s[SESSIONS]);
	services_free(&sv);
}

static void
keeps_below(char *port, const size_t bound[STAGES])
{
	size_t	octets[STAGES];
	bool	good = true;
	int	i;

	measure(port, octets);
	for (i = 0; i < STAGES; i++) {
		print_message("port %s, stage %d: %zu octets of %zu\n", port,
		    i, octets[i], bound[i]);
		good &= octets[i] <= bound[i];
	}
	assert_true(good);
}

static void
a_submission_keeps_below_its_bounds(void **state)
{
	static const size_t bound[STAGES] = { 600, 2300, 2300, 6500 };

	(void)state;
	keeps_below((char[]){ "587" }, bound);
}

static void
an_inbound_session_keeps_below_its_bounds(void **state)
{
	static const size_t bound[STAGES] = { 600, 3350, 3350, 8400 };

	(void)state;
	keeps_below((char[]){ "25" }, bound);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_submission_keeps_below_its_bounds),
		cmocka_unit_test(an_inbound_session_keeps_below_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
