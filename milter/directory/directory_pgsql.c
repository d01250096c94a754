/*
 * directory_pgsql - the door to libpq (PostgreSQL)
 *
 * Statements are sent with their parameters in the extended protocol, and not
 * prepared by name: a name would be lost behind a connection pooler, and
 * a prepared "SELECT *" fails after a change of the table. Values of Postfix's
 * tables are quoted by libpq, which knows the server's rules for strings.
 *
 * The library's calls do not block, but for the lookup of the host's name.
 */
#include <libpq-fe.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "directory_driver_priv.h"
#include "directory_files_priv.h"

/*
 * A certificate that cannot exist. By default libpq looks for one in the home
 * directory of $HOME, and fails if it may not look there.
 */
#define NO_CERTIFICATE	"/dev/null/none"
/* The server stops a statement by itself; wait somewhat longer for that. */
#define GRACE_MS	500u

struct pgsql_link {
	PGconn		*connection;
	unsigned	 timeout;	/* milliseconds */
};

/* --- errors -------------------------------------------------------------- */

/* The first line of the server's or library's words, without the host. */
static void
pgsql_words(const char *from, char *to, size_t size)
{
	const char *reason = strstr(from, " failed: ");

	if (strncmp(from, "connection to server", 20) == 0 && reason != NULL)
		from = reason + strlen(" failed: ");
	from += strspn(from, " \n");
	snprintf(to, size, "%.*s", (int)strcspn(from, "\n"), from);
}

/* What to do about an SQLSTATE, by its first characters. */
static const struct remedy {
	const char	*state, *advice;
} remedies[] = {
	{ "28", "check the user, the password file and the server's "
	    "pg_hba.conf" },
	{ "3D", "check the name of the database" },
	{ "42501", "grant SELECT on the table to this user" },
	{ "42", "check the query and the tables" },
	{ "53", "raise the limits of the server" },
	{ "57014", "the query takes too long: check its index, or raise the "
	    "time-out" },
	{ "57", "wait until the server runs" },
	{ "22021", "the login or address is not in UTF-8" },
	{ "22", "check the values in the table" },
};

/* The library's own errors have no SQLSTATE. */
static const struct remedy failures[] = {
	{ "certificate", "check the name of the host, and the file of "
	    "certificate authorities" },
	{ "SSL", "turn TLS on in the server, or add ?tls=no to the URL" },
	{ "password", "check the user and the password file" },
	{ "role", "check the user" },
	{ "translate host name", "check the name of the host" },
	{ "database", "check the name of the database" },
};

static const char *
pgsql_advice(const char *state)
{
	size_t i;

	for (i = 0; state != NULL &&
	    i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (strncmp(state, remedies[i].state,
		    strlen(remedies[i].state)) == 0)
			return remedies[i].advice;
	return "see the server's log";
}

static void
pgsql_say_result(const PGresult *r, char why[DIRECTORY_ERROR])
{
	const char	*text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	char		 words[200];

	pgsql_words(text != NULL ? text : PQresultErrorMessage(r), words,
	    sizeof(words));
	why_print(why, DIRECTORY_ERROR, "%s; %s", words,
	    pgsql_advice(PQresultErrorField(r, PG_DIAG_SQLSTATE)));
}

static void
pgsql_say(const struct pgsql_link *l, char why[DIRECTORY_ERROR])
{
	const char	*advice = "check that the server runs";
	char		 words[200];
	size_t		 i;

	pgsql_words(PQerrorMessage(l->connection), words, sizeof(words));
	for (i = sizeof(failures) / sizeof(failures[0]); i > 0; i--)
		if (strstr(words, failures[i - 1].state) != NULL)
			advice = failures[i - 1].advice;
	why_print(why, DIRECTORY_ERROR, "%s; %s", words[0] != '\0' ? words :
	    "the connection was closed", advice);
}

/* --- waiting ------------------------------------------------------------- */

static bool
pgsql_wait(const struct pgsql_link *l, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = PQsocket(l->connection), .events = events };

	return p.fd >= 0 && monotonic_poll(&p, deadline) > 0;
}

/* --- connections --------------------------------------------------------- */

static void
pgsql_close(void *link)
{
	struct pgsql_link *l = link;

	PQfinish(l->connection);
	free(l);
}

#define PARAMETERS	16

static void
pgsql_set(const char **key, const char **value, const char *k, const char *v)
{
	size_t i;

	for (i = 0; key[i] != NULL; i++)
		;
	key[i] = k;
	value[i] = v;
}

