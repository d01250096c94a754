/*
 * session: what a stage gathers. Which DMARC walks begin, and when; who counts
 * for the fuse; and the longest path.
 */
#include "test.h"

#include "dns/resolver.h"
#include "mta/replay.h"
#include "session_site.h"

/* --- the questions that are asked ---------------------------------------- */

#define ASKED	400

static char	asked[ASKED][300];
static size_t	nasked;

/* Only the author has a record. */
static void
note_ask(void *state, struct query *q)
{
	char	record[] = "\022v=DMARC1; p=reject", *rdata = record;
	int	len = sizeof(record) - 1;
	struct dns_reply reply = { .status = DNS_OK, .n = 1,
		    .rdata = &rdata, .len = &len };

	(void)state;
	assert_true(nasked < ASKED);
	snprintf(asked[nasked++], sizeof(asked[0]), "%s", query_name(q));
	if (strcmp(query_name(q), "_dmarc.author.example") == 0)
		resolver_answered(q, &reply);
	else
		nobody_asks(NULL, q);
}

static const struct resolver_backend noting = { note_ask, nobody_closes };

static struct services *
open_noting(const char *text)
{
	struct services *sv = open_services(text);

	resolver_free(&sv->resolver);
	sv->resolver = resolver_new(&noting, NULL, 0);
	nasked = 0;
	return sv;
}

/* How many names that begin with `prefix` were asked. */
static size_t
count_asked(const char *prefix)
{
	size_t i, n = 0;

	for (i = 0; i < nasked; i++)
		n += strncmp(asked[i], prefix, strlen(prefix)) == 0;
	return n;
}

static struct replay *
inbound(struct services *sv, const char *sender)
{
	struct replay *r = replay_new(sv);

	assert_true(replay_connect(r, "192.0.2.1", "c.example"));
	replay_helo(r, "helo.example");
	replay_mail(r, sender);
	return r;
}

static void
send_text(struct replay *r, const char *text)
{
	replay_rcpt(r, "<b@example.net>");
	replay_message(r, text, strlen(text));
}

/* --- walks --------------------------------------------------------------- */

/* The latency of a message is that of one lookup because they overlap. */
static void
a_walk_begins_at_mail(void **state)
{
	struct services	*sv = open_noting("");
	struct replay	*r = inbound(sv, "<a@sender.example>");

	(void)state;
	assert_int_equal(count_asked("_dmarc.sender.example"), 1);
	send_text(r, "From: a@sender.example\n\nHello.\n");
	assert_int_equal(count_asked("_dmarc.sender.example"), 1);
	replay_free(&r);
	services_free(&sv);
}

/* SPF of the HELO name is "none" here, so that it cannot be aligned. */
static void
a_failed_identifier_costs_no_walk(void **state)
{
	struct services	*sv = open_noting("");
	struct replay	*r = inbound(sv, "<>");

	(void)state;
	send_text(r, "From: a@author.example\n\nHello.\n");
	assert_int_equal(count_asked("_dmarc.author.example"), 1);
	assert_int_equal(count_asked("_dmarc.helo.example"), 0);
	replay_free(&r);
	services_free(&sv);
}

#define SIGNATURE(n)	"DKIM-Signature: v=1; a=rsa-sha256; d=s" n	\
	".example; s=x; h=From; bh=AAAA; b=AAAA\n"
#define SIGNATURES(n)	SIGNATURE(n "0") SIGNATURE(n "1")		\
	SIGNATURE(n "2") SIGNATURE(n "3") SIGNATURE(n "4")		\
	SIGNATURE(n "5") SIGNATURE(n "6") SIGNATURE(n "7")		\
	SIGNATURE(n "8") SIGNATURE(n "9")

/* The sender, the author, and as many signers as there is room for. */
static void
walks_of_a_message_have_a_limit(void **state)
{
	struct services	*sv = open_noting("dkim { max-signatures = 30 }");
	struct replay	*r = inbound(sv, "<a@sender.example>");

	(void)state;
	send_text(r, SIGNATURES("0") SIGNATURES("1") SIGNATURES("2")
	    "From: a@author.example\n\nHello.\n");
	assert_int_equal(count_asked("_dmarc.author.example"), 1);
	assert_int_equal(count_asked("x._domainkey.s"), 30);
	assert_int_equal(count_asked("_dmarc.s"), 1 + 22);
	replay_free(&r);
	services_free(&sv);
}

/* --- submissions ---------------------------------------------------------- */

#define SENDER	"<a@example.org>"
#define SITE	"listener s { daemon-ports = {587} direction = submission }\n" \
		"listener l { local = yes direction = submission }\n"	\
		"user a@example.org { senders = {\"@example.org\"} }\n"

static void
submit(struct services *sv, const char *address, const char *sender,
    const char *want)
{
	struct replay	*r = replay_new(sv);

	if (address == NULL || strcmp(address, "local") != 0)
		replay_macro(r, "{daemon_port}", "587");
	replay_macro(r, "{tls_version}", "TLSv1.3");
	replay_macro(r, "{cipher_bits}", "256");
	replay_macro(r, "{auth_type}", "PLAIN");
	replay_macro(r, "{auth_authen}", "a@example.org");
	assert_true(replay_connect(r, address, NULL));
	replay_helo(r, "c");
	if (replay_mail(r, sender).action < ACTION_DEFER)
		send_text(r, "From: a@example.org\n\nHello.\n");
	if (strstr(replay_outcome(r), want) == NULL)
		row_fail(want, "%s", replay_outcome(r));
	replay_free(&r);
}

/* Only networks count, so neither sendmail(1) nor an unknown client does. */
static void
clients_without_a_network_trip_no_fuse(void **state)
{
	struct services	*sv = open_services(SITE "fuse { networks = 1 }");

	(void)state;
	submit(sv, "192.0.2.1", SENDER, "eom accept");
	submit(sv, NULL, SENDER, "eom accept");
	submit(sv, "local", SENDER, "eom accept");
	submit(sv, "198.51.100.1", SENDER, "blocked");
	services_free(&sv);
}

static void
the_longest_path(void **state)
{
	struct services	*sv = open_services(SITE);
	char		 path[1100];
	size_t		 len;

	(void)state;
	for (len = 1000; len <= 1001; len++) {
		memset(path, 'a', len);
		path[0] = '<';
		memcpy(path + len - 13, "@example.org>", 14);
		submit(sv, "192.0.2.1", path, len == 1000 ? "eom accept" :
		    "mail reject 553 5.1.7 sender-syntax");
	}
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_begins_at_mail),
		cmocka_unit_test(a_failed_identifier_costs_no_walk),
		cmocka_unit_test(walks_of_a_message_have_a_limit),
		cmocka_unit_test(clients_without_a_network_trip_no_fuse),
		cmocka_unit_test(the_longest_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
