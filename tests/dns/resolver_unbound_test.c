/*
 * resolver_unbound: real questions over the loopback to tests/tools/fakedns.py;
 * the name of a question selects the server's fault
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "dns/resolver_asked_priv.h"
#include "dns/resolver_priv.h"
#include "dns_server.h"

static struct server	 plain;
static struct resolver	*shared;	/* asks `plain`; no timeout so far */

static int
setup(void **state)
{
	(void)state;
	server_start(&plain, "127.0.53.10", NULL);
	shared = resolver_at(plain.address, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	resolver_free(&shared);
	server_stop(&plain);
	return 0;
}

/* Far more than a busy machine needs: only the order of answers matters. */
static const struct lookup_limits limits = { 60000, 100 };

/* The wait for which a test fails: a machine this slow is broken. */
#define SLOWEST	10000	/* ms */
/* Needs 1000 open files; see main. */
#define SILENT_NAMES	240
/* Tries of a claim that a pause of the machine can hide, but never fake. */
#define TRIES	20

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- answers ----------------------------------------------------------- */

#define S(s)	s, sizeof(s) - 1

static const struct {
	const char	*name, *question;
	enum dns_type	 type;
	enum dns_status	 status;
	const char	*why;
	size_t		 n;
	const char	*first;
	size_t		 len;
	uint32_t	 ttl;		/* 0: does not matter */
} cases[] = {
	{ "TXT", "a.test", DNS_TXT, DNS_OK, "ok", 1, S("v=spf1 -all"), 60 },
	{ "A", "a.test", DNS_A, DNS_OK, "ok", 1, S("\300\0\2\1"), 60 },
	{ "AAAA", "a.test", DNS_AAAA, DNS_OK, "ok", 1,
	    S("\40\1\r\270\0\0\0\0\0\0\0\0\0\0\0\1"), 60 },
	{ "MX", "a.test", DNS_MX, DNS_OK, "ok", 1,
	    S("mail.example.org"), 60 },
	{ "PTR", "7.2.0.192.in-addr.arpa", DNS_PTR, DNS_OK, "ok", 1,
	    S("mail.example.org"), 60 },
	{ "an odd name is dropped", "x-odd.test", DNS_PTR, DNS_OK, "ok", 1,
	    S("mail.example.org"), 60 },
	{ "its MX too", "x-odd.test", DNS_MX, DNS_OK, "ok", 1,
	    S("mail.example.org"), 60 },
	{ "strings are joined", "x-multi.test", DNS_TXT, DNS_OK, "ok", 1,
	    S("onetwo"), 60 },
	{ "NUL", "x-nul.test", DNS_TXT, DNS_OK, "ok", 1, S("a\0b"), 60 },
	{ "more records than we take", "x-many.test", DNS_A, DNS_OK, "ok",
	    RESOLVER_MAX_RR, S("\300\0\2\1"), 60 },
	{ "truncated, then TCP", "x-tc.test", DNS_TXT, DNS_OK, "ok", 1,
	    S("v=spf1 -all"), 60 },
	{ "aliases", "x-cname-4.test", DNS_TXT, DNS_OK, "ok", 1,
	    S("v=spf1 -all"), 60 },
	{ "an alias of itself", "x-loop.test", DNS_TXT, DNS_TEMPFAIL,
	    "servfail", 0, NULL, 0, 0 },
	{ "TTL", "x-ttl-1234.test", DNS_TXT, DNS_OK, "ok", 1,
	    S("v=spf1 -all"), 1234 },
	{ "denied, SOA says how long", "x-soa-77.test", DNS_TXT, DNS_NODATA,
	    "nodata", 0, NULL, 0, 77 },
	{ "no such name, SOA", "x-nx.x-soa-78.test", DNS_TXT, DNS_NXDOMAIN,
	    "nxdomain", 0, NULL, 0, 78 },
	{ "denied without SOA", "x-nodata.test", DNS_TXT, DNS_NODATA,
	    "nodata", 0, NULL, 0, 60 },
	{ "no such name", "x-nx.test", DNS_TXT, DNS_NXDOMAIN, "nxdomain",
	    0, NULL, 0, 60 },
	{ "SERVFAIL", "x-servfail.test", DNS_TXT, DNS_TEMPFAIL, "servfail",
	    0, NULL, 0, 0 },
	{ "REFUSED", "x-refused.test", DNS_TXT, DNS_TEMPFAIL, "servfail",
	    0, NULL, 0, 0 },
	{ "FORMERR", "x-formerr.test", DNS_TXT, DNS_TEMPFAIL, "servfail",
	    0, NULL, 0, 0 },
	{ "NOTIMP", "x-notimp.test", DNS_TXT, DNS_TEMPFAIL, "servfail",
	    0, NULL, 0, 0 },
	{ "slow", "x-slow-150.test", DNS_TXT, DNS_OK, "ok", 1,
	    S("v=spf1 -all"), 60 },
	{ "blanks, escapes, high octets", "A b\\c\"d;\xff@#.x-echo.test",
	    DNS_TXT, DNS_OK, "ok", 1, S("a b\\c\"d;\xff@#"), 60 },
	{ "no legal name", "a..test", DNS_TXT, DNS_BADNAME, "badname",
	    0, NULL, 0, 0 },
};

static void
case_holds(size_t i, const struct dns_answer *a)
{
	if (a->status != cases[i].status || a->n != cases[i].n ||
	    strcmp(a->why, cases[i].why) != 0 || a->secure)
		row_fail(cases[i].name, "status %d n %zu why %s secure %d",
		    a->status, a->n, a->why, a->secure);
	if (a->n > 0 && (a->rr[0].len != cases[i].len ||
	    memcmp(a->rr[0].data, cases[i].first, a->rr[0].len + 1) != 0))
		row_fail(cases[i].name, "first record: len %zu \"%s\"",
		    a->rr[0].len, a->rr[0].data);
	/* the library counts whole seconds, and the machine may be busy */
	if (cases[i].ttl != 0 &&
	    (a->ttl > cases[i].ttl || a->ttl + 10 < cases[i].ttl))
		row_fail(cases[i].name, "TTL %u", a->ttl);
}

static void
answers(void **state)
{
	struct lookups	*l = lookups_new(shared, &limits);
	struct lookup	*p[NELEM(cases)];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		p[i] = lookups_start(l, cases[i].question, cases[i].type);
	for (i = 0; i < NELEM(cases); i++)
		case_holds(i, lookup_wait(p[i]));
	lookups_free(&l);
}

static void
sixty_kilobytes(void **state)
{
	struct lookups		*l = lookups_new(shared, &limits);
	const struct dns_answer	*a = lookups_ask(l, "x-big.test", DNS_TXT);

	(void)state;
	assert_int_equal(a->status, DNS_OK);
	assert_int_equal(a->rr[0].len, 60000);
	assert_int_equal(strspn(a->rr[0].data, "x"), 60000);
	lookups_free(&l);
}

/*
 * Names that libunbound would answer itself: the special names, private and
 * documentation networks. The server has an address for each.
 */
static const char *const local_names[] = {
	"localhost", "a.localhost", "x.test", "x.invalid", "x.onion",
	"x.home.arpa", "1.0.0.127.in-addr.arpa", "1.0.0.10.in-addr.arpa",
	"1.0.168.192.in-addr.arpa", "1.0.16.172.in-addr.arpa",
	"1.0.254.169.in-addr.arpa", "1.0.64.100.in-addr.arpa",
	"1.2.0.192.in-addr.arpa", "1.100.51.198.in-addr.arpa",
	"1.113.0.203.in-addr.arpa", "0.0.0.0.in-addr.arpa",
	"255.255.255.255.in-addr.arpa", "x.d.f.ip6.arpa", "x.8.e.f.ip6.arpa",
	"1.8.b.d.0.1.0.0.2.ip6.arpa",
	("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "ip6.arpa"),
};

static void
no_name_is_answered_without_asking(void **state)
{
	struct lookups	*l = lookups_new(shared, &limits);
	const struct dns_answer	*a;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(local_names); i++) {
		a = lookups_ask(l, local_names[i], DNS_PTR);
		if (a->status != DNS_OK || a->n != 1 ||
		    strcmp(a->rr[0].data, "mail.example.org") != 0)
			row_fail(local_names[i], "status %d", a->status);
	}
	lookups_free(&l);
}

/* --- silence ---------------------------------------------------------- */

/* The library itself gives up on a silent name after many seconds. */
static void
a_silent_name_holds_up_no_other(void **state)
{
	struct resolver		*r = resolver_at(plain.address, NULL);
	struct lookups		*l = lookups_new(r, &limits);
	struct lookup		*silent, *wrong;
	struct resolver_stats	 st;

	(void)state;
	silent = lookups_start(l, "x-drop.test", DNS_TXT);
	wrong = lookups_start(l, "x-wrongid.test", DNS_TXT);
	assert_int_equal(lookups_ask(l, "good.test", DNS_TXT)->status,
	    DNS_OK);
	assert_null(lookup_peek(silent));
	assert_null(lookup_peek(wrong));
	resolver_stats(r, &st);
	assert_int_equal(st.failing, 0);
	lookups_free(&l);
	resolver_free(&r);
}

/*
 * A deadline cannot be tested without a clock. The upper bound allows for a
 * busy machine, and is far below the library's own patience.
 */
static void
silence_ends_at_the_deadline(void **state)
{
	static const char *const	 names[] = { "x-drop.test",
					    "x-wrongid.test" };
	const struct lookup_limits	 brief = { 400, 100 };
	struct resolver			*r = resolver_at(plain.address, NULL);
	struct lookups			*l;
	const struct dns_answer		*a;
	struct resolver_stats		 st;
	uint64_t			 begin;
	size_t				 i;

	(void)state;
	/* its usual clock advances in ticks, which may come late */
	resolver_set_clock(r, monotonic_ms);
	for (i = 0; i < NELEM(names); i++) {
		l = lookups_new(r, &brief);
		begin = now_ms();
		a = lookups_ask(l, names[i], DNS_TXT);
		assert_in_range(now_ms() - begin, 400 - 20, SLOWEST);
		assert_int_equal(a->status, DNS_TEMPFAIL);
		assert_string_equal(a->why, "timeout");
		lookups_free(&l);
		resolver_stats(r, &st);
		assert_int_equal(st.failing, i + 1);
	}
	/* both are still asked for, and are not waited for */
	begin = now_ms();
	resolver_free(&r);
	assert_in_range(now_ms() - begin, 0, SLOWEST);
}

static void
a_cut_answer_is_none(void **state)
{
	const struct lookup_limits	 brief = { 400, 100 };
	struct resolver			*r = resolver_at(plain.address, NULL);
	struct lookups			*l = lookups_new(r, &brief);

	(void)state;
	assert_int_equal(lookups_ask(l, "x-short.test", DNS_TXT)->status,
	    DNS_TEMPFAIL);
	lookups_free(&l);
	resolver_free(&r);
}

/*
 * A silent name gives its socket back when it is asked again, after a second
 * or more. With the library's default of 16 sockets, the good name would be
 * sent after 14 s. Now it is sent at once, and has 10 s.
 */
static void
many_silent_names_hold_up_no_other(void **state)
{
	const struct lookup_limits	 brief = { SLOWEST, 300 };
	struct resolver			*r = resolver_at(plain.address, NULL);
	struct lookups			*l = lookups_new(r, &brief);
	struct resolver_stats		 st;
	char				 name[32];
	int				 i;

	(void)state;
	resolver_stats(r, &st);
	if (st.pending_max <= SILENT_NAMES) {	/* too few open files */
		lookups_free(&l);
		resolver_free(&r);
		skip();
	}
	for (i = 0; i < SILENT_NAMES; i++) {
		snprintf(name, sizeof(name), "n%d.x-drop.test", i);
		lookups_start(l, name, DNS_TXT);
	}
	assert_int_equal(lookups_ask(l, "good.test", DNS_TXT)->status,
	    DNS_OK);
	lookups_free(&l);
	resolver_free(&r);
}

/* --- closed ports ------------------------------------------------------ */

#define CLOSED	"127.0.53.11@9"

static struct resolver *
resolver_of_two(const char *one, const char *two)
{
	const char		*why = NULL;
	const char *const	 servers[] = { one, two };
	const struct resolver_options options = {
		.servers = servers, .nservers = 2
	};
	struct resolver		*r = resolver_unbound_new(&options, &why);

	if (r == NULL)
		fail_msg("no resolver: %s", why);
	return r;
}

/*
 * libunbound takes 11 s for one name, ignores the kernel's report, and has
 * another word for it.
 */
static void
closed_ports_are_an_answer(void **state)
{
	struct resolver		*r = resolver_of_two(CLOSED, "127.0.53.11@10");
	struct lookups		*l = lookups_new(r, &limits);
	struct lookup		*p[40];
	char			 name[32];
	const struct dns_answer	*a;
	struct resolver_stats	 st;
	uint64_t		 begin = now_ms();
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(p); i++) {
		snprintf(name, sizeof(name), "n%zu.test", i);
		p[i] = lookups_start(l, name, DNS_A);
	}
	for (i = 0; i < NELEM(p); i++) {
		a = lookup_wait(p[i]);
		assert_int_equal(a->status, DNS_TEMPFAIL);
		assert_string_equal(a->why, "unreachable");
	}
	resolver_stats(r, &st);
	assert_int_equal(st.failing, NELEM(p));
	/* not before a server that is just being restarted can answer */
	assert_in_range(now_ms() - begin, (1 + PROBE_ROUNDS) * PROBE_MS,
	    SLOWEST);
	lookups_free(&l);
	/* while libunbound still asks for the names above */
	l = lookups_new(r, &limits);
	begin = now_ms();
	a = lookups_ask(l, "later.test", DNS_A);
	assert_string_equal(a->why, "unreachable");
	assert_in_range(now_ms() - begin, 0, SLOWEST);
	lookups_free(&l);
	resolver_free(&r);
}

