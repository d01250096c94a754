/*
 * mailaddr - addresses in the envelope (RFC 5321 4.1.2) and in header fields
 * (RFC 5322 3.4 with its obsolete forms, RFC 6532)
 *
 * One strict parser, which never guesses: a text outside the grammar is
 * unparsable. So is a field of more than MAILADDR_MAX_VALUE octets or
 * MAILADDR_MAX_BOXES mailboxes, or with comments nested more than 32 deep.
 *
 * Decisions where RFC 5322 leaves room or programs differ:
 * - Obsolete forms are read as in the RFC: a route is skipped, blanks and
 *   comments round dots are ignored ("a@b .c" is at b.c), list elements may
 *   be empty. Control characters and bare CR or LF are refused everywhere.
 * - An address literal has no domain to judge. It is refused in header
 *   fields; in a path the domain is "[192.0.2.1]" or "[IPv6:...]".
 * - Refused: addresses with octets that are not UTF-8, local parts of header
 *   fields with an encoded word, text that is neither phrase nor address.
 * - Accepted beyond the RFC, where it cannot change which author is judged:
 *   dots in a row or at the ends of a local part, a final dot of a domain,
 *   "a@b <a@b>" when both differ only in case, display names and comments in
 *   any charset.
 */
#ifndef MILLGATE_MAILADDR_H
#define MILLGATE_MAILADDR_H

#include "mail/facts.h"

struct arena;
struct headers;

#define MAILADDR_MAX_VALUE	(64 * 1024)
#define MAILADDR_MAX_BOXES	1000
#define MAILADDR_LOOSE_LOCAL	1000	/* octets */

/*
 * The argument of MAIL or RCPT: "<a@b>", "a@b" (sendmail(1)), or "<>" and ""
 * for the null sender. A source route is skipped. For the null sender
 * box->local and box->domain are NULL and box->address is "". A local part
 * alone (Sendmail, "<postmaster>") gives domain NULL. False: unparsable.
 */
bool	mailaddr_path(struct arena *a, const char *text, struct mailbox *box);

/*
 * For a path that mailaddr_path refuses, or that has no domain there.
 * box->domain is the domain after the last "@" outside of quotes and comments;
 * if there is none, after the last one; without any, that of "domain!local" or
 * "local%domain". box->local is the rest as it is: any octets, with quotes,
 * the last MAILADDR_LOOSE_LOCAL of them; NULL if there are none. box->address
 * is both with "@". False: there is no domain. This is for SPF; no other
 * identity may be based on it.
 */
bool	mailaddr_loose(struct arena *a, const char *text, struct mailbox *box);

/*
 * All mailboxes of an address-list field's value, also those within groups.
 * An empty group gives n = 0 and true. False: unparsable.
 */
bool	mailaddr_list(struct arena *a, const char *value,
	    struct mailbox_list *list);

/*
 * The mailboxes of From, Sender and Resent-From. f->from holds the boxes of
 * all From fields that could be parsed; f->domain is sorted. A field without
 * a mailbox (an empty group) counts as unparsable.
 */
void	mailaddr_author(struct arena *a, const struct headers *h,
	    struct from_facts *f);

/*
 * local@domain, the local part quoted if necessary. Without a domain, the
 * local part alone; "" when local is NULL.
 */
const char *mailaddr_format(struct arena *a, const char *local,
	    const char *domain);

#endif
