/*
 * spf_check - the door to libspf2
 *
 * libspf2 evaluates the records: order, qualifiers, include, redirect, and the
 * comparison of addresses. It is asked about "t0.x", and calls get_spf for the
 * records and lookup for the other names. It never sees a name of the DNS or
 * of the message, and compiles only generated text: published text can crash
 * its compiler and evade its limits. A verdict that it cannot express is
 * decided in spf_eval; all its later questions are answered "try again", which
 * makes it unwind.
 *
 * Its server object costs half a microsecond and holds our hook, so each
 * check has its own: nothing is shared, no thread-local state is needed.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <arpa/nameser.h>

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spf2/spf.h>

#include "base/arena.h"
#include "spf_priv.h"

/* libspf2's own limits are raised out of the way: ours apply first. */
#define NO_LIMIT	1000

struct door {
	SPF_dns_server_t layer;
	struct spf_eval	 ev;
	uint8_t		 mask;		/* see stand_in_mask */
};

/* --- once in a process ------------------------------------------------ */

/* libspf2 calls this when out of memory. Abort, as arena.c does. */
static void __attribute__((noreturn))
give_up(const char *file, int line, const char *message)
{
	fprintf(stderr, "millgate: libspf2: %s (%s:%d)\n", message, file,
	    line);
	abort();
}

/* The default handlers write to stderr; the verdict has all we need. */
static void
set_handlers(void)
{
	SPF_error_handler = give_up;
	SPF_warning_handler = NULL;
	SPF_info_handler = NULL;
	SPF_debug_handler = NULL;
}

/* --- addresses -------------------------------------------------------- */

/*
 * libspf2 lets loopback clients pass without evaluating the record, which RFC
 * 7208 does not allow. One bit is flipped in the client and in every address
 * that it is compared with: the comparison gives the same result, and the
 * client is no longer a loopback address.
 */
static uint8_t
stand_in_mask(const struct netaddr *client)
{
	return netaddr_is_loopback(client) ? 0x80 : 0;
}

static void
set_client(const struct door *d, SPF_request_t *request)
{
	const struct netaddr	*client = &d->ev.values.client;
	struct in_addr		 v4;
	struct in6_addr		 v6;

	if (client->family == NETADDR_IPV4) {
		memcpy(&v4, client->octets, sizeof(v4));
		*(uint8_t *)&v4 ^= d->mask;
		SPF_request_set_ipv4(request, v4);
	} else {
		memcpy(&v6, client->octets, sizeof(v6));
		v6.s6_addr[0] ^= d->mask;
		SPF_request_set_ipv6(request, v6);
	}
}

/* --- answers ---------------------------------------------------------- */

static SPF_dns_rr_t *
rr_new(struct door *d, ns_type type, SPF_dns_stat_t status)
{
	SPF_dns_rr_t *rr;

	rr = SPF_dns_rr_new_init(&d->layer, NULL, type, 0, status);
	if (rr == NULL)
		give_up(__FILE__, __LINE__, "out of memory");
	return rr;
}

static SPF_dns_rr_data_t *
rr_add(SPF_dns_rr_t *rr, size_t size)
{
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, size) != SPF_E_SUCCESS)
		give_up(__FILE__, __LINE__, "out of memory");
	return rr->rr[rr->num_rr++];
}

static void
rr_add_address(const struct door *d, SPF_dns_rr_t *rr, const void *octets)
{
	SPF_dns_rr_data_t	*data = rr_add(rr, sizeof(*data));
	size_t			 len = rr->rr_type == ns_t_aaaa ? 16 : 4;

	memcpy(data, octets, len);
	*(uint8_t *)data ^= d->mask;
}

static void
rr_add_hosts(SPF_dns_rr_t *rr, const struct spf_reply *reply)
{
	char	name[32];
	size_t	i, len;

	for (i = 0; i < reply->n; i++) {
		len = (size_t)snprintf(name, sizeof(name), "t%zu.x",
		    reply->first + i) + 1;
		memcpy(rr_add(rr, len)->mx, name, len);
	}
}

/* libspf2 asks only for names that we generated: "t", an index, ".x". */
static bool
token_number(const struct door *d, const char *name, size_t *n)
{
	char *end;

	if (name[0] != 't')
		return false;
	*n = strtoul(name + 1, &end, 10);
	return strcmp(end, ".x") == 0 && *n < d->ev.ntokens;
}

static void
answer_addresses(const struct door *d, SPF_dns_rr_t *rr,
    const struct dns_answer *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		rr_add_address(d, rr, a->rr[i].data);
}

