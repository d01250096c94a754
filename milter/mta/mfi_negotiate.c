/*
 * mfi_negotiate - what the MTA offers and what we ask of it
 *
 * Answers the MTA does not need are not sent (SMFIP_NR_*). The body is
 * refused altogether when the configuration neither signs nor verifies; else
 * it streams without replies: for all but the largest unsigned mail that is
 * cheaper than a reply to each chunk, which SMFIS_SKIP would need.
 */
#include "base/log.h"
#include "session/services.h"
#include "session/session.h"
#include "mfi_priv.h"

#define QUIET_STEPS	(SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR | \
			SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NR_UNKN | \
			SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC)

static void
ask_for_macros(SMFICTX *ctx)
{
	static const struct {
		int		 stage;
		const char	*names;
	} wanted[] = {
		{ SMFIM_CONNECT, "j v {daemon_name} {daemon_port} "
		    "{daemon_addr}" },
		{ SMFIM_HELO, "j {tls_version} {cipher_bits} "
		    "{cert_subject}" },
		{ SMFIM_ENVFROM, "i {auth_type} {auth_authen} {tls_version} "
		    "{cipher} {cipher_bits} {cert_subject} {cert_issuer} "
		    "{cn_subject} {cn_issuer} {verify}" },
		{ SMFIM_ENVRCPT, "i {rcpt_mailer}" },
		{ SMFIM_EOH, "i" },
		{ SMFIM_EOM, "i" },
	};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (smfi_setsymlist(ctx, wanted[i].stage,
		    (char *)(uintptr_t)wanted[i].names) != MI_SUCCESS)
			log_printf(LOG_LEVEL_WARNING, "libmilter refused the "
			    "macro list of stage %d", wanted[i].stage);
}

/*
 * The fuse counts recipients that the MTA itself refuses. Postfix tells of
 * them when asked to, with {rcpt_mailer} "error" (Sendmail 8.17 takes the
 * request, and was not seen to do so); where macros cannot be asked for they
 * might be taken for recipients.
 */
static bool
refused_are_counted(struct services *sv)
{
	struct setup	*st = services_setup(sv);
	bool		 counted = st->conf->fuse.limit[FUSE_REFUSED] > 0;

	setup_unref(&st);
	return counted;
}

bool
mfi_body_is_needed(struct services *sv)
{
	struct setup	*st = services_setup(sv);
	bool		 needed;

	needed = st->conf->dkim.verify || keyring_count(st->keys) > 0;
	setup_unref(&st);
	return needed;
}

/*
 * libmilter does not show the version. Each has steps of its own; those for
 * events without a reply are no sign, libmilter adds them to what is offered.
 */
static unsigned
protocol_version(unsigned long steps)
{
	if ((steps & SMFIP_SKIP) != 0)
		return 6;
	if ((steps & SMFIP_NODATA) != 0)
		return 4;
	return (steps & SMFIP_NOUNKNOWN) != 0 ? 3 : 2;
}

sfsistat
mfi_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
    unsigned long f2, unsigned long f3, unsigned long *pf0,
    unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	struct mfi_conn	*c = mfi_conn(ctx);

	(void)f2;
	(void)f3;
	if ((f0 & MFI_ACTIONS) != MFI_ACTIONS) {
		log_printf(LOG_LEVEL_ERROR, "the MTA does not let filters add "
		    "and change header fields and hold mail; Postfix: set "
		    "milter_protocol = 6");
		return SMFIS_REJECT;
	}
	*pf0 = MFI_ACTIONS | (f0 & SMFIF_SETSYMLIST);
	*pf1 = f1 & QUIET_STEPS;
	if (!mfi_body_is_needed(c->services))
		*pf1 |= f1 & SMFIP_NOBODY;
	if ((f0 & SMFIF_SETSYMLIST) != 0 && refused_are_counted(c->services))
		*pf1 |= f1 & SMFIP_RCPT_REJ;
	*pf2 = *pf3 = 0;
	if ((f0 & SMFIF_SETSYMLIST) != 0)
		ask_for_macros(ctx);
	c->steps = *pf1;
	session_negotiated(c->session, protocol_version(f1),
	    (f0 & SMFIF_SETSYMLIST) != 0);
	return SMFIS_CONTINUE;
}