/* One closed port and one good server: every name is answered. */
static void
a_closed_port_beside_a_good_server(void **state)
{
	struct resolver	*r = resolver_of_two(CLOSED, plain.address);
	struct lookups	*l = lookups_new(r, &limits);
	struct lookup	*p[40];
	char		 name[32];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(p); i++) {
		snprintf(name, sizeof(name), "n%zu.test", i);
		p[i] = lookups_start(l, name, DNS_TXT);
	}
	for (i = 0; i < NELEM(p); i++)
		if (lookup_wait(p[i])->status != DNS_OK)
			fail_msg("name %zu: %s", i, lookup_wait(p[i])->why);
	/* each name may meet the closed port first, all at the same time */
	assert_in_range(lookups_waited_ms(l), 0, SLOWEST);
	lookups_free(&l);
	resolver_free(&r);
}

/* A socket of a name server that does not answer; *at is its address. */
static int
silent_server(uint16_t port, char at[64])
{
	struct sockaddr_in	in = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(0x7f00350c) };
	socklen_t		len = sizeof(in);
	int			fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	snprintf(at, 64, "127.0.53.12@%u", ntohs(in.sin_port));
	return fd;
}

/* A silent server may answer yet: the deadline decides, as without checks. */
static void
a_closed_port_beside_a_silent_server(void **state)
{
	const struct lookup_limits	 brief = { 2500, 100 };
	char				 at[64];
	int				 fd = silent_server(0, at);
	struct resolver			*r = resolver_of_two(CLOSED, at);
	struct lookups			*l = lookups_new(r, &brief);

	(void)state;
	assert_string_equal(lookups_ask(l, "a.test", DNS_A)->why, "timeout");
	lookups_free(&l);
	resolver_free(&r);
	close(fd);
}

