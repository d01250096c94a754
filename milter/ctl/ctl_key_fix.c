/*
 * ctl_key_fix - millgatectl key fix: let the key process read the keys, and
 * nobody else
 *
 * Root changes owner, group and mode of keys, group and mode of tables, and
 * lets the daemon list the directories of keys. Without a user of the key
 * process, the daemon reads the keys. Both may search the directories above.
 * Paths are opened part by part and no link is followed. Who may change a
 * table, or the directory of keys, must not get at the files of others through
 * it: if that is not root alone, only files and directories of the same owner
 * are changed.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/safe_open.h"
#include "conf/conf.h"
#include "daemon/privileges.h"
#include "dkim/keydir.h"
#include "dkim/keyring.h"
#include "ctl_common_priv.h"
#include "ctl_key_priv.h"

struct fixing {
	struct arena	*arena;
	const char	*user;		/* the daemon's */
	struct privileges_owner owner;	/* and its group */
	bool		 apart;		/* another one reads keys: */
	const char	*reader;
	struct privileges_owner keys;
	bool		 trusted;	/* only root names the files */
	uid_t		 from;		/* else: who does */
};

/* What a file or directory becomes. */
struct access {
	uid_t		 uid;
	gid_t		 gid;
	mode_t		 mode;
	const char	*user;		/* whose uid or gid that is */
};

/* --- one name ------------------------------------------------------------- */

/* May the user do this with a name in an open directory? */
static bool
user_may(const char *user, int dir, const char *name, int how)
{
	struct privileges_acting	 acting;
	char				*why = NULL;
	bool				 may = false;

	if (privileges_act(user, &acting, &why))
		may = faccessat(dir, name, how, AT_EACCESS) == 0;
	else
		ctl_fail(why);
	privileges_act_end(&acting);
	return may;
}

static bool
fix_allowed(const struct fixing *x, const char *path, const struct stat *st)
{
	return x->trusted || st->st_uid == x->from || ctl_complain("%s: "
	    "belongs to another user than the table or directory that names "
	    "it; change it by hand", path);
}

/* Set owner, group and mode of an open file or directory, and say so. */
static bool
fix_set(const struct fixing *x, int fd, const char *path,
    const struct stat *st, const struct access *to)
{
	bool owner = to->uid != st->st_uid, group = to->gid != st->st_gid;

	if (!owner && !group && to->mode == (st->st_mode & 07777))
		return true;
	if (!fix_allowed(x, path, st))
		return false;
	if (((owner || group) && fchown(fd, to->uid, to->gid) != 0) ||
	    fchmod(fd, to->mode) != 0)
		return key_file_error(path);
	printf("%s: mode %04o%s%s\n", path, (unsigned)to->mode,
	    owner ? ", owner " : group ? ", the group of " : "",
	    owner || group ? to->user : "");
	return true;
}

static struct access
access_of(const struct stat *st)
{
	return (struct access){ st->st_uid, st->st_gid, st->st_mode & 07777,
	    NULL };
}

/* The daemon, and who reads keys for it, search a directory. */
static bool
let_search(const struct fixing *x, int fd, const char *path)
{
	struct access	to;
	struct stat	st;

	if (user_may(x->user, fd, ".", X_OK) &&
	    (!x->apart || user_may(x->reader, fd, ".", X_OK)))
		return true;
	if (fstat(fd, &st) != 0)
		return key_file_error(path);
	to = access_of(&st);
	to.mode |= S_IXOTH;
	return fix_set(x, fd, path, &st, &to);
}

