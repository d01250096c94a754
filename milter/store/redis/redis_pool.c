/*
 * redis_pool - the connections to one Redis server, and its state
 *
 * The lock guards the list of idle sessions and the state of the server; it is
 * never held during I/O. While `failing`, one caller at a time
 * (`trying`) may open a connection, not before `next`.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/monotonic.h"
#include "base/password_file.h"
#include "base/why.h"
#include "redis_pool_priv.h"
#include "redis_session_priv.h"
#include "redis_tls_priv.h"

/*
 * A firewall may have forgotten an older connection, and then drops its
 * packets. The daemon asks once a minute, so that a younger one exists.
 */
#define IDLE_MS		100000u

struct redis_pool {
	struct redis_server server;
	char		*name;		/* as configured, for errors */
	unsigned	 timeout;	/* milliseconds */
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	struct redis_session *idle[REDIS_POOL_LINKS];
	unsigned	 nidle, nopen;	/* open: idle and in use */
	bool		 failing, trying;
	uint64_t	 next;		/* attempt */
	char		 error[STORE_ERROR];
};

/* --- making and ending --------------------------------------------------- */

static bool
pool_prepare(struct redis_pool *p, const struct store_place *place,
    char **why)
{
	const char	*wrong = redis_url_parse(place->spec, &p->server.url);
	struct buf	 password = BUF_INIT;
	bool		 ok = true;

	if (wrong != NULL)
		return why_set(why, "state \"%s\" %s", place->spec, wrong);
	if (place->password_file != NULL) {
		ok = password_file_read(place->password_file, &password,
		    why);
		buf_free(&password);
		p->server.password_file = xstrdup(place->password_file);
	}
	if (ok && p->server.url.tls) {
		p->server.trust = redis_tls_trust_new(place->ca_file, why);
		ok = p->server.trust != NULL;
	}
	return ok;
}

struct redis_pool *
redis_pool_new(const struct store_place *place, const char *script,
    char **why)
{
	struct redis_pool *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	monotonic_cond_init(&p->changed);
	p->name = xstrdup(place->spec);
	p->server.script = script;
	p->timeout = place->timeout;
	if (!pool_prepare(p, place, why))
		redis_pool_free(&p);
	return p;
}

/* The lock is held, or no other thread uses the pool. */
static void
pool_close_idle(struct redis_pool *p)
{
	while (p->nidle > 0) {
		redis_session_close(&p->idle[--p->nidle]);
		p->nopen--;
	}
}

void
redis_pool_free(struct redis_pool **pp)
{
	struct redis_pool *p = *pp;

	if (p == NULL)
		return;
	pool_close_idle(p);
	redis_tls_trust_free(&p->server.trust);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p->server.password_file);
	free(p->name);
	free(p);
	*pp = NULL;
}

/* --- taking and giving back ---------------------------------------------- */

/* The lock is held. The server failed: do not try it for a while. */
static void
pool_note_failure(struct redis_pool *p, const char *error)
{
	snprintf(p->error, sizeof(p->error), "%.100s: %.200s", p->name,
	    error);
	p->failing = true;
	p->next = monotonic_ms() + REDIS_POOL_PAUSE;
	pool_close_idle(p);
	pthread_cond_broadcast(&p->changed);
}

/* The lock is held. An idle session that is still good, or NULL. */
static struct redis_session *
pool_pop_idle(struct redis_pool *p)
{
	struct redis_session *s;

	while (p->nidle > 0) {
		s = p->idle[--p->nidle];
		if (monotonic_ms() - s->used < IDLE_MS &&
		    redis_link_is_quiet(s->link))
			return s;
		redis_session_close(&s);
		p->nopen--;
	}
	return NULL;
}

