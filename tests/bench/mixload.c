/*
 * mixload - sends the mix of a mail server's day to a filter, and checks it
 *
 * Of five sessions, four bring inbound mail and one is a submission. An
 * inbound message is signed and comes from a host that SPF allows; one of a
 * hundred is forged, and DMARC must refuse it. Each answer is checked, with
 * the fields that the filter adds. The first wrong one ends the program with
 * status 1. bench_endurance.py makes the messages and the DNS.
 *
 * Everything but the envelope is one prepared block, so that this program
 * costs little beside the filter. It has no timeouts: it may be stopped and
 * continued. A message that the filter defers after a long wait is sent again,
 * as by an MTA; lookups that were under way when both were stopped fail so.
 */
#define _GNU_SOURCE	/* memmem */
#include <arpa/inet.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seconds.h"
#include "wire.h"

#define MAX_DOMAINS	64
#define OF_MESSAGES	100	/* one of so many inbound ones is forged */
#define RECIPIENTS	100000
#define LONG_WAIT	5.0	/* seconds */
#define NEEDED		(STEP_NR_CONN | STEP_NR_HELO | STEP_NR_HDR | \
			    STEP_NR_EOH | STEP_NR_BODY)

struct block {
	unsigned char	*data;
	size_t		 len;
};

struct mail {
	const char	*domain;
	struct block	 good, forged;
};

struct mix {
	const char	*socket;
	unsigned	 messages, sessions, per_session, logins, hosts, every;
	unsigned	 of_sessions;	/* one of so many is a submission; 0 */
	struct block	 submission;	/* without From */
	struct mail	 mail[MAX_DOMAINS];
	unsigned	 ndomains;
};

static struct mix	mix = { NULL, 10000, 8, 20, 1000, 1000, 1000, 5,
			    { NULL, 0 }, { { NULL, { NULL, 0 }, { NULL, 0 } } },
			    0 };
static atomic_uint	next_session, done, accepted, refused, signed_, again;
static pthread_mutex_t	output = PTHREAD_MUTEX_INITIALIZER;

struct expected {
	char		 answer;
	const char	*fields[3];
};

static struct expected	 submission = { 'c', { "DKIM-Signature", NULL, NULL } };
static const struct expected
	good = { 'c', { "spf=pass", "dkim=pass", "dmarc=pass" } },
	forged = { 'r', { NULL, NULL, NULL } };

/* --- the blocks ---------------------------------------------------------- */

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "mixload: %s\n", what);
	exit(2);
}

/* From the header to the end of the message. */
static struct block
block_new(struct wire *w, const struct message *m, bool with_from)
{
	struct block	 b;
	const char	*pair[2];
	size_t		 i;

	w->out_len = 0;
	w->cut = -1;
	for (i = 0; i < m->nheaders; i++) {
		pair[0] = m->name[i];
		pair[1] = m->value[i];
		if (with_from || strcmp(pair[0], "From") != 0)
			wire_strings(w, 'L', NULL, pair, 2);
	}
	need(m->body_len > 1 && m->body_len <= BODY_CHUNK,
	    "a body is empty or too large");
	wire_packet(w, 'N', "", 0);
	wire_packet(w, 'B', m->body, m->body_len);
	wire_packet(w, 'E', "", 0);
	b.len = w->out_len;
	b.data = malloc(b.len);
	need(b.data != NULL, "no memory");
	memcpy(b.data, w->out, b.len);
	return b;
}

static void
load_mail(struct wire *w, const char *path)
{
	struct mail	*mail = &mix.mail[mix.ndomains++];
	const char	*slash = strrchr(path, '/');
	struct message	 m;

	memset(&m, 0, sizeof(m));
	need(message_load(path, &m), path);
	mail->domain = slash == NULL ? path : slash + 1;
	mail->good = block_new(w, &m, true);
	m.body[0] ^= 1;
	mail->forged = block_new(w, &m, true);
	free(m.body);
	free(m.text);
}

static void
load_files(char **path, int n)
{
	struct wire	*w = calloc(1, sizeof(*w));
	struct message	 m;
	int		 i;

	need(w != NULL, "no memory");
	memset(&m, 0, sizeof(m));
	need(message_load(path[0], &m), path[0]);
	mix.submission = block_new(w, &m, false);
	for (i = 1; i < n && i <= MAX_DOMAINS; i++)
		load_mail(w, path[i]);
	free(m.body);
	free(m.text);
	free(w);
}

/* --- sessions ------------------------------------------------------------ */

static bool
submits(unsigned session)
{
	return mix.of_sessions != 0 && session % mix.of_sessions == 0;
}

