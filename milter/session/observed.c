/*
 * observed - counters of each listener since the start
 *
 * A counter_set has the names and some of the counters; the other counters of
 * its row N are in listener N.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/metrics.h"
#include "session/observed.h"
#include "session/tallies.h"

#define HINT_MS		60000
#define DIRECTIONS	(DIRECTION_SUBMISSION + 1)

_Static_assert(OBSERVED_LISTENERS == COUNTER_NAMES &&
    OBSERVED_NAME == COUNTER_NAME, "a counter_set has the names");

/* Cells of a row. */
enum { SESSIONS, RECIPIENTS_REFUSED, BARE_LOGINS };

const struct observed_row observed_rows[OBSERVED_ROWS] = {
	{ AT_CONNECT, "j" }, { AT_CONNECT, "v" },
	{ AT_CONNECT, "{daemon_name}" }, { AT_CONNECT, "{daemon_port}" },
	{ AT_CONNECT, "{daemon_addr}" },
	{ AT_HELO, "{tls_version}" }, { AT_HELO, "{cipher_bits}" },
	{ AT_HELO, "{cert_subject}" },
	{ AT_MAIL, "{tls_version}" }, { AT_MAIL, "{cipher}" },
	{ AT_MAIL, "{cipher_bits}" }, { AT_MAIL, "{cert_subject}" },
	{ AT_MAIL, "{cn_subject}" }, { AT_MAIL, "{verify}" },
	{ AT_MAIL, "{auth_type}" }, { AT_MAIL, "{auth_authen}" },
	{ AT_MAIL, "i" },
	{ AT_EOM, "i" }, { AT_EOM, "{auth_authen}" }
};

struct rule_count {
	_Atomic(const char *)	 rule;
	atomic_uint_fast64_t	 n;
};

struct observed_listener {
	struct counter_row	*row;
	atomic_uint_fast64_t	 macro[OBSERVED_ROWS][SENT_VALUE + 1];
	atomic_uint_fast64_t	 action[DIRECTIONS][ACTION_REJECT + 1];
	struct rule_count	 rule[OBSERVED_RULES];
	atomic_uint_fast64_t	 hinted;	/* ticks of the last, or 0 */
	pthread_mutex_t		 lock;		/* guards mta and version */
	struct mta_facts	 mta;
	char			 version[OBSERVED_NAME];
};

struct observed {
	struct counter_set	 set;
	struct observed_listener listener[OBSERVED_LISTENERS];
};

struct observed *
observed_new(void)
{
	struct observed	*o = xcalloc(1, sizeof(*o));
	size_t		 i;

	pthread_mutex_init(&o->set.lock, NULL);
	for (i = 0; i < OBSERVED_LISTENERS; i++) {
		o->listener[i].row = &o->set.row[i];
		pthread_mutex_init(&o->listener[i].lock, NULL);
	}
	return o;
}

void
observed_free(struct observed **op)
{
	struct observed	*o = *op;
	size_t		 i;

	if (o == NULL)
		return;
	*op = NULL;
	for (i = 0; i < OBSERVED_LISTENERS; i++)
		pthread_mutex_destroy(&o->listener[i].lock);
	pthread_mutex_destroy(&o->set.lock);
	free(o);
}

struct observed_listener *
observed_listener(struct observed *o, const char *name)
{
	return &o->listener[counter_set_row(&o->set, name) - o->set.row];
}

void
observed_macros(struct observed_listener *l, enum macro_stage stage,
    const enum sent *sent)
{
	size_t i;

	for (i = 0; i < OBSERVED_ROWS; i++)
		if (observed_rows[i].stage == stage)
			atomic_fetch_add_explicit(&l->macro[i][sent[i]], 1,
			    memory_order_relaxed);
}

void
observed_session(struct observed_listener *l, const struct mta_facts *mta)
{
	counter_add(&l->row->cell[SESSIONS], 1);
	pthread_mutex_lock(&l->lock);
	l->mta = *mta;
	l->version[0] = '\0';
	if (mta->version != NULL)
		strncpy(l->version, mta->version, OBSERVED_NAME - 1);
	l->mta.version = NULL;		/* it belongs to the session */
	pthread_mutex_unlock(&l->lock);
}

static void
count_rule(struct observed_listener *l, const char *rule)
{
	size_t i;

	for (i = 0; i < OBSERVED_RULES; i++)
		if (counter_slot_has(&l->rule[i].rule, rule)) {
			counter_add(&l->rule[i].n, 1);
			return;
		}
}

