/*
 * accounts_judge - does one more fit into all windows of an account, and when?
 */
#include <stdlib.h>
#include <string.h>

#include "accounts_priv.h"

static bool
window_is_limited(const struct store_limits *limits, enum store_window w)
{
	int u;

	for (u = 0; u < STORE_UNITS; u++)
		if (limits->of[u][w] != STORE_UNLIMITED)
			return true;
	return false;
}

bool
account_counts_in(const struct account *a, enum store_window w,
    const struct store_limits *limits)
{
	return w == STORE_HOUR || account_window(a, w).n > 0 ||
	    window_is_limited(limits, w);
}

/* --- what fits ----------------------------------------------------------- */

#define NEVER	((time_t)-1)

/* One window, while it is judged. */
struct judged {
	const struct rolling *r;
	enum store_window window;
	uint32_t	 at;
};

/* By how many these exceed the limit; 0: they fit. */
static uint64_t
account_excess(uint64_t used, uint64_t more, uint64_t limit)
{
	if (limit == STORE_UNLIMITED || more == 0 || used + more <= limit)
		return 0;
	return used + more - limit;
}

/*
 * When they fit, if all reservations are committed now: once enough counts have
 * left the window, or else once the reservations have left it too.
 */
static time_t
account_next_fit(const struct judged *j, enum store_unit u, uint64_t excess)
{
	const struct rolling_shape *shape = &rolling_shapes[j->window];
	uint32_t when;

	if (!rolling_when_over(j->r, j->window, j->at, u, excess, &when) &&
	    when < j->at + shape->slots)
		when = j->at + shape->slots;
	return (time_t)when * shape->seconds;
}

/* `fits` 0: never. */
static bool
account_is_later(time_t fits, const struct store_usage *usage)
{
	if (!usage->refused)
		return true;
	return usage->next_fit != 0 && (fits == 0 || fits > usage->next_fit);
}

/* The limit has no room. The whole demand may be more than it ever has. */
static void
account_refuse(const struct judged *j, enum store_unit u, uint64_t excess,
    bool never, struct store_usage *usage)
{
	time_t fits = never ? 0 : account_next_fit(j, u, excess);
	time_t *window = &usage->fits[j->window];

	if (never)
		*window = NEVER;
	else if (*window != NEVER && fits > *window)
		*window = fits;
	if (account_is_later(fits, usage)) {
		usage->unit = u;
		usage->window = j->window;
		usage->next_fit = fits;
	}
	usage->refused = true;
}

static void
account_judge_window(const struct account *a, const struct judged *j,
    const struct demand *d, const struct store_limits *limits,
    struct store_usage *usage)
{
	struct counts	used = rolling_sum(j->r, j->window, j->at);
	uint64_t	limit, excess, whole;
	int		u;

	usage->counted |= 1u << j->window;
	for (u = 0; u < STORE_UNITS; u++) {
		limit = limits->of[u][j->window];
		usage->used[u][j->window] = used.of[u];
		excess = account_excess(used.of[u] + a->reserved.of[u],
		    d->more.of[u], limit);
		whole = u == STORE_BYTES ? d->bytes : 1;
		if (excess > 0)
			account_refuse(j, (enum store_unit)u, excess,
			    whole > limit, usage);
	}
	if (usage->fits[j->window] == NEVER)
		usage->fits[j->window] = 0;
}

enum store_answer
account_judge(const struct account *a, const struct demand *d,
    const struct store_limits *limits, struct store_usage *usage)
{
	struct rolling			known = { NULL, 0, 0 }, r;
	struct judged			j;
	int				w;

	usage->refused = false;
	usage->counted = 0;
	usage->next_fit = 0;
	memset(usage->fits, 0, sizeof(usage->fits));
	memcpy(usage->reserved, a->reserved.of, sizeof(usage->reserved));
	for (w = 0; w < STORE_WINDOWS; w++) {
		j.window = (enum store_window)w;
		if (w != STORE_HOUR && !window_is_limited(limits, j.window))
			continue;
		j.at = rolling_at(j.window, d->now);
		r = account_window(a, j.window);
		if (r.n == 0) {
			account_seed(a, j.window, &known);
			r = known;
		}
		j.r = &r;
		account_judge_window(a, &j, d, limits, usage);
		rolling_free(&known);
	}
	return usage->refused ? STORE_REFUSED : STORE_TAKEN;
}
