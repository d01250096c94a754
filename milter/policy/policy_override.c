/*
 * policy_override - trusted clients, and exceptions from DMARC and SPF
 *
 * A trusted client is not judged at all. An override section replaces the
 * action for mail that did not pass, with a milder or a stricter one. It never
 * changes a pass, nor mail of a domain without a policy.
 *
 * A message may have several recipients and several author domains. For a
 * milder action the section must match all of them; for a stricter one, one
 * is enough. So an added recipient or author does not avoid a policy.
 */
#include <string.h>

#include "policy/policy_address.h"
#include "policy/policy_override.h"

/* How many items of a list in the message a section matches. */
enum extent { EXTENT_NONE, EXTENT_SOME, EXTENT_ALL };

bool
policy_trust(const struct trust_rules *r, const struct facts *f,
    bool own_mail, struct override_facts *o)
{
	memset(o, 0, sizeof(*o));
	if (f->conn.client_known && netblocks_contain(r->networks,
	    r->nnetworks, &f->conn.client)) {
		o->name = "trusted-networks";
		o->reason = "the client is trusted";
	} else if (r->logins == TRUST_ANY_LOGIN && f->auth.login != NULL) {
		o->name = "trust-authenticated";
		o->reason = "the client is authenticated";
	} else if (r->logins == TRUST_OWN_ADDRESS && own_mail) {
		o->name = "trust-authenticated";
		o->reason = "the login may use the sender and author addresses";
	}
	return o->name != NULL;
}

static enum extent
extent_of(size_t listed, size_t all)
{
	if (listed == 0)
		return EXTENT_NONE;
	return listed == all ? EXTENT_ALL : EXTENT_SOME;
}

static enum extent
authors(const struct override_rules *r, const struct from_facts *from)
{
	size_t i, n = 0;

	if (r->nauthor_domains == 0)
		return EXTENT_ALL;
	if (from->state != FROM_OK)
		return EXTENT_NONE;
	for (i = 0; i < from->ndomains; i++)
		n += policy_domain_is_listed(r->author_domains,
		    r->nauthor_domains, from->domain[i]);
	return extent_of(n, from->ndomains);
}

static enum extent
recipients(const struct override_rules *r, const struct identity_rules *ir,
    const struct mailbox_list *list)
{
	size_t i, n = 0;

	if (r->nrecipients == 0)
		return EXTENT_ALL;
	for (i = 0; i < list->n; i++)
		n += policy_box_is_listed(ir, r->recipients, r->nrecipients,
		    &list->box[i]);
	return extent_of(n, list->n);
}

/* Only a valid signature counts. */
static bool
is_signed(const struct override_rules *r, const struct dkim_facts *dkim)
{
	size_t i;

	for (i = 0; i < dkim->n; i++)
		if (dkim->sig[i].result == RESULT_PASS &&
		    dkim->sig[i].domain != NULL &&
		    policy_domain_is_listed(r->signers, r->nsigners,
		    dkim->sig[i].domain))
			return true;
	return r->nsigners == 0;
}

static bool
is_from_network(const struct override_rules *r, const struct conn_facts *conn)
{
	return r->nnetworks == 0 || (conn->client_known &&
	    netblocks_contain(r->networks, r->nnetworks, &conn->client));
}

static bool
override_fits(const struct override_rules *r, const struct identity_rules *ir,
    const struct facts *f, enum action judged)
{
	enum extent enough = r->action < judged ? EXTENT_ALL : EXTENT_SOME;

	return is_from_network(r, &f->conn) && is_signed(r, &f->dkim) &&
	    authors(r, &f->from) >= enough &&
	    recipients(r, ir, &f->env.recipient_list) >= enough;
}

static bool
may_change(const struct dmarc_facts *d)
{
	return d->done && (d->result == RESULT_FAIL ||
	    d->result == RESULT_TEMPERROR || d->result == RESULT_PERMERROR);
}

/*
 * The first section for this method that fits; *o names it. NULL: none, or it
 * has the same action.
 */
static const struct override_rules *
override_find(const struct override_rules *r, size_t n, enum override_of of,
    const struct identity_rules *ir, const struct facts *f,
    struct override_facts *o, const struct verdict *v)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((r[i].of == of || r[i].of == OVERRIDE_BOTH) &&
		    override_fits(&r[i], ir, f, v->action))
			break;
	if (i == n)
		return NULL;
	o->name = r[i].name;
	o->reason = r[i].reason;
	o->rule = v->rule;
	return r[i].action != v->action ? &r[i] : NULL;
}

struct verdict
policy_override(const struct override_rules *r, size_t n,
    const struct identity_rules *ir, const struct facts *f,
    struct override_facts *o, struct verdict v)
{
	const struct override_rules *found;

	if (!may_change(&f->dmarc))
		return v;
	found = override_find(r, n, OVERRIDE_DMARC, ir, f, o, &v);
	if (found == NULL)
		return v;
	if (found->action == ACTION_ACCEPT)
		return verdict_accept();
	return verdict_by(found->action, "dmarc-override", "550 5.7.1",
	    "451 4.7.1", "DMARC: mail of %s is handled by a rule of this "
	    "site", f->dmarc.author_domain != NULL ?
	    f->dmarc.author_domain : "this author");
}

/* Results for which section spf has an action. */
static bool
spf_may_change(const struct spf_facts *spf)
{
	return spf->done && (spf->result == RESULT_FAIL ||
	    spf->result == RESULT_SOFTFAIL ||
	    spf->result == RESULT_PERMERROR ||
	    spf->result == RESULT_TEMPERROR);
}

struct verdict
policy_override_spf(const struct override_rules *r, size_t n,
    const struct identity_rules *ir, const struct facts *f,
    struct override_facts *o, struct verdict v)
{
	const struct override_rules *found;

	if (!spf_may_change(&f->spf_mfrom) && !spf_may_change(&f->spf_helo))
		return v;
	found = override_find(r, n, OVERRIDE_SPF, ir, f, o, &v);
	if (found == NULL)
		return v;
	if (found->action == ACTION_ACCEPT)
		return verdict_accept();
	return verdict_by(found->action, "spf-override", "550 5.7.23",
	    "451 4.7.24", "SPF: mail from this client is handled by a rule of "
	    "this site");
}
