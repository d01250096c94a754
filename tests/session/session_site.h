/*
 * session_site - services for a test of sessions: a configuration, a store in
 * memory, noon of one day, a DNS in which no name exists, and a message
 */
#ifndef MILLGATE_SESSION_SITE_H
#define MILLGATE_SESSION_SITE_H

#include "conf/conf.h"
#include "dns/resolver_priv.h"
#include "mta/replay.h"
#include "session/services.h"
#include "store/store.h"

#define NOW	1789992000	/* 2026-09-21 12:00:00 UTC */

static inline void
nobody_asks(void *state, struct query *q)
{
	struct dns_reply reply = { .status = DNS_NXDOMAIN, .ttl = 0 };

	(void)state;
	resolver_answered(q, &reply);
}

static inline void
nobody_closes(void *state)
{
	(void)state;
}

static const struct resolver_backend nobody = { nobody_asks, nobody_closes };

static inline time_t
noon(void)
{
	return NOW;
}

static inline struct services *
open_services(const char *text)
{
	char		*why = NULL;
	struct conf	*c = conf_load_text("test", text, &why);
	struct services	*sv;
	struct setup	*st;

	if (c == NULL)
		fail_msg("%s", why);
	st = setup_new(c, &why);
	assert_non_null(st);
	sv = services_new(st, resolver_new(&nobody, NULL, 0),
	    store_open_memory(), "mx.example.net");
	sv->now = noon;
	return sv;
}

/*
 * One message of a@DOMAIN, from sendmail(1). What became of it must hold
 * `want`. The caller frees the replay.
 */
static inline struct replay *
site_sends(struct services *sv, const char *domain, const char *want)
{
	struct replay	*r = replay_new(sv);
	char		 text[128];
	const char	*got;

	snprintf(text, sizeof(text), "From: a@%s\n\nHello.\n", domain);
	assert_true(replay_connect(r, "local", NULL));
	replay_helo(r, "localhost");
	replay_mail(r, "a@example.org");
	replay_rcpt(r, "b@example.net");
	replay_message(r, text, strlen(text));
	got = replay_outcome(r);
	if (strstr(got, want) == NULL)
		fail_msg("not \"%s\" but:\n%s", want, got);
	return r;
}

#endif
