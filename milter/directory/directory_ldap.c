/*
 * directory_ldap - LDAP through libldap
 *
 * Each link has all its settings itself, because ldap.conf(5), .ldaprc and the
 * environment may say otherwise.
 */
#include <sys/time.h>

#include <ldap.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "directory_driver_priv.h"
#include "directory_files_priv.h"
#include "directory_ldap_deadline_priv.h"
#include "directory_ldap_escape_priv.h"
#include "directory_ldap_why_priv.h"

/* Octets of one message: an entry, in most cases. */
#define LDAP_MESSAGE	(4 * DIRECTORY_OCTETS)

struct ldap_link {
	LDAP				*ld;
	unsigned			 timeout;	/* milliseconds */
	unsigned			 within;	/* of this call */
	bool				 ready;		/* open has ended */
	bool				 huge;		/* LDAP_MESSAGE */
	struct directory_ldap_deadline	 deadline;
	struct ldap_conncb		 connected;
};

static pthread_once_t ldap_once = PTHREAD_ONCE_INIT;

/* The library reads its files and sets up GnuTLS at its first call. */
static void
ldap_begin(void)
{
	int version;

	ldap_get_option(NULL, LDAP_OPT_PROTOCOL_VERSION, &version);
}

static struct timeval
ldap_time(uint64_t ms)
{
	struct timeval tv;

	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	return tv;
}

static void
ldap_link_within(struct ldap_link *l, unsigned ms)
{
	l->within = ms;
	l->deadline.at = monotonic_ms() + ms;
	l->deadline.missed = false;
}

/*
 * Only the first connection is let through. Should a version of the library
 * connect again by itself, it would do so without StartTLS, and as nobody.
 */
static int
ldap_link_connected(LDAP *ld, Sockbuf *sb, LDAPURLDesc *url,
    struct sockaddr *addr, struct ldap_conncb *connected)
{
	struct ldap_link *l = connected->lc_arg;

	(void)ld;
	(void)url;
	(void)addr;
	if (l->ready)
		return -1;
	directory_ldap_deadline_add(sb, &l->deadline);
	return 0;
}

static void
ldap_link_disconnected(LDAP *ld, Sockbuf *sb, struct ldap_conncb *connected)
{
	(void)ld;
	(void)sb;
	(void)connected;
}

/* Why a call failed. False. */
static bool
ldap_link_why(struct ldap_link *l, int rc, char why[DIRECTORY_ERROR])
{
	char *text = NULL;

	if (l->deadline.missed || rc == LDAP_TIMEOUT)
		return why_print(why, DIRECTORY_ERROR,
		    "no answer within %u ms; check the server and the "
		    "network", l->within);
	if (l->huge)
		return why_print(why, DIRECTORY_ERROR, "an entry has more than "
		    "%u octets; ask for other attributes", LDAP_MESSAGE);
	ldap_get_option(l->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
	/* GnuTLS says "pull" and "push" when it cannot read and write */
	if (text != NULL && strstr(text, " function.") != NULL)
		directory_ldap_why(rc, "the connection was closed", why);
	/* its TLS part has one number for all errors of certificates */
	else if (text != NULL && strcmp(text, "(unknown error code)") == 0)
		why_print(why, DIRECTORY_ERROR, "TLS: the certificate is not "
		    "from a known authority, or not for this host; check the "
		    "host name and the file of authorities");
	else
		directory_ldap_why(rc, text, why);
	ldap_memfree(text);
	return false;
}

static void
ldap_link_options(struct ldap_link *l, const struct directory_place *p)
{
	LDAP		*ld = l->ld;
	int		version = LDAP_VERSION3, deref = LDAP_DEREF_NEVER;
	int		rows = (int)DIRECTORY_ROWS;
	int		seconds = (int)((p->timeout + 999) / 1000);
	ber_len_t	most = LDAP_MESSAGE;
	struct timeval	tv = ldap_time(p->connect);
	Sockbuf		*sb = NULL;

	ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &tv);
	ldap_set_option(ld, LDAP_OPT_TIMEOUT, &tv);
	ldap_set_option(ld, LDAP_OPT_TIMELIMIT, &seconds);
	ldap_set_option(ld, LDAP_OPT_SIZELIMIT, &rows);
	ldap_set_option(ld, LDAP_OPT_DEREF, &deref);
	ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
	l->connected.lc_add = ldap_link_connected;
	l->connected.lc_del = ldap_link_disconnected;
	l->connected.lc_arg = l;
	ldap_set_option(ld, LDAP_OPT_CONNECT_CB, &l->connected);
	if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &sb) == 0 && sb != NULL)
		ber_sockbuf_ctrl(sb, LBER_SB_OPT_SET_MAX_INCOMING, &most);
}