/* The directory in which an absolute path has its last name, searchable. */
static int
open_above(const struct fixing *x, const char *path, const char **name)
{
	const char	*p = path + 1, *slash, *part;
	int		 fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int		 next;

	for (; fd != -1 && (slash = strchr(p, '/')) != NULL; p = slash + 1) {
		part = arena_printf(x->arena, "%.*s", (int)(slash - path),
		    path);
		next = openat(fd, slash == p ? "." : arena_printf(x->arena,
		    "%.*s", (int)(slash - p), p), O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = next;
		if (fd == -1)
			ctl_complain("%s: %s; links are not followed here",
			    part, strerror(errno));
		else if (!let_search(x, fd, part)) {
			close(fd);
			fd = -1;
		}
	}
	*name = p;
	return fd;
}

/*
 * What a key becomes that the key process reads. Root's and the daemon's become
 * its own; another owner stays, since other programs may read the key.
 */
static struct access
access_apart(const struct fixing *x, const struct stat *st)
{
	struct access to = access_of(st);

	to.user = x->reader;
	to.mode &= ~(mode_t)(S_IRWXG | S_IRWXO);
	if (to.uid == 0 || to.uid == x->owner.uid)
		to.uid = x->keys.uid;
	if (to.uid == x->keys.uid) {
		to.mode |= S_IRUSR;
	} else {
		to.gid = x->keys.gid;
		to.mode |= S_IRGRP;
	}
	return to;
}

/* A key is closed to others; a table is only opened for the daemon. */
static struct access
access_daemon(const struct fixing *x, const struct stat *st, bool readable,
    bool secret)
{
	struct access to = access_of(st);

	if (secret)
		to.mode &= ~(mode_t)(S_IRWXO | S_IWGRP | S_IXGRP);
	if (!readable || to.mode != (st->st_mode & 07777)) {
		to.gid = x->owner.gid;
		to.mode |= S_IRGRP;
		to.user = x->user;
	}
	return to;
}

static bool
fix_open(const struct fixing *x, int fd, const char *path, bool readable,
    bool secret)
{
	struct access	to;
	struct stat	st;

	if (fstat(fd, &st) != 0)
		return key_file_error(path);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return ctl_complain("%s: not a regular file, or it has "
		    "several names", path);
	to = secret && x->apart ? access_apart(x, &st) :
	    access_daemon(x, &st, readable, secret);
	return fix_set(x, fd, path, &st, &to);
}

static bool
fix_file(const struct fixing *x, const char *path, bool secret)
{
	const char	*name;
	int		 dir = open_above(x, path, &name), fd;
	bool		 ok;

	if (dir == -1)
		return false;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		ok = ctl_complain("%s: %s; links are not followed here", path,
		    strerror(errno));
	else
		ok = fix_open(x, fd, path, user_may(x->user, dir, name, R_OK),
		    secret);
	if (fd != -1)
		close(fd);
	close(dir);
	return ok;
}

/* The daemon lists a directory of keys. */
static bool
let_list(const struct fixing *x, int fd, const char *path)
{
	struct access	to;
	struct stat	st;

	if (user_may(x->user, fd, ".", R_OK | X_OK))
		return let_search(x, fd, path);
	if (fstat(fd, &st) != 0)
		return key_file_error(path);
	to = access_of(&st);
	to.gid = x->owner.gid;
	to.mode |= S_IRGRP | S_IXGRP;
	to.user = x->user;
	return fix_set(x, fd, path, &st, &to) && let_search(x, fd, path);
}

static bool
fix_directory(const struct fixing *x, const char *path)
{
	const char	*name;
	int		 dir = open_above(x, path, &name), fd;
	bool		 ok;

	if (dir == -1)
		return false;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(dir);
	if (fd == -1)
		return ctl_complain("%s: %s; links are not followed here",
		    path, strerror(errno));
	ok = let_list(x, fd, path);
	close(fd);
	return ok;
}

/* --- all of them ---------------------------------------------------------- */

static const char *
above(const struct fixing *x, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" : arena_printf(x->arena, "%.*s",
	    (int)(slash - path), path);
}

