/*
 * fuzz_site - what the sessions of a fuzz target share: configurations with
 * one key, a DNS and a store that answer what the input says, a log
 *
 * The same logins, plans and keys are in all configurations, so that checks of
 * limits and signatures do not depend on which one is in force.
 */
#ifndef MILLGATE_FUZZ_SITE_H
#define MILLGATE_FUZZ_SITE_H

#include <arpa/inet.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/record.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "dns/resolver_priv.h"
#include "session/fuse_priv.h"
#include "session/services.h"
#include "store/store_priv.h"
#include "fuzz/fake_libmilter.h"

#define SITE_ID		"mx.example.net"
#define SITE_NOW	1789992000	/* 2026-09-21 12:00:00 UTC */
#define SITE_CONFS	4
#define SITE_RECORDS	60
#define SITE_RRS	8
#define SITE_HOUR	3		/* recipients of a login */
#define SITE_TEAM	4		/* of alice and bob together */

#define COMMON \
	"plan tiny { recipients-per-hour = 3  messages-per-hour = 2 " \
	"bytes-per-day = 100000 }\n" \
	"default-plan = tiny\n" \
	"group team { users = {\"alice@example.org\", \"bob\"} " \
	"recipients-per-hour = 4 }\n" \
	"user alice@example.org { senders = {\"alice@example.org\", " \
	"\"@shop.example.org\"} }\n" \
	"user bob { senders = {\"@sub.example.com\", \"b@third.example\"} }\n" \
	"listener submission { daemon-ports = {587} direction = submission " \
	"min-tls-bits = 128 }\n" \
	"listener mx { daemon-ports = {25} }\n" \
	"listener local { local = yes direction = submission }\n"

static const char *const site_confs[SITE_CONFS] = {
	"authserv-id = \"" SITE_ID "\"\n" COMMON,
	"authserv-id = \"" SITE_ID "\"\nmode = monitor\n"
	"max-header-fields = 100\n"
	"submission-results = login\nspf { received-spf = yes }\n" COMMON,
	/* the id is {j}, or the name of the host */
	"submission-results = login\nspf { on-fail = hold }\n"
	"dmarc { on-reject = hold on-temperror = tag }\n"
	"quota { action = reject }\n"
	"tier strong { mechanisms = {\"scram\"} certificate = yes }\n"
	"tier weak { senders = {\"login\"} }\n" COMMON,
	"authserv-id = \"" SITE_ID "\"\n"
	"submission-results = anonymous\nspf { received-spf = yes }\n"
	"fuse { refused = 2 from = 2 networks = 2 action = reject }\n"
	"quota { action = hold bytes-count = delivered }\n"
	"dmarc { on-bad-from = tag }\nmax-header-fields = 100\n" COMMON,
};

