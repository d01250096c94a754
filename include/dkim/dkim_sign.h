/*
 * dkim_sign - sign one message with one or more keys (RFC 6376, 8463)
 *
 * One pass over the message serves all signatures. The keys come from the key
 * ring. There is never an l= tag.
 *
 * Signed is every instance of these fields (RFC 6376 5.4.1 and later RFCs)
 *	From To Cc Subject Date Reply-To Message-ID MIME-Version Content-Type
 *	Content-Transfer-Encoding List-Id List-Unsubscribe
 *	List-Unsubscribe-Post List-Help List-Subscribe List-Post List-Owner
 *	List-Archive Sender In-Reply-To References Content-ID
 *	Content-Description Content-Disposition Content-Language Auto-Submitted
 *	Feedback-ID Autocrypt Resent-Date Resent-From Resent-Sender Resent-To
 *	Resent-Cc Resent-Message-ID
 * and of the fields in the `oversign` list. Trace fields, which the next relay
 * adds or removes (Return-Path, Received, Authentication-Results,
 * DKIM-Signature, ARC-*), and X- fields are not signed unless `oversign` names
 * them. A list `fields` takes the place of all these; From is signed in any
 * case. The fields of `skip` are neither signed nor oversigned.
 *
 * h= has the names in the order of that list: once for each instance, and once
 * more if the field is oversigned, so that no further instance can be added
 * (RFC 6376 8.15). List-* and Sender are exceptions: a List-* field is
 * oversigned only if the message has any List-* field, Sender only if the
 * message has one. Otherwise a mailing list, which adds them, would break the
 * signature of every post.
 */
#ifndef MILLGATE_DKIM_SIGN_H
#define MILLGATE_DKIM_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "mail/canon.h"

struct arena;
struct signing_key;
struct dkim_signer;

struct sign_rules {
	enum canonicalization header_canon, body_canon;	/* default relaxed */
	/* lists of field names, NULL-terminated; NULL is an empty list */
	const char *const *fields;	/* signed; empty: those above */
	const char *const *skip;	/* never signed; without From */
	const char *const *oversign;	/* once more than they occur */
	unsigned	 ttl;		/* x= in so many seconds; 0: no x= */
	bool		 timestamp;	/* t= */
	bool		 identity;	/* i=@<d> for keys without an i= */
	/* which keys: see keyring_find_author */
	bool		 own_domain_only;	/* no key of a parent domain */
	bool		 all_matches;	/* of the SigningTable, not the first */
};
/*
 * relaxed/relaxed, t=, no x=, no i=, oversigned: From To Cc Subject Date
 * Reply-To Message-ID MIME-Version Content-Type Content-Transfer-Encoding
 * List-* Sender
 */
extern const struct sign_rules sign_default_rules;

/*
 * Keys in the order of the signatures, top first. Rules, keys and arena must
 * outlive the signer.
 */
struct dkim_signer *dkim_signer_new(const struct sign_rules *rules,
		    const struct signing_key *const *keys, size_t nkeys,
		    struct arena *arena, time_t now);
void		 dkim_signer_free(struct dkim_signer **sp);
/*
 * Names of fields that the MTA adds after us if they are missing: they are
 * oversigned only if the message has them. NULL-terminated.
 */
void		 dkim_signer_added_later(struct dkim_signer *s,
		    const char *const *names);
/* As in dkim_verify.h: value with its leading blank, folds CRLF or LF. */
void		 dkim_signer_header(struct dkim_signer *s, const char *name,
		    const char *value);
void		 dkim_signer_body(struct dkim_signer *s, const void *data,
		    size_t len);
/*
 * The values of the DKIM-Signature fields, in the order of the keys, in the
 * arena. Each begins with a blank; folds are LF TAB. With the simple form the
 * field must be sent as "DKIM-Signature:" and these octets, folds as CRLF TAB.
 * NULL with *why (static) when OpenSSL fails or the message has no From. Call
 * it once.
 */
const char *const *dkim_signer_finish(struct dkim_signer *s, const char **why);

#endif
