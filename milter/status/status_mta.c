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

/* What the files of the MTAs say. */
struct mta_files {
	struct postfix_setup *postfix;	/* NULL: not there, or not readable */
	struct sendmail_setup *sendmail;
	const char	*postfix_dir, *sendmail_cf;	/* NULL: not there */
	const char	*postfix_why, *sendmail_why;	/* not readable */
};

/* Read before the sandbox was closed; never freed. */
static const struct mta_files *files_at_start;

static bool
read_cf(struct arena *a, const char *path, struct sendmail_setup *s)
{
	FILE		*f = fopen(path, "re");
	struct buf	 text = BUF_INIT;
	char		 chunk[4096];
	size_t		 n;
	bool		 ok;

	if (f == NULL)
		return false;
	while (text.len < TEXT_BYTES &&
	    (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&text, chunk, n);
	ok = !ferror(f);
	fclose(f);
	if (ok)
		sendmail_read(a, s, buf_str(&text));
	buf_free(&text);
	return ok;
}

static void
read_postfix(struct arena *a, const char *dir, struct mta_files *m)
{
	static char		 path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char		 locale[] = "LC_ALL=C";
	static char *const	 env[] = { path, locale, NULL };
	const struct postconf	 pc = { dir, env, true, POSTCONF_SECONDS };
	struct postfix_setup	*p = arena_alloc(a, sizeof(*p));

	if (access(arena_printf(a, "%s/main.cf", dir), F_OK) != 0)
		return;
	m->postfix_dir = arena_strdup(a, dir);
	if (postconf_read(a, &pc, p, &m->postfix_why))
		m->postfix = p;
}

static struct mta_files *
read_files(struct arena *a, const char *dir, const char *cf)
{
	struct mta_files	*m = arena_alloc(a, sizeof(*m));
	struct sendmail_setup	*s = arena_alloc(a, sizeof(*s));

	read_postfix(a, dir, m);
	if (access(cf, F_OK) != 0)
		return m;
	m->sendmail_cf = arena_strdup(a, cf);
	if (read_cf(a, cf, s))
		m->sendmail = s;
	else
		m->sendmail_why = arena_printf(a, "%s cannot be read", cf);
	return m;
}

void
status_mta_read(const char *postfix, const char *sendmail)
{
	files_at_start = read_files(arena_new(16384), postfix, sendmail);
}

/* --- judged -------------------------------------------------------------- */

static void
judge_postfix(struct mta_look *look, struct services *sv,
    const struct advice_site *site, const struct mta_files *m)
{
	if (m->postfix_dir == NULL || !may_be_mta(sv, MTA_POSTFIX))
		return;
	if (m->postfix == NULL) {
		look->why = m->postfix_why;
		return;
	}
	advice_postfix(look->list, site, m->postfix);
	look->read = arena_printf(look->list->arena, "Postfix in %s",
	    m->postfix_dir);
}

static void
judge_sendmail(struct mta_look *look, struct services *sv,
    const struct advice_site *site, const struct mta_files *m)
{
	if (m->sendmail_cf == NULL || !may_be_mta(sv, MTA_SENDMAIL))
		return;
	if (m->sendmail == NULL) {
		look->why = m->sendmail_why;
		return;
	}
	advice_sendmail(look->list, site, m->sendmail);
	look->read = arena_printf(look->list->arena, "%s%s%s",
	    look->read != NULL ? look->read : "", look->read != NULL ?
	    " and " : "", m->sendmail_cf);
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
	const struct mta_files	*m = files_at_start;

	look.list = xcalloc(1, sizeof(*look.list));
	look.list->arena = arena_new(16384);
	if (m == NULL)
		m = read_files(look.list->arena, postfix, sendmail);
	judge_postfix(&look, sv, &site, m);
	judge_sendmail(&look, sv, &site, m);
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