/* The lock is held, but not around the attempt. */
static struct redis_session *
pool_open_one(struct redis_pool *p, uint64_t deadline)
{
	struct redis_session	*s;
	char			 error[REDIS_ERROR] = "";
	bool			 trial = p->failing;

	p->trying = trial;
	p->nopen++;
	pthread_mutex_unlock(&p->lock);
	s = redis_session_open(&p->server, deadline, error);
	pthread_mutex_lock(&p->lock);
	if (trial)
		p->trying = false;
	if (s == NULL) {
		p->nopen--;
		pool_note_failure(p, error);
	} else if (trial) {
		p->failing = false;
	}
	return s;
}

/* The lock is held. Wait for a change; false: the deadline has passed. */
static bool
pool_await(struct redis_pool *p, uint64_t deadline)
{
	uint64_t	now = monotonic_ms();
	struct timespec	until = monotonic_in(now < deadline ? deadline - now :
	    0);

	return pthread_cond_timedwait(&p->changed, &p->lock, &until) == 0;
}

/* NULL with `error`. */
static struct redis_session *
pool_take(struct redis_pool *p, uint64_t deadline, char error[STORE_ERROR])
{
	struct redis_session *s;

	pthread_mutex_lock(&p->lock);
	while ((s = pool_pop_idle(p)) == NULL) {
		if (p->failing &&
		    (p->trying || monotonic_ms() < p->next))
			break;
		if (p->nopen < REDIS_POOL_LINKS) {
			s = pool_open_one(p, deadline);
			break;
		}
		if (!pool_await(p, deadline)) {
			snprintf(p->error, sizeof(p->error), "%.100s: all %u "
			    "connections are in use; the server is too slow",
			    p->name, REDIS_POOL_LINKS);
			break;
		}
	}
	if (s == NULL)
		memcpy(error, p->error, STORE_ERROR);
	pthread_mutex_unlock(&p->lock);
	return s;
}

/* Put the session back. `failure` NULL: it may be used again. */
static void
pool_put(struct redis_pool *p, struct redis_session *s, const char *failure)
{
	pthread_mutex_lock(&p->lock);
	if (failure == NULL && !p->failing) {
		s->used = monotonic_ms();
		p->idle[p->nidle++] = s;
		s = NULL;
		pthread_cond_signal(&p->changed);
	} else {
		p->nopen--;
		pthread_cond_signal(&p->changed);
	}
	if (failure != NULL)
		pool_note_failure(p, failure);
	pthread_mutex_unlock(&p->lock);
	redis_session_close(&s);
}

/* --- asking -------------------------------------------------------------- */

/* Put the session back; a refusal of the server becomes an error. */
static struct redis_reply *
pool_conclude(struct redis_pool *p, struct redis_session *s,
    struct redis_reply *r, char why[REDIS_ERROR], char error[STORE_ERROR])
{
	bool broken = r == NULL || redis_is_down(r);

	if (r != NULL && r->kind == REDIS_TROUBLE) {
		redis_explain(r->text, why);
		redis_reply_free(&r);
	}
	if (r == NULL)
		snprintf(error, STORE_ERROR, "%.100s: %.200s", p->name, why);
	pool_put(p, s, broken ? why : NULL);
	return r;
}

struct redis_reply *
redis_pool_ask(struct redis_pool *p, const struct redis_word *word,
    size_t nwords, char error[STORE_ERROR])
{
	uint64_t		 deadline = monotonic_ms() + p->timeout;
	struct redis_session	*s = pool_take(p, deadline, error);
	char			 why[REDIS_ERROR] = "";

	if (s == NULL)
		return NULL;
	return pool_conclude(p, s, redis_session_ask(s, word, nwords, deadline,
	    why), why, error);
}

struct redis_reply *
redis_pool_scan(struct redis_pool *p, const struct redis_word *word,
    size_t nwords, char error[STORE_ERROR])
{
	struct redis_reply *r = redis_pool_ask(p, word, nwords, error);

	if (r == NULL)
		return NULL;
	if (r->kind == REDIS_LIST && r->n == 2 &&
	    r->item[0].kind == REDIS_TEXT && r->item[0].len < 21 &&
	    r->item[1].kind == REDIS_LIST)
		return r;
	snprintf(error, STORE_ERROR, "the Redis server gives an unexpected "
	    "answer");
	redis_reply_free(&r);
	return NULL;
}

