/*
 * fake_libmilter - libmilter for a fuzz target: it calls the filter that mfi.c
 * registers, and checks what the filter does
 *
 * A reply has a code, an enhanced code and a text on one line. Header edits
 * are made at the end of a message only, to fields that exist, and can be
 * written as they are. The edited message is kept for further checks.
 */
#ifndef MILLGATE_FAKE_LIBMILTER_H
#define MILLGATE_FAKE_LIBMILTER_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "base/arena.h"

#define MTA_MACROS	24
#define MTA_FIELDS	300
#define MTA_LINE	998	/* RFC 5322 2.1.1 */
#define MTA_REPLY	510	/* RFC 5321 4.5.3.1.5, without CRLF */

/* The line tells a finding's cause. */
#define CHECK(cond)	do { if (!(cond)) { \
	fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
	abort(); } } while (0)

struct mta_field {
	const char	*name, *value;	/* value: all that follows the colon */
	bool		 ours;		/* the filter has inserted it */
};

struct mta_macro {
	const char	*name, *value;
};

/* libmilter's context, which is opaque to filters: a session of the MTA. */
struct smfi_str {
	struct arena	*arena;		/* the caller's */
	void		*priv;
	unsigned long	 steps;		/* negotiated */
	struct mta_macro macro[MTA_MACROS];
	size_t		 nmacros;
	struct mta_field field[MTA_FIELDS];
	size_t		 nfields;
	bool		 at_eom;
	bool		 edits_fail;	/* the MTA does what it is told to */
	char		 reply;		/* '4', '5'; '\0': none */
	bool		 held;
};

static struct smfiDesc mta_filter;

/* --- what a filter calls ------------------------------------------------ */

int
smfi_register(struct smfiDesc desc)
{
	mta_filter = desc;
	return MI_SUCCESS;
}

int
smfi_setconn(char *spec)
{
	(void)spec;
	return MI_SUCCESS;
}

int
smfi_setbacklog(int n)
{
	(void)n;
	return MI_SUCCESS;
}

int
smfi_opensocket(bool remove)
{
	(void)remove;
	return MI_SUCCESS;
}

int
smfi_main(void)
{
	return MI_SUCCESS;
}

int
smfi_setpriv(SMFICTX *ctx, void *priv)
{
	ctx->priv = priv;
	return MI_SUCCESS;
}

void *
smfi_getpriv(SMFICTX *ctx)
{
	return ctx->priv;
}

int
smfi_setsymlist(SMFICTX *ctx, int stage, char *names)
{
	(void)ctx;
	CHECK(stage >= SMFIM_FIRST && stage <= SMFIM_LAST && names[0] != '\0');
	return MI_SUCCESS;
}

static inline char *
mta_macro(const SMFICTX *ctx, const char *name)
{
	size_t i;

	for (i = 0; i < ctx->nmacros; i++)
		if (strcmp(ctx->macro[i].name, name) == 0)
			return (char *)(uintptr_t)ctx->macro[i].value;
	return NULL;
}

char *
smfi_getsymval(SMFICTX *ctx, char *name)
{
	return mta_macro(ctx, name);
}

/* Printable ASCII, with each "%" doubled: smfi_setreply takes a format. */
static inline size_t
mta_check_text(const char *text, bool format)
{
	size_t len = 0;

	for (; *text != '\0'; text++, len++) {
		CHECK(*text >= ' ' && *text <= '~');
		if (format && *text == '%')
			CHECK(*++text == '%');
	}
	return len;
}

int
smfi_setreply(SMFICTX *ctx, char *code, char *status, char *text)
{
	size_t	len, class, subject, detail;

	CHECK(code != NULL && status != NULL && text != NULL);
	CHECK(code[0] == '4' || code[0] == '5');
	CHECK(strlen(code) == 3 && strspn(code, "0123456789") == 3);
	/* RFC 3463 2: class "." subject "." detail */
	class = strspn(status, "45");
	CHECK(class == 1 && status[0] == code[0] && status[1] == '.');
	subject = strspn(status + 2, "0123456789");
	CHECK(subject >= 1 && subject <= 3 && status[2 + subject] == '.');
	detail = strspn(status + 3 + subject, "0123456789");
	CHECK(detail >= 1 && detail <= 3);
	CHECK(status[3 + subject + detail] == '\0');
	len = mta_check_text(text, true);
	CHECK(len > 0 && 4 + strlen(status) + 1 + len <= MTA_REPLY);
	ctx->reply = code[0];
	return MI_SUCCESS;
}

int
smfi_quarantine(SMFICTX *ctx, char *reason)
{
	CHECK(ctx->at_eom && !ctx->held);
	CHECK(mta_check_text(reason, false) > 0);
	if (ctx->edits_fail)
		return MI_FAILURE;
	ctx->held = true;
	return MI_SUCCESS;
}

/* --- fields ------------------------------------------------------------- */

