/*
 * traffic_authors - the DMARC results of the last day by author domain
 *
 * A day is the hour that runs and the 23 before it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "traffic_priv.h"

#define HOUR_MS		3600000

/* Begin an hour: what was counted in its column a day ago is over. */
static void
author_forget(struct author *a, size_t column)
{
	size_t r;

	for (r = 0; r <= RESULT_PERMERROR; r++)
		a->messages -= a->n[column][r];
	memset(a->n[column], 0, sizeof(a->n[column]));
}

static void
authors_turn(struct traffic *t, uint64_t hour)
{
	uint64_t	h;
	size_t		i;

	if (hour > t->hour + AUTHOR_HOURS)
		t->hour = hour - AUTHOR_HOURS;
	for (h = t->hour + 1; h <= hour; h++)
		for (i = 0; i < TRAFFIC_AUTHORS; i++)
			author_forget(&t->author[i], h % AUTHOR_HOURS);
	if (hour > t->hour)
		t->hour = hour;
}

/* The domain's slot, else a free one, else that of the fewest messages. */
static struct author *
author_slot(struct traffic *t, const char domain[TRAFFIC_DOMAIN])
{
	struct author	*a, *least = &t->author[0];
	size_t		 i;

	for (i = 0; i < TRAFFIC_AUTHORS; i++) {
		a = &t->author[i];
		if (a->messages > 0 && strcmp(a->domain, domain) == 0)
			return a;
		if (a->messages < least->messages)
			least = a;
	}
	memset(least, 0, sizeof(*least));
	memcpy(least->domain, domain, sizeof(least->domain));
	return least;
}

void
traffic_author(struct traffic *t, uint64_t ticks, const char *domain,
    enum result result, bool refused)
{
	char		 name[TRAFFIC_DOMAIN] = "";
	struct author	*a;
	uint32_t	*n;

	/* as it is stored, so that a long one is found again */
	strncpy(name, domain, sizeof(name) - 1);
	pthread_mutex_lock(&t->lock);
	authors_turn(t, ticks / HOUR_MS);
	a = author_slot(t, name);
	n = a->n[t->hour % AUTHOR_HOURS];
	a->messages++;
	n[result]++;
	n[TRAFFIC_REFUSED] += refused;
	pthread_mutex_unlock(&t->lock);
}

static int
author_by_messages(const void *va, const void *vb)
{
	const struct author *a = *(const struct author *const *)va;
	const struct author *b = *(const struct author *const *)vb;

	if (a->messages != b->messages)
		return a->messages > b->messages ? -1 : 1;
	return strcmp(a->domain, b->domain);
}

static void
author_sum(const struct author *a, struct traffic_domain *d)
{
	size_t h, r;

	memset(d, 0, sizeof(*d));
	memcpy(d->domain, a->domain, sizeof(d->domain));
	d->messages = a->messages;
	for (h = 0; h < AUTHOR_HOURS; h++)
		for (r = 0; r < TRAFFIC_RESULTS; r++)
			d->n[r] += a->n[h][r];
}

size_t
traffic_authors(struct traffic *t, uint64_t ticks,
    struct traffic_domain *domain, size_t max)
{
	const struct author	*list[TRAFFIC_AUTHORS];
	size_t			 i, n = 0;

	pthread_mutex_lock(&t->lock);
	authors_turn(t, ticks / HOUR_MS);
	for (i = 0; i < TRAFFIC_AUTHORS; i++)
		if (t->author[i].messages > 0)
			list[n++] = &t->author[i];
	qsort(list, n, sizeof(*list), author_by_messages);
	if (n > max)
		n = max;
	for (i = 0; i < n; i++)
		author_sum(list[i], &domain[i]);
	pthread_mutex_unlock(&t->lock);
	return n;
}
