/*
 * bench_spf - SPF checks per second with a warm cache: our evaluation and
 * libspf2 alone, in one thread and in two
 *
 * The record has three includes and about thirty ip4 and ip6 terms; the
 * client matches in the last include. "ours" asks the resolver over a zone
 * text. It has an account and an arena for each check, as in a session, and
 * runs once without and once with prefetch. "libspf2 raw" compiles the
 * published text and asks a table in memory: its cost without our guards. On
 * a machine with other load, compare the CPU times only.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <arpa/nameser.h>

#include <err.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <spf2/spf.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dns/resolver.h"
#include "spf/spf_check.h"
#include "seconds.h"

#define SECONDS	2.0

static const struct {
	const char *name, *text;
} records[] = {
	{ "d.example", "v=spf1 ip4:203.0.113.1 ip4:203.0.113.2 "
	    "ip4:203.0.113.3 ip4:203.0.113.64/26 include:i1.example "
	    "include:i2.example include:i3.example -all" },
	{ "i1.example", "v=spf1 ip4:198.51.100.0/28 ip4:198.51.100.16/28 "
	    "ip4:198.51.100.32/28 ip4:198.51.100.48/28 ip4:198.51.100.64/28 "
	    "ip6:2001:db8:1::/48 ip6:2001:db8:2::/48 ip6:2001:db8:3::/48 "
	    "~all" },
	{ "i2.example", "v=spf1 ip4:198.51.100.80/28 ip4:198.51.100.96/28 "
	    "ip4:198.51.100.112/28 ip4:198.51.100.128/28 "
	    "ip4:198.51.100.144/28 ip6:2001:db8:4::/48 ip6:2001:db8:5::/48 "
	    "ip6:2001:db8:6::/48 ~all" },
	{ "i3.example", "v=spf1 ip4:198.51.100.160/28 ip4:198.51.100.176/28 "
	    "ip4:198.51.100.192/28 ip6:2001:db8:7::/48 ip6:2001:db8:8::/48 "
	    "ip4:192.0.2.0/24 ~all" },
};

#define NRECORDS	(sizeof(records) / sizeof(records[0]))

struct worker {
	pthread_t	 thread;
	void		(*check)(void);
	double		 seconds, cpu;
	unsigned long	 checks;
};

/* --- ours --------------------------------------------------------------- */

static struct resolver *resolver;

static void
make_resolver(void)
{
	struct buf	b = BUF_INIT;
	char		*why;
	size_t		 i;

	for (i = 0; i < NRECORDS; i++)
		buf_printf(&b, "%s TXT \"%s\"\n", records[i].name,
		    records[i].text);
	resolver = resolver_zone_new(b.data, &why);
	if (resolver == NULL)
		errx(1, "%s", why);
	buf_free(&b);
}

static void
check_with(bool prefetch)
{
	static const struct lookup_limits limits = { 5000, 500 };
	struct lookups		*l = lookups_new(resolver, &limits);
	struct arena		*a = arena_new(8192);
	struct spf_question	 q = {
		.client = { NETADDR_IPV4, { 192, 0, 2, 1 } },
		.helo = "mail.example.org", .sender = "user@d.example",
		.receiver = "mx.example.net",
	};
	struct spf_facts	 f;

	if (prefetch)
		spf_prefetch(l, &q, &spf_default_limits);
	spf_check(l, &q, &spf_default_limits, a, &f);
	if (f.result != RESULT_PASS)
		errx(1, "our result is %s: %s", result_name(f.result), f.reason);
	arena_free(&a);
	lookups_free(&l);
}

static void
check_ours(void)
{
	check_with(false);
}

static void
check_prefetched(void)
{
	check_with(true);
}

/* --- libspf2 raw --------------------------------------------------------- */

static SPF_server_t *raw_server;

static SPF_dns_rr_t *
raw_lookup(SPF_dns_server_t *layer, const char *name, ns_type type, int cache)
{
	SPF_dns_rr_t	*rr;
	size_t		 i;

	(void)cache;
	for (i = 0; i < NRECORDS; i++)
		if (type == ns_t_txt &&
		    strcasecmp(name, records[i].name) == 0)
			break;
	rr = SPF_dns_rr_new_init(layer, name, type, 300,
	    i < NRECORDS ? NETDB_SUCCESS : HOST_NOT_FOUND);
	if (rr == NULL)
		errx(1, "out of memory");
	if (i == NRECORDS)
		return rr;
	SPF_dns_rr_buf_realloc(rr, 0, strlen(records[i].text) + 1);
	strcpy(rr->rr[0]->txt, records[i].text);
	rr->num_rr = 1;
	return rr;
}

static void
make_raw_server(void)
{
	static SPF_dns_server_t layer;

	layer.lookup = raw_lookup;
	layer.name = "bench";
	SPF_warning_handler = NULL;
	SPF_info_handler = NULL;
	raw_server = SPF_server_new_dns(&layer, 0);
	if (raw_server == NULL)
		errx(1, "cannot initialize libspf2");
}

static void
check_raw(void)
{
	SPF_request_t	*request = SPF_request_new(raw_server);
	SPF_response_t	*response = NULL;

	SPF_request_set_ipv4_str(request, "192.0.2.1");
	SPF_request_set_helo_dom(request, "mail.example.org");
	SPF_request_set_env_from(request, "user@d.example");
	SPF_request_query_mailfrom(request, &response);
	if (SPF_response_result(response) != SPF_RESULT_PASS)
		errx(1, "the result of libspf2 is %d", SPF_response_result(response));
	SPF_response_free(response);
	SPF_request_free(request);
}

/* --- measuring ----------------------------------------------------------- */

static void *
work(void *arg)
{
	struct worker	*w = arg;
	double		 begin = seconds(CLOCK_MONOTONIC);
	int		 i;

	do {
		for (i = 0; i < 100; i++)
			w->check();
		w->checks += 100;
		w->seconds = seconds(CLOCK_MONOTONIC) - begin;
	} while (w->seconds < SECONDS);
	w->cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static void
measure(const char *name, void (*check)(void), int threads)
{
	struct worker	w[2];
	double		rate = 0, cpu = 0, checks = 0;
	int		i;

	check();
	memset(w, 0, sizeof(w));
	for (i = 0; i < threads; i++) {
		w[i].check = check;
		if (pthread_create(&w[i].thread, NULL, work, &w[i]) != 0)
			errx(1, "cannot start a thread");
	}
	for (i = 0; i < threads; i++) {
		pthread_join(w[i].thread, NULL);
		rate += (double)w[i].checks / w[i].seconds;
		checks += (double)w[i].checks;
		cpu += w[i].cpu;
	}
	printf("spf %-22s %d thread%s %9.0f checks/s %8.2f us of CPU each\n",
	    name, threads, threads > 1 ? "s" : " ", rate, 1e6 * cpu / checks);
	fflush(stdout);
}

int
main(void)
{
	int threads;

	make_resolver();
	make_raw_server();
	for (threads = 1; threads <= 2; threads++) {
		measure("ours", check_ours, threads);
		measure("ours, prefetched", check_prefetched, threads);
		measure("libspf2 raw", check_raw, threads);
	}
	SPF_server_free(raw_server);
	resolver_free(&resolver);
	return 0;
}