void
observed_verdict(struct observed_listener *l, enum direction direction,
    const char *event, enum action action, const char *rule)
{
	if (strcmp(event, "rcpt") == 0)
		counter_add(&l->row->cell[RECIPIENTS_REFUSED], 1);
	else
		counter_add(&l->action[direction][action], 1);
	if (rule != NULL)
		count_rule(l, rule);
}

void
observed_bare_login(struct observed_listener *l)
{
	counter_add(&l->row->cell[BARE_LOGINS], 1);
}

bool
observed_never(const struct observed_listener *l, const char *macro)
{
	size_t i;

	for (i = 0; i < OBSERVED_ROWS; i++)
		if (strcmp(observed_rows[i].macro, macro) == 0 &&
		    atomic_load(&l->macro[i][SENT_VALUE]) +
		    atomic_load(&l->macro[i][SENT_EMPTY]) > 0)
			return false;
	return true;
}

bool
observed_hint_due(struct observed_listener *l, uint64_t ticks)
{
	uint_fast64_t last = atomic_load(&l->hinted);

	if (last != 0 && ticks - last < HINT_MS)
		return false;
	return atomic_compare_exchange_strong(&l->hinted, &last,
	    ticks > 0 ? ticks : 1);
}

/* --- a view ------------------------------------------------------------- */

void
observed_direction(struct observed *o, enum direction d,
    uint64_t n[ACTION_REJECT + 1])
{
	unsigned	i, listeners = atomic_load(&o->set.n);
	enum action	a;

	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++) {
		n[a] = 0;
		for (i = 0; i < listeners; i++)
			n[a] += counter_read(&o->listener[i].action[d][a]);
	}
}

bool
observed_view(struct observed *o, size_t i, struct observed_view *v)
{
	struct observed_listener *l;

	if (i >= atomic_load(&o->set.n))
		return false;
	l = &o->listener[i];
	memset(v, 0, sizeof(*v));
	v->listener = l;
	v->name = l->row->name;
	v->sessions = counter_read(&l->row->cell[SESSIONS]);
	v->bare_logins = counter_read(&l->row->cell[BARE_LOGINS]);
	while (v->nrules < OBSERVED_RULES &&
	    (v->rule[v->nrules] = atomic_load(&l->rule[v->nrules].rule)) !=
	    NULL)
		v->nrules++;
	pthread_mutex_lock(&l->lock);
	v->mta = l->mta;
	memcpy(v->version, l->version, sizeof(v->version));
	pthread_mutex_unlock(&l->lock);
	return true;
}

/* --- JSON --------------------------------------------------------------- */

static void
add_number(struct buf *b, const char *name, uint64_t value)
{
	buf_printf(b, "\"%s\": %llu", name, (unsigned long long)value);
}

