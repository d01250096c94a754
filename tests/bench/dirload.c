/*
 * dirload - the time of a question to a database of users, and of its cache
 *
 *	dirload URL PASSWORD-FILE CA-FILE STATEMENT
 *
 * Asks for user1@many.example and so on: from the server, by one thread and by
 * eight, then from the cache, which has the answers of all of them. It prints
 * microseconds a question and questions a second; bench_directory.py runs it.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "directory/directory.h"
#include "seconds.h"

#define LOGINS		5000u
#define THREADS		8u
#define CACHED		400000u

struct asker {
	struct directory *directory;
	const char	*statement;
	bool		 cached;
	unsigned	 first, count;
	pthread_t	 thread;
};

static void
stop(const char *why)
{
	fprintf(stderr, "dirload: %s\n", why);
	exit(2);
}

static void
ask(const struct asker *k, unsigned n, struct arena *a)
{
	struct directory_question	 q = { .statement = k->statement };
	struct directory_reply		 r;
	const char			*login;

	login = arena_printf(a, "user%u@many.example", n % LOGINS + 1);
	q.word = &login;
	q.nwords = 1;
	r = directory_find(k->directory, k->cached ? login : NULL, &q,
	    monotonic_ms(), a);
	if (r.result != DIRECTORY_FOUND)
		stop(r.why != NULL ? r.why : "a login was not found");
	arena_reset(a);
}

static void *
work(void *arg)
{
	struct asker	*k = arg;
	struct arena	*a = arena_new(0);
	unsigned	 n;

	for (n = 0; n < k->count; n++)
		ask(k, k->first + n, a);
	arena_free(&a);
	return NULL;
}

static void
measure(const char *what, const struct asker *model, unsigned threads,
    unsigned count)
{
	struct asker	 k[THREADS];
	double		 began, took;
	unsigned	 i;

	began = seconds(CLOCK_MONOTONIC);
	for (i = 0; i < threads; i++) {
		k[i] = *model;
		k[i].count = count / threads;
		k[i].first = i * k[i].count;
		if (pthread_create(&k[i].thread, NULL, work, &k[i]) != 0)
			stop("cannot start a thread");
	}
	for (i = 0; i < threads; i++)
		pthread_join(k[i].thread, NULL);
	took = seconds(CLOCK_MONOTONIC) - began;
	printf("%s\t%u\t%.2f\t%.0f\n", what, threads,
	    took * threads * 1e6 / count, count / took);
}

int
main(int argc, char **argv)
{
	struct arena		*a = arena_new(0);
	struct directory_place	 p = { .timeout = 10000, .cache = 3600000 };
	struct asker		 k = { .cached = false };
	const char		*why;

	if (argc != 5)
		stop("usage: dirload URL PASSWORD-FILE CA-FILE STATEMENT");
	why = directory_place_parse(argv[1], a, &p);
	if (why != NULL)
		stop(why);
	p.password_file = argv[2];
	p.ca_file = argv[3];
	k.directory = directory_new(&p);
	k.statement = argv[4];
	measure("server", &k, 1, LOGINS);
	measure("server", &k, THREADS, LOGINS);
	k.cached = true;
	measure("fill", &k, 1, LOGINS);
	measure("cache", &k, 1, CACHED);
	measure("cache", &k, THREADS, CACHED);
	directory_free(&k.directory);
	arena_free(&a);
	return 0;
}