/* RFC 8463 A.2 */
static const char site_key[] = "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
static const char site_key_record[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
static const char *const site_key_domains[] = {
	"example.com", "example.org", "third.example"
};

static struct {
	struct services	*holder[SITE_CONFS];	/* of the setups */
	time_t		 now;
	struct dns_record {
		const char	*name, *type, *data;
	} record[SITE_RECORDS];
	size_t		 nrecords;
	const char	*store_fails;	/* a "1" for each call that fails */
	struct buf	 line;
} site;

/* --- the log ------------------------------------------------------------ */

/* These replace base/log.c: the log is checked, not written. */
void
log_open(const char *ident, bool to_stderr)
{
	(void)ident;
	(void)to_stderr;
}

void
log_use_json(bool json)
{
	(void)json;
}

void
log_text(enum log_level level, const char *text)
{
	(void)level;
	CHECK(text[0] != '\0');
}

void
log_printf(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	buf_reset(&site.line);
	va_start(ap, fmt);
	buf_vprintf(&site.line, fmt, ap);
	va_end(ap);
	log_text(level, buf_str(&site.line));
	CHECK(strncmp(buf_str(&site.line), "libmilter refused", 17) != 0);
}

void
log_event(enum log_level level, const struct record *r)
{
	(void)level;
	buf_reset(&site.line);
	record_line(r, &site.line);
	CHECK(site.line.len > 0);
	mta_check_text(buf_str(&site.line), false);
	CHECK(strncmp(buf_str(&site.line), "id=", 3) == 0 ||
	    strncmp(buf_str(&site.line), "event=", 6) == 0);
}

/* --- the DNS ------------------------------------------------------------ */

static inline size_t
site_wire_name(char *to, const char *name)
{
	size_t	n = 0, len;

	for (; *name != '\0' && n < 200; name += len + (name[len] == '.')) {
		len = strcspn(name, ".");
		if (len == 0 || len > 63)
			break;
		to[n++] = (char)len;
		memcpy(to + n, name, len);
		n += len;
	}
	to[n++] = '\0';
	return n;
}

static inline size_t
site_wire_text(char *to, const char *text, size_t size)
{
	size_t	n = 0, len, left = strlen(text);

	do {
		len = left < 200 ? left : 200;
		to[n++] = (char)len;
		memcpy(to + n, text, len);
		n += len;
		text += len;
		left -= len;
	} while (left > 0 && n + 201 < size);
	return n;
}

/* 0: the record is of another type. */
static inline size_t
site_wire(const struct dns_record *r, enum dns_type type, char *to,
    size_t size)
{
	if (strcmp(r->type, "RAW") == 0 && strlen(r->data) <= size) {
		memcpy(to, r->data, strlen(r->data));
		return strlen(r->data);
	}
	if (type == DNS_TXT && strcmp(r->type, "TXT") == 0)
		return site_wire_text(to, r->data, size);
	if (type == DNS_A && strcmp(r->type, "A") == 0)
		return inet_pton(AF_INET, r->data, to) == 1 ? 4 : 0;
	if (type == DNS_AAAA && strcmp(r->type, "AAAA") == 0)
		return inet_pton(AF_INET6, r->data, to) == 1 ? 16 : 0;
	if (type == DNS_PTR && strcmp(r->type, "PTR") == 0)
		return site_wire_name(to, r->data);
	if (type == DNS_MX && strcmp(r->type, "MX") == 0) {
		to[0] = to[1] = 0;
		return 2 + site_wire_name(to + 2, r->data);
	}
	return 0;
}

static inline void
site_answer(const char *name, enum dns_type type, struct dns_reply *reply)
{
	static char	 octets[SITE_RRS][2048], *rdata[SITE_RRS];
	static int	 len[SITE_RRS];
	size_t		 i, n = 0, size;

	*reply = (struct dns_reply){ .status = DNS_NXDOMAIN, .ttl = 300 };
	for (i = 0; i < site.nrecords && n < SITE_RRS; i++) {
		if (strcasecmp(site.record[i].name, name) != 0)
			continue;
		if (strcmp(site.record[i].type, "SERVFAIL") == 0) {
			reply->status = DNS_TEMPFAIL;
			reply->ttl = 0;
			return;
		}
		reply->status = DNS_OK;
		rdata[n] = octets[n];
		size = site_wire(&site.record[i], type, octets[n],
		    sizeof(octets[n]));
		len[n] = (int)size;
		n += size > 0;
	}
	reply->n = n;
	reply->rdata = rdata;
	reply->len = len;
}

static inline void
site_asked(void *state, struct query *q)
{
	struct dns_reply reply;

	(void)state;
	site_answer(query_name(q), query_type(q), &reply);
	resolver_answered(q, &reply);
}

static inline void
site_dns_closed(void *state)
{
	(void)state;
}

static const struct resolver_backend site_dns = {
	site_asked, site_dns_closed, NULL
};

static inline void
site_add_record(const char *name, const char *type, const char *data)
{
	if (site.nrecords < SITE_RECORDS)
		site.record[site.nrecords++] = (struct dns_record){
			name, type, data
		};
}

/* --- the store ---------------------------------------------------------- */

/* In front of a store in memory; its calls fail when the input says so. */
struct site_store {
	struct store	 base;
	struct store	*inner;
};

struct site_reservation {
	struct reservation base;
	struct reservation *inner;
};

static inline bool
site_store_fails(char *error)
{
	bool fails = *site.store_fails == '1';

	if (*site.store_fails != '\0')
		site.store_fails++;
	if (fails)
		snprintf(error, STORE_ERROR, "the disk\n\"is\" full");
	return fails;
}

static inline struct reservation *
site_reservation_new(struct store *s, const struct store_account *account,
    size_t n)
{
	struct site_reservation *r = xcalloc(1, sizeof(*r));

	r->inner = store_reservation_new(((struct site_store *)s)->inner,
	    account, n);
	return &r->base;
}

static inline enum store_answer
site_reserve(struct reservation *r, time_t now, struct store_usage *usage)
{
	struct site_reservation *sr = (struct site_reservation *)r;

	if (site_store_fails(usage[0].error))
		return STORE_UNKNOWN;
	sr->inner->bytes = r->bytes;
	return store_reserve(sr->inner, now, usage);
}

static inline enum store_answer
site_commit(struct reservation *r, time_t now, struct store_usage *usage)
{
	struct site_reservation	*sr = (struct site_reservation *)r;
	enum store_answer	 answer = STORE_UNKNOWN;

	sr->inner->bytes = r->bytes;
	if (site_store_fails(usage[0].error))
		store_give_back(&sr->inner);
	else
		answer = store_commit(&sr->inner, now, usage);
	free(sr);
	return answer;
}

static inline void
site_give_back(struct reservation *r)
{
	store_give_back(&((struct site_reservation *)r)->inner);
	free(r);
}

static inline enum store_answer
site_settings_get(struct store *s, const char *const *key, size_t n,
    struct store_setting *setting, char error[STORE_ERROR])
{
	struct store *inner = ((struct site_store *)s)->inner;

	if (site_store_fails(error))
		return STORE_UNKNOWN;
	return inner->ops->settings_get(inner, key, n, setting, error);
}

static inline enum store_answer
site_setting_put(struct store *s, const char *key, unsigned parts,
    const struct store_setting *setting, char error[STORE_ERROR])
{
	struct store *inner = ((struct site_store *)s)->inner;

	return inner->ops->setting_put(inner, key, parts, setting, error);
}

static inline enum store_answer
site_usage(struct store *s, const char *key, time_t now,
    struct store_limits limits, struct store_usage *usage)
{
	struct store *inner = ((struct site_store *)s)->inner;

	return inner->ops->usage(inner, key, now, limits, usage);
}

static inline enum store_answer
site_list(struct store *s, time_t now, struct store_rows *rows,
    char error[STORE_ERROR])
{
	struct store *inner = ((struct site_store *)s)->inner;

	return inner->ops->list(inner, now, rows, error);
}

static inline enum store_answer
site_settings_list(struct store *s, struct store_setting_rows *rows,
    char error[STORE_ERROR])
{
	struct store *inner = ((struct site_store *)s)->inner;

	return inner->ops->settings_list(inner, rows, error);
}

static inline void
site_store_close(struct store *s)
{
	store_close(&((struct site_store *)s)->inner);
	free(s);
}

static const struct store_ops site_store_ops = {
	.reservation_new = site_reservation_new,
	.reserve = site_reserve,
	.commit = site_commit,
	.give_back = site_give_back,
	.usage = site_usage,
	.list = site_list,
	.settings_get = site_settings_get,
	.setting_put = site_setting_put,
	.settings_list = site_settings_list,
	.close = site_store_close,
};

static inline struct store *
site_store_new(void)
{
	struct site_store *s = xcalloc(1, sizeof(*s));

	s->base.ops = &site_store_ops;
	s->inner = store_open_memory();
	return &s->base;
}

/* --- services ----------------------------------------------------------- */

static inline time_t
site_time(void)
{
	return site.now;
}

static inline void
site_write_key(const char *top, const char *domain, bool remove)
{
	char	 path[128];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s", top, domain);
	if (!remove)
		CHECK(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/%s/s1.private", top, domain);
	if (remove) {
		unlink(path);
		*strrchr(path, '/') = '\0';
		rmdir(path);
		return;
	}
	f = fopen(path, "w");
	CHECK(f != NULL && fchmod(fileno(f), 0600) == 0);
	CHECK(fputs(site_key, f) >= 0 && fclose(f) == 0);
}

static inline void
site_keys(const char *top, bool remove)
{
	size_t i;

	for (i = 0; i < 3; i++)
		site_write_key(top, site_key_domains[i], remove);
}

static inline struct services *
site_holder(const char *text, const char *top)
{
	struct buf	 b = BUF_INIT;
	char		*why = NULL;
	struct conf	*c;
	struct setup	*st;

	buf_printf(&b, "%ssigning { key-directory = \"%s\" }\n", text, top);
	c = conf_load_text("fuzz", buf_str(&b), &why);
	if (c == NULL) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
	buf_free(&b);
	st = setup_new(c, &why);
	CHECK(st != NULL);
	return services_new(st, NULL, NULL, SITE_ID);
}

/* Load the configurations, once in the process. */
static inline void
site_load(void)
{
	char	top[] = "/tmp/fuzz_session.XXXXXX";
	size_t	i;

	if (site.holder[0] != NULL)
		return;
	CHECK(mkdtemp(top) != NULL);
	site_keys(top, false);
	for (i = 0; i < SITE_CONFS; i++)
		site.holder[i] = site_holder(site_confs[i], top);
	site_keys(top, true);
	rmdir(top);
}

/*
 * Services for one input. Statistics stay, because they are large; all that an
 * answer depends on is new.
 */
static inline struct services *
site_open(void)
{
	static struct services	*sv;

	site.now = SITE_NOW;
	site.nrecords = 0;
	site.store_fails = "";
	site_add_record("s1._domainkey.example.org", "TXT", site_key_record);
	site_add_record("s1._domainkey.example.com", "TXT", site_key_record);
	if (sv == NULL) {
		sv = services_new(services_setup(site.holder[0]), NULL, NULL,
		    SITE_ID);
		sv->now = site_time;
	} else
		services_swap(sv, services_setup(site.holder[0]));
	fuse_free(&sv->fuse);
	sv->fuse = fuse_new(1);
	sv->resolver = resolver_new(&site_dns, NULL, 64);
	sv->store = site_store_new();
	return sv;
}

static inline void
site_close(struct services *sv)
{
	resolver_free(&sv->resolver);
	store_close(&sv->store);
}

#endif
