/*
 * fuse - count the behaviour of each login that suggests a stolen password
 *
 * A hash table of logins, and a list of them in the order in which they were
 * last seen. One mutex guards both; it is held for at most some sixty
 * comparisons.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fnv.h"
#include "fuse_priv.h"

#define MINUTES		60u
/* More than the largest limit, so that a count can exceed it. */
#define VALUES		(FUSE_LIMIT_MAX + 4)
#define PLACES		4096u		/* of the hash table; a power of 2 */

struct value {
	uint64_t	 hash;
	uint64_t	 minute;	/* when it was last seen */
};

struct values {
	size_t		 n;
	struct value	 value[VALUES];
};

struct suspect {
	struct suspect	*next;		/* at the same place */
	struct suspect	*newer, *older;
	uint64_t	 hash;
	struct values	 networks, from;
	struct fuse_trip again;		/* its block could not be stored */
	uint64_t	 again_at;	/* minute */
	uint64_t	 minute;	/* of the newest refused[] */
	uint16_t	 refused[MINUTES];
	char		 login[];
};

struct fuse {
	pthread_mutex_t	 lock;
	uint64_t	 seed;
	size_t		 n;
	struct suspect	*newest, *oldest;
	struct suspect	*place[PLACES];
};

struct fuse *
fuse_new(uint64_t seed)
{
	struct fuse *f = xcalloc(1, sizeof(*f));

	pthread_mutex_init(&f->lock, NULL);
	f->seed = seed ^ FNV_START;
	return f;
}

/* --- logins; the caller holds the lock ---------------------------------- */

static struct suspect **
fuse_place(struct fuse *f, uint64_t hash)
{
	return &f->place[fnv_fold(hash) & (PLACES - 1)];
}

static void
fuse_list_remove(struct fuse *f, struct suspect *s)
{
	*(s->newer != NULL ? &s->newer->older : &f->newest) = s->older;
	*(s->older != NULL ? &s->older->newer : &f->oldest) = s->newer;
}

static void
fuse_list_add(struct fuse *f, struct suspect *s)
{
	s->newer = NULL;
	s->older = f->newest;
	*(f->newest != NULL ? &f->newest->newer : &f->oldest) = s;
	f->newest = s;
}

static void
fuse_forget(struct fuse *f, struct suspect *s)
{
	struct suspect **sp = fuse_place(f, s->hash);

	while (*sp != s)
		sp = &(*sp)->next;
	*sp = s->next;
	fuse_list_remove(f, s);
	f->n--;
	free(s);
}

static struct suspect *
fuse_add(struct fuse *f, uint64_t hash, const char *login)
{
	size_t		 len = strlen(login);
	struct suspect	*s;

	if (f->n >= FUSE_LOGINS)
		fuse_forget(f, f->oldest);
	s = xcalloc(1, offsetof(struct suspect, login) + len + 1);
	s->hash = hash;
	memcpy(s->login, login, len + 1);
	s->next = *fuse_place(f, hash);
	*fuse_place(f, hash) = s;
	fuse_list_add(f, s);
	f->n++;
	return s;
}

/* Find or add the login, and move it to the head of the list. */
static struct suspect *
fuse_look_up(struct fuse *f, const char *login)
{
	uint64_t	 hash = fnv_add(f->seed, login, strlen(login));
	struct suspect	*s;

	for (s = *fuse_place(f, hash); s != NULL; s = s->next)
		if (s->hash == hash && strcmp(s->login, login) == 0)
			break;
	if (s == NULL)
		return fuse_add(f, hash, login);
	fuse_list_remove(f, s);
	fuse_list_add(f, s);
	return s;
}

void
fuse_free(struct fuse **fp)
{
	struct fuse *f = *fp;

	*fp = NULL;
	if (f == NULL)
		return;
	while (f->newest != NULL)
		fuse_forget(f, f->newest);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

size_t
fuse_logins(struct fuse *f)
{
	size_t n;

	pthread_mutex_lock(&f->lock);
	n = f->n;
	pthread_mutex_unlock(&f->lock);
	return n;
}

/* --- counting ----------------------------------------------------------- */

static bool
is_hour_old(uint64_t then, uint64_t minute)
{
	return then + MINUTES <= minute;
}

static void
drop_old(struct values *v, uint64_t minute)
{
	size_t i, kept = 0;

	for (i = 0; i < v->n; i++)
		if (!is_hour_old(v->value[i].minute, minute))
			v->value[kept++] = v->value[i];
	v->n = kept;
}

/* A new value: at the end or, if the array is full, in place of the oldest. */
static struct value *
values_room(struct values *v)
{
	size_t i, oldest = 0;

	if (v->n < VALUES)
		return &v->value[v->n++];
	for (i = 1; i < v->n; i++)
		if (v->value[i].minute < v->value[oldest].minute)
			oldest = i;
	return &v->value[oldest];
}

/* Count the value; the number of distinct values in the last hour. */
static unsigned
note_value(struct values *v, uint64_t hash, uint64_t minute)
{
	struct value	*slot = NULL;
	size_t		 i;

	drop_old(v, minute);
	for (i = 0; i < v->n && slot == NULL; i++)
		if (v->value[i].hash == hash)
			slot = &v->value[i];
	if (slot == NULL)
		slot = values_room(v);
	slot->hash = hash;
	slot->minute = minute;
	return (unsigned)v->n;
}

static unsigned
note_refused(struct suspect *s, uint64_t minute)
{
	unsigned	sum = 0;
	size_t		i;

	if (is_hour_old(s->minute, minute)) {
		memset(s->refused, 0, sizeof(s->refused));
		s->minute = minute;
	}
	while (s->minute < minute)
		s->refused[++s->minute % MINUTES] = 0;
	if (s->refused[minute % MINUTES] < UINT16_MAX)
		s->refused[minute % MINUTES]++;
	for (i = 0; i < MINUTES; i++)
		sum += s->refused[i];
	return sum;
}

static unsigned
note_event(struct fuse *f, struct suspect *s, enum fuse_kind kind,
    const char *value, uint64_t minute)
{
	uint64_t hash;

	if (kind == FUSE_REFUSED)
		return note_refused(s, minute);
	hash = fnv_add(f->seed, value, strlen(value));
	return note_value(kind == FUSE_NETWORKS ? &s->networks : &s->from,
	    hash, minute);
}

bool
fuse_note(struct fuse *f, const char *login, enum fuse_kind kind,
    const char *value, unsigned limit, uint64_t seconds,
    struct fuse_trip *trip)
{
	struct suspect	*s;
	bool		 tripped;

	pthread_mutex_lock(&f->lock);
	s = fuse_look_up(f, login);
	*trip = s->again;
	trip->again &= !is_hour_old(s->again_at, seconds / 60);
	if (!trip->again) {
		trip->kind = kind;
		trip->limit = limit;
		trip->count = note_event(f, s, kind, value, seconds / 60);
	}
	tripped = trip->again || trip->count > limit;
	if (tripped)
		fuse_forget(f, s);
	pthread_mutex_unlock(&f->lock);
	return tripped;
}

void
fuse_trip_again(struct fuse *f, const char *login,
    uint64_t seconds, const struct fuse_trip *trip)
{
	struct suspect *s;

	pthread_mutex_lock(&f->lock);
	s = fuse_look_up(f, login);
	s->again = *trip;
	s->again.again = true;
	s->again_at = seconds / 60;
	pthread_mutex_unlock(&f->lock);
}