/* False with `why`. */
static bool
pgsql_set_tls(const struct directory_place *p, const struct directory_host *h,
    const char **key, const char **value, char why[DIRECTORY_ERROR])
{
	const char *ca;

	if (!directory_wants_tls(p, h)) {
		pgsql_set(key, value, "sslmode", "disable");
		return true;
	}
	ca = directory_trust_file(p, why);
	pgsql_set(key, value, "sslmode", "verify-full");
	pgsql_set(key, value, "sslrootcert", ca);
	pgsql_set(key, value, "sslcert", NO_CERTIFICATE);
	return ca != NULL;
}

static PGconn *
pgsql_start(const struct directory_place *p, const struct directory_host *h,
    struct arena *a, char why[DIRECTORY_ERROR])
{
	const char	*key[PARAMETERS] = { NULL };
	const char	*value[PARAMETERS] = { NULL };
	const char	*password = directory_password(p, a, why);

	if (password == NULL || !pgsql_set_tls(p, h, key, value, why))
		return NULL;
	pgsql_set(key, value, "dbname", p->database);
	if (h->name[0] != '\0')
		pgsql_set(key, value, "host", h->name);
	if (h->port[0] != '\0')
		pgsql_set(key, value, "port", h->port);
	if (p->user[0] != '\0')
		pgsql_set(key, value, "user", p->user);
	if (password[0] != '\0')
		pgsql_set(key, value, "password", password);
	pgsql_set(key, value, "client_encoding", "UTF8");
	pgsql_set(key, value, "application_name", "millgate");
	pgsql_set(key, value, "gssencmode", "disable");
	return PQconnectStartParams(key, value, 0);
}

static bool
pgsql_connect(struct pgsql_link *l, unsigned patience,
    char why[DIRECTORY_ERROR])
{
	uint64_t			deadline = monotonic_ms() + patience;
	PostgresPollingStatusType	status = PGRES_POLLING_WRITING;

	if (PQstatus(l->connection) == CONNECTION_BAD)
		status = PGRES_POLLING_FAILED;
	while (status == PGRES_POLLING_READING ||
	    status == PGRES_POLLING_WRITING) {
		if (!pgsql_wait(l, status == PGRES_POLLING_READING ? POLLIN :
		    POLLOUT, deadline))
			return why_print(why, DIRECTORY_ERROR, "no connection "
			    "in time; check that the server runs and that a "
			    "firewall does not block the port");
		status = PQconnectPoll(l->connection);
	}
	if (status == PGRES_POLLING_OK)
		return true;
	pgsql_say(l, why);
	return false;
}

/* --- one question -------------------------------------------------------- */

/* Not the next result, but the time is over or the server is gone: NULL. */
static bool
pgsql_next(struct pgsql_link *l, uint64_t deadline, PGresult **rp,
    char why[DIRECTORY_ERROR])
{
	while (PQisBusy(l->connection)) {
		if (!pgsql_wait(l, POLLIN, deadline))
			return why_print(why, DIRECTORY_ERROR, "no answer in "
			    "time; check the server and the network");
		if (!PQconsumeInput(l->connection)) {
			pgsql_say(l, why);
			return false;
		}
	}
	*rp = PQgetResult(l->connection);
	return true;
}

/* The rows of one result, which is one row or the end. */
static bool
pgsql_take(const PGresult *r, struct directory_answer *a)
{
	int i, k;

	if (PQntuples(r) == 0 || PQresultStatus(r) == PGRES_TUPLES_OK)
		for (k = 0; k < PQnfields(r); k++)
			if (!directory_answer_column(a, PQfname(r, k)))
				return false;
	for (i = 0; i < PQntuples(r); i++) {
		if (!directory_answer_row(a))
			return false;
		for (k = 0; k < PQnfields(r); k++)
			if (!PQgetisnull(r, i, k) &&
			    !directory_answer_cell(a, PQfname(r, k),
			    PQgetvalue(r, i, k), (size_t)PQgetlength(r, i, k)))
				return false;
	}
	return true;
}

static enum directory_ask
pgsql_judge(struct pgsql_link *l, const PGresult *r,
    struct directory_answer *a, char why[DIRECTORY_ERROR])
{
	switch (PQresultStatus(r)) {
	case PGRES_SINGLE_TUPLE:
	case PGRES_TUPLES_OK:
		/* there may be a million more rows: hang up */
		return pgsql_take(r, a) ? DIRECTORY_ASK_DONE :
		    DIRECTORY_ASK_BROKEN;
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		why_print(why, DIRECTORY_ERROR, "the query returns no rows; "
		    "write a SELECT");
		return DIRECTORY_ASK_REFUSED;
	default:
		pgsql_say_result(r, why);
		return PQstatus(l->connection) == CONNECTION_OK ?
		    DIRECTORY_ASK_REFUSED : DIRECTORY_ASK_BROKEN;
	}
}

