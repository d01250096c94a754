/*
 * directory_mysql - MariaDB and MySQL through libmariadb
 *
 * The library counts its time-outs in seconds; they only keep a thread from
 * waiting for ever. The server ends a statement at the exact time.
 */
#include <sys/socket.h>

#include <mysql.h>

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "directory_files_priv.h"
#include "directory_mysql_priv.h"

#define MYSQL_KEPT	4u
/*
 * A server sends rows of 16 MB at most, by its own default. Larger ones look
 * like a lost connection, which would be the fault of the server.
 */
#define MYSQL_PACKET	(17u << 20)
/* Of the library while it connects: TLS, and name services of the system. */
#define MYSQL_STACK	(512u << 10)

struct mysql_link {
	MYSQL			*db;
	struct mysql_prepared	*kept[MYSQL_KEPT];
	unsigned		 next;	/* of kept, to be replaced */
};

static pthread_once_t mysql_once = PTHREAD_ONCE_INIT;

static void
mysql_begin(void)
{
	if (mysql_library_init(0, NULL, NULL) != 0)
		abort();
}

#define MYSQL_AWAY	"check that the server runs"

/* What to do about an error of the server (1000 and up) or the library. */
static const struct mysql_advice {
	unsigned	 number;
	bool		 ends;		/* the server closes the connection */
	const char	*text;
} advices[] = {
	{ 1044, false, "check the user and the name of the database" },
	{ 1045, false, "check the user and the password file" },
	{ 1049, false, "check the name of the database" },
	{ 1053, true, "wait until the server runs" },
	{ 1130, false, "let the user connect from this host" },
	{ 1142, false, "let the user read these tables" },
	{ 1143, false, "let the user read these columns" },
	{ 1152, true, MYSQL_AWAY },
	{ 1184, true, MYSQL_AWAY },
	{ 1317, false, "find who ended the query" },
	{ 1927, true, "wait until the server runs" },
	{ 1969, false, "check the index of the table, or raise the time-out" },
	{ 2005, true, "check the name of the host" },
	{ 2026, true, "check the host name, the server's TLS and the file of "
	    "authorities" },
	{ 3024, false, "check the index of the table, or raise the time-out" },
	{ 3159, false, "remove ?tls=no" },
	{ 4031, true, MYSQL_AWAY },
};

enum directory_ask
directory_mysql_failed(unsigned number, const char *error,
    char why[DIRECTORY_ERROR])
{
	/* the library's own errors: nothing more comes from this server */
	bool		 ends = number == 0 || number >= 5000 ||
			    (number >= 2000 && number < 3000);
	const char	*advice = ends ? MYSQL_AWAY : "check the query";
	size_t		 i;

	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].number == number) {
			advice = advices[i].text;
			ends = advices[i].ends;
		}
	why_print(why, DIRECTORY_ERROR, "%.250s; %s", number != 0 ? error :
	    "the answer cannot be read", advice);
	return ends ? DIRECTORY_ASK_BROKEN : DIRECTORY_ASK_REFUSED;
}

static enum directory_ask
mysql_link_failed(MYSQL *db, char why[DIRECTORY_ERROR])
{
	return directory_mysql_failed(mysql_errno(db), mysql_error(db), why);
}

/* A server that asks for a file of ours gets none. */
static int
mysql_no_file(void **handle, const char *name, void *arg)
{
	(void)name;
	(void)arg;
	*handle = NULL;
	return 1;
}

static int
mysql_no_data(void *handle, char *buffer, unsigned size)
{
	(void)handle;
	(void)buffer;
	(void)size;
	return -1;
}

static void
mysql_no_end(void *handle)
{
	(void)handle;
}

static int
mysql_no_error(void *handle, char *error, unsigned size)
{
	(void)handle;
	why_print(error, size, "the server asked for a file");
	return 1;
}

