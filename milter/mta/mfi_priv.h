/*
 * mfi_priv - the libmilter driver as mfi.c and mfi_negotiate.c see it
 */
#ifndef MILLGATE_MFI_PRIV_H
#define MILLGATE_MFI_PRIV_H

#include <stdbool.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

/* What the filter does to mail, and the least that it cannot do without. */
#define MFI_ACTIONS	(SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE)

struct services;
struct session;

struct mfi_conn {
	struct services	*services;
	struct session	*session;
	unsigned long	 steps;		/* negotiated SMFIP_* */
	bool		 in_message;
};

/*
 * The connection's state, made at its first event: the negotiation, or, with
 * an MTA too old for that, connect. Such an MTA granted nothing: edits fail
 * and the message is deferred.
 */
struct mfi_conn	*mfi_conn(SMFICTX *ctx);

/* mfi_negotiate.c: does anything sign or verify, as configured now? */
bool		 mfi_body_is_needed(struct services *sv);
/* libmilter's callback */
sfsistat	 mfi_negotiate(SMFICTX *ctx, unsigned long f0,
		    unsigned long f1, unsigned long f2, unsigned long f3,
		    unsigned long *pf0, unsigned long *pf1,
		    unsigned long *pf2, unsigned long *pf3);

#endif
