/*
 * directory_answer - the answer of a database, while it is received and after
 *
 * A driver adds to a directory_answer, in an arena. A directory_pack is the
 * complete answer in one block of memory, which never changes: the cache and
 * the threads that wait for it share it by counting references.
 */
#ifndef MILLGATE_DIRECTORY_ANSWER_H
#define MILLGATE_DIRECTORY_ANSWER_H

#include "directory/directory.h"
#include "directory_driver_priv.h"

struct directory_pack;

/* An empty answer in the arena. */
struct directory_answer *directory_answer_new(struct arena *a);
/* Forget what was received: it will be asked again. */
void		 directory_answer_reset(struct directory_answer *a);
/* Is it too large, or has it a NUL? */
bool		 directory_answer_is_refused(const struct directory_answer *a);

/*
 * Pack what was received from `server`. `secret`: overwrite the memory when
 * it is freed. The caller has one reference.
 */
struct directory_pack *directory_pack_answer(const struct directory_answer *a,
		    const char *server, bool secret);
/* The answer is an error. */
struct directory_pack *directory_pack_error(const char *why,
		    const char *server);
struct directory_pack *directory_pack_ref(struct directory_pack *p);
void		 directory_pack_free(struct directory_pack **pp);
bool		 directory_pack_is_error(const struct directory_pack *p);
/* Octets of memory. */
size_t		 directory_pack_size(const struct directory_pack *p);
/* A copy in the arena. */
struct directory_reply directory_pack_reply(const struct directory_pack *p,
		    struct arena *a);

#endif
