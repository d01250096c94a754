/*
 * mailaddr - addresses in the envelope (RFC 5321 4.1.2) and in header fields
 * (RFC 5322 3.4 with its obsolete forms, RFC 6532)
 *
 * One strict tokenizer. What it cannot parse is "cannot tell", never a guess.
 * Bounds: MAILADDR_MAX_VALUE octets of a field, MAILADDR_MAX_BOXES mailboxes,
 * comments MAILADDR_MAX_DEPTH deep; beyond them the field is unparsable.
 */
#ifndef MILLGATE_MAILADDR_H
#define MILLGATE_MAILADDR_H

#include "facts.h"

struct arena;
struct headers;

#define MAILADDR_MAX_VALUE	(64 * 1024)
#define MAILADDR_MAX_BOXES	1000
#define MAILADDR_MAX_DEPTH	32

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

/* What From, Sender and Resent-From of a message say. */
void	mailaddr_author(struct arena *a, const struct headers *h,
	    struct from_facts *f);

/* Local part as it may be printed in an address: quoted when it must be. */
const char *mailaddr_format(struct arena *a, const char *local,
	    const char *domain);

#endif
