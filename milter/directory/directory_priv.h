/*
 * directory - what the callers' side and the threads' side share
 *
 * A job is an open question. Callers that wait for it and the thread that asks
 * it each hold a reference; it owns copies of all texts, so each may leave
 * first. The directory lives until the last owner and the last thread are gone.
 *
 * Locks: `lock` guards all that is not constant; the cache has its own, which
 * is taken after it. No I/O is done under a lock.
 */
#ifndef MILLGATE_DIRECTORY_PRIV_H
#define MILLGATE_DIRECTORY_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "directory_answer_priv.h"
#include "directory_cache_priv.h"
#include "directory_driver_priv.h"

struct directory_job {
	struct directory_job *next;	/* of those that wait for a thread */
	struct directory_job *before, *after;	/* of all open ones */
	unsigned	 refs;
	unsigned	 callers;	/* that wait */
	uint64_t	 now;		/* the first caller's clock, */
	uint64_t	 started;	/* and ours at that time */
	bool		 trial;		/* the one question during a failure */
	bool		 forgotten;	/* neither joined nor cached any more */
	bool		 done;
	pthread_cond_t	 ready;
	struct directory_pack *pack;	/* when it is done */
	/* constant */
	struct arena	*arena;
	const char	*key;		/* NULL: not cached, and wiped */
	struct directory_question question;
};

struct directory {
	/* constant */
	struct arena	*arena;
	struct directory_place place;
	const struct directory_driver *driver;
	struct directory_cache *cache;
	const char	**server;	/* the name of each host, for errors */

	atomic_uint_fast64_t cached;	/* answers from the cache */

	pthread_mutex_t	 lock;		/* all below */
	pthread_cond_t	 work;		/* a job waits, or the end */
	pthread_cond_t	 gone;		/* a thread ended */
	unsigned	 owners;
	unsigned	 uses;		/* one for the owners, one a thread */
	bool		 ending;
	unsigned	 threads, busy;	/* busy: with an open question */
	struct directory_job *first, **last;	/* that wait for a thread */
	unsigned	 waiting;
	struct directory_job *open;
	uint64_t	*host_away;	/* until then; 0: it is good */
	/* after a failure of all hosts: */
	bool		 away, trying;
	uint64_t	 retry;
	struct directory_pack *trouble;
	uint64_t	 next_stale_log;
	struct directory_counts counts;	/* but those from the cache */
};

/* The same as directory_new, with another driver. */
struct directory *directory_new_driver(const struct directory_place *p,
		    const struct directory_driver *driver);

/* A copy of the question; one reference. */
struct directory_job *directory_job_new(const char *key,
		    const struct directory_question *q, uint64_t now);
/* The caller's clock, now. */
uint64_t	 directory_job_now(const struct directory_job *j);

/* All of these: locked. The pack may be NULL: nobody waits for it. */
void		 directory_job_unref(struct directory_job **jp);
void		 directory_job_done(struct directory *d,
		    struct directory_job *j, struct directory_pack *p);
/* Start a thread if none is free. False: there is none. */
bool		 directory_thread_start(struct directory *d);
/* End one use, unlock, and free the directory if it was the last. */
void		 directory_leave(struct directory *d);

#endif
