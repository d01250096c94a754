/*
 * mtaload - speaks the milter protocol to a filter, as an MTA does
 *
 * Sends the same message over several connections and prints messages per
 * second and their latency. With --rude it closes each session at a random
 * point instead. At the end it checks that a complete session still gets its
 * answer.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seconds.h"
#include "wire.h"

struct load {
	const char	*host, *port, *client, *helo, *from, *rcpt, *login;
	const char	*daemon_port;
	unsigned	 sessions, messages, per_session;
	unsigned	 logins;	/* for the # in login; 0: one login */
	bool		 rude, quiet;
	struct message	 m;
};

struct worker {
	struct load	*load;
	pthread_t	 thread;
	unsigned	 count, seed, first;
	unsigned	 accepted, deferred, rejected, broken;
	double		*latency;
};

static bool
open_session(struct wire *w, const struct load *l)
{
	uint32_t	 offer[3] = { htonl(6), htonl(OFFER_ACTIONS),
			    htonl(OFFER_STEPS) };
	const char	*macros[] = { "j", "mx.example.net", "v",
			    "Postfix 3.7.11", "{daemon_name}", "smtpd",
			    "{daemon_port}", l->daemon_port,
			    "{daemon_addr}", "127.0.0.1" };
	char		 connect_data[512];
	size_t		 len;
	uint16_t	 port = htons(40000);

	if (!wire_packet(w, 'O', offer, sizeof(offer)) || wire_reply(w) != 'O')
		return false;
	if (!wire_strings(w, 'D', "C", macros, 10))
		return false;
	len = (size_t)snprintf(connect_data, sizeof(connect_data), "%s",
	    l->helo) + 1;
	connect_data[len++] = '4';
	memcpy(connect_data + len, &port, 2);
	len += 2;
	len += (size_t)snprintf(connect_data + len, sizeof(connect_data) -
	    len, "%s", l->client) + 1;
	if (!wire_packet(w, 'C', connect_data, len) ||
	    ((w->steps & STEP_NR_CONN) == 0 && wire_reply(w) != 'c'))
		return false;
	if (!wire_packet(w, 'H', l->helo, strlen(l->helo) + 1) ||
	    ((w->steps & STEP_NR_HELO) == 0 && wire_reply(w) != 'c'))
		return false;
	return true;
}

/* The login of a worker's message: another one each time. */
static const char *
login_of(const struct worker *wk, unsigned n, char *text, size_t size)
{
	const struct load	*l = wk->load;
	const char		*mark;

	mark = l->login != NULL ? strchr(l->login, '#') : NULL;
	if (mark == NULL || l->logins == 0)
		return l->login;
	n = (wk->first + n) * 7919u % l->logins + 1;
	snprintf(text, size, "%.*s%u%s", (int)(mark - l->login), l->login, n,
	    mark + 1);
	return text;
}

static bool
envelope(struct wire *w, const struct load *l, const char *login, char *answer)
{
	const char	*macros[] = { "i", "4QUEUEID", "{auth_type}", "PLAIN",
			    "{auth_authen}", login, "{tls_version}",
			    "TLSv1.3", "{cipher}", "TLS_AES_256_GCM_SHA384",
			    "{cipher_bits}", "256" };

	*answer = 'c';
	if (!wire_strings(w, 'D', "M", macros, login != NULL ? 12 : 2) ||
	    !wire_packet(w, 'M', l->from, strlen(l->from) + 1) ||
	    ((w->steps & STEP_NR_MAIL) == 0 &&
	    (*answer = wire_reply(w)) != 'c'))
		return *answer != 0 && *answer != 'c';
	if (!wire_packet(w, 'R', l->rcpt, strlen(l->rcpt) + 1) ||
	    ((w->steps & STEP_NR_RCPT) == 0 &&
	    (*answer = wire_reply(w)) != 'c'))
		return *answer != 0 && *answer != 'c';
	return true;
}

static bool
content(struct wire *w, const struct load *l)
{
	const char	*pair[2];
	size_t		 i, at, n;

	for (i = 0; i < l->m.nheaders; i++) {
		pair[0] = l->m.name[i];
		pair[1] = l->m.value[i];
		if (!wire_strings(w, 'L', NULL, pair, 2) ||
		    ((w->steps & STEP_NR_HDR) == 0 && wire_reply(w) != 'c'))
			return false;
	}
	if (!wire_packet(w, 'N', "", 0) ||
	    ((w->steps & STEP_NR_EOH) == 0 && wire_reply(w) != 'c'))
		return false;
	if ((w->steps & STEP_NOBODY) != 0)
		return true;
	for (at = 0; at < l->m.body_len; at += n) {
		n = l->m.body_len - at;
		n = n > BODY_CHUNK ? BODY_CHUNK : n;
		if (!wire_packet(w, 'B', l->m.body + at, n) ||
		    ((w->steps & STEP_NR_BODY) == 0 && wire_reply(w) != 'c'))
			return false;
	}
	return true;
}

/* The final answer of one message; 0: connection lost. */
static char
message(struct wire *w, const struct load *l, const char *login)
{
	char answer = 0;

	if (!envelope(w, l, login, &answer) || answer != 'c')
		return answer;
	if (!content(w, l) || !wire_packet(w, 'E', "", 0))
		return 0;
	answer = wire_reply(w);
	return answer;
}

static void
count(struct worker *wk, char answer)
{
	if (answer == 'c' || answer == 'a')
		wk->accepted++;
	else if (answer == 't')
		wk->deferred++;
	else if (answer == 'r')
		wk->rejected++;
	else
		wk->broken++;
}

