/*
 * fuzz_session - whole sessions through the callbacks of mfi.c
 *
 * The input is a list of events that end with a NUL; the first octet says what
 * happens, and arguments end with US (\037):
 *
 *	c N		the configuration in force, site_confs[N]; also a reload
 *	z NAME US TYPE US DATA	a record of the DNS; SERVFAIL: it fails
 *	f 0101		which of the next calls to the store fail
 *	b ACTION LOGIN US REASON	millgatectl user block
 *	t SECONDS	the clock goes on
 *	s N		the events that follow are of session N
 *	n AS		what the MTA offers: A all actions, S all steps
 *	o ADDRESS US NAME US PORT	connect
 *	m NAME US VALUE	a macro
 *	h NAME, F PATH US PARAMETER..., R PATH, H NAME:VALUE, E, B TEXT, M, A, Q
 *			HELO, MAIL, RCPT, field, end of the header, body, end
 *			of the message, abort, close
 *	x		the edits of this message fail
 *
 * What an MTA would not do in this state is left out. fake_libmilter.h checks
 * replies and edits, fuzz_oracles.h the messages that are accepted: trace
 * fields, author, signature, and how much a login has sent.
 */
#include <stdint.h>

#include "store/store_settings.h"
#include "fuzz/fuzz_oracles.h"
#include "mta/mfi.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ALL_ACTIONS	(SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE | \
			SMFIF_SETSYMLIST)
#define ALL_STEPS	0x1fffffUL

/* --- events ------------------------------------------------------------- */

/* The next argument of the event. */
static char *
argument(char **event)
{
	char *word = strsep(event, "\037");

	return word != NULL ? word : (char *)(uintptr_t)"";
}

static void
message_is_over(struct session_of_mta *s)
{
	s->state = OPEN;
	s->ctx.nfields = 0;
	s->ctx.held = s->ctx.edits_fail = false;
}

static void
mta_close(struct session_of_mta *s)
{
	if (s->state == CLOSED)
		return;
	if (s->state > OPEN)
		mta_goes_on(&s->ctx, mta_filter.xxfi_abort(&s->ctx), 0);
	mta_filter.xxfi_close(&s->ctx);
	CHECK(s->ctx.priv == NULL);
	message_is_over(s);
	s->state = CLOSED;
}

static void
mta_abort(struct session_of_mta *s)
{
	CHECK(mta_goes_on(&s->ctx, mta_filter.xxfi_abort(&s->ctx), 0));
	message_is_over(s);
}

/* As millgate.conf(5) has it: sendmail(1) has no port, and no TCP client. */
static void
note_listener(struct session_of_mta *s, const char *address, const char *name,
    unsigned port)
{
	const char *daemon = mta_macro(&s->ctx, "{daemon_port}");

	s->submission = daemon != NULL && strcmp(daemon, "587") == 0;
	s->local = address == NULL ? strcasecmp(name, "localhost") == 0 :
	    port == 0 && (strncmp(address, "127.", 4) == 0 ||
	    strcmp(address, "::1") == 0);
	if (daemon != NULL && *daemon != '\0' && strcmp(daemon, "0") != 0)
		s->local = false;
	run.uncertain |= address != NULL && strchr(address, ':') != NULL;
}

static void
event_connect(struct session_of_mta *s, char *event)
{
	union {
		struct sockaddr		any;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	}	 at;
	char	*address = argument(&event), *name = argument(&event);
	bool	 known = true;

	mta_close(s);
	memset(&at, 0, sizeof(at));
	at.in.sin_family = AF_INET;
	at.in.sin_port = htons((uint16_t)atoi(argument(&event)));
	if (inet_pton(AF_INET6, address, &at.in6.sin6_addr) == 1)
		at.in.sin_family = AF_INET6;
	else
		known = inet_pton(AF_INET, address, &at.in.sin_addr) == 1;
	if (!mta_negotiate(&s->ctx, s->actions, s->steps)) {
		mta_filter.xxfi_close(&s->ctx);
		return;
	}
	s->state = OPEN;
	note_listener(s, known ? address : NULL, name, at.in.sin_port);
	CHECK(mta_goes_on(&s->ctx, mta_filter.xxfi_connect(&s->ctx, name,
	    known ? &at.any : NULL), SMFIP_NR_CONN));
}

static void
note_login(struct session_of_mta *s)
{
	const char *type = mta_macro(&s->ctx, "{auth_type}");
	const char *login = mta_macro(&s->ctx, "{auth_authen}");

	s->login = NULL;
	if (type != NULL && *type != '\0' && login != NULL && *login != '\0')
		s->login = arena_strdup(run.arena, login);
	s->by_certificate = type != NULL && strcasecmp(type, "EXTERNAL") == 0;
	s->id = run.conf == 2 ? mta_macro(&s->ctx, "j") : SITE_ID;
	if (s->id == NULL || *s->id == '\0')
		s->id = SITE_ID;
}

