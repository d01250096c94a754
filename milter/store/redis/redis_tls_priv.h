/*
 * redis_tls - TLS as a filter, without a descriptor
 *
 * The caller reads and writes the connection, so deadlines stay with it. The
 * server's certificate must be valid for its host, by the given authorities
 * or the system's. TLS 1.2 or later.
 */
#ifndef MILLGATE_REDIS_TLS_H
#define MILLGATE_REDIS_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct redis_tls;		/* one connection */
struct redis_tls_trust;		/* the authorities; shared by all */

/* ca_file NULL: the system's authorities. NULL with *why (malloced). */
struct redis_tls_trust *redis_tls_trust_new(const char *ca_file,
		    char **why);
void		 redis_tls_trust_free(struct redis_tls_trust **tp);

/* `host` is a name or an address, as in the URL. */
struct redis_tls *redis_tls_new(const struct redis_tls_trust *t,
		    const char *host);
void		 redis_tls_free(struct redis_tls **tp);

enum redis_tls_result {
	REDIS_TLS_DONE,
	REDIS_TLS_MORE,		/* octets of the wire are needed */
	REDIS_TLS_ENDED,	/* the server sent close_notify */
	REDIS_TLS_FAILED	/* redis_tls_error says why */
};

/* Octets received from the wire; drain appends those to be sent to `out`. */
void		 redis_tls_feed(struct redis_tls *t, const void *data,
		    size_t len);
void		 redis_tls_drain(struct redis_tls *t, struct buf *out);

/* DONE: the certificate is valid; data may be sent. */
enum redis_tls_result redis_tls_handshake(struct redis_tls *t);
bool		 redis_tls_write(struct redis_tls *t, const void *data,
		    size_t len);
/* Appends all plain octets that have come to `in`. */
enum redis_tls_result redis_tls_read(struct redis_tls *t, struct buf *in);
void		 redis_tls_error(struct redis_tls *t, char *error,
		    size_t size);

#endif
