/*
 * policy_message - the limits of one message, whatever was sent before it
 *
 * Pure. A plan and each group of the login may limit the recipients and the
 * octets of a message; all these limits hold. The action for full quotas does
 * not apply here, because no time makes room.
 */
#ifndef MILLGATE_POLICY_MESSAGE_H
#define MILLGATE_POLICY_MESSAGE_H

#include "mail/facts.h"
#include "mail/verdict.h"

/* The rule of a recipient that is one too many for its message. */
#define RULE_RECIPIENTS	"message-recipients"

/*
 * May the message have one recipient more than `f->env.recipients`? 452 4.5.3
 * lets the client send it in another message (RFC 5321 4.5.3.1.10). Mail from
 * sendmail(1) is refused as a whole, with 550 5.5.3.
 */
struct verdict	 policy_message_recipient(const struct facts *f);
/* May it have so many octets? 552 5.3.4 (RFC 1870). */
struct verdict	 policy_message_bytes(const struct facts *f, uint64_t bytes);
/* Does an account limit octets, of a message or in a window? */
bool		 policy_message_counts_bytes(const struct facts *f);

#endif
