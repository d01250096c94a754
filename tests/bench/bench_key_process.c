/*
 * bench_key_process - what the key process costs: signatures with a key of this
 * process, and with the same key in a process of its own
 *
 * The two take turns in short rounds, since the machine may be shared. Times go
 * from the call to the result: the wait for a processor and for a channel is in
 * them. A whole message has 4 KB and 8 fields; "both" has a
 * signature by RSA and one by Ed25519. The last line is what no process of its
 * own can save: two datagrams, and two switches between processes.
 */
#define _GNU_SOURCE	/* CPU_SET */
#include <sys/socket.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/key_process.h"
#include "dkim/keyring.h"

#define ROUNDS		40
#define ROUND_MS	50
#define SAMPLES		200000	/* of one way and thread */
#define BODY		4096
#define EXCHANGES	20000	/* without work */
#define ASKED		200	/* octets, about those of a signature */
#define ANSWERED	300
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name, *value;
} fields[] = {
	{ "From", " Alice Example <alice@example.org>" },
	{ "To", " Bob Example <bob@example.net>,\n\tcarol@example.net" },
	{ "Subject", " =?utf-8?Q?A_subject_of_the_usual_length?=" },
	{ "Date", " Mon, 23 Nov 2026 10:00:00 +0000" },
	{ "Message-ID", " <20261123100000.4711@mail.example.org>" },
	{ "In-Reply-To", " <20261122090000.815@mail.example.net>" },
	{ "MIME-Version", " 1.0" },
	{ "Content-Type", " text/plain; charset=\"utf-8\"; format=flowed" },
};

enum way { HERE, THERE, NWAYS };

static struct {
	struct signing_key	 key[NWAYS][2];	/* RSA, Ed25519 */
	char			 body[BODY];
	pid_t			 process;
} b;

/* What a thread signs, and how long each signature took, in nanoseconds. */
struct signer {
	pthread_t	 thread;
	bool		 whole;		/* a message; else a digest */
	const struct signing_key *key[2];
	size_t		 nkeys;
	size_t		 n[NWAYS];
	uint32_t	*ns[NWAYS];
	enum way	 way;
	uint64_t	 until;
};

static void
must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_key_process: %s failed\n", what);
		exit(1);
	}
}

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Of both processes. */
static uint64_t
cpu_ns(void)
{
	clockid_t its;

	must(clock_getcpuclockid(b.process, &its) == 0, "clock_getcpuclockid");
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID) + clock_ns(its);
}

/* --- one signature -------------------------------------------------------- */

static void
sign_digest(const struct signer *s)
{
	struct crypto_job	 job[2];
	const char		*why;
	size_t			 i;

	for (i = 0; i < s->nkeys; i++)
		job[i].key = s->key[i]->pkey;
	must(crypto_sign_all(job, s->nkeys, &why), "crypto_sign_all");
}

static void
sign_message(const struct signer *s)
{
	struct arena		*a = arena_new(16384);
	struct dkim_signer	*d;
	const char		*why;
	size_t			 i;

	d = dkim_signer_new(&sign_default_rules, s->key, s->nkeys, a,
	    time(NULL));
	for (i = 0; i < NELEM(fields); i++)
		dkim_signer_header(d, fields[i].name, fields[i].value);
	dkim_signer_body(d, b.body, sizeof(b.body));
	must(dkim_signer_finish(d, &why) != NULL, "dkim_signer_finish");
	dkim_signer_free(&d);
	arena_free(&a);
}

static void *
sign_round(void *arg)
{
	struct signer	*s = arg;
	uint64_t	 began, now = clock_ns(CLOCK_MONOTONIC);

	while (now < s->until && s->n[s->way] < SAMPLES) {
		began = now;
		if (s->whole)
			sign_message(s);
		else
			sign_digest(s);
		now = clock_ns(CLOCK_MONOTONIC);
		s->ns[s->way][s->n[s->way]++] = (uint32_t)(now - began);
	}
	return NULL;
}

/* --- rounds --------------------------------------------------------------- */

