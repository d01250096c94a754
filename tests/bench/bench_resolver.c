/*
 * bench_resolver - the cost of the DNS lookups of one message
 *
 * "warm": lookups_new, six lookups that are in the cache, their waits, and
 * lookups_free, as for an inbound message from a well-known sender.
 * "cold": one lookup of a new name through libunbound, alone and 16 at a time.
 * It is measured only with a name server that answers any TXT question:
 *
 *	bench_resolver 127.0.0.1@5353
 *
 * Each figure is the best of several rounds, since the machine may be shared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dns/resolver.h"

#define ROUNDS		5
#define WARM		100000
#define COLD		2000
#define AT_ONCE		16

static const struct lookup_limits limits = { 5000, 100 };

static double
us_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

struct cost {
	double wall, cpu;	/* microseconds for one round */
};

static void
measure(void (*fn)(struct resolver *, unsigned), struct resolver *r,
    unsigned n, struct cost *best)
{
	double	 wall, cpu;
	int	 round;

	best->wall = best->cpu = 1e12;
	for (round = 0; round < ROUNDS; round++) {
		wall = us_of(CLOCK_MONOTONIC);
		cpu = us_of(CLOCK_PROCESS_CPUTIME_ID);
		fn(r, n);
		wall = (us_of(CLOCK_MONOTONIC) - wall) / n;
		cpu = (us_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) / n;
		best->wall = wall < best->wall ? wall : best->wall;
		best->cpu = cpu < best->cpu ? cpu : best->cpu;
	}
}

static void
warm(struct resolver *r, unsigned n)
{
	static const struct {
		const char *name; enum dns_type type;
	} asked[] = {
		{ "sender.example.org", DNS_TXT },
		{ "_spf.mail.example.org", DNS_TXT },
		{ "s1._domainkey.sender.example.org", DNS_TXT },
		{ "_dmarc.sender.example.org", DNS_TXT },
		{ "_dmarc.example.org", DNS_TXT },
		{ "1.2.0.192.in-addr.arpa", DNS_PTR },
	};
	struct lookup	*p[6];
	struct lookups	*l;
	size_t		 i;

	while (n-- > 0) {
		l = lookups_new(r, &limits);
		for (i = 0; i < 6; i++)
			p[i] = lookups_start(l, asked[i].name, asked[i].type);
		for (i = 0; i < 6; i++)
			if (lookup_wait(p[i])->status == DNS_TEMPFAIL)
				exit(1);
		lookups_free(&l);
	}
}

static void
cold_at_once(struct resolver *r, unsigned n, unsigned at_once)
{
	static unsigned	 number;
	struct lookup	*p[AT_ONCE];
	struct lookups	*l;
	char		 name[64];
	unsigned	 i;

	for (; n > 0; n -= at_once) {
		l = lookups_new(r, &limits);
		for (i = 0; i < at_once; i++) {
			snprintf(name, sizeof(name), "n%u.example.org",
			    number++);
			p[i] = lookups_start(l, name, DNS_TXT);
		}
		for (i = 0; i < at_once; i++)
			if (lookup_wait(p[i])->status == DNS_TEMPFAIL)
				exit(1);
		lookups_free(&l);
	}
}

static void
cold_alone(struct resolver *r, unsigned n)
{
	cold_at_once(r, n, 1);
}

static void
cold_together(struct resolver *r, unsigned n)
{
	cold_at_once(r, n, AT_ONCE);
}

static int
bench_warm(void)
{
	char		*error = NULL;
	struct cost	 c;
	struct resolver	*r = resolver_zone_new(
	    "sender.example.org TXT \"v=spf1 include:_spf.mail.example.org\"\n"
	    "_spf.mail.example.org TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
	    "s1._domainkey.sender.example.org TXT \"v=DKIM1; k=rsa; p=AAAA\"\n"
	    "_dmarc.example.org TXT \"v=DMARC1; p=reject\"\n"
	    "1.2.0.192.in-addr.arpa PTR mail.example.org\n", &error);

	if (r == NULL)
		return 1;
	warm(r, 1);
	measure(warm, r, WARM, &c);
	printf("warm: %.0f ns for a message of 6 lookups\n", c.cpu * 1000);
	resolver_free(&r);
	return 0;
}

static int
bench_cold(const char *server)
{
	const struct resolver_options o = {
		.servers = &server, .nservers = 1
	};
	const char	*why = NULL;
	struct cost	 c;
	struct resolver	*r = resolver_unbound_new(&o, &why);

	if (r == NULL) {
		fprintf(stderr, "bench_resolver: %s\n", why);
		return 1;
	}
	cold_alone(r, 10);
	measure(cold_alone, r, COLD, &c);
	printf("cold: %.0f us, CPU %.0f us\n", c.wall, c.cpu);
	measure(cold_together, r, COLD, &c);
	printf("cold, %d at a time: %.0f us, CPU %.0f us\n",
	    AT_ONCE, c.wall, c.cpu);
	resolver_free(&r);
	return 0;
}

int
main(int argc, char *argv[])
{
	int rc = bench_warm();

	if (rc == 0 && argc > 1)
		rc = bench_cold(argv[1]);
	return rc;
}
