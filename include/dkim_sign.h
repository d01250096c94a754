/*
 * dkim_sign - sign one message with one or more keys (RFC 6376, 8463)
 *
 * One pass over the message serves all signatures. Keys come from the key
 * ring, loaded once. Never an l= tag.
 */
#ifndef MILLGATE_DKIM_SIGN_H
#define MILLGATE_DKIM_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct arena;
struct signing_key;
struct dkim_signer;

enum canonicalization { CANON_SIMPLE, CANON_RELAXED };

struct sign_rules {
	enum canonicalization header_canon, body_canon;	/* default relaxed */
	/* fields signed once more than they occur; NULL-terminated */
	const char *const *oversign;
	unsigned	 ttl;		/* x= seconds after t=; 0: no x= */
};
extern const struct sign_rules sign_default_rules;

/* Keys in the order of the signatures, top first. They must outlive it. */
struct dkim_signer *dkim_signer_new(const struct sign_rules *rules,
		    const struct signing_key *const *keys, size_t nkeys,
		    struct arena *arena, time_t now);
void		 dkim_signer_free(struct dkim_signer **sp);
/* As in dkim_verify.h: value with its leading blank, folds CRLF or LF. */
void		 dkim_signer_header(struct dkim_signer *s, const char *name,
		    const char *value);
void		 dkim_signer_body(struct dkim_signer *s, const void *data,
		    size_t len);
/*
 * The values of the DKIM-Signature fields, in the order of the keys, in the
 * arena: each begins with a blank, folds are LF TAB. NULL when OpenSSL fails;
 * *why says what.
 */
const char *const *dkim_signer_finish(struct dkim_signer *s, const char **why);

#endif
