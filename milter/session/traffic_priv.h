/*
 * traffic - what its files share
 */
#ifndef MILLGATE_TRAFFIC_PRIV_H
#define MILLGATE_TRAFFIC_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "session/traffic.h"

#define AUTHOR_HOURS	24

struct rule_ring {
	_Atomic(const char *)	 name;
	atomic_uint_fast64_t	 total, ring[TRAFFIC_MINUTES];
};

/* A slot without messages in the last day is free. */
struct author {
	char		 domain[TRAFFIC_DOMAIN];
	uint32_t	 messages;	/* of all hours */
	uint32_t	 n[AUTHOR_HOURS][TRAFFIC_RESULTS];
};

struct traffic {
	atomic_uint_fast64_t	 column[TRAFFIC_COLUMNS][TRAFFIC_MINUTES];
	struct rule_ring	 rule[TRAFFIC_RULES];
	pthread_mutex_t		 lock;		/* guards the rest */
	uint64_t		 hour;		/* of the latest call */
	struct author		 author[TRAFFIC_AUTHORS];
};

#endif
