/*
 * postfix_lmdb - the entries of Postfix's lmdb: tables, through liblmdb
 *
 * The entries are copied, so that no lookup reads a file that postmap(1)
 * changes. Postfix keeps writers out by a lock of fcntl(2) on the file, and
 * not by LMDB's own lock file. liblmdb maps the file into memory and trusts
 * it: other formats and files that were cut short are errors, but a forged
 * file can crash the program. The administrator has named the file.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "postfix_lmdb_priv.h"
#include "postfix_table_priv.h"
#include "postfix_text_priv.h"

#define WAITS		30	/* for a postmap that is writing */
#define WAIT		{ 0, 100 * 1000 * 1000 }

/* Keep writers out until `fd` is closed. */
static const char *
lock(int fd)
{
	const struct timespec	wait = WAIT;
	struct flock		l = { .l_type = F_RDLCK,
				    .l_whence = SEEK_SET };
	unsigned		n = 0;

	while (fcntl(fd, F_SETLK, &l) == -1) {
		if (errno != EAGAIN && errno != EACCES)
			return strerror(errno);
		if (n++ == WAITS)
			return "another program is writing it; try again when "
			    "postmap has ended";
		nanosleep(&wait, NULL);
	}
	return NULL;
}

/* A copy as a string; Postfix may have written a NUL at the end. NULL: none. */
static char *
copy(const MDB_val *v, struct arena *a)
{
	const char	*text = v->mv_data;
	size_t		 len = v->mv_size;

	if (len > 0 && text[len - 1] == '\0')
		len--;
	if (len == 0 || memchr(text, '\0', len) != NULL)
		return NULL;
	return arena_memdup(a, text, len);
}

static const char *
take_entry(const MDB_val *k, const MDB_val *v, struct arena *a,
    struct postfix_text *t)
{
	char	*key = copy(k, a), *value = copy(v, a);

	if (key == NULL)
		return "a key is empty or has NUL octets; write the file with "
		    "postmap";
	if (value == NULL)
		return arena_printf(a, "the key %.80s has an empty value or "
		    "NUL octets in it; write ADDRESS LOGIN,LOGIN, and run "
		    "postmap", key);
	if (!postfix_text_add(t, key, value))
		return arena_printf(a, "the key %.80s has two entries (case "
		    "does not matter); remove one of the two, and run postmap",
		    key);
	return NULL;
}

static const char *
take_entries(MDB_cursor *c, struct arena *a, struct postfix_text *t)
{
	MDB_val		 k, v;
	const char	*wrong = NULL;
	size_t		 octets = 0;
	int		 error;

	while ((error = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
		octets += k.mv_size + v.mv_size;
		if (octets > POSTFIX_TEXT_MAX)
			return "is too large";
		wrong = take_entry(&k, &v, a, t);
		if (wrong != NULL)
			return wrong;
	}
	return error == MDB_NOTFOUND ? NULL : mdb_strerror(error);
}

static const char *
take_snapshot(MDB_env *env, struct arena *a, struct postfix_text *t)
{
	MDB_txn		*txn = NULL;
	MDB_cursor	*c = NULL;
	MDB_dbi		 dbi;
	const char	*wrong;
	int		 error = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);

	if (error != 0)
		return mdb_strerror(error);
	error = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (error == 0)
		error = mdb_cursor_open(txn, dbi, &c);
	wrong = error != 0 ? mdb_strerror(error) : take_entries(c, a, t);
	if (c != NULL)
		mdb_cursor_close(c);
	mdb_txn_abort(txn);
	return wrong;
}

/* Reading a page behind the end of the file would be a fatal signal. */
static const char *
check_length(MDB_env *env, size_t length)
{
	MDB_envinfo	info;
	MDB_stat	stat;

	if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0 ||
	    stat.ms_psize == 0 || info.me_last_pgno >= length / stat.ms_psize)
		return "the file was cut short; write it with postmap";
	return NULL;
}

static const char *
read_locked(const char *path, size_t length, struct arena *a,
    struct postfix_text *t)
{
	MDB_env		*env = NULL;
	const char	*wrong;
	int		 error = mdb_env_create(&env);

	if (error != 0)
		return mdb_strerror(error);
	mdb_env_set_mapsize(env, length);
	error = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK,
	    0);
	if (error == MDB_INVALID)
		wrong = "is not an LMDB file; write it with postmap";
	else if (error != 0)
		wrong = mdb_strerror(error);
	else
		wrong = check_length(env, length);
	if (wrong == NULL)
		wrong = take_snapshot(env, a, t);
	mdb_env_close(env);
	return wrong;
}

static const char *
lmdb_read(const char *path, int fd, struct arena *a, struct postfix_text *t)
{
	struct stat	 st;
	const char	*wrong = lock(fd);

	if (wrong == NULL && fstat(fd, &st) == -1)
		wrong = strerror(errno);
	else if (wrong == NULL && st.st_size == 0)
		wrong = "is empty; write it with postmap";
	if (wrong == NULL)
		wrong = read_locked(path, (size_t)st.st_size, a, t);
	return wrong == NULL ? NULL : arena_printf(a, "%s: %s", path, wrong);
}

postfix_lmdb_reader *const postfix_lmdb_read = lmdb_read;
