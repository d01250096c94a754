/*
 * resolver_unbound - the door to libunbound
 *
 * The library resolves questions in its own thread; a thread of ours takes
 * the answers and passes them to the resolver. The first question starts
 * both threads, so a program may create its resolver, fork, and ask
 * afterwards. The library gives up on a name after 7 to 40 seconds; messages
 * do not wait that long, because each has a deadline (resolver_lookups.c).
 */
#define _GNU_SOURCE	/* pipe2 */

#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <unbound.h>

#include "base/arena.h"
#include "dns/resolver.h"
#include "dns_wire_priv.h"
#include "resolver_asked_priv.h"
#include "resolver_priv.h"

/* Questions pending in the library, however low the limit of files is. */
#define ASKED_MIN	64u
/* each octet may become \DDD */
#define ESCAPED_MAX	(4 * DNS_NAME_MAX + 1)
#define CLASS_IN	1

struct unbound {
	struct ub_ctx		*ctx;
	pthread_mutex_t		 lock;		/* held while starting */
	atomic_bool		 started;
	pthread_t		 thread;
	int			 stop[2];	/* pipe: end the thread */
	unsigned		 max_asked;
	struct asked_list	*asked;		/* pending questions */
	pid_t			 made_by;	/* creator's process */
	atomic_bool		 failed;	/* the library's thread ended */
	void			(*on_failure)(void *arg);
	void			*on_failure_arg;
};

/* --- options ---------------------------------------------------------- */

/*
 * The library keeps a round-trip time for each server and doubles it with
 * every name that gets no answer. From 12 s on it sends one question and
 * fails all others at once. A forwarder has one entry for all names, so a few
 * silent names make the good ones fail. Measured with 1.17.1, 4 silent names
 * a second on one server, then 12 good ones:
 *
 *	the defaults, or infra-keep-probing		12 of 12 fail
 *	infra-host-ttl 10				5 fail
 *	infra-host-ttl 2, or 1, or 0			none fails
 *
 * (A good answer in between resets the entry in all cases: 40 of 40.) An
 * entry must expire before it has doubled up to 12 s. But when one of two
 * servers is dead, each expiry makes the library try it again: of 60 names
 * 1, 4, 9 and 13 waited 2 s with infra-host-ttl 10, 2, 1 and 0. Hence 2.
 *
 * The library drops an answer that arrives after the wait for one try, and
 * that wait is 50 ms or more by default. A name that takes 300 ms behind a
 * near forwarder needed 870 ms. A forwarder's own retry takes a second;
 * hence 1000.
 *
 * Sockets: with the library's default of 16, the 17th silent name waits for
 * the first to end. Old versions ignore the options that they do not know.
 */
static const struct {
	const char *name, *value;
} unbound_options[] = {
	{ "infra-host-ttl:", "2" },
	{ "infra-cache-min-rtt:", "1000" },
	{ "unknown-server-time-limit:", "1000" },
	{ "outbound-msg-retry:", "4" },
	{ "outgoing-num-tcp:", "32" },
	{ "do-not-query-localhost:", "no" },
	{ "unblock-lan-zones:", "yes" },
	{ "insecure-lan-zones:", "yes" },
	{ "rrset-roundrobin:", "no" },
	{ "trust-anchor-signaling:", "no" },
	{ "use-syslog:", "no" },
	{ "verbosity:", "0" },
};

/*
 * Zones that the library would answer itself, besides the private and
 * documentation networks (unblock-lan-zones). Its option local-zone is
 * accepted but has no effect. Removing an unknown zone is not an error.
 */
