/*
 * bench_counting - what it costs to count a message for metrics and the page
 *
 * Several threads count messages as stages_tally.c, stages_observed.c and the
 * calls to the store do: an inbound message with SPF, a reverse name, two DKIM
 * signatures and DMARC, and a submission with three recipients. Printed are
 * nanoseconds of CPU for a message, readings of the clock included. Whatever
 * http-listen and metrics-file are, messages are counted.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/monotonic.h"
#include "session/tallies.h"
#include "session/traffic.h"

#define MESSAGES	1000000u
#define DOMAINS		200u
#define MAX_THREADS	4

static struct tallies	tallies;
static struct traffic	*traffic;
static char		domain[DOMAINS][24];

static struct dkim_signature signatures[2] = {
	{ .algorithm = "rsa-sha256", .result = RESULT_PASS },
	{ .algorithm = "ed25519-sha256", .result = RESULT_PASS },
};

static void
count_inbound(struct facts *f, unsigned n)
{
	uint64_t begun = monotonic_us();

	f->dmarc.author_domain = domain[n % DOMAINS];
	tally_results(&tallies, f);
	traffic_author(traffic, begun / 1000, f->dmarc.author_domain,
	    f->dmarc.result, false);
	histogram_add(&tallies.dns_wait, n % 100000);
	histogram_add(&tallies.crypto[TALLY_VERIFY], n % 1000);
	histogram_add(&tallies.answer[DIRECTION_INBOUND],
	    monotonic_us() - begun);
	traffic_note(traffic, begun / 1000, "eom", ACTION_ACCEPT, NULL);
}

static void
count_store(enum tally_store call)
{
	uint64_t begun = monotonic_us();

	histogram_add(&tallies.store[call], monotonic_us() - begun);
}

static void
count_submission(unsigned n)
{
	uint64_t		 begun = monotonic_us();
	struct counter_row	*plan;
	int			 i;

	count_store(TALLY_SETTINGS);
	for (i = 0; i < 3; i++)
		count_store(TALLY_RESERVE);
	count_store(TALLY_COMMIT);
	plan = counter_set_row(&tallies.plans, "standard");
	counter_add(&plan->cell[TALLY_RECIPIENTS], 3);
	counter_add(&plan->cell[TALLY_MESSAGES], 1);
	counter_add(&tallies.made[TALLY_RSA], 1);
	counter_add(&tallies.made[TALLY_ED25519], 1);
	histogram_add(&tallies.crypto[TALLY_SIGN], n % 1000);
	histogram_add(&tallies.answer[DIRECTION_SUBMISSION],
	    monotonic_us() - begun);
	traffic_note(traffic, begun / 1000, "eom", ACTION_ACCEPT, NULL);
}

static void *
work(void *arg)
{
	const bool	*submits = arg;
	struct facts	 f = {
		.spf_mfrom = { .done = true, .result = RESULT_PASS },
		.spf_helo = { .done = true, .result = RESULT_NONE },
		.iprev = { .done = true, .result = RESULT_PASS },
		.dkim = { .done = true, .n = 2, .sig = signatures },
		.dmarc = { .done = true, .result = RESULT_PASS,
		    .record_domain = "example.org" }
	};
	unsigned	 i;

	for (i = 0; i < MESSAGES; i++)
		if (*submits)
			count_submission(i);
		else
			count_inbound(&f, i);
	return NULL;
}

static double
cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
measure(const char *name, bool submits, unsigned threads)
{
	pthread_t	thread[MAX_THREADS];
	double		begun = cpu_now();
	unsigned	i;

	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, work, &submits) != 0)
			exit(1);
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("%-11s %u threads %8.0f ns CPU a message\n", name, threads,
	    (cpu_now() - begun) * 1e9 / MESSAGES / threads);
}

int
main(void)
{
	static const unsigned	threads[] = { 1, 2, 4 };
	size_t			i;

	for (i = 0; i < DOMAINS; i++)
		snprintf(domain[i], sizeof(domain[i]), "d%zu.example", i);
	tallies_init(&tallies);
	traffic = traffic_new();
	for (i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
		measure("inbound", false, threads[i]);
		measure("submission", true, threads[i]);
	}
	traffic_free(&traffic);
	return 0;
}