/* EVALSHA, or EVAL when the server has forgotten the script. */
static struct redis_reply *
pool_evaluate(struct redis_session *s, const char *script,
    struct redis_word *all, size_t n, uint64_t deadline,
    char error[REDIS_ERROR])
{
	struct redis_reply *r;

	all[0] = (struct redis_word){ "EVALSHA", 7 };
	all[1] = (struct redis_word){ s->sha, sizeof(s->sha) - 1 };
	r = redis_session_ask(s, all, n, deadline, error);
	if (r == NULL || !redis_said(r, "NOSCRIPT"))
		return r;
	redis_reply_free(&r);
	all[0] = (struct redis_word){ "EVAL", 4 };
	all[1] = (struct redis_word){ script, strlen(script) };
	return redis_session_ask(s, all, n, deadline, error);
}

/* Numbers only, and at least n, unless the script came too late. */
static bool
pool_is_answer(const struct redis_reply *r, size_t n)
{
	size_t i;

	if (r->kind != REDIS_LIST || r->n < 2)
		return false;
	for (i = 0; i < r->n; i++)
		if (r->item[i].kind != REDIS_NUMBER || r->item[i].number < 0)
			return false;
	return r->n >= n || r->item[0].number == REDIS_POOL_LATE;
}

/*
 * Run the script, and tell it until when we wait. If the server's clock was
 * set, it answers that we are late: then we know its clock, and ask once more.
 */
static struct redis_reply *
pool_run_script(struct redis_session *s, const char *script,
    struct redis_word *all, size_t nwords, size_t nkeys, size_t want,
    uint64_t deadline, char error[REDIS_ERROR])
{
	struct redis_reply	*r;
	char			 count[24], leave[24];
	int			 again;

	snprintf(count, sizeof(count), "%zu", nkeys);
	all[2] = (struct redis_word){ count, strlen(count) };
	for (again = 0; ; again++) {
		snprintf(leave, sizeof(leave), "%lld", (long long)
		    ((int64_t)deadline + s->ahead));
		all[3 + nkeys] = (struct redis_word){ leave, strlen(leave) };
		r = pool_evaluate(s, script, all, nwords + 4, deadline, error);
		if (r == NULL || r->kind == REDIS_TROUBLE)
			return r;
		if (!pool_is_answer(r, want))
			break;
		s->ahead = r->item[1].number - (int64_t)monotonic_ms();
		if (r->item[0].number != REDIS_POOL_LATE)
			return r;
		if (again > 0)
			break;
		redis_reply_free(&r);
	}
	redis_reply_free(&r);
	snprintf(error, REDIS_ERROR, "it gives an unexpected answer");
	return NULL;
}

struct redis_reply *
redis_pool_run(struct redis_pool *p, const struct redis_word *word,
    size_t nwords, size_t nkeys, size_t n, char error[STORE_ERROR])
{
	uint64_t		 deadline = monotonic_ms() + p->timeout;
	struct redis_session	*s = pool_take(p, deadline, error);
	struct redis_word	*all;
	struct redis_reply	*r;
	char			 why[REDIS_ERROR] = "";

	if (s == NULL)
		return NULL;
	/* EVALSHA sha count KEYS time ARGUMENTS */
	all = xcalloc(nwords + 4, sizeof(*all));
	memcpy(all + 3, word, nkeys * sizeof(*word));
	memcpy(all + 4 + nkeys, word + nkeys,
	    (nwords - nkeys) * sizeof(*word));
	r = pool_run_script(s, p->server.script, all, nwords, nkeys, n,
	    deadline, why);
	free(all);
	return pool_conclude(p, s, r, why, error);
}