static void
json_macros(const struct observed_listener *l, struct buf *b)
{
	static const char *const	 stages[] = {
		[AT_CONNECT] = "connect", [AT_HELO] = "helo",
		[AT_MAIL] = "mail", [AT_EOM] = "eom"
	};
	const struct observed_row	*row;
	size_t				 i;

	buf_addstr(b, "\"macros\": [");
	for (i = 0; i < OBSERVED_ROWS; i++) {
		row = &observed_rows[i];
		buf_printf(b, "%s{\"stage\": \"%s\", \"macro\": \"%s\", ",
		    i > 0 ? ", " : "", stages[row->stage], row->macro);
		add_number(b, "sent", atomic_load(&l->macro[i][SENT_VALUE]));
		buf_addstr(b, ", ");
		add_number(b, "empty", atomic_load(&l->macro[i][SENT_EMPTY]));
		buf_addstr(b, ", ");
		add_number(b, "absent", atomic_load(&l->macro[i][SENT_NOT]));
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
}

static void
json_rules(const struct observed_listener *l, struct buf *b)
{
	const char	*rule;
	size_t		 i;

	buf_addstr(b, "\"rules\": {");
	for (i = 0; i < OBSERVED_RULES; i++) {
		rule = atomic_load(&l->rule[i].rule);
		if (rule == NULL)
			break;
		if (i > 0)
			buf_addstr(b, ", ");
		json_string(b, rule);
		buf_printf(b, ": %llu",
		    (unsigned long long)atomic_load(&l->rule[i].n));
	}
	buf_addch(b, '}');
}

static void
json_mta(struct observed_listener *l, struct buf *b)
{
	pthread_mutex_lock(&l->lock);
	buf_printf(b, "\"negotiated\": %s, \"protocol\": %u, "
	    "\"takes_lists\": %s, \"mta\": ", l->mta.known ? "true" : "false",
	    l->mta.protocol, l->mta.takes_lists ? "true" : "false");
	json_string(b, l->version);
	pthread_mutex_unlock(&l->lock);
}

static void
json_listener(struct observed_listener *l, bool macros, struct buf *b)
{
	uint64_t	n[ACTION_REJECT + 1], messages = 0;
	enum action	a;

	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
		messages += n[a] =
		    counter_read(&l->action[DIRECTION_INBOUND][a]) +
		    counter_read(&l->action[DIRECTION_SUBMISSION][a]);
	buf_addstr(b, "{\"name\": ");
	json_string(b, l->row->name);
	buf_addstr(b, ", ");
	add_number(b, "sessions", counter_read(&l->row->cell[SESSIONS]));
	buf_addstr(b, ", ");
	add_number(b, "messages", messages);
	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++) {
		buf_addstr(b, ", ");
		add_number(b, action_name(a), n[a]);
	}
	buf_addstr(b, ", ");
	add_number(b, "recipients_refused",
	    counter_read(&l->row->cell[RECIPIENTS_REFUSED]));
	buf_addstr(b, ", ");
	add_number(b, "logins_without_domain_refused",
	    counter_read(&l->row->cell[BARE_LOGINS]));
	buf_addstr(b, ", ");
	json_mta(l, b);
	buf_addstr(b, ", ");
	json_rules(l, b);
	if (macros) {
		buf_addstr(b, ", ");
		json_macros(l, b);
	}
	buf_addch(b, '}');
}

void
observed_json(struct observed *o, bool macros, struct buf *b)
{
	unsigned i, n = atomic_load(&o->set.n);

	buf_addch(b, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addstr(b, ", ");
		json_listener(&o->listener[i], macros, b);
	}
	buf_addch(b, ']');
}

/* --- metrics ------------------------------------------------------------ */

static void
write_cell(struct observed *o, int cell, struct metrics_text *t)
{
	unsigned i, n = atomic_load(&o->set.n);

	for (i = 0; i < n; i++)
		metrics_sample(t, (const char *[]){ o->set.row[i].name },
		    counter_read(&o->set.row[i].cell[cell]));
}

void
observed_sessions(struct observed *o, struct metrics_text *t)
{
	write_cell(o, SESSIONS, t);
}

void
observed_recipients_refused(struct observed *o, struct metrics_text *t)
{
	write_cell(o, RECIPIENTS_REFUSED, t);
}

/*
 * All actions of a direction that the listener has had a message of: an alert
 * needs the zero before the first refusal.
 */
static void
listener_messages(struct observed_listener *l, enum direction d,
    struct metrics_text *t)
{
	const char	*label[] = { l->row->name, tally_direction_name(d), NULL };
	uint64_t	 n[ACTION_REJECT + 1], sum = 0;
	enum action	 a;

	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
		sum += n[a] = atomic_load(&l->action[d][a]);
	for (a = ACTION_ACCEPT; a <= ACTION_REJECT && sum > 0; a++) {
		label[2] = action_name(a);
		metrics_sample(t, label, n[a]);
	}
}

void
observed_messages(struct observed *o, struct metrics_text *t)
{
	unsigned i, n = atomic_load(&o->set.n);

	for (i = 0; i < n; i++) {
		listener_messages(&o->listener[i], DIRECTION_INBOUND, t);
		listener_messages(&o->listener[i], DIRECTION_SUBMISSION, t);
	}
}

static void
listener_rules(struct observed_listener *l, struct metrics_text *t)
{
	const char	*label[] = { l->row->name, NULL };
	size_t		 i;

	for (i = 0; i < OBSERVED_RULES; i++) {
		label[1] = atomic_load(&l->rule[i].rule);
		if (label[1] == NULL)
			break;
		metrics_sample(t, label, atomic_load(&l->rule[i].n));
	}
}

void
observed_rules_held(struct observed *o, struct metrics_text *t)
{
	unsigned i, n = atomic_load(&o->set.n);

	for (i = 0; i < n; i++)
		listener_rules(&o->listener[i], t);
}