/* Take all results; the first refusal counts. */
static enum directory_ask
pgsql_receive(struct pgsql_link *l, struct directory_answer *a,
    char why[DIRECTORY_ERROR])
{
	uint64_t		 deadline = monotonic_ms() + l->timeout +
				    GRACE_MS;
	enum directory_ask	 result = DIRECTORY_ASK_DONE;
	PGresult		*r;

	for (;;) {
		if (!pgsql_next(l, deadline, &r, why))
			return DIRECTORY_ASK_BROKEN;
		if (r == NULL)
			break;
		if (result == DIRECTORY_ASK_DONE)
			result = pgsql_judge(l, r, a, why);
		PQclear(r);
		if (result == DIRECTORY_ASK_BROKEN)
			return result;
	}
	return PQstatus(l->connection) == CONNECTION_OK ? result :
	    DIRECTORY_ASK_BROKEN;
}

/* The text with its quoted values; false: a value cannot be quoted. */
static bool
pgsql_text(struct pgsql_link *l, const struct directory_text *t,
    struct buf *b)
{
	size_t	i, len;
	int	error = 0;
	char	*quoted;

	for (i = 0; i < t->n && error == 0; i++) {
		buf_addstr(b, t->piece[i].text);
		if (t->piece[i].value == NULL)
			continue;
		len = strlen(t->piece[i].value);
		quoted = xmalloc(2 * len + 1);
		PQescapeStringConn(l->connection, quoted, t->piece[i].value,
		    len, &error);
		buf_addstr(b, quoted);
		free(quoted);
	}
	return error == 0;
}

/* Send it; the extended protocol takes one statement only. */
static bool
pgsql_send(struct pgsql_link *l, const char *text, const char *const *word,
    size_t nwords)
{
	return PQsendQueryParams(l->connection, text, (int)nwords, NULL, word,
	    NULL, NULL, 0) == 1 && PQsetSingleRowMode(l->connection) == 1;
}

static enum directory_ask
pgsql_ask(void *link, const struct directory_question *q,
    struct directory_answer *a, char why[DIRECTORY_ERROR])
{
	struct pgsql_link	*l = link;
	struct buf		 b = BUF_INIT;
	bool			 good;

	if (q->statement == NULL && !pgsql_text(l, &q->sql, &b)) {
		buf_free(&b);
		why_print(why, DIRECTORY_ERROR, "the login or address is not "
		    "in UTF-8");
		return DIRECTORY_ASK_REFUSED;
	}
	good = pgsql_send(l, q->statement != NULL ? q->statement : buf_str(&b),
	    q->word, q->nwords);
	buf_free(&b);
	if (good)
		return pgsql_receive(l, a, why);
	pgsql_say(l, why);
	return DIRECTORY_ASK_BROKEN;
}

/* The server ends a statement that nobody waits for any more. */
static bool
pgsql_limit(struct pgsql_link *l, char why[DIRECTORY_ERROR])
{
	uint64_t	 deadline = monotonic_ms() + l->timeout + GRACE_MS;
	char		 text[64];
	bool		 good;
	PGresult	*r = NULL;

	snprintf(text, sizeof(text), "SET statement_timeout = %u", l->timeout);
	if (!pgsql_send(l, text, NULL, 0)) {
		pgsql_say(l, why);
		return false;
	}
	do {
		if (!pgsql_next(l, deadline, &r, why))
			return false;
		good = r == NULL || PQresultStatus(r) == PGRES_COMMAND_OK;
		if (!good)
			pgsql_say_result(r, why);
		PQclear(r);
	} while (r != NULL && good);
	return good;
}

static void *
pgsql_open(const struct directory_place *p, const struct directory_host *h,
    char why[DIRECTORY_ERROR])
{
	struct pgsql_link	*l;
	struct arena		*a = arena_new(0);
	PGconn			*c = pgsql_start(p, h, a, why);

	arena_wipe(&a);
	if (c == NULL)
		return NULL;
	l = xcalloc(1, sizeof(*l));
	l->connection = c;
	l->timeout = p->timeout;
	if (pgsql_connect(l, p->connect, why) && pgsql_limit(l, why))
		return l;
	pgsql_close(l);
	return NULL;
}

static const struct directory_driver pgsql_driver = {
	pgsql_open, pgsql_ask, pgsql_close
};
const struct directory_driver *const directory_pgsql = &pgsql_driver;