static void
run_round(struct signer *signers, size_t n, enum way way, const bool kind[2])
{
	uint64_t	until = clock_ns(CLOCK_MONOTONIC) +
			    ROUND_MS * 1000000ull;
	struct signer	*s;
	size_t		 i;

	for (s = signers; s < signers + n; s++) {
		s->way = way;
		s->until = until;
		s->nkeys = 0;
		for (i = 0; i < 2; i++)
			if (kind[i])
				s->key[s->nkeys++] = &b.key[way][i];
		must(pthread_create(&s->thread, NULL, sign_round, s) == 0,
		    "pthread_create");
	}
	for (s = signers; s < signers + n; s++)
		pthread_join(s->thread, NULL);
}

static int
by_number(const void *va, const void *vb)
{
	const uint32_t *a = va, *c = vb;

	return (*a > *c) - (*a < *c);
}

/* All times of one way, sorted; the caller frees them. */
static uint32_t *
collect(const struct signer *signers, size_t n, enum way way, size_t *total)
{
	uint32_t	*all = xcalloc(n * SAMPLES, sizeof(*all));
	size_t		 i;

	*total = 0;
	for (i = 0; i < n; i++) {
		memcpy(all + *total, signers[i].ns[way], signers[i].n[way] *
		    sizeof(*all));
		*total += signers[i].n[way];
	}
	must(*total > 0, "the measurement");
	qsort(all, *total, sizeof(*all), by_number);
	return all;
}

static void
print_ways(const struct signer *signers, size_t n, const char *name,
    const uint64_t cpu[NWAYS])
{
	static const unsigned	 part[] = { 500, 900, 990, 999 };
	uint32_t		*all[NWAYS];
	size_t			 total[NWAYS], i;
	double			 us[NWAYS];
	int			 way;

	for (way = 0; way < NWAYS; way++)
		all[way] = collect(signers, n, (enum way)way, &total[way]);
	printf("%-18s %2zu", name, n);
	for (i = 0; i < NELEM(part); i++) {
		for (way = 0; way < NWAYS; way++)
			us[way] = all[way][total[way] * part[i] / 1000] / 1e3;
		printf(" %8.1f%9.1f%+5.0f%%", us[HERE], us[THERE],
		    100 * (us[THERE] / us[HERE] - 1));
	}
	for (way = 0; way < NWAYS; way++)
		us[way] = (double)cpu[way] / (double)total[way] / 1e3;
	printf(" %8.1f%9.1f%+5.0f%% %6.0f%7.0f\n", us[HERE], us[THERE], 100 *
	    (us[THERE] / us[HERE] - 1), (double)total[HERE] * 1e3 / ROUNDS /
	    ROUND_MS, (double)total[THERE] * 1e3 / ROUNDS / ROUND_MS);
	fflush(stdout);
	free(all[HERE]);
	free(all[THERE]);
}

static void
compare(const char *name, size_t n, bool whole, const bool kind[2])
{
	struct signer	*signers = xcalloc(n, sizeof(*signers));
	uint64_t	 cpu[NWAYS] = { 0, 0 }, before;
	size_t		 i;
	int		 round, way;

	for (i = 0; i < n; i++) {
		signers[i].whole = whole;
		for (way = 0; way < NWAYS; way++)
			signers[i].ns[way] = xcalloc(SAMPLES,
			    sizeof(uint32_t));
	}
	for (round = 0; round < ROUNDS; round++)
		for (way = 0; way < NWAYS; way++) {
			before = cpu_ns();
			run_round(signers, n, (enum way)way, kind);
			cpu[way] += cpu_ns() - before;
		}
	print_ways(signers, n, name, cpu);
	for (i = 0; i < n; i++) {
		free(signers[i].ns[HERE]);
		free(signers[i].ns[THERE]);
	}
	free(signers);
}

/* --- the key process ------------------------------------------------------ */

static void
start_process(void)
{
	struct key_channels	ours, theirs;

	must(key_channels_open(&ours, &theirs, 0), "key_channels_open");
	b.process = fork();
	must(b.process != -1, "fork");
	key_channels_close(b.process == 0 ? &ours : &theirs);
	if (b.process == 0)
		_exit(key_process_serve(&theirs, NULL));
	key_process_use(&ours, NULL);
}