static bool
open_session(struct wire *w, unsigned host, const char *port)
{
	uint32_t	 offer[3] = { htonl(6), htonl(OFFER_ACTIONS),
			    htonl(OFFER_STEPS) };
	const char	*macros[] = { "j", "mx.example.net", "v",
			    "Postfix 3.7.11", "{daemon_name}", "smtpd",
			    "{daemon_port}", port,
			    "{daemon_addr}", "127.0.0.1" };
	char		 name[64], data[256];
	size_t		 len;
	uint16_t	 from = htons(40000);

	snprintf(name, sizeof(name), "h%u.hosts.example", host);
	len = (size_t)snprintf(data, sizeof(data), "%s", name) + 1;
	data[len++] = '4';
	memcpy(data + len, &from, 2);
	len += 2;
	len += (size_t)snprintf(data + len, sizeof(data) - len,
	    "198.18.%u.%u", host >> 8 & 255, host & 255) + 1;
	return wire_packet(w, 'O', offer, sizeof(offer)) &&
	    wire_reply(w) == 'O' && (w->steps & NEEDED) == NEEDED &&
	    wire_strings(w, 'D', "C", macros, 10) &&
	    wire_packet(w, 'C', data, len) &&
	    wire_packet(w, 'H', name, strlen(name) + 1);
}

/* 'c', or the answer that ended the message. */
static char
envelope(struct wire *w, const char *from, unsigned recipient,
    const char *login)
{
	const char	*macros[] = { "i", "4QUEUEID", "{auth_type}", "PLAIN",
			    "{auth_authen}", login, "{tls_version}",
			    "TLSv1.3", "{cipher}", "TLS_AES_256_GCM_SHA384",
			    "{cipher_bits}", "256" };
	char		 to[64];
	char		 answer = 'c';

	snprintf(to, sizeof(to), "<user%u@example.net>", recipient);
	if (!wire_strings(w, 'D', "M", macros, login != NULL ? 12 : 2) ||
	    !wire_packet(w, 'M', from, strlen(from) + 1))
		return 0;
	if ((w->steps & STEP_NR_MAIL) == 0)
		answer = wire_reply(w);
	if (answer != 'c' || !wire_packet(w, 'R', to, strlen(to) + 1))
		return answer == 'c' ? 0 : answer;
	return (w->steps & STEP_NR_RCPT) == 0 ? wire_reply(w) : 'c';
}

static char
content(struct wire *w, const struct block *b)
{
	memcpy(w->out + w->out_len, b->data, b->len);
	w->out_len += b->len;
	return wire_reply(w);
}

static char
inbound(struct wire *w, unsigned number, bool forge)
{
	unsigned	 d = number % mix.ndomains;
	struct mail	*mail = &mix.mail[d];
	char		 from[128], answer;

	snprintf(from, sizeof(from), "<alice@%s>",
	    mix.mail[forge ? (d + 1) % mix.ndomains : d].domain);
	answer = envelope(w, from, number * 7919u % RECIPIENTS, NULL);
	if (answer != 'c')
		return answer;
	return content(w, forge ? &mail->forged : &mail->good);
}

static char
submit(struct wire *w, unsigned number, unsigned user)
{
	const char	*domain = mix.mail[user % mix.ndomains].domain;
	const char	*field[2] = { "From", NULL };
	char		 login[100], from[110], value[128], answer;

	snprintf(login, sizeof(login), "user%u@%s", user, domain);
	snprintf(from, sizeof(from), "<%s>", login);
	snprintf(value, sizeof(value), " User %u <%s>", user, login);
	field[1] = value;
	answer = envelope(w, from, number * 7919u % RECIPIENTS, login);
	if (answer != 'c')
		return answer;
	if (!wire_strings(w, 'L', NULL, field, 2))
		return 0;
	return content(w, &mix.submission);
}

/* --- the answers --------------------------------------------------------- */

static bool
has(const struct wire *w, const char *word)
{
	return memmem(w->edits, w->edits_len, word, strlen(word)) != NULL;
}

static void
wrong(const struct wire *w, unsigned number, char answer,
    const struct expected *e)
{
	size_t i;

	fprintf(stderr, "mixload: message %u: answer %c, expected %c",
	    number, answer != 0 ? answer : '-', e->answer);
	for (i = 0; i < 3 && e->fields[i] != NULL; i++)
		fprintf(stderr, " %s", e->fields[i]);
	fputs("; fields: ", stderr);
	for (i = 0; i < w->edits_len; i++)
		fputc(w->edits[i] != '\0' ? w->edits[i] : ' ', stderr);
	fputc('\n', stderr);
	exit(1);
}