static bool
ldap_link_trust(LDAP *ld, const struct directory_place *p,
    char why[DIRECTORY_ERROR])
{
	const char	*ca = directory_trust_file(p, why);
	int		 demand = LDAP_OPT_X_TLS_DEMAND, client = 0;
	int		 oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, rc;

	if (ca == NULL)
		return false;
	ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTDIR, NULL);
	ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, ca);
	ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest);
	rc = ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client);
	if (rc == LDAP_OPT_SUCCESS)
		return true;
	return why_print(why, DIRECTORY_ERROR, "%s: contains no readable "
	    "certificate; name a PEM file of certificate authorities", ca);
}

/* Connect, with TLS if it is wanted. */
static bool
ldap_link_connect(struct ldap_link *l, const struct directory_place *p,
    const struct directory_host *h, char why[DIRECTORY_ERROR])
{
	bool	tls = directory_wants_tls(p, h);
	int	rc;

	ldap_link_options(l, p);
	if (tls && !ldap_link_trust(l->ld, p, why))
		return false;
	errno = 0;
	rc = ldap_connect(l->ld);
	/* of a TCP connection, the library does not keep the reason */
	if (rc == LDAP_SERVER_DOWN && directory_host_is_socket(h) &&
	    errno != 0)
		return directory_ldap_why(rc, strerror(errno), why);
	if (rc == LDAP_SUCCESS && tls && !p->tls_at_once)
		rc = ldap_start_tls_s(l->ld, NULL, NULL);
	if (rc == LDAP_PROTOCOL_ERROR)		/* RFC 4511 4.14.1 */
		return why_print(why, DIRECTORY_ERROR, "the server offers no "
		    "TLS; turn it on there, or add ?tls=no to the URL");
	return rc == LDAP_SUCCESS || ldap_link_why(l, rc, why);
}

/* The next message of an operation, before the deadline; NULL with `why`. */
static LDAPMessage *
ldap_next(struct ldap_link *l, int id, char why[DIRECTORY_ERROR])
{
	uint64_t	 now = monotonic_ms(), at = l->deadline.at;
	struct timeval	 tv = ldap_time(at > now ? at - now : 0);
	LDAPMessage	*m = NULL;
	int		 rc;

	errno = 0;
	rc = ldap_result(l->ld, id, LDAP_MSG_ONE, &tv, &m);
	l->huge = rc == -1 && errno == ERANGE;
	if (rc > 0)
		return m;
	if (rc == 0)
		rc = LDAP_TIMEOUT;
	else
		ldap_get_option(l->ld, LDAP_OPT_RESULT_CODE, &rc);
	ldap_link_why(l, rc, why);
	return NULL;
}

static bool
ldap_bind_send(struct ldap_link *l, const char *dn, const char *password,
    int *id, char why[DIRECTORY_ERROR])
{
	struct berval	word = { strlen(password),
			    (char *)(uintptr_t)password };
	int		rc;

	/* RFC 4513 5.1.2: it would be a login as nobody */
	if (*password == '\0')
		return why_print(why, DIRECTORY_ERROR, "the bind DN %s has no "
		    "password; name a password file", dn);
	rc = ldap_sasl_bind(l->ld, dn, LDAP_SASL_SIMPLE, &word, NULL, NULL, id);
	return rc == LDAP_SUCCESS || ldap_link_why(l, rc, why);
}

