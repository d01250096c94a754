/*
 * mailaddr - addresses in the envelope (RFC 5321 4.1.2) and in header fields
 * (RFC 5322 3.4 with its obsolete forms, RFC 6532)
 *
 * One strict tokenizer. What it cannot parse is "cannot tell", never a guess.
 * Bounds: MAILADDR_MAX_VALUE octets of a field, MAILADDR_MAX_BOXES mailboxes,
 * comments 32 deep; beyond them the field is unparsable.
 *
 * Decisions where RFC 5322 leaves room or programs differ:
 * - obsolete forms are read as the RFC says: a route is skipped, blanks and
 *   comments round dots vanish ("a@b .c" is at b.c), list elements may be
 *   empty; but control characters and bare CR or LF are refused everywhere
 * - an address literal has no domain that could be judged: refused in header
 *   fields; in a path the domain is then "[192.0.2.1]" or "[IPv6:...]"
 * - refused: addresses with octets that are no UTF-8, local parts in header
 *   fields with an encoded word, text that is neither phrase nor address
 * - accepted beyond the RFC, where it cannot change who is judged: a local
 *   part with dots at its ends or in a row, a domain with a final dot,
 *   "a@b <a@b>" when both are the same but for case, display names and
 *   comments in any charset
 */
#ifndef MILLGATE_MAILADDR_H
#define MILLGATE_MAILADDR_H

#include "mail/facts.h"

struct arena;
struct headers;

#define MAILADDR_MAX_VALUE	(64 * 1024)
#define MAILADDR_MAX_BOXES	1000

/*
 * The argument of MAIL or RCPT: "<a@b>", "a@b" (sendmail(1)), "<>" and "" for
 * the null sender, a source route is skipped. For the null sender box->local
 * and box->domain are NULL and address is "". A local part alone (Sendmail,
 * "<postmaster>") gives domain NULL. False: cannot tell.
 */
bool	mailaddr_path(struct arena *a, const char *text, struct mailbox *box);

/*
 * All mailboxes of an address-list field's value; groups are opened. False:
 * cannot tell. An empty group gives n = 0 and true.
 */
bool	mailaddr_list(struct arena *a, const char *value,
	    struct mailbox_list *list);

/*
 * What From, Sender and Resent-From of a message say. `from` holds the boxes
 * of all From fields that could be parsed; `domain` is sorted. Fields that
 * name nobody (an empty group) count as unparsable.
 */
void	mailaddr_author(struct arena *a, const struct headers *h,
	    struct from_facts *f);

/*
 * local@domain, the local part quoted when it must be; without a domain the
 * local part alone; "" when local is NULL.
 */
const char *mailaddr_format(struct arena *a, const char *local,
	    const char *domain);

#endif