static bool
mysql_link_tls(MYSQL *db, const struct directory_place *p,
    char why[DIRECTORY_ERROR])
{
	const char	*ca = directory_trust_file(p, why);
	my_bool		 yes = 1;

	if (ca == NULL)
		return false;
	mysql_options(db, MYSQL_OPT_SSL_CA, ca);
	mysql_options(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
	mysql_options(db, MYSQL_OPT_SSL_ENFORCE, &yes);
	mysql_options(db, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
	return true;
}

/* All that is not TLS. */
static void
mysql_link_options(MYSQL *db, const struct directory_place *p,
    const struct directory_host *h)
{
	bool		socket = directory_host_is_socket(h);
	unsigned	connect = (p->connect + 999) / 1000;
	/* later than the caller's own time-out, which has a better text */
	unsigned	seconds = p->timeout / 1000 + 1, no_file = 0;
	unsigned	protocol = socket ? MYSQL_PROTOCOL_SOCKET :
			    MYSQL_PROTOCOL_TCP;
	size_t		packet = MYSQL_PACKET, stack = MYSQL_STACK;
	my_bool		no = 0;

	mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
	mysql_options(db, MYSQL_OPT_READ_TIMEOUT, &seconds);
	mysql_options(db, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
	mysql_options(db, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(db, MYSQL_OPT_NONBLOCK, &stack);
	mysql_options(db, MYSQL_OPT_RECONNECT, &no);
	mysql_options(db, MYSQL_OPT_LOCAL_INFILE, &no_file);
	mysql_options(db, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_set_local_infile_handler(db, mysql_no_file, mysql_no_data,
	    mysql_no_end, mysql_no_error, NULL);
	/* others would send the password as it is */
	if (!socket && !p->tls)
		mysql_options(db, MARIADB_OPT_RESTRICTED_AUTH,
		    "mysql_native_password,client_ed25519,"
		    "caching_sha2_password,sha256_password");
}

/*
 * What a statement relies on: that a backslash escapes within strings, that a
 * million rows are not sent, that the server ends what nobody waits for.
 */
static bool
mysql_link_settings(MYSQL *db, const struct directory_place *p)
{
	char text[256];

	why_print(text, sizeof(text), "SET SESSION sql_mode = "
	    "REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', ''), "
	    "SESSION sql_select_limit = %u", DIRECTORY_ROWS + 1);
	if (mysql_query(db, text) != 0)
		return false;
	if (mariadb_connection(db))
		why_print(text, sizeof(text), "SET SESSION "
		    "max_statement_time = %u.%03u", p->timeout / 1000,
		    p->timeout % 1000);
	else
		why_print(text, sizeof(text), "SET SESSION "
		    "max_execution_time = %u", p->timeout);
	return mysql_query(db, text) == 0 &&
	    (db->server_status & SERVER_STATUS_NO_BACKSLASH_ESCAPES) == 0;
}

/* Wait as the library asks for. */
static int
mysql_wait(MYSQL *db, int events, uint64_t deadline)
{
	struct pollfd p = { mysql_get_socket(db), 0, 0 };

	p.events = (short)((events & MYSQL_WAIT_READ ? POLLIN : 0) |
	    (events & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
	    (events & MYSQL_WAIT_EXCEPT ? POLLPRI : 0));
	if (monotonic_poll(&p, deadline) == 0)
		return MYSQL_WAIT_TIMEOUT;
	return (p.revents & (POLLIN | POLLERR | POLLHUP) ?
	    events & MYSQL_WAIT_READ : 0) |
	    (p.revents & (POLLOUT | POLLERR | POLLHUP) ?
	    events & MYSQL_WAIT_WRITE : 0) |
	    (p.revents & POLLPRI ? events & MYSQL_WAIT_EXCEPT : 0);
}

/*
 * Without blocking, because the library's time-outs are in seconds: a silent
 * host would take the time that the next one needs.
 */
static bool
mysql_link_connect(MYSQL *db, const struct directory_place *p,
    const struct directory_host *h, const char *password)
{
	bool		 socket = directory_host_is_socket(h);
	unsigned	 port = h->port[0] != '\0' ?
			    (unsigned)strtoul(h->port, NULL, 10) : 3306;
	uint64_t	 deadline = monotonic_ms() + p->connect;
	MYSQL		*done = NULL;
	int		 events;

	events = mysql_real_connect_start(&done, db, socket ? "localhost" :
	    h->name, p->user, password, p->database, socket ? 0 : port,
	    h->name[0] == '/' ? h->name : NULL, 0);
	while (events != 0)
		events = mysql_real_connect_cont(&done, db,
		    mysql_wait(db, events, deadline));
	return done != NULL;
}

/* A connection that is ready for questions. */
static bool
mysql_link_start(MYSQL *db, const struct directory_place *p,
    const struct directory_host *h, char why[DIRECTORY_ERROR])
{
	bool		 tls = directory_wants_tls(p, h), ok;
	struct arena	*a = arena_new(0);
	const char	*password = directory_password(p, a, why);

	mysql_link_options(db, p, h);
	if (password == NULL || (tls && !mysql_link_tls(db, p, why))) {
		arena_wipe(&a);
		return false;
	}
	ok = mysql_link_connect(db, p, h, password);
	if (ok && tls && mysql_get_ssl_cipher(db) == NULL) {
		why_print(why, DIRECTORY_ERROR, "the server offers no TLS; "
		    "turn it on there, or add ?tls=no to the URL");
		ok = false;
	} else if (!ok || !mysql_link_settings(db, p)) {
		mysql_link_failed(db, why);
		ok = false;
	}
	arena_wipe(&a);
	return ok;
}

static void *
mysql_link_open(const struct directory_place *p,
    const struct directory_host *h, char why[DIRECTORY_ERROR])
{
	struct mysql_link	*l;
	MYSQL			*db;

	pthread_once(&mysql_once, mysql_begin);
	db = mysql_init(NULL);
	if (db == NULL)
		abort();		/* out of memory, as everywhere */
	if (!mysql_link_start(db, p, h, why)) {
		mysql_close(db);
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->db = db;
	return l;
}

static void
mysql_link_close(void *link)
{
	struct mysql_link	*l = link;
	size_t			 i;

	for (i = 0; i < MYSQL_KEPT; i++)
		directory_mysql_prepared_free(&l->kept[i]);
	mysql_close(l->db);
	free(l);
}

/*
 * The library reads all rows before it frees a result, a million if need be.
 */
static void
mysql_link_cut(struct mysql_link *l)
{
	shutdown(mysql_get_socket(l->db), SHUT_RDWR);
}

bool
directory_mysql_cell(struct directory_answer *a, const MYSQL_FIELD *f,
    const char *value, size_t length)
{
	unsigned long long	number = 0;
	char			text[24];
	size_t			i;

	if (f->type != MYSQL_TYPE_BIT || length > sizeof(number))
		return directory_answer_cell(a, f->name, value, length);
	for (i = 0; i < length; i++)
		number = number << 8 | (unsigned char)value[i];
	why_print(text, sizeof(text), "%llu", number);
	return directory_answer_cell(a, f->name, text, strlen(text));
}

static bool
mysql_text_row(MYSQL_RES *res, MYSQL_ROW row, struct directory_answer *a)
{
	const MYSQL_FIELD	*field = mysql_fetch_fields(res);
	unsigned long		*length = mysql_fetch_lengths(res);
	unsigned		 i;
	bool			 ok = directory_answer_row(a);

	for (i = 0; ok && i < mysql_num_fields(res); i++)
		if (row[i] != NULL)
			ok = directory_mysql_cell(a, &field[i], row[i],
			    length[i]);
	return ok;
}

/* Columns without a value would not be seen otherwise. */
static bool
mysql_text_columns(MYSQL_RES *res, struct directory_answer *a)
{
	unsigned i;

	for (i = 0; i < mysql_num_fields(res); i++)
		if (!directory_answer_column(a,
		    mysql_fetch_field_direct(res, i)->name))
			return false;
	return true;
}

static enum directory_ask
mysql_text_rows(struct mysql_link *l, MYSQL_RES *res,
    struct directory_answer *a, bool *left, char why[DIRECTORY_ERROR])
{
	bool		good = mysql_text_columns(res, a);
	MYSQL_ROW	row;

	while (good && (row = mysql_fetch_row(res)) != NULL)
		good = mysql_text_row(res, row, a);
	if (!good) {
		*left = true;
		return DIRECTORY_ASK_REFUSED;
	}
	return mysql_errno(l->db) == 0 ? DIRECTORY_ASK_DONE :
	    mysql_link_failed(l->db, why);
}

static void
mysql_text_add(MYSQL *db, struct buf *sql, const char *value)
{
	size_t	 length = strlen(value);
	char	*to = xmalloc(2 * length + 1);

	buf_add(sql, to, mysql_real_escape_string(db, to, value, length));
	free(to);
}

static bool
mysql_text_send(struct mysql_link *l, const struct directory_text *t)
{
	struct buf	sql = BUF_INIT;
	size_t		i;
	bool		ok;

	for (i = 0; i < t->n; i++) {
		buf_addstr(&sql, t->piece[i].text);
		if (t->piece[i].value != NULL)
			mysql_text_add(l->db, &sql, t->piece[i].value);
	}
	ok = mysql_real_query(l->db, buf_str(&sql), sql.len) == 0;
	buf_free(&sql);
	return ok;
}

static enum directory_ask
mysql_text_ask(struct mysql_link *l, const struct directory_question *q,
    struct directory_answer *a, bool *left, char why[DIRECTORY_ERROR])
{
	enum directory_ask	 result;
	MYSQL_RES		*res;

	if (!mysql_text_send(l, &q->sql))
		return mysql_link_failed(l->db, why);
	res = mysql_use_result(l->db);
	if (res == NULL && mysql_errno(l->db) != 0)
		return mysql_link_failed(l->db, why);
	if (res == NULL) {
		why_print(why, DIRECTORY_ERROR, "the query returns no rows; "
		    "write a SELECT");
		return DIRECTORY_ASK_REFUSED;
	}
	result = mysql_text_rows(l, res, a, left, why);
	if (*left)
		mysql_link_cut(l);
	mysql_free_result(res);
	/* the second result of a CALL is its status */
	while (result == DIRECTORY_ASK_DONE && mysql_next_result(l->db) == 0)
		if ((res = mysql_use_result(l->db)) != NULL)
			mysql_free_result(res);
	return result;
}

static enum directory_ask
mysql_prepared_ask(struct mysql_link *l, const struct directory_question *q,
    struct directory_answer *a, bool *left, char why[DIRECTORY_ERROR])
{
	struct mysql_prepared	**p = NULL;
	enum directory_ask	  result;
	size_t			  i;

	for (i = 0; i < MYSQL_KEPT; i++)
		if (l->kept[i] != NULL &&
		    directory_mysql_prepared_is(l->kept[i], q))
			p = &l->kept[i];
	if (p == NULL) {
		p = &l->kept[l->next++ % MYSQL_KEPT];
		directory_mysql_prepared_free(p);
		*p = directory_mysql_prepare(l->db, q, &result, why);
		if (*p == NULL)
			return result;
	}
	result = directory_mysql_execute(*p, q, a, left, why);
	if (*left)
		mysql_link_cut(l);
	if (result != DIRECTORY_ASK_DONE)
		directory_mysql_prepared_free(p);
	return result;
}

static enum directory_ask
mysql_link_ask(void *link, const struct directory_question *q,
    struct directory_answer *a, char why[DIRECTORY_ERROR])
{
	struct mysql_link	*l = link;
	enum directory_ask	 result;
	bool			 left = false;

	result = q->statement != NULL ?
	    mysql_prepared_ask(l, q, a, &left, why) :
	    mysql_text_ask(l, q, a, &left, why);
	return left ? DIRECTORY_ASK_BROKEN : result;
}

static const struct directory_driver mysql_driver = {
	mysql_link_open, mysql_link_ask, mysql_link_close
};

const struct directory_driver *const directory_mysql = &mysql_driver;