static void
set_key(enum way way, int kind, const struct buf *pem)
{
	struct signing_key	*k = &b.key[way][kind];
	const char		*why;

	k->domain = "example.org";
	k->selector = kind == 0 ? "rsa" : "ed";
	k->pkey = crypto_key_parse(pem->data, pem->len, &why);
	must(k->pkey != NULL, "crypto_key_parse");
	k->algorithm = crypto_algorithm(k->pkey);
}

/* The same keys here, and there: asked for after the process is used. */
static void
make_keys(void)
{
	static const enum crypto_type types[] = { CRYPTO_RSA, CRYPTO_ED25519 };
	struct buf	 pem[2] = { BUF_INIT, BUF_INIT };
	struct crypto_key *key;
	const char	*why;
	int		 i;

	for (i = 0; i < 2; i++) {
		key = crypto_key_generate(types[i], 2048, &why);
		must(key != NULL && crypto_key_pem(key, &pem[i]),
		    "crypto_key_generate");
		crypto_key_free(&key);
		set_key(HERE, i, &pem[i]);
	}
	start_process();
	for (i = 0; i < 2; i++) {
		set_key(THERE, i, &pem[i]);
		buf_free(&pem[i]);
	}
}

/* --- an exchange without work --------------------------------------------- */

static void
echo(int fd)
{
	char	data[ANSWERED] = "";
	ssize_t	n = 1;

	while (n > 0 && recv(fd, data, sizeof(data), 0) > 0)
		n = send(fd, data, sizeof(data), MSG_NOSIGNAL);
	_exit(0);
}

/* The median, in microseconds. Both processes stay on this processor. */
static double
bare_exchange(void)
{
	char		 data[ANSWERED] = "";
	uint32_t	*ns = xcalloc(EXCHANGES, sizeof(*ns));
	cpu_set_t	 one;
	uint64_t	 began;
	double		 us;
	int		 fd[2], i;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd) == 0, "socketpair");
	if (fork() == 0) {
		close(fd[0]);
		echo(fd[1]);
	}
	close(fd[1]);
	for (i = 0; i < EXCHANGES; i++) {
		began = clock_ns(CLOCK_MONOTONIC);
		must(send(fd[0], data, ASKED, 0) == ASKED, "send");
		must(recv(fd[0], data, sizeof(data), 0) > 0, "recv");
		ns[i] = (uint32_t)(clock_ns(CLOCK_MONOTONIC) - began);
	}
	close(fd[0]);
	qsort(ns, EXCHANGES, sizeof(*ns), by_number);
	us = ns[EXCHANGES / 2] / 1e3;
	free(ns);
	return us;
}

int
main(void)
{
	static const size_t	threads[] = { 1, 2, 4, 16 };
	static const struct {
		const char	*name;
		bool		 whole, kind[2];
	} kinds[] = {
		{ "digest rsa2048", false, { true, false } },
		{ "digest ed25519", false, { false, true } },
		{ "4 KB rsa2048", true, { true, false } },
		{ "4 KB ed25519", true, { false, true } },
		{ "4 KB both", true, { true, true } },
	};
	size_t			i, t;

	memset(b.body, 'a', sizeof(b.body));
	for (i = 62; i + 1 < sizeof(b.body); i += 64)
		memcpy(b.body + i, "\r\n", 2);
	make_keys();
	printf("microseconds for a signature: here, in the key process, more; "
	    "then signatures a second\n%-18s %2s", "", "th");
	printf(" %23s %23s %23s %23s %23s %13s\n", "p50", "p90", "p99",
	    "p99.9", "CPU", "a second");
	for (i = 0; i < NELEM(kinds); i++)
		for (t = 0; t < NELEM(threads); t++)
			compare(kinds[i].name, threads[t], kinds[i].whole,
			    kinds[i].kind);
	printf("an exchange without work: %.1f us\n", bare_exchange());
	return 0;
}