static void
count_failure(struct query *q)
{
	(*(unsigned *)(void *)q)++;
}

/*
 * The port is closed during one check, as during a restart of the server. We
 * make the checks ourselves: the real ones are PROBE_MS apart, and a busy
 * machine could close the port for two of them.
 */
static void
a_restart_of_the_server_fails_nothing(void **state)
{
	char				 at[64];
	const char *const		 servers[] = { at };
	const struct resolver_options	 o = { .servers = servers,
					    .nservers = 1 };
	int				 fd = silent_server(0, at);
	struct asked_list		*l = asked_new(&o, 1);
	unsigned			 failed = 0;
	struct asked			*e = asked_add(l, (void *)&failed);
	int				 i;

	(void)state;
	close(fd);
	usleep(PROBE_MS * 1000);	/* the question is old enough */
	asked_check(l, count_failure);
	fd = silent_server((uint16_t)atoi(strchr(at, '@') + 1), at);
	for (i = 0; i < 2 + PROBE_ROUNDS; i++)
		asked_check(l, count_failure);
	assert_int_equal(failed, 0);
	/* it is closed for good */
	close(fd);
	for (i = 0; i < 1000 && failed == 0; i++) {
		asked_check(l, count_failure);
		usleep(10000);
	}
	assert_int_equal(failed, 1);
	assert_true(i > PROBE_ROUNDS);
	assert_null(asked_take(e, false));
	asked_free(&l);
}

