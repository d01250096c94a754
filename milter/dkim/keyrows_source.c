/*
 * keyrows_source - ask keys-database
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/why.h"
#include "directory/directory.h"
#include "keyrows_priv.h"

#define SOURCE_CHUNK	1024	/* octets of an arena */
#define REPLY_CHUNK	8192

struct keyrows_source {
	/* constant */
	struct arena	*arena;
	const char	*shown;
	struct directory *directory;	/* NULL in some tests */
	struct directory_place place;
	struct directory_question question;
	keyrows_ask_fn	*ask;
	void		*ask_arg;
};

struct keyrows_source *
keyrows_source_with(const struct keybase_place *p, keyrows_ask_fn *ask,
    void *arg)
{
	struct keyrows_source *s = xcalloc(1, sizeof(*s));

	s->arena = arena_new(SOURCE_CHUNK);
	s->shown = arena_strdup(s->arena, p->database);
	s->ask = ask;
	s->ask_arg = arg;
	return s;
}

static struct directory_reply
ask_directory(void *arg, const char *domain, uint64_t now, struct arena *a)
{
	struct keyrows_source		*s = arg;
	struct directory_question	 q;

	q = directory_query_fill(&s->question, domain, a);
	return directory_find(s->directory, NULL, &q, now, a);
}

static const char *
source_parse(struct keyrows_source *s, const struct keybase_place *p)
{
	const char *why = directory_place_parse(s->shown, s->arena, &s->place);

	if (why != NULL)
		return why;
	s->place.password_file = arena_strdup(s->arena, p->password_file);
	s->place.ca_file = arena_strdup(s->arena, p->ca_file);
	s->place.timeout = p->timeout;
	return directory_query_parse(arena_strdup(s->arena, p->query),
	    s->place.kind, s->arena, &s->question);
}

struct keyrows_source *
keyrows_source_new(const struct keybase_place *p, char **why)
{
	struct keyrows_source	*s = keyrows_source_with(p, ask_directory,
				    NULL);
	const char		*wrong = source_parse(s, p);

	s->ask_arg = s;
	if (wrong == NULL) {
		s->directory = directory_new(&s->place);
		return s;
	}
	*why = xstrdup(wrong);
	keyrows_source_free(&s);
	return NULL;
}

void
keyrows_source_free(struct keyrows_source **sp)
{
	struct keyrows_source *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	directory_free(&s->directory);
	arena_free(&s->arena);
	free(s);
}

bool
keyrows_source_check(struct keyrows_source *s, char **why)
{
	struct arena			*a = arena_new(REPLY_CHUNK);
	struct directory_question	 q = directory_query_fill(&s->question,
					    KEYBASE_PROBE, a);
	struct directory_reply		 r = directory_try(&s->place, &q, a);
	struct keyrows			*rows = arena_alloc(a, sizeof(*rows));
	const char			*wrong = r.why;

	if (r.result != DIRECTORY_UNKNOWN)
		wrong = keyrows_read(rows, &r, KEYBASE_PROBE, a);
	if (wrong != NULL)
		why_set(why, "%s", wrong);
	arena_wipe(&a);
	return wrong == NULL;
}

void
keyrows_ask(struct keyrows_source *s, const char *domain, uint64_t now,
    const unsigned char *known, struct keyrows *k, struct arena *a)
{
	struct directory_reply	 reply = s->ask(s->ask_arg, domain, now, a);
	const char		*wrong;

	k->n = 0;
	k->server = reply.server;
	k->result = KEYROWS_FAILED;
	k->why = reply.why;
	if (reply.result == DIRECTORY_UNKNOWN)
		return;
	wrong = keyrows_read(k, &reply, domain, a);
	if (wrong != NULL) {
		k->n = 0;
		k->why = arena_printf(a, "%s: %s", s->shown, wrong);
		return;
	}
	k->result = known != NULL && memcmp(known, k->digest,
	    sizeof(k->digest)) == 0 ? KEYROWS_SAME : KEYROWS_READ;
	if (k->result == KEYROWS_SAME)
		k->n = 0;
	else
		keyrows_load(k, a);
}
