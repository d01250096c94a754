/*
 * wire.h - the milter protocol from the MTA's side, for the load drivers
 */
#ifndef MILLGATE_BENCH_WIRE_H
#define MILLGATE_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_PACKET	(1u << 20)
#define MAX_HEADERS	256
#define BODY_CHUNK	65535u

/* Postfix 3.7 offers 0x1ff actions and all protocol steps. */
#define OFFER_ACTIONS	0x1ffu
#define OFFER_STEPS	0x1fffffu
#define STEP_NR_CONN	0x1000u
#define STEP_NR_HELO	0x2000u
#define STEP_NR_MAIL	0x4000u
#define STEP_NR_RCPT	0x8000u
#define STEP_NR_HDR	0x80u
#define STEP_NR_EOH	0x40000u
#define STEP_NR_BODY	0x80000u
#define STEP_NOBODY	0x10u
#define STEP_NODATA	0x200u

/* One connection to a filter. The fields belong to wire.c but for `cut`. */
struct wire {
	int		 fd;
	unsigned char	 out[MAX_PACKET + 64];
	size_t		 out_len;
	unsigned char	 in[MAX_PACKET + 64];
	size_t		 in_at, in_len;
	uint32_t	 steps;		/* what the filter negotiated */
	int		 cut;		/* packets left before hanging up, or -1 */
	char		 edits[8192];	/* fields added since the last clearing */
	size_t		 edits_len;
};

/* A message file as an MTA sends it: body with CRLF, folds with LF. */
struct message {
	char	*text;
	char	*name[MAX_HEADERS], *value[MAX_HEADERS];
	size_t	 nheaders;
	char	*body;
	size_t	 body_len;
};

bool	 message_load(const char *, struct message *);
/* A port of the host, or the path of a unix socket. Clears the buffers. */
bool	 wire_dial(struct wire *, const char *host, const char *port);
bool	 wire_flush(struct wire *);
/* Queues one packet; false: the connection is lost, or `cut` was reached. */
bool	 wire_packet(struct wire *, char command, const void *, size_t);
/* Queues `first`, if not NULL, and strings with their NULs as one packet. */
bool	 wire_strings(struct wire *, char command, const char *first,
	    const char *const *, size_t);
/*
 * Sends what is queued. The command of the next reply that ends an event; a
 * reply with text is r (5xx) or t (4xx); 0: the connection is lost.
 */
char	 wire_reply(struct wire *);

#endif