/* --- threads and processes -------------------------------------------- */

static void
threads_start_with_the_first_question(void **state)
{
	struct resolver	*r = resolver_at(plain.address, NULL);
	struct lookups	*l;
	int		 status;
	bool		 good;
	pid_t		 pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		l = lookups_new(r, &limits);
		good = lookups_ask(l, "f.test", DNS_TXT)->status == DNS_OK;
		lookups_free(&l);
		resolver_free(&r);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	resolver_free(&r);
}

static void
unused_it_ends_as_well(void **state)
{
	struct resolver *r = resolver_at(plain.address, NULL);

	(void)state;
	resolver_free(&r);
}

#define THREADS		8
#define MESSAGES	30
#define NAMES		7

struct crowd {
	struct resolver	*r;
	atomic_uint	 good, called;
	unsigned	 number;
};

static void
count_call(void *arg, const struct dns_answer *a)
{
	struct crowd *c = arg;

	if (a != NULL && a->status == DNS_OK)
		atomic_fetch_add(&c->called, 1);
}

static void
one_message(struct crowd *c, unsigned message)
{
	/* never cached, for a moment, for the whole test */
	static const unsigned ttl[] = { 0, 1, 600 };
	struct lookups	*l = lookups_new(c->r, &limits);
	struct lookup	*p[NAMES];
	char		 name[64];
	unsigned	 i;

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "n%u.m%u.x-ttl-%u.test", i,
		    message % 10, ttl[i % NELEM(ttl)]);
		p[i] = lookups_start(l, name, DNS_TXT);
		lookup_then(p[i], count_call, c);
	}
	/* some messages end before their answers are there */
	for (i = 0; message % 4 != 3 && i < NAMES; i++)
		if (lookup_wait(p[i])->status == DNS_OK)
			atomic_fetch_add(&c->good, 1);
	lookups_free(&l);
}