static void
event_mail(struct session_of_mta *s, char *event)
{
	char		*argv[6];
	size_t		 n = 0;
	const char	*tls = mta_macro(&s->ctx, "{tls_version}");

	if (s->state != OPEN)
		return;
	do
		argv[n++] = argument(&event);
	while (event != NULL && n < 5);
	argv[n] = NULL;
	s->recipients = 0;
	s->conf = run.conf;
	note_login(s);
	if (!mta_goes_on(&s->ctx, mta_filter.xxfi_envfrom(&s->ctx, argv), 0))
		return;
	s->state = MAIL;
	if (s->submission && s->conf != MONITOR)
		CHECK(s->login != NULL && tls != NULL && *tls != '\0');
}

static void
event_rcpt(struct session_of_mta *s, char *event)
{
	char		*argv[2] = { event, NULL };
	const char	*mailer = mta_macro(&s->ctx, "{rcpt_mailer}");

	if (s->state == MAIL && mta_goes_on(&s->ctx,
	    mta_filter.xxfi_envrcpt(&s->ctx, argv), 0))
		s->recipients += mailer == NULL ||
		    strcmp(mailer, "error") != 0;
}

/* DATA has been said, perhaps just now. */
static bool
in_data(struct session_of_mta *s)
{
	if (s->state != MAIL || s->recipients == 0)
		return s->state > MAIL;
	CHECK(mta_goes_on(&s->ctx, mta_filter.xxfi_data(&s->ctx), 0));
	s->state = HEADER;
	return true;
}

static void
event_field(struct session_of_mta *s, char *event)
{
	char			*value = strchr(event, ':');
	struct mta_field	*f = &s->ctx.field[s->ctx.nfields];
	bool			 led;

	if (!in_data(s) || s->state != HEADER || value == NULL ||
	    value == event || s->ctx.nfields >= MTA_FIELDS - 10)
		return;
	*value++ = '\0';
	if (strpbrk(event, "\r\n") != NULL)	/* the end of a header */
		return;
	*f = (struct mta_field){ event, value, false };
	s->ctx.nfields++;
	led = (s->ctx.steps & SMFIP_HDR_LEADSPC) != 0;
	if (!mta_goes_on(&s->ctx, mta_filter.xxfi_header(&s->ctx, event,
	    value + (!led && *value == ' ')), SMFIP_NR_HDR))
		mta_abort(s);
}

static bool
in_body(struct session_of_mta *s)
{
	if (!in_data(s))
		return false;
	if (s->state == HEADER && !mta_goes_on(&s->ctx,
	    mta_filter.xxfi_eoh(&s->ctx), SMFIP_NR_EOH)) {
		mta_abort(s);
		return false;
	}
	s->state = BODY;
	return true;
}

/* In the text, SOH is a NUL, and STX a CRLF. */
static void
event_body(struct session_of_mta *s, const char *event)
{
	struct buf	 b = BUF_INIT;

	if (!in_body(s) || (s->ctx.steps & SMFIP_NOBODY) != 0)
		return;
	for (; *event != '\0'; event++)
		if (*event == '\002')
			buf_addstr(&b, "\r\n");
		else
			buf_addch(&b, *event == '\001' ? '\0' : *event);
	if (b.len > 0 && !mta_goes_on(&s->ctx, mta_filter.xxfi_body(&s->ctx,
	    (unsigned char *)b.data, b.len), SMFIP_NR_BODY))
		mta_abort(s);
	buf_free(&b);
}

static void
event_end(struct session_of_mta *s)
{
	bool accepted;

	if (!in_body(s))
		return;
	s->ctx.at_eom = true;
	accepted = mta_goes_on(&s->ctx, mta_filter.xxfi_eom(&s->ctx), 0);
	s->ctx.at_eom = false;
	CHECK(!accepted || !s->ctx.edits_fail || s->ctx.nfields == 0 ||
	    !s->ctx.field[0].ours);
	/* monitor mode refuses nothing, also when the MTA edits nothing */
	if (accepted && (s->conf != MONITOR || !s->ctx.edits_fail)) {
		check_results(s);
		check_author(s);
		check_signatures(s);
		check_limits(s);
	}
	message_is_over(s);
}

