/*
 * stages_tally - add a message to the metrics when it has ended
 *
 * Durations are of the clock that is never set, whatever clock a test gives to
 * the session. The end of a message is when the MTA has sent all of it: what
 * the client needs to send it does not count.
 */
#include "base/monotonic.h"
#include "dns/resolver.h"
#include "session/traffic.h"
#include "stages_priv.h"

#define US_PER_MS	1000u

static void
tally_signatures(struct message *m)
{
	struct tallies	*t = &m->sv->tallies;
	const char	*why = m->sign_why;

	counter_add(&t->made[TALLY_ED25519], m->ned25519);
	counter_add(&t->made[TALLY_RSA], m->nsigned - m->ned25519);
	if (m->nsigned > 0)
		return;
	if (why == NULL)
		why = "the sender is not allowed";
	counter_add(&counter_set_row(&t->not_signed, why)->cell[0], 1);
}

static void
tally_author(struct message *m, enum action taken)
{
	const struct dmarc_facts *f = &m->f.dmarc;

	if (f->done && f->author_domain != NULL)
		traffic_author(m->sv->traffic, m->sv->ticks(),
		    f->author_domain, f->result, taken >= ACTION_HOLD);
}

void
stage_tally(struct message *m, enum action taken)
{
	struct tallies *t = &m->sv->tallies;

	if (m->ended_us == 0)	/* refused before its end */
		return;
	tally_results(t, &m->f);
	tally_author(m, taken);
	if (m->f.direction == DIRECTION_SUBMISSION && taken < ACTION_DEFER)
		tally_signatures(m);
	if (m->lookups != NULL)
		histogram_add(&t->dns_wait,
		    lookups_waited_ms(m->lookups) * US_PER_MS);
	if (m->f.dkim.n > 0)
		histogram_add(&t->crypto[TALLY_VERIFY], m->f.dkim.verify_us);
	histogram_add(&t->answer[m->f.direction],
	    (uint32_t)monotonic_us() - m->ended_us);
}

void
stage_store_end(struct message *m, enum tally_store call, uint64_t begun)
{
	histogram_add(&m->sv->tallies.store[call], monotonic_us() - begun);
}