static void *
one_of_the_crowd(void *arg)
{
	struct crowd	*c = arg;
	unsigned	 i;

	for (i = 0; i < MESSAGES; i++)
		one_message(c, i);
	return NULL;
}

static void
many_threads_share_it(void **state)
{
	struct crowd		 c = { .r = resolver_at(plain.address, NULL) };
	pthread_t		 thread[THREADS];
	struct resolver_stats	 st;
	unsigned		 waited = 0;
	size_t			 i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
		    one_of_the_crowd, &c), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < MESSAGES; i++)
		waited += i % 4 != 3;
	assert_int_equal(c.good, THREADS * NAMES * waited);
	assert_true(c.called >= c.good);
	resolver_stats(c.r, &st);
	assert_true(st.queries + st.shared + st.cache_hits ==
	    THREADS * MESSAGES * NAMES);
	assert_true(st.cache_hits > 0);
	assert_int_equal(st.timeouts, 0);
	resolver_free(&c.r);
}

/* The queries for one name that two messages ask for three times. */
static unsigned
queries_for_two_messages(int try)
{
	struct lookups	*l = lookups_new(shared, &limits);
	struct lookups	*other = lookups_new(shared, &limits);
	struct lookup	*p, *q;
	unsigned	 before;
	char		 name[2][64];

	snprintf(name[0], sizeof(name[0]), "once%d.x-slow-50.test", try);
	snprintf(name[1], sizeof(name[1]), "ONCE%d.x-slow-50.test.", try);
	/* after the questions of other tests in its queue */
	lookups_ask(l, "first.test", DNS_TXT);
	before = server_queries(&plain);
	p = lookups_start(l, name[0], DNS_TXT);
	q = lookups_start(other, name[1], DNS_TXT);
	assert_int_equal(lookup_wait(p)->status, DNS_OK);
	assert_int_equal(lookup_wait(q)->status, DNS_OK);
	lookups_free(&other);
	lookups_ask(l, name[0], DNS_TXT);
	lookups_free(&l);
	return server_queries(&plain) - before;
}