static void
check(const struct wire *w, unsigned number, char answer,
    const struct expected *e)
{
	size_t i;

	if (answer == 'a')
		answer = 'c';
	if (answer != e->answer)
		wrong(w, number, answer, e);
	for (i = 0; i < 3 && e->fields[i] != NULL; i++)
		if (!has(w, e->fields[i]))
			wrong(w, number, answer, e);
}

static void
count(const struct expected *e)
{
	unsigned n = atomic_fetch_add(&done, 1) + 1;

	atomic_fetch_add(e == &good ? &accepted :
	    e == &forged ? &refused : &signed_, 1);
	if (n % mix.every != 0)
		return;
	pthread_mutex_lock(&output);
	printf("done %u\n", n);
	fflush(stdout);
	pthread_mutex_unlock(&output);
}

static void
one(struct wire *w, unsigned session, unsigned number)
{
	bool			 is_submission = submits(session);
	bool			 forge = !is_submission &&
				    (number * 2654435761u >> 8) %
				    OF_MESSAGES == 0;
	const struct expected	*e;
	double			 began = seconds(CLOCK_MONOTONIC);
	char			 answer;

	e = is_submission ? &submission : forge ? &forged : &good;
	for (;;) {
		w->edits_len = 0;
		answer = is_submission ?
		    submit(w, number, session / mix.of_sessions % mix.logins) :
		    inbound(w, number, forge);
		if (answer != 't' ||
		    seconds(CLOCK_MONOTONIC) - began < LONG_WAIT)
			break;
		atomic_fetch_add(&again, 1);
		began = seconds(CLOCK_MONOTONIC);
		if (!wire_packet(w, 'A', "", 0))
			break;
	}
	check(w, number, answer, e);
	count(e);
}

static void *
work(void *arg)
{
	struct wire	*w = calloc(1, sizeof(*w));
	unsigned	 session, number, end;

	(void)arg;
	need(w != NULL, "no memory");
	w->cut = -1;
	while ((session = atomic_fetch_add(&next_session, 1)) *
	    mix.per_session < mix.messages) {
		need(wire_dial(w, NULL, mix.socket) &&
		    open_session(w, session % mix.hosts,
		    submits(session) ? "587" : "25"),
		    "a session cannot be opened");
		number = session * mix.per_session;
		end = number + mix.per_session;
		for (; number < end && number < mix.messages; number++)
			one(w, session, number);
		wire_packet(w, 'Q', "", 0);
		wire_flush(w);
		close(w->fd);
	}
	free(w);
	return NULL;
}

static int
run(void)
{
	pthread_t	*thread = calloc(mix.sessions, sizeof(*thread));
	unsigned	 i;

	need(thread != NULL, "no memory");
	for (i = 0; i < mix.sessions; i++)
		need(pthread_create(&thread[i], NULL, work, NULL) == 0,
		    "no thread");
	for (i = 0; i < mix.sessions; i++)
		pthread_join(thread[i], NULL);
	free(thread);
	printf("end accepted %u refused %u signed %u again %u\n", accepted,
	    refused, signed_, again);
	return 0;
}

static int
usage(void)
{
	fputs("usage: mixload --socket PATH [--messages N] [--sessions N]\n"
	    "  [--per-session N] [--logins N] [--hosts N] [--every N]\n"
	    "  [--of-sessions N] [--unsigned] SUBMISSION INBOUND...\n"
	    "Each INBOUND is a message file with the name of its domain.\n"
	    "One of --of-sessions (5) is a submission; 0: none is. With\n"
	    "--unsigned, submissions need not be signed.\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", 1, NULL, 'p' }, { "messages", 1, NULL, 'm' },
		{ "sessions", 1, NULL, 's' }, { "per-session", 1, NULL, 'n' },
		{ "logins", 1, NULL, 'l' }, { "hosts", 1, NULL, 'h' },
		{ "every", 1, NULL, 'e' }, { "of-sessions", 1, NULL, 'o' },
		{ "unsigned", 0, NULL, 'u' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned n = optarg != NULL ?
		    (unsigned)strtoul(optarg, NULL, 10) : 0;

		if (strchr("puo", c) == NULL && n == 0)
			return usage();
		switch (c) {
		case 'p': mix.socket = optarg; break;
		case 'm': mix.messages = n; break;
		case 's': mix.sessions = n; break;
		case 'n': mix.per_session = n; break;
		case 'l': mix.logins = n; break;
		case 'h': mix.hosts = n; break;
		case 'e': mix.every = n; break;
		case 'o': mix.of_sessions = n; break;
		case 'u': submission.fields[0] = NULL; break;
		default: return usage();
		}
	}
	if (mix.socket == NULL || mix.socket[0] != '/' ||
	    optind + 2 > argc)
		return usage();
	load_files(argv + optind, argc - optind);
	return run();
}
