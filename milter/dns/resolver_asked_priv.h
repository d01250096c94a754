/*
 * resolver_asked - the questions that libunbound has not answered yet
 *
 * libunbound ignores ICMP errors: it asks a closed port again and again, and
 * gives up after 11 s or more. So when answers stay away, we ask the name
 * servers ourselves. If all of them refuse at PROBE_ROUNDS checks in a row,
 * PROBE_MS apart, the questions fail. A server that is restarted within that
 * time, one good server among dead ones, and a silent server fail nothing:
 * there libunbound's own retries and the message's deadline decide.
 */
#ifndef MILLGATE_RESOLVER_ASKED_H
#define MILLGATE_RESOLVER_ASKED_H

#include <stdbool.h>
#include <stddef.h>

struct asked;
struct asked_list;
struct query;
struct resolver_options;

#define PROBE_MS	500	/* between two checks */
#define PROBE_ROUNDS	2

/*
 * For at most `max` questions. NULL: no file descriptors are left. It may be
 * created before a fork.
 */
struct asked_list *asked_new(const struct resolver_options *o, unsigned max);
/* Does not answer the questions that are left. */
void		 asked_free(struct asked_list **lp);

/* From any thread. NULL: the list is full. */
struct asked	*asked_add(struct asked_list *l, struct query *q);
/*
 * Ends the entry, from any thread. `heard`: a server has answered. NULL:
 * asked_check has failed this question already.
 */
struct query	*asked_take(struct asked *e, bool heard);

/* When this descriptor is readable, call asked_check. */
int		 asked_fd(const struct asked_list *l);
/* Call fail(q) for each question that no server will answer. */
void		 asked_check(struct asked_list *l,
		    void (*fail)(struct query *q));

#endif