/*
 * Two messages with one question send one query. On a busy machine the library
 * may repeat it after a second; a query too many in the code is in each try.
 */
static void
the_server_is_asked_once(void **state)
{
	unsigned	n = 0;
	int		i;

	(void)state;
	for (i = 0; i < TRIES && n != 1; i++)
		n = queries_for_two_messages(i);
	assert_int_equal(n, 1);
}

/* The queries for a slow name, by a resolver that has only quick answers. */
static unsigned
queries_for_a_slow_name(void)
{
	struct resolver	*r = resolver_at(plain.address, NULL);
	struct lookups	*l = lookups_new(r, &limits);
	unsigned	 before;

	lookups_ask(l, "quick.test", DNS_TXT);
	before = server_queries(&plain);
	assert_int_equal(lookups_ask(l, "x-slow-300.test", DNS_TXT)->status,
	    DNS_OK);
	lookups_free(&l);
	resolver_free(&r);
	return server_queries(&plain) - before;
}

/*
 * With its default of 50 ms, libunbound would drop the answer and send three
 * queries more in each try.
 */
static void
a_slow_answer_is_waited_for(void **state)
{
	unsigned	n = 0;
	int		i;

	(void)state;
	for (i = 0; i < TRIES && n != 1; i++)
		n = queries_for_a_slow_name();
	assert_int_equal(n, 1);
}

/* The number of open files limits the pending questions. */
static void
allow_files(rlim_t n)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < n) {
		files.rlim_cur = n < files.rlim_max ? n : files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* must be first: later this process has threads */
		cmocka_unit_test(threads_start_with_the_first_question),
		cmocka_unit_test(answers),
		cmocka_unit_test(sixty_kilobytes),
		cmocka_unit_test(no_name_is_answered_without_asking),
		cmocka_unit_test(a_silent_name_holds_up_no_other),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(a_cut_answer_is_none),
		cmocka_unit_test(many_silent_names_hold_up_no_other),
		cmocka_unit_test(closed_ports_are_an_answer),
		cmocka_unit_test(a_closed_port_beside_a_good_server),
		cmocka_unit_test(a_closed_port_beside_a_silent_server),
		cmocka_unit_test(a_restart_of_the_server_fails_nothing),
		cmocka_unit_test(unused_it_ends_as_well),
		cmocka_unit_test(many_threads_share_it),
		cmocka_unit_test(the_server_is_asked_once),
		cmocka_unit_test(a_slow_answer_is_waited_for),
	};

	allow_files(4 * (SILENT_NAMES + 10));
	return cmocka_run_group_tests(tests, setup, teardown);
}
