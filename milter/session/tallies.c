/*
 * tallies - what the results of messages and the durations add up to
 */
#include <string.h>
#include <strings.h>

#include "session/tallies.h"

static const char *const algorithm_words[] = {
	[TALLY_RSA] = "rsa-sha256", [TALLY_ED25519] = "ed25519-sha256",
	[TALLY_RSA_SHA1] = "rsa-sha1", [TALLY_OTHER] = "other"
};

void
tallies_init(struct tallies *t)
{
	memset(t, 0, sizeof(*t));
	pthread_mutex_init(&t->not_signed.lock, NULL);
	pthread_mutex_init(&t->plans.lock, NULL);
}

const char *
tally_direction_name(enum direction d)
{
	return d == DIRECTION_INBOUND ? "inbound" : "submission";
}

const char *
tally_algorithm_name(enum tally_algorithm a)
{
	return algorithm_words[a];
}

const char *
tally_store_name(enum tally_store s)
{
	static const char *const words[] = {
		[TALLY_SETTINGS] = "settings", [TALLY_RESERVE] = "reserve",
		[TALLY_COMMIT] = "commit"
	};

	return words[s];
}

const char *
tally_policy_name(enum tally_policy p)
{
	return p == TALLY_NO_POLICY ? "absent" :
	    dmarc_policy_word((enum dmarc_policy)p);
}

enum tally_algorithm
tally_algorithm_find(const char *name)
{
	enum tally_algorithm a;

	for (a = TALLY_RSA; a < TALLY_OTHER; a++)
		if (name != NULL && strcasecmp(name, algorithm_words[a]) == 0)
			break;
	return a;
}

static void
tally_dkim(struct tallies *t, const struct dkim_facts *dkim)
{
	const struct dkim_signature	*sig;
	size_t				 i;

	if (dkim->n == 0)
		counter_add(&t->dkim_none, 1);
	for (i = 0; i < dkim->n; i++) {
		sig = &dkim->sig[i];
		counter_add(&t->dkim[tally_algorithm_find(sig->algorithm)]
		    [sig->result], 1);
	}
}

void
tally_results(struct tallies *t, const struct facts *f)
{
	if (f->spf_mfrom.done)
		counter_add(&t->spf_mfrom[f->spf_mfrom.result], 1);
	if (f->spf_helo.done)
		counter_add(&t->spf_helo[f->spf_helo.result], 1);
	if (f->iprev.done)
		counter_add(&t->iprev[f->iprev.result], 1);
	if (f->dkim.done)
		tally_dkim(t, &f->dkim);
	if (f->dmarc.done)
		counter_add(&t->dmarc[f->dmarc.record_domain == NULL ?
		    TALLY_NO_POLICY : (int)f->dmarc.policy]
		    [f->dmarc.result], 1);
}