/* Who decides what `path` is: the owner of its directory, or root alone? */
static bool
trust_directory(struct fixing *x, const char *directory)
{
	struct stat st;

	if (stat(directory, &st) != 0)
		return key_file_error(directory);
	x->from = st.st_uid;
	x->trusted = safe_is_roots(directory);
	return true;
}

static bool
fix_table(struct fixing *x, const char *path)
{
	return trust_directory(x, above(x, path)) && fix_file(x, path, false);
}

/* Without "refile:" or "file:" */
static const char *
table_path(const char *text)
{
	return text[0] == '/' ? text : strchr(text, ':') + 1;
}

static bool
fix_tables(struct fixing *x, const struct conf *conf)
{
	const char		*table = table_path(conf->signing.key_table);
	const char *const	*file;
	char			*why = NULL;
	struct stat		 st;
	bool			 ok;

	ok = fix_table(x, table) &&
	    fix_table(x, table_path(conf->signing.signing_table));
	file = keyring_table_files(conf->signing.key_table, x->arena, &why);
	if (file == NULL) {
		ctl_fail(why);
		return false;
	}
	if (stat(table, &st) != 0 || !trust_directory(x, above(x, table)))
		return key_file_error(table);
	x->trusted = x->trusted && st.st_uid == 0 &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
	x->from = st.st_uid;
	for (; *file != NULL; file++)
		ok = (*file)[0] == '/' && fix_file(x, *file, true) && ok;
	return ok;
}

static void
fix_trouble(void *arg, const char *text)
{
	*(bool *)arg = false;
	fprintf(stderr, "%s\n", text);
}

static bool
fix_keys(struct fixing *x, const char *directory)
{
	bool		 ok = true;
	struct keydir	 d = { .arena = x->arena, .problem = fix_trouble,
		.arg = &ok };
	size_t		 i;

	if (!trust_directory(x, directory))
		return false;
	ok = fix_directory(x, directory);
	keydir_read(&d, directory, NULL);
	for (i = 0; i < d.n; i++)
		ok = trust_directory(x, above(x, d.key[i].path)) &&
		    fix_directory(x, above(x, d.key[i].path)) &&
		    fix_file(x, d.key[i].path, true) && ok;
	keydir_free(&d);
	return ok;
}

/* Whoever has the password has the keys of keys-database. */
static bool
fix_password(struct fixing *x, const char *path)
{
	return path == NULL || (trust_directory(x, above(x, path)) &&
	    fix_file(x, path, true));
}

static bool
fix_all(struct fixing *x, const struct key_command *c)
{
	bool ok = true;

	if (c->directory != NULL)
		ok = fix_keys(x, c->directory);
	else if (c->conf->signing.key_table != NULL)
		ok = fix_tables(x, c->conf);
	return fix_password(x, c->conf->signing.keys_password_file) && ok;
}

/* Who reads keys: the daemon, or the key process as a user of its own? */
static bool
fix_users(struct fixing *x, const struct conf *conf, char **why)
{
	x->user = conf->user;
	x->reader = conf->key_process ? privileges_key_user(conf->user) :
	    conf->user;
	x->apart = strcmp(x->reader, x->user) != 0;
	return privileges_owner(x->user, NULL, &x->owner, why) &&
	    privileges_owner(x->reader, NULL, &x->keys, why);
}

int
ctl_key_fix(struct key_command *c)
{
	struct fixing	 x = { .arena = c->arena };
	char		*why = NULL;

	if (c->conf == NULL || geteuid() != 0) {
		ctl_complain("key fix needs root and the configuration, which "
		    "names the user of the daemon");
		return CTL_TROUBLE;
	}
	if (!fix_users(&x, c->conf, &why))
		return ctl_fail(why);
	if (x.owner.uid == (uid_t)-1 || x.owner.uid == 0) {
		ctl_complain("the daemon runs as root and can read all keys");
		return CTL_GOOD;
	}
	return fix_all(&x, c) ? CTL_GOOD : CTL_NO;
}