static const char *const unbound_zones[] = {
	"localhost.", "127.in-addr.arpa.", "test.", "invalid.", "onion.",
	"home.arpa.", "resolver.arpa.", "service.arpa.",
	("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "ip6.arpa."),
};

/* A quarter of RLIMIT_NOFILE; the MTA's connections need most of the rest. */
static unsigned
asked_max(void)
{
	struct rlimit	files;

	if (getrlimit(RLIMIT_NOFILE, &files) == -1 ||
	    files.rlim_cur / 4 < ASKED_MIN)
		return ASKED_MIN;
	return files.rlim_cur / 4 < RESOLVER_ASKED_MAX ?
	    (unsigned)(files.rlim_cur / 4) : RESOLVER_ASKED_MAX;
}

static void
unbound_tune(struct unbound *u)
{
	char	number[16];
	size_t	i;

	for (i = 0; i < sizeof(unbound_options) / sizeof(*unbound_options); i++)
		ub_ctx_set_option(u->ctx, unbound_options[i].name,
		    unbound_options[i].value);
	snprintf(number, sizeof(number), "%u", u->max_asked);
	ub_ctx_set_option(u->ctx, "outgoing-range:", number);
	ub_ctx_set_option(u->ctx, "num-queries-per-thread:", number);
}

static const char *
unbound_servers(struct unbound *u, const struct resolver_options *o)
{
	size_t i;

	if (o->nservers == 0)
		return ub_ctx_resolvconf(u->ctx, NULL) == 0 ? NULL :
		    "cannot read the name servers of /etc/resolv.conf";
	for (i = 0; i < o->nservers; i++)
		if (ub_ctx_set_fwd(u->ctx, o->servers[i]) != 0)
			return "a name server is not an address; write "
			    "192.0.2.1 or 192.0.2.1@5353";
	return NULL;
}

/* Without a trust anchor the validator module is not loaded. */
static const char *
unbound_validation(struct unbound *u, const char *anchor)
{
	struct stat st;

	if (anchor == NULL) {
		ub_ctx_set_option(u->ctx, "module-config:", "iterator");
		return NULL;
	}
	ub_ctx_set_option(u->ctx, "module-config:", "validator iterator");
	/* the library would wait for the writer of a pipe */
	if (stat(anchor, &st) == -1 || !S_ISREG(st.st_mode) ||
	    access(anchor, R_OK) == -1)
		return "cannot read the DNSSEC trust anchor file";
	if (ub_ctx_add_ta_file(u->ctx, anchor) != 0)
		return "libunbound refuses the DNSSEC trust anchor";
	return NULL;
}

/* The library reads the anchors here, and accepts no options afterwards. */
static const char *
unbound_finalize(struct unbound *u)
{
	size_t i;

	for (i = 0; i < sizeof(unbound_zones) / sizeof(*unbound_zones); i++)
		if (ub_ctx_zone_remove(u->ctx, unbound_zones[i]) != 0)
			return "libunbound refuses its options; check the "
			    "DNSSEC trust anchor file";
	return NULL;
}

static const char *
unbound_configure(struct unbound *u, const struct resolver_options *o)
{
	const char *why;

	/* the library must not log: stderr may be closed */
	ub_ctx_debugout(u->ctx, NULL);
	unbound_tune(u);
	if (ub_ctx_async(u->ctx, 1) != 0)
		return "libunbound was built without threads";
	why = unbound_servers(u, o);
	if (why == NULL)
		why = unbound_validation(u, o->trust_anchor);
	if (why == NULL)
		why = unbound_finalize(u);
	if (why == NULL && (u->asked = asked_new(o, u->max_asked)) == NULL)
		why = "cannot create a timer: out of file descriptors";
	return why;
}

/* --- answers ---------------------------------------------------------- */

/* RFC 1035 4.1.1: the fifth 16-bit number is NSCOUNT. */
static bool
denial_has_soa(const struct ub_result *res)
{
	const uint8_t *packet = res->answer_packet;

	return packet != NULL && res->answer_len >= 12 &&
	    (packet[8] != 0 || packet[9] != 0);
}

static const char *
rcode_word(int rcode)
{
	switch (rcode) {
	case 2:
		return "servfail";
	case 5:
		return "refused";
	}
	return "bad rcode";
}

static void
reply_status(struct dns_reply *reply, const struct ub_result *res)
{
	reply->status = DNS_TEMPFAIL;
	if (res->bogus)
		reply->why = "bogus";
	else if (res->havedata)
		reply->status = DNS_OK;
	else if (res->nxdomain)
		reply->status = DNS_NXDOMAIN;
	else if (res->rcode == 0)
		reply->status = DNS_NODATA;
	else
		reply->why = rcode_word(res->rcode);
}

static void
reply_from_result(struct dns_reply *reply, const struct ub_result *res)
{
	reply_status(reply, res);
	if (reply->status == DNS_TEMPFAIL)
		return;
	reply->secure = res->secure != 0;
	reply->ttl = res->ttl > 0 ? (uint32_t)res->ttl : 0;
	if (reply->status != DNS_OK && !denial_has_soa(res))
		reply->ttl = DNS_TTL_UNKNOWN;
	reply->rdata = res->data;
	reply->len = res->len;
	while (reply->status == DNS_OK && res->data[reply->n] != NULL)
		reply->n++;
}

static void
query_fail(struct query *q, const char *why)
{
	const struct dns_reply reply = { .status = DNS_TEMPFAIL, .why = why };

	resolver_answered(q, &reply);
}

static void
query_unreachable(struct query *q)
{
	query_fail(q, "unreachable");
}

/* Also called for a question that has failed as unreachable. */
static void
query_answered(void *arg, int error, struct ub_result *res)
{
	struct dns_reply	 reply = { .status = DNS_TEMPFAIL };
	struct query		*q;

	if (error == 0 && res != NULL)
		reply_from_result(&reply, res);
	else
		reply.why = "libunbound failed";
	q = asked_take(arg, reply.status != DNS_TEMPFAIL);
	if (q != NULL)
		resolver_answered(q, &reply);
	ub_resolve_free(res);
}

/* Questions that are pending end at the deadlines of their messages. */
static void
unbound_fail(struct unbound *u)
{
	if (!atomic_exchange(&u->failed, true) && u->on_failure != NULL)
		u->on_failure(u->on_failure_arg);
}

static void *
answers_take(void *arg)
{
	struct unbound	*u = arg;
	struct pollfd	 fds[] = {
		{ .fd = ub_fd(u->ctx), .events = POLLIN },
		{ .fd = u->stop[0], .events = POLLIN },
		{ .fd = asked_fd(u->asked), .events = POLLIN },
	};

	while (fds[1].revents == 0) {
		if (poll(fds, 3, -1) == -1)
			continue;
		if (fds[0].revents != 0 && ub_process(u->ctx) != 0) {
			fds[0].fd = -1;
			unbound_fail(u);
		}
		if (fds[2].revents != 0)
			asked_check(u->asked, query_unreachable);
	}
	return NULL;
}

/* --- asking ----------------------------------------------------------- */

/* The library parses names as in zone files, so other octets need \DDD. */
static void
name_escape(const char *name, char out[ESCAPED_MAX])
{
	for (; *name != '\0'; name++) {
		if ((*name >= 'a' && *name <= 'z') || *name == '.' ||
		    (*name >= '0' && *name <= '9') || *name == '-' ||
		    *name == '_') {
			*out++ = *name;
			continue;
		}
		snprintf(out, 5, "\\%03u", (unsigned)(uint8_t)*name);
		out += 4;
	}
	*out = '\0';
}

/* False: the library refuses the question. */
static bool
query_submit(struct unbound *u, const char *name, enum dns_type type,
    struct asked *e)
{
	int error = ub_resolve_async(u->ctx, name, (int)type, CLASS_IN, e,
	    query_answered, NULL);

	if (error == UB_PIPE)
		unbound_fail(u);
	return error == 0;
}

/*
 * The first question starts both threads, with all signals blocked: another
 * thread of the program waits for signals.
 */
static bool
query_submit_first(struct unbound *u, const char *name, enum dns_type type,
    struct asked *e)
{
	sigset_t all, old;
	bool	 ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&u->lock);
	ok = u->started ||
	    pthread_create(&u->thread, NULL, answers_take, u) == 0;
	if (ok) {
		ok = query_submit(u, name, type, e);
		atomic_store(&u->started, true);
	}
	pthread_mutex_unlock(&u->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ok;
}

static void
unbound_ask(void *state, struct query *q)
{
	struct unbound	*u = state;
	enum dns_type	 type = query_type(q);
	char		 name[ESCAPED_MAX];
	struct asked	*e;

	if (atomic_load(&u->failed)) {
		query_fail(q, "libunbound has ended");
		return;
	}
	name_escape(query_name(q), name);
	e = asked_add(u->asked, q);
	if (e == NULL) {
		query_fail(q, "busy");
		return;
	}
	/* from here on `q` may be answered at any time */
	if (atomic_load(&u->started) ? query_submit(u, name, type, e) :
	    query_submit_first(u, name, type, e))
		return;
	q = asked_take(e, false);
	if (q != NULL)
		query_fail(q, "libunbound refuses the question");
}

/* --- create and free -------------------------------------------------- */

/*
 * The library drops its pending questions without waiting for them. In a
 * process that was forked after unbound_new, libunbound 1.17.1 would free
 * the data of a thread that it does not stop. There the context is left to
 * the end of the process.
 */
static void
unbound_close(void *state)
{
	struct unbound *u = state;

	if (u->started) {
		(void)!write(u->stop[1], "", 1);
		pthread_join(u->thread, NULL);
	}
	if (u->made_by == getpid())
		ub_ctx_delete(u->ctx);
	asked_free(&u->asked);
	close(u->stop[0]);
	close(u->stop[1]);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

static unsigned
unbound_limit(const void *state)
{
	const struct unbound *u = state;

	return u->max_asked;
}

static struct unbound *
unbound_new(const struct resolver_options *o)
{
	struct unbound *u = xcalloc(1, sizeof(*u));

	u->ctx = ub_ctx_create();
	if (u->ctx == NULL || pipe2(u->stop, O_CLOEXEC) == -1) {
		ub_ctx_delete(u->ctx);
		free(u);
		return NULL;
	}
	pthread_mutex_init(&u->lock, NULL);
	u->made_by = getpid();
	u->max_asked = asked_max();
	u->on_failure = o->failed;
	u->on_failure_arg = o->failed_arg;
	return u;
}

struct resolver *
resolver_unbound_new(const struct resolver_options *o, const char **why)
{
	static const struct resolver_backend backend = {
		.ask = unbound_ask, .close = unbound_close,
		.limit = unbound_limit
	};
	struct unbound *u = unbound_new(o);

	*why = u == NULL ? "cannot start libunbound: out of memory or file "
	    "descriptors" : unbound_configure(u, o);
	if (*why == NULL)
		return resolver_new(&backend, u, o->cache_entries);
	if (u != NULL)
		unbound_close(u);
	return NULL;
}