/* Never NULL: libspf2 would abort. It leaks a success without a record. */
static SPF_dns_rr_t *
lookup(SPF_dns_server_t *layer, const char *name, ns_type type,
    int should_cache)
{
	struct door		*d = layer->hook;
	struct spf_reply	 reply;
	SPF_dns_rr_t		*rr;
	size_t			 n;

	(void)should_cache;
	if (!token_number(d, name, &n))
		return rr_new(d, type, TRY_AGAIN);
	spf_eval_lookup(&d->ev, n, &reply);
	if (reply.kind == REPLY_STOP)
		return rr_new(d, type, TRY_AGAIN);
	if (reply.kind == REPLY_NOTHING)
		return rr_new(d, type, HOST_NOT_FOUND);
	rr = rr_new(d, type, NETDB_SUCCESS);
	if (reply.kind == REPLY_ADDRESSES)
		answer_addresses(d, rr, reply.addresses);
	else if (reply.kind == REPLY_HOSTS)
		rr_add_hosts(rr, &reply);
	else
		rr_add_address(d, rr, d->ev.values.client.octets);
	return rr;
}

static SPF_errcode_t
get_spf(SPF_server_t *server, SPF_request_t *request,
    SPF_response_t *response, SPF_record_t **record)
{
	struct door	*d = server->resolver->hook;
	const char	*text = NULL;
	SPF_errcode_t	 error;
	size_t		 n;

	*record = NULL;
	if (token_number(d, request->cur_dom, &n))
		text = spf_eval_record(&d->ev, n);
	if (text == NULL)
		return SPF_E_DNS_ERROR;
	error = SPF_record_compile(server, response, record, text);
	if (error != SPF_E_SUCCESS)
		spf_decide(&d->ev, RESULT_TEMPERROR, "libspf2 refuses: %s",
		    SPF_strerror(error));
	return error;
}

/* --- one check -------------------------------------------------------- */

static enum result
result_from_libspf2(SPF_result_t r)
{
	switch (r) {
	case SPF_RESULT_PASS:
		return RESULT_PASS;
	case SPF_RESULT_FAIL:
		return RESULT_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return RESULT_SOFTFAIL;
	case SPF_RESULT_NEUTRAL:
		return RESULT_NEUTRAL;
	default:
		/* the others are decided in spf_eval before */
		return RESULT_TEMPERROR;
	}
}

/*
 * libspf2 expands its explanation for each record that does not pass. Without
 * one it uses a fixed text; spf_eval_explanation makes ours.
 */
static void
drop_explanation(SPF_server_t *server)
{
	SPF_macro_free(server->explanation);
	server->explanation = NULL;
}

static enum result
ask_libspf2(struct door *d)
{
	SPF_server_t	*server = SPF_server_new_dns(&d->layer, 0);
	SPF_request_t	*request = server ? SPF_request_new(server) : NULL;
	SPF_response_t	*response = NULL;
	enum result	 result;

	if (request == NULL)
		give_up(__FILE__, __LINE__, "out of memory");
	SPF_server_set_max_dns_mech(server, NO_LIMIT);
	SPF_server_set_max_dns_ptr(server, NO_LIMIT);
	SPF_server_set_max_dns_mx(server, NO_LIMIT);
	drop_explanation(server);
	set_client(d, request);
	SPF_request_set_env_from(request, "t0.x");
	SPF_request_query_mailfrom(request, &response);
	if (response == NULL)
		give_up(__FILE__, __LINE__, "out of memory");
	result = result_from_libspf2(SPF_response_result(response));
	SPF_response_free(response);
	SPF_request_free(request);
	SPF_server_free(server);
	return result;
}

static const char *
spf_reason(enum result r)
{
	switch (r) {
	case RESULT_PASS:
		return "the domain permits this client";
	case RESULT_FAIL:
		return "the domain denies this client";
	case RESULT_SOFTFAIL:
		return "this client is probably not permitted";
	case RESULT_NEUTRAL:
		return "the domain makes no assertion about this client";
	default:
		return "libspf2 reached no verdict";
	}
}

static void
check_through(struct door *d, struct spf_facts *f)
{
	struct spf_eval *ev = &d->ev;

	d->layer.lookup = lookup;
	d->layer.get_spf = get_spf;
	d->layer.name = "millgate";
	d->layer.hook = d;
	d->mask = stand_in_mask(&ev->values.client);
	f->result = ask_libspf2(d);
	f->reason = spf_reason(f->result);
	if (ev->decided) {
		f->result = ev->result;
		f->reason = ev->reason;
	}
	f->terms = ev->terms;
	f->voids = ev->voids;
	if (f->result == RESULT_FAIL)
		f->explanation = spf_eval_explanation(ev);
}

void
spf_check(struct lookups *l, const struct spf_question *q,
    const struct spf_limits *limits, struct arena *arena, struct spf_facts *f)
{
	static pthread_once_t	 once = PTHREAD_ONCE_INIT;
	struct spf_identity	 id;
	struct door		 d;

	pthread_once(&once, set_handlers);
	memset(f, 0, sizeof(*f));
	f->done = true;
	f->result = RESULT_NONE;
	f->reason = "there is no domain name to check";
	if (spf_identity_init(arena, q, &id)) {
		memset(&d.layer, 0, sizeof(d.layer));
		spf_eval_init(&d.ev, &id, l, limits, arena);
		check_through(&d, f);
	}
	f->domain = id.domain;
	f->postmaster = id.postmaster;
}
