/*
 * metrics_looks - samples about keys and blocks, which cost more than to read
 * a counter
 *
 * Keys are looked at once a minute at most, however often a client asks. A
 * lock guards the last look: the HTTP thread and the thread of metrics-file
 * may come together.
 */
#include "config.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "dkim/keywatch.h"
#include "session/services.h"
#include "metrics_looks_priv.h"
#include "metrics_priv.h"

#define KEYS_MS		60000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	uint64_t	 due;			/* ticks; 0: never looked */
	const struct setup *setup;		/* of the look */
	uint64_t	 loaded_at;		/* when that was loaded */
	struct keys_seen seen;
} keys;

/* --- keys ---------------------------------------------------------------- */

/* Keys written into a KeyTable have no file. */
static void
keys_note(struct keys_state *state, const struct signing_key *key)
{
	struct stat st;

	state->n++;
	if (key->path == NULL || stat(key->path, &st) != 0)
		return;
	if (state->oldest == 0 || st.st_mtime < state->oldest)
		state->oldest = st.st_mtime;
}

static void
keys_look(const struct keyring *ring, struct keys_seen *seen)
{
	struct arena			*a = arena_new(0);
	struct signing_keys		 all = keyring_all(ring, a);
	const struct signing_key	*key;
	size_t				 i;
	bool				 signs;

	*seen = (struct keys_seen){ { 0, 0 }, { 0, 0 }, 0 };
	for (i = 0; i < all.n; i++)
		keys_note(&seen->active, all.key[i]);
	for (i = 0; i < keyring_npending(ring); i++) {
		key = keyring_pending(ring, i, &signs);
		if (!signs)
			keys_note(&seen->pending, key);
	}
	seen->replaced = keyring_count(ring);
	seen->replaced -= seen->active.n + seen->pending.n;
	arena_free(&a);
}

void
metrics_look_keys(const struct metrics_source *s, struct keys_seen *seen)
{
	uint64_t	now = s->sv->ticks();
	uint64_t	loaded_at = counter_read(&s->sv->tallies.loaded_at);

	pthread_mutex_lock(&lock);
	if (now >= keys.due || keys.setup != s->setup ||
	    keys.loaded_at != loaded_at) {
		keys_look(s->setup->keys, &keys.seen);
		keys.due = now + KEYS_MS;
		keys.setup = s->setup;
		keys.loaded_at = loaded_at;
	}
	*seen = keys.seen;
	pthread_mutex_unlock(&lock);
}

void
samples_keys(const struct metrics_source *s, struct metrics_text *t)
{
	struct keys_seen seen;

	metrics_look_keys(s, &seen);
	metrics_sample(t, (const char *[]){ "active" }, seen.active.n);
	metrics_sample(t, (const char *[]){ "pending" }, seen.pending.n);
	metrics_sample(t, (const char *[]){ "replaced" }, seen.replaced);
}

void
samples_keys_oldest(const struct metrics_source *s, struct metrics_text *t)
{
	struct keys_seen seen;

	metrics_look_keys(s, &seen);
	if (seen.active.oldest != 0)
		metrics_sample(t, (const char *[]){ "active" },
		    (uint64_t)seen.active.oldest);
	if (seen.pending.oldest != 0)
		metrics_sample(t, (const char *[]){ "pending" },
		    (uint64_t)seen.pending.oldest);
}

void
samples_key_records(const struct metrics_source *s, struct metrics_text *t)
{
	uint64_t		n[KEYRECORD_UNKNOWN + 1];
	enum keyrecord_state	state;

	keywatch_count(s->sv->keywatch, n);
	for (state = KEYRECORD_PUBLISHED; state <= KEYRECORD_UNKNOWN; state++)
		metrics_sample(t, (const char *[]){
		    keyrecord_state_name(state) }, n[state]);
}

/* The daemon counts them every 10 seconds: see daemon_alarms.c. */
void
samples_blocks(const struct metrics_source *s, struct metrics_text *t)
{
	if (atomic_load(&s->sv->tallies.blocks_known))
		metrics_sample(t, NULL,
		    counter_read(&s->sv->tallies.blocks));
}
