/*
 * status_mta - advice about the configuration of the MTA on this host
 *
 * It is read by the daemon's task and kept, never at the request of a page:
 * postconf(1) runs for a moment. The daemon's user may read main.cf, as all
 * users may; what it may not read is left to millgatectl doctor.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/postfix_setup.h"
#include "doctor/sendmail_setup.h"
#include "session/observed.h"
#include "session/services.h"
#include "status/postconf.h"
#include "status_priv.h"

#define TEXT_BYTES	(4 * 1024 * 1024)	/* more is not read */
#define POSTCONF_SECONDS 5u

/* What a look has found. */
struct mta_look {
	const struct services *sv;
	struct advice_list *list;	/* NULL: there was no look */
	const char	*read;		/* "Postfix in DIR"; in its arena */
	const char	*why;		/* not all could be read */
	time_t		 time;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mta_look last;

struct advice_site
status_advice_site(const struct conf *c)
{
	struct advice_site site = { c->socket, c->resolver.timeout,
	    c->listeners, c->nlisteners,
	    c->trust.logins == TRUST_ANY_LOGIN,
	    c->sender_login_maps.s, c->sender_login_maps.n, false };

	return site;
}

/* Has the daemon seen this kind of MTA, or no known kind at all? */
static bool
may_be_mta(struct services *sv, enum mta_kind kind)
{
	struct observed_view	v;
	bool			other = false;
	enum mta_kind		its;
	size_t			i;

	for (i = 0; observed_view(sv->observed, i, &v); i++) {
		its = policy_mta_kind(v.version);
		if (its == kind)
			return true;
		other |= its != MTA_UNKNOWN;
	}
	return !other;
}

/* --- read ---------------------------------------------------------------- */

static bool
read_cf(struct arena *a, const char *path, struct sendmail_setup *s)
{
	FILE		*f = fopen(path, "re");
	struct buf	 text = BUF_INIT;
	char		 chunk[4096];
	size_t		 n;

	if (f == NULL)
		return false;
	while (text.len < TEXT_BYTES &&
	    (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&text, chunk, n);
	fclose(f);
	sendmail_read(a, s, buf_str(&text));
	buf_free(&text);
	return true;
}

static void
look_at_postfix(struct mta_look *look, struct services *sv,
    const struct advice_site *site, const char *dir)
{
	static char		 path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char		 locale[] = "LC_ALL=C";
	static char *const	 env[] = { path, locale, NULL };
	const struct postconf	 pc = { dir, env, true, POSTCONF_SECONDS };
	struct arena		*a = look->list->arena;
	struct postfix_setup	*p = arena_alloc(a, sizeof(*p));

	if (access(arena_printf(a, "%s/main.cf", dir), F_OK) != 0 ||
	    !may_be_mta(sv, MTA_POSTFIX))
		return;
	if (!postconf_read(a, &pc, p, &look->why))
		return;
	advice_postfix(look->list, site, p);
	look->read = arena_printf(a, "Postfix in %s", dir);
}

static void
look_at_sendmail(struct mta_look *look, struct services *sv,
    const struct advice_site *site, const char *path)
{
	struct arena		*a = look->list->arena;
	struct sendmail_setup	*s = arena_alloc(a, sizeof(*s));

	if (access(path, F_OK) != 0 || !may_be_mta(sv, MTA_SENDMAIL))
		return;
	if (!read_cf(a, path, s)) {
		look->why = arena_printf(a, "%s cannot be read", path);
		return;
	}
	advice_sendmail(look->list, site, s);
	look->read = arena_printf(a, "%s%s%s", look->read != NULL ?
	    look->read : "", look->read != NULL ? " and " : "", path);
}

/* --- keep and show ------------------------------------------------------- */

static void
mta_keep(const struct mta_look *look)
{
	struct mta_look old;

	pthread_mutex_lock(&lock);
	old = last;
	last = *look;
	pthread_mutex_unlock(&lock);
	if (old.list != NULL)
		arena_free(&old.list->arena);
	free(old.list);
}

void
status_mta_look(struct services *sv, const char *postfix,
    const char *sendmail)
{
	struct setup		*st = services_setup(sv);
	struct advice_site	 site = status_advice_site(st->conf);
	struct mta_look		 look = { .sv = sv, .time = sv->now() };

	look.list = xcalloc(1, sizeof(*look.list));
	look.list->arena = arena_new(16384);
	look_at_postfix(&look, sv, &site, postfix);
	look_at_sendmail(&look, sv, &site, sendmail);
	mta_keep(&look);
	setup_unref(&st);
}

void
status_mta_end(void)
{
	static const struct mta_look nothing;

	mta_keep(&nothing);
}

void
status_advise_mta(struct status *s)
{
	const struct advice	*a;
	size_t			 i;

	pthread_mutex_lock(&lock);
	if (last.sv == s->sv) {
		s->mta_read = arena_strdup(s->arena, last.read);
		s->mta_why = arena_strdup(s->arena, last.why);
		s->mta_time = last.time;
	}
	for (i = 0; last.sv == s->sv && i < last.list->n; i++) {
		a = &last.list->item[i];
		advice_add(&s->advice, a->id, arena_strdup(s->arena,
		    a->where), arena_strdup(s->arena, a->change), "%s",
		    a->text);
	}
	pthread_mutex_unlock(&lock);
}
