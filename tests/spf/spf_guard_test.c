/*
 * spf_guard: what libspf2 gets to see, and what is made of its answers. Its
 * functions are wrapped by the linker (see Makefile.am), so that each guard of
 * spf_check.c is observed directly, without the damage when it is missing.
 */
#include "test.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <arpa/nameser.h>

#include <netdb.h>

#include <spf2/spf.h>

#include "base/buf.h"
#include "spf_test.h"

SPF_server_t	*__real_SPF_server_new_dns(SPF_dns_server_t *, int);
SPF_server_t	*__wrap_SPF_server_new_dns(SPF_dns_server_t *, int);
void		 __real_SPF_server_free(SPF_server_t *);
void		 __wrap_SPF_server_free(SPF_server_t *);
void		 __real_SPF_request_free(SPF_request_t *);
void		 __wrap_SPF_request_free(SPF_request_t *);
void		 __real_SPF_response_free(SPF_response_t *);
void		 __wrap_SPF_response_free(SPF_response_t *);
SPF_errcode_t	 __real_SPF_record_compile(SPF_server_t *, SPF_response_t *,
		    SPF_record_t **, const char *);
SPF_errcode_t	 __wrap_SPF_record_compile(SPF_server_t *, SPF_response_t *,
		    SPF_record_t **, const char *);
SPF_errcode_t	 __real_SPF_request_query_mailfrom(SPF_request_t *,
		    SPF_response_t **);
SPF_errcode_t	 __wrap_SPF_request_query_mailfrom(SPF_request_t *,
		    SPF_response_t **);
SPF_result_t	 __real_SPF_response_result(SPF_response_t *);
SPF_result_t	 __wrap_SPF_response_result(SPF_response_t *);

static struct {
	SPF_dns_lookup_t lookup;	/* of spf_check.c */
	const SPF_server_t *server;
	unsigned	 servers, requests, responses;	/* made, not freed */
	unsigned	 compiled;
	int		 last_answer;
	bool		 foreign_text, long_text, loopback, limited, explains;
	bool		 bad_answer, foreign_name;
	bool		 own_handlers;
	bool		 refuse, no_result;	/* what the library is to do */
	bool		 probe, again, again_refused;
	unsigned	 probed;	/* foreign names that got an answer */
} seen;

/* --- what the library is given -------------------------------------------- */

static bool
is_token(const char *name)
{
	size_t n;

	if (*name != 't')
		return false;
	n = strspn(name + 1, "0123456789");
	return n > 0 && strcmp(name + 1 + n, ".x") == 0;
}