static void
event_macro(struct session_of_mta *s, char *event)
{
	const char	*name = argument(&event), *p;
	const char	*value = event != NULL ? argument(&event) : NULL;

	/* the MTA's own name is a host name */
	for (p = value; strcmp(name, "j") == 0 && p != NULL && *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-')
			return;
	if (strcmp(name, "j") == 0 && p != NULL && p - value > 200)
		return;
	mta_set_macro(&s->ctx, name, value);
}

static void
event_offer(struct session_of_mta *s, const char *event)
{
	s->actions = strchr(event, 'A') != NULL ? ALL_ACTIONS :
	    ALL_ACTIONS & ~(unsigned long)SMFIF_SETSYMLIST;
	if (strchr(event, 'a') != NULL)
		s->actions = SMFIF_ADDHDRS;
	s->steps = strchr(event, 'S') != NULL ? ALL_STEPS : 0;
	if (strchr(event, 'l') != NULL)
		s->steps = ALL_STEPS & ~(unsigned long)SMFIP_HDR_LEADSPC;
}

static void
event_session(struct session_of_mta *s, char op, char *event)
{
	switch (op) {
	case 'n': event_offer(s, event); break;
	case 'o': event_connect(s, event); break;
	case 'm': event_macro(s, event); break;
	case 'h':
		if (s->state == OPEN)
			CHECK(mta_goes_on(&s->ctx, mta_filter.xxfi_helo(
			    &s->ctx, event), SMFIP_NR_HELO));
		break;
	case 'F': event_mail(s, event); break;
	case 'R': event_rcpt(s, event); break;
	case 'H': event_field(s, event); break;
	case 'E': in_body(s); break;
	case 'B': event_body(s, event); break;
	case 'M': event_end(s); break;
	case 'A':
		if (s->state != CLOSED)
			mta_abort(s);
		break;
	case 'Q': mta_close(s); break;
	case 'x': s->ctx.edits_fail = s->state > OPEN; break;
	default: break;
	}
}

/* --- events of the site ------------------------------------------------- */

static void
event_reload(const char *event)
{
	unsigned n = *event >= '0' && *event < '0' + SITE_CONFS ?
	    (unsigned)(*event - '0') : 0;

	services_swap(run.sv, services_setup(site.holder[n]));
	run.conf = n;
	run.unlimited |= n == MONITOR;
}

static void
event_block(char *event)
{
	struct store_setting	 t = { .blocked_until = STORE_FOREVER };
	char			 error[STORE_ERROR];
	const char		*login;

	t.block = (enum store_block)((unsigned char)*event % 3);
	event += *event != '\0';
	login = argument(&event);
	snprintf(t.reason, sizeof(t.reason), "%s", argument(&event));
	store_setting_put(run.sv->store, login, STORE_PART_BLOCK, &t, error);
}

static void
event_clock(const char *event)
{
	int seconds = atoi(event);

	if (seconds > 0 && seconds < 100000)
		site.now += seconds;
}

static void
one_event(char *event)
{
	char		 op = *event++;
	const char	*name, *type;

	switch (op) {
	case 'c': event_reload(event); break;
	case 'z':
		name = argument(&event);
		type = argument(&event);
		site_add_record(name, type, argument(&event));
		break;
	case 'f': site.store_fails = event; break;
	case 'b': event_block(event); break;
	case 't': event_clock(event); break;
	case 's':
		run.at = &run.mta[(unsigned char)*event % SESSIONS];
		break;
	default: event_session(run.at, op, event); break;
	}
}

/* --- one input ---------------------------------------------------------- */

static void
run_start(void)
{
	size_t i;

	memset(&run, 0, sizeof(run));
	run.arena = arena_new(16384);
	run.sv = site_open();
	run.at = run.mta;
	for (i = 0; i < SESSIONS; i++) {
		run.mta[i].ctx.arena = run.arena;
		event_offer(&run.mta[i], "AS");
	}
	mfi_run(run.sv);
}

/* What was reserved is given back, and what was accepted is counted. */
static void
check_counts(void)
{
	static const char	*const login = "alice@example.org";
	struct store_limits	 limits = STORE_LIMITS_NONE;
	struct store_usage	 usage;
	struct counters		*c = &run.sv->counters;

	CHECK(atomic_load(&c->open_connections) == 0);
	CHECK(mfi_open_messages() == 0);
	CHECK(store_usage(run.sv->store, login, site.now, limits, &usage) ==
	    STORE_TAKEN);
	CHECK(usage.reserved[STORE_RECIPIENTS] == 0);
	CHECK(usage.reserved[STORE_MESSAGES] == 0);
	if (run.ncommits < COMMITS && !run.unlimited && !run.uncertain)
		CHECK(usage.used[STORE_RECIPIENTS][STORE_HOUR] ==
		    sent(login, login));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text, *end;
	size_t	 i;

	site_load();
	if (mta_filter.xxfi_eom == NULL)
		CHECK(mfi_open(site.holder[0]->current->conf, -1, NULL));
	run_start();
	text = arena_memdup(run.arena, data, size);
	for (end = text + size; text < end; text += strlen(text) + 1) {
		char *event = arena_strdup(run.arena, text);

		if (*event != '\0')
			one_event(event);
	}
	for (i = 0; i < SESSIONS; i++)
		mta_close(&run.mta[i]);
	check_counts();
	site_close(run.sv);
	arena_free(&run.arena);
	return 0;
}