static bool
ldap_link_bind(struct ldap_link *l, const struct directory_place *p,
    char why[DIRECTORY_ERROR])
{
	struct arena	*a = arena_new(0);
	const char	*password = directory_password(p, a, why);
	LDAPMessage	*m = NULL;
	int		 id, rc = LDAP_OTHER;
	char		*text = NULL;

	if (password != NULL &&
	    ldap_bind_send(l, p->user, password, &id, why))
		m = ldap_next(l, id, why);
	arena_wipe(&a);
	if (m == NULL)
		return false;
	ldap_parse_result(l->ld, m, &rc, NULL, &text, NULL, NULL, 1);
	if (rc != LDAP_SUCCESS)
		directory_ldap_why(rc, text, why);
	ldap_memfree(text);
	return rc == LDAP_SUCCESS;
}

static void
ldap_link_close(void *link)
{
	struct ldap_link *l = link;

	ldap_link_within(l, l->timeout);
	ldap_unbind_ext(l->ld, NULL, NULL);
	free(l);
}

static void *
ldap_link_open(const struct directory_place *p,
    const struct directory_host *h, char why[DIRECTORY_ERROR])
{
	struct ldap_link	*l;
	struct buf		 url = BUF_INIT;
	LDAP			*ld = NULL;
	int			 rc;

	pthread_once(&ldap_once, ldap_begin);
	directory_ldap_url(&url, p, h);
	rc = ldap_initialize(&ld, buf_str(&url));
	buf_free(&url);
	if (rc != LDAP_SUCCESS) {
		directory_ldap_why(rc, NULL, why);
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->ld = ld;
	l->timeout = p->timeout;
	ldap_link_within(l, p->connect);
	if (!ldap_link_connect(l, p, h, why) ||
	    (p->user[0] != '\0' && !ldap_link_bind(l, p, why))) {
		ldap_link_close(l);
		return NULL;
	}
	l->ready = true;
	return l;
}

/* The attributes of a question, each once; "1.1" asks for none (RFC 4511). */
static char **
ldap_attributes(const struct directory_question *q, struct arena *a)
{
	char	**list = arena_array(a, q->nattributes + 2, sizeof(*list));
	size_t	  i, j, n = 0;

	for (i = 0; i < q->nattributes; i++) {
		for (j = 0; j < n; j++)
			if (strcasecmp(list[j], q->attribute[i].attribute) == 0)
				break;
		if (j == n)
			list[n++] = arena_strdup(a, q->attribute[i].attribute);
	}
	if (n == 0)
		list[n] = arena_strdup(a, LDAP_NO_ATTRS);
	return list;
}

static int
ldap_search_send(struct ldap_link *l, const struct directory_question *q,
    int *id)
{
	static const int scope[] = {
		[DIRECTORY_SUB] = LDAP_SCOPE_SUBTREE,
		[DIRECTORY_ONE] = LDAP_SCOPE_ONELEVEL,
		[DIRECTORY_BASE] = LDAP_SCOPE_BASE,
	};
	struct buf	 base = BUF_INIT, filter = BUF_INIT;
	struct arena	*a = arena_new(0);
	int		 rc;

	directory_ldap_base(&base, &q->base);
	directory_ldap_filter(&filter, &q->filter);
	rc = ldap_search_ext(l->ld, buf_str(&base), scope[q->scope],
	    buf_str(&filter), ldap_attributes(q, a), 0, NULL, NULL, NULL,
	    LDAP_NO_LIMIT, id);
	buf_free(&base);
	buf_free(&filter);
	arena_free(&a);
	return rc;
}

/* "mail;lang-en" is a part of "mail" (RFC 4512 2.5). */
static bool
ldap_is_attribute(const char *found, const char *asked)
{
	size_t length = strlen(asked);

	return strncasecmp(found, asked, length) == 0 &&
	    (found[length] == '\0' || found[length] == ';');
}

/* The values of an attribute go to each column that names it. */
static bool
ldap_values(struct berval **value, const char *name,
    const struct directory_question *q, struct directory_answer *a,
    char why[DIRECTORY_ERROR])
{
	size_t	i, j;
	bool	known = false;

	for (i = 0; i < q->nattributes; i++) {
		if (!ldap_is_attribute(name, q->attribute[i].attribute))
			continue;
		known = true;
		for (j = 0; value[j] != NULL; j++)
			if (!directory_answer_cell(a, q->attribute[i].name,
			    value[j]->bv_val, value[j]->bv_len))
				return false;
	}
	/* dropped, an attribute that blocks somebody would not block */
	return known || why_print(why, DIRECTORY_ERROR, "the server answers "
	    "with the attribute %s; write this name in the query", name);
}

static bool
ldap_entry(struct ldap_link *l, LDAPMessage *entry,
    const struct directory_question *q, struct directory_answer *a,
    char why[DIRECTORY_ERROR])
{
	BerElement	 *ber = NULL;
	struct berval	**value;
	char		 *name;
	bool		  ok = directory_answer_row(a);

	if (!ok)
		return false;
	name = ldap_first_attribute(l->ld, entry, &ber);
	while (ok && name != NULL) {
		value = ldap_get_values_len(l->ld, entry, name);
		if (value != NULL)
			ok = ldap_values(value, name, q, a, why);
		ldap_value_free_len(value);
		ldap_memfree(name);
		name = ok ? ldap_next_attribute(l->ld, entry, ber) : NULL;
	}
	ber_free(ber, 0);
	return ok;
}

/* The end of a search. */
static enum directory_ask
ldap_done(struct ldap_link *l, LDAPMessage *m,
    const struct directory_question *q, char why[DIRECTORY_ERROR])
{
	int	 rc = LDAP_OTHER;
	char	*text = NULL;

	ldap_parse_result(l->ld, m, &rc, NULL, &text, NULL, NULL, 0);
	directory_ldap_why(rc, text, why);
	ldap_memfree(text);
	switch (rc) {
	case LDAP_SUCCESS:
		return DIRECTORY_ASK_DONE;
	case LDAP_NO_SUCH_OBJECT:
		/* a base with a value is the entry that is looked for */
		if (directory_ldap_depends(&q->base))
			return DIRECTORY_ASK_DONE;
		return DIRECTORY_ASK_REFUSED;
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
		return DIRECTORY_ASK_BROKEN;
	default:
		return DIRECTORY_ASK_REFUSED;
	}
}

/* One message of the answer. True: there is more to come. */
static bool
ldap_message(struct ldap_link *l, LDAPMessage *m,
    const struct directory_question *q, struct directory_answer *a,
    enum directory_ask *result, char why[DIRECTORY_ERROR])
{
	switch (ldap_msgtype(m)) {
	case LDAP_RES_SEARCH_ENTRY:
		if (ldap_entry(l, m, q, a, why))
			return true;
		ldap_abandon_ext(l->ld, ldap_msgid(m), NULL, NULL);
		*result = DIRECTORY_ASK_REFUSED;
		return false;
	case LDAP_RES_SEARCH_RESULT:
		*result = ldap_done(l, m, q, why);
		return false;
	default:		/* a reference to another server */
		return true;
	}
}

static enum directory_ask
ldap_link_ask(void *link, const struct directory_question *q,
    struct directory_answer *a, char why[DIRECTORY_ERROR])
{
	struct ldap_link	*l = link;
	enum directory_ask	 result = DIRECTORY_ASK_BROKEN;
	LDAPMessage		*m;
	bool			 more;
	int			 id, rc;

	ldap_link_within(l, l->timeout);
	rc = ldap_search_send(l, q, &id);
	if (rc != LDAP_SUCCESS) {
		ldap_link_why(l, rc, why);
		return rc == LDAP_FILTER_ERROR || rc == LDAP_PARAM_ERROR ?
		    DIRECTORY_ASK_REFUSED : DIRECTORY_ASK_BROKEN;
	}
	do {
		m = ldap_next(l, id, why);
		/* the fault of one entry is not that of the server */
		if (m == NULL)
			return l->huge ? DIRECTORY_ASK_REFUSED :
			    DIRECTORY_ASK_BROKEN;
		more = ldap_message(l, m, q, a, &result, why);
		ldap_msgfree(m);
	} while (more);
	return result;
}

static const struct directory_driver ldap_driver = {
	ldap_link_open, ldap_link_ask, ldap_link_close
};

const struct directory_driver *const directory_ldap = &ldap_driver;
