/*
 * resolver_unbound: DNSSEC only with a trust anchor, errors in the options, the
 * limit of open files, and the end of libunbound's thread
 */
#include "test.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <stdatomic.h>

#include "dns_server.h"

static const struct lookup_limits limits = { 60000, 100 };

/* --- DNSSEC ----------------------------------------------------------- */

static const struct {
	const char	*name, *question;
	enum dns_status	 status;
	const char	*why;
	bool		 secure;
} signatures[] = {
	{ "signed", "good.signed.test", DNS_OK, "ok", true },
	{ "signed alias", "alias.signed.test", DNS_OK, "ok", true },
	{ "changed", "changed.signed.test", DNS_TEMPFAIL, "bogus", false },
	{ "signature left out", "unsigned.signed.test", DNS_TEMPFAIL,
	    "bogus", false },
	{ "denial without proof", "none.signed.test", DNS_TEMPFAIL,
	    "bogus", false },
	{ "outside of the anchor", "elsewhere.test", DNS_OK, "ok", false },
};

static void
signatures_are_judged(void **state)
{
	struct server		 s;
	struct resolver		*with, *without;
	struct lookups		*l, *m;
	const struct dns_answer	*a;
	char			 anchor[4096];
	size_t			 i;

	(void)state;
	server_start(&s, "127.0.53.12", "signed.zone");
	snprintf(anchor, sizeof(anchor), "%s/tests/data/signed.anchor",
	    from_env("srcdir", ".."));
	with = resolver_at(s.address, anchor);
	without = resolver_at(s.address, NULL);
	l = lookups_new(with, &limits);
	m = lookups_new(without, &limits);
	for (i = 0; i < NELEM(signatures); i++) {
		a = lookups_ask(l, signatures[i].question, DNS_TXT);
		if (a->status != signatures[i].status ||
		    a->secure != signatures[i].secure ||
		    strcmp(a->why, signatures[i].why) != 0)
			row_fail(signatures[i].name, "status %d secure %d %s",
			    a->status, a->secure, a->why);
		/* without an anchor, signatures are ignored */
		a = lookups_ask(m, signatures[i].question, DNS_TXT);
		if (a->status == DNS_TEMPFAIL || a->secure)
			row_fail(signatures[i].name, "unvalidated: %s", a->why);
	}
	lookups_free(&l);
	lookups_free(&m);
	resolver_free(&with);
	resolver_free(&without);
	server_stop(&s);
}

/* --- options ---------------------------------------------------------- */

static const struct {
	const char *name, *server, *anchor, *want;
} mistakes[] = {
	{ "a name as server", "dns.example.org", NULL,
	    "a name server is not an address" },
	{ "no port", "127.0.0.1@", NULL, "a name server is not an address" },
	{ "no such anchor", "127.0.0.1", "/nonexistent", "cannot read the" },
	{ "no anchor in it", "127.0.0.1", "/proc/self/cmdline",
	    "libunbound refuses its options" },
};

/* Each has an error text; the library writes nothing to standard error. */
static void
mistakes_are_named_quietly(void **state)
{
	const char	*why;
	FILE		*err = tmpfile();
	int		 saved = dup(2);
	size_t		 i;

	(void)state;
	assert_non_null(err);
	dup2(fileno(err), 2);
	for (i = 0; i < NELEM(mistakes); i++) {
		const struct resolver_options o = {
			.servers = &mistakes[i].server, .nservers = 1,
			.trust_anchor = mistakes[i].anchor
		};
		why = NULL;
		if (resolver_unbound_new(&o, &why) != NULL || why == NULL ||
		    strncmp(why, mistakes[i].want,
		    strlen(mistakes[i].want)) != 0)
			row_fail(mistakes[i].name, "why: %s", why);
	}
	dup2(saved, 2);
	close(saved);
	fseek(err, 0, SEEK_END);
	assert_int_equal(ftell(err), 0);
	fclose(err);
}

/* --- the limit of questions -------------------------------------------- */

static const struct {
	rlim_t		files;
	uint64_t	pending;
} sizes[] = { { 1024, 256 }, { 128, 64 }, { 16384, 4096 }, { 65536, 4096 } };

static void
open_files_limit_the_questions(void **state)
{
	struct rlimit		 was, now;
	struct resolver_stats	 st;
	struct resolver		*r;
	size_t			 i;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	now = was;
	for (i = 0; i < NELEM(sizes); i++) {
		now.rlim_cur = sizes[i].files;
		if (setrlimit(RLIMIT_NOFILE, &now) != 0)
			continue;	/* above the hard limit */
		r = resolver_at("127.0.0.1@9", NULL);
		resolver_stats(r, &st);
		assert_int_equal(st.pending_max, sizes[i].pending);
		resolver_free(&r);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

/* --- the library's thread ends ------------------------------------------ */

#define FD_END	256

static atomic_uint failures;

static void
on_failure(void *arg)
{
	assert_ptr_equal(arg, &failures);
	atomic_fetch_add(&failures, 1);
}

static bool
is_unix_socket(int fd)
{
	int		domain = 0;
	socklen_t	len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	    domain == AF_UNIX;
}

/* The threads of the library talk over socket pairs. */
static void
break_new_pairs(const bool was[FD_END])
{
	int fd;

	for (fd = 3; fd < FD_END; fd++)
		if (!was[fd] && is_unix_socket(fd))
			shutdown(fd, SHUT_RDWR);
}

static void
the_end_of_the_library_is_reported_once(void **state)
{
	struct server		 s;
	const char		*why = NULL, *servers[1];
	struct resolver_options	 o = { .servers = servers, .nservers = 1,
	    .failed = on_failure, .failed_arg = &failures };
	bool			 was[FD_END];
	struct resolver		*r;
	struct lookups		*l;
	const struct dns_answer	*a;
	int			 fd, tries;

	(void)state;
	signal(SIGPIPE, SIG_IGN);	/* as the daemon does */
	server_start(&s, "127.0.53.13", NULL);
	servers[0] = s.address;
	for (fd = 0; fd < FD_END; fd++)
		was[fd] = is_unix_socket(fd);
	r = resolver_unbound_new(&o, &why);
	assert_non_null(r);
	l = lookups_new(r, &limits);
	assert_int_equal(lookups_ask(l, "a.test", DNS_TXT)->status, DNS_OK);
	assert_int_equal(atomic_load(&failures), 0);
	break_new_pairs(was);
	for (tries = 0; tries < 6000 && atomic_load(&failures) == 0; tries++)
		usleep(10000);
	assert_int_equal(atomic_load(&failures), 1);
	/* answered at once, not at the deadline */
	lookups_free(&l);
	l = lookups_new(r, &limits);
	a = lookups_ask(l, "b.test", DNS_TXT);
	assert_int_equal(a->status, DNS_TEMPFAIL);
	assert_string_equal(a->why, "libunbound has ended");
	assert_int_equal(lookups_waited_ms(l), 0);
	assert_int_equal(atomic_load(&failures), 1);
	lookups_free(&l);
	resolver_free(&r);
	server_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_judged),
		cmocka_unit_test(mistakes_are_named_quietly),
		cmocka_unit_test(open_files_limit_the_questions),
		cmocka_unit_test(the_end_of_the_library_is_reported_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
