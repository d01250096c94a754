/*
 * directory_try - what can be known of a database without its server
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "directory_answer_priv.h"
#include "directory_driver_priv.h"
#include "directory_files_priv.h"

static struct directory_reply
try_failed(const char *server, const char *why, struct arena *a)
{
	return (struct directory_reply){ .result = DIRECTORY_UNKNOWN,
	    .server = server,
	    .why = arena_printf(a, "%s: %s", server, why) };
}

static struct directory_reply
try_sqlite(const struct directory_place *p, const struct directory_question *q,
    struct arena *a)
{
	struct directory_answer	*answer = directory_answer_new(a);
	struct directory_pack	*pack;
	struct directory_reply	 r;
	char			 why[DIRECTORY_ERROR] = "";
	void			*link = directory_sqlite->open(p, &p->host[0],
				    why);
	enum directory_ask	 result = DIRECTORY_ASK_BROKEN;

	if (link != NULL) {
		result = directory_sqlite->ask(link, q, answer, why);
		directory_sqlite->close(link);
	}
	if (directory_answer_is_refused(answer))
		return try_failed(p->database, directory_answer_why(answer),
		    a);
	if (result != DIRECTORY_ASK_DONE)
		return try_failed(p->database, why, a);
	pack = directory_pack_answer(answer, p->database, false);
	r = directory_pack_reply(pack, a);
	directory_pack_free(&pack);
	return r;
}

static bool
try_needs_trust(const struct directory_place *p)
{
	size_t i;

	for (i = 0; i < p->nhosts; i++)
		if (directory_wants_tls(p, &p->host[i]))
			return true;
	return false;
}

struct directory_reply
directory_try(const struct directory_place *p,
    const struct directory_question *q, struct arena *a)
{
	char	 why[DIRECTORY_ERROR] = "";
	bool	 good;

	if (p->kind == DIRECTORY_SQLITE)
		return try_sqlite(p, q, a);
	good = directory_password(p, a, why) != NULL &&
	    (!try_needs_trust(p) || directory_trust_file(p, why) != NULL);
	return good ? (struct directory_reply){ .result = DIRECTORY_NONE,
	    .server = p->shown } : try_failed(p->shown, why, a);
}