/* One term of a generated record. */
static bool
is_generated(const char *term)
{
	static const char *const words[] = { "a:", "mx:", "exists:",
	    "include:", "redirect=" };
	char	text[64];
	size_t	i;

	if (strchr("+-~?", *term) != NULL)
		term++;
	if (strcmp(term, "all") == 0)
		return true;
	snprintf(text, sizeof(text), "%s", term);
	text[strcspn(text, "/")] = '\0';
	for (i = 0; i < NELEM(words); i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return is_token(text + strlen(words[i]));
	return false;
}

SPF_errcode_t
__wrap_SPF_record_compile(SPF_server_t *server, SPF_response_t *response,
    SPF_record_t **record, const char *text)
{
	char copy[1024], *word, *rest = NULL;

	seen.compiled++;
	if (strlen(text) > 511)
		seen.long_text = true;
	snprintf(copy, sizeof(copy), "%s", text);
	word = strtok_r(copy, " ", &rest);
	if (word == NULL || strcmp(word, "v=spf1") != 0)
		seen.foreign_text = true;
	while ((word = strtok_r(NULL, " ", &rest)) != NULL)
		if (!is_generated(word))
			seen.foreign_text = true;
	if (seen.refuse)
		return SPF_E_SYNTAX;
	return __real_SPF_record_compile(server, response, record, text);
}

static bool
is_loopback(const SPF_request_t *r)
{
	return r->client_ver == AF_INET ?
	    (ntohl(r->ipv4.s_addr) >> 24) == 127 :
	    IN6_IS_ADDR_LOOPBACK(&r->ipv6);
}

/* As if the library went on after our verdict. */
static void
ask_again(SPF_request_t *request, SPF_response_t *response)
{
	SPF_record_t	*record = NULL;
	const char	*domain = request->cur_dom;

	request->cur_dom = "t0.x";
	seen.again_refused = seen.server->resolver->get_spf(
	    request->spf_server, request, response, &record) !=
	    SPF_E_SUCCESS && record == NULL;
	request->cur_dom = domain;
}

SPF_errcode_t
__wrap_SPF_request_query_mailfrom(SPF_request_t *request,
    SPF_response_t **response)
{
	SPF_errcode_t error;

	seen.loopback = is_loopback(request);
	seen.explains = seen.server->explanation != NULL;
	seen.limited = seen.server->max_dns_mech < 1000 ||
	    seen.server->max_dns_ptr < 1000 || seen.server->max_dns_mx < 1000;
	seen.foreign_name = strstr(request->env_from, "t0.x") == NULL ||
	    request->helo_dom != NULL;
	seen.own_handlers = SPF_error_handler != SPF_error_stdio &&
	    SPF_warning_handler == NULL && SPF_info_handler == NULL &&
	    SPF_debug_handler == NULL;
	seen.requests++;
	error = __real_SPF_request_query_mailfrom(request, response);
	if (*response != NULL)
		seen.responses++;
	if (seen.again)
		ask_again(request, *response);
	return error;
}

SPF_result_t
__wrap_SPF_response_result(SPF_response_t *response)
{
	return seen.no_result ? SPF_RESULT_INVALID :
	    __real_SPF_response_result(response);
}

/* --- what its questions get ------------------------------------------------ */

/* libspf2 aborts without an answer, and leaks a success without a record. */
static SPF_dns_rr_t *
watch_lookup(SPF_dns_server_t *layer, const char *name, ns_type type,
    int should_cache)
{
	SPF_dns_rr_t *rr = seen.lookup(layer, name, type, should_cache);

	seen.last_answer = rr != NULL ? rr->herrno : NETDB_INTERNAL;
	if (rr == NULL || (rr->herrno == NETDB_SUCCESS && rr->num_rr == 0))
		seen.bad_answer = true;
	return rr;
}

/* A name that was not generated must not become a question. */
static void
probe_names(SPF_dns_server_t *layer)
{
	static const char *const names[] = { "d.example", "t1.x.example",
	    "t0.y", "x0.x", "t99.x", "t18446744073709551615.x", "t", "" };
	SPF_dns_rr_t	*rr;
	size_t		 i;

	for (i = 0; i < NELEM(names); i++) {
		rr = seen.lookup(layer, names[i], ns_t_a, 0);
		if (rr == NULL || rr->herrno != TRY_AGAIN)
			seen.probed++;
		SPF_dns_rr_free(rr);
	}
}

SPF_server_t *
__wrap_SPF_server_new_dns(SPF_dns_server_t *layer, int debug)
{
	seen.lookup = layer->lookup;
	layer->lookup = watch_lookup;
	if (seen.probe)
		probe_names(layer);
	seen.servers++;
	seen.server = __real_SPF_server_new_dns(layer, debug);
	return (SPF_server_t *)(uintptr_t)seen.server;
}

void
__wrap_SPF_server_free(SPF_server_t *server)
{
	seen.servers--;
	__real_SPF_server_free(server);
}

void
__wrap_SPF_request_free(SPF_request_t *request)
{
	seen.requests--;
	__real_SPF_request_free(request);
}

void
__wrap_SPF_response_free(SPF_response_t *response)
{
	seen.responses--;
	__real_SPF_response_free(response);
}

/* --- the tests ------------------------------------------------------------- */

static char	reason[200];	/* of the last check */

static void
check(const char *records, const char *client, struct spf_facts *f)
{
	struct spf_question	 q = question(client, "u@d.example");
	struct resolver		*r = zone(records);
	struct arena		*a = arena_new(4096);

	run(r, &q, &spf_default_limits, false, a, f);
	if (seen.servers + seen.requests + seen.responses != 0)
		fail_msg("not freed: %u %u %u", seen.servers, seen.requests,
		    seen.responses);
	snprintf(reason, sizeof(reason), "%s", f->reason);
	/* strings of the arena go with it */
	f->reason = f->explanation = f->domain = NULL;
	arena_free(&a);
	resolver_free(&r);
}

#define REST	"n.d.example TXT \"v=spf1 -all\"\n"			\
		"m.d.example MX 10 h.d.example\nh.d.example A 198.51.100.1\n"

#define MORE	REST "d.example A 198.51.100.2\nd.example MX 10 h.d.example\n" \
		"m.d.example A 198.51.100.3\n"

static const struct {
	const char	*name, *client, *records;
	enum result	 want;
} rows[] = {
	{ "every kind of term", "192.0.2.1", "d.example TXT \"v=spf1 a mx "
	    "a:m.d.example/24//64 mx:m.d.example ptr exists:%{i}.d.example "
	    "include:n.d.example ip4:192.0.2.0/30 redirect=n.d.example "
	    "exp=e.d.example x=%{s}\"\n" MORE, RESULT_PASS },
	{ "a redirect", "198.51.100.9", "d.example TXT \"v=spf1 "
	    "include:n.d.example redirect=n.d.example\"\n" REST, RESULT_FAIL },
	{ "a thousand networks", "198.51.100.9", NULL, RESULT_FAIL },
	{ "loopback", "127.0.0.1", "d.example TXT \"v=spf1 a:h.d.example "
	    "-all\"\n" REST, RESULT_FAIL },
	{ "loopback that is permitted", "127.0.0.1", "d.example TXT "
	    "\"v=spf1 a -all\"\nd.example A 127.0.0.1\n", RESULT_PASS },
	{ "IPv6 loopback", "::1", "d.example TXT \"v=spf1 a -all\"\n"
	    "d.example AAAA 2001:db8::1\n", RESULT_FAIL },
	{ "IPv6 loopback that is permitted", "::1", "d.example TXT "
	    "\"v=spf1 a -all\"\nd.example AAAA ::1\n", RESULT_PASS },
	{ "a name without addresses", "192.0.2.1", "d.example TXT "
	    "\"v=spf1 a:n.d.example -all\"\n" REST, RESULT_FAIL },
	{ "prefix length 0", "192.0.2.1", "d.example TXT "
	    "\"v=spf1 a:h.d.example/0 -all\"\n" REST, RESULT_PASS },
	{ "a fail", "192.0.2.1", "d.example TXT \"v=spf1 -all\"\n",
	    RESULT_FAIL },
};

static void
it_sees_only_generated_text(void **state)
{
	struct spf_facts	 f;
	struct buf		 many = BUF_INIT;
	size_t			 i;

	(void)state;
	buf_addstr(&many, "d.example TXT \"v=spf1");
	for (i = 0; i < 1000; i++)
		buf_printf(&many, " ip4:192.0.%zu.%zu", i / 250, i % 250);
	buf_addstr(&many, " -all\"\n");
	for (i = 0; i < NELEM(rows); i++) {
		memset(&seen, 0, sizeof(seen));
		check(rows[i].records != NULL ? rows[i].records :
		    buf_str(&many), rows[i].client, &f);
		if (f.result != rows[i].want)
			row_fail(rows[i].name, "%s", result_name(f.result));
		if (seen.compiled == 0 || seen.foreign_text || seen.long_text ||
		    seen.foreign_name)
			row_fail(rows[i].name, "the compiler got other text");
		if (seen.loopback)
			row_fail(rows[i].name, "it saw a loopback client");
		if (seen.limited)
			row_fail(rows[i].name, "its own limits apply");
		if (seen.explains)
			row_fail(rows[i].name, "it has an explanation");
		if (!seen.own_handlers)
			row_fail(rows[i].name, "it writes to stderr");
		if (seen.bad_answer)
			row_fail(rows[i].name, "an answer without a record");
	}
	buf_free(&many);
}

static void
foreign_names_are_not_looked_up(void **state)
{
	struct spf_facts f;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.probe = true;
	check(rows[0].records, "192.0.2.1", &f);
	assert_int_equal(seen.probed, 0);
	assert_int_equal(f.result, RESULT_PASS);
}

/* Whatever the library does, it never makes a pass. */
static void
its_own_errors_are_temporary(void **state)
{
	struct spf_facts f;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.refuse = true;
	check(rows[0].records, "192.0.2.1", &f);
	assert_int_equal(f.result, RESULT_TEMPERROR);
	assert_non_null(strstr(reason, "libspf2 refuses"));
	memset(&seen, 0, sizeof(seen));
	seen.no_result = true;
	check(rows[0].records, "192.0.2.1", &f);
	assert_int_equal(f.result, RESULT_TEMPERROR);
}

/* After our own verdict it gets neither a record nor an address. */
static void
a_verdict_stops_it(void **state)
{
	struct spf_facts f;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.again = true;
	check("d.example TXT \"v=spf1 a:f.d.example +all\"\n"
	    "f.d.example SERVFAIL\n", "192.0.2.1", &f);
	assert_int_equal(f.result, RESULT_TEMPERROR);
	assert_int_equal(seen.last_answer, TRY_AGAIN);
	assert_true(seen.again_refused);
	assert_int_equal(seen.compiled, 1);
	memset(&seen, 0, sizeof(seen));
	check("d.example TXT \"v=spf1 include:n.example +all\"\n",
	    "192.0.2.1", &f);
	assert_int_equal(f.result, RESULT_PERMERROR);
	assert_int_equal(seen.compiled, 1);
}

/* RFC 7208 4.6.4: the eleventh include is an error before it is fetched. */
static void
it_gets_no_more_records_than_allowed(void **state)
{
	struct spf_facts	 f;
	struct buf		 text = BUF_INIT;
	int			 i;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	buf_addstr(&text, "d.example TXT \"v=spf1");
	for (i = 0; i < 11; i++)
		buf_printf(&text, " include:i%d.example", i);
	buf_addstr(&text, " +all\"\n");
	for (i = 0; i < 11; i++)
		buf_printf(&text, "i%d.example TXT \"v=spf1 -all\"\n", i);
	check(buf_str(&text), "192.0.2.1", &f);
	assert_int_equal(f.result, RESULT_PERMERROR);
	assert_int_equal(seen.compiled, 1 + 10);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_sees_only_generated_text),
		cmocka_unit_test(foreign_names_are_not_looked_up),
		cmocka_unit_test(its_own_errors_are_temporary),
		cmocka_unit_test(a_verdict_stops_it),
		cmocka_unit_test(it_gets_no_more_records_than_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
