/*
 * hour - the counts of one key in the last hour, by minute
 *
 * Most keys have sent in few minutes of the hour: a short sorted list is
 * smaller than sixty counters, and faster to sum. The newest bucket is the
 * last one; nearly every addition goes there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hour_priv.h"

/* The nearest minute that can be stored. */
static uint32_t
hour_bounded(int64_t minute)
{
	if (minute < 0)
		return 0;
	return minute < HOUR_MINUTE_MAX ? (uint32_t)minute : HOUR_MINUTE_MAX;
}

uint32_t
hour_minute(time_t now)
{
	return now < 0 ? 0 : hour_bounded(now / 60);
}

void
hour_free(struct hour *h)
{
	free(h->bucket);
	memset(h, 0, sizeof(*h));
}

/* The oldest minute that counts. */
static uint32_t
hour_begin(uint32_t minute)
{
	return minute < HOUR_MINUTES ? 0 : minute - (HOUR_MINUTES - 1);
}

/* How many buckets, from the front, no longer count. */
static uint16_t
hour_over(const struct hour *h, uint32_t minute)
{
	uint32_t	first = hour_begin(minute);
	uint16_t	i;

	for (i = 0; i < h->n && h->bucket[i].minute < first; i++)
		;
	return i;
}

static void
hour_drop_front(struct hour *h, uint16_t count)
{
	if (count == 0)
		return;
	h->n = (uint16_t)(h->n - count);
	memmove(h->bucket, h->bucket + count, h->n * sizeof(*h->bucket));
}

static void
hour_grow(struct hour *h)
{
	size_t size = h->size == 0 ? 1 : h->size * 2u;

	h->size = (uint16_t)(size < HOUR_BUCKETS ? size : HOUR_BUCKETS);
	h->bucket = xrealloc(h->bucket, h->size * sizeof(*h->bucket));
}

/* The index of `minute`, or where it must be inserted. */
static uint16_t
hour_place(const struct hour *h, uint32_t minute)
{
	uint16_t i = h->n;

	while (i > 0 && h->bucket[i - 1].minute >= minute)
		i--;
	return i;
}

static struct hour_bucket *
hour_bucket_at(struct hour *h, uint32_t minute)
{
	uint16_t		 i = hour_place(h, minute);
	struct hour_bucket	*b;

	if (i < h->n && h->bucket[i].minute == minute)
		return &h->bucket[i];
	if (h->n == HOUR_BUCKETS) {
		hour_drop_front(h, hour_over(h, minute));
		i = hour_place(h, minute);
	}
	if (h->n == HOUR_BUCKETS)
		return &h->bucket[h->n - 1];
	if (h->n == h->size)
		hour_grow(h);
	b = &h->bucket[i];
	memmove(b + 1, b, (size_t)(h->n - i) * sizeof(*b));
	h->n++;
	*b = (struct hour_bucket){ .minute = minute };
	return b;
}

uint32_t
hour_slot(struct hour *h, uint32_t minute)
{
	return hour_bucket_at(h, minute)->minute;
}

uint32_t
hour_cap(uint64_t count)
{
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

void
hour_add(struct hour *h, uint32_t minute, uint32_t recipients,
    uint32_t messages)
{
	struct hour_bucket *b = hour_bucket_at(h, minute);

	b->recipients = hour_cap((uint64_t)b->recipients + recipients);
	b->messages = hour_cap((uint64_t)b->messages + messages);
}

struct hour_sum
hour_sum(const struct hour *h, uint32_t minute)
{
	struct hour_sum	sum = { 0, 0 };
	uint16_t	i;

	for (i = hour_over(h, minute); i < h->n; i++) {
		sum.recipients += h->bucket[i].recipients;
		sum.messages += h->bucket[i].messages;
	}
	return sum;
}

bool
hour_when_over(const struct hour *h, uint32_t minute, struct hour_sum want,
    uint32_t *when)
{
	struct hour_sum	sum = { 0, 0 };
	uint16_t	i;

	*when = minute;
	for (i = hour_over(h, minute); i < h->n; i++) {
		if (sum.recipients >= want.recipients &&
		    sum.messages >= want.messages)
			break;
		sum.recipients += h->bucket[i].recipients;
		sum.messages += h->bucket[i].messages;
		*when = h->bucket[i].minute + HOUR_MINUTES;
	}
	return sum.recipients >= want.recipients &&
	    sum.messages >= want.messages;
}

bool
hour_move(struct hour *h, int64_t minutes, uint32_t latest)
{
	struct hour	moved = { NULL, 0, 0 };
	uint32_t	minute;
	uint16_t	i;

	if (h->n == 0 || (minutes == 0 && h->bucket[h->n - 1].minute <= latest))
		return false;
	/* one by one: at HOUR_MINUTE_MAX several may fall into one minute */
	for (i = 0; i < h->n; i++) {
		minute = hour_bounded(h->bucket[i].minute + minutes);
		hour_add(&moved, minute < latest ? minute : latest,
		    h->bucket[i].recipients, h->bucket[i].messages);
	}
	hour_free(h);
	*h = moved;
	return true;
}

bool
hour_forget(struct hour *h, uint32_t minute)
{
	hour_drop_front(h, hour_over(h, minute));
	if (h->n == 0)
		hour_free(h);
	return h->n == 0;
}
