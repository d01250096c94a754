/*
 * redis_tls - TLS as a filter, without a descriptor
 *
 * OpenSSL works on two memory buffers. This is the door to its TLS part;
 * crypto.c is the one to the rest.
 */
#include <sys/stat.h>

#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/why.h"
#include "redis_tls_priv.h"

struct redis_tls_trust {
	SSL_CTX		*ctx;
};

struct redis_tls {
	SSL		*ssl;
	BIO		*from_wire, *to_wire;	/* owned by ssl */
};

struct redis_tls_trust *
redis_tls_trust_new(const char *ca_file, char **why)
{
	struct redis_tls_trust	*t = xcalloc(1, sizeof(*t));
	struct stat		 st;
	int			 ok;

	t->ctx = SSL_CTX_new(TLS_client_method());
	if (t->ctx == NULL)
		abort();
	SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	/* the library would wait for the writer of a pipe */
	ok = ca_file != NULL ? stat(ca_file, &st) == 0 &&
	    S_ISREG(st.st_mode) && SSL_CTX_load_verify_file(t->ctx, ca_file) :
	    SSL_CTX_set_default_verify_paths(t->ctx);
	if (ok != 1) {
		why_set(why, "%s: contains no readable certificate; "
		    "name a PEM file of certificate authorities",
		    ca_file != NULL ? ca_file : "the system's authorities");
		redis_tls_trust_free(&t);
	}
	ERR_clear_error();
	return t;
}

void
redis_tls_trust_free(struct redis_tls_trust **tp)
{
	if (*tp == NULL)
		return;
	SSL_CTX_free((*tp)->ctx);
	free(*tp);
	*tp = NULL;
}

static bool
tls_is_address(const char *host)
{
	unsigned char octets[16];

	return inet_pton(AF_INET, host, octets) == 1 ||
	    inet_pton(AF_INET6, host, octets) == 1;
}

struct redis_tls *
redis_tls_new(const struct redis_tls_trust *trust, const char *host)
{
	struct redis_tls	*t = xcalloc(1, sizeof(*t));
	bool			 ok;

	t->ssl = SSL_new(trust->ctx);
	t->from_wire = BIO_new(BIO_s_mem());
	t->to_wire = BIO_new(BIO_s_mem());
	if (t->ssl == NULL || t->from_wire == NULL || t->to_wire == NULL)
		abort();
	BIO_set_mem_eof_return(t->from_wire, -1);	/* empty: not an end */
	SSL_set_bio(t->ssl, t->from_wire, t->to_wire);
	SSL_set_connect_state(t->ssl);
	/* RFC 6066 3: SNI carries a host name, never an address */
	if (tls_is_address(host))
		ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl),
		    host) == 1;
	else
		ok = SSL_set1_host(t->ssl, host) == 1 &&
		    SSL_set_tlsext_host_name(t->ssl, host) == 1;
	if (!ok)
		abort();
	return t;
}

void
redis_tls_free(struct redis_tls **tp)
{
	if (*tp == NULL)
		return;
	SSL_free((*tp)->ssl);
	free(*tp);
	*tp = NULL;
}

void
redis_tls_feed(struct redis_tls *t, const void *data, size_t len)
{
	if (BIO_write(t->from_wire, data, (int)len) != (int)len)
		abort();
}

void
redis_tls_drain(struct redis_tls *t, struct buf *out)
{
	char	*data;
	long	 len = BIO_get_mem_data(t->to_wire, &data);

	if (len > 0)
		buf_add(out, data, (size_t)len);
	BIO_reset(t->to_wire);
}

/* The result of a call that returned `rc`. */
static enum redis_tls_result
tls_result(struct redis_tls *t, int rc)
{
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_NONE:
		return REDIS_TLS_DONE;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return REDIS_TLS_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return REDIS_TLS_ENDED;
	default:
		return REDIS_TLS_FAILED;
	}
}

enum redis_tls_result
redis_tls_handshake(struct redis_tls *t)
{
	ERR_clear_error();
	return tls_result(t, SSL_do_handshake(t->ssl));
}

bool
redis_tls_write(struct redis_tls *t, const void *data, size_t len)
{
	ERR_clear_error();
	return SSL_write(t->ssl, data, (int)len) == (int)len;
}

enum redis_tls_result
redis_tls_read(struct redis_tls *t, struct buf *in)
{
	char	chunk[16384];
	bool	some = false;
	int	n;

	ERR_clear_error();
	while ((n = SSL_read(t->ssl, chunk, sizeof(chunk))) > 0) {
		buf_add(in, chunk, (size_t)n);
		some = true;
	}
	return some ? REDIS_TLS_DONE : tls_result(t, n);
}

void
redis_tls_error(struct redis_tls *t, char *error, size_t size)
{
	long		 verify = SSL_get_verify_result(t->ssl);
	const char	*text;

	if (verify != X509_V_OK)
		text = X509_verify_cert_error_string(verify);
	else
		text = ERR_reason_error_string(ERR_peek_error());
	snprintf(error, size, "TLS: %.100s", text != NULL ? text :
	    "the server does not support it");
	ERR_clear_error();
}