/* Case does not matter, nor do blanks before the colon. */
static inline bool
mta_is_field(const struct mta_field *f, const char *name)
{
	size_t len = strlen(f->name);

	while (len > 0 && (f->name[len - 1] == ' ' ||
	    f->name[len - 1] == '\t'))
		len--;
	return len == strlen(name) && strncasecmp(f->name, name, len) == 0;
}

static inline bool
mta_is_trace(const char *name)
{
	return strcmp(name, "Authentication-Results") == 0 ||
	    strcmp(name, "Received-SPF") == 0;
}

/* Lines of bounded length; each fold has text; nothing ends the header. */
static inline void
mta_check_value(const char *name, const char *value)
{
	const char	*line = value, *p;
	size_t		 before = strlen(name) + strlen(": ");

	CHECK(value[0] != '\0');
	for (p = value; *p != '\0'; p++) {
		if (*p == '\n') {
			CHECK(p > line && (p[1] == ' ' || p[1] == '\t'));
			CHECK(p[2 + strspn(p + 2, " \t")] > ' ' ||
			    p[2 + strspn(p + 2, " \t")] < '\0');
			line = p + 1;
			before = 0;
		} else {
			CHECK((unsigned char)*p >= ' ' || *p == '\t');
			CHECK(*p != '\177');
		}
		CHECK((size_t)(p + 1 - line) + before <= MTA_LINE);
	}
	CHECK(p[-1] != ' ' && p[-1] != '\t');
}

static inline void
mta_insert(SMFICTX *ctx, size_t index, const char *name, const char *value)
{
	if (ctx->nfields == MTA_FIELDS)
		return;
	memmove(&ctx->field[index + 1], &ctx->field[index],
	    (ctx->nfields - index) * sizeof(ctx->field[0]));
	ctx->field[index] = (struct mta_field){ arena_strdup(ctx->arena, name),
	    arena_strdup(ctx->arena, value), true };
	ctx->nfields++;
}

int
smfi_insheader(SMFICTX *ctx, int index, char *name, char *value)
{
	bool led = (ctx->steps & SMFIP_HDR_LEADSPC) != 0;

	CHECK(ctx->at_eom && index >= 0 && (size_t)index <= ctx->nfields);
	CHECK(mta_is_trace(name) || strcmp(name, "DKIM-Signature") == 0);
	CHECK((value[0] == ' ') == led);
	mta_check_value(name, value + led);
	if (ctx->edits_fail)
		return MI_FAILURE;
	mta_insert(ctx, (size_t)index, name, value);
	return MI_SUCCESS;
}

/* As Postfix: the fields behind a deleted one are numbered anew. */
int
smfi_chgheader(SMFICTX *ctx, char *name, int nth, char *value)
{
	size_t i;

	CHECK(ctx->at_eom && value == NULL && nth >= 1 && mta_is_trace(name));
	for (i = 0; i < ctx->nfields; i++)
		if (mta_is_field(&ctx->field[i], name) && --nth == 0)
			break;
	CHECK(i < ctx->nfields && !ctx->field[i].ours);
	if (ctx->edits_fail)
		return MI_FAILURE;
	ctx->nfields--;
	memmove(&ctx->field[i], &ctx->field[i + 1],
	    (ctx->nfields - i) * sizeof(ctx->field[0]));
	return MI_SUCCESS;
}

/* --- what libmilter calls ----------------------------------------------- */

/*
 * The answer of a callback: SMFIS_NOREPLY only where that was negotiated, and
 * a refusal only with its reply. True: the MTA goes on.
 */
static inline bool
mta_goes_on(SMFICTX *ctx, sfsistat answer, unsigned long no_reply)
{
	char reply = ctx->reply;

	ctx->reply = '\0';
	if (answer == SMFIS_NOREPLY)
		CHECK((ctx->steps & no_reply) != 0);
	else if (answer == SMFIS_TEMPFAIL)
		CHECK(reply == '4');
	else if (answer == SMFIS_REJECT)
		CHECK(reply == '5');
	else
		CHECK(answer == SMFIS_CONTINUE && reply == '\0');
	return answer == SMFIS_NOREPLY || answer == SMFIS_CONTINUE;
}

/* False: the filter refuses the session. */
static inline bool
mta_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps)
{
	unsigned long	wants = 0, asks = 0, f2 = 0, f3 = 0;

	if (mta_filter.xxfi_negotiate(ctx, actions, steps, 0, 0, &wants, &asks,
	    &f2, &f3) != SMFIS_CONTINUE)
		return false;
	CHECK((wants & ~actions) == 0 && (asks & ~steps) == 0);
	ctx->steps = asks;
	return true;
}

static inline void
mta_set_macro(SMFICTX *ctx, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < ctx->nmacros; i++)
		if (strcmp(ctx->macro[i].name, name) == 0)
			break;
	if (i == MTA_MACROS)
		return;
	ctx->macro[i] = (struct mta_macro){ name, value };
	ctx->nmacros += i == ctx->nmacros;
}

#endif
