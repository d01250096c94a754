/*
 * directory_job - an open question, which owns all of its texts
 */
#include <string.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "directory_priv.h"

static struct directory_text
job_text(struct arena *a, const struct directory_text *t)
{
	struct directory_piece	*piece = arena_array(a, t->n, sizeof(*piece));
	struct directory_text	 copy = { piece, t->n };
	size_t			 i;

	for (i = 0; i < t->n; i++) {
		piece[i].text = arena_strdup(a, t->piece[i].text);
		piece[i].value = arena_strdup(a, t->piece[i].value);
	}
	return copy;
}

static const char *const *
job_words(struct arena *a, const struct directory_question *q)
{
	const char	**word = arena_array(a, q->nwords, sizeof(*word));
	size_t		  i;

	for (i = 0; i < q->nwords; i++)
		word[i] = arena_strdup(a, q->word[i]);
	return word;
}

static const struct directory_attribute *
job_attributes(struct arena *a, const struct directory_question *q)
{
	struct directory_attribute *copy = arena_array(a, q->nattributes,
	    sizeof(*copy));
	size_t			 i;

	for (i = 0; i < q->nattributes; i++) {
		copy[i].name = arena_strdup(a, q->attribute[i].name);
		copy[i].attribute = arena_strdup(a, q->attribute[i].attribute);
	}
	return copy;
}

struct directory_job *
directory_job_new(const char *key, const struct directory_question *q,
    uint64_t now)
{
	struct directory_job	*j = xcalloc(1, sizeof(*j));
	struct arena		*a = arena_new(0);

	j->refs = 1;
	j->now = now;
	j->started = monotonic_ms();
	monotonic_cond_init(&j->ready);
	j->arena = a;
	j->key = arena_strdup(a, key);
	j->question = *q;
	j->question.statement = arena_strdup(a, q->statement);
	j->question.word = job_words(a, q);
	j->question.sql = job_text(a, &q->sql);
	j->question.base = job_text(a, &q->base);
	j->question.filter = job_text(a, &q->filter);
	j->question.attribute = job_attributes(a, q);
	return j;
}

uint64_t
directory_job_now(const struct directory_job *j)
{
	return j->now + (monotonic_ms() - j->started);
}

void
directory_job_unref(struct directory_job **jp)
{
	struct directory_job *j = *jp;

	*jp = NULL;
	if (--j->refs > 0)
		return;
	pthread_cond_destroy(&j->ready);
	directory_pack_free(&j->pack);
	if (j->key == NULL)
		arena_wipe(&j->arena);
	else
		arena_free(&j->arena);
	free(j);
}

void
directory_job_done(struct directory *d, struct directory_job *j,
    struct directory_pack *p)
{
	j->pack = p != NULL ? directory_pack_ref(p) : NULL;
	j->done = true;
	if (j->trial)
		d->trying = false;
	if (j->before != NULL)
		j->before->after = j->after;
	else
		d->open = j->after;
	if (j->after != NULL)
		j->after->before = j->before;
	pthread_cond_broadcast(&j->ready);
}