static void *
work(void *arg)
{
	struct worker		*wk = arg;
	const struct load	*l = wk->load;
	struct wire		*w = calloc(1, sizeof(*w));
	unsigned		 done = 0, i;
	double			 began;
	char			 login[320];

	while (w != NULL && done < wk->count) {
		w->cut = -1;
		if (l->rude)
			w->cut = (int)(rand_r(&wk->seed) % 24u);
		if (!wire_dial(w, l->host, l->port) || !open_session(w, l)) {
			if (!l->rude)
				wk->broken++;
			close(w->fd);
			done++;
			continue;
		}
		for (i = 0; i < l->per_session && done < wk->count; i++) {
			began = seconds(CLOCK_MONOTONIC);
			count(wk, message(w, l, login_of(wk, done, login,
			    sizeof(login))));
			wk->latency[done++] = seconds(CLOCK_MONOTONIC) - began;
			wire_packet(w, 'A', "", 0);
		}
		if (!l->rude)
			wire_packet(w, 'Q', "", 0);
		wire_flush(w);
		close(w->fd);
	}
	free(w);
	return NULL;
}

/* --- figures ------------------------------------------------------------ */

static int
by_value(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return d < 0 ? -1 : d > 0;
}

static int
report(struct worker *wk, const struct load *l, double took)
{
	unsigned	 i, n = 0, accepted = 0, deferred = 0, rejected = 0;
	unsigned	 broken = 0;
	double		*all = calloc(l->messages + l->sessions, sizeof(*all));

	for (i = 0; all != NULL && i < l->sessions; i++) {
		memcpy(all + n, wk[i].latency, wk[i].count * sizeof(*all));
		n += wk[i].count;
		accepted += wk[i].accepted;
		deferred += wk[i].deferred;
		rejected += wk[i].rejected;
		broken += wk[i].broken;
	}
	qsort(all, n, sizeof(*all), by_value);
	if (!l->quiet)
		printf("messages/s %.0f  p50 %.2f ms  p90 %.2f ms  "
		    "p99 %.2f ms  accepted %u deferred %u rejected %u "
		    "broken %u\n", n / took, all[n / 2] * 1e3,
		    all[n * 90 / 100] * 1e3, all[n * 99 / 100] * 1e3, accepted,
		    deferred, rejected, broken);
	free(all);
	return broken == 0 ? 0 : 1;
}

static int
run(struct load *l)
{
	struct worker	*wk = calloc(l->sessions, sizeof(*wk));
	double		 began = seconds(CLOCK_MONOTONIC), took;
	unsigned	 i;
	int		 status;

	for (i = 0; wk != NULL && i < l->sessions; i++) {
		wk[i].load = l;
		wk[i].seed = i + 1;
		wk[i].count = l->messages / l->sessions;
		wk[i].first = i * wk[i].count;
		wk[i].latency = calloc(wk[i].count + 1, sizeof(double));
		pthread_create(&wk[i].thread, NULL, work, &wk[i]);
	}
	for (i = 0; wk != NULL && i < l->sessions; i++)
		pthread_join(wk[i].thread, NULL);
	took = seconds(CLOCK_MONOTONIC) - began;
	status = report(wk, l, took);
	for (i = 0; wk != NULL && i < l->sessions; i++)
		free(wk[i].latency);
	free(wk);
	return status;
}

static int
usage(void)
{
	fputs("usage: mtaload [--host A] [--port P|/PATH] [--client IP]\n"
	    "  [--helo N] [--from PATH] [--rcpt PATH] [--login L]\n"
	    "  [--logins N] [--daemon-port P] [--sessions N] [--messages N]\n"
	    "  [--per-session N] [--rude] MESSAGE\n"
	    "With --logins N, # in the login is a number from 1 to N.\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	static struct load l = { "127.0.0.1", "8899", "192.0.2.1",
	    "out.example.org", "<alice@example.org>", "<bob@example.net>",
	    NULL, "25", 4, 1000, 1, 0, false, false, { NULL } };
	static const struct option options[] = {
		{ "host", 1, NULL, 'h' }, { "port", 1, NULL, 'p' },
		{ "client", 1, NULL, 'c' }, { "helo", 1, NULL, 'e' },
		{ "from", 1, NULL, 'f' }, { "rcpt", 1, NULL, 'r' },
		{ "login", 1, NULL, 'l' }, { "daemon-port", 1, NULL, 'd' },
		{ "sessions", 1, NULL, 's' }, { "messages", 1, NULL, 'm' },
		{ "per-session", 1, NULL, 'n' }, { "logins", 1, NULL, 'L' },
		{ "rude", 0, NULL, 'R' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'h': l.host = optarg; break;
		case 'p': l.port = optarg; break;
		case 'c': l.client = optarg; break;
		case 'e': l.helo = optarg; break;
		case 'f': l.from = optarg; break;
		case 'r': l.rcpt = optarg; break;
		case 'l': l.login = optarg; break;
		case 'd': l.daemon_port = optarg; break;
		case 's': l.sessions = (unsigned)atoi(optarg); break;
		case 'm': l.messages = (unsigned)atoi(optarg); break;
		case 'n': l.per_session = (unsigned)atoi(optarg); break;
		case 'L': l.logins = (unsigned)atoi(optarg); break;
		case 'R': l.rude = true; break;
		default: return usage();
		}
	}
	if (optind + 1 != argc || l.sessions == 0 || l.per_session == 0 ||
	    !message_load(argv[optind], &l.m))
		return usage();
	if (l.rude) {
		l.quiet = true;
		run(&l);
		l.rude = l.quiet = false;
		l.messages = l.sessions;
	}
	return run(&l);
}
